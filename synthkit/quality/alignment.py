"""How close is the synthetic set to the real one, in the space of sentence vectors?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthkit.core.stats import one_thread

NEIGHBOURS = 5
PERMUTATIONS = 500
_ROWS = 2048  # of a kernel matrix made at a time


def c2st(real: np.ndarray, synthetic: np.ndarray, *, random_state: int = 0) -> float:
    """Return the accuracy of a classifier that tells the two apart (Lopez-Paz and Oquab 2017); 0.5 is ideal.

    Logistic regression (C = 1) on unit vectors of equal number, stratified 5-fold cross-validation.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    x = np.concatenate([real, synthetic])
    y = np.repeat([0, 1], [len(real), len(synthetic)])
    folds = StratifiedKFold(5, shuffle=True, random_state=random_state).split(x, y)
    model = LogisticRegression(max_iter=1000)
    with one_thread():
        return float(np.mean([(model.fit(x[a], y[a]).predict(x[b]) == y[b]).mean() for a, b in folds]))


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return Euclidean distances, shape (len(a), len(b))."""
    out = a @ b.T
    out *= -2
    out += (a * a).sum(1)[:, None]
    out += (b * b).sum(1)[None, :]
    np.maximum(out, 0, out=out)
    return np.sqrt(out, out=out)


def within_labels(across: np.ndarray, labels: Sequence[str], other_labels: Sequence[str]) -> np.ndarray:
    """Return the distances with infinity between rows of different labels: what is not of a label cannot be near it."""
    names, codes = np.unique(np.concatenate([labels, other_labels]), return_inverse=True)
    mine, theirs = codes[: len(labels)], codes[len(labels) :]
    return np.where(mine[:, None] == theirs[None, :], across, np.float32(np.inf))


def radii(among: np.ndarray, *, k: int = NEIGHBOURS) -> np.ndarray:
    """Return the distance of each row to its k-th nearest other row, shape (n,), from the distances among the rows.

    Where fewer rows are near at all (`within_labels`), to the farthest of those; alone, 0.
    """
    k = min(k, len(among) - 1)
    nearest = np.partition(among, k, axis=1)[:, : k + 1]
    return np.where(np.isfinite(nearest), nearest, 0).max(axis=1)


def reached(
    real: np.ndarray,
    synthetic: np.ndarray,
    *,
    labels: tuple[Sequence[str], Sequence[str]] | None = None,
    k: int = NEIGHBOURS,
) -> tuple[np.ndarray, np.ndarray]:
    """Return (which real rows have a synthetic row in their ball, which synthetic rows lie in the ball of a real row).

    Shapes (real,) and (synthetic,): their means are coverage (Naeem et al. 2020) and precision (Kynkäänniemi et al.
    2019). The ball of a real row reaches to its k-th nearest other one. With `labels` (of the real and of the synthetic
    rows) both must be of its label: a missing class shows, whatever else stands where it should be.

    >>> real, near = np.array([[0.0], [0.1], [1.0], [1.1]]), np.array([[0.05], [0.07]])
    >>> for labels in (None, (["a", "a", "b", "b"], ["b", "b"])):
    ...     reached(real, near, k=1, labels=labels)[0].mean().item()
    0.5
    0.0
    """
    among, across = distances(real, real), distances(real, synthetic)
    if labels is not None:
        among, across = within_labels(among, labels[0], labels[0]), within_labels(across, *labels)
    return in_reach(radii(among, k=k), across)


def in_reach(reach: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the same from the radii of the balls, (real,), and the distances, (real, synthetic)."""
    return across.min(axis=1) <= reach, (across <= reach[:, None]).any(axis=0)


def mmd(
    real: np.ndarray, synthetic: np.ndarray, *, permutations: int = PERMUTATIONS, random_state: int = 0
) -> tuple[float, float, np.ndarray]:
    """Return (MMD squared, p, its values under permutation) of two samples (Gretton et al. 2012).

    Unbiased estimate with a Gaussian kernel whose width is the median distance of all rows; p = (1 + permutations at
    least as large) / (1 + permutations) when the rows are dealt at random to the two sides.
    """
    x = np.concatenate([real, synthetic]).astype(np.float32)
    n, m = len(real), len(synthetic)
    rng = np.random.default_rng(random_state)
    some = x[rng.permutation(len(x))[:1000]]
    width = float(np.median(distances(some, some)[np.triu_indices(len(some), 1)])) or 1.0
    sides = np.zeros((len(x), permutations + 1), dtype=np.float32)
    sides[:n, 0] = 1
    for i in range(permutations):
        sides[rng.permutation(len(x))[:n], i + 1] = 1
    within = np.zeros(permutations + 1)  # sum of the kernel over pairs of the first side
    rows = np.empty(len(x))
    for start in range(0, len(x), _ROWS):
        part = slice(start, min(start + _ROWS, len(x)))
        kernel = distances(x[part], x)
        kernel *= kernel
        kernel *= -0.5 / width**2
        np.exp(kernel, out=kernel)
        kernel[np.arange(part.stop - start), np.arange(start, part.stop)] = 0  # a row with itself does not count
        rows[part] = kernel.sum(axis=1, dtype=np.float64)
        within += np.einsum("ij,ij->j", sides[part], kernel @ sides, dtype=np.float64)
    across = rows @ sides - within  # pairs of different sides
    other = rows.sum() - within - 2 * across
    values = within / (n * (n - 1)) + other / (m * (m - 1)) - 2 * across / (n * m)
    return float(values[0]), float((1 + (values[1:] >= values[0]).sum()) / (1 + permutations)), values[1:]
