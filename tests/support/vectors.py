"""Vectors without a model."""

from __future__ import annotations

import numpy as np

from synthkit.core.text import words


def bags(texts, *, embedder=None, fit_on=None):
    """Bags of words as unit vectors: the number of shared words decides."""
    out = np.zeros((len(texts), 512), dtype=np.float32)
    for i, text in enumerate(texts):
        for word in words(text) or ["-"]:
            out[i, sum(word.encode()) % 512] += 1
    return out / np.linalg.norm(out, axis=1, keepdims=True)
