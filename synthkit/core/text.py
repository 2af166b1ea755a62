"""What makes two texts the same, words, n-grams, likeness: what everything that compares text is built on."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import regex

NEAR = 0.8  # Jaccard of 5-character shingles from which two texts count as near-duplicates
# scripts that put no space between words: there a letter, with its marks, counts as a word
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTERS = rf"[\p{{L}}\p{{N}}_--[{_UNSPACED}]][\p{{L}}\p{{N}}\p{{M}}_\u200c\u200d--[{_UNSPACED}]]*"
_WORD = regex.compile(rf"[\p{{L}}&&[{_UNSPACED}]]\p{{M}}*|{_LETTERS}(?:['’]{_LETTERS})*", regex.V1)
_ASCII_WORD = regex.compile(r"[a-z0-9_]+(?:'[a-z0-9_]+)*")
_SUFFIX = regex.compile(r"(?<=\p{L})[+#]+")  # C++ and C# are words
# what says something beside the words: emoji, faces made of punctuation, comparisons
_SIGN = regex.compile(
    r"(?<!\d)[:;=]['’]?[-^~]?[)(\]\[}{DPp/\\|*3]+(?!\w)|(?<!\S)[)(\]\[]['’]?[-^~]?[:;=](?!\S)|</?3"
    r"|[\p{So}\p{Sm}\U0001f3fb-\U0001f3ff]"
)
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))  # soft hyphen, zero-width space, joiner and mark


def tidy(text: str) -> str:
    """Return `text` safe to store and to compare: no lone surrogates, no control characters, NFC, stripped."""
    if text.isascii() and text.isprintable():  # nearly all texts
        return text.strip()
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    # control characters go first: one between a letter and its accent would keep NFC from joining them
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")
    return unicodedata.normalize("NFC", text).strip()


def visible(text: str) -> tuple[str, Sequence[int]]:
    """Return `text` without format characters (zero-width, bidi), and the position that each character left had.

    >>> visible("a\N{ZERO WIDTH SPACE}b")
    ('ab', [0, 2])
    """
    if text.isascii():
        return text, range(len(text))
    at = [i for i, c in enumerate(text) if unicodedata.category(c) != "Cf"]
    return "".join(text[i] for i in at), at


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


# letters of Cyrillic and Greek, and a few of Latin, that look like one of a to z
_TWINS = str.maketrans("аеорсухіјѕԁһӏвкмнтԛԝαοερτυνικϲγƖıɑɡ’", "aeopcyxijsdhlbkmhtqwaoeptuvikcyliag'")


def undisguised(text: str) -> str:
    """Return `text` in small letters, without accents, what cannot be seen, and letters that only look like others."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text).casefold().translate(_TWINS)
    return unicodedata.normalize("NFC", regex.sub(r"[\p{Cf}\u0300-\u036f]", "", text))


def matched_words(text: str) -> tuple[str, ...]:
    """Return the words by which a copy is known, however they are written.

    >>> matched_words("D\N{CYRILLIC SMALL LETTER O}n't\N{ZERO WIDTH SPACE} st\u00f3p!") == matched_words("DONT, stop")
    True
    """
    return tuple(word.replace("'", "") for word in _named(undisguised(text)))


def ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """Return the consecutive n-grams of `tokens` (none when there are fewer than `n`)."""
    return list(zip(*(tokens[i:] for i in range(n)), strict=False))  # several times faster than a slice each


def shingles(text: str, size: int = 5) -> set[str]:
    """Return the set of character n-grams of the words (of the whole text if it has none), padded at both ends."""
    whole = padded(text)
    return {whole[i : i + size] for i in range(max(1, len(whole) - size + 1))}


def padded(text: str) -> str:
    """Return what shingles are cut from: the words (the whole text if it has none) between two blanks."""
    return f" {' '.join(_named(undisguised(text))) or fold(text)} "


def _named(text: str) -> list[str]:
    """The words of `text`, and between them the ++ of C++ and the # of C#, as long as a short word."""
    pieces, end = [], 0
    for suffix in _SUFFIX.finditer(text) if "+" in text or "#" in text else ():
        pieces += [*words(text[end : suffix.start()]), (suffix.group() * 4)[:4]]
        end = suffix.end()
    return [*pieces, *words(text[end:])]


def likeness(a: str, b: str) -> float:
    """Return the Jaccard similarity of the shingles of two texts, 0 to 1.

    Signs that only one of them has make no difference; where both have some and not the same, they set the texts apart,
    each as much as a short word.

    >>> likeness("fine by me!", "Fine by me :)"), round(likeness("fine by me :)", "fine by me :("), 2)
    (1.0, 0.33)
    """
    sets = shingles(a), shingles(b)
    return min(jaccard(*sets), likeness_by_signs(a, b, *sets))


def likeness_by_signs(a: str, b: str, *sets: set[str]) -> float:
    """Return the likeness of two texts with these shingles where their signs differ, else 1."""
    signs = [set(_SIGN.findall(t)) for t in (a, b)]
    if not all(signs) or signs[0] == signs[1]:
        return 1.0
    return jaccard(*(s | {f"{x} {i}" for x in some for i in range(8)} for s, some in zip(sets, signs, strict=True)))


def jaccard(a: set, b: set) -> float:
    """Return |a and b| / |a or b|, 0 to 1."""
    return len(a & b) / len(a | b) if a or b else 0.0
