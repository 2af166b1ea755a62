"""Labels as people spell them: one spelling each, none that is a score, and what is wrong with them in words."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from synthkit.core.errors import SynthkitError
from synthkit.core.text import tidy
from synthkit.tasks.table import Table

_JOINERS = "\u200c\u200d"  # they shape letters and emoji, and belong to a name
_MISSING_AS_TEXT = {"nan", "NaN", "<NA>", "NaT", "None", "N/A", "n/a", "#N/A", "null", "NULL", "-", "?"}
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
_WHOLE = re.compile(r"(-?\d+)([.,]0+)?")
ALL_DIFFER = 8  # rows from which a label of its own in each is said
_SEVERAL = re.compile(r"\s*[,;|]\s*")


def spelt(table: Table, cells: Sequence[str], known: Iterable[str] | None, names: Mapping[str, str]) -> list[str]:
    """Return labels in one spelling each: by `names` (theirs: ours), that of `known`, else the commonest."""
    counts = Counter(cells)
    clean = {cell: visible(cell) for cell in counts}
    if changed := [c for c in counts if clean[c] != tidy(c)]:
        rows = sum(counts[c] for c in changed)
        table.note(f"invisible characters removed in {rows:,} rows", ascii(changed[0]), "nothing", column="label")
    clean.update({cell: names[name] for cell, name in clean.items() if name in names})
    refuse_scores(table, Counter({clean[c]: n for c, n in counts.items() if clean[c]}), known)
    clean = _whole_numbers(table, clean, known)
    sums: Counter = Counter()
    for cell, n in counts.items():
        sums[clean[cell]] += n
    if known is None and all(re.fullmatch(r"\d{1,3}", name) for name in sums if name):
        fix = "A prompt needs words: names={'0': ..., '1': ...}"
        table.note("labels are numbers", ", ".join(sorted(filter(None, sums))), fix, column="label", harmless=True)
    if known is None and len(cells) >= ALL_DIFFER and len(sums) == len(cells):
        fix = "Is it an id, a date, or the text? Name the columns: text=, label="
        table.note("every row has a label of its own", cells[0], fix, column="label")
    into = _reconciled(table, sums, known)
    for name in _MISSING_AS_TEXT & set(sums) - set(known or ()):
        what = f"a label that looks like a missing value, in {sums[name]:,} rows"
        table.note(what, name, "Leave these rows out?", column="label")
    out = {cell: into.get(name, name) for cell, name in clean.items()}
    return [out[cell] for cell in cells]


def visible(label: str) -> str:
    """Return a label without invisible characters; joiners inside of it stay."""
    label = tidy(label)
    if label.isascii():
        return label
    label = "".join(c for c in label if c in _JOINERS or unicodedata.category(c) != "Cf")
    return re.sub(r"[^\S\n\t ]", " ", label).strip().strip(_JOINERS)


def _whole_numbers(table: Table, clean: dict[str, str], known) -> dict[str, str]:
    """Read 1.0 and 1,0 as 1 where all labels are whole: a missing label made somebody's table of them decimal."""
    labels = {name for name in clean.values() if name}
    decimal = {n for n in labels if not n.lstrip("-").isdigit()}
    if not decimal or labels & set(known or ()) or not all(map(_WHOLE.fullmatch, labels)):
        return clean
    first = min(decimal)
    table.note(f"whole numbers: label read as {_WHOLE.fullmatch(first)[1]!r}", first, "nothing", column="label")
    return {cell: name and _WHOLE.fullmatch(name)[1] for cell, name in clean.items()}


def joined_labels(table: Table, column: str, known: Iterable[str] | None) -> None:
    """Leave out the rows whose label is several labels that also stand alone, as forms join what was ticked."""
    cells = [cell if isinstance(cell, str) else "" for cell in table.columns[column]]
    clean = {cell: visible(cell) for cell in set(cells)}
    alone = {spelling_key(name) for name in [*(known or ()), *(n for n in clean.values() if not _SEVERAL.search(n))]}
    joined = {}
    for cell, name in clean.items():
        parts = [part for part in _SEVERAL.split(name) if part]
        if len(parts) > 1 and spelling_key(name) not in alone and alone.issuperset(map(spelling_key, parts)):
            fix = "Rows here have one label: decide on one, or make a task of each"
            joined[cell] = (f"{len(parts)} labels: {name}", fix)
    reasons = {i: joined[cell] for i, cell in enumerate(cells) if cell in joined}
    table.leave_out(reasons, column="label")


def refuse_scores(table: Table, counts: Counter, known: Iterable[str] | None) -> None:
    """Raise where labels are numbers on a scale rather than names of classes."""
    labels, rows = list(counts), sum(counts.values())
    if known is not None or rows < 8 or not all(_NUMBER.fullmatch(n) for n in labels):
        return
    numbers = [float(n.replace(",", ".")) for n in labels]
    decimal = any(n != int(n) for n in numbers if abs(n) < 1e15)
    gaps = max(numbers) - min(numbers) > 3 * len(numbers)  # the numbers of classes leave none
    many = len(labels) > rows / 3 and (decimal or gaps or len(labels) > 0.6 * rows)
    if many and len(labels) > (5 if decimal else 15):
        raise SynthkitError(
            f"{table.name}: the label looks like a score: {len(labels)} different numbers in {rows:,} rows. "
            "Cut it into bins with a name each, or name another column with label="
        )


def _reconciled(table: Table, counts: Counter, known: Iterable[str] | None) -> dict[str, str]:
    """Return the spelling that stands for others by their spelling."""
    spelling: dict[str, str] = {}
    if known is not None:
        keys = Counter(spelling_key(name) for name in known)
        spelling = {spelling_key(name): name for name in known if keys[spelling_key(name)] == 1}
    else:
        for name, _ in sorted(counts.items(), key=lambda item: -item[1]):
            spelling.setdefault(spelling_key(name), name)
    changed = {
        n: spelling[spelling_key(n)] for n in counts if spelling.get(spelling_key(n), n) != n and n not in (known or ())
    }
    for name, into in changed.items():
        table.note(f"label read as {into!r} in {counts[name]:,} rows", name, "Spell it one way", column="label")
    return changed


def spelling_key(label: str) -> str:
    """Return what spellings of a label share that differ in case, blanks, `_` or `-` between letters."""
    # between letters only: the sign of -1 is no hyphen; whether an emoji is drawn in colours makes no label
    return re.sub(r"(?<=\w)[\s_-]+(?=\w)", " ", re.sub("[\ufe0e\ufe0f]", "", label.casefold()))


def unknown_labels(counts: Mapping[str, int], known: Sequence[str], *, quoted: bool = True) -> dict[str, str]:
    """Return for each label that is not known what to say of it: its rows, and the nearest known one.

    Unless `quoted` it is not repeated: what stands in the wrong column may be a name.
    """
    out = {}
    for name, rows in counts.items():
        if name and name not in known:
            near = _nearest(name, known)
            hint = f" - did you mean {near!r}?" if near else "."
            listed = ", ".join(known[:20]) + (" ..." if len(known) > 20 else "")
            called = repr(name) if quoted else f"of {len(name.split())} words"
            out[name] = f"unknown label {called} in {rows:,} row{'s' * (rows != 1)}{hint} Known: {listed}"
    return out


def _nearest(name: str, known: Sequence[str]) -> str | None:
    plain = {re.sub(r"\W", "", k.casefold()) or k: k for k in known}
    bare = re.sub(r"\W", "", name.casefold())
    if bare in plain:
        return plain[bare]
    near = difflib.get_close_matches(bare, list(plain), n=1, cutoff=0.6)
    return plain[near[0]] if near else None


def label_notes(train: Sequence[str], test: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return sentences about the labels with no row or one row in train, or with none in test."""
    counts, tested = Counter(train), Counter(test)
    known = list(known)
    none, one = ([n for n in known if counts[n] == rows] for rows in (0, 1))
    notes = []
    if none:
        notes.append(f"no rows in train: {_listed(none)} (no seeds, nothing real to train on)")
    if one:
        notes.append(f"one row in train: {_listed(one)} (too few for seeds and for a check of the label)")
    if untested := [n for n in known if not tested[n]]:
        notes.append(f"no rows in test: {_listed(untested)} (how well it is told apart is not measured)")
    return tuple(notes)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"label{'s' * (len(names) > 1)} " + ", ".join(map(repr, names[:5])) + more
