"""A comparison made up from scores."""

from __future__ import annotations

import numpy as np

from synthkit.comparison.comparison import Comparison, Score
from synthkit.core.stats import Fits, Interval

HALF = 500


def result(**f1):
    """A comparison of arms by macro-F1: as much of either of two labels is named right."""
    truth = np.repeat([0, 1], HALF)
    fits = {}
    for arm, x in f1.items():
        right = np.tile(np.arange(HALF) < round(x * HALF), 2)
        fits[arm, "minilm_lr"] = Fits(np.where(right, truth, 1 - truth)[None])
    scores = tuple(
        Score(arm, "minilm_lr", 10, 1, Interval(x, x - 0.01, x + 0.01), Interval(x, x, x)) for arm, x in f1.items()
    )
    ids = tuple(f"t{i}" for i in range(2 * HALF))
    return Comparison(scores, (), ("a", "b"), 300, "lsa", model="m", truth=truth, ids=ids, fits=fits)
