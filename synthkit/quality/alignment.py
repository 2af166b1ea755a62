"""How close is the synthetic set to the real one, in the space of sentence vectors and in its words?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from synthkit.core.errors import SynthkitError
from synthkit.core.stats import one_thread
from synthkit.quality.diversity import cut

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


def radii(own: np.ndarray, *, k: int = NEIGHBOURS) -> np.ndarray:
    """Return the distance of each row to its k-th nearest other row, shape (n,), from distances of rows among them."""
    k = min(k, len(own) - 1)
    return np.partition(own, k, axis=1)[:, k].copy()


def coverage(real: np.ndarray, synthetic: np.ndarray, *, k: int = NEIGHBOURS) -> float:
    """Return the share of real rows with a synthetic row inside their k-NN ball (Naeem et al. 2020); higher is better.

    The ball of a real row reaches to its k-th nearest other real row.
    """
    return float(covered(radii(distances(real, real), k=k), distances(real, synthetic)).mean())


def precision(real: np.ndarray, synthetic: np.ndarray, *, k: int = NEIGHBOURS) -> float:
    """Return the share of synthetic rows inside the k-NN ball of any real row (Kynkäänniemi et al. 2019)."""
    return float(supported(radii(distances(real, real), k=k), distances(real, synthetic)).mean())


def covered(reach: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Return which real rows have a synthetic row in their ball: `reach` (real,), distances `across` (real, other)."""
    return across.min(axis=1) <= reach


def supported(reach: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Return which of the other rows lie in the ball of any real row."""
    return (across <= reach[:, None]).any(axis=0)


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


def frechet(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Return the Fréchet distance of two Gaussians fitted to the rows (Heusel et al. 2017), 0 and up; lower is nearer.

    Covariances are shrunk (Ledoit and Wolf 2004). Fewer rows a side than dimensions are refused: the number would say
    more of their count than of the texts.
    """
    from sklearn.covariance import ledoit_wolf

    least, d = min(len(real), len(synthetic)), real.shape[1]
    if least < d:
        raise SynthkitError(
            f"Fréchet distance: {least} rows a side, at least {d} needed, one a dimension of the vectors"
        )
    (a, _), (b, _) = (ledoit_wolf(side.astype(np.float64)) for side in (real, synthetic))
    values, basis = np.linalg.eigh(a)
    root = basis * np.sqrt(np.maximum(values, 0)) @ basis.T
    mixed = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b @ root), 0)).sum()
    gap = real.mean(axis=0, dtype=np.float64) - synthetic.mean(axis=0, dtype=np.float64)
    return float(max(0.0, gap @ gap + np.trace(a) + np.trace(b) - 2 * mixed))


def mauve(real: np.ndarray, synthetic: np.ndarray, *, random_state: int = 0) -> float:
    """Return MAUVE (Pillutla et al. 2021) of sentence vectors, 0 to 1; higher is nearer.

    By the authors' package (`pip install mauve-text`), with its defaults. Published values use other vectors and
    thousands of rows: only values of one report compare.
    """
    try:
        from mauve import compute_mauve
    except ImportError:
        raise SynthkitError("metrics='MAUVE' needs the package of its authors: pip install mauve-text") from None
    with one_thread():
        return float(compute_mauve(real, synthetic, verbose=False, seed=random_state + 1).mauve)


def jensen_shannon(p: Counter, q: Counter) -> float:
    """Return the Jensen-Shannon divergence of two counts in bits (Lin 1991), 0 to 1."""
    names = list(p.keys() | q.keys())
    a, b = (np.array([c[name] for name in names], dtype=float) / max(1, c.total()) for c in (p, q))
    middle = (a + b) / 2
    return float(_relative(a, middle) / 2 + _relative(b, middle) / 2)


def _relative(a: np.ndarray, b: np.ndarray) -> float:
    some = a > 0
    return float((a[some] * np.log2(a[some] / b[some])).sum())


def unigrams(texts: Sequence[str | Sequence[str]], *, budget: int | None = None) -> Counter:
    """Return the counts of words, of the first `budget` words."""
    return Counter(word for tokens in cut(texts, budget) for word in tokens)


def lengths(texts: Sequence[str | Sequence[str]]) -> Counter:
    """Return how many texts have each number of words; above 20 words in steps of a tenth."""
    return Counter(_step(len(tokens)) for tokens in cut(texts))


def _step(length: int) -> int:
    return length if length <= 20 else 20 + int(np.log(length / 20) / np.log(1.1)) + 1
