"""Do the texts carry their labels, and do they read like the real ones?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthkit.core.stats import holm
from synthkit.quality.alignment import NEIGHBOURS
from synthkit.quality.bias import Share, shares
from synthkit.quality.ngram_model import WordModel
from synthkit.seeds.profile import HABITS

GAP = 0.1  # of the texts, from which a habit is called off


def knn_fidelity(
    distances: np.ndarray, labels: Sequence[str], reference_labels: Sequence[str], *, k: int = NEIGHBOURS
) -> float:
    """Return the share of rows whose label the vote of their `k` nearest reference rows gives (Cover and Hart 1967).

    `distances`: shape (rows, reference). Of labels with equally many votes, the one with the nearest row counts.
    """
    names = np.unique(np.concatenate([labels, reference_labels]))
    asked, known = np.searchsorted(names, labels), np.searchsorted(names, reference_labels)
    k = min(k, distances.shape[1])
    near = np.argpartition(distances, k - 1, axis=1)[:, :k]
    near = np.take_along_axis(near, np.take_along_axis(distances, near, 1).argsort(axis=1, kind="stable"), 1)
    voted = known[near]
    votes = (voted[:, :, None] == voted[:, None, :]).sum(axis=2) - np.arange(k) * 1e-3
    winner = voted[np.arange(len(voted)), votes.argmax(axis=1)]
    return float((winner == asked).mean())


def fluency(model: WordModel, texts: Sequence[np.ndarray]) -> float:
    """Return bits a word of encoded texts under a reference model: cross-entropy, the log2 of perplexity."""
    bits, lengths = model.bits(texts)
    return float(bits.sum() / lengths.sum())


def register(synthetic: Sequence[str], real: Sequence[str]) -> list[Share]:
    """Return how often each habit (a question, a number, lower case ...) is met on both sides, the widest gap first.

    p by Fisher's exact test, corrected for the number of habits (Holm 1979).
    """
    sides = [np.array([[has(t) for _, _, has in HABITS] for t in texts], dtype=bool) for texts in (synthetic, real)]
    out = []
    for i, (habit, _, _) in enumerate(HABITS):
        values = shares(habit, *([str(v) for v in side[:, i]] for side in sides))
        out += [s._replace(of="habit", value=habit) for s in values if s.value == "True"]
    corrected = [s._replace(p=p) for s, p in zip(out, holm([s.p / 2 for s in out]), strict=True)]  # both values: twice
    return sorted(corrected, key=lambda s: -abs(s.difference.value))


def off_register(habits: Sequence[Share]) -> list[Share]:
    """Return those habits of `register` that differ beyond chance, and by a tenth of the texts or more."""
    return [s for s in habits if s.p < 0.05 and abs(s.difference.value) >= GAP]
