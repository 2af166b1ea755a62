"""Reasons to drop a row, each with its evidence. A row is dropped by the first in the order; all verdicts are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from synthkit.seeds import NEAR, Seeds
from synthkit.text import NearIndex, OverlapIndex, fold, words

MEMORY_FLOOR = 6  # words in a row shared with a seed that are never held against a text, whatever the seeds are like


class Verdict(NamedTuple):
    """Why a row should go: the filter's name and what it saw (the twin, the words copied)."""

    reason: str
    evidence: str


class Empty:
    """No word in it."""

    name = "empty"

    def check(self, row: dict) -> Verdict | None:
        return None if words(row["text"]) else Verdict(self.name, repr(row["text"][:40]))

    def keep(self, row: dict) -> None:
        """Nothing to remember."""


class ExactDuplicate:
    """The same words as a kept row, case and punctuation aside."""

    name = "exact duplicate"

    def __init__(self):
        self._seen: dict[str, str] = {}

    def check(self, row: dict) -> Verdict | None:
        twin = self._seen.get(fold(row["text"]))
        return twin and Verdict(self.name, f"of {twin}")

    def keep(self, row: dict) -> None:
        self._seen[fold(row["text"])] = row["id"]


class NearDuplicate:
    """Jaccard similarity of character shingles to a kept row at or above a threshold."""

    name = "near-duplicate"

    def __init__(self, threshold: float = NEAR):
        self._index = NearIndex(threshold)

    def check(self, row: dict) -> Verdict | None:
        found = self._index.nearest(row["text"])
        return found and Verdict(self.name, f"of {found[0]}, Jaccard {found[1]:.2f}")

    def keep(self, row: dict) -> None:
        self._index.add(row["text"], row["id"])


class Memorized:
    """Copies a seed: shares a longer run of words with one than real rows share with it, or nearly is one.

    The run allowed is the 99th percentile of the longest run that a row of `seeds.rest` shares with a seed, and never
    less than MEMORY_FLOOR words.
    """

    name = "memorized seed"

    def __init__(self, seeds: Seeds | None):
        self._overlap = self._near = None
        if seeds is None:
            return
        rows = seeds.rows
        self._overlap = OverlapIndex(rows["text"], rows["id"], floor=MEMORY_FLOOR)
        runs = [self._overlap.longest(t) for t in seeds.rest["text"][:2000]] if len(seeds.rest) else []
        lengths = [len(r[1].split()) if r else 0 for r in runs]
        self.allowed = max(MEMORY_FLOOR, int(np.quantile(lengths, 0.99))) if lengths else MEMORY_FLOOR
        self._near = NearIndex(NEAR)
        self._near.extend(rows["text"], rows["id"])

    def check(self, row: dict) -> Verdict | None:
        if self._overlap is None:
            return None
        run = self._overlap.longest(row["text"])
        if run and len(run[1].split()) > self.allowed:
            return Verdict(self.name, f"{len(run[1].split())} words in a row of seed {run[0]}: “{run[1][:80]}”")
        found = self._near.nearest(row["text"])
        return found and Verdict(self.name, f"near-duplicate of seed {found[0]}, Jaccard {found[1]:.2f}")

    def keep(self, row: dict) -> None:
        """Nothing to remember."""


def default_filters(seeds: Seeds | None) -> list:
    """Return the filters of a generation, in their order."""
    return [Empty(), Memorized(seeds), ExactDuplicate(), NearDuplicate()]


def apply(row: dict, filters: Sequence) -> list[Verdict]:
    """Return every filter's verdict on `row`, the deciding one first; a row without any is kept and remembered."""
    verdicts = [v for f in filters if (v := f.check(row))]
    if not verdicts:
        for f in filters:
            f.keep(row)
    return verdicts
