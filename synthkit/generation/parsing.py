"""From a reply to texts: what can be read, what has to be asked again. A reply is never trusted."""

from __future__ import annotations

import json

from synthkit.core.text import tidy
from synthkit.llm.request import Reply, Request

LONGEST_REPLY = 100_000  # characters of a reply that are looked at
MOST_BRACKETS = 200  # of damaged JSON; repairing a heap of them takes minutes
LONGEST_TEXT = 10_000  # characters of one text that are kept


def reply_problem(request: Request, reply: Reply) -> str | None:
    """Return why a reply should be asked for again, or None."""
    named = {"length": "cut off at the token limit", "refusal": "refused", "content_filter": "stopped by a filter"}
    if reply.finish_reason in named:
        return named[reply.finish_reason]
    if not reply.content.strip():
        return "empty reply"
    texts = parse_reply(reply)
    if texts is None:
        return "not the JSON that was asked for"
    for item in texts:
        if problem := unsound(request, item):
            return problem
    got = len(_numbered(texts, request.count))
    return None if got == request.count else f"{got} texts instead of {request.count}"


def unsound(request: Request, item: dict) -> str | None:
    if isinstance(item.get("label"), str) and tidy(item["label"]) != request.label:
        return "texts of another label"
    return f"a text of more than {LONGEST_TEXT:,} characters" if len(item["text"]) > LONGEST_TEXT else None


def parse_reply(reply: Reply, *, key: str = "text") -> list[dict] | None:
    """Return the `texts` of a reply as dicts with `number`, `text` (or another `key`) and what else stands there.

    None where there are none.
    Fences and raw control characters are put up with; other damage is repaired only when the reply was not cut off.
    """
    content = reply.content[:LONGEST_REPLY].strip()
    if content.startswith("<think>"):
        content = content.partition("</think>")[2].strip()
    if content.startswith("```"):
        content = content.removeprefix("```json").removeprefix("```").rsplit("```", 1)[0]
    try:
        value = json.loads(content, strict=False)
    except (ValueError, RecursionError):  # ValueError also for a number of more than 4,300 digits
        whole = reply.finish_reason != "length" and len(reply.content) <= LONGEST_REPLY and content[-1:] in ("}", "]")
        if not whole or content.count("{") + content.count("[") > MOST_BRACKETS:
            return None
        value = _repaired(content)
    items = value.get("texts") if isinstance(value, dict) else value
    if not isinstance(items, list):
        return None
    good = [i for i in items if isinstance(i, dict) and isinstance(i.get(key), str)]
    return good or None


def _repaired(content: str):
    from json_repair import repair_json

    try:
        return repair_json(content, return_objects=True)
    except (RecursionError, ValueError):
        return None


def number_texts(items: list[dict], count: int) -> dict[int, str]:
    """Return tidied texts by number, 1 to `count`: as numbered, or in their order if the numbers are no use."""
    return {number: tidy(item["text"])[:LONGEST_TEXT] for number, item in _numbered(items, count)}


def number_probabilities(items: list[dict], count: int) -> dict[int, str]:
    """Return the probabilities that the model stated, by number, as text; without those that are none."""
    stated = {number: item.get("probability") for number, item in _numbered(items, count)}
    return {n: f"{p:g}" for n, p in stated.items() if isinstance(p, (int, float)) and 0 <= p <= 1}


def _numbered(items: list[dict], count: int) -> list[tuple[int, dict]]:
    numbers = [i.get("number") for i in items]
    usable = all(type(n) is int and 1 <= n <= count for n in numbers) and len(set(numbers)) == len(numbers)
    pairs = zip(numbers, items, strict=True) if usable else enumerate(items[:count], start=1)
    return sorted(pairs, key=lambda pair: pair[0])
