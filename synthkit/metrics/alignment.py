"""How close is the synthetic set to the real one, in the space of sentence vectors?"""

from __future__ import annotations

import numpy as np

from synthkit.stats import one_thread

NEIGHBOURS = 5


def c2st(real: np.ndarray, synthetic: np.ndarray, *, random_state: int = 0) -> float:
    """Return the accuracy of a classifier that tells the two apart (Lopez-Paz and Oquab 2017); 0.5 is ideal.

    Logistic regression (C = 1) on unit vectors of equal number, stratified 5-fold cross-validation.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    x = np.concatenate([real, synthetic])
    y = np.repeat([0, 1], [len(real), len(synthetic)])
    folds = StratifiedKFold(5, shuffle=True, random_state=random_state)
    with one_thread():
        return float(cross_val_score(LogisticRegression(max_iter=1000), x, y, cv=folds).mean())


def coverage(real: np.ndarray, synthetic: np.ndarray, *, k: int = NEIGHBOURS) -> float:
    """Return the share of real rows with a synthetic row inside their k-NN ball (Naeem et al. 2020); higher is better.

    The ball of a real row reaches to its k-th nearest other real row.
    """
    radius = np.sort(_distances(real, real), axis=1)[:, k]
    return float((_distances(real, synthetic).min(axis=1) <= radius).mean())


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    squared = (a * a).sum(1)[:, None] + (b * b).sum(1)[None, :] - 2 * a @ b.T
    return np.sqrt(np.maximum(squared, 0))
