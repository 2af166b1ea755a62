"""Rows: labelled texts as a Dataset in which every column is a string."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError

if TYPE_CHECKING:
    from datasets import Dataset


def make_rows(columns: dict[str, list[str]]) -> Dataset:
    """Return columns of texts as a Dataset in which every column is declared a string."""
    from datasets import Dataset, Features, Value

    return Dataset.from_dict(columns, features=Features({name: Value("string") for name in columns}))


def need_columns(what: str, rows, names: Sequence[str] = ("text", "label")) -> None:
    """Raise SynthkitError unless `rows` is a Dataset with these columns."""
    columns = getattr(rows, "column_names", None)
    if columns is None:
        how = "" if "label" in names else ", labelled=False"
        raise SynthkitError(
            f"{what}: expected rows (a datasets.Dataset); got {type(rows).__name__}. "
            f"sk.load_rows(...{how}) makes rows of a file, a folder, a DataFrame or a list"
        )
    if missing := [name for name in names if name not in columns]:
        raise SynthkitError(f"{what}: no column {missing[0]!r}; columns are: {', '.join(columns)}. Rename one to it")


def row_ids(rows: Dataset, prefix: str) -> list[str]:
    """Return the ids of rows, or PREFIX-0, PREFIX-1 ... where they have none."""
    return list(rows["id"]) if "id" in rows.column_names else [f"{prefix}-{i}" for i in range(len(rows))]


def unique_ids(what: str, rows: Dataset, prefix: str) -> list[str]:
    """Return the ids of rows; raise SynthkitError where one stands twice."""
    ids = row_ids(rows, prefix)
    if len(set(ids)) < len(ids):
        raise SynthkitError(f"{what} has an id twice; give each row an id of its own")
    return ids


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


def bare(rows: Dataset) -> Dataset:
    """Return rows with the columns id, text and label alone, so that rows of different origin can be joined."""
    return rows.select_columns(["id", "text", "label"])


def sample(rows: Dataset, n: int, *, random_state: int = 0) -> Dataset:
    """Return `n` of the rows at random, every label in its share, in the rows' order."""
    if not isinstance(n, int) or not 1 <= n <= len(rows):
        raise SynthkitError(f"n={n!r} rows: expected a whole number, 1 to {len(rows):,}")
    return rows if n == len(rows) else split_off(rows, n / len(rows), random_state=random_state)[1]
