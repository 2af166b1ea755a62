"""Scores of fixed predictions and their intervals."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np


def one_thread():
    """Return a context in which linear algebra uses one thread: many small fits on a busy machine are faster so."""
    return thread_pools().limit(limits=1)


def thread_pools():
    """Return threadpoolctl's control of the libraries that are loaded; kept, since a search takes milliseconds."""
    return _thread_pools(len(sys.modules))


@lru_cache(maxsize=1)
def _thread_pools(modules: int):
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class Interval(NamedTuple):
    """A value with the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.high - self.low < 5e-4:
            return f"{self.value:.0f}" if self.value == int(self.value) else f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def wilson(hits: float, n: int, *, z: float = 1.96) -> Interval:
    """Return a share with its 95 % interval (Wilson 1927); of nothing, 0 with [0, 1]."""
    if not n:
        return Interval(0.0, 0.0, 1.0)
    p, middle = hits / n, (hits / n + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Interval(float(p), float(max(0.0, middle - reach)), float(min(1.0, middle + reach)))


class Fits(NamedTuple):
    """Predictions of one classifier, one fit a training set: class numbers of the test rows, shape (fits, n).

    `units` says of which (generation, draw of the real rows) each fit's training set is; arms with the same numbers are
    paired. `refits`, shape (r, n), are of
    training sets whose rows were drawn again with replacement, each beside the fit that `beside` names: they show the
    luck of rows that all sets share.
    """

    predicted: np.ndarray
    units: tuple[tuple[int, int], ...] = ((0, 0),)
    refits: np.ndarray | None = None
    beside: tuple[int, ...] = ()


class Estimate(NamedTuple):
    """A score, or a difference of scores, with its variance and degrees of freedom."""

    value: float
    variance: float
    df: float

    def interval(self, *, low: float = -np.inf, high: float = np.inf) -> Interval:
        """Return the 95 % interval by Student's t, cut at `low` and `high`."""
        from scipy.stats import t

        reach = float(t.ppf(0.975, self.df) * np.sqrt(self.variance))
        return Interval(self.value, max(low, self.value - reach), min(high, self.value + reach))

    @property
    def p(self) -> float:
        """The two-sided p value of no difference: below 0.05 where the interval excludes 0."""
        from scipy.stats import t

        if not self.variance:
            return float(self.value == 0)
        return float(2 * t.sf(abs(self.value) / np.sqrt(self.variance), self.df))


def score(truth: np.ndarray, predicted: np.ndarray, what: str | int = "macro_f1") -> float:
    """Return "macro_f1", "accuracy", or with a class number the recall of that class, of class numbers, shape (n,).

    >>> score(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]), "accuracy"), score(np.array([0, 0]), np.array([0, 1]), 0)
    (0.75, 0.5)
    """
    return influence(truth, predicted, what)[0]


def influence(truth: np.ndarray, predicted: np.ndarray, what: str | int = "macro_f1") -> tuple[float, np.ndarray]:
    """Return (score, influence of each item on it, shape (n,)): its mean square over n is the score's variance.

    The influence function of a plug-in estimate (Hampel 1974). A class that is neither in truth nor in predictions is
    left out of macro-F1; the recall of a class without items is NaN.
    """
    n, right = len(truth), truth == predicted
    if what == "accuracy":
        return float(right.mean()), right - right.mean()
    classes = int(max(truth.max(), predicted.max())) + 1
    true, named, hits = (np.bincount(x, minlength=classes) for x in (truth, predicted, truth[right]))
    if what != "macro_f1":
        if what >= classes or not true[what]:
            return float("nan"), np.full(n, np.nan)
        recall = hits[what] / true[what]
        return float(recall), (truth == what) * (right - recall) * n / true[what]
    both = true + named
    size = np.where(both, 1 / np.maximum(both, 1), 0)
    f1 = 2 * hits * size
    each = 2 * right * size[truth] - (f1 * size)[truth] - (f1 * size)[predicted]
    return float(f1.sum() / (both > 0).sum()), each * n / (both > 0).sum()


def estimate(truth: np.ndarray, parts: Sequence[tuple[float, Fits]], what: str | int = "macro_f1") -> Estimate:
    """Return the sum of arms' scores, each times its weight: of one arm as [(1, fits)], a difference as 1 and -1.

    Its variance is that over test items of the mean over fits, and for each thing that varies (draws of real rows,
    generations, rows drawn again) what the scores of its units vary by beyond the noise of the items in them; degrees
    of freedom by Satterthwaite (1946).
    """
    n, value, items = len(truth), 0.0, np.zeros(len(truth))
    units: dict[tuple, list[np.ndarray]] = {}
    for number, (weight, fits) in enumerate(parts):
        scored = [influence(truth, p, what) for p in fits.predicted]
        values, effects = weight * np.array([v for v, _ in scored]), weight * np.stack([e for _, e in scored])
        value, items = value + values.mean(), items + effects.mean(axis=0)
        for key, numbers, which in factors(fits.units):
            of_unit = [which == unit for unit in range(len(numbers))]
            means = np.array([values[w].mean() for w in of_unit]), np.stack([effects[w].mean(axis=0) for w in of_unit])
            before = units.get((key, numbers), (0, 0))
            units[key, numbers] = (before[0] + means[0], before[1] + means[1])
        if fits.refits is not None and len(fits.refits) > 1:
            again = [influence(truth, p, what) for p in fits.refits]
            beside = list(fits.beside) or [0] * len(again)
            moved = weight * np.array([v for v, _ in again]) - values[beside]
            units["rows", number] = (moved, weight * np.stack([e for _, e in again]) - effects[beside])
    variance, square = float(items.var(ddof=1) / n) if n > 1 else 0.0, 0.0
    least = np.inf
    for group, (values, effects) in units.items():
        m = len(values)
        noise = float(((effects - effects.mean(axis=0)) ** 2).sum()) / (m - 1) / n**2
        share = 1 if group[0] == "rows" else m  # a refit stands for another single set, not for one of m
        between = float(values.var(ddof=1))
        variance += max(0.0, between - noise) / share
        square += (between / share) ** 2 / (m - 1)
        least = min(least, m - 1)
    df = max(variance**2 / square, least) if square else np.inf
    return Estimate(float(value), variance, float(df))


def factors(units: Sequence[tuple[int, int]]) -> list[tuple[str, tuple[int, ...], np.ndarray]]:
    """Return ("draw" or "generation", its unit numbers, position among them of each fit) of what varies.

    Draws alone if each draw has a generation of its own.
    """
    several = []
    for key, column in (("draw", 1), ("generation", 0)):
        numbers, which = np.unique([unit[column] for unit in units], return_inverse=True)
        if len(numbers) > 1:
            several.append((key, tuple(numbers.tolist()), which))
    if len(several) == 2 and len(set(units)) == len(several[0][1]) == len(several[1][1]):
        return several[:1]  # generation i comes with draw i and no other: one factor, not two
    return several


def holm(p: Sequence[float]) -> list[float]:
    """Return p values corrected for their number (Holm 1979), in their order."""
    order, worst, out = sorted(range(len(p)), key=p.__getitem__), 0.0, [0.0] * len(p)
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, (len(p) - rank) * p[i]))
        out[i] = worst
    return out


def mcnemar(right: np.ndarray, other: np.ndarray) -> float:
    """Return the exact two-sided p value of McNemar's test (1947): do two classifiers err on as many items?

    `right` and `other`, shape (n,), say where each was right. Only items where they differ count.

    >>> mcnemar(np.array([True] * 8 + [False] * 2), np.array([True] * 2 + [False] * 8))
    0.03125
    """
    from scipy.stats import binomtest

    gained, lost = int((right & ~other).sum()), int((other & ~right).sum())
    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def combined(p: Sequence[float]) -> float:
    """Return one p value for several dependent tests of one question: twice the median (Rueschendorf 1982), at most 1.

    >>> combined([0.01, 0.02, 0.6]), combined([0.04])
    (0.04, 0.04)
    """
    return float(min(1.0, 2 * np.median(p))) if len(p) > 1 else float(p[0])
