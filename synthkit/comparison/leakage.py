"""What may not be trained on: rows that repeat a test row, edited or whole, and prompts that have seen one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.core.copies import KINDS, CopyIndex, Match
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.rows import row_ids
from synthkit.core.text import matched_words

if TYPE_CHECKING:
    from datasets import Dataset

RARE = 1000  # one in so many test rows may be as much like another one for a match that counts by itself
LEAST_SHARED = 5  # words that such a match shares
MARGIN, MARGIN_ODD = 2.0, 1.5  # times the rate among test rows, and times the share of odd ones, that honest arms reach
SURE = 1e-5  # p from which an arm is held to have more, and all its matches of a kind count


class Refused(NamedTuple):
    """A training row that was left out because it repeats a test row, and how."""

    arm: str
    id: str
    twin: str
    similarity: float
    how: str = ""


class Guard:
    """Finds the test row that a training row repeats, in a time that grows with the rows and not with their pairs.

    Sure are: the same words (case, signs, blanks, invisible and look-alike characters aside), misspelt words that are
    in no test row, two neighbours that changed places, a Jaccard of 5-character shingles of 0.8 and more. Honest rows
    too differ from a test row in one word, or hold a short one whole, where texts are short or alike: such a match
    counts where hardly a test row shares as many words with another test row in that way, and where the rows of an arm
    do so far more often than test rows among themselves.

    >>> from synthkit.core.rows import make_rows
    >>> guard = Guard(make_rows({"id": ["t1"], "text": ["the lift is stuck on the third floor again"], "label": ["a"]}))
    >>> guard.twin("well, The lift is stuck on the third floor AGAIN and nobody comes")
    ('t1', 0.692..., 'a test text inside it')
    """

    def __init__(self, test: Dataset):
        self._ids, self._index = row_ids(test, "test"), CopyIndex(test["text"])
        self._known: dict[str, tuple[Match | None, dict[str, Match]]] = {}

    def twin(self, text: str) -> tuple[str, float, str] | None:
        """Return (id of the test row that a text repeats, similarity, how), or None."""
        sure, others = self._look(text)
        found = sure or next((m for m in others.values() if self._rare(m)), None)
        return found and (self._ids[found.row], found.similarity, found.how)

    def clean(
        self, arm: str, rows: Dataset, labels: Sequence[str]
    ) -> tuple[tuple[list[str], list[str]], list[Refused]]:
        """Return ((texts, labels) to train on, what is refused). An unknown label, or no row left, is an error."""
        texts, ids, refused = list(rows["text"]), row_ids(rows, arm), []
        for row_id, label in zip(ids, rows["label"], strict=True):
            if label not in labels:
                raise SynthkitError(f"arm {arm!r}, row {row_id}: {unknown('label', label, labels)}")
        found = [self._look(t) for t in texts]
        often = self._too_often([others for sure, others in found if sure is None], len(texts))
        kept: tuple[list[str], list[str]] = ([], [])
        for row_id, text, label, (sure, others) in zip(ids, texts, rows["label"], found, strict=True):
            match = sure or next((m for m in others.values() if m.how in often or self._rare(m)), None)
            if match:
                refused.append(Refused(arm, row_id, self._ids[match.row], match.similarity, match.how))
            else:
                kept[0].append(text)
                kept[1].append(label)
        if not kept[0]:
            raise SynthkitError(f"arm {arm!r}: no row is left to train on once test duplicates are out")
        return kept, refused

    def _look(self, text: str) -> tuple[Match | None, dict[str, Match]]:
        """Return (a match that is sure, others by kind)."""
        if text not in self._known:
            sure = self._index.sure(text)
            self._known[text] = sure, {} if sure else {m.how: m for m in self._index.chance(matched_words(text))}
        return self._known[text]

    @cached_property
    def _usual(self) -> dict[tuple[str, bool], np.ndarray]:
        """For each kind, the words that test rows share with another test row in that way, sorted."""
        shared: dict[tuple[str, bool], list[int]] = {(kind, odd): [] for kind in KINDS for odd in (False, True)}
        for row in self._index.different:
            for match in self._index.chance(self._index.words[row], but=row):
                shared[match.how, match.odd].append(match.shared)
        return {kind: np.sort(some) for kind, some in shared.items()}

    def _rare(self, match: Match) -> bool:
        usual = self._usual[match.how, match.odd]
        as_much = len(usual) - np.searchsorted(usual, match.shared)
        return match.shared >= LEAST_SHARED and as_much <= len(self._index.different) / RARE

    def _too_often(self, matches: Sequence[dict[str, Match]], n: int) -> set[str]:
        """Return the kinds in which an arm of n rows matches far more often than test rows do, or far more oddly."""
        from scipy.stats import binom

        out = set()
        for kind in KINDS:
            odd = [some[kind].odd for some in matches if kind in some]
            plain, strange = len(self._usual[kind, False]), len(self._usual[kind, True])
            rate = MARGIN * (plain + strange + 1) / (len(self._index.different) + 1)
            share = MARGIN_ODD * (strange + 1) / (plain + strange + 1)
            chances = binom.sf([len(odd) - 1, sum(odd) - 1], [n, len(odd)], np.minimum(1, [rate, share]))
            if chances.min() < SURE:
                out.add(kind)
        return out


def refuse_leak(seeds: Dataset, test: Dataset) -> None:
    """Raise SynthkitError if a seed that a prompt showed repeats a test row."""
    guard, ids = Guard(test), row_ids(seeds, "seed")
    leaks = [(i, twin[0]) for i, t in zip(ids, seeds["text"], strict=True) if (twin := guard.twin(t))]
    if leaks:
        shown = ", ".join(f"{i} repeats {twin}" for i, twin in leaks[:5])
        raise SynthkitError(
            f"{len(leaks)} of {len(seeds)} seeds that the prompts showed are in the test rows ({shown}): what the "
            "model wrote has seen the test. Take the twins out of the seeds, or out of test, and generate anew"
        )
