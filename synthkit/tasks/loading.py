"""Any table of labelled texts as rows. What had to be guessed or mended is listed; nothing is changed silently."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.results import Result
from synthkit.core.rows import make_rows
from synthkit.core.text import tidy
from synthkit.tasks.readers import LEFT_OUT, USUAL, Repair, Table, read_table

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset


@dataclass(frozen=True, repr=False)
class Loaded(Result):
    """Real rows `id, text, label` (and the source's other columns), all strings, and every repair."""

    rows: Dataset
    repairs: tuple[Repair, ...]
    source: str

    def summary(self) -> str:
        return f"Loaded: {len(self.rows):,} rows, {len(set(self.rows['label']))} labels from {self.source}" + said(
            self.repairs
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a repair: source, row, column, what, value, fix."""
        return repairs_frame(self.repairs)


def repairs_frame(repairs: Iterable[Repair]) -> pd.DataFrame:
    """Return repairs as a frame: source, row, column, what, value, fix."""
    import pandas as pd

    lines = [("" if v is None else v for v in r[:-1]) for r in repairs]
    return pd.DataFrame([tuple(line) for line in lines], columns=Repair._fields[:-1])


def said(repairs: Sequence[Repair]) -> str:
    """Return "; 3 rows left out, 2 repairs", or nothing where there are none."""
    out = sum(r.what == LEFT_OUT for r in repairs)
    parts = [f"{_count(out, 'row')} left out"] * bool(out)
    parts += [_count(len(repairs) - out, "repair")] * (len(repairs) > out)
    return "; " + ", ".join(parts) if parts else ""


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + "s" * (number != 1)


def load_rows(
    source, *, text: str | None = None, label: str | None = None, labels=None, strict: bool = False, prefix: str = "row"
) -> Loaded:
    """Return any table of labelled texts as rows, with a list of what was repaired.

    `source`: a CSV, TSV, JSONL, JSON or Parquet file, a DataFrame, a `datasets.Dataset`, a list of dicts, or the id of
    a dataset on the Hub ("owner/name", its train split). Columns go by their usual names, or by `text=` and `label=`.
    A bad row is left out and listed, with its number as counted in the source: a CSV's first row below the header is
    2, a frame's first row is 0. Spellings of a label that differ in case, blanks, `_` or `-` become one: that of
    `labels` where it is given, else the commonest. `strict=True` refuses every repair that changes, drops or guesses.
    Rows without an id get `prefix-0`, `prefix-1` ...
    """
    table = read_table(source)
    columns = _named(table, {"text": text, "label": label})
    rows = _cleaned(table, columns, labels, prefix)
    if strict and (bad := [r for r in table.repairs if not r.harmless]):
        more = f" (and {len(bad) - 1:,} more)" if len(bad) > 1 else ""
        raise SynthkitError(f"{_where(bad[0])}: {bad[0].what}: {bad[0].value}. {bad[0].fix}{more}")
    return Loaded(rows, tuple(table.repairs), table.name)


def _where(repair: Repair) -> str:
    return repair.source + (f", row {repair.row}" if repair.row is not None else "")


def _named(table: Table, given: dict[str, str | None]) -> dict[str, list[str]]:
    """Return the columns with text, label and id under those names."""
    names, found = list(table.columns), {}
    listed = ", ".join(names[:20])
    if not table.numbers:
        raise SynthkitError(f"{table.name} has no rows" + (" left" if table.repairs else ""))
    for role, usual in USUAL.items():
        wanted = given.get(role)
        if wanted is not None:
            if wanted not in names:
                raise SynthkitError(f"{table.name}: {role}={wanted!r} is not a column; columns are: {listed}")
            found[role] = wanted
            continue
        free = [n for n in names if n not in found.values() and n not in given.values()]
        alike = [n for n in free if n == role] or [n for n in free if n.casefold().strip() == role]
        alike = alike or [n for n in free if n.casefold().strip() in usual]
        if len(alike) > 1 and role != "id":
            could = " and ".join(map(repr, alike))
            raise SynthkitError(f"{table.name}: {could} could each be the {role}. Name one: {role}={alike[0]!r}")
        if alike:
            found[role] = alike[0]
            if alike[0] != role:
                table.note(f"used as {role}", alike[0], f"Another one? Name it: {role}=", column=alike[0])
        elif role != "id":
            raise SynthkitError(
                f"{table.name}: no column {role!r}; columns are: {listed}. Rename one to it, or name it: {role}=..."
            )
    taken = set(found.values())
    columns = {role: table.columns[name] for role, name in found.items()}
    rest = {name: table.columns[name] for name in names if name not in taken}
    return {**columns, **{f"{n} (other)" if n in USUAL else n: values for n, values in rest.items()}}


def _cleaned(table: Table, columns: dict[str, list[str]], labels, prefix: str) -> Dataset:
    raw = columns["text"]
    texts = [tidy(t) for t in raw]
    plain = (re.sub("\r\n?", "\n", t).strip() for t in raw)
    if changed := sum(a != b for a, b in zip(texts, plain, strict=True)):
        table.note("cleaned of control characters, broken Unicode", f"{changed:,} texts", "nothing", column="text")
    names = _reconciled(table, [tidy(v) for v in columns["label"]], labels)
    keep = []
    for i, (text, name, number) in enumerate(zip(texts, names, table.numbers, strict=True)):
        at = {"row": number, "column": "label" if text else "text"}
        if not text:
            table.note(LEFT_OUT, raw[i], "The text is empty. Remove the row or fill it in", **at)
        elif not name:
            table.note(LEFT_OUT, text, "The label is empty. Remove the row or fill it in", **at)
        elif labels is not None and name not in labels:
            table.note(LEFT_OUT, name, str(unknown("label", name, labels)), **at)
        else:
            keep.append(i)
    if not keep:
        first = table.repairs[-1]
        raise SynthkitError(f"{_where(first)}: {first.fix}. No row of {table.name} can be used")
    kept = {c: [values[i] for i in keep] for c, values in columns.items()}
    kept["text"], kept["label"] = [texts[i] for i in keep], [names[i] for i in keep]
    if len(set(kept["label"])) < 2:
        gone = [f". {_where(r)} was left out ({r.value}): {r.fix}" for r in table.repairs if r.what == LEFT_OUT]
        only = f"only one label ({kept['label'][0]!r}); a classifier needs at least two"
        raise SynthkitError(f"{table.name}: {only}{''.join(gone[:2])}")
    numbers = [table.numbers[i] for i in keep]
    if addresses := sum("@" in i for i in kept.get("id", ())):
        table.note(
            "ids replaced by numbers", f"{addresses:,} ids hold an address", "Give ids that name nobody", column="id"
        )
        del kept["id"]
    kept["id"] = _unique(table, kept["id"], numbers) if "id" in kept else [f"{prefix}-{i}" for i in keep]
    kept = {c: [v if v.isascii() else v.encode("utf-8", "replace").decode() for v in vs] for c, vs in kept.items()}
    order = ["id", "text", "label"]
    return make_rows({name: kept[name] for name in [*order, *(c for c in kept if c not in order)]})


def _reconciled(table: Table, names: list[str], labels) -> list[str]:
    """Spell each label one way."""
    counts = Counter(name for name in names if name)
    spelt: dict[str, str] = {}
    if labels is not None:
        keys = Counter(_key(name) for name in labels)
        spelt = {_key(name): name for name in labels if keys[_key(name)] == 1}
    else:
        for name, _ in sorted(counts.items(), key=lambda item: -item[1]):
            spelt.setdefault(_key(name), name)
    changed = {n: spelt[_key(n)] for n in counts if spelt.get(_key(n), n) != n and n not in (labels or ())}
    for name, into in changed.items():
        table.note(f"label read as {into!r} in {counts[name]:,} rows", name, "Spell it one way", column="label")
    return [changed.get(name, name) for name in names]


def _key(label: str) -> str:
    # between letters only: the sign of -1 is no hyphen
    return re.sub(r"(?<=\w)[\s_-]+(?=\w)", " ", label.casefold())


def _unique(table: Table, ids: list[str], numbers: list[int]) -> list[str]:
    used, out = set(), []
    known = set(ids)
    for i, number in zip(ids, numbers, strict=True):
        new, again = i, 2
        while not new or new in used or (new != i and new in known):
            new, again = f"{i or 'row'}~{again}", again + 1
        if new != i:
            what = f"id made {new!r}" + (", for it was used before" if i else ", for it was empty")
            table.note(what, i, "Give each row an id of its own", row=number, column="id")
        used.add(new)
        out.append(new)
    return out
