"""Texts that a model wrote as a list instead of JSON: tags, a table, YAML, lines with numbers, bullets or nothing.

Each reader gives all texts of a reply or none: a list whose parts cannot be told apart for certain is no list.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
from contextlib import suppress
from itertools import takewhile

_TAG = re.compile(
    r"<((?:text|message|review|comment|example|item|sentence|content)(?:_\d{1,3})?|li)\b[^<>]{0,200}>", re.I
)
_ANY_TAG = re.compile(r"<\w{1,40}\b[^<>]{0,200}>")
_CDATA = re.compile(r"\s*<!\[CDATA\[(.*)\]\]>\s*", re.S)
_CELL_RULE = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")
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
_SPEAKS = re.compile(r"(?:sure|okay|of course|here|let['’]?s|the user|we need|i(?:['’]ll| will| can| need to))\b", re.I)
_GAP = re.compile(r"\n\s*(?:[-*_]{3,}\s*)?\n\s*")
_ODD = re.compile(r"\s*(?:[][{}<>#|]|```|[^\w\s“\"'‘«„¡¿(@]\s)")
_BULLET = re.compile(r"\s{0,3}[-*•–·]\s+(.*)", re.S)


def listed_texts(text: str, count: int, *, cut: bool) -> list[str]:
    """Return the texts of a list; [] unless there are `count` of them, or fewer of which the last is cut off.

    >>> listed_texts("Here you are:\\n\\n1. The soup was cold.\\n2. No table free!\\n\\nEnjoy", 2, cut=False)
    ['The soup was cold.', 'No table free!']
    """
    if _REFUSES.match(text) and not NUMBERED.fullmatch(text.partition("\n")[0]):
        return []  # a list of reasons
    for read in (_tagged, _table, _csv, _yaml, numbered_lines, _bulleted, _quoted, _unmarked):
        if read is _unmarked and (cut or count < 3):
            break  # prose, and its end is not known
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
    """A markdown table; an escaped bar in it could be meant or not."""
    lines = [line.strip() for line in _fenced(text).split("\n")]
    rule = next((i for i, line in enumerate(lines) if i and "|" in line and _CELL_RULE.fullmatch(line)), 0)
    rows = [lines[rule - 1], *takewhile(lambda line: "|" in line, lines[rule + 1 :])]
    edges = [(line.startswith("|"), line.endswith("|")) for line in (lines[rule], *rows)]
    if not rule or len(set(edges)) > 1 or any("\\|" in line for line in rows):
        return []
    left, right = edges[0]
    return _column([[cell.strip() for cell in line[left : len(line) - right].split("|")] for line in rows])


def _csv(text: str) -> list[str]:
    """A table with commas, semicolons or tabs, from the line that names a column `text`, or that is number 1, on."""
    lines = _fenced(text).split("\n")
    for start, line in enumerate(lines):
        for mark in ",;\t":
            names = [name.strip().strip('"').lower() for name in line.split(mark)]
            if len(names) > 1 and ("text" in names or names[0] == "1"):
                below = io.StringIO("\n".join(lines[start + ("text" in names) :]), newline="")
                with suppress(csv.Error):
                    rows = list(csv.reader(below, delimiter=mark, strict=True, skipinitialspace=True))
                    names = names if "text" in names else [""] * len(rows[0])
                    ends = (i for i, row in enumerate(rows) if len(row) != len(names))
                    return _column([names, *rows[: next(ends, None)]])
                return []
    return []


def _column(cells: list[list[str]]) -> list[str]:
    """The column `text` of rows under a header, or the only one that neither counts the rows nor stays the same."""
    names = [name.strip().strip("*").lower() for name in cells[0]]
    if any(len(row) != len(names) for row in cells):
        return []
    columns = [list(column) for column in zip(*cells[1:], strict=True)]
    if "text" in names:
        return columns[names.index("text")] if columns and names.count("text") == 1 else []
    counts = [str(i) for i in range(1, len(cells))]
    numbers = [[re.sub(r"\D", "", cell) if len(cell) < 15 else "" for cell in column] for column in columns]
    texts = [c for c, number in zip(columns, numbers, strict=True) if number != counts and len(set(c)) > 1]
    return texts[0] if len(texts) == 1 else []


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


def _unmarked(text: str) -> list[str]:
    """Lines, or paragraphs where blank lines part them, below an opening with a colon; nothing that speaks to us."""
    body = re.sub(r"\A[^\n]*[:：]\s*\n", "", _fenced(text).strip()).strip()
    apart = {re.sub(r"[ \t]", "", gap) for gap in _GAP.findall(body)}
    parts = _GAP.split(body) if apart else body.split("\n")
    odd = any(_ODD.match(part) or re.search(r"[:：{[]\s*\Z", part) or _TALK.match(part) for part in parts)
    alike = (r"\s*\d", r".*[?？]\s*\Z", r"\s*[\w ]{1,30}[:：\t]")  # a list of some kind, questions to us, a form
    odd |= any(all(re.match(kind, part, re.S) for part in parts) for kind in alike)
    return [] if odd or len(apart) > 1 or _SPEAKS.match(parts[0]) else [part.strip() for part in parts]


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
    body = re.sub(r"\A(?:json|text)[ \t]*$|^\s*</?\w+>[ \t]*$", "", parts[1] if len(parts) == 3 else text, flags=re.M)
    body, _, last = body.rstrip().rpartition("\n\n")
    return body if _TALK.match(last) else f"{body}\n\n{last}"
