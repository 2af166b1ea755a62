"""A task: which texts, which labels, and where the real rows come from."""

from __future__ import annotations

import json
import re
import warnings
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.results import Result
from synthkit.tasks.splits import Splits, load_splits

UNFILLED = "FILL IN"  # how `synthkit init` marks what only a person knows


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
    public_since: int | None = None  # the year a benchmark came out: models have probably read it
    min_words: int = 1
    max_words: int = 120
    channels: list[str] = field(default_factory=list)
    patterns: dict[str, str] = field(default_factory=dict)
    ner: str | None = None  # an installed spaCy model that helps to find personal data
    privacy_budget: float | None = None  # the most ε that choices by its real rows may cost together
    attributes: dict[str, dict[str, list[str]] | list[str]] = field(default_factory=dict)
    source: dict = field(default_factory=dict)
    folder: Path | None = None

    def summary(self) -> str:
        line = f"Task {self.name!r}: {len(self.labels)} labels, {self.text_kind}s in {self.language}"
        return line + "".join(f"; {note}" for note in self.notes)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What a model cannot know from the task as it stands: a domain to fill in, labels without a description."""
        notes = []
        if UNFILLED in self.domain:
            notes.append(f"`domain` is still to be filled in ({UNFILLED})")
        plain = [
            n
            for n, meaning in self.labels.items()
            if UNFILLED in meaning or len(meaning.strip()) < 2 or meaning == _plain(n)
        ]
        if plain:
            more = f" and {len(plain) - 5} more" if len(plain) > 5 else ""
            notes.append(f"no description of: {', '.join(plain[:5])}{more} (prompts give the label's name alone)")
        for dimension, values in self.attributes.items():
            of = defaultdict(list)
            for label, some in values.items() if isinstance(values, dict) else ():
                for value in some:
                    of[value].append(label)
            if shared := [value for value, labels in of.items() if len(labels) > 1]:
                both = " and ".join(of[shared[0]][:2])
                notes.append(
                    f"attribute {dimension!r}: {len(shared)} values stand under two labels, as {shared[0]!r} under "
                    f"{both} (a text that has it may carry either label)"
                )
        return tuple(notes)

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
        return load_splits(self)


def bundled_tasks() -> dict[str, Path]:
    """Return the folders of the shipped tasks by name."""
    root = Path(__file__).resolve().parent.parent.parent / "data"
    return {p.parent.name: p.parent for p in sorted(root.glob("*/task.yaml"))}


def load_task(name_or_path: str | Path) -> Task:
    """Return a task by the name of a shipped one, or from a folder with a task.yaml or with train.csv and card.json.

    >>> load_task("feedback")
    Task 'feedback': 6 labels, customer messages in en
    """
    path = Path(name_or_path).expanduser()
    if path.is_file() and path.name == "task.yaml":
        path = path.parent
    if str(name_or_path) in bundled_tasks():
        path = bundled_tasks()[str(name_or_path)]
    elif not path.is_dir():
        raise unknown("task (or folder)", name_or_path, bundled_tasks())
    if (path / "task.yaml").is_file():
        task = _from_yaml(path)
    elif (path / "card.json").is_file():
        task = _from_card(path)
    else:
        raise SynthkitError(
            f"{path} has neither a task.yaml nor a card.json; `synthkit init {path} --train YOUR.csv` writes one"
        )
    if task.notes:
        warnings.warn(f"task {task.name!r}: {'; '.join(task.notes)}", stacklevel=2)
    return task


def _plain(label: str) -> str:
    return label.replace("_", " ")


def _from_yaml(folder: Path) -> Task:
    import yaml

    where = folder / "task.yaml"
    try:
        raw = yaml.safe_load(where.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise SynthkitError(f"{where} cannot be read as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict):
        raise SynthkitError(f"{where}: expected keys such as name, labels and domain; got {type(raw).__name__}")
    raw = {key: value for key, value in raw.items() if value is not None}
    known = {*Task.__dataclass_fields__, "length"} - {"folder", "min_words", "max_words"}
    for key in raw:
        if key not in {*known, "unlabelled"}:
            raise SynthkitError(f"{where}: {unknown('key', key, sorted(known))}")
    raw["labels"] = _described(raw.get("labels"))
    length = raw.pop("length", None) or {}
    raw.setdefault("name", folder.name)
    if "unlabelled" in raw and isinstance(raw.setdefault("source", {}), dict):
        raw["source"] = {**raw["source"], "unlabelled": raw.pop("unlabelled")}
    for key, kind in _KINDS.items():
        got, needed = raw.get(key), key in _NEEDED
        if (needed and not got) or (key in raw and not isinstance(got, kind)):
            must = f"a non-empty {_WORDS[kind]}" if needed else f"a {_WORDS[kind]}"
            raise SynthkitError(f"{where}: `{key}` must be {must}; got {got!r}")
    task = Task(**{**raw, "folder": folder, **_length(where, length)})
    _check(task, where)
    return task


_NEEDED = ("name", "labels", "domain")
_KINDS = {
    **dict.fromkeys(("name", "domain", "text_kind", "title", "language", "licence"), str),
    **dict.fromkeys(("labels", "attributes", "source", "patterns"), dict),
    "channels": list,
    **dict.fromkeys(("stand_in", "sensitive"), bool),
    "public_since": int,
    "ner": str,
    "privacy_budget": (int, float),
}
_WORDS = {
    str: "text (in quotes, if it looks like a number)",
    list: "list, as `- value`",
    dict: "mapping, as `name: value`",
    bool: "true or false",
    int: "year, as 2020",
    (int, float): "number, the most ε to spend",
}


def _described(labels: object) -> object:
    """Return a list of labels, each a name or `name: meaning`, as a mapping; one without a meaning has its name."""
    if isinstance(labels, list):
        pairs = [p for n in labels for p in (n.items() if isinstance(n, dict) and len(n) == 1 else [(n, None)])]
        if not all(isinstance(name, (str, int, bool)) for name, _ in pairs) or len(dict(pairs)) < len(labels):
            return labels
        labels = dict(pairs)
    if not isinstance(labels, dict):
        return labels
    return {n: _plain(n) if meaning in (None, "") and isinstance(n, str) else meaning for n, meaning in labels.items()}


def _length(where: Path, length: object) -> dict[str, int]:
    known = {name: getattr(Task, name) for name in ("min_words", "max_words")}
    got = {**known, **length} if isinstance(length, dict) else {}
    if (
        set(got) != set(known)
        or any(type(n) is not int for n in got.values())
        or not 1 <= got["min_words"] <= got["max_words"]
    ):
        raise SynthkitError(f"{where}: `length` must look like {{min_words: 3, max_words: 120}}; got {length!r}")
    return got


def _check(task: Task, where: Path) -> None:
    if not isinstance(task.name, str) or not re.fullmatch(r"\w[\w .-]*", task.name):
        raise SynthkitError(
            f"{where}: the name of a task becomes a file name: letters, digits, space, . _ and -; got {task.name!r}"
        )
    if len(task.labels) < 2:
        raise SynthkitError(f"{where}: a task needs at least two labels; got {list(task.labels)}")
    for label, meaning in task.labels.items():
        if not isinstance(label, str) or not isinstance(meaning, str):
            raise SynthkitError(
                f"{where}: label {label!r}: {meaning!r} - a label and what it means are both text, as "
                "`label: what it means`; put quotes around one that YAML takes for something else (yes, no, 1)"
            )
    for kind, pattern in task.patterns.items():
        try:
            re.compile(pattern)
        except (re.error, TypeError) as error:
            raise SynthkitError(
                f"{where}: patterns, {kind}: {pattern!r} is not a regular expression: {error}"
            ) from None
    if not all(isinstance(c, str) for c in task.channels):
        raise SynthkitError(f"{where}: `channels` must be a list of texts; got {task.channels!r}")
    for part in ("train", "validation", "test", "unlabelled", "encoding"):
        if not isinstance(task.source.get(part, ""), str):
            raise SynthkitError(f"{where}: source, {part}: expected a file name, got {task.source[part]!r}")
    for part in ("columns", "names", "groups"):
        if not isinstance(task.source.get(part, {}), dict):
            raise SynthkitError(f"{where}: source, {part}: expected a mapping, got {task.source[part]!r}")
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
    except (OSError, ValueError) as error:
        raise SynthkitError(f"{where} cannot be read as JSON: {error}") from None
    labels = card.get("labels") if isinstance(card, dict) else None
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise SynthkitError(f"{where}: expected an object with `labels`, a list of texts; got {labels!r}")
    meanings = card.get("label_descriptions") or {}
    task = Task(
        name=card.get("name") or folder.name,
        labels={label: meanings.get(label, _plain(label)) for label in labels},
        domain=card.get("task") or "",
        language=card.get("language", "en"),
        licence=card.get("licence", "unknown"),
        source={"train": "train.csv", "test": "test.csv"},
        folder=folder,
    )
    _check(task, where)
    return task
