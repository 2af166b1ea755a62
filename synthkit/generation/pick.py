"""Which raw texts to have labelled, where there are more than the budget allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthkit.core.classifier import LabelClassifier
from synthkit.core.embedding import embed
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.language import embedder_for, language_of
from synthkit.core.rows import need_columns
from synthkit.core.stats import one_thread
from synthkit.core.text import fold
from synthkit.tasks.splits import task_of

if TYPE_CHECKING:
    from datasets import Dataset

WAYS = ("random", "unsure", "uncovered")
MOST_LOOKED_AT = 4_000  # rows of a pool that get vectors, drawn at random from more
SHORTLIST = 4  # times n: the unsure candidates, of which one a cluster is taken


def pick(
    rows: Dataset, n: int, *, by: str = "random", student: Dataset | None = None, random_state: int = 0
) -> Dataset:
    """Return `n` of the rows to have labelled, no text twice and none that `student` (labelled rows) holds already.

    `by` is "random" (n=40 begins n=240), "unsure" (where a classifier of `student` has the smallest margin between two
    labels, one a cluster of 4 n candidates: Zhdanov 2019, arXiv 1901.05954) or "uncovered" (farthest from all rows of
    `student` and from each other: Sener and Savarese 2018, arXiv 1708.00489). Random rows have labels as often as the
    pool has them, and do best where labels are contested.

    >>> from synthkit.core.rows import make_rows
    >>> pool = make_rows({"id": list("abc"), "text": ["cold soup", "Cold  soup", "a fat cat"]})
    >>> len(pick(pool, 3))
    2
    """
    if by not in WAYS:
        raise unknown("by", by, WAYS)
    if not isinstance(n, int) or n < 1:
        raise SynthkitError(f"n={n!r}: expected a whole number of rows, 1 or more")
    if not isinstance(random_state, int) or random_state < 0:
        raise SynthkitError(f"random_state={random_state!r}: expected a whole number, 0 or more")
    rows, student = (getattr(given, "rows", given) for given in (rows, student))  # as what load_rows returned has
    need_columns("rows=", rows, ("text",))
    if student is not None:
        need_columns("student=", student)
    texts, first = [t or "" for t in rows["text"]], {}
    known = set(map(fold, student["text"])) if student is not None else set()
    for i in np.random.default_rng(random_state).permutation(len(rows)):
        if fold(texts[i]) and fold(texts[i]) not in known:
            first.setdefault(fold(texts[i]), int(i))
    free = list(first.values())
    if by == "random" or len(free) <= n:
        return rows.select(free[:n])
    if not student:
        raise SynthkitError(f"by={by!r} needs student=, the labelled rows that a classifier has, as student=seeds.rows")
    free = free[:MOST_LOOKED_AT]
    known, texts = list(student["text"]), [texts[i] for i in free]
    embedder = embedder_for(language_of(texts, task_of(rows))[0])
    vectors, of_known = (embed(some, embedder=embedder, fit_on=[*known, *texts]) for some in (texts, known))
    if by == "unsure":
        chosen = _unsure(vectors, of_known, list(student["label"]), n, random_state)
    else:
        chosen = _uncovered(vectors, of_known, n)
    return rows.select([free[i] for i in chosen])


def _unsure(vectors: np.ndarray, of_known: np.ndarray, labels: list[str], n: int, random_state: int) -> list[int]:
    """Return the n of smallest margin, one of each cluster of a shortlist, smallest first."""
    from sklearn.cluster import KMeans

    if len(set(labels)) < 2:
        raise SynthkitError("student= has one label only: nothing can be unsure. Give rows of two labels or more")
    shares = np.sort(LabelClassifier(of_known, labels).probabilities(vectors), axis=1)
    short = np.argsort(shares[:, -1] - shares[:, -2], kind="stable")[: SHORTLIST * n]
    with one_thread():
        clusters = KMeans(n, n_init=1, random_state=random_state).fit_predict(vectors[short])
    first: dict[int, int] = {}
    for place, cluster in enumerate(clusters.tolist()):
        first.setdefault(cluster, place)
    taken = set(first.values())
    rest = [place for place in range(len(short)) if place not in taken]  # texts with one vector leave clusters empty
    return short[sorted([*taken, *rest[: n - len(taken)]])].tolist()


def _uncovered(vectors: np.ndarray, of_known: np.ndarray, n: int) -> list[int]:
    """Return n in turn, each the one farthest from all that is known or was chosen before it."""
    nearest, chosen = (vectors @ of_known.T).max(axis=1), []
    for _ in range(n):
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, vectors @ vectors[chosen[-1]])
        nearest[chosen] = np.inf
    return chosen
