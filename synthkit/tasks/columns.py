"""Which column holds the text, the label, the id: named, by its usual name, or found by what stands in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from synthkit.core.errors import SynthkitError
from synthkit.tasks.table import Table, as_text

USUAL = {
    "id": ["id", "row_id", "uuid", "guid"],
    "text": ["text", "sentence", "review", "content", "body", "message", "comment", "utterance", "query", "question"],
    "label": ["label", "labels", "class", "category", "intent", "sentiment", "topic", "target", "stars", "rating"],
}
# where annotation tools put an answer, looked for where no usual name is met
_ANSWERS = re.compile(r"(?i).+\.responses|responses|accept|cats|annotations?|choices?|answer_label")
_ASIDE = re.compile(r"(?i)(.*[._-])?(suggestions?|scores?|users?|status|agent|vectors|metadata|hash|hashes)([._-].*)?")
_PARTS = re.compile(r"(?i)(.*_)?(spans?|entities|tokens|tags|relations)")
LOOKED_AT = 5000  # rows from which a role is guessed


def bare_name(name: str) -> str:
    """Return a name without invisible characters and blanks around it."""
    return "".join(c for c in name if unicodedata.category(c) not in ("Cf", "Cc")).strip()


def usual_roles(names: Iterable[str]) -> int:
    """Return how many of the roles text and label are among the names, 0 to 2."""
    found = {bare_name(name).strip('"').casefold() for name in names}
    return sum(bool(found & set(USUAL[role])) for role in ("text", "label"))


def find_roles(table: Table, given: dict[str, str | None]) -> dict[str, str]:
    """Return the columns that hold text, label and id (where there is one); what was guessed is noted."""
    names, found = list(table.columns), {}
    listed = ", ".join(map(str, names[:20]))
    if not table.numbers:
        raise table.no_rows()
    for role, wanted in given.items():
        if wanted is not None and wanted not in names:
            raise SynthkitError(f"{table.name}: {role}={wanted!r} is not a column; columns are: {listed}")
    for role, usual in USUAL.items():
        if role not in (*given, "id"):
            continue
        free = [n for n in names if n not in found.values() and n not in given.values()]
        if given.get(role) is not None:
            found[role] = given[role]
        elif alike := _alike(free, role, usual):
            if len(alike) > 1 and role != "id":
                could = " and ".join(map(repr, alike))
                raise SynthkitError(f"{table.name}: {could} could each be the {role}. Name one: {role}={alike[0]!r}")
            found[role] = alike[0]
            if alike[0] != role:
                table.note(f"used as {role}", alike[0], f"Another one? Name it: {role}=", column=alike[0])
    for role in given:
        if role not in found:
            free = [n for n in names if n not in found.values() and not _ASIDE.fullmatch(n)]
            guess = _guess(table, role, free, found)
            if guess is None:
                parts = [n for n in names if _PARTS.fullmatch(n)]
                hint = f" ({parts[:1]} is about parts of a text; rows here have one label for all of it)" * bool(parts)
                if role == "label":
                    hint = hint or _zeros_and_ones(table, free)
                    hint = hint if free else " (texts alone are read with labelled=False)"
                raise SynthkitError(
                    f"{table.name}: no column {role!r}{hint}; columns are: {listed}. "
                    f"Rename one to it, or name it: {role}=..."
                )
            found[role] = guess
            fix = f"Found by what stands in it. Another one? Name it: {role}="
            table.note(f"used as {role}", guess, fix, column=guess)
    return found


def _alike(free: Sequence[str], role: str, usual: Sequence[str]) -> list[str]:
    plain = {n: bare_name(n).casefold() for n in free}
    exact = [n for n in free if n == role] or [n for n in free if plain[n] == role]
    alike = exact or [n for n in free if plain[n] in usual]
    if not alike and role == "label":
        alike = [n for n in free if _ANSWERS.fullmatch(plain[n])]
    return alike


def _guess(table: Table, role: str, free: Sequence[str], found: dict[str, str]) -> str | None:
    """Return the one column that can play a role by its values, or None where none or several can."""
    seen = {n: [t for v in table.columns[n][:LOOKED_AT] if (t := as_text(v).strip())] for n in free}
    seen = {n: texts for n, texts in seen.items() if texts}
    if role == "text":
        if len(seen) == 1 and any(map(str.isalpha, "".join(*seen.values()))):
            return next(iter(seen))
        seen = {
            n: t for n, t in seen.items() if 2 * sum(map(str.isalpha, "".join(t))) > sum(map(str.isalnum, "".join(t)))
        }
        sentences = {n: t for n, t in seen.items() if len(set(t)) * 2 > len(t) and _words(t) >= 2}
        long = sorted(sentences, key=lambda n: -_words(sentences[n]))
        if not long or (len(long) > 1 and _words(sentences[long[0]]) < 3 * _words(sentences[long[1]])):
            return None
        return long[0]
    rows = len(table.numbers)
    few = [
        n
        for n, texts in seen.items()
        if 2 <= len(set(texts)) <= min(200, 0.67 * len(texts))
        and max(map(len, texts)) <= 60
        and len(texts) * 2 > min(rows, LOOKED_AT)
        and not all(re.fullmatch(r"[-\d.,:/ T]{4,}|\d*[.,]\d+", t) for t in texts)  # dates and measures
    ]
    return few[0] if len(few) == 1 else None


def _zeros_and_ones(table: Table, free: Sequence[str]) -> str:
    """Return what to do where each label has a column of its own."""
    marked = [n for n in free if {as_text(v).strip().removesuffix(".0") for v in table.columns[n]} == {"0", "1"}]
    return f" ({', '.join(marked[:3])} hold 0 and 1: make one label of them, df[{marked}].idxmax(axis=1))" * (
        len(marked) > 1
    )


def _words(texts: Sequence[str]) -> float:
    """Return the mean length of texts in words; where a script has no blanks, six letters count as one."""
    return sum(max(len(t.split()), 0 if t.isascii() else len(t) / 6) for t in texts) / len(texts)
