"""How varied are the texts? All measures fall or rise with size, so compare only at equal size.

Texts may be given as strings or as lists of words.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Sequence
from math import log1p

import numpy as np

from synthkit.core.stats import wilson
from synthkit.core.text import ngrams, words

CARRIED, TIMES = 4, 2  # texts that must share a phrase, and times its share among real ones, before it is overused


def cut(texts: Sequence[str | Sequence[str]], budget: int | None = None) -> list[list[str]]:
    """Return the words of each text, of the first `budget` words in all where it is given."""
    out, left = [], budget if budget is not None else float("inf")
    for text in texts:
        tokens = words(text) if isinstance(text, str) else list(text)
        out.append(tokens if len(tokens) <= left else tokens[: int(left)])
        left -= len(out[-1])
        if left <= 0:
            break
    return out


def distinct(texts: Sequence[str | Sequence[str]], n: int = 2, *, budget: int | None = None) -> float:
    """Return unique n-grams / n-grams (Li et al. 2016), 0 to 1; of the first `budget` words where it is given."""
    grams = [gram for tokens in cut(texts, budget) for gram in ngrams(tokens, n)]
    return len(set(grams)) / len(grams) if grams else 0.0


def self_repetition(texts: Sequence[str | Sequence[str]], n: int = 4, *, budget: int | None = None) -> float:
    """Return the mean over texts of log(1 + how often their n-grams stand in other texts), 0 and up.

    Self-repetition of Salkar et al. 2022, as Shaib et al. 2024 (arXiv 2403.00553) count it: an n-gram counts once a
    text. Of the first `budget` words.
    """
    kept = [set(ngrams(tokens, n)) for tokens in cut(texts, budget)]
    carried = Counter(gram for grams in kept for gram in grams)
    return float(np.mean([log1p(sum(carried[gram] - 1 for gram in grams)) for grams in kept])) if kept else 0.0


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


def overused(
    synthetic: Sequence[str | Sequence[str]], real: Sequence[str | Sequence[str]], *, most: int = 8
) -> list[tuple[str, str, list[int], int]]:
    """Return (kind, words, positions of the synthetic texts, real texts) of what synthetic texts say too often.

    Openings (two words) and phrases (three) that at least CARRIED texts have, more of them than among the real ones
    beyond both 95 % intervals (Wilson 1927), and at least TIMES the real share where there is one. A text counts once;
    texts that one opening or phrase explains speak for no other; openings come first, the worst before the others.

    >>> overused(["so anyway it broke"] * 5 + ["it broke"], ["it broke again"] * 9)
    [('opening', 'so anyway', [0, 1, 2, 3, 4], 0)]
    """
    texts, others = cut(synthetic), cut(real)
    out: list[tuple[str, str, list[int], int]] = []
    explained: set[int] = set()
    for kind, uses in (("opening", _opening), ("phrase", _phrases)):
        theirs = Counter(gram for tokens in others for gram in uses(tokens))
        places: dict[tuple[str, ...], list[int]] = {}
        for i, tokens in enumerate(texts):
            for gram in uses(tokens):
                places.setdefault(gram, []).append(i)
        excess = {}
        for gram, where in places.items():
            if len(where) >= CARRIED:
                here, there = wilson(len(where), len(texts)), wilson(theirs[gram], len(others))
                if here.low > there.high and here.value >= TIMES * there.value:
                    excess[gram] = here.value - there.value
        for gram in sorted(excess, key=lambda gram: (-excess[gram], gram)):
            where = places[gram]
            if len(out) < most and 2 * len(explained.intersection(where)) <= len(where):
                explained.update(where)
                out.append((kind, " ".join(gram), where, theirs[gram]))
    return out


def _opening(tokens: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(tokens[:2])} if len(tokens) > 2 else set()


def _phrases(tokens: Sequence[str]) -> set[tuple[str, ...]]:
    return set(ngrams(tokens, 3))
