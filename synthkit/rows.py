"""Rows: labelled texts as a Dataset in which every column is a string, read from CSV with errors that name the row."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from synthkit.errors import SynthkitError, unknown
from synthkit.text import tidy

if TYPE_CHECKING:
    from datasets import Dataset


def make_rows(columns: dict[str, list[str]]) -> Dataset:
    """Return columns of texts as a Dataset in which every column is declared a string."""
    from datasets import Dataset, Features, Value

    return Dataset.from_dict(columns, features=Features({name: Value("string") for name in columns}))


def load_rows(path: str | Path, *, labels=None, prefix: str = "row") -> Dataset:
    """Return a CSV of labelled texts as real rows: `id, text, label`, and whatever other columns it has, as strings.

    Rows without an id get `prefix-0`, `prefix-1` ... A problem is an error with file, line and fix.
    """
    path = Path(path)
    records = _read_csv(path)
    header = records[0]
    if len(header) == 1 and (mark := next((m for m in ";\t" if m in header[0]), None)):
        named = "semicolons" if mark == ";" else "tabs"
        raise SynthkitError(f"{path}: its columns are separated by {named}. Save it with commas")
    for column in ("text", "label"):
        if column not in header:
            raise SynthkitError(f"{path}: no column {column!r}; columns are: {', '.join(header)}. Rename one to it")
    if len(set(header)) != len(header):
        raise SynthkitError(f"{path}: a column name stands twice in: {', '.join(header)}")
    if len(records) == 1:
        raise SynthkitError(f"{path} has a header and no rows")
    columns = {name: [] for name in header}
    for number, record in enumerate(records[1:], start=2):
        if len(record) != len(header):
            raise SynthkitError(f"{path}, row {number}: {len(record)} fields where the header has {len(header)}")
        for name, value in zip(header, record, strict=True):
            columns[name].append(value)
    columns["text"] = [tidy(t) for t in columns["text"]]
    check_rows(path, columns, labels)
    if "id" not in columns:
        columns["id"] = [f"{prefix}-{i}" for i in range(len(records) - 1)]
    order = ["id", "text", "label", *(c for c in columns if c not in ("id", "text", "label"))]
    return make_rows({name: columns[name] for name in order})


def _read_csv(path: Path) -> list[list[str]]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SynthkitError(f"no such file: {path}") from None
    except OSError as error:
        raise SynthkitError(f"{path} cannot be read: {error.strerror}") from None
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SynthkitError(
            f"{path}, line {line}: not UTF-8 (byte 0x{data[error.start]:02x}). Save the file as CSV UTF-8"
        ) from None
    if not content.strip():  # a byte order mark and nothing else
        raise SynthkitError(f"{path} is empty; expected a CSV with the columns text and label")
    if "\0" in content:
        raise SynthkitError(f"{path} holds binary data, not a CSV of texts")
    csv.field_size_limit(10_000_000)
    try:
        return [r for r in csv.reader(io.StringIO(content, newline=""), strict=True) if r]
    except csv.Error as error:
        raise SynthkitError(f"{path} is not a well-formed CSV: {error}") from None


def need_columns(what: str, rows) -> None:
    """Raise SynthkitError unless `rows` is a Dataset with the columns text and label."""
    columns = getattr(rows, "column_names", None)
    if columns is None:
        raise SynthkitError(f"{what}: expected rows (a datasets.Dataset); got {type(rows).__name__}")
    if missing := [name for name in ("text", "label") if name not in columns]:
        raise SynthkitError(f"{what}: no column {missing[0]!r}; columns are: {', '.join(columns)}. Rename one to it")


def check_rows(path: Path | str, columns: dict[str, list[str]], labels=None, *, first: int = 2) -> None:
    """Raise SynthkitError for an empty text, an empty or unknown label, one label only, or an id used twice.

    `first` is the number of the first row: 2 below a CSV's header.
    """
    for number, (text, label) in enumerate(zip(columns["text"], columns["label"], strict=True), start=first):
        if not text:
            raise SynthkitError(f"{path}, row {number}: the text is empty. Remove the row or fill it in")
        if labels is not None and label not in labels:
            raise SynthkitError(f"{path}, row {number}: {unknown('label', label, labels)}")
        if not label:
            raise SynthkitError(f"{path}, row {number}: the label is empty. Remove the row or fill it in")
    if len(set(columns["label"])) < 2:
        raise SynthkitError(f"{path}: only one label ({columns['label'][0]!r}); a classifier needs at least two")
    seen: dict[str, int] = {}
    for number, row_id in enumerate(columns.get("id", ()), start=first):
        if row_id in seen:
            raise SynthkitError(f"{path}, row {number}: id {row_id!r} was already used in row {seen[row_id]}")
        seen[row_id] = number


def split_off(rows: Dataset, share: float, *, random_state: int = 0) -> tuple[Dataset, Dataset]:
    """Return (the rest, a stratified `share` of the rows), each in the rows' order."""
    import numpy as np

    rng = np.random.default_rng(random_state)
    labels = np.asarray(rows["label"])
    taken = np.zeros(len(rows), dtype=bool)
    for label in sorted(set(labels)):
        where = rng.permutation(np.flatnonzero(labels == label))
        taken[where[: max(1, round(share * len(where)))]] = True
    return rows.select(np.flatnonzero(~taken)), rows.select(np.flatnonzero(taken))
