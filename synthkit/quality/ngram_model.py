"""A small language model of words: what fluency and membership are measured with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_BEGIN, _END, _UNKNOWN, _FIRST = 0, 1, 2, 3


def encode(*sets: Sequence[Sequence[str]]) -> list[list[np.ndarray]]:
    """Return sets of texts (lists of words) as sets of arrays of word numbers, of one vocabulary for all."""
    numbers: dict[str, int] = {}
    return [
        [np.array([numbers.setdefault(w, len(numbers) + _FIRST) for w in text], dtype=np.int64) for text in texts]
        for texts in sets
    ]


class WordModel:
    """An interpolated n-gram model of words (Witten and Bell 1991, as in Chen and Goodman 1998).

    p(w | h) = (c(h w) + T(h) p(w | h')) / (c(h) + T(h)), T(h) the number of different words seen after h, h' the
    history without its first word; at the end of the chain stands a uniform p over the words of the texts it was fitted
    on, one unknown word and the end of a text. `texts` are arrays of word numbers by `encode`.
    """

    def __init__(self, texts: Sequence[np.ndarray], *, order: int = 3):
        self.order = order
        self._known = np.unique(np.concatenate([*texts, np.array([_BEGIN, _END, _UNKNOWN])]))
        self._size = len(self._known)
        grams, _ = self._windows(texts)
        self._tables = []
        for n in range(1, order + 1):
            keys, counts = np.unique(self._keys(grams[:, order - n :]), return_counts=True)
            histories, first = np.unique(keys // self._size, return_index=True)
            kinds = np.diff(np.append(first, len(keys)))
            totals = np.add.reduceat(counts, first)
            self._tables.append((keys, counts, histories, totals, kinds))

    def _windows(self, texts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return each predicted word behind its history, shape (words, order), and the words predicted in each text."""
        pad = [_BEGIN] * (self.order - 1)
        whole = [np.concatenate([pad, text, [_END]]).astype(np.int64) for text in texts]
        flat = np.concatenate(whole)
        place = np.searchsorted(self._known, flat)
        place[place == self._size] = _UNKNOWN
        place[self._known[place] != flat] = _UNKNOWN
        lengths = np.array([len(w) for w in whole])
        ends = np.cumsum(lengths)
        where = np.concatenate([np.arange(e - n + self.order - 1, e) for e, n in zip(ends, lengths, strict=True)])
        grams = place[where[:, None] - np.arange(self.order - 1, -1, -1)[None, :]]
        return grams, lengths - (self.order - 1)

    def _keys(self, grams: np.ndarray) -> np.ndarray:
        keys = np.zeros(len(grams), dtype=np.int64)
        for column in grams.T:
            keys = keys * self._size + column
        return keys

    def bits(self, texts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return (bits, predicted words) of each text, both of shape (n,); the end of a text counts as a word."""
        grams, lengths = self._windows(texts)
        p = np.full(len(grams), 1 / (self._size - 1))  # the beginning is never predicted
        for n, (keys, counts, histories, totals, kinds) in enumerate(self._tables, start=1):
            own = self._keys(grams[:, self.order - n :])
            c, h = _looked_up(keys, counts, own), own // self._size
            total, kind = _looked_up(histories, totals, h), _looked_up(histories, kinds, h)
            p = np.where(total > 0, (c + kind * p) / np.maximum(total + kind, 1), p)
        ends = np.cumsum(lengths)
        return np.add.reduceat(-np.log2(p), ends - lengths), lengths


def _looked_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)
