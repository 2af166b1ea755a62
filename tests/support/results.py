"""A comparison made up from scores."""

from __future__ import annotations

import numpy as np

from synthkit.comparison.comparison import Comparison, Score
from synthkit.core.stats import Interval


def result(**f1):
    scores = tuple(
        Score(arm, "minilm_lr", 10, 1, Interval(x, x - 0.01, x + 0.01), Interval(x, x, x)) for arm, x in f1.items()
    )
    resampled = {(arm, "minilm_lr"): np.array([x - 0.01, x, x + 0.01]) for arm, x in f1.items()}
    return Comparison(scores, (), ("a", "b"), 300, "lsa", model="m", resampled=resampled)
