"""What the texts of a way of asking are like: yield, cost, diversity, likeness to real rows, label, copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.comparison.classifiers import STUDENTS
from synthkit.core.embedding import default_embedder, embed
from synthkit.core.text import fold, words
from synthkit.generation.filters import SeedCopy
from synthkit.quality.alignment import c2st, coverage
from synthkit.quality.diversity import distinct, vendi
from synthkit.quality.evaluate import SMALLEST
from synthkit.seeds.seeds import Seeds

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.generation.generate import Generation
    from synthkit.tasks.task import Task

STUDENT = "minilm_lr"
SAMPLES = 5  # of the real rows, that likeness is a mean over
REAL = "real rows, as many"


class Entry(NamedTuple):
    """One way of asking: what its requests brought, and what its first rows are like. Means over its generations.

    `agreement`: how often a classifier trained on all real train rows gives the label that was asked for (Ye et al.
    2022). `memorized`: share of all its texts that copy a seed; `in_train`: of its rows, those that stand word for word
    in train. `c2st` and `coverage` are nan for fewer than 50 rows.
    """

    strategy: str
    generations: int
    requests: float
    texts: float
    kept: float
    tokens: float
    rows: float
    distinct_2: float
    vendi: float
    c2st: float
    coverage: float
    agreement: float
    memorized: float = 0.0
    in_train: float = 0.0


def judge(
    made: Mapping[str, Sequence[Generation]], sets: Mapping[str, Sequence[Dataset]], task: Task, seeds: Seeds
) -> tuple[tuple[Entry, ...], Entry]:
    """Return what each way is like (`sets`: its first rows, a set a generation), and real rows in its place.

    `made` holds the generations that the sets come from. Only train and validation rows are looked at.
    """
    train, validation = task.splits.train, task.splits.validation
    every = [*validation["text"], *(t for some in sets.values() for rows in some for t in rows["text"])]
    predicted = iter(STUDENTS[STUDENT](every, default_embedder())(train["text"], train["label"]))
    right = _agreement(predicted, validation["label"])
    known = {fold(t) for t in train["text"]}
    likeness = _Likeness(seeds, [rows["text"] for some in sets.values() for rows in some])
    entries = []
    for way, some in made.items():
        of_each = []
        for g, rows in zip(some, sets[way], strict=True):
            texts, memorized = [*g.rows["text"], *(d["text"] for d in g.drops)], SeedCopy(g.plan.seeds or seeds)
            of_each.append(
                (
                    g.ledger.planned,
                    g.ledger.asked,
                    g.ledger.kept,
                    g.ledger.tokens_in + g.ledger.tokens_out,
                    len(rows),
                    *likeness(rows["text"]),
                    _agreement(predicted, rows["label"]),
                    float(np.mean([memorized.check({"text": t}) is not None for t in texts])),
                    float(np.mean([fold(t) in known for t in rows["text"]])),
                )
            )
        entries.append(Entry(way, len(some), *(float(np.mean(column)) for column in zip(*of_each, strict=True))))
    control = Entry(REAL, 1, 0, 0, 0, 0, likeness.size, *likeness(), right)
    return tuple(entries), control


def _agreement(predicted, labels: Sequence[str]) -> float:
    """Return how often the next predictions are these labels."""
    return float(np.mean([next(predicted) == label for label in labels]))


class _Likeness:
    """distinct-2, Vendi, C2ST and coverage of texts beside random samples of the undrawn real rows of their number.

    distinct-2 counts as many words of each as the shortest set has.
    """

    def __init__(self, seeds: Seeds, sets: Sequence[Sequence[str]]):
        reference = seeds.rest if len(seeds.rest) else seeds.rows
        self._texts = list(reference["text"])
        self._vectors = self._embed(self._texts)
        self.size = min(len(self._texts) // 2, max(map(len, sets)))
        self._enough = min(self.size, *map(len, sets)) >= SMALLEST
        self._words = min(sum(len(words(t)) for t in texts[: self.size]) for texts in sets)
        orders = [np.random.default_rng(i).permutation(len(self._texts)) for i in range(SAMPLES)]
        self._halves = [(order[: self.size], order[self.size : 2 * self.size]) for order in orders]

    def _embed(self, texts: list[str]) -> np.ndarray:
        return embed(texts, embedder=default_embedder(), fit_on=self._texts)

    def __call__(self, texts: Sequence[str] | None = None) -> list[float]:
        """Return the four numbers, means over the samples; without texts, of a second sample in their place."""
        mine = None if texts is None else list(texts[: self.size])
        own = None if mine is None else self._embed(mine)
        out = []
        for first, second in self._halves:
            real, said = self._vectors[first], mine or [self._texts[i] for i in second]
            those = self._vectors[second] if own is None else own
            near = (c2st(real, those), coverage(real, those)) if self._enough else (nan, nan)
            out.append((distinct(said, budget=self._words), vendi(those), *near))
        return np.mean(out, axis=0).tolist()
