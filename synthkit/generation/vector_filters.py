"""A filter that needs sentence vectors: twins by meaning.

It is off unless it is asked for, `filters=[*sk.default_filters(task, seeds), SameMeaning()]`: what it drops hangs on
floating-point numbers and on weights that a machine may not have.
"""

from __future__ import annotations

import numpy as np

from synthkit.core.embedding import GET_WEIGHTS, embed, weights_folder
from synthkit.core.errors import SynthkitError
from synthkit.core.text import words
from synthkit.generation.filter import Drop, Filter

LOOSE, STRICT, SHORT = 0.90, 0.95, 10  # cosine for very long texts, for short ones, and how many words are short


def twin_threshold(count: int) -> float:
    """Return the cosine from which two texts are twins, `count` being the words of the shorter one.

    Short texts of one intent are alike by nature, so for them it is stricter. Calibrated on real rows without
    duplicates (benchmarks/filters.py): of 200 it drops 0.4 % (clinc150_domains), 0.7 % (banking77), none (feedback);
    of more rows more: 19 % of the 11,998 and 26 % of the 7,995 train rows of the first two have a twin.

    >>> [round(twin_threshold(n), 4) for n in (4, 10, 20, 80)]
    [0.95, 0.95, 0.925, 0.9062]
    """
    return LOOSE + (STRICT - LOOSE) * min(1.0, SHORT / max(count, 1))


class SameMeaning(Filter):
    """Says what a kept row says: cosine of MiniLM vectors at or above a threshold for the shorter one's words.

    Raises SynthkitError where the weights are missing: the thresholds are calibrated for these vectors and no others.
    """

    name = "same meaning"

    def __init__(self):
        if weights_folder() is None:
            raise SynthkitError(f"the filter 'same meaning' needs the MiniLM weights: {GET_WEIGHTS.partition(',')[0]}")
        self._vectors: dict[str, np.ndarray] = {}
        self._ids: list[str] = []
        self._lengths: list[int] = []
        self._kept = np.empty((0, 0), dtype=np.float32)

    def prepare(self, rows: list[dict]) -> None:
        texts = list(dict.fromkeys(r["text"] for r in rows))
        self._vectors = dict(zip(texts, embed(texts, embedder="minilm"), strict=True))

    def check(self, row: dict) -> Drop | None:
        if not self._ids:
            return None
        count = len(words(row["text"]))
        cosines = self._kept[: len(self._ids)] @ self._vector(row["text"])
        least = np.array([twin_threshold(min(count, other)) for other in self._lengths])
        twin = int((cosines - least).argmax())
        if cosines[twin] < least[twin]:
            return None
        shorter = min(count, self._lengths[twin])
        return Drop(
            self.name, f"of {self._ids[twin]}, cosine {cosines[twin]:.3f}, from {least[twin]:.3f} at {shorter} words"
        )

    def keep(self, row: dict) -> None:
        vector, size = self._vector(row["text"]), len(self._ids)
        if size == len(self._kept):  # room for as many again
            self._kept = np.vstack([self._kept.reshape(size, len(vector)), np.zeros((max(64, size), len(vector)), "f")])
        self._kept[size] = vector
        self._ids.append(row["id"])
        self._lengths.append(len(words(row["text"])))

    def _vector(self, text: str) -> np.ndarray:
        if text not in self._vectors:
            self._vectors[text] = embed([text], embedder="minilm")[0]
        return self._vectors[text]
