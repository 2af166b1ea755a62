"""How varied are the texts? All measures fall or rise with size, so compare only at equal size.

Texts may be given as strings or as lists of words.
"""

from __future__ import annotations

import gzip
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from math import exp, log, log1p

import numpy as np

from synthkit.core.text import ngrams, words

CARRIED, TIMES = 5, 3  # texts that must share a phrase, and times its share among real ones, before it is overused


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


def self_bleu(texts: Sequence[str | Sequence[str]], n: int = 4) -> float:
    """Return the mean BLEU-n of each text against all others (Zhu et al. 2018), 0 to 1; higher is more alike.

    Clipped n-gram precisions with +0.1 where nothing matches (method 1 of Chen and Cherry 2014), closest reference
    length. All texts are used: the two largest counts of every n-gram are enough to know the most in any other text.
    """
    lists = [tokens for tokens in cut(texts) if tokens]
    if len(lists) < 2:
        return 0.0
    counts = [[Counter(ngrams(tokens, k)) for k in range(1, n + 1)] for tokens in lists]
    top: dict[tuple, tuple[int, int]] = {}
    for some in counts:
        for counter in some:
            for gram, c in counter.items():
                first, second = top.get(gram, (0, 0))
                top[gram] = (c, first) if c > first else (first, max(second, c))
    lengths = sorted(len(tokens) for tokens in lists)
    total = 0.0
    for tokens, some in zip(lists, counts, strict=True):
        logs = 0.0
        for counter in some:
            matched = sum(min(c, top[gram][c == top[gram][0]]) for gram, c in counter.items())
            logs += log((matched or 0.1) / max(1, counter.total())) / n
        closest = _closest(lengths, len(tokens))
        total += exp(logs) * min(1.0, exp(1 - closest / len(tokens)))
    return total / len(lists)


def _closest(lengths: list[int], own: int) -> int:
    """Return the length nearest to `own` among the others', the shorter of two."""
    at = bisect_left(lengths, own)
    others = [lengths[i] for i in (at - 1, at + 1) if 0 <= i < len(lengths)]
    return min(others, key=lambda length: (abs(length - own), length))


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
    synthetic: Sequence[str | Sequence[str]], real: Sequence[str | Sequence[str]], *, most: int = 10
) -> list[tuple[str, str, int, int]]:
    """Return (kind, words, synthetic texts, real texts) of openings (three words) and phrases (four) used too often.

    Too often is in at least CARRIED synthetic texts and TIMES the share of the real ones (whose share counts as one
    text at the least). Of phrases that overlap, the most frequent is listed; the worst come first.
    """
    made, own = cut(synthetic), cut(real)
    out = []
    for kind, of in (("opening", _openings), ("phrase", _phrases)):
        here, there = (Counter(gram for tokens in lists for gram in of(tokens)) for lists in (made, own))
        excess = {g: c / len(made) - TIMES * max(1, there[g]) / len(own) for g, c in here.items() if c >= CARRIED}
        taken: list[tuple[str, ...]] = []
        for gram in sorted((g for g in excess if excess[g] > 0), key=lambda g: (-excess[g], g)):
            if len(taken) < most and not any(set(ngrams(gram, 3)) & set(ngrams(t, 3)) for t in taken):
                taken.append(gram)
        out += [(kind, " ".join(g), here[g], there[g]) for g in taken]
    return out


def _openings(tokens: list[str]) -> list[tuple[str, ...]]:
    return [tuple(tokens[:3])] if len(tokens) >= 3 else []


def _phrases(tokens: list[str]) -> set[tuple[str, ...]]:
    return set(ngrams(tokens, 4))
