"""How an endpoint wants to be asked (tried, and remembered), and what it answers: a reply, a fault, a reason to end."""

from __future__ import annotations

import email.utils
import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from synthkit.core.errors import SynthkitError
from synthkit.core.text import tidy
from synthkit.llm.request import Reply, Request, Usage, estimate_tokens

OUTPUTS = ("json_schema", "json_object with schema", "json_object", "text")  # from the strictest to plain prose
_OUTPUT_WORDS = ("response_format", "json_schema", "json_object", "schema", "grammar", "structured output")
LONGEST_WAIT = 300.0  # seconds that a server may ask us to wait; a longer wait ends the run with its words
_FINISHES = {"max_tokens": "length", "model_length": "length"}  # other names
_STOPPED = re.compile(r"content_filter|safety|recitation|prohibited|blocklist", re.I)  # a filter, by any name
_PASSING = {408, 409, 424, 425, 498}  # beside those of the server from 500 on
_NO_QUOTA = re.compile(r"insufficient[ _](quota|balance|credit)|billing_hard_limit|credit balance|spending limit", re.I)
_NO_KEY = re.compile(r"api.?key (is )?(not valid|invalid)|invalid api.?key", re.I)
_A_DAY = re.compile(r"per[ _-]?day|daily|\b[tr]pd\b|free[ _-]models[ _-]per", re.I)
_RETRY_IN = re.compile(r"(?:try again in|retry in|retrydelay\W+)\s*((?:\d+(?:\.\d+)?\s*(?:ms|[dhms])\w*\s*)+)", re.I)
_BUSY = re.compile(r"loading|busy|overload|capacity|pending|no (available )?slots?|too many|warming|starting", re.I)
_FLAGGED = re.compile(r"content.?(filter|management|policy)|moderation|flagged|safety|usage.polic|blocked", re.I)
_CONTEXT = re.compile(r"context.?(length|window|size)|available context|input is too (long|large)|max_new_tokens", re.I)
_WANTS = re.compile(r"must be|required|missing|enable_thinking", re.I)
_ACCIDENT = re.compile(r"json_validate_failed|failed_generation|failed to generate json|generated json", re.I)


@dataclass(frozen=True)
class Form:
    """How an endpoint takes a request."""

    output: str = OUTPUTS[0]
    limit: str = "max_completion_tokens"
    temperature: bool = True

    def body(self, request: Request, model: str, limit: int) -> dict:
        """Return the body of a request in this form."""
        body = request.body(model)
        del body["max_completion_tokens"]
        body[self.limit] = limit
        if self.output == "text":
            del body["response_format"]
        elif self.output != "json_schema":
            schema = {"schema": request.schema} if self.output.endswith("schema") else {}
            body["response_format"] = {"type": "json_object", **schema}
        if not self.temperature:
            del body["temperature"]
        return body

    def after(self, complaint: str, *, guess: bool) -> Form | None:
        """Return the form to try next when this one was refused, None where the complaint is about something else.

        With `guess` a complaint that names nothing known counts against the most demanding part.
        """
        words = complaint.lower()
        other = "max_tokens" if self.limit == "max_completion_tokens" else "max_completion_tokens"
        if self.limit in words and (self.limit == "max_completion_tokens" or other in words):
            return replace(self, limit=other)
        if self.temperature and "temperature" in words:
            return replace(self, temperature=False)
        if self.output != "text" and (guess or any(word in words for word in _OUTPUT_WORDS)):
            return replace(self, output=OUTPUTS[OUTPUTS.index(self.output) + 1])
        if guess and self.limit == "max_completion_tokens":
            return replace(Form(), limit="max_tokens")
        return None


class NoReply(Exception):
    """A request that got no usable answer; the run goes on without it. `about_form`: it may have been asked wrongly."""

    about_form = False


class _Stop(SynthkitError):
    """A reason to stop while nothing was answered; once others are, it is about the request alone."""

    spares_others = True


class Passing(Exception):
    """A fault that a second try may mend, after `wait` seconds where the server asked for that.

    `busy`: too much was asked of it. `billed`: it may have worked on it. `silent`: no answer came in time. `stray`:
    something else than a model answered, and will again if none ever did.
    """

    def __init__(self, reason: str, wait: float | None = None, *, busy=False, billed=False, silent=False, stray=False):
        super().__init__(reason)
        self.wait, self.busy, self.billed, self.silent, self.stray = wait, busy, billed, silent, stray


def read_reply(content: bytes, request: Request, model: str, address: str = "the endpoint") -> Reply:
    """Return the reply in the body of a 200. Raises Passing, or what an error inside it means, where there is none."""
    answer = _parse(content, address)
    problem, choices = answer.get("error"), answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    message = choice.get("message") if isinstance(choice.get("message"), dict) else {}
    text = _text({"content": choice.get("text"), **message})
    problem = problem or choice.get("error")
    if problem and not text or not choice:
        code = problem.get("code") if isinstance(problem, dict) else None
        if isinstance(code, int) and 400 <= code < 600:
            raise read_error(code, {"error": problem}, {}, model=model, address=address)
        raise Passing(f"an answer without message ({complaint(problem or answer or 'no choices')})"[:300], billed=True)
    finish = str(choice.get("finish_reason") or "stop").lower()
    finish = "content_filter" if _STOPPED.search(finish) else _FINISHES.get(finish, finish)
    finish = "refusal" if message.get("refusal") and not text else finish
    if problem or (finish == "error" and not text):  # an outage in the middle of a reply, told inside a 200
        raise Passing(f"the reply broke off ({complaint(problem) or 'finish_reason error'})"[:300], billed=True)
    thoughts = next((t for k in ("reasoning_content", "reasoning") if isinstance(t := message.get(k), str) and t), "")
    if not text.strip() and finish != "length" and thoughts.rstrip().endswith(("}", "]", "```")):
        text, thoughts = thoughts, ""  # a server that takes the whole reply for thinking
    usage, hidden = _usage(answer, request, text)
    thinking = bool(thoughts or hidden or message.get("reasoning_details") or text.lstrip().startswith("<think>"))
    name = answer.get("model")
    name = tidy(name)[:200] if isinstance(name, str) and name else model
    return Reply(text, name, usage, tidy(finish)[:200], thinking)


def _parse(content: bytes, address: str) -> dict:
    """Return the JSON object of a 200. Raises Passing for what is none."""
    start = content.lstrip()[:200].lower()
    if start.startswith(b"<"):
        title = re.search(rb"<title[^>]*>([^<]{1,80})", content[:20_000], re.I)
        named = f" ({tidy(title[1].decode('utf-8', 'replace'))!r})" if title else ""
        raise Passing(
            f"{address} answers with a web page{named}, not with JSON: a sign-in page or a proxy stands before it, or "
            "base_url is the address of a website",
            stray=True,
        )
    if start.startswith((b"data:", b"event:", b": ")):
        raise Passing(
            f"{address} answers with a stream that nobody asked for: switch that off in it, or in a proxy",
            billed=True,
            stray=True,
        )
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        raise Passing(f"the answer was cut off or is not JSON: it begins {content[:40]!r}", billed=True) from None
    return answer if isinstance(answer, dict) else {}


def _text(message: dict) -> str:
    """Return the text of a message, which may be a list of chunks, or stand in the call of a tool."""
    content = message.get("content")
    if isinstance(content, list) and all(isinstance(c, str) or isinstance(c, dict) and "type" in c for c in content):
        said = [c if isinstance(c, str) else c["type"] in ("text", "output_text") and c.get("text") for c in content]
        content = "".join(part for part in said if isinstance(part, str))
    elif isinstance(content, (list, dict)):  # the JSON itself, already read
        content = json.dumps(content)
    if isinstance(content, str) and content.strip():
        return content
    calls = message.get("tool_calls")
    calls = [c.get("function") for c in calls if isinstance(c, dict)] if isinstance(calls, list) else []
    for function in (*calls, message.get("function_call")):
        arguments = function.get("arguments") if isinstance(function, dict) else None
        if arguments:
            return arguments if isinstance(arguments, str) else json.dumps(arguments)
    return content if isinstance(content, str) else ""


def _usage(answer: dict, request: Request, text: str) -> tuple[Usage, int]:
    """Return what is billed, and how many tokens of it were thinking: some count them in the total alone."""
    usage = answer.get("usage") if isinstance(answer.get("usage"), dict) else {}
    prompt, completion, total = (_count(usage.get(f"{k}_tokens")) for k in ("prompt", "completion", "total"))
    details = usage.get("completion_tokens_details")
    hidden = _count(details.get("reasoning_tokens")) or 0 if isinstance(details, dict) else 0
    if not prompt or completion is None:
        asked = "".join(m["content"] for m in request.messages)
        return Usage(estimate_tokens(asked), estimate_tokens(text), estimated=True), hidden
    beside = (total or 0) - prompt - completion
    return Usage(prompt, max(completion, hidden, completion + beside)), max(hidden, beside, 0)


def _count(value) -> int | None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value) if number and 0 <= value < 10**9 else None


def read_error(status: int, body: object, headers, *, model: str, address: str) -> Exception:
    """Return what an HTTP error means: SynthkitError (stop), Passing (again), NoReply (this request only)."""
    words = complaint(body)
    reason = words[:300] or "no reason given"
    everything = f"{words} {json.dumps(body, default=str)}" if isinstance(body, (dict, list)) else words
    if status == 402 or _NO_QUOTA.search(everything):
        return SynthkitError(f"the account at {address} has no quota left: {reason}. Top it up, then run this again")
    if status == 401 or status == 400 and _NO_KEY.search(words):
        return SynthkitError(f"{address} refused the key ({reason}). Check OPENAI_API_KEY, or pass api_key=")
    if status in (400, 403) and _FLAGGED.search(everything):
        return NoReply(f"HTTP {status}, stopped by a filter: {reason}")
    if status == 403:
        fix = "Get past the page that answers in its place" if "<html" in str(body).lower() else "Ask for access"
        return _Stop(f"{address} does not let this key use {model!r} (HTTP 403: {reason}). {fix}")
    if status in (404, 405, 410) and "requested parameters" not in words:
        return _Stop(
            f"{address} has no model {model!r}, or no chat completions at this address (HTTP {status}: {reason}). "
            "Check the model's name, and that base_url ends as its documentation says, mostly in /v1"
        )
    if 300 <= status < 400:
        where = headers.get("location", "").partition("/chat/completions")[0] or "the new address"
        return SynthkitError(f"{address} has moved (HTTP {status}): pass base_url={where!r}")
    if status in (400, 413, 422, 500) and _CONTEXT.search(everything):
        return NoReply(
            f"the model's context is too short for this request (HTTP {status}: {reason}). Start the server with a "
            "longer context, or ask for less: a lower max_tokens, fewer texts a request, shorter seeds"
        )
    if _ACCIDENT.search(everything):
        return Passing(f"HTTP {status}: {reason}", billed=True)
    wait = retry_after(headers, everything)
    long = (wait or 0) > LONGEST_WAIT
    if status == 429 and _A_DAY.search(everything) or status in (429, 503, 529) and long:
        until = f" It asks to wait {wait:,.0f} s." if wait else ""
        return SynthkitError(
            f"{address} gives no more {'for now' if status != 429 else 'today'} (HTTP {status}: {reason}).{until} Run "
            "this again then: only the rest is asked"
        )
    if status == 429 or (status in (498, 503, 529) and (wait is not None or _BUSY.search(everything))):
        named = "too many requests" if status == 429 else "not ready"
        wait = 2.0 if wait is None and "loading" in everything.lower() else wait
        return Passing(f"HTTP {status}, {named}: {reason}", wait, busy=True)
    if status in _PASSING or status >= 500 and status != 501:
        return Passing(f"HTTP {status}: {reason}", None if long else wait)
    more = ". What it wants beside the usual is sent with extra_body" if _WANTS.search(reason) else ""
    error = NoReply(f"HTTP {status}: {reason}{more}")
    error.about_form = True
    return error


def error_body(content: bytes) -> object:
    """Return the body of an error: JSON where it is some, else its text."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content[:20_000].decode("utf-8", "replace").strip()


def complaint(body: object) -> str:
    """Return the words of an error body on one line: its message, the parameter and the code it names."""
    body = body[0] if isinstance(body, list) and body else body
    inner = re.sub(r"<[^>]*>", " ", body) if isinstance(body, str) else body or ""
    inner = inner.get("error", inner) if isinstance(inner, dict) else inner
    if isinstance(inner, dict):
        inner = " ".join(str(inner[k]) for k in ("message", "msg", "detail", "param", "code") if inner.get(k))
    return " ".join(str(inner).split())


def retry_after(headers, words: str = "") -> float | None:
    """Return how many seconds a refusal asks to wait, in its headers or its words; None where it does not say."""
    for name, scale in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        text = headers.get(name, "")
        with suppress(ValueError):
            seconds = float(text) * scale
            return max(0.0, seconds - time.time() if seconds > 1e9 else seconds)  # some give the time itself
        if date := email.utils.parsedate_tz(text):
            return max(0.0, email.utils.mktime_tz(date) - time.time())
    named = _RETRY_IN.search(words)
    return _duration(named[1]) if named else None


def exhausted(headers, tokens: int) -> float:
    """Return how long to wait before the next request when a reply's rate-limit headers say that nothing is left."""
    waits = [0.0]
    for kind, need in (("requests", 1), ("tokens", tokens)):
        left = headers.get(f"x-ratelimit-remaining-{kind}")
        if left is not None and left.strip().isdigit() and int(left) < need:
            waits.append(_duration(headers.get(f"x-ratelimit-reset-{kind}", "0")))
    return max(waits) if max(waits) <= LONGEST_WAIT else 0.0  # the refusal that follows a longer one says more


def _duration(text: str) -> float:
    units = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*(ms|[smhd]|)", text.strip().lower())
    return sum(float(number) * units[unit] for number, unit in parts)
