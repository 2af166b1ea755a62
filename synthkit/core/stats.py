"""Scores of fixed predictions and their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

RESAMPLES = 2000


def one_thread():
    """Return a context in which linear algebra uses one thread: many small fits on a busy machine are faster so."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


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


class Resampled(NamedTuple):
    """Scores of one arm on resampled test rows: shapes (b,), (b,) and (classes, b)."""

    macro_f1: np.ndarray
    accuracy: np.ndarray
    recall: np.ndarray


def scores(
    truth: np.ndarray, predicted: np.ndarray, weights: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (macro-F1, accuracy) for each row of `weights`.

    `truth` and `predicted` are class numbers, shape (n,); `weights`, shape (b, n), says how often each item counts.
    A class that a resample holds neither in truth nor in predictions is left out of its mean.
    """
    f1, accuracy, _ = _scores(truth, predicted, weights, weights @ _one_hot(truth, classes), classes)
    return f1, accuracy


def _scores(truth, predicted, weights, there, classes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (macro-F1, accuracy, recall by class); `there`, shape (b, classes), is how often a resample has each."""
    hits = _one_hot(truth, classes)
    hits[truth != predicted] = 0
    right = weights @ hits
    named = there + weights @ _one_hot(predicted, classes)
    f1 = np.divide(2 * right, named, out=np.zeros_like(right), where=named > 0)
    recall = np.divide(right, there, out=np.full_like(right, np.nan), where=there > 0)
    return f1.sum(axis=1) / (named > 0).sum(axis=1), right.sum(axis=1) / weights.sum(axis=1), recall


def _one_hot(classes_of: np.ndarray, classes: int) -> np.ndarray:
    out = np.zeros((len(classes_of), classes), dtype=np.float32)
    out[np.arange(len(classes_of)), classes_of] = 1
    return out


def recalls(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return the share of each class's items that were named right, shape (classes,); NaN for a class without items."""
    one = np.ones((1, len(truth)), dtype=np.float32)
    return _scores(truth, predicted, one, one @ _one_hot(truth, classes), classes)[2][0]


def bootstrap(
    truth: np.ndarray,
    fits: Sequence[np.ndarray],
    classes: int,
    *,
    units: Sequence[tuple[int, int]] | None = None,
    resamples: int = RESAMPLES,
    random_state: int = 0,
) -> Resampled:
    """Return resampled scores of a mean over fits, on test items drawn with replacement.

    `fits` holds the predictions of one classifier a training set, each of shape (n,); `units` says of which
    (generation, draw of the real rows) each set is, by default one draw each. Where there are several generations or
    several draws they are resampled too, crossed where both vary (Owen 2007, without the interaction, which the two
    parts already hold). A handful of units resamples too narrowly, so each part is widened to Student's t (Hesterberg
    2015, the expanded percentile interval). With the same `random_state` two arms see the same items, generations and
    draws, so their differences are paired.
    """
    items = _items(len(truth), resamples, random_state)
    there = items @ _one_hot(truth, classes)
    f1, accuracy, recall = zip(*(_scores(truth, f, items, there, classes) for f in fits), strict=True)
    every = np.concatenate([np.stack(f1)[..., None], np.stack(accuracy)[..., None], np.stack(recall)], axis=2)
    out = every.mean(axis=0)
    for key, which in factors(units or [(0, i) for i in range(len(fits))]):
        m = which.max() + 1
        means = np.stack([every[which == unit].mean(axis=0) for unit in range(m)])
        drawn = np.random.default_rng([random_state, key]).multinomial(m, np.full(m, 1 / m), resamples) / m
        effect = np.einsum("bu,ubs->bs", drawn, means) - means.mean(axis=0)
        out = out + effect * _widened(m)
    out = np.clip(out, 0, 1).T
    return Resampled(out[0], out[1], out[2:])


def factors(units: Sequence[tuple[int, int]]) -> list[tuple[int, np.ndarray]]:
    """Return (1 for draws or 2 for generations, unit of each fit) of what varies; draws alone if each has its own."""
    generation, draw = (np.unique([u[i] for u in units], return_inverse=True)[1] for i in (0, 1))
    several = {key: which for key, which in ((1, draw), (2, generation)) if which.max() > 0}
    if len(several) == 2 and len(set(units)) == draw.max() + 1 == generation.max() + 1:
        del several[2]  # generation i comes with draw i and no other: one factor, not two
    return list(several.items())


def _widened(m: int) -> float:
    from scipy.stats import norm, t

    # drawing m of m with replacement shows (m - 1) / m of the variance between units
    return float(np.sqrt(m / (m - 1)) * t.ppf(0.975, m - 1) / norm.ppf(0.975))


@lru_cache(maxsize=1)
def _items(n: int, resamples: int, random_state: int) -> np.ndarray:
    rng = np.random.default_rng([random_state, 0])
    return np.stack([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(resamples)]).astype(np.float32)


def interval(value: float, resampled: np.ndarray) -> Interval:
    """Return the value with the 2.5th and 97.5th percentile of its resamples."""
    low, high = np.nanquantile(resampled, [0.025, 0.975])
    return Interval(float(value), float(low), float(high))


def two_sided(differences: np.ndarray) -> float:
    """Return the two-sided bootstrap p value of resampled differences: twice the smaller tail, at least 2 / (b + 1)."""
    tail = min((differences <= 0).sum(), (differences >= 0).sum())
    return float(min(1.0, 2 * (tail + 1) / (len(differences) + 1)))


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
