"""The real rows of a task in their roles, and where they come from: files, a folder beside the project, the Hub."""

from __future__ import annotations

import os
import warnings
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synthkit.core import withheld
from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result
from synthkit.core.rows import make_rows, split_off
from synthkit.core.text import fold
from synthkit.tasks.hub import load_hub
from synthkit.tasks.labels import label_notes
from synthkit.tasks.loading import STRANGE, Loaded, load_rows, repairs_summary
from synthkit.tasks.table import LEFT_OUT, Repair, without_words

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.tasks.task import Task

VALIDATION_SHARE = 0.2  # of train, where the source has no validation rows
HIDDEN = "train"  # as `unlabelled:` the rows of train, their labels hidden
USUAL_K = 10  # seeds a label where nobody says another number


@dataclass(frozen=True, repr=False, eq=False)
class Splits(Result):
    """Real rows by role: `train` may be drawn from and trained on, `validation` chooses, `test` is scored once.

    `unlabelled` (`id`, `text`) may be labelled by a model and then trained on; None where a task has none.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    repairs: tuple[Repair, ...] = ()
    notes: tuple[str, ...] = ()  # what to know before anything is spent: rows left out, labels without rows
    validation_from_train: bool = False
    unlabelled: Dataset | None = None

    def summary(self) -> str:
        sizes = f"{len(self.train):,} train, {len(self.validation):,} validation, {len(self.test):,} test"
        if self.unlabelled is not None and self.unlabelled["id"] != self.train["id"]:
            sizes += f", {len(self.unlabelled):,} unlabelled"
        return f"Splits: {sizes}{repairs_summary(self.repairs)}" + "".join(f"; {note}" for note in self.notes)

    def to_frame(self):
        import pandas as pd

        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        counts = pd.DataFrame({name: pd.Series(rows["label"]).value_counts() for name, rows in parts.items()})
        return counts.fillna(0).astype(int).rename_axis("label").reset_index()


def load_splits(task: Task) -> Splits:
    """Return the real rows of a task in their roles; a fifth of train becomes validation where none is given.

    Rows left out, misspelt labels, and labels with no row or one row are in `notes`, and warned of.
    """
    source = task.source
    has_files = "train" in source
    parts = _own_rows(task) if has_files else third_party_rows(task.name, task.labels, task.source)
    if "test" not in parts:
        raise SynthkitError(f"task {task.name!r}: `source` names no test rows; a verdict needs real rows nobody saw")
    rows = {name: part.rows for name, part in parts.items()}
    notes = _left_out(parts) if has_files else ()
    notes += label_notes(rows["train"]["label"], rows["test"]["label"], task.labels)
    split = "validation" not in rows
    if split:
        whole = Counter(rows["train"]["label"])
        rows["train"], rows["validation"] = _validation(rows["train"])
        left = Counter(rows["train"]["label"])
        if few := [n for n in task.labels if whole[n] >= USUAL_K > left[n]]:
            notes += (
                f"no validation rows are named, so a fifth of train became them: label {few[0]!r} has {left[few[0]]} "
                f"of its {whole[few[0]]} rows left, fewer than {USUAL_K} seeds",
            )
    if pool := task.source.get("unlabelled"):
        parts["unlabelled"], rows["unlabelled"] = _pool(task, pool, rows["train"])
        if pool != HIDDEN:
            known = {fold(text) for name in ("train", "validation", "test") for text in rows[name]["text"]}
            free = [i for i, text in enumerate(rows["unlabelled"]["text"]) if fold(text) not in known]
            if again := len(rows["unlabelled"]) - len(free):
                notes += (f"{again:,} unlabelled texts left out: they are among the labelled rows",)
                rows["unlabelled"] = rows["unlabelled"].select(free)
    for name, some in rows.items():
        rows[name] = _numbered(some, name) if task.sensitive else some
        if task.sensitive:
            withheld.withhold(task.name, some["text"], task.patterns)
        belongs_to(rows[name], task)
    if notes:
        warnings.warn(f"task {task.name!r}: {'; '.join(notes)}", stacklevel=4)  # the line that asked for task.splits
    repairs = tuple(without_words(r) if task.sensitive else r for part in parts.values() for r in part.repairs)
    return Splits(**rows, repairs=repairs, notes=notes, validation_from_train=split)


def _own_rows(task: Task) -> dict[str, Loaded]:
    source = task.source
    columns = {"text": None, "label": None, **source.get("columns", {})}
    known = {"labels": task.labels, "names": _translated(source), "encoding": source.get("encoding")}
    return {
        name: load_rows(task.folder / source[name], prefix=name, **columns, **known)
        for name in ("train", "validation", "test")
        if name in source
    }


def _pool(task: Task, source: str, train: Dataset) -> tuple[Loaded, Dataset]:
    """Return the unlabelled rows: a file of texts, or those of train with their labels hidden."""
    if source == HIDDEN:
        return Loaded(train, (), source), train.select_columns(["id", "text"])
    text = task.source.get("columns", {}).get("text")
    names, where = {"encoding": task.source.get("encoding"), "labelled": False}, task.folder / source
    try:
        part = load_rows(where, text=text, prefix="unlabelled", **names)
    except SynthkitError:
        if text is None:
            raise
        part = load_rows(where, prefix="unlabelled", **names)
    return part, part.rows


def _translated(source: dict) -> dict[str, str]:
    """Return the task's label for each value of the source: `names` one by one, `groups` several to a label."""
    names = {str(value): label for value, label in source.get("names", {}).items()}
    return names | {str(value): label for label, values in source.get("groups", {}).items() for value in values}


def _left_out(parts: dict[str, Loaded]) -> tuple[str, ...]:
    notes = []
    for name, part in parts.items():
        strange = [f"{name}: {r.fix}" for r in part.repairs if r.what == STRANGE]
        out = [r for r in part.repairs if r.what == LEFT_OUT]
        if out:
            where = "" if strange else f", the first is row {out[0].row}: {out[0].fix}"
            strange.append(f"{len(out):,} of {len(part.rows) + len(out):,} rows of {name} are left out{where}")
        notes += strange
    return tuple(notes)


def _validation(train: Dataset) -> tuple[Dataset, Dataset]:
    """Return (train, validation); the only row of a label stays in train, where a seed can be made of it."""
    counts = Counter(train["label"])
    several = [i for i, label in enumerate(train["label"]) if counts[label] > 1]
    _, validation = split_off(train.select(several), VALIDATION_SHARE)
    taken = set(validation["id"])
    return train.select([i for i, row_id in enumerate(train["id"]) if row_id not in taken]), validation


def _numbered(rows: Dataset, prefix: str) -> Dataset:
    """Return rows under ids that say nothing: those of sensitive rows are too often addresses or names."""
    columns = {name: list(rows[name]) for name in rows.column_names}
    return make_rows({**columns, "id": [f"{prefix}-{i}" for i in range(len(rows))]})


_TASKS: dict[str, Task] = {}


def belongs_to(rows: Dataset, task: Task) -> None:
    """Let rows, and what is selected of them, know their task: for its patterns, and whether it is sensitive."""
    mark = f"rows of task {task.name} {zlib.crc32(repr([task.patterns, task.sensitive]).encode()):08x}"
    _TASKS[mark] = task
    rows.info.description = mark


def task_of(rows) -> Task | None:
    """Return the task that rows belong to, or None."""
    marks = str(getattr(getattr(rows, "info", None), "description", "") or "").split("\n")
    known = [_TASKS[mark] for mark in marks if mark in _TASKS]
    return next((t for t in known if t.sensitive), known[0] if known else None)


def third_party_rows(name: str, labels, source: dict) -> dict[str, Loaded]:
    """Return a task's rows by split: from the folder under SYNTHKIT_REALDATA that stands in for the Hub, or the Hub."""
    root, place = os.environ.get("SYNTHKIT_REALDATA"), source.get("folder", name)
    if root and (Path(root) / place).is_dir():
        folder = Path(root) / place
        return {part: load_rows(folder / f"{part}.csv", labels=labels, prefix=part) for part in ("train", "test")}
    if "hub" not in source:
        raise SynthkitError(
            f"the real rows of task {name!r} are not shipped: set SYNTHKIT_REALDATA to a folder "
            f"that holds {place}/train.csv and {place}/test.csv"
        )
    return _from_hub(name, labels, source)


def _from_hub(name: str, labels, source: dict) -> dict[str, Loaded]:
    """Read a Hub dataset: `hub`, `config`, `revision`, `columns: {text, label}`, `names: {value: label}`.

    `groups: {label: [values]}` folds several values into a label. Rows whose label the task does not have are left out.
    """
    columns = {"text": "text", "label": "label", **source.get("columns", {})}
    loaded = load_hub(
        source["hub"],
        source.get("config"),
        source.get("revision"),
        way_out=f" Or set SYNTHKIT_REALDATA to a folder that holds {source.get('folder', name)}/train.csv and test.csv",
    )
    names = _translated(source)
    parts = {}
    for part in ("train", "validation", "test"):
        if part in loaded:
            parts[part] = _hub_rows(f"{source['hub']}, {part}", part, labels, loaded[part], columns, names)
    return parts


def _hub_rows(where: str, part: str, known, rows, columns: dict, names: dict) -> Loaded:
    for column in (columns["text"], columns["label"]):
        if column not in rows.column_names:
            raise SynthkitError(
                f"{where}: no column {column!r}; columns are: {', '.join(rows.column_names)}. "
                "Name them in task.yaml under source, as columns: {text: ..., label: ...}"
            )
    table = rows.select_columns([columns["text"], columns["label"]])
    try:
        return load_rows(table, **columns, labels=known, names=names, prefix=part)
    except SynthkitError:
        theirs = load_rows(table, **columns).rows["label"]
        raise SynthkitError(
            f"{where}: no row has a label of this task; its labels are: "
            f"{', '.join(sorted(set(theirs))[:20])}. Map them in task.yaml under source, as names: {{theirs: ours}}"
        ) from None
