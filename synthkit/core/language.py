"""Which language is a text in? One answer for checks, filters and reports."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthkit.core.embedding import default_embedder
from synthkit.core.text import words

NO_BLANKS = {"zh", "ja", "th", "lo", "km", "my", "bo"}  # written without blanks between words
LAST_LATIN = "\u024f"
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


def language_note(task) -> str:
    """Return in a sentence what does not carry over to the language of a task, or of a code; empty for English.

    >>> language_note("zh-TW").split(":")[0]
    'language zh-TW'
    >>> language_note("en-GB")
    ''
    """
    language = str(getattr(task, "language", task) or "en")
    code = language.casefold().replace("_", "-").split("-")[0]
    if code in ("en", "english"):
        return ""
    words_note = ", words are counted letter by letter" if code in NO_BLANKS else ""
    return (
        f"language {language}: sentence vectors by minilm are English (embedder='lsa' compares letters of any script, "
        f"'st:MODEL' and 'openai:MODEL' may know the language), habits and stop words are English{words_note}"
    )


def language_of(texts: Sequence[str], task=None) -> tuple[str, tuple[str, ...]]:
    """Return (the language of texts, what to say of it): that of their task, else that of most where it is plain."""
    stated = task.language if task else "en"
    first = texts[:JOINED]
    letters = [c for t in first for c in t if c.isalpha()]
    other_script = sum(c > LAST_LATIN for c in letters) * 2 > len(letters) > 20
    if language_note(stated) or not (other_script or sum(len(words(t)) for t in first) > 3 * JOINED):
        return stated, tuple(filter(None, [language_note(stated)]))
    met = main_language(texts)
    if not language_note(met):
        return stated, ()
    missed = f"task.yaml says language: {stated}, but most rows look like {met}; " if task else ""
    return met, (missed + language_note(met),)


def embedder_for(language: str) -> str:
    """Return the default embedder of texts in a language: "lsa" where it is not English, which is all minilm knows."""
    return "lsa" if language_note(language) else default_embedder()
