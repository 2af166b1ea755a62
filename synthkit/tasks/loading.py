"""Any table of labelled texts as rows. What had to be guessed or mended is listed; nothing is changed silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import regex as re

from synthkit.core import withheld
from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result
from synthkit.core.rows import make_rows
from synthkit.core.text import fold, tidy
from synthkit.tasks.annotations import honour_status, join_annotators, refuse_nested_texts, refuse_tags, unwrap
from synthkit.tasks.columns import USUAL, find_roles
from synthkit.tasks.decoding import unescaped, unmangled
from synthkit.tasks.labels import joined_labels, spelt, unknown_labels
from synthkit.tasks.readers import read_table, read_texts
from synthkit.tasks.table import LEFT_OUT, Repair, Table, as_text

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

_FULL_NAME = re.compile(r"(?:\p{Lu}[\p{L}\p{M}'’.-]*[ ,]{1,2}){1,3}\p{Lu}[\p{L}\p{M}'’-]+")
STRANGE = "rows left out, for their label is not of the task"


@dataclass(frozen=True, repr=False)
class Loaded(Result):
    """Real rows `id, text, label` (and the source's other columns), all strings, and every repair."""

    rows: Dataset
    repairs: tuple[Repair, ...]
    source: str

    def summary(self) -> str:
        labels = f"{len(set(self.rows['label']))} labels" if "label" in self.rows.column_names else "no labels"
        return f"Loaded: {len(self.rows):,} rows, {labels} from {self.source}{repairs_summary(self.repairs)}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row a repair: source, row, column, what, value, fix."""
        return repairs_frame(self.repairs)


def repairs_frame(repairs: Iterable[Repair]) -> pd.DataFrame:
    """Return repairs as a frame: source, row, column, what, value, fix."""
    import pandas as pd

    lines = [("" if v is None else v for v in r[:-1]) for r in repairs]
    return pd.DataFrame([tuple(line) for line in lines], columns=Repair._fields[:-1])


def repairs_summary(repairs: Sequence[Repair]) -> str:
    """Return "; 3 rows left out, 2 repairs", or nothing where there are none."""
    out = sum(r.what == LEFT_OUT for r in repairs)
    parts = [f"{_count(out, 'row')} left out"] * bool(out)
    parts += [_count(len(repairs) - out, "repair")] * (len(repairs) > out)
    return "; " + ", ".join(parts) if parts else ""


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + "s" * (number != 1)


def load_rows(
    source,
    *,
    text: str | None = None,
    label: str | None = None,
    labels: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
    encoding: str | None = None,
    strict: bool = False,
    prefix: str = "row",
    labelled: bool = True,
) -> Loaded:
    """Return any table of labelled texts as rows, with a list of what was repaired.

    `source`: a CSV, TSV, JSONL, JSON or Parquet file (also packed as gz, bz2, xz or zip), the export of an annotation
    tool, a DataFrame, an Arrow table, a `datasets` object, a list of dicts, or the id of a dataset on the Hub
    ("owner/name", its train split). Columns go by their usual names, or by `text=` and `label=`. A bad row is left out
    and listed, with its number as counted in the source: its line in a file, from 0 elsewhere. Spellings of a label
    that differ in case, blanks, `_` or `-` become one: that of `labels` where it is given, else the commonest; `names`
    translates labels (theirs: ours) first. An encoding that has to be guessed is said; one that cannot be is refused,
    until `encoding=` names it. `strict=True` refuses every repair that changes, drops or guesses. Rows without an id
    get `prefix-0`, `prefix-1` ... In a folder of folders of .txt files a label is the name of its folder. With
    `labelled=False` texts need no labels, and the source may also be a list or column of texts, a folder of .txt files,
    or a .txt file with a text a line.

    >>> from synthkit import load_rows
    >>> loaded = load_rows([{"text": "cold soup", "label": ["menu"]}, {"text": "a cat!", "label": ["animals"]}])
    >>> loaded.rows[0]
    {'id': 'row-0', 'text': 'cold soup', 'label': 'menu'}
    >>> loaded.to_frame()["what"].tolist()
    ['label taken out of its list or object in 2 rows']
    """
    table = read_table(source, encoding=encoding) if labelled else read_texts(source, encoding=encoding)
    roles = find_roles(table, {"text": text, "label": label} if labelled else {"text": text})
    for role in {"text", "label"} & set(roles):
        table.columns[roles[role]] = unescaped(table, table.columns[roles[role]], role)
    if table.sensitive:
        _withhold(table, roles)
    if labelled:
        refuse_tags(table, roles["label"])
        honour_status(table, roles["label"])
        unwrap(table, roles["label"])
        joined_labels(table, roles["label"], labels)
    refuse_nested_texts(table, roles["text"])
    if labelled:
        join_annotators(table, roles["text"], roles["label"])
    rows = _cleaned(table, _by_role(table, roles), labels, names or {}, prefix)
    if strict and (bad := [r for r in table.repairs if not r.harmless]):
        more = f" (and {len(bad) - 1:,} more)" if len(bad) > 1 else ""
        raise SynthkitError(f"{_where(bad[0])}: {bad[0].what}: {bad[0].value}. {bad[0].fix}{more}")
    return Loaded(rows, tuple(table.repairs), table.name)


def _withhold(table: Table, roles: dict[str, str]) -> None:
    """Keep to this machine what is read from a file in the folder of a sensitive task, whoever reads it.

    That is one that its task.yaml names, raw texts, or what its patterns find something in. Cells of other columns that
    tell rows apart, and of those that hold whole names by their look, are kept as texts are, but for words of the yaml.
    """
    name, patterns = str(table.sensitive.get("name")), dict(table.sensitive.get("patterns") or {})
    withheld.withhold(name, (), patterns)
    texts = [as_text(cell) for cell in table.columns[roles["text"]]]
    others = [set(map(as_text, cells)) for name, cells in table.columns.items() if name not in roles.values()]
    public = fold(str(table.sensitive))
    whole = [sum(bool(_FULL_NAME.fullmatch(c) and fold(c) not in public) for c in cells) for cells in others]
    columns = [c for c, names in zip(others, whole, strict=True) if 2 * len(c) > len(texts) or 2 * names >= len(c)]
    telling = [c for cells in columns for c in cells if sum(map(str.isalpha, c)) > 2]
    named = [Path(n).name for n in dict(table.sensitive.get("source") or {}).values() if isinstance(n, str)]
    if "label" not in roles or Path(table.name).name in named or any(withheld.shown(t) != t for t in texts):
        withheld.withhold(name, texts, patterns, cells=telling)


def _where(repair: Repair) -> str:
    return repair.source + (f", row {repair.row}" if repair.row is not None else "")


def _by_role(table: Table, roles: dict[str, str]) -> dict[str, list[str]]:
    """Return all columns as texts, those with a role under its name."""
    renamed = {name: role for role, name in roles.items()}
    others = [name for name in table.columns if name not in renamed]
    called = {**renamed, **{name: f"{name} (other)" if name in USUAL else name for name in others}}
    order = [*roles.values(), *others]
    return {called[n]: [v if type(v) is str else as_text(v) for v in table.columns[n]] for n in order}


def _cleaned(table: Table, columns: dict[str, list[str]], labels, names: Mapping[str, str], prefix: str) -> Dataset:
    raw = columns["text"] = unmangled(table, columns["text"], "text")
    if "label" in columns:
        columns["label"] = unmangled(table, columns["label"], "label")
    texts = [tidy(t) for t in raw]
    plain = (re.sub("\r\n?", "\n", t).strip() for t in raw)
    if changed := sum(a != b for a, b in zip(texts, plain, strict=True)):
        table.note("cleaned of control characters, broken Unicode", f"{changed:,} texts", "nothing", column="text")
    labelled = "label" in columns
    spellings = spelt(table, columns["label"], labels, names) if labelled else [""] * len(texts)
    strange, quoted = {}, not table.sensitive
    if labels is not None and labelled:
        strange = unknown_labels(Counter(spellings), list(labels), quoted=quoted)
    for name, sentence in strange.items():
        table.note(STRANGE, name if quoted else f"[{len(name.split())} words]", sentence, column="label")
    keep = []
    for i, (text, name, number) in enumerate(zip(texts, spellings, table.numbers, strict=True)):
        if text and (name or not labelled) and name not in strange and (text.isascii() or fold(text)):
            keep.append(i)
            continue
        empty = not fold(text)
        what = raw[i] if empty else name or text
        fix = "The text is empty. Remove the row or fill it in" if empty else strange.get(name)
        fix = fix or "The label is empty. Remove the row or fill it in"
        table.note(LEFT_OUT, what, fix, row=number, column="text" if empty else "label")
    if not keep:
        first = table.repairs[-1] if table.repairs else Repair(table.name, None, "", "", "", "no rows")
        raise SynthkitError(f"{_where(first)}: {first.fix}. No row of {table.name} can be used")
    kept = {c: [values[i] for i in keep] for c, values in columns.items()}
    kept["text"] = [texts[i] for i in keep]
    if labelled:
        kept["label"] = [spellings[i] for i in keep]
    if labelled and len(set(kept["label"])) < 2:
        gone = [f". {_where(r)} was left out ({r.value}): {r.fix}" for r in table.repairs if r.what == LEFT_OUT]
        only = f"only one label ({kept['label'][0]!r}); a classifier needs at least two"
        raise SynthkitError(f"{table.name}: {only}{''.join(gone[:3])}")
    numbers = [table.numbers[i] for i in keep]
    if addresses := sum("@" in i for i in kept.get("id", ())):
        table.note(
            "ids replaced by numbers", f"{addresses:,} ids hold an address", "Give ids that name nobody", column="id"
        )
        del kept["id"]
    kept["id"] = _unique(table, kept["id"], numbers) if "id" in kept else [f"{prefix}-{i}" for i in keep]
    kept = {c: [v if v.isascii() else v.encode("utf-8", "replace").decode() for v in vs] for c, vs in kept.items()}
    order = ["id", "text"] + ["label"] * labelled
    return make_rows({name: kept[name] for name in [*order, *(c for c in kept if c not in order)]})


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
