"""Which language is a text in? One answer for checks, filters and reports."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthkit.core.text import words

SURE, LEAST_WORDS = 0.999, 8  # certainty and length from which another language is believed
JOINED = 100  # texts that are read as one to tell the language of a set


def main_language(texts: Sequence[str]) -> str:
    """Return the language most of the texts are in, as py3langid says (Lui and Baldwin 2012): "en", "de" ...

    >>> main_language(["the parcel came two days late", "and nobody told me anything about it"])
    'en'
    """
    import py3langid

    return py3langid.classify(" ".join(texts[:JOINED]))[0]


def foreign(texts: Sequence[str], language: str) -> dict[int, str]:
    """Return the languages of those texts, by position, that are surely in another one; short ones are not judged.

    >>> foreign(["das Paket kam zwei Tage zu spät und niemand hat etwas gesagt", "zu spät"], "en")
    {0: 'de'}
    """
    import py3langid

    found = {}
    for i, text in enumerate(texts):
        if len(words(text)) >= LEAST_WORDS:
            (top, score), (_, second) = py3langid.rank(text)[:2]
            if top != language and 1 / (1 + np.exp(second - score)) >= SURE:
                found[i] = top
    return found
