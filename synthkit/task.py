"""A task: which texts, which labels, and where the real rows come from."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from synthkit.errors import SynthkitError, unknown
from synthkit.results import Result
from synthkit.rows import load_rows, make_rows, split_off
from synthkit.text import tidy

if TYPE_CHECKING:
    from datasets import Dataset

VALIDATION_SHARE = 0.2  # of train, where the source has no validation rows


@dataclass(frozen=True, repr=False)
class Task(Result):
    """Labels with their meaning, the domain in words, attribute dimensions, and where real rows come from."""

    name: str
    labels: dict[str, str]
    domain: str
    text_kind: str = "text"
    title: str = ""
    language: str = "en"
    licence: str = "unknown"
    stand_in: bool = False
    sensitive: bool = False
    max_words: int = 120
    attributes: dict[str, dict[str, list[str]] | list[str]] = field(default_factory=dict)
    source: dict = field(default_factory=dict)
    folder: Path | None = None

    def summary(self) -> str:
        return f"Task {self.name!r}: {len(self.labels)} labels, {self.text_kind}s in {self.language}"

    def to_frame(self):
        import pandas as pd

        return pd.DataFrame({"label": list(self.labels), "meaning": list(self.labels.values())})

    def attribute_values(self, dimension: str, label: str) -> list[str]:
        """Return the values of a dimension that go with `label`."""
        values = self.attributes[dimension]
        return values[label] if isinstance(values, dict) else values

    @cached_property
    def recordings(self) -> Path | None:
        """The folder of recorded replies, or None."""
        return self.folder / "recordings" if self.folder else None

    @cached_property
    def splits(self) -> Splits:
        """The real rows in their roles; loads them on first use."""
        return _load_splits(self)


@dataclass(frozen=True, repr=False, eq=False)
class Splits(Result):
    """Real rows by role: `train` may be drawn from and trained on, `validation` chooses, `test` is scored once."""

    train: Dataset
    validation: Dataset
    test: Dataset

    def summary(self) -> str:
        return f"Splits: {len(self.train):,} train, {len(self.validation):,} validation, {len(self.test):,} test"

    def to_frame(self):
        import pandas as pd

        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        counts = pd.DataFrame({name: pd.Series(rows["label"]).value_counts() for name, rows in parts.items()})
        return counts.fillna(0).astype(int).rename_axis("label").reset_index()


def bundled_tasks() -> dict[str, Path]:
    """Return the folders of the shipped tasks by name."""
    root = Path(__file__).resolve().parent.parent / "data"
    return {p.parent.name: p.parent for p in sorted(root.glob("*/task.yaml"))}


def load_task(name_or_path: str | Path) -> Task:
    """Return a task by the name of a shipped one, or from a folder with a task.yaml or with train.csv and card.json."""
    path = Path(name_or_path).expanduser()
    if path.is_file() and path.name == "task.yaml":
        path = path.parent
    if str(name_or_path) in bundled_tasks():
        path = bundled_tasks()[str(name_or_path)]
    elif not path.is_dir():
        raise unknown("task (or folder)", name_or_path, bundled_tasks())
    if (path / "task.yaml").is_file():
        return _from_yaml(path)
    if (path / "card.json").is_file():
        return _from_card(path)
    raise SynthkitError(f"{path} has neither a task.yaml nor a card.json; see data/feedback/task.yaml for an example")


def _from_yaml(folder: Path) -> Task:
    import yaml

    where = folder / "task.yaml"
    try:
        raw = yaml.safe_load(where.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SynthkitError(f"{where} cannot be read as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict):
        raise SynthkitError(f"{where}: expected keys such as name, labels and domain; got {type(raw).__name__}")
    known = {*Task.__dataclass_fields__, "length"} - {"folder", "max_words"}
    for key in raw:
        if key not in known:
            raise SynthkitError(f"{where}: {unknown('key', key, sorted(known))}")
    length = raw.pop("length", None) or {}
    raw.setdefault("name", folder.name)
    for key, kind in {"name": str, "labels": dict, "domain": str}.items():
        if not isinstance(raw.get(key), kind) or not raw[key]:
            got = raw.get(key)
            raise SynthkitError(f"{where}: `{key}` must be a non-empty {_KINDS[kind]}; got {got!r}")
    task = Task(**{**raw, "folder": folder, "max_words": _max_words(where, length)})
    _check(task, where)
    return task


_KINDS = {str: "text", dict: "mapping of names to descriptions"}


def _max_words(where: Path, length: object) -> int:
    try:
        return int(length.get("max_words", Task.max_words))
    except (AttributeError, TypeError, ValueError):
        raise SynthkitError(f"{where}: `length` must look like {{max_words: 120}}; got {length!r}") from None


def _check(task: Task, where: Path) -> None:
    if len(task.labels) < 2:
        raise SynthkitError(f"{where}: a task needs at least two labels; got {list(task.labels)}")
    if not all(isinstance(k, str) and isinstance(v, str) for k, v in task.labels.items()):
        raise SynthkitError(f"{where}: every label needs a description in words, as `label: what it means`")
    for dimension, values in task.attributes.items():
        lists = values.items() if isinstance(values, dict) else [("", values)]
        if isinstance(values, dict) and (missing := set(task.labels) - set(values)):
            raise SynthkitError(f"{where}: attribute {dimension!r} has no values for: {', '.join(sorted(missing))}")
        for label, some in lists:
            if isinstance(values, dict) and label not in task.labels:
                raise SynthkitError(f"{where}: attribute {dimension!r}: {unknown('label', label, task.labels)}")
            if not isinstance(some, list) or not some or not all(isinstance(v, str) for v in some):
                raise SynthkitError(f"{where}: attribute {dimension!r} {label}: expected a list of texts, got {some!r}")


def _from_card(folder: Path) -> Task:
    where = folder / "card.json"
    try:
        card = json.loads(where.read_text(encoding="utf-8"))
        labels, about = card["labels"], card.get("task", "")
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise SynthkitError(f"{where}: expected JSON with `labels` (a list) and `task`; {error!r}") from None
    meanings = card.get("label_descriptions", {})
    return Task(
        name=card.get("name", folder.name),
        labels={label: meanings.get(label, label.replace("_", " ")) for label in labels},
        domain=about,
        language=card.get("language", "en"),
        licence=card.get("licence", "unknown"),
        source={"train": "train.csv", "test": "test.csv"},
        folder=folder,
    )


def _load_splits(task: Task) -> Splits:
    source = task.source
    if "train" in source:
        parts = {
            name: load_rows(task.folder / source[name], labels=task.labels, prefix=name)
            for name in ("train", "validation", "test")
            if name in source
        }
    else:
        parts = _third_party(task)
    if "test" not in parts:
        raise SynthkitError(f"task {task.name!r}: `source` names no test rows; a verdict needs real rows nobody saw")
    if "validation" not in parts:
        parts["train"], parts["validation"] = split_off(parts["train"], VALIDATION_SHARE)
    return Splits(parts["train"], parts["validation"], parts["test"])


def _third_party(task: Task) -> dict[str, Dataset]:
    """Rows that are not shipped: a folder under SYNTHKIT_REALDATA stands in for the Hub."""
    root, name = os.environ.get("SYNTHKIT_REALDATA"), task.source.get("folder", task.name)
    if root and (Path(root) / name).is_dir():
        folder = Path(root) / name
        return {part: load_rows(folder / f"{part}.csv", labels=task.labels, prefix=part) for part in ("train", "test")}
    if "hub" not in task.source:
        raise SynthkitError(
            f"the real rows of task {task.name!r} are not shipped: set SYNTHKIT_REALDATA to a folder "
            f"that holds {name}/train.csv and {name}/test.csv"
        )
    return _from_hub(task)


def _from_hub(task: Task) -> dict[str, Dataset]:
    """Read a Hub dataset: `hub`, `config`, `revision`, `columns: {text, label}`, `names: {value: label}`."""
    from datasets import load_dataset

    source = task.source
    columns = {"text": "text", "label": "label", **source.get("columns", {})}
    try:
        loaded = load_dataset(source["hub"], source.get("config"), revision=source.get("revision"))
    except Exception as error:
        raise SynthkitError(
            f"the real rows of task {task.name!r} could not be fetched from the Hub ({source['hub']}): "
            f"{type(error).__name__}. Offline? Set SYNTHKIT_REALDATA to a folder that holds "
            f"{source.get('folder', task.name)}/train.csv and test.csv"
        ) from None
    parts = {}
    for part in ("train", "validation", "test"):
        if part not in loaded:
            continue
        rows = loaded[part]
        kind = rows.features[columns["label"]]
        values = [kind.int2str(v) if hasattr(kind, "int2str") else str(v) for v in rows[columns["label"]]]
        names = source.get("names", {})
        values = [names.get(v, v) for v in values]
        keep = [i for i, v in enumerate(values) if v in task.labels]
        parts[part] = make_rows(
            {
                "id": [f"{part}-{i}" for i in keep],
                "text": [tidy(str(rows[i][columns["text"]])) for i in keep],
                "label": [values[i] for i in keep],
            }
        )
    return parts
