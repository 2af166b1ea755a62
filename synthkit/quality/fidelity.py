"""Do the texts carry their labels, and do they read like the real ones?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthkit.core.classifier import LabelClassifier as Judge  # noqa: F401
from synthkit.quality.ngram_model import WordModel
from synthkit.seeds.profile import HABITS

NEIGHBOURS = 5


def knn_fidelity(
    distances: np.ndarray, labels: Sequence[str], reference_labels: Sequence[str], *, k: int = NEIGHBOURS
) -> float:
    """Return the share of rows whose label the vote of their `k` nearest reference rows gives (Cover and Hart 1967).

    `distances`: shape (rows, reference). Of labels with equally many votes, the one with the nearest row counts.
    """
    names = np.unique(np.concatenate([labels, reference_labels]))
    own, known = np.searchsorted(names, labels), np.searchsorted(names, reference_labels)
    k = min(k, distances.shape[1])
    near = np.argpartition(distances, k - 1, axis=1)[:, :k]
    near = np.take_along_axis(near, np.take_along_axis(distances, near, 1).argsort(axis=1, kind="stable"), 1)
    voted = known[near]
    votes = (voted[:, :, None] == voted[:, None, :]).sum(axis=2) - np.arange(k) * 1e-3
    winner = voted[np.arange(len(voted)), votes.argmax(axis=1)]
    return float((winner == own).mean())


def fluency(model: WordModel, texts: Sequence[np.ndarray]) -> float:
    """Return bits a word of encoded texts under a reference model: cross-entropy, the log2 of perplexity."""
    bits, lengths = model.bits(texts)
    return float(bits.sum() / lengths.sum())


def register(texts: Sequence[str]) -> np.ndarray:
    """Return whether each text has each of the habits of `profiling` (a question, a number ...), (n, habits)."""
    return np.array([[has(t) for _, _, has in HABITS] for t in texts], dtype=bool)
