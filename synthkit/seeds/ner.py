"""People, places and organisations by a spaCy model, where one is installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from synthkit.core.errors import SynthkitError
from synthkit.core.text import words
from synthkit.seeds.identifiers import Span
from synthkit.seeds.name_lexicon import is_first_name, last_names, no_names

ENTITIES = {"PERSON": "PERSON", "PER": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "ORG": "ORGANIZATION"}


def find_by_model(text: str, name: str) -> Iterator[Span]:
    """People, places and organisations, but for placeholders and for titles of ordinary words ("Guilty Pleasures")."""
    for entity in _model(name)(text).ents:
        bracketed = re.search(r"[\[\]]", entity.text) or text[: entity.start_char].endswith("[")
        kind, parts = ENTITIES.get(entity.label_), words(entity.text)
        ordinary = kind == "PERSON" and all(_is_word(name, part.removesuffix("'s")) for part in parts)
        if kind and not bracketed and not ordinary and any(map(str.isalpha, entity.text)):
            yield Span(kind, entity.start_char, entity.end_char, 0.85, "ner")


@lru_cache(maxsize=2)
def _model(name: str):
    try:
        import spacy

        return spacy.load(name)
    except ImportError:
        raise SynthkitError(f"ner={name!r} needs spaCy: pip install spacy") from None
    except OSError:
        raise SynthkitError(f"ner={name!r}: no such spaCy model. Install it: python -m spacy download {name}") from None


def _is_word(model: str, word: str) -> bool:
    """Whether a word is no name, and it or what it is a form of is in the dictionary that the model brings, if any."""
    if is_first_name(word) or word in last_names():
        return False
    stems = (word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("d"), word.removesuffix("ed"))
    return word in no_names() or not _dictionary(model).isdisjoint(stems)


@lru_cache(maxsize=2)
def _dictionary(model: str) -> frozenset[str]:
    tables = [getattr(pipe, "lookups", None) for _, pipe in _model(model).pipeline]
    tables = [t.get_table("lemma_index") for t in tables if t and t.has_table("lemma_index")]
    return frozenset(word for table in tables for some in table.values() for word in some)
