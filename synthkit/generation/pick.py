"""Which raw texts to have labelled, where there are more than the budget allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthkit.core.errors import SynthkitError
from synthkit.core.text import fold

if TYPE_CHECKING:
    from datasets import Dataset


def pick(rows: Dataset, n: int, *, by: str = "random", random_state: int = 0) -> Dataset:
    """Return `n` of the rows, no text twice.

    >>> from synthkit.core.rows import make_rows
    >>> pool = make_rows({"id": list("abc"), "text": ["cold soup", "Cold  soup", "a fat cat"]})
    >>> len(pick(pool, 3))
    2
    """
    if not isinstance(n, int) or n < 1:
        raise SynthkitError(f"n={n!r}: expected a whole number of rows, 1 or more")
    first: dict[str, int] = {}
    texts = list(rows["text"])
    for i in np.random.default_rng(random_state).permutation(len(rows)):
        first.setdefault(fold(texts[i]), int(i))
    return rows.select(list(first.values())[:n])
