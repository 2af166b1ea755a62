"""The real rows of a task in their roles, and where they come from: files, a folder beside the project, the Hub."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synthkit.core import withheld
from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result
from synthkit.core.rows import make_rows, split_off
from synthkit.core.text import tidy
from synthkit.tasks.hub import load_hub
from synthkit.tasks.loading import Loaded, Repair, load_rows, said

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.tasks.task import Task

VALIDATION_SHARE = 0.2  # of train, where the source has no validation rows


@dataclass(frozen=True, repr=False, eq=False)
class Splits(Result):
    """Real rows by role: `train` may be drawn from and trained on, `validation` chooses, `test` is scored once."""

    train: Dataset
    validation: Dataset
    test: Dataset
    repairs: tuple[Repair, ...] = ()

    def summary(self) -> str:
        sizes = f"{len(self.train):,} train, {len(self.validation):,} validation, {len(self.test):,} test"
        return f"Splits: {sizes}{said(self.repairs)}"

    def to_frame(self):
        import pandas as pd

        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        counts = pd.DataFrame({name: pd.Series(rows["label"]).value_counts() for name, rows in parts.items()})
        return counts.fillna(0).astype(int).rename_axis("label").reset_index()


def load_splits(task: Task) -> Splits:
    """Return the real rows of a task in their roles; a fifth of train becomes validation where none is given."""
    source = task.source
    if "train" in source:
        parts = {
            name: load_rows(task.folder / source[name], labels=task.labels, prefix=name)
            for name in ("train", "validation", "test")
            if name in source
        }
    else:
        parts = third_party_rows(task.name, task.labels, task.source)
    if "test" not in parts:
        raise SynthkitError(f"task {task.name!r}: `source` names no test rows; a verdict needs real rows nobody saw")
    rows = {name: part.rows for name, part in parts.items()}
    if "validation" not in rows:
        rows["train"], rows["validation"] = split_off(rows["train"], VALIDATION_SHARE)
    repairs = tuple(r for part in parts.values() for r in part.repairs)
    for name, some in rows.items():
        rows[name] = _numbered(some, name) if task.sensitive else some
        if task.sensitive:
            withheld.withhold(task.name, some["text"], task.patterns)
        belongs_to(rows[name], task)
    return Splits(rows["train"], rows["validation"], rows["test"], repairs)


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
    names = {str(value): label for value, label in source.get("names", {}).items()}
    names.update({str(value): label for label, values in source.get("groups", {}).items() for value in values})
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
    kind = rows.features[columns["label"]]
    values = [kind.int2str(v) if hasattr(kind, "int2str") else str(v) for v in rows[columns["label"]]]
    labels = [names.get(v, v) for v in values]
    texts = [tidy(str(t)) for t in rows[columns["text"]]]
    keep = [i for i, label in enumerate(labels) if label in known and texts[i]]
    if not keep:
        raise SynthkitError(
            f"{where}: no row has a label of this task; its labels are: {', '.join(sorted(set(values))[:20])}. "
            "Map them in task.yaml under source, as names: {theirs: ours}"
        )
    kept = {
        "id": [f"{part}-{i}" for i in keep],
        "text": [texts[i] for i in keep],
        "label": [labels[i] for i in keep],
    }
    return Loaded(make_rows(kept), (), where)
