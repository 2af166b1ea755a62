"""Where are few rows? Labels by sub-topic, length and given columns, and what would make them even."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.core import withheld
from synthkit.core.embedding import embed
from synthkit.core.errors import SynthkitError
from synthkit.core.language import embedder_for, language_of
from synthkit.core.results import Result
from synthkit.core.rows import need_columns
from synthkit.core.stats import wilson
from synthkit.core.text import words
from synthkit.seeds.gate import Gate
from synthkit.seeds.personal_columns import column_kind
from synthkit.seeds.profile import class_terms, clusters
from synthkit.tasks.splits import task_of

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

LEAST = 20  # rows of a label below which no cell of it is called thin
THIN = 0.5  # of an even share


class Cell(NamedTuple):
    """Rows of a label that share a sub-topic, a length or a column's value; `share` is among the label's rows.

    Thin: the whole 95 % Wilson interval of the share lies below half of an even share.
    """

    label: str
    slice: str
    rows: int
    share: float
    even: float
    thin: bool


@dataclass(frozen=True, repr=False)
class Balance(Result):
    """Every cell, the thinnest first."""

    cells: tuple[Cell, ...]
    labels: dict[str, int]

    def summary(self) -> str:
        return f"Balance: {len(self.cells)} cells of {len(self.labels)} labels, {len(self.thin)} thin"

    def to_frame(self) -> pd.DataFrame:
        """Return one row a cell: label, slice, rows, share, even share, thin."""
        import pandas as pd

        return pd.DataFrame(self.cells, columns=Cell._fields)

    @property
    def thin(self) -> tuple[Cell, ...]:
        """The cells that have fewer rows than half of an even share, beyond doubt."""
        return tuple(c for c in self.cells if c.thin)

    def per_label(self, n: int) -> dict[str, int]:
        """Return `n` texts shared out so that the labels become as even as they can, for `plan(per_label=...)`."""
        counts = dict(self.labels)
        given = dict.fromkeys(counts, 0)
        for _ in range(n):
            poorest = min(counts, key=lambda label: counts[label] + given[label])
            given[poorest] += 1
        return {label: count for label, count in given.items() if count}


def balance(
    rows: Dataset, *, columns: Sequence[str] = (), embedder: str | None = None, random_state: int = 0
) -> Balance:
    """Return how many rows of each label every sub-topic, length and value of the named `columns` has.

    Sub-topics are clusters of sentence vectors of all rows, named by their terms (none where there is no such
    structure); lengths are thirds of all rows. Even is every cell's share where all labels had the same mix: the share
    among all rows. No cell of a label with fewer than 20 rows is called thin.

    >>> import synthkit as sk
    >>> pairs = [(f"no sugar in my tea {'at all ' * (i % 3)}{i}", "menu") for i in range(9)]
    >>> loaded = sk.load_rows([{"text": t, "label": x} for t, x in [*pairs, ("a cat", "cats")]])
    >>> sk.balance(loaded.rows, embedder="lsa").per_label(4)
    {'cats': 4}
    """
    need_columns("rows", rows)
    for name in columns:
        if name not in rows.column_names:
            raise SynthkitError(f"columns={name!r}: no such column; columns are: {', '.join(rows.column_names)}")
    texts, labels = list(rows["text"]), np.asarray(rows["label"])
    vectors = embed(texts, embedder=embedder or embedder_for(language_of(texts, task_of(rows))[0]), fit_on=texts)
    gate = Gate.of(rows)
    slices = [_topics(texts, vectors, random_state, gate), _lengths(texts)]
    for name in columns:
        kind = column_kind(name) if gate.sensitive else None
        values = (f"{name}: {withheld.shown(str(v))}" for v in rows[name])
        slices.append([f"{name}: [{kind}]"] * len(texts) if kind else gate.clean(values))
    counts = {str(label): int((labels == label).sum()) for label in sorted(set(labels))}
    cells = []
    for names in (np.asarray(some) for some in slices if some):
        for value in sorted(set(names)):
            even = float((names == value).mean())
            for label, size in counts.items():
                count = int(((labels == label) & (names == value)).sum())
                thin = size >= LEAST and wilson(count, size).high < THIN * even
                cells.append(Cell(label, str(value), count, count / size, even, thin))
    return Balance(tuple(sorted(cells, key=lambda c: (not c.thin, c.share - c.even))), counts)


def _topics(texts: Sequence[str], vectors: np.ndarray, random_state: int, gate: Gate) -> list[str]:
    parts = clusters(vectors, random_state=random_state, most=12)
    if not parts.any():
        return []
    texts = gate.plain(texts)
    terms = class_terms({str(p): [t for t, q in zip(texts, parts, strict=True) if p == q] for p in sorted(set(parts))})
    return [f"about: {', '.join(terms[str(p)][:3])}" for p in parts]


def _lengths(texts: Sequence[str]) -> list[str]:
    counts = np.array([len(words(t)) for t in texts])
    low, high = (int(q) for q in np.quantile(counts, [1 / 3, 2 / 3]))
    names = (f"length: up to {low} words", f"length: {low + 1} to {high} words", f"length: over {high} words")
    return [names[int(n > low) + int(n > high)] for n in counts]
