"""From a reply to texts: what can be read, what has to be asked again. A reply is never trusted.

Read in this order, and by the first that gives texts: the whole reply as JSON; what follows its thinking, as the JSON
values that stand in it; the same as a list, as `line_formats` orders them. Then what is wrapped round every text is
taken off. Questions about the texts to write are no texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from synthkit.core.text import tidy, words
from synthkit.generation.json_values import json_values, strict_value
from synthkit.generation.line_formats import NOUN, NUMBERED, listed_texts, numbered_lines
from synthkit.llm.answers import Answer
from synthkit.llm.request import Reply, Request

LONGEST_REPLY = 100_000  # characters of a reply that are looked at
LONGEST_TEXT = 10_000  # characters of one text that are kept
DEEPEST = 6  # boxes in boxes, as {"response": {"texts": {"items": [...]}}}
MANY = ("texts", "examples", "messages", "items", "sentences", "reviews", "samples", "data", "results", "output")
ONE = {
    "text": ("text", "content", "message", "sentence", "review", "example", "utterance", "comment", "body"),
    "label": ("label", "category", "class", "answer"),
    "value": ("value", "text", "item", "name", "content"),
}
BESIDE = {"number", "id", "index", "label", "category", "class", "probability", "title", "sentiment", "tone", "style"}
_NAMES = "think|thinking|thought|thoughts|reason|reasoning|analysis|reflection|scratchpad|plan|planning"
_OPENED = re.compile(
    rf"\s*(?:<(?:\w+:)?(?:{_NAMES})\b[^>]*>|\[THINK\]|<\|START_THINKING\|>|<\|begin_of_thought\|>|◁think▷|"
    r"<\|channel\|?>\s*(?:analysis|thought|commentary))",
    re.I,
)
_CLOSED = re.compile(
    rf"</(?:\w+:)?(?:{_NAMES})\s*>|\[/THINK\]|<\|END_THINKING\|>|<\|end_of_thought\|>|◁/think▷|<channel\|>|"
    r"<\|channel\|>\s*final\b[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>",
    re.I,
)
_END = re.compile(r"(?:\s*(?:<[|｜][^<>|｜\n]{1,40}[|｜]>|</s>|<eos>|<end_of_turn>|\[/INST\]))+\s*$")
_QUOTED_JSON = re.compile(r'"(?:\s|\\n)*[\[{](?:\s|\\n|[\[{])*\\"')
_NUMBERED_KEY = re.compile(r"(?:[a-z]+[ _-]?)?#?(\d{1,3})", re.I)
_FIRST_LINE = re.compile(r"(?:[^\n{\[<]*\n\s*)?")
_ASKS_BACK = re.compile(
    r"\b(?:should|shall) (?:I|it|they|the [a-z]+) (?:be|use|write|make|include|mention|focus|cover|sound)\b|"
    r"\b(?:what|which) (?:tone|style|wording)\b|\byou (?:mean|have in mind|want me to|like me to)\b",
    re.I,
)
_AROUND = [(mark, "") for mark in ("- ", "* ", "• ", "> ")] + [("**", "**"), ("*", "*")]
_AROUND += [(quotes[0], quotes[1]) for quotes in ('""', "“”", "„“", "«»", "''", "‘’")]


def reply_problem(request: Request, reply: Reply) -> str | None:
    """Return why a reply should be asked for again, or None: one that holds a text is an answer, a short one too."""
    items = parse_reply(reply, count=request.count)
    if any(unsound(request, item) is None for item in items or []):
        return None
    named = {"length": "cut off at the token limit", "refusal": "refused", "content_filter": "stopped by a filter"}
    other = unsound(request, items[0]) if items else "no text in the reply"
    return named.get(reply.finish_reason) or (other if reply.content.strip() else "empty reply")


def unsound(request: Request, item: dict) -> str | None:
    """Return what is wrong with one text of a reply, or None. An echoed label is compared as words."""
    if not tidy(item["text"]):
        return "an empty text"
    label = item.get("label")
    if isinstance(label, str) and _label_words(label) not in (_label_words(request.label), []):
        return "texts of another label"
    return f"a text of more than {LONGEST_TEXT:,} characters" if len(item["text"]) > LONGEST_TEXT else None


def _label_words(label: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|[_/-]", " ", label)  # productQuality, product_quality
    return [word for word in words(parted) if word not in ("label", "category", "class", "the", "is")]


def parse_reply(reply: Reply, *, key: str = "text", count: int = 5) -> list[dict] | None:
    """Return the texts of a reply as dicts with `text` (or another `key`) and what else stands there, None for none.

    Every text stands in the reply, whole, word for word; `count` is how many were asked for.
    """
    content = reply.content[:LONGEST_REPLY].lstrip("\ufeff").strip()
    cut = reply.finish_reason == "length" or len(reply.content) > LONGEST_REPLY
    answer = content
    if (strict_value(content) or (None, -1))[1] != len(content):
        answer = _END.sub("", content[max((m.end() for m in _CLOSED.finditer(content)), default=0) :]).strip()
        if answer == _END.sub("", content).strip() and _OPENED.match(content):
            return None  # it thinks, and does not come to an end
    begins = _FIRST_LINE.match(answer).end()  # JSON, or tags, in the lines of a list are of their texts
    listed = numbered_lines(answer) if key == "text" and not cut and NUMBERED.match(answer, begins) else []
    if len(listed) == count and not any(t.startswith(("{", "[")) for t in listed):
        items = [{key: t} for t in listed]
    else:
        items = _of_values(answer, key, count)
        if not items and key == "text" and not re.match(r"\s*[\[{]\s*[\[{\"'“]", answer):
            items = [{key: text} for text in listed_texts(answer, count, cut=cut)]
        items = [i for i in items if i[key].strip() not in ("...", "…", "")]
    asks = all(i[key].rstrip().endswith(("?", "？")) for i in items)
    if not items or key == "text" and asks and sum(bool(_ASKS_BACK.search(i[key])) for i in items) > 1:
        return None
    return _unwrapped(items, count) if key == "text" else items


def _of_values(answer: str, key: str, count: int) -> list[dict]:
    """The items of the JSON values in an answer: of all of them where one goes on from the other, else the most."""
    found: list[list[dict]] = []
    for value, start, end in json_values(answer):
        items = _items(value, key)
        talk = (answer[:start] + answer[end:]).strip("`json \n")
        if items and not (talk and _is_words(value) and len(value) != count):  # words amid talk are no texts
            found.append(items)
    if not found and (quoted := _QUOTED_JSON.search(answer)) and (inside := strict_value(answer, quoted.start())):
        return _items(inside[0], key)  # JSON in a JSON string
    if len(found) > 1:
        numbers = [number_of(i) for items in found for i in items]
        goes_on = None not in numbers and len(set(numbers)) == len(numbers)
        every = [item for items in found for item in items]
        if goes_on or (len(every) == count and len(every) != len(found)):
            return every
        if len(every) == len(found):  # one each: those that say the same are one
            return list({i[key]: i for i in reversed(every)}.values())[::-1]
    return max(reversed(found), key=len, default=[])


def _items(value: object, key: str, depth: int = 0) -> list[dict]:
    """The items in a value, however it is boxed; [] where there are none or it is not clear which they are."""
    if depth > DEEPEST:
        return []
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        inside = [v for v, *_ in json_values(value)]
        return _items(inside[0], key, depth + 1) if len(inside) == 1 else []
    read = {list: _of_list, dict: _of_dict}.get(type(value))
    return read(value, key, depth) if read else []


def _of_list(values: list, key: str, depth: int) -> list[dict]:
    values = [v for v in values if v is not None]
    if values and all(isinstance(v, str) for v in values):
        boxed = [_items(v, key, depth + 1) for v in values]
        return [i for items in boxed for i in items] if all(boxed) else [{key: v} for v in values]
    pairs = [v for v in values if isinstance(v, list) and len(v) == 2 and isinstance(v[1], str)]
    if pairs and len(pairs) >= len(values) - 1 and pairs == values[: len(pairs)]:  # the last may be cut off
        return [{"number": number, key: text} for number, text in pairs]
    dicts = [_folded(v) for v in values if isinstance(v, dict)]
    name = _shared_name(dicts, key)
    found = [item for d in dicts if (item := _item(d, key, name))]
    return found or [i for v in values if isinstance(v, (dict, list)) for i in _items(v, key, depth + 1)]


def _of_dict(value: dict, key: str, depth: int) -> list[dict]:
    value = _folded(value)
    inside = {name: items for name, v in value.items() if (items := _items(v, key, depth + 1))}
    for name in MANY:
        if name in inside:
            return inside[name]
        if isinstance(value.get(name), str) and len(parts := numbered_lines(value[name])) > 1:
            return [{key: part} for part in parts]
    if (isinstance(value.get(key), str) or number_of(value) is not None) and (item := _item(value, key, None)):
        return [item]
    numbers = [_NUMBERED_KEY.fullmatch(name) for name in value]
    if value and all(numbers) and all(isinstance(v, (str, dict)) for v in value.values()):
        texts = [v if isinstance(v, str) else (_item(_folded(v), key, None) or {}).get(key) for v in value.values()]
        return [{"number": int(n[1]), key: t} for n, t in zip(numbers, texts, strict=True) if isinstance(t, str)]
    inside.pop("required", None)  # of a schema that is told back
    if len(inside) > 1:  # such as the names in `required` beside the texts
        inside = {name: items for name, items in inside.items() if not _is_words(value[name])}
    return next(iter(inside.values())) if len(inside) == 1 else []


def _is_words(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


def _folded(value: dict) -> dict:
    return {str(name).casefold().strip(): v for name, v in reversed(value.items())}


def _shared_name(dicts: Sequence[dict], key: str) -> str | None:
    """The one name under which every dict holds a string, but for what usually stands beside a text: "texto"."""
    if len(dicts) < 2:
        return None
    named = [{n for n, v in d.items() if isinstance(v, str) and n not in BESIDE and not n.isdigit()} for d in dicts]
    shared = set.intersection(*named)
    return shared.pop() if key == "text" and len(shared) == 1 and len(set.union(*named)) == 1 else None


def _item(value: dict, key: str, shared: str | None) -> dict | None:
    """A dict with its text under `key`, or None."""
    name = next((n for n in ONE[key] if isinstance(value.get(n), str)), shared)
    if name is None and len(value) == 1 and (found := _NUMBERED_KEY.fullmatch(next(iter(value)))):
        text = next(iter(value.values()))
        return {"number": int(found[1]), key: text} if isinstance(text, str) else None
    return {**value, key: value[name]} if name else None


def number_of(item: dict) -> int | None:
    """The number that an item carries, also written as "3" or "3."."""
    number = item.get("number")
    if isinstance(number, str) and (found := re.fullmatch(r"\s*#?(\d{1,3})[.)]?\s*", number)):
        return int(found[1])
    return number if type(number) is int else None


def _unwrapped(items: list[dict], count: int) -> list[dict]:
    """Items without what stands round every text of the reply: "1. ", "**Message 1:**", a dash, quotes, bold.

    One text among others that begins so is left as it is.
    """
    texts = [item["text"].strip() for item in items]
    if len(items) == 1 < count and len(parts := numbered_lines(texts[0])) == count:
        return [{**items[0], "number": n, "text": part} for n, part in enumerate(parts, 1)]
    heads = [NUMBERED.fullmatch(t) for t in texts]
    numbers = [int(h["number"]) for h in heads if h]
    nouns = {h["noun"] or "" for h in heads if h}
    one_noun = len(nouns) == 1 and (len(items) > 1 or re.fullmatch(NOUN, *nouns))
    numbered = one_noun and numbers in ([number_of(i) for i in items], list(range(1, len(items) + 1)))
    if all(heads) and numbered and all(h["text"].strip() for h in heads):
        texts = [h["text"].strip() for h in heads]
    if len(items) > 1:
        for opening, closing in _AROUND:
            around = len(opening + closing)
            if not all(len(t) > around and t.startswith(opening) and t.endswith(closing) for t in texts):
                continue
            inner = [t[len(opening) : len(t) - len(closing)].strip() for t in texts]
            if all(i and not (closing and (opening in i or closing in i)) for i in inner):
                texts = inner
    return [{**item, "text": text} for item, text in zip(items, texts, strict=True)]


def best_attempt(answer: Answer) -> tuple[Request, Reply, dict[int, str], dict[int, str]]:
    """Return the attempt with the most texts, the earliest of equals: request, reply, texts and their probabilities."""
    read = []
    for request, reply, _ in answer.replies:
        items = parse_reply(reply, count=request.count) or []
        sound = [item for item in items if unsound(request, item) is None]
        texts, stated = number_texts(sound, request.count), number_probabilities(sound, request.count)
        read.append((request, reply, texts, stated))
    return max(read, key=lambda attempt: len(attempt[2]))


def number_texts(items: list[dict], count: int) -> dict[int, str]:
    """Return tidied texts by number, 1 to `count`: as numbered, or in their order if the numbers are no use."""
    return {number: tidy(item["text"])[:LONGEST_TEXT] for number, item in _numbered(items, count)}


def number_probabilities(items: list[dict], count: int) -> dict[int, str]:
    """Return the probabilities that the model stated, by number, as text; without those that are none."""
    stated = {number: item.get("probability") for number, item in _numbered(items, count)}
    return {n: f"{p:g}" for n, p in stated.items() if isinstance(p, (int, float)) and 0 <= p <= 1}


def _numbered(items: list[dict], count: int) -> list[tuple[int, dict]]:
    numbers = [number_of(i) for i in items]
    usable = all(n is not None and 1 <= n <= count for n in numbers) and len(set(numbers)) == len(numbers)
    pairs = zip(numbers, items, strict=True) if usable else enumerate(items[:count], start=1)
    return sorted(pairs, key=lambda pair: pair[0])


def rest_request(request: Request, numbers: list[int]) -> Request:
    """Return the smaller request for the texts of a reply that did not come, by their numbers."""
    *before, last = request.messages
    count, these = len(numbers), ", ".join(map(str, numbers))
    asked = last["content"].replace(f"with the numbers 1 to {request.count}", f"with the numbers 1 to {count}")
    lines = f": those of the lines {these} above, numbered 1 to {count}" if request.attributes else ""
    content = f"{asked}\n\nOnly {count} of the {request.count} texts {'is' if count == 1 else 'are'} wanted now{lines}."
    attributes = tuple(request.attributes[n - 1] for n in numbers) if request.attributes else ()
    return replace(request, messages=(*before, {**last, "content": content}), count=count, attributes=attributes)
