"""Texts that a model wrote as a list instead of JSON: tags, a table, YAML, numbered or bulleted lines.

Each reader gives all texts of a reply or none: a list whose parts cannot be told apart for certain is no list.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
from contextlib import suppress

_TAG = re.compile(
    r"<((?:text|message|review|comment|example|item|sentence|content)(?:_\d{1,3})?|li)\b[^<>]{0,200}>", re.I
)
_ANY_TAG = re.compile(r"<\w{1,40}\b[^<>]{0,200}>")
_CDATA = re.compile(r"\s*<!\[CDATA\[(.*)\]\]>\s*", re.S)
_CELL_RULE = re.compile(r"\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?")
_YAML_TEXT = re.compile(r"(\s*)(?:- +)?[\"']?text[\"']?\s*:(?:[ \t]+(.*)|)", re.I)
_YAML_OTHER = re.compile(r"\s*(?:- +)?[\"']?[A-Za-z_]{1,20}[\"']?\s*:(?:\s.*|)|\s*-\s*|---|\.\.\.")
NOUN = r"(?i:text|message|example|review|sample|item|sentence|request|question|comment|ticket|post|entry|number|no\.?)"
NUMBERED = re.compile(
    rf"\s{{0,3}}(?:#{{1,6}}\s+)?(?P<bold>\*\*|__)?(?:(?P<noun>{NOUN}|[^\W\d_]{{2,20}})\s*(?:n[°º]\s*)?)?[#(\[（]?(?P<number>\d{{1,3}})"
    r"(?P<end>\s*[.):\]–—-]+|[、．）：]|(?=\*\*|__))\s*(?(bold)(?:\*\*|__)?\s*:?|)"
    r"(?:\s+|$|(?<=[、．）：])|(?<=[.)])(?=[“‘《「『\u3040-\u9fff\uac00-\ud7af]))(?P<text>.*)",
    re.I | re.S,
)
_REFUSES = re.compile(r"[^\n]{0,200}\b(?:can(?:no|'|’)t|won['’]t|unable|sorry|apologi[sz]e)\b", re.I)
_TALK = re.compile(
    r"[\s*_(]*(?:let me know|notes?\b[:*]|these (?:texts|messages|examples)|i hope|hope (?:this|these)|feel free|enjoy|"
    r"would you like|do you want|if you (?:need|want|would like))",
    re.I,
)
_BULLET = re.compile(r"\s{0,3}[-*•–·]\s+(.*)", re.S)


def listed_texts(text: str, count: int, *, cut: bool) -> list[str]:
    """Return the texts of a list; [] unless there are `count` of them, or fewer of which the last is cut off.

    >>> listed_texts("Here you are:\\n\\n1. The soup was cold.\\n2. No table free!\\n\\nEnjoy", 2, cut=False)
    ['The soup was cold.', 'No table free!']
    """
    if _REFUSES.match(text) and not NUMBERED.fullmatch(text.partition("\n")[0]):
        return []  # a list of reasons
    for read in (_tagged, _table, _csv, _yaml, numbered_lines, _bulleted, _quoted):
        found = read(text)
        if found and cut and read is not _tagged:  # a closing tag shows that its text is whole
            found = found[:-1]
        near = read is numbered_lines and not cut and count > 3 and abs(len(found) - count) == 1
        fewer = near or len(found) < count and (cut or read in (_tagged, _yaml))
        if all(text.strip() for text in found) and found and (fewer or len(found) == count):
            return found
    return []


def _tagged(text: str) -> list[str]:
    """What stands between <text> and </text>, or the like."""
    inner = _between_tags(text)
    if any(_ANY_TAG.search(body) for body in inner):  # tags within: <message><number>1</number><text>...
        inner = _between_tags("\n".join(inner))
    if any(_ANY_TAG.search(body) for body in inner):
        return []
    escaped = not any(re.search(r"&(?!#?\w{1,10};)", body) for body in inner)
    inner = [_CDATA.sub(r"\1", body) for body in inner]
    return [html.unescape(body) if escaped else body for body in inner]


def _between_tags(text: str) -> list[str]:
    out, at, lower = [], 0, text.lower()
    while opening := _TAG.search(text, at):
        closing = lower.find(f"</{opening[1].lower()}>", opening.end())
        if closing < 0:
            break
        out.append(text[opening.end() : closing])
        at = closing + 1
    return out


def _table(text: str) -> list[str]:
    """A markdown table with a column `text`; an escaped bar in it could be meant or not."""
    lines = [line.strip() for line in text.split("\n") if line.strip().startswith("|")]
    if len(lines) < 3 or not _CELL_RULE.fullmatch(lines[1]):
        return []
    if any("\\|" in line or not line.endswith("|") for line in lines):
        return []
    return _column([[cell.strip() for cell in line[1:-1].split("|")] for line in (lines[0], *lines[2:])])


def _csv(text: str) -> list[str]:
    """A table with commas, semicolons or tabs, from the line that names a column `text` on."""
    lines = _fenced(text).split("\n")
    for start, line in enumerate(lines):
        for mark in ",;\t":
            names = [name.strip().strip('"').lower() for name in line.split(mark)]
            if len(names) > 1 and "text" in names:
                below = io.StringIO("\n".join(lines[start + 1 :]), newline="")
                with suppress(csv.Error):
                    rows = list(csv.reader(below, delimiter=mark, strict=True, skipinitialspace=True))
                    ends = (i for i, row in enumerate(rows) if len(row) != len(names))
                    return _column([names, *rows[: next(ends, None)]])
                return []
    return []


def _column(cells: list[list[str]]) -> list[str]:
    """The column `text` of rows under a header, all of one width."""
    names = [name.strip().strip("*").lower() for name in cells[0]]
    if names.count("text") != 1 or any(len(row) != len(names) for row in cells):
        return []
    return [row[names.index("text")] for row in cells[1:]]


def _yaml(text: str) -> list[str]:
    """Lines `text: ...` of a YAML list, plain, quoted or as a block."""
    out, block, fold = [], None, " "
    for line in _fenced(text).split("\n"):
        indent = len(line) - len(line.lstrip())
        if block is not None and (not line.strip() or indent > block):
            out[-1].append(line.strip())
            continue
        block = None
        if found := _YAML_TEXT.fullmatch(line):
            value = (found[2] or "").strip()
            if re.fullmatch(r"[|>][+-]?", value):
                block, fold = len(line) - len(line.lstrip(" -")), "\n" if value[0] == "|" else " "
                out.append([])
            elif (plain := _scalar(value)) is not None:
                out.append([plain])
            else:
                return []
        elif out and line.strip() and not _YAML_OTHER.fullmatch(line):
            return []  # a plain text over several lines
    return [fold.join(lines).strip() for lines in out]


def _scalar(value: str) -> str | None:
    """What a YAML value on one line says; None where it goes on or is a reference."""
    if value[:1] == '"':
        return _string(value)
    if value[:1] == "'":
        inner = value[1:-1]
        whole = len(value) > 1 and value[-1] == "'" and "'" not in inner.replace("''", "")
        return inner.replace("''", "'") if whole else None
    return None if not value or value[0] in "&*!|>%@`[{" else value


def numbered_lines(text: str) -> list[str]:
    """The parts of "1. ... 2. ..." or "**Message 1:** ...", where the numbers go up from 1 without a gap."""
    parts: list[list[str]] = []
    noun = None
    ended = False  # by a blank line: whether what comes then is of the part above cannot be told
    for line in _fenced(text).split("\n"):
        found = NUMBERED.fullmatch(line)
        noun = noun if parts else found and found["noun"]
        found = found if found and found["noun"] == noun else None  # "Room 2: ..." within a text
        if found and int(found["number"]) == len(parts) + 1:
            parts.append([found["text"]] if found["text"].strip() else [])
            ended = False
        elif found and parts:
            return []
        elif not line.strip():
            ended = ended or bool(parts and parts[-1])
        elif parts and not ended:
            parts[-1].append(line)
        elif parts and not re.fullmatch(r"\s*[-*_]{3,}\s*", line):
            return []
    return ["\n".join(lines).strip() for lines in parts] if all(parts) else []


def _bulleted(text: str) -> list[str]:
    """Lines that begin with a dash, a star or a dot, and nothing between them."""
    found = _in_a_row([(line, _BULLET.fullmatch(line)) for line in _fenced(text).split("\n")])
    return [] if any(_YAML_OTHER.match(f[1]) for f in found) else [f[1].strip() for f in found]


def _quoted(text: str) -> list[str]:
    """Lines that are each a string in quotes, and nothing between them."""
    return _in_a_row([(line, _string(line.strip().rstrip(","))) for line in _fenced(text).split("\n")])


def _string(line: str) -> str | None:
    """What a line says that is a string in JSON."""
    with suppress(ValueError):
        return json.loads(line) if line[:1] == '"' else None
    return None


def _in_a_row(found: list[tuple]) -> list:
    """What was found in lines, where only blank ones stand between it and after it."""
    places = [i for i, (_, what) in enumerate(found) if what is not None]
    if not places or any(what is None and line.strip() for line, what in found[places[0] :]):
        return []
    return [found[i][1] for i in places]


def _fenced(text: str) -> str:
    """What stands in the one fence of a text, else the whole; without lines that are but a tag, and closing talk."""
    parts = re.split(r"^[ \t]*```[^\n]*$", text, flags=re.M)
    body = re.sub(r"^\s*</?\w+>[ \t]*$", "", parts[1] if len(parts) == 3 else text, flags=re.M)
    body, _, last = body.rstrip().rpartition("\n\n")
    return body if _TALK.match(last) else f"{body}\n\n{last}"
