"""What makes two texts the same, words, n-grams, near-duplicates: what everything that compares text is built on."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterable, Sequence

import numpy as np
import regex

NEAR = 0.8  # Jaccard of 5-character shingles from which two texts count as near-duplicates
# scripts that put no space between words: there a letter, with its marks, counts as a word
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTERS = rf"[\p{{L}}\p{{N}}_--[{_UNSPACED}]][\p{{L}}\p{{N}}\p{{M}}_\u200c\u200d--[{_UNSPACED}]]*"
_WORD = regex.compile(rf"[\p{{L}}&&[{_UNSPACED}]]\p{{M}}*|{_LETTERS}(?:['’]{_LETTERS})*", regex.V1)
_ASCII_WORD = regex.compile(r"[a-z0-9_]+(?:'[a-z0-9_]+)*")
# what carries meaning without being a word: emoji, currencies, the ++ of C++, and faces made of punctuation
_SIGN = regex.compile(
    r"(?<!\d)[:;=]['’]?[-^~]?[)(\]\[}{DPp/\\|*3]+(?!\w)|(?<!\S)[)(\]\[]['’]?[-^~]?[:;=](?!\S)|</?3"
    r"|\p{S}|(?<=\w)#|[%&@§]"
)
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))  # soft hyphen, zero-width space, joiner and mark
_BANDS, _BAND_ROWS = 16, 4  # P(a pair at Jaccard .8 becomes a candidate) = 1 - (1 - .8^4)^16 > .999
_A, _B = np.random.default_rng(20).integers(0, 1 << 64, (2, _BANDS * _BAND_ROWS), dtype=np.uint64)
_HIGH = np.uint64(32)


def tidy(text: str) -> str:
    """Return `text` safe to store and to compare: no lone surrogates, no control characters, NFC, stripped."""
    if text.isascii() and text.isprintable():  # nearly all texts
        return text.strip()
    text = text.encode("utf-8", "replace").decode("utf-8") if _has_surrogate(text) else text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # control characters go first: one between a letter and its accent would keep NFC from joining them
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")
    return unicodedata.normalize("NFC", text).strip()


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)


def fold(text: str) -> str:
    """Return what two texts have in common that are the same: all of it, but for NFC, white space and case.

    Punctuation, symbols, emoji and vowel signs make a difference. A text in which nothing can be seen gives "".

    >>> fold(" Great  SERVICE \N{THUMBS UP SIGN}") == fold("great service \N{THUMBS UP SIGN}")
    True
    >>> fold("C++") == fold("C#"), fold("fine") == fold("fine!")
    (False, False)
    """
    if text.isascii():
        return " ".join(text.lower().split())
    # caseless matching of the Unicode standard (D145): some capitals have marks of their own, so decompose first
    text = unicodedata.normalize("NFD", text).casefold().translate(_INVISIBLE)
    return " ".join(unicodedata.normalize("NFC", text).split())


def words(text: str) -> list[str]:
    """Return the lower-cased words of `text`; marks belong to their letter, and Han letters are words of their own.

    >>> words("Don't  STOP - 2 day's wait!")
    ["don't", 'stop', '2', "day's", 'wait']
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return _WORD.findall(text.casefold())


def ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """Return the consecutive n-grams of `tokens` (none when there are fewer than `n`)."""
    return list(zip(*(tokens[i:] for i in range(n)), strict=False))  # several times faster than a slice each


def _wording(text: str) -> str:
    """Return the words of `text` and its signs, as long as a short word each; all of a text that has neither."""
    if not _SIGN.search(text):
        return " ".join(words(text)) or fold(text)
    pieces, end = [], 0
    for sign in _SIGN.finditer(text):
        pieces += [*words(text[end : sign.start()]), (sign.group() * 4)[:4]]
        end = sign.end()
    return " ".join([*pieces, *words(text[end:])])


def shingles(text: str, size: int = 5) -> set[str]:
    """Return the set of character n-grams of the words and signs, padded so that short texts have some."""
    padded = f" {_wording(text)} "
    return {padded[i : i + size] for i in range(max(1, len(padded) - size + 1))}


def jaccard(a: set, b: set) -> float:
    """Return |a and b| / |a or b|, 0 to 1."""
    return len(a & b) / len(a | b) if a or b else 0.0


def _signature(some: set[str]) -> np.ndarray:
    """MinHash signature (Broder 1997), shape (bands * rows,), of a non-empty set of shingles."""
    h = np.fromiter((zlib.crc32(x.encode("utf-8", "replace")) for x in some), dtype=np.uint64, count=len(some))
    # multiply-shift (Dietzfelbinger 1996): products wrap at 2^64, and only their high half is mixed well
    return ((h[:, None] * _A + _B) >> _HIGH).min(axis=0)


class NearIndex:
    """Texts that can be asked for near-duplicates.

    MinHash bands propose, the exact Jaccard similarity of 5-character shingles decides.

    >>> index = NearIndex(0.8)
    >>> index.add("the parcel came two days late", "r1")
    >>> index.nearest("The parcel came two days late!")
    ('r1', 1.0)
    """

    def __init__(self, threshold: float = 0.8):
        self.threshold = threshold
        self._sets: list[set[str]] = []
        self._names: list[object] = []
        self._buckets: dict[tuple[int, bytes], list[int]] = {}

    def __len__(self) -> int:
        return len(self._names)

    def extend(self, texts: Iterable[str], names: Iterable[object]) -> None:
        """Add texts under their names."""
        for text, name in zip(texts, names, strict=True):
            self.add(text, name)

    def add(self, text: str, name: object) -> None:
        """Add one text under its name."""
        s = shingles(text)
        for key in _keys(s):
            self._buckets.setdefault(key, []).append(len(self._sets))
        self._sets.append(s)
        self._names.append(name)

    def nearest(self, text: str) -> tuple[object, float] | None:
        """Return (name, Jaccard) of the most similar text at or above the threshold, the earliest on a tie."""
        s = shingles(text)
        candidates = {p for key in _keys(s) for p in self._buckets.get(key, ())}
        best = max(((jaccard(s, self._sets[p]), -p) for p in candidates), default=(0.0, 0))
        return (self._names[-best[1]], best[0]) if best[0] >= self.threshold else None


def _keys(some: set[str]) -> list[tuple[int, bytes]]:
    signature = _signature(some)
    return [(band, signature[band * _BAND_ROWS : (band + 1) * _BAND_ROWS].tobytes()) for band in range(_BANDS)]


class OverlapIndex:
    """Texts that can be asked for the longest run of words another text shares with one of them.

    Runs shorter than `floor` words are not looked for.
    """

    def __init__(self, texts: Iterable[str], names: Iterable[object], *, floor: int = 6):
        self.floor = floor
        self._tokens = {name: words(t) for t, name in zip(texts, names, strict=True)}
        self._starts: dict[tuple[str, ...], list[tuple[object, int]]] = {}
        for name, tokens in self._tokens.items():
            for i, gram in enumerate(ngrams(tokens, floor)):
                self._starts.setdefault(gram, []).append((name, i))

    def longest(self, text: str, *, but: object = None) -> tuple[object, str] | None:
        """Return (name, the shared words) of the longest run of at least `floor` words shared with any, `but` one."""
        tokens, best = words(text), None
        for i, gram in enumerate(ngrams(tokens, self.floor)):
            for name, j in self._starts.get(gram, ()):
                if but is not None and name == but:
                    continue
                other, length = self._tokens[name], self.floor
                while i + length < len(tokens) and j + length < len(other) and tokens[i + length] == other[j + length]:
                    length += 1
                if best is None or length > best[0]:
                    best = (length, name, " ".join(tokens[i : i + length]))
        return best and (best[1], best[2])
