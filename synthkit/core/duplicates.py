"""Near-duplicates and shared runs of words, in a time that grows with the texts and not with their pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from synthkit.core.text import NEAR, fold, likeness_by_signs, matched_words, padded, shingles

SHORT = 500  # characters up to which a text's shingles are kept, as hashes: of one template many are looked at again
MOST, CHECKED = 256, 12  # texts proposed at the most as near-duplicates of one, and those that are looked at
BANDS, BAND_ROWS = 16, 4  # P(a pair at Jaccard .8 becomes a candidate) = 1 - (1 - .8^4)^16 > .999
_A, _B = np.random.default_rng(20).integers(0, 1 << 64, (2, BANDS * BAND_ROWS), dtype=np.uint64)
_PLACES = np.random.default_rng(21).integers(0, 1 << 63, 5 + BAND_ROWS, dtype=np.uint64) * 2 + 1  # odd
_BASE = 0x9E3779B97F4A7C15 ^ 2  # odd, and one less is two times an odd number: runs that differ in order hash apart
_HIGH = np.uint64(32)


def shingle_hashes(text: str) -> np.ndarray:
    """Return a number for each place of a text where a shingle begins, uint64."""
    letters = np.frombuffer(padded(text).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    size = min(5, len(letters))
    return sum(letters[i : len(letters) - size + 1 + i] * _PLACES[i] for i in range(size))


def signature(text: str) -> np.ndarray:
    """MinHash signature (Broder 1997) of the shingles of a text, shape (bands * rows,), uint32."""
    return _signature(shingle_hashes(text))


def _signature(hashes: np.ndarray) -> np.ndarray:
    # multiply-shift (Dietzfelbinger 1996): products wrap at 2^64, and only their high half is mixed well
    return ((hashes[:, None] * _A + _B) >> _HIGH).min(axis=0).astype(np.uint32)


def band_keys(sketch: np.ndarray) -> list[int]:
    """Return a number for each band of a signature, BANDS of them: what texts that share the band are kept under."""
    mixed = (sketch.reshape(BANDS, BAND_ROWS) * _PLACES[5:]).sum(axis=1, dtype=np.uint64)
    return (mixed + _A[:BANDS]).tolist()


class NearIndex:
    """Texts that can be asked for near-duplicates, in a time that does not grow with their number.

    MinHash bands propose, the exact likeness decides. Where more than `MOST` texts are proposed, as by thousands from
    one template, those in the least crowded bands are looked at.

    >>> index = NearIndex(0.8)
    >>> index.add("the parcel came two days late", "r1")
    >>> index.nearest("The parcel came two days late!")
    ('r1', 1.0)
    """

    def __init__(self, threshold: float = NEAR):
        self.threshold = threshold
        # of places alike in two signatures: of those just as like as the threshold one pair in 20,000 has fewer
        size = BANDS * BAND_ROWS
        self._least_alike = size * threshold - 4.2 * (size * threshold * (1 - threshold)) ** 0.5
        self._texts: list[str] = []
        self._names: list[object] = []
        self._same: dict[int, object] = {}  # by the hash of a text: it takes less room
        self._sketches = np.empty((64, BANDS * BAND_ROWS), dtype=np.uint32)
        self._buckets: dict[int, int | list[int]] = {}  # most hold one text, and a list for each would fill the memory
        self._hashes: list[bytes] = []
        self._last: tuple[str | None, set[int], np.ndarray] = (None, set(), np.empty(0))

    def __len__(self) -> int:
        return len(self._names)

    def extend(self, texts: Iterable[str], names: Iterable[object]) -> None:
        """Add texts under their names."""
        for text, name in zip(texts, names, strict=True):
            self.add(text, name)

    def add(self, text: str, name: object) -> None:
        """Add one text under its name."""
        (hashes, sketch), position = self._sketched(text), len(self)
        for key in band_keys(sketch):
            held = self._buckets.setdefault(key, position)
            if isinstance(held, list):
                held.append(position)
            elif held != position:
                self._buckets[key] = [held, position]
        if position == len(self._sketches):
            self._sketches = np.concatenate([self._sketches, np.empty_like(self._sketches)])
        self._sketches[position] = sketch
        self._texts.append(text)
        self._names.append(name)
        self._hashes.append(np.fromiter(hashes, "<u8", len(hashes)).tobytes() if len(text) <= SHORT else b"")
        self._same.setdefault(hash(fold(text)), name)

    def nearest(self, text: str) -> tuple[object, float] | None:
        """Return (name, likeness) of the most similar text at or above the threshold, the earliest on a tie."""
        best, at = 0.0, -1
        asked, sketch = self._sketched(text)
        for position in self._proposed(sketch):
            other, kept = self._texts[position], self._hashes[position]
            held = np.frombuffer(kept, "<u8").tolist() if kept else set(shingle_hashes(other).tolist())
            shared = len(asked.intersection(held))
            value = shared / (len(asked) + len(held) - shared)
            if value >= self.threshold:
                value = min(value, likeness_by_signs(text, other, shingles(text), shingles(other)))
            if value > best or (value == best and position < at):
                best, at = value, position
            if best == 1:  # what is just as like was added later
                break
        return (self._names[at], best) if at >= 0 and best >= self.threshold else None

    def twin(self, text: str) -> tuple[object, str] | None:
        """Return (name, "exact" or the likeness in words) of a text that is the same, or else nearly, or None."""
        if (same := self._same.get(hash(fold(text)))) is not None:
            return same, "exact"
        found = self.nearest(text)
        return found and (found[0], f"Jaccard {found[1]:.2f}")

    def _sketched(self, text: str) -> tuple[set[int], np.ndarray]:
        if self._last[0] != text:  # a text is often asked for and then added
            hashes = shingle_hashes(text)
            self._last = text, set(hashes.tolist()), _signature(hashes)
        return self._last[1:]

    def _proposed(self, sketch: np.ndarray) -> list[int]:
        """Return the positions that share a band, the likeliest first, and the earliest of those."""
        buckets = [
            b if isinstance(b, list) else [b] for k in band_keys(sketch) if (b := self._buckets.get(k)) is not None
        ]
        found: set[int] = set()
        for bucket in sorted(buckets, key=len):
            found.update(bucket[: MOST - len(found)])
            if len(found) == MOST:
                break
        if not found:
            return []
        positions = np.fromiter(found, dtype=np.int64, count=len(found))
        alike = (self._sketches[positions] == sketch).sum(axis=1)
        positions, alike = (some[alike >= self._least_alike] for some in (positions, alike))
        return positions[np.lexsort((positions, -alike))][:CHECKED].tolist()


class OverlapIndex:
    """Texts that can be asked for the longest run of words another text shares with one of them.

    Runs shorter than `floor` words are not looked for. Runs are compared by rolling hashes of 64 bits (Karp and Rabin
    1987) and the longest is found by halving, so the time grows with the words, whatever they repeat.

    >>> index = OverlapIndex(["my parcel came two days late again"], ["r1"], floor=3)
    >>> index.longest("It came two days late.")
    ('r1', 'came two days late')
    """

    def __init__(self, texts: Iterable[str], names: Iterable[object], *, floor: int = 6):
        self.floor = floor
        self._names, tokens = list(names), [matched_words(t) for t in texts]
        if len(tokens) != len(self._names):
            raise ValueError(f"{len(tokens)} texts, but {len(self._names)} names")
        self._positions = {name: i for i, name in enumerate(self._names)}
        lengths = [len(t) for t in tokens]
        self._ends = np.cumsum(lengths, dtype=np.int64)
        self._text_of = np.repeat(np.arange(len(tokens), dtype=np.int32), lengths)
        self._sums = run_sums([w for some in tokens for w in some])
        self._whole_table = lru_cache(maxsize=16)(self._table)

    def _table(self, length: int, starts: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the hashes of the runs of `length` words, sorted, and the text of each, the earliest first."""
        starts = np.arange(len(self._text_of)) if starts is None else starts
        starts = starts[starts + length <= self._ends[self._text_of[starts]]]
        hashes = run_hashes(self._sums, starts, length)
        order = np.argsort(hashes, kind="stable")
        return hashes[order], self._text_of[starts[order]]

    def longest(self, text: str, *, but: object = None) -> tuple[object, str] | None:
        """Return (name, the shared words) of the longest run of at least `floor` words shared with any, `but` one."""
        tokens = matched_words(text)
        sums, skipped = run_sums(tokens), self._positions.get(but, -1)

        def shared(length: int, starts: np.ndarray | None = None):
            """Which runs of the text stand in the table, and the part of the table that each of these fills."""
            hashes, texts = self._whole_table(length) if starts is None else self._table(length, starts)
            asked = run_hashes(sums, np.arange(len(tokens) - length + 1), length)
            first, last = (np.searchsorted(hashes, asked, side) for side in ("left", "right"))
            hit = first < last
            if skipped >= 0:
                hit[hit] = (texts[first[hit]] != skipped) | (texts[last[hit] - 1] != skipped)
            return np.flatnonzero(hit), [texts[first[i] : last[i]] for i in np.flatnonzero(hit)]

        low = self.floor
        if len(tokens) < low or not len(self._text_of):
            return None
        where, texts = shared(low)
        if not len(where):
            return None
        best = where[0], texts[0], low
        # so many runs in a row are shared, perhaps with different texts: no run is longer
        high = low - 1 + max(map(len, np.split(where, np.flatnonzero(np.diff(where) > 1) + 1)))
        starts = self._words_of(texts) if high > low else None
        while low < high:
            length = (low + high + 1) // 2
            where, texts = shared(length, starts)
            if len(where):
                best, low = (where[0], texts[0], length), length
            else:
                high = length - 1
        at, texts, length = best
        return self._names[texts[texts != skipped][0]], " ".join(tokens[at : at + length])

    def _words_of(self, texts: list[np.ndarray]) -> np.ndarray | None:
        """Return the positions of all words of these texts, or None where they are too many for one question."""
        if sum(map(len, texts)) > 20_000:
            return None
        some = np.unique(np.concatenate(texts))
        begins = np.where(some > 0, self._ends[some - 1], 0)
        return np.concatenate([np.arange(a, b) for a, b in zip(begins, self._ends[some], strict=True)])


@lru_cache(maxsize=4)
def _powers(bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the powers of an odd number modulo 2^64, and their inverses, 2^bits of each."""
    sides = (np.full(1 << bits, number, dtype=np.uint64) for number in (_BASE, pow(_BASE, -1, 1 << 64)))
    up, down = (np.cumprod(np.concatenate([[np.uint64(1)], side[1:]])) for side in sides)
    return up, down


def run_sums(tokens: Sequence[str]) -> np.ndarray:
    """Return the sums of each word's hash times its place's power, up to each word, shape (words + 1,)."""
    up, _ = _powers(max(8, len(tokens).bit_length()))
    codes = np.fromiter(map(hash, tokens), dtype=np.int64, count=len(tokens)).view(np.uint64)
    return np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(codes * up[: len(tokens)])])


def run_hashes(sums: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Return a hash of each run of `length` words, the same wherever it stands."""
    _, down = _powers(max(8, (len(sums) - 1).bit_length()))
    return (sums[starts + length] - sums[starts]) * down[starts]


def gap_hashes(sums: np.ndarray) -> list[int]:
    """Return, for each word, the hash of the whole text without it."""
    return (sums[:-1] + (sums[-1:] - sums[1:]) * _powers(8)[1][1]).tolist()
