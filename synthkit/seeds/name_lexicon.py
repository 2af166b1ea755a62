"""First and last names of some thirty languages, and the words that are no names.

They ship with Faker (MIT licence); nothing is looked up anywhere.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path

import regex as re

from synthkit.core.text import undisguised

_FOREIGN = re.compile(r"[\p{Latin}--[\u0000-\u00ffœŒ]]", re.V1)
_LOCALES = (
    "en_US en_GB en_IE en_IN en_NZ en_NG en_KE en_PK de_DE fr_FR es_ES it_IT nl_NL pl_PL pt_BR sv_SE da_DK no_NO "
    "fi_FI tr_TR cs_CZ hr_HR ro_RO id_ID hu_HU sk_SK sl_SI et_EE lt_LT lv_LV is_IS pt_PT de_AT fr_CA ru_RU uk_UA "
    "bg_BG el_GR ar_AA ig_NG yo_NG ha_NG zu_ZA sw az_AZ uz_UZ ga_IE es_MX es_CO es_CL de_CH fr_BE fr_DZ nl_BE mk_MK "
    "hy_AM ka_GE"
).split()
# each line behind a heading: what is a word more often than a first name; an ordinary one; a word more often than a
# last name; what stands behind a title ("Herr Ober")
_LISTS = Path(__file__).with_name("no_names.txt").read_text(encoding="utf-8").split("# ")[1:]
_WORDS, _ORDINARY, _LAST_WORDS, _TITLED = (set(part.split("\n", 1)[1].split()) for part in _LISTS)


def _lexicon(*kinds: str) -> set[str]:
    names: set[str] = set()
    for locale in _LOCALES:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for kind in kinds:
            found = getattr(provider, kind, ())
            names.update(str(name).casefold() for name in (() if isinstance(found, property) else found))
    return {n for n in names if len(n) > 2 and n.isalpha()}


@lru_cache(maxsize=1)
def first_names() -> frozenset[str]:
    """Return lower-cased first names of the lexicon that are no ordinary words."""
    names = _lexicon("first_names", "first_names_male", "first_names_female")
    return frozenset(names - _WORDS - _ORDINARY - _common())


@lru_cache(maxsize=1)
def last_names() -> frozenset[str]:
    """Return lower-cased last names of the lexicon; many are words too ("brown"), so they count beside another name."""
    kinds = ("last_names", "last_names_male", "last_names_female", "unisex_last_names", "male_last_names")
    return frozenset(_lexicon(*kinds) - no_names() - _LAST_WORDS)


def is_first_name(word: str) -> bool:
    """Return whether a word is one of `first_names`, accents aside, or has letters that no word of Western Europe has.

    >>> is_first_name("Siobh\u00e1n"), is_first_name("G\u00fcl\u015fen"), is_first_name("Caf\u00e9")
    (True, True, False)
    """
    name = word.casefold().rstrip(".").removesuffix("'s").removesuffix("’s")
    name = name.partition("-")[0] if re.match(r".+-\p{Lu}", word) else name
    if name in first_names() or name in no_names() or name.isascii():
        return name in first_names()
    return undisguised(name) in first_names() or (len(name) > 3 and bool(_FOREIGN.search(word)))


@lru_cache(maxsize=1)
def no_names() -> frozenset[str]:
    """Return lower-cased ordinary words, none of which is taken for a name behind a cue."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(_ORDINARY | _TITLED | set(ENGLISH_STOP_WORDS) | _common())


def _common() -> set[str]:
    words = import_module("faker.providers.lorem.en_US").Provider.word_list
    return {word.casefold() for word in words}
