"""The JSON values that stand in a text, damaged ones too. What cannot be read for certain is left out, never guessed.

Strict JSON first; then what models write in its place: single or curly quotes, trailing commas, comments, bare keys,
Python's names, quotes inside a text, brackets that are missing at the end. What the end cuts off is dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

MOST_TRIES = 200  # places where a value may begin that turn out to be none
MOST_WORK = 500_000  # characters that may be looked at on the way
DEEPEST = 30
_CLOSERS = {'"': '"', "'": "'", "“": '”"', "‘": "’'", "„": "“”"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\"}
_LITERALS = {"true": True, "false": False, "none": None, "null": None, "undefined": None, "nan": None}
_OPENING = re.compile(r"[\[{]")
_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/|#[^\n]*)*", re.S)
_BARE_KEY = re.compile(r"[\w-]{1,60}(?=\s*:)")
_KEY = re.compile(r"\s*(?:[\"'“‘][^\"'“”‘’\n]{1,60}[\"'”’]|[\w-]{1,60})\s*:")
_KEY_CUT = re.compile(r"\s*(?:[\"'“‘][^\"'“”‘’\n]{0,60}[\"'”’]?|[\w-]{0,60})\s*\Z")  # where the text ends within one
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_WORD = re.compile(r"[A-Za-z]+")
_BETWEEN = re.compile(r",|\.\.\.|…")
_PAIR = re.compile(r"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")  # one character in two
_TALK = re.compile(r"[ \t]*\n\s*(?:```\s*)?(?:[^{}\[\]]{1,400}[.!?)])?\s*\Z")  # after the last quote, to the end
_DECODER = json.JSONDecoder(strict=False)


def _is_last(text: str, at: int, stop: re.Pattern) -> bool:
    return bool(_TALK.match(text, at)) and not stop.search(text, at)


class _Damaged(Exception):
    """No value can be read here."""


def json_values(text: str) -> Iterator[tuple[object, int, int]]:
    """Yield (value, start, end) of the objects and arrays in a text, from left to right, none inside another.

    >>> [value for value, *_ in json_values("Sure: {'a': 1,} and [2, 3")]
    [{'a': 1}, [2, 3]]
    """
    at, tries, work = 0, 0, [MOST_WORK]
    while (found := _OPENING.search(text, at)) and tries < MOST_TRIES and work[0] > 0:
        start = found.start()
        try:
            value, at = strict_value(text, start) or _Lenient(text, work).value(start, "")
        except _Damaged:
            tries, at = tries + 1, start + 1
            continue
        yield value, start, at


def strict_value(text: str, start: int = 0) -> tuple[object, int] | None:
    """Return the value that begins at a place in a text, and where it ends, None where it is not strict JSON."""
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):  # ValueError also for a number of more than 4,300 digits
        return None


class _Lenient:
    """A reader of one damaged value."""

    def __init__(self, text: str, work: list[int]):
        self.text, self.end, self.work, self.depth = text, len(text), work, 0

    def value(self, at: int, within: str) -> tuple[object, int]:
        """Return the value at `at`, and where it ends; `within` is "{" or "[" or nothing."""
        char = self.text[at : at + 1]
        if char in ("{", "["):
            self.depth += 1
            if self.depth > DEEPEST:
                raise _Damaged
            read = self._members(at + 1, "}" if char == "{" else "]")
            self.depth -= 1
            return read
        if char and char in _CLOSERS:
            return self._string(at, within)
        if number := _NUMBER.match(self.text, at):
            whole = number.group()
            if len(whole) > 300:
                return None, number.end()
            return (int(whole) if whole.lstrip("-").isdigit() else float(whole)), number.end()
        word = _WORD.match(self.text, at)
        if word and word.group().lower() in _LITERALS:
            return _LITERALS[word.group().lower()], word.end()
        raise _Damaged

    def _members(self, at: int, closer: str) -> tuple[dict | list, int]:
        """Return the members of an object or array up to its closer, or up to the end of the text."""
        named, values, opener = {}, [], "{" if closer == "}" else "["
        out = named if opener == "{" else values
        while True:
            at, key = self._skip(at), None
            if at >= self.end or self.text[at] == closer:
                return out, min(at + 1, self.end)
            if between := _BETWEEN.match(self.text, at):
                at = between.end()
                continue
            if opener == "{":
                if self.text[at] in _CLOSERS:
                    key, at = self._string(at, ":")
                elif bare := _BARE_KEY.match(self.text, at):
                    key, at = bare.group(), bare.end()
                else:
                    raise _Damaged
                at = self._skip(at)
                if key is not None and at < self.end and self.text[at] != ":":
                    raise _Damaged
                at = self._skip(at + 1)
                if key is None or at >= self.end:
                    return out, self.end
            value, at = self.value(at, opener)
            if value is not None:
                values.append(value)
                named.setdefault(key, value)

    def _string(self, at: int, within: str) -> tuple[str | None, int]:
        """Return the string whose opening quote is at `at`; None where the text ends before it does."""
        closers, parts, apart = _CLOSERS[self.text[at]], [], False
        stop = re.compile(f"[{re.escape(closers)}\\\\]")
        at += 1
        while found := stop.search(self.text, at):
            here = found.start()
            self.work[0] -= here - at + 1
            if self.work[0] < 0:
                raise _Damaged
            parts.append(self.text[at:here])
            if self.text[here] == "\\":
                char, at = self._escape(here + 1)
                parts.append(char)
            elif (last := _is_last(self.text, here + 1, stop)) or self._closes(here + 1, within):
                if apart and within == "[":  # which of the quotes part two texts cannot be told
                    raise _Damaged
                return "".join(parts), self.end if last else here + 1
            else:
                apart = apart or not (self.text[here - 1].isalnum() and self.text[here + 1 : here + 2].isalnum())
                parts.append(self.text[here])
                at = here + 1
        return None, self.end

    def _escape(self, at: int) -> tuple[str, int]:
        char = self.text[at : at + 1]
        if length := {"u": 4, "x": 2, "U": 8}.get(char):
            digits = self.text[at + 1 : at + 1 + length]
            if len(digits) < length:
                return "", self.end  # cut off: the string does not end
            if pair := _PAIR.match(self.text, at):
                return json.loads(f'"\\{pair.group()}"'), pair.end()
            try:
                return chr(int(digits, 16)), at + 1 + length
            except (ValueError, OverflowError):
                raise _Damaged from None
        return _ESCAPES.get(char, f"\\{char}" if char.isalnum() else char), at + 1

    def _closes(self, at: int, within: str) -> bool:
        """Whether a quote that ends at `at` ends its string: only where what follows goes on as JSON does."""
        after = self._skip(at)
        ends = {"{": "}", "[": "]"}.get(within, within)
        if after >= self.end or not within or self.text[after] == ends:
            return True
        if within == ":":
            return False
        if self.text[after] == ",":
            after = self._skip(after + 1)
        elif "\n" not in self.text[at:after]:  # a comma may be missing at the end of a line
            return False
        if after >= self.end or self.text[after] == ends:
            return True
        if within == "{":
            return bool(_KEY.match(self.text, after) or _KEY_CUT.match(self.text, after))
        return self.text[after] in "[{…." or self.text[after] in _CLOSERS

    def _skip(self, at: int) -> int:
        return _SPACE.match(self.text, at).end()
