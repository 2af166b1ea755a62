"""How varied are the texts? All measures fall or rise with size, so compare only at equal size."""

from __future__ import annotations

import gzip
from collections.abc import Sequence

import numpy as np

from synthkit.text import ngrams, words


def distinct(texts: Sequence[str], n: int = 2, *, budget: int | None = None) -> float:
    """Return unique n-grams / n-grams (Li et al. 2016), 0 to 1; of the first `budget` words where it is given."""
    grams, left = [], budget if budget is not None else float("inf")
    for text in texts:
        tokens = words(text)[: int(min(left, 10**9))]
        left -= len(tokens)
        grams += ngrams(tokens, n)
        if left <= 0:
            break
    return len(set(grams)) / len(grams) if grams else 0.0


def compression_ratio(texts: Sequence[str], *, budget: int | None = None) -> float:
    """Return bytes / gzipped bytes of the joined texts (Shaib et al. 2024); higher is more repetitive.

    `budget` cuts the joined text to that many bytes, since long inputs compress better.
    """
    data = "\n".join(texts).encode("utf-8")[:budget]
    return len(data) / len(gzip.compress(data, 9, mtime=0)) if data else 0.0


def vendi(vectors: np.ndarray) -> float:
    """Return the Vendi score (Friedman and Dieng 2023): the effective number of different rows, 1 to n.

    `vectors`: unit rows, shape (n, d). The eigenvalues are those of the smaller Gram matrix.
    """
    n, d = vectors.shape
    gram = vectors @ vectors.T if n <= d else vectors.T @ vectors
    eigenvalues = np.linalg.eigvalsh(gram.astype(np.float64) / n)
    p = eigenvalues[eigenvalues > 1e-12]
    return float(np.exp(-(p * np.log(p)).sum()))
