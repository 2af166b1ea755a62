"""Endpoints as one meets them: each a character with its habits, and what a run against it comes to.

A character answers eight requests for forty texts. `new()` gives its behaviour afresh: `behave(number, body)` as the
fault server wants it.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from support.fault_server import completion, error, texts_reply


@dataclass(frozen=True)
class Character:
    """An endpoint and what is expected of a run: rows of forty, the most requests, words that are said or raised."""

    name: str
    new: Callable[[], Callable]
    rows: int = 40
    most: int = 8
    warns: str = ""
    raises: str = ""
    notes: str = ""  # in the ledger
    fails: dict = field(default_factory=dict)  # the ledger's failures
    llm: dict = field(default_factory=dict)
    server: dict = field(default_factory=dict)
    paid: bool = True  # replies that are paid for give their texts: counted in the share of useful ones


def good(number: int, body: dict, **more) -> dict:
    return completion(texts_reply(body["messages"][-1]["content"], number), **more)


def fault(status: int, message: str, **more) -> Callable:
    return lambda number, body: error(status, message, **more)


def always(answer) -> Callable:
    """A character that gives the same answer, or what `answer(number, body)` gives."""
    return lambda: answer if callable(answer) else (lambda number, body: answer)


def at_first(times: int, answer) -> Callable:
    """A character that behaves after a number of requests."""

    def behave(number, body):
        if number >= times:
            return None
        return answer(number, body) if callable(answer) else answer

    return lambda: behave


def refuses(problem, status=400, **more) -> Callable:
    """A character that refuses what `problem(body)` names."""

    def behave(number, body):
        words = problem(body)
        return error(status, words, **more) if words else None

    return lambda: behave


def says(make) -> Callable:
    """A character that gives its texts in another wrapping: `make(content)` returns the message's fields."""

    def behave(number, body):
        message = make(texts_reply(body["messages"][-1]["content"], number))
        return completion(message.pop("content", None), **message)

    return lambda: behave


def slow(seconds: float) -> Callable:
    async def behave(number, body):
        await asyncio.sleep(seconds)

    return lambda: behave


def one_at_a_time(seconds: float) -> Callable:
    """A server of one slot that queues the rest."""

    def new():
        slot = asyncio.Lock()

        async def behave(number, body):
            async with slot:
                await asyncio.sleep(seconds)

        return behave

    return new


def thinking(number, body):
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if body.get("reasoning_effort") == "none" or limit >= 4000:
        return None
    usage = {"prompt_tokens": 50, "completion_tokens": limit, "total_tokens": 50 + limit}
    reply = completion("", finish="length", usage=None, reasoning_content="Let me think about it, step by step")
    return reply | {"usage": usage}


def older(answer: dict) -> dict:
    answer["choices"][0]["text"] = answer["choices"][0].pop("message")["content"]
    return answer


def cut_line(number, body):
    """A numbered list of which the last line is cut off."""
    texts = [item["text"] for item in json.loads(texts_reply(body["messages"][-1]["content"], number))["texts"]]
    content = "\n".join(f"{i}. {text}" for i, text in enumerate([*texts[:-1], "CUT"], 1))
    return completion(content, finish="MAX_TOKENS")


def four_of_five(number, body):
    return completion(
        json.dumps({"texts": json.loads(texts_reply(body["messages"][-1]["content"], number))["texts"][:4]})
    )


def hidden(number, body):
    return good(number, body) | {"usage": {"prompt_tokens": 50, "completion_tokens": 60, "total_tokens": 1110}}


def page(number, body):
    html = "<html><head><title>Guest network</title></head><body>Please sign in</body></html>"
    return web.Response(text=html, content_type="text/html")


def browser_check(number, body):
    html = "<html><head><title>One moment</title></head><body></body></html>"
    return web.Response(status=403, text=html, content_type="text/html")


def stream(number, body):
    return web.Response(text='data: {"choices": [{"delta": {"content": "a"}}]}\n\n', content_type="text/event-stream")


def gemini_day(number, body):
    details = [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]
    problem = {"code": 429, "message": "You exceeded your current quota", "status": "X", "details": details}
    return web.json_response([{"error": problem}], status=429)


def outage_inside(number, body):
    choice = {"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "error"}
    return completion(None) | {"choices": [choice | {"error": {"code": 502, "message": "Provider returned error"}}]}


def of_one_label(answer) -> Callable:
    return lambda: (
        lambda n, b: answer(n, b) if "menu" in b["messages"][-1]["content"].partition("# Your turn")[2] else None
    )


def schema_refused(body):
    kind = body.get("response_format", {}).get("type")
    return "response_format json_schema is not supported" if kind == "json_schema" else ""


BOUNDLESS = {"prompt_tokens": math.inf, "completion_tokens": 1e300, "total_tokens": math.nan}
DAY = "Limit reached on tokens per day (TPD): used 100000 of 100000. Please try again in 9m38s."
CONTEXT = "maximum context length is 2048 tokens, you requested 2512 tokens (1012 in the messages)"
FLAGGED = fault(403, "Input was flagged by moderation")

CHARACTERS = [
    Character("well behaved", always(None)),
    # how it wants to be asked
    Character("takes no schema", refuses(schema_refused), most=10),
    Character(
        "plain text only", refuses(lambda b: "response_format" in b and "unknown field response_format"), most=14
    ),
    Character(
        "older name of the limit",
        refuses(lambda b: "max_completion_tokens" in b and "Unrecognized argument: max_completion_tokens"),
        most=10,
    ),
    Character(
        "fixed temperature",
        refuses(lambda b: "temperature" in b and "temperature: only the default is supported"),
        most=10,
        warns="takes no temperature",
    ),
    Character(
        "wants thinking switched off by a field",
        refuses(lambda b: "enable_thinking" not in b and "parameter.enable_thinking must be set"),
        llm={"extra_body": {"enable_thinking": False}},
    ),
    Character(
        "wants it, and is not given it",
        refuses(lambda b: "enable_thinking" not in b and "parameter.enable_thinking must be set"),
        raises="extra_body",
        most=20,
    ),
    # replies in other places
    Character(
        "content as a list of chunks",
        says(lambda t: {"content": [{"type": "text", "text": t[:9]}, {"type": "text", "text": t[9:]}]}),
    ),
    Character(
        "the reply as a call of a tool",
        says(lambda t: {"tool_calls": [{"type": "function", "function": {"name": "texts", "arguments": t}}]}),
    ),
    Character(
        "the reply as an old call of a function", says(lambda t: {"function_call": {"name": "texts", "arguments": t}})
    ),
    Character(
        "the whole reply taken for thinking",
        says(lambda t: {"content": None, "reasoning_content": f"Let me see.\n{t}"}),
    ),
    Character(
        "thinking chunks before the text",
        says(
            lambda t: {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                    {"type": "text", "text": t},
                ]
            }
        ),
    ),
    Character("the reply as JSON that is already read", says(lambda t: {"content": json.loads(t)})),
    Character("the reply as an array that is already read", says(lambda t: {"content": json.loads(t)["texts"]})),
    Character("the reply as strings in a list", says(lambda t: {"content": [t[:9], t[9:]]})),
    Character("the reply of an older API", always(lambda n, b: older(good(n, b)))),
    Character("ends at MAX_TOKENS within a line", always(cut_line), most=14, paid=False),
    Character(
        "stops for SAFETY",
        always(completion("", finish="SAFETY")),
        paid=False,
        rows=0,
        most=30,
        warns="refuses this task",
    ),
    Character("counts beyond all measure", always(lambda n, b: good(n, b) | {"usage": BOUNDLESS})),
    Character("counts nothing", always(lambda n, b: good(n, b, usage=None))),
    # accidents of one request
    Character("one early 400", at_first(1, fault(400, "Bad Request")), most=9),
    Character(
        "failed to write JSON, now and then",
        lambda: (
            lambda n, b: error(400, "Failed to generate JSON", code="json_validate_failed") if n in (3, 5) else None
        ),
        most=10,
    ),
    Character(
        "a flagged prompt",
        lambda: lambda n, b: FLAGGED(n, b) if n == 4 else None,
        most=9,
        fails={"HTTP 403, stopped by a filter": 1},
    ),
    Character(
        "one label filtered",
        of_one_label(fault(400, "content management policy", code="content_filter")),
        most=11,
        rows=25,
    ),
    Character("an outage inside a 200", at_first(2, outage_inside), most=10),
    Character("an error inside a 200", at_first(2, {"error": {"message": "overloaded", "code": 503}}), most=10),
    Character("empty, then well", at_first(2, completion("")), most=10, paid=False),
    # what ends a run, with its words
    Character(
        "thinks up to the limit",
        always(thinking),
        rows=0,
        most=30,
        warns="none of use.*was thinking.*max_tokens",
        paid=False,
    ),
    Character("thinks, and is given room", always(thinking), llm={"max_tokens": 4000}),
    Character("thinks, and is told not to", always(thinking), llm={"reasoning_effort": "none"}),
    Character(
        "refuses the task",
        always(completion(None, refusal="I cannot")),
        rows=0,
        most=30,
        warns="refuses this task",
        paid=False,
    ),
    Character(
        "writes stories",
        always(completion("Once upon a time")),
        rows=0,
        most=30,
        warns="does not write what",
        paid=False,
    ),
    Character(
        "a quota for the day", always(fault(429, DAY, headers={"retry-after": "578"})), raises="tokens per day", most=2
    ),
    Character("a quota for the day without a header", always(gemini_day), raises="gives no more today", most=2),
    Character(
        "a wait of an hour", always(fault(429, "Slow down", headers={"retry-after": "3600"})), raises="3,600 s", most=2
    ),
    Character(
        "a maintenance of an hour",
        always(fault(503, "Maintenance", headers={"retry-after": "3600"})),
        raises="gives no more for now.*Maintenance.*3,600 s",
        most=2,
    ),
    Character(
        "one bad gateway that asks for an hour",
        at_first(1, fault(502, "Bad gateway", headers={"retry-after": "3600"})),
        most=9,
    ),
    Character(
        "the time in place of a wait",
        at_first(1, lambda n, b: error(429, "Slow down", headers={"retry-after": str(int(time.time()))})),
        most=9,
    ),
    Character(
        "no credit for the top-up",
        always(lambda n, b: four_of_five(n, b) if n < 8 else error(402, "Insufficient credits")),
        rows=32,
        most=10,
        notes="no quota left",
        paid=False,
    ),
    Character(
        "gone at the top-up",
        always(lambda n, b: four_of_five(n, b) if n < 8 else error(404, "model not found")),
        rows=32,
        most=10,
        notes="has no model",
        paid=False,
    ),
    Character("no credit", always(fault(402, "Insufficient credits")), raises="no quota left", most=2),
    Character("a wrong key", always(fault(401, "Incorrect API key")), raises="Check OPENAI_API_KEY", most=2),
    Character("no such model", always(fault(404, "model not found")), raises="Check the model's name", most=2),
    Character("a sign-in page", always(page), raises="web page.*Guest network", most=12),
    Character("a stream that nobody asked for", always(stream), raises="stream", most=12),
    Character("a short context", always(fault(400, CONTEXT)), raises="context is too short", most=20),
    # waits
    Character("loading the model", at_first(2, fault(503, "Loading model")), most=12, warns="not ready.*Loading model"),
    Character(
        "busy without a header", at_first(2, fault(503, "server busy, maximum pending requests exceeded")), most=12
    ),
    Character("too many requests", at_first(2, fault(429, "Too many requests", headers={"retry-after": "0"})), most=12),
    Character("slower than the time-out", slow(0.5), llm={"timeout": 0.3}, most=12, warns="timeout="),
    Character("silent", slow(20), llm={"timeout": 0.1}, raises="timeout=", most=20),
    Character("one at a time", one_at_a_time(0.1), llm={"timeout": 0.6}, most=10),
    # other names for the same
    Character("a status of its own for out of memory", at_first(2, fault(424, "CUDA out of memory")), most=10),
    Character("a status of its own for no capacity", at_first(2, fault(498, "Flex tier capacity exceeded")), most=10),
    Character(
        "a filter by another name",
        always(completion("", finish="content_filter: PROHIBITED")),
        paid=False,
        rows=0,
        most=30,
        warns="refuses this task",
    ),
    Character(
        "a wrong key as a bad request", always(fault(400, "API key not valid.")), raises="Check OPENAI_API", most=2
    ),
    Character(
        "no credit as a bad request", always(fault(400, "Your credit balance is too low")), raises="Top it", most=2
    ),
    Character("an address that takes no posts", always(fault(405, "Not Allowed")), raises="base_url ends as", most=2),
    Character("an address that is no more", always(fault(410, "Use our router")), raises="Use our router", most=2),
    Character(
        "a page that checks the browser", always(browser_check), raises="HTTP 403: One moment.*the page that", most=2
    ),
    Character(
        "a router without a model that takes a schema",
        refuses(lambda b: "response_format" in b and "No endpoints support the requested parameters", status=404),
        most=16,
    ),
    Character(
        "tokens that must be fewer", always(fault(422, "`max_new_tokens` must be <= 1000")), raises="short", most=20
    ),
    Character("its complaint in a 200", always({"code": 1302, "msg": "line is down"}), raises="line is down", most=40),
    Character(
        "thinking told beside",
        always(lambda n, b: completion(None, finish="length", reasoning_details=[{"text": "hm"}])),
        rows=0,
        most=30,
        warns="was thinking",
        paid=False,
    ),
    Character(
        "lines and nothing else", says(lambda t: {"content": "\n".join(x["text"] for x in json.loads(t)["texts"])})
    ),
    Character(
        "asks back", always(completion("What tone should I use?\nWhich shop do you mean?")), rows=0, most=30, paid=False
    ),
    # money
    Character("bills hidden thinking", always(hidden), warns="does not heed"),
]
