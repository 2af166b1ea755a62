"""Reasons to drop a row, each with its evidence. A row is dropped by the first in the order; all verdicts are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from synthkit.anonymizer import find_personal
from synthkit.seeds import NEAR, Seeds
from synthkit.task import Task
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


class Length:
    """Shorter than half of the task's `min_words`, or longer than one and a half times its `max_words`."""

    name = "length"

    def __init__(self, task: Task):
        self.least, self.most = task.min_words // 2, task.max_words * 3 // 2

    def check(self, row: dict) -> Verdict | None:
        count = len(words(row["text"]))
        if count > self.most:
            return Verdict(self.name, f"{count} words, at most {self.most}")
        return Verdict(self.name, f"{count} words, at least {self.least}") if count < self.least else None

    def keep(self, row: dict) -> None:
        """Nothing to remember."""


# at the very start, or as a placeholder nobody filled in: where a model speaks about the text, not in it
_META = re.compile(
    r"(?i)^\W*(?:sure[,!]|certainly[,!]|of course[,!])?\s*here(?: is|'s|’s| are)\b.{0,40}?"
    r"\b(?:text|example|review|message|sentence|question|request|version|rewrite)s?\b.{0,30}:"
    r"|^\W*(?:text|example|sample|rewritten|output)\s*(?:\d+|text)?\s*[:.)]\s"
    r"|\bas an ai(?: language)? model\b|\bi (?:cannot|can't|can’t) (?:write|generate|fulfil|assist)\b"
    r"|\[(?:insert|your|customer|company|product|order|date)[ _][\w ]{0,20}\]|^```|\{\s*\"(?:text|texts|label)\"\s*:"
)


class MetaTalk:
    """Talks about the text instead of being one: "Here is a review:", "As an AI model", "[insert name]"."""

    name = "meta-talk"

    def check(self, row: dict) -> Verdict | None:
        found = _META.search(row["text"])
        return found and Verdict(self.name, f"“{found.group().strip()[:40]}”")

    def keep(self, row: dict) -> None:
        """Nothing to remember."""


class LabelLeak:
    """Gives the label away as an annotation ("delivery: ...", "[delivery]", product_quality), not as a word."""

    name = "label leaked"

    def __init__(self, task: Task):
        names = "|".join(re.escape(n) for n in sorted(task.labels, key=len, reverse=True))
        coded = "|".join(re.escape(n) for n in task.labels if "_" in n)
        self._leak = re.compile(
            rf"(?i)^\W*(?:{names})\s*[:|]|[\[(#](?:label:?\s*)?(?:{names})[\])]|\b(?:label|category|class)\s*(?:is|:|=)\s*"
            rf"[\"'`]?(?:{names})\b" + (rf"|\b(?:{coded})\b" if coded else "")
        )

    def check(self, row: dict) -> Verdict | None:
        found = self._leak.search(row["text"])
        return found and Verdict(self.name, f"“{found.group().strip()[:40]}”")

    def keep(self, row: dict) -> None:
        """Nothing to remember."""


class PersonalData:
    """Holds what could reach a person: a mail, phone, card, bank or network address, found as in seeds.

    Names alone are no reason: those that a model invents belong to nobody in particular.
    """

    name = "personal data"
    types = ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS")

    def check(self, row: dict) -> Verdict | None:
        found = [f for f in find_personal(row["text"]) if f.type in self.types]
        return Verdict(self.name, f"{found[0].type} at {found[0].start}") if found else None

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

    The run allowed is the 99th percentile of the longest run that a seed shares with another one (a filter may see
    seeds and no other train row), and never less than MEMORY_FLOOR words.
    """

    name = "memorized seed"

    def __init__(self, seeds: Seeds | None):
        self._overlap = self._near = None
        if seeds is None:
            return
        rows = seeds.rows
        self._overlap = OverlapIndex(rows["text"], rows["id"], floor=MEMORY_FLOOR)
        runs = [self._overlap.longest(t, but=i) for t, i in zip(rows["text"], rows["id"], strict=True)]
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


def default_filters(task: Task, seeds: Seeds | None = None) -> list:
    """Return the filters of a generation, in their order; what cannot be parsed never comes here."""
    own = [Empty(), Length(task), MetaTalk(), LabelLeak(task), PersonalData()]
    return [*own, Memorized(seeds), ExactDuplicate(), NearDuplicate()]


def apply(row: dict, filters: Sequence) -> list[Verdict]:
    """Return every filter's verdict on `row`, the deciding one first; a row without any is kept and remembered."""
    verdicts = [v for f in filters if (v := f.check(row))]
    if not verdicts:
        for f in filters:
            f.keep(row)
    return verdicts
