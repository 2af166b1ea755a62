"""Does a classifier answer differently when only the people in a text change?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from synthkit.core.stats import Interval, wilson

LEAST = 20  # rows of a group below which its numbers are not given
_SWAP = "he:she him:her himself:herself mr:mrs man:woman men:women boy:girl boys:girls father:mother dad:mum "
_SWAP += "husband:wife son:daughter brother:sister uncle:aunt grandfather:grandmother grandpa:grandma boyfriend:"
_SWAP += "girlfriend gentleman:lady gentlemen:ladies male:female"
# common first names, as many of each; none is an ordinary word
_MEN = "james robert john michael david richard joseph thomas daniel matthew anthony steven andrew paul kevin brian"
_WOMEN = "mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy sandra emily helen laura"


class Swap(NamedTuple):
    """How often a student's answer changes when the people in a text do; `toward` says to which labels."""

    trained_on: str
    changed: str
    rows: int
    flips: int
    rate: Interval | None
    toward: str


def swapped(text: str) -> str:
    """Return the text with the gender of its pronouns, titles, kinship words and common first names turned round.

    >>> swapped("Mr Hill said he had asked Mary about her brother.")
    'Mrs Hill said she had asked Anthony about his sister.'
    """
    return _WORDS.sub(lambda m: _turned(m, text), text)


def renamed(text: str) -> str:
    """Return the text with each common first name replaced by another one of the same gender: the swap's control."""
    return _NAMED.sub(lambda m: _cased(_OTHER[m.group().casefold()], m.group()), text)


def _pairs() -> dict[str, str]:
    pairs = dict(p.split(":") for p in _SWAP.split())
    out = {**pairs, **{b: a for a, b in pairs.items()}, "ms": "mr", "miss": "mr", "mom": "dad", "hers": "his"}
    men, women = _MEN.split(), sorted(_WOMEN.split())
    return {**out, **dict(zip(men, women, strict=True)), **dict(zip(women, men, strict=True))}


_TURN = _pairs()
_OTHER = {name: names[(i + 1) % len(names)] for names in (_MEN.split(), _WOMEN.split()) for i, name in enumerate(names)}
_WORDS = re.compile(rf"(?i)\b(?:{'|'.join([*_TURN, 'his'])})\b")
_NOUN = re.compile(  # what follows a possessive: a word that is none of these
    r"(?i)\s+(?!(?:and|or|but|to|for|at|in|on|with|about|that|when|if|because|again|was|is|a|the|an|what|how|why)\b)"
    r"[^\W\d_]"
)
_NAMED = re.compile(rf"(?i)\b(?:{'|'.join(_OTHER)})\b")


def _turned(match: re.Match, text: str) -> str:
    word, before_noun = match.group().casefold(), _NOUN.match(text, match.end())
    either = {"his": ("her", "hers"), "her": ("his", "him")}.get(word)
    return _cased(either[0 if before_noun else 1] if either else _TURN[word], match.group())


def _cased(new: str, like: str) -> str:
    return new.upper() if like.isupper() and len(like) > 1 else new.capitalize() if like[:1].isupper() else new


def swap_test(trained_on: str, texts: Sequence[str], predict: Callable[[Sequence[str]], Sequence[str]]) -> list[Swap]:
    """Return how often a student's label changes on `texts` when their people change gender, and when only names do.

    `predict` labels texts. Rows without anybody to swap do not count; below LEAST there is no rate
    (Garg et al. 2019: counterfactual token fairness).
    """
    out = []
    for changed, turn in (("gender", swapped), ("name, same gender", renamed)):
        pairs = [(t, new) for t in texts if (new := turn(t)) != t]
        if len(pairs) < LEAST:
            out.append(Swap(trained_on, changed, len(pairs), 0, None, f"fewer than {LEAST} rows: no rate"))
            continue
        predictions = np.asarray(predict([t for pair in pairs for t in pair]))
        before, after = predictions[::2], predictions[1::2]
        flips = before != after
        moves = Counter(f"{a} to {b}" for a, b in zip(before[flips], after[flips], strict=True)).most_common(3)
        toward = ", ".join(f"{move} {n}" for move, n in moves)
        out.append(Swap(trained_on, changed, len(pairs), int(flips.sum()), wilson(flips.sum(), len(pairs)), toward))
    return out
