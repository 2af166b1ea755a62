"""What an endpoint said: a reply, a passing fault, or a reason to stop; and how it wants to be asked."""

from __future__ import annotations

import email.utils
import json
import re
import time
from dataclasses import dataclass, replace

from synthkit.core.errors import SynthkitError
from synthkit.core.text import tidy
from synthkit.llm.request import Reply, Request, Usage, estimate_tokens

OUTPUTS = ("json_schema", "json_object with schema", "json_object", "text")  # from the strictest to plain prose
LONGEST_WAIT = 120.0  # seconds that a server may ask us to wait
_PASSING = {408, 409, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}
_NO_QUOTA = ("insufficient_quota", "billing_hard_limit", "insufficient balance", "insufficient credit")
_OUTPUT_WORDS = ("response_format", "json_schema", "json_object", "schema", "grammar", "structured output")


class NoReply(Exception):
    """A request that got no usable answer; the run goes on without it."""


class Passing(Exception):
    """A fault that a second try may mend.

    `wait` is what the server asked for, in seconds. `busy`: too much was asked of it. `billed`: it may have worked on
    it. `silent`: no answer came in time.
    """

    def __init__(self, reason: str, wait: float | None = None, *, busy=False, billed=False, silent=False):
        super().__init__(reason)
        self.wait, self.busy, self.billed, self.silent = wait, busy, billed, silent


@dataclass(frozen=True)
class Form:
    """How an endpoint takes a request. Endpoints differ, so the first answers decide."""

    output: str = OUTPUTS[0]
    limit: str = "max_completion_tokens"
    temperature: bool = True

    def body(self, request: Request, model: str) -> dict:
        """Return the body of a request in this form."""
        body = request.body(model)
        body[self.limit] = body.pop("max_completion_tokens")
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


def read_reply(content: bytes, request: Request, model: str) -> Reply:
    """Return the reply in the body of a 200. Raises Passing where there is none."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        raise Passing("the answer was cut off or is not JSON", billed=True) from None
    if not isinstance(answer, dict) or not isinstance(answer.get("choices"), list) or not answer["choices"]:
        problem = answer.get("error") if isinstance(answer, dict) else None
        if isinstance(problem, dict):
            problem = problem.get("message")
        raise Passing(f"an answer without a message ({problem or 'no choices'})"[:300], billed=True)
    choice = answer["choices"][0] if isinstance(answer["choices"][0], dict) else {}
    message = choice.get("message") if isinstance(choice.get("message"), dict) else {}
    text, refusal = message.get("content"), message.get("refusal")
    text = text if isinstance(text, str) else ""
    finish = "refusal" if refusal and not text else str(choice.get("finish_reason") or "stop")
    name = answer.get("model")
    name = tidy(name)[:200] if isinstance(name, str) and name else model
    return Reply(text, name, _usage(answer, request, text), tidy(finish)[:200])


def _usage(answer: dict, request: Request, text: str) -> Usage:
    usage = answer.get("usage")
    counts = [usage.get(k) for k in ("prompt_tokens", "completion_tokens")] if isinstance(usage, dict) else []
    if counts and all(type(n) is int and n >= 0 for n in counts) and counts[0]:
        return Usage(*counts)
    asked = "".join(m["content"] for m in request.messages)
    return Usage(estimate_tokens(asked), estimate_tokens(text), estimated=True)


def read_error(status: int, words: str, headers, *, model: str, address: str) -> Exception:
    """Return what an HTTP error means: SynthkitError (stop), Passing (again), NoReply (this request only)."""
    reason = words[:300] or "no reason given"
    if status == 402 or any(mark in words.lower() for mark in _NO_QUOTA):
        return SynthkitError(f"the account at {address} has no quota left: {reason}. Top it up, then run this again")
    if status == 401:
        return SynthkitError(f"{address} refused the key (HTTP 401: {reason}). Check OPENAI_API_KEY, or pass api_key=")
    if status == 403:
        return SynthkitError(f"{address} does not let this key use {model!r} (HTTP 403: {reason}). Ask for access")
    if status == 404:
        return SynthkitError(
            f"{address} has no model {model!r}, or no chat completions at this address (HTTP 404: {reason}). "
            "Check the model's name, and that base_url ends as its documentation says, mostly in /v1"
        )
    if 300 <= status < 400:
        where = headers.get("location", "").partition("/chat/completions")[0] or "the new address"
        return SynthkitError(f"{address} has moved (HTTP {status}): pass base_url={where!r}")
    wait = retry_after(headers)
    if status == 429 or (status in (503, 529) and wait is not None):
        return Passing(f"HTTP {status}, too many requests", wait, busy=True)
    if status in _PASSING:
        return Passing(f"HTTP {status}: {reason}", wait)
    return NoReply(f"HTTP {status}: {reason}")


def complaint(body: object) -> str:
    """Return the words of an error body on one line: its message, the parameter and the code it names."""
    if isinstance(body, str):
        return " ".join(body.split())
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return ""
    inner = body.get("error", body)
    if not isinstance(inner, dict):
        return str(inner)
    words = [str(inner[k]) for k in ("message", "detail", "param", "code") if inner.get(k)]
    return " ".join(" ".join(words).split())


def retry_after(headers) -> float | None:
    """Return how many seconds the headers of a refusal ask to wait, None where they do not say."""
    for name, scale in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            return min(LONGEST_WAIT, max(0.0, float(text) * scale))
        except ValueError:
            date = email.utils.parsedate_tz(text)
            if date:
                return min(LONGEST_WAIT, max(0.0, email.utils.mktime_tz(date) - time.time()))
    return None


def exhausted(headers, tokens: int) -> float:
    """Return how long to wait before the next request when a reply's rate-limit headers say that nothing is left."""
    waits = [0.0]
    for kind, need in (("requests", 1), ("tokens", tokens)):
        left = headers.get(f"x-ratelimit-remaining-{kind}")
        if left is not None and left.strip().isdigit() and int(left) < need:
            waits.append(min(LONGEST_WAIT, _duration(headers.get(f"x-ratelimit-reset-{kind}", "0"))))
    return max(waits)


def _duration(text: str) -> float:
    units = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhd]|)", text.strip().lower())
    return sum(float(number) * units[unit] for number, unit in parts)
