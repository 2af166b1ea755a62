"""The control of every number: real rows cut at random into halves, and synthetic rows in the second half's place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from math import nan
from typing import NamedTuple

import numpy as np

from synthkit.core.classifier import LabelClassifier
from synthkit.core.stats import Interval
from synthkit.core.text import words
from synthkit.quality.alignment import NEIGHBOURS, distances, in_reach, radii, within_labels
from synthkit.quality.ngram_model import WordModel, encode

REPEATS = 20
LARGE = 2000  # rows a side from which half of the cuts do: their values hardly differ any more


class Sample(NamedTuple):
    """Rows of one side: `where` are their positions in the set they were drawn from, `codes` their words as numbers."""

    where: np.ndarray
    texts: list[str]
    tokens: list[list[str]]
    codes: list[np.ndarray]
    vectors: np.ndarray
    labels: np.ndarray


class Split:
    """One cut: `first` and `second` half of the real rows and `synthetic` rows, as many each."""

    def __init__(self, first: Sample, second: Sample, synthetic: Sample):
        self.first, self.second, self.synthetic = first, second, synthetic
        sides = (first, second, synthetic)
        self.words = min(sum(map(len, side.tokens)) for side in sides)  # that all three have
        self.bytes = min(len("\n".join(side.texts).encode("utf-8")) for side in sides)
        self._known: dict[object, object] = {}

    def across(self, other: Sample) -> np.ndarray:
        """Return distances from the first half to another side, shape (m, m)."""
        key = "across", id(other)
        if key not in self._known:
            self._known[key] = distances(self.first.vectors, other.vectors)
        return self._known[key]

    def reached(self, other: Sample, *, by_label: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Return which rows of the first half another side covers, and which of its rows they support, (m,) each.

        By label: with rows of the same label alone.
        """
        key = "reached", id(other), by_label
        if key not in self._known:
            across = self.across(other)
            across = within_labels(across, self.first.labels, other.labels) if by_label else across
            self._known[key] = in_reach(self._radii[by_label], across)
        return self._known[key]

    def by_label(self, other: Sample) -> dict[str, tuple[float, float]]:
        """Return (coverage, precision) of each label that the first half has enough rows of; nan where there are none.

        Enough is one more than the neighbours that make a ball.
        """
        covered, supported = self.reached(other, by_label=True)
        names, counts = np.unique(self.first.labels, return_counts=True)
        out = {}
        for name in names[counts > NEIGHBOURS]:
            mine = supported[other.labels == name]
            out[str(name)] = float(covered[self.first.labels == name].mean()), float(mine.mean()) if len(mine) else nan
        return out

    @cached_property
    def _radii(self) -> tuple[np.ndarray, np.ndarray]:
        """The radii of the first half's balls: among all rows, and within each label."""
        among = distances(self.first.vectors, self.first.vectors)
        return radii(among), radii(within_labels(among, self.first.labels, self.first.labels))

    @cached_property
    def classifier(self) -> LabelClassifier:
        """A classifier of labels fitted on the first half."""
        return LabelClassifier(self.first.vectors, self.first.labels)

    @cached_property
    def model(self) -> WordModel:
        """A word model fitted on the first half."""
        return WordModel(self.first.codes)


class Halves:
    """The cuts of a report, each drawn from (random_state, its number) alone."""

    def __init__(self, real, synthetic, real_vectors, synthetic_vectors, m: int, random_state: int = 0):
        self.m, self._state = m, random_state
        texts = list(real["text"]), list(synthetic["text"])
        tokens = tuple([words(t) for t in some] for some in texts)
        vectors, labels = (real_vectors, synthetic_vectors), (real["label"], synthetic["label"])
        self.real, self.synthetic = (
            Sample(np.arange(len(t)), t, w, c, v, np.asarray(y))
            for t, w, c, v, y in zip(texts, tokens, encode(*tokens), vectors, labels, strict=True)
        )

    def __iter__(self) -> Iterator[Split]:
        return (self.draw(i) for i in range(len(self)))

    def __len__(self) -> int:
        return REPEATS if self.m < LARGE else REPEATS // 2

    def randomness(self, i: int) -> np.random.Generator:
        return np.random.default_rng([self._state, i])

    def draw(self, i: int) -> Split:
        rng = self.randomness(i)
        first, second = stratified(self.real.labels, self.m, 2, rng)
        (some,) = stratified(self.synthetic.labels, len(first), 1, rng)
        return Split(_take(self.real, first), _take(self.real, second), _take(self.synthetic, some))


def _take(side: Sample, where: np.ndarray) -> Sample:
    texts, tokens, codes = ([some[i] for i in where] for some in (side.texts, side.tokens, side.codes))
    return Sample(where, texts, tokens, codes, side.vectors[where], side.labels[where])


def stratified(labels: Sequence[str], m: int, parts: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return `parts` disjoint samples of `m` rows, each with the labels in their shares (rounded at random)."""
    labels = np.asarray(labels)
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]  # label by label, at random within each
    # every (n/m)-th of that order holds each label in its share, however rare; the parts take turns
    places = (np.arange(m * parts) + rng.random()) * len(order) / (m * parts)
    chosen = order[np.minimum(places.astype(int), len(order) - 1)]
    turns = rng.permuted(np.tile(np.arange(parts), (m, 1)), axis=1).ravel()
    return [rng.permutation(chosen[turns == part]) for part in range(parts)]


def middle(values: Sequence[float]) -> Interval:
    """The mean over the cuts, without brackets: their spread says nothing about another generation."""
    return Interval(*[float(np.mean(values))] * 3)


def reach(values: Sequence[float], *, z: float = 2.0) -> Interval:
    """Where the value of other real rows of this number would fall: mean +- z sqrt(2) sd.

    Two halves of one set vary less than two samples: sampling without replacement halves the variance.
    """
    mean, span = float(np.mean(values)), float(z * np.sqrt(2) * np.std(values, ddof=1))
    low, high = mean - span, mean + span
    if min(values) >= 0 and max(values) <= 1:  # a share or an accuracy
        low, high = max(low, 0.0), min(high, 1.0)
    return Interval(mean, low, high)
