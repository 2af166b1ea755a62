"""Texts that can be asked whether another one is a copy of one of them, edited or whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, islice, product
from typing import NamedTuple

import numpy as np

from synthkit.core import withheld
from synthkit.core.duplicates import NearIndex, OverlapIndex, gap_hashes, run_hashes, run_sums
from synthkit.core.text import fold, likeness_by_signs, matched_words

MOST_LOOKED_AT = 8  # texts with one text but for a word
LEAST_SHARED = 2  # words that texts share which differ in one: texts of one word differ in all they have
MOST_MISSPELT = 3  # words of a text
ALIKE = (0.5, 0.8)  # least and most likeness to a seed that makes a text its edited copy
MEMORY_FLOOR = 6  # words in a row shared with a seed that are never held against a text, whatever the seeds are like
ONE_WORD, INSIDE, ORDER = KINDS = ("one word differs", "a test text inside it", "the same words in another order")


class Match(NamedTuple):
    """The text (its position) that another is like: the share of words in common, their number, and in which way.

    `odd`: around the place where they differ stand pairs of words that no other of the texts has.
    """

    row: int
    similarity: float
    shared: int
    how: str
    odd: bool = False


class CopyIndex:
    """Texts that can be asked what a copy was made of, in a time that grows with the texts and not with their pairs.

    `sure` and `chance` tell in which way a text repeats one of them; `nearest` tells how like it is to the most alike.

    >>> index = CopyIndex(["the lift is stuck on the third floor again"])
    >>> index.sure("The lift is stukc on the THIRD floor again!").how
    'misspelt words'
    >>> [match.how for match in index.chance(("well", *index.words[0], "and", "nobody", "comes"))]
    ['a test text inside it']
    >>> index.nearest("Is the third lift again on the stuck floor?")
    (0, 1.0)
    """

    def __init__(self, texts: Sequence[str]):
        self._texts, self.words = list(texts), [matched_words(t) for t in texts]
        self._whole: dict[int, int] = {}
        self._letters: dict[str, int] = {}
        self._bags: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self._lengths: dict[tuple[str, ...], set[int]] = defaultdict(set)
        self._gaps: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for row, (tokens, text) in enumerate(zip(self.words, texts, strict=True)):
            self._letters.setdefault("".join(tokens) or fold(text), row)
            sums = run_sums(tokens)
            whole = int(sums[-1])
            if whole in self._whole or not tokens:
                continue
            self._whole[whole] = row
            self._bags[tuple(sorted(tokens))].append(row)
            self._lengths[tokens[:2]].add(len(tokens))
            for place, key in enumerate(gap_hashes(sums)):
                gap = self._gaps[key]
                if len(gap) < MOST_LOOKED_AT:
                    gap.append((row, place))
        self._pairs = Counter(pair for row in self._whole.values() for pair in set(_pairs(self.words[row])))
        self.near = NearIndex()
        self.near.extend(texts, range(len(self.words)))

    @cached_property
    def _pieces(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The sizes of the texts' sets of words and of trigrams, shape (2, n), and the rows that have each of them."""
        holders, sizes = defaultdict(list), []
        for row, tokens in enumerate(self.words):
            sets = _sets(tokens)
            sizes.append([len(pieces) for pieces in sets])
            for piece in sets[0] | sets[1]:
                holders[piece].append(row)
        sizes = np.array(sizes, dtype=float).reshape(-1, 2).T
        return sizes, {piece: np.array(rows) for piece, rows in holders.items()}

    def nearest(self, text: str, *, but: int | None = None) -> tuple[int, float] | None:
        """Return (row, likeness, 0 to 1) of the text that `text` is most like, row `but` aside; None: like none.

        The likeness is the Jaccard similarity of the sets of words or of the trigrams inside them, whichever is higher:
        words in another order, some of them exchanged, and typos leave one of the two high.
        """
        (all_sizes, holders), likeness = self._pieces, np.zeros(len(self.words))
        for pieces, sizes in zip(_sets(matched_words(text)), all_sizes, strict=True):
            held = [holders[piece] for piece in pieces if piece in holders]
            shared = np.bincount(np.concatenate(held), minlength=len(sizes)) if held else np.zeros(len(sizes))
            likeness = np.maximum(likeness, shared / np.maximum(1, len(pieces) + sizes - shared))
        if but is not None:
            likeness[but] = 0.0
        best = int(likeness.argmax()) if likeness.any() else None
        return None if best is None else (best, float(likeness[best]))

    def held_out(self) -> list[float]:
        """Return the likeness of each text to the nearest of the others."""
        found = (self.nearest(text, but=row) for row, text in enumerate(self._texts))
        return [f[1] if f else 0.0 for f in found]

    @property
    def different(self) -> list[int]:
        """The rows that do not have the words of an earlier one."""
        return list(self._whole.values())

    def sure(self, text: str) -> Match | None:
        """Return the row that a text is an edited copy of, where no chance makes it one, or None.

        Rows whose signs are others, as a smile in place of a frown, are no copies.
        """
        match = self._sure(text, matched_words(text))
        return match if match and likeness_by_signs(text, self._texts[match.row], set(), set()) == 1 else None

    def _sure(self, text: str, tokens: tuple[str, ...]) -> Match | None:
        n = len(tokens)
        row = self._letters.get("".join(tokens) or fold(text))
        if row is not None:
            return Match(row, 1.0, n, "the same words")
        for row in self._bags.get(tuple(sorted(tokens)), ()):
            moved = [i for i, (a, b) in enumerate(zip(tokens, self.words[row], strict=True)) if a != b]
            if len(moved) == 2 and moved[1] == moved[0] + 1:
                return Match(row, 1.0, n, "two neighbouring words changed places")
        if (row := self._misspelt(tokens)) is not None:
            return Match(row, _alike(tokens, self.words[row]), n, "misspelt words")
        near = self.near.nearest(text)
        return near and Match(near[0], near[1], n, "nearly the same letters")

    def chance(self, tokens: tuple[str, ...], but: int | None = None) -> Iterator[Match]:
        """Yield the best match of each kind that chance brings too, of words; `but` is a row that does not count."""
        n, sums = len(tokens), run_sums(tokens)
        ends = ("", *tokens, "")
        seen = int(but is not None)  # a row has its own pairs

        def odd(start: int, end: int) -> bool:
            """Whether none of the pairs of words from position `start` to `end` is one of other rows."""
            return all(self._pairs[ends[i], ends[i + 1]] <= seen for i in range(start, end))

        one = next((m for m in self._one_word(tokens, odd, but) if m.shared >= LEAST_SHARED), None)
        if one is None and but is None:
            respelt = (self._one_word(t, lambda *_: True, None) for t in self._respelt(tokens))
            one = next((m for m in chain.from_iterable(respelt) if m.shared >= LEAST_SHARED), None)
        if one:
            yield one
        spans = (
            (length, start, row)
            for start in range(n - 1)
            for length in self._lengths.get(tokens[start : start + 2], ())
            if length < n and start + length <= n
            if (row := self._whole.get(int(run_hashes(sums, np.array([start]), length)[0]))) is not None
        )
        if longest := max(spans, default=None):
            length, start, row = longest
            strange = (not start or odd(start, start + 1)) and (
                start + length == n or odd(start + length, start + length + 1)
            )
            yield Match(row, length / n, length, INSIDE, strange)
        turned = (r for r in self._bags.get(tuple(sorted(tokens)), ()) if self.words[r] != tokens)
        if (row := next(turned, None)) is not None:
            yield Match(row, 1.0, n, ORDER)

    def _one_word(self, tokens: tuple[str, ...], odd, but: int | None) -> Iterator[Match]:
        """Yield rows that have another word in one place, one word less, or one more."""
        n, sums = len(tokens), run_sums(tokens)
        keys = gap_hashes(sums)
        for place, key in enumerate(keys):
            for row in self._other_word(keys, place):
                if row != but:
                    yield Match(row, (n - 1) / n, n - 1, ONE_WORD, odd(place, place + 2))
            if n > 1 and (row := self._whole.get(key)) is not None:
                yield Match(row, (n - 1) / n, n - 1, ONE_WORD, odd(place, place + 2))
        for row, place in self._gaps.get(int(sums[-1]), ()):
            if row != but:
                yield Match(row, n / (n + 1), n, ONE_WORD, odd(place, place + 1))

    @cached_property
    def _spellings(self) -> dict[str, list[str]]:
        """The words of all rows by what is left when one letter is taken out, or none."""
        out = defaultdict(list)
        for word in self._vocabulary:
            for part in _letters_out(word):
                out[part].append(word)
        return out

    def _misspelt(self, tokens: tuple[str, ...]) -> int | None:
        """Return the row with these words, once those that no row has, and perhaps one more, are spelt right."""
        for respelt in self._respelt(tokens):
            if (row := self._letters.get("".join(respelt))) is not None:
                return row
            keys = gap_hashes(run_sums(respelt))
            for place, word in enumerate(respelt):
                for row in self._other_word(keys, place):
                    if _letters_out(word) & _letters_out(self.words[row][place]):
                        return row
        keys = gap_hashes(run_sums(tokens))
        strange = [i for i, word in enumerate(tokens) if word not in self._vocabulary]
        found = ((row, tokens[i], self.words[row][i]) for i in strange for row in self._other_word(keys, i))
        return next((row for row, word, other in found if _letters_apart(word, other) <= 2), None)

    def _other_word(self, keys: Sequence[int], place: int) -> list[int]:
        """Return the rows that have another word at a place of the text with these gap hashes."""
        found = self._gaps.get(keys[place], ())
        return [row for row, at in found if at == place and len(self.words[row]) == len(keys)]

    def _respelt(self, tokens: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """Yield the words with those that no row has spelt as one that has them, all ways in turn."""
        strange = [i for i, word in enumerate(tokens) if word not in self._vocabulary]
        if not strange or len(strange) > MOST_MISSPELT or len(tokens) < 2:
            return
        ways = [sorted({w for part in _letters_out(tokens[i]) for w in self._spellings.get(part, ())}) for i in strange]
        for corrected in islice(product(*ways), 64):
            whole = list(tokens)
            for i, word in zip(strange, corrected, strict=True):
                whole[i] = word
            yield tuple(whole)

    @cached_property
    def _vocabulary(self) -> set[str]:
        return {word for tokens in self.words for word in tokens}


class Copied(NamedTuple):
    """The seed (its position) that a text copies, in which way, and what shows it."""

    row: int
    how: str
    shown: str


class SeedCopies:
    """Seeds that can be asked whether a text copies one: the filter and the report ask alike.

    The run of words allowed is the 99th percentile of the longest run that a seed shares with another one, and never
    less than MEMORY_FLOOR words. The likeness allowed (`CopyIndex.nearest`) is the 98th percentile of that of a seed to
    its nearest other seed, between ALIKE; by chance a text may be as like one as the two nearest seeds are.

    >>> copies = SeedCopies(["the lift is stuck on the third floor again"])
    >>> copies.find("the crane is stuck on the third storey again")
    Copied(row=0, how='edited copy of', shown=', likeness 0.60')
    """

    def __init__(self, texts: Sequence[str]):
        self._overlap = OverlapIndex(texts, range(len(texts)), floor=MEMORY_FLOOR)
        runs = (self._overlap.longest(text, but=row) for row, text in enumerate(texts))
        lengths = [len(run[1].split()) if run else 0 for run in runs]
        self.allowed = max(MEMORY_FLOOR, int(np.quantile(lengths, 0.99))) if lengths else MEMORY_FLOOR
        self._index = CopyIndex(texts)
        likeness = self._index.held_out() or [0.0]
        self.alike = float(np.clip(np.quantile(likeness, 0.98), *ALIKE))
        self._alike_by_chance = max(ALIKE[1], *likeness)

    def find(self, text: str, *, chance: bool = False) -> Copied | None:
        """Return the seed that a text copies, or None."""
        run = self._overlap.longest(text)
        if run and (length := len(run[1].split())) > self.allowed:
            return Copied(run[0], f"{length} words in a row of", f": “{withheld.shown(run[1])[:80]}”")
        if near := self._index.near.nearest(text):
            return Copied(near[0], "near-duplicate of", f", Jaccard {near[1]:.2f}")
        found = self._index.nearest(text)
        if found and found[1] > (self._alike_by_chance if chance else self.alike):
            return Copied(found[0], "edited copy of", f", likeness {found[1]:.2f}")
        return None


def _sets(tokens: Sequence[str]) -> tuple[set[str], set[str]]:
    """The set of words and the set of trigrams of their letters; blanks and a line end keep the two apart."""
    return set(tokens), {f" {word} "[i : i + 3] + "\n" for word in tokens for i in range(len(word))}


def _pairs(tokens: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(("", *tokens), (*tokens, ""), strict=True))


def _letters_out(word: str) -> set[str]:
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


def _letters_apart(a: str, b: str) -> int:
    """Return how many letters have to be put in, taken out or changed (Levenshtein 1966); of short words, 3 or more."""
    if min(len(a), len(b)) < 4 or abs(len(a) - len(b)) > 2:
        return 3
    before = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y)))
        before = row
    return before[-1]


def _alike(a: Sequence[str], b: Sequence[str]) -> float:
    """Return the share of words in common."""
    return len(set(a) & set(b)) / max(1, len(set(a) | set(b)))
