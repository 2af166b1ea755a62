"""Scores of fixed predictions and their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


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


def scores(
    truth: np.ndarray, predicted: np.ndarray, weights: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (macro-F1, accuracy) for each row of `weights`.

    `truth` and `predicted` are class numbers, shape (n,); `weights`, shape (b, n), says how often each item counts.
    A class that a resample holds neither in truth nor in predictions is left out of its mean.
    """
    correct = truth == predicted
    f1 = np.zeros(len(weights))
    present = np.zeros(len(weights))
    for c in range(classes):
        true_positive = weights @ (correct & (truth == c))
        named = weights @ (truth == c) + weights @ (predicted == c)
        f1 += np.divide(2 * true_positive, named, out=np.zeros(len(weights)), where=named > 0)
        present += named > 0
    return f1 / present, weights @ correct / weights.sum(axis=1)


def bootstrap(
    truth: np.ndarray, draws: Sequence[np.ndarray], classes: int, *, resamples: int = 1000, random_state: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return resampled (macro-F1, accuracy), each of shape (resamples,), of a mean over draws.

    `draws` holds the predictions of classifiers trained on different draws, each of shape (n,). A resample draws test
    items with replacement and, where there are several, draws as well (Efron and Tibshirani 1993, ch. 8). With the same
    `random_state` two arms see the same items, so their differences are paired.
    """
    items = np.random.default_rng([random_state, 0]).multinomial(
        len(truth), np.full(len(truth), 1 / len(truth)), resamples
    )
    which = np.random.default_rng([random_state, 1]).integers(0, len(draws), (resamples, len(draws)))
    both = [scores(truth, d, items.astype(np.float32), classes) for d in draws]
    rows, n = np.arange(resamples)[:, None], len(draws)
    out = []
    for score in (0, 1):
        every = np.stack([b[score] for b in both], axis=1)
        centre, drawn = every.mean(axis=1), every[rows, which].mean(axis=1)
        # drawing n of n with replacement shows (n - 1) / n of the variance between draws
        out.append(centre + (drawn - centre) * np.sqrt(n / max(n - 1, 1)))
    return tuple(out)


def interval(value: float, resampled: np.ndarray) -> Interval:
    """Return the value with the 2.5th and 97.5th percentile of its resamples."""
    low, high = np.quantile(resampled, [0.025, 0.975])
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
