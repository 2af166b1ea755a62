"""Reasons to drop a row, each with its evidence. A row is dropped by the first in the order; all verdicts are kept."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from synthkit.core.copies import SeedCopies
from synthkit.core.duplicates import NearIndex
from synthkit.core.text import NEAR, fold, words
from synthkit.generation.filter import Drop, Filter
from synthkit.seeds.gate import REACHES, Gate
from synthkit.seeds.seeds import Seeds
from synthkit.tasks.task import Task

if TYPE_CHECKING:
    from synthkit.prompts.plan import Plan


class Empty(Filter):
    """Nothing to be seen in it."""

    name = "empty"

    def check(self, row: dict) -> Drop | None:
        return None if fold(row["text"]) else Drop(self.name, repr(row["text"][:40]))


class Length(Filter):
    """Shorter than half of the task's `min_words`, or longer than one and a half times its `max_words`."""

    name = "length"

    def __init__(self, task: Task):
        self.least, self.most = task.min_words // 2, task.max_words * 3 // 2

    def check(self, row: dict) -> Drop | None:
        count = len(words(row["text"]))
        if count > self.most:
            return Drop(self.name, f"{count} words, at most {self.most}")
        return Drop(self.name, f"{count} words, at least {self.least}") if count < self.least else None


# at the very start, or as a placeholder nobody filled in: where a model speaks about the text, not in it
_META = re.compile(
    r"(?i)^\W*(?:sure[,!]|certainly[,!]|of course[,!])?\s*here(?: is|'s|’s| are)\b.{0,40}?"
    r"\b(?:text|example|review|message|sentence|question|request|version|rewrite)s?\b.{0,30}:"
    r"|^\W*(?:text|example|sample|rewritten|output)\s*(?:\d+|text)?\s*[:.)]\s"
    r"|\bas an ai(?: language)? model\b|\bi (?:cannot|can't|can’t) (?:write|generate|fulfil|assist)\b"
    r"|\[(?:insert|your|customer|company|product|order|date)[ _][\w ]{0,20}\]|^```|\{\s*\"(?:text|texts|label)\"\s*:"
)


class MetaTalk(Filter):
    """Talks about the text instead of being one: "Here is a review:", "As an AI model", "[insert name]".

    Placeholders of a task's own patterns, as [ORDER_NUMBER] in anonymised seeds, are the seeds' words.
    """

    name = "meta-talk"

    def __init__(self, task: Task | None = None):
        self._placeholders = {f"[{kind}]" for kind in (task.patterns if task else ())}

    def check(self, row: dict) -> Drop | None:
        talk = (m.group().strip() for m in _META.finditer(row["text"]))
        found = next((words for words in talk if words not in self._placeholders), None)
        return found and Drop(self.name, f"“{found[:40]}”")


class LabelLeak(Filter):
    """Gives the label away as an annotation ("delivery: ...", "[delivery]", product_quality), not as a word."""

    name = "label leaked"

    def __init__(self, task: Task):
        names = "|".join(re.escape(n) for n in sorted(task.labels, key=len, reverse=True))
        coded = "|".join(re.escape(n) for n in task.labels if "_" in n)
        self._leak = re.compile(
            rf"(?i)^\W*(?:{names})\s*[:|]|[\[(#](?:label:?\s*)?(?:{names})[\])]|\b(?:label|category|class)\s*(?:is|:|=)\s*"
            rf"[\"'`]?(?:{names})\b" + (rf"|\b(?:{coded})\b" if coded else "")
        )

    def check(self, row: dict) -> Drop | None:
        found = self._leak.search(row["text"])
        return found and Drop(self.name, f"“{found.group().strip()[:40]}”")


class PersonalData(Filter):
    """Holds what could reach a person: a mail, phone, card, bank or network address, found as in seeds.

    Names alone are no reason: those that a model invents belong to nobody in particular. Of a sensitive task also what
    its own patterns find, and a name that stands in one of its real rows.
    """

    name = "personal data"
    types = REACHES

    def __init__(self, task: Task | None = None):
        self._gate = Gate(task)

    def check(self, row: dict) -> Drop | None:
        found = [f for f in self._gate.find(row["text"]) if f.type in self.types]
        if not found and self._gate.sensitive:
            found = self._gate.kept(row["text"])
        return Drop(self.name, f"{found[0].type} at {found[0].start}") if found else None


class ExactDuplicate(Filter):
    """The same text as a kept row, case and white space aside."""

    name = "exact duplicate"

    def __init__(self):
        self._seen: dict[str, str] = {}

    def check(self, row: dict) -> Drop | None:
        twin = self._seen.get(fold(row["text"]))
        return twin and Drop(self.name, f"of {twin}")

    def keep(self, row: dict) -> None:
        self._seen[fold(row["text"])] = row["id"]


class NearDuplicate(Filter):
    """Jaccard similarity of character shingles to a kept row at or above a threshold."""

    name = "near-duplicate"

    def __init__(self, threshold: float = NEAR):
        self._index = NearIndex(threshold)

    def check(self, row: dict) -> Drop | None:
        found = self._index.nearest(row["text"])
        return found and Drop(self.name, f"of {found[0]}, Jaccard {found[1]:.2f}")

    def keep(self, row: dict) -> None:
        self._index.add(row["text"], row["id"])


class SeedCopy(Filter):
    """Copies a seed: shares a longer run of words with one than seeds share, or is one but for edits (`SeedCopies`).

    A row that is asked to say a seed in other words, and one whose prompt showed none, may be as like one as chance
    allows. Without seeds of its own the filter takes those that the plan's prompts show.
    """

    name = "memorized seed"

    def __init__(self, seeds: Seeds | None = None):
        self._copies: SeedCopies | None = None
        self._begun = False
        if seeds is not None:
            self._learn(seeds)

    def begin(self, plan: Plan) -> None:
        self._begun = True
        if self._copies is None and plan.seeds is not None:
            self._learn(plan.seeds)

    def _learn(self, seeds: Seeds) -> None:
        self._ids, self._copies = list(seeds.rows["id"]), SeedCopies(list(seeds.rows["text"]))

    def check(self, row: dict) -> Drop | None:
        if self._copies is None:
            return None
        shown = json.loads(row.get("demo_ids") or "[]")
        chance = row.get("strategy") == "paraphrase" or (self._begun and not shown)
        found = self._copies.find(row["text"], chance=chance)
        if found is None:
            return None
        seed = self._ids[found.row]
        in_prompt = ", shown in its prompt" if seed in shown else ""
        return Drop(self.name, f"{found.how} seed {seed}{in_prompt}{found.shown}")


def default_filters(task: Task, seeds: Seeds | None = None) -> list[Filter]:
    """Return the filters of a generation, in their order; what cannot be parsed never comes here.

    They look at words alone, so that every machine keeps the same rows, and remember what they kept: make new ones for
    another run. Add functions of a row to the list.

    >>> from synthkit.tasks.task import load_task
    >>> [f.name for f in default_filters(load_task("feedback"))][:3]
    ['empty', 'length', 'meta-talk']
    """
    by_itself = [Empty(), Length(task), MetaTalk(task), LabelLeak(task), PersonalData(task)]
    return [*by_itself, SeedCopy(seeds), ExactDuplicate(), NearDuplicate()]
