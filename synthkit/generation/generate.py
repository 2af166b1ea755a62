"""Plan, ask, parse, filter, count: from requests to a dataset and a ledger that adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError
from synthkit.core.exports import write_csv
from synthkit.core.results import Result, frame_of
from synthkit.generation.filter import apply, as_filters, named
from synthkit.generation.filters import default_filters
from synthkit.generation.ledger import Ledger, requests_ledger, suspicions
from synthkit.generation.parsing import best_attempt, reply_problem, rest_request
from synthkit.generation.rows import make_row, synthetic_rows
from synthkit.generation.source import asking, make_source
from synthkit.llm.answers import Answer, from_store
from synthkit.llm.budget import Budget
from synthkit.llm.client import LLM
from synthkit.llm.request import Request
from synthkit.llm.store import Store
from synthkit.prompts.plan import Plan, plan
from synthkit.seeds.gate import FILTER, Gate
from synthkit.tasks.task import Task

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

LACKING = 0.6  # of its share: a label with less of it lacks, and top-ups go to it; less uneven is the filters' doing
MOST_FELL = 0.8  # of the texts: what took so many is named in place of a larger plan
LEAST_YIELD = 0.1  # rows kept of a text asked for that a top-up counts on at the least


@dataclass(frozen=True, repr=False)
class Generation(Result):
    """Synthetic rows, the ledger, and every dropped text with each filter's verdict."""

    plan: Plan
    rows: Dataset
    ledger: Ledger
    drops: tuple[dict, ...]
    problems: tuple[str, ...]
    model: str
    filters: tuple[str, ...] = ()  # that every text passed, in their order
    stored: str = ""  # how many replies an earlier call had paid for, whose, and from when
    trained: Mapping = field(default_factory=dict)  # how the model was fine-tuned, where it is one's own

    def summary(self) -> str:
        note = "; ".join(filter(None, [self.ledger.note, self.ledger.shortfall]))
        note = f" ({note})" if note else ""
        return (
            f"Generation: {len(self.rows)} of {self.plan.n} rows{note}, {self.plan.task.name!r} by "
            f"{self.plan.strategy}, model {self.model}{self.stored and f'; {self.stored}'}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the synthetic rows."""
        return frame_of(self.rows.to_pandas(), ["id", "label", "text", "attributes"])

    def dropped(self) -> pd.DataFrame:
        """Return one row a dropped text: id, label, text, reason, evidence, what other filters said."""
        return frame_of(self.drops, ["id", "label", "text", "reason", "evidence", "also"])

    def to_csv(self, path) -> None:
        """Write the rows as CSV (UTF-8), every column of them, for their owner alone.

        A text that a spreadsheet would take for a formula has a `'` before it; `sk.load_rows` takes it off again.
        """
        Gate(self.plan.task).let_pass(self.rows["text"], "rows to be written", fix=FILTER)
        write_csv(path, self.rows.to_pandas())


def generate(
    what: Plan | Task,
    seeds=None,
    *,
    llm: str | LLM = "recorded",
    budget: Budget | None = None,
    filters: Sequence | None = None,
    progress: bool = True,
    store: Store | None = None,
    **planned,
) -> Generation:
    """Return the synthetic rows of a plan: `generate(plan)`, or `generate(task, seeds, strategy=..., n=...)`.

    `llm` is "recorded" (shipped replies, the default), "ngram" (the classical baseline), "local" (a small, weak model
    on this machine, which goes on with the seeds; "local:model.gguf": another), an `LLM`, or a generator of one's own
    (`sk.finetune`). Replies of the last three are stored before they are used: the same call again asks nothing that
    was answered. A `Budget` is never passed. `filters` decide what is kept, in their order
    (`sk.default_filters(task, seeds)`), a function `row -> evidence or
    None` among them if you like; `filters=[]` keeps every text.

    >>> from synthkit.tasks.task import load_task
    >>> generate(load_task("feedback"), strategy="zero_shot", n=10, progress=False)
    Generation: 10 of 10 rows, 'feedback' by zero_shot, model claude
    """
    if isinstance(what, Plan):
        if seeds is not None or planned:
            raise SynthkitError("generate(plan) takes no seeds= or plan arguments; they belong to sk.plan(...)")
        chosen = what
    elif isinstance(what, Task):
        chosen = plan(what, seeds, **planned)
    else:
        raise SynthkitError(f"generate({type(what).__name__}): expected a plan or a task")
    source = make_source(llm, chosen.task, chosen.seeds)
    usual = [*default_filters(chosen.task, chosen.seeds), *getattr(source, "filters", ())]
    by_name = {f.name: f for f in usual}  # a source's own takes the place of the usual one
    chosen_filters = [*by_name.values()] if filters is None else as_filters(filters)
    what = f"{chosen.task.name}, {chosen.strategy}"
    with asking(chosen.task, source, what, store=store, budget=budget, progress=progress) as answers_to:
        run = _Run(chosen, source, chosen_filters)
        run.go(lambda requests: answers_to(requests, reply_problem))
    return run.result()


class _Run:
    """One generation under way: opens waves of requests until n rows are kept or there is nothing left to ask."""

    def __init__(self, chosen: Plan, source, filters):
        self.plan, self.source, self.filters = chosen, source, filters
        self.open = list(chosen.slots[chosen.first_wave :])  # slots that were not asked
        self.rests: dict[tuple[str, int], Request] = {}  # what a short reply still owes, by strategy and slot
        self.owed: dict[tuple[str, int], list[int]] = {}  # the numbers of those texts
        self.shares = shares_of(chosen)
        self.only_lacking = False  # whether this wave is for labels that lack
        self.answers: list[Answer] = []
        self.rows: list[dict] = []
        self.kept: list[dict] = []
        self.kept_of: Counter = Counter()  # by label
        self.drops: list[dict] = []
        self.counts: Counter = Counter()
        self.dropped: Counter = Counter()
        self.note = ""
        for f in filters:
            with named(f, []):
                f.begin(chosen)

    def go(self, answers_to: Callable[[list[Request]], list[Answer]]) -> None:
        wave = list(self.plan.slots[: self.plan.first_wave])
        while wave:
            if hasattr(self.source, "covered"):
                covered = self.source.covered(wave)
                self.note = "" if len(covered) == len(wave) else "recordings exhausted"
                wave = list(covered)
            try:
                answers = answers_to(wave)
            except SynthkitError as error:
                if not self.kept:
                    raise
                self.note = str(error)  # a top-up that fails takes nothing away
                return
            for answer in answers:
                self._take(answer)
            rows, self.rows = self.rows, []
            for row in rows:
                self._filter(row)
            if not any(a.reply for a in self.answers) and any(not a.not_asked for a in self.answers):
                failed = [a for a in self.answers if not a.not_asked]
                raise SynthkitError(f"none of the {len(failed)} requests got a reply: {failed[-1].problems[-1]}")
            ends = [p.partition(": ")[2] for a in answers for p in a.problems[-1:] if p.startswith("not asked")]
            self.note = ends[-1] if ends else self.note
            wave = [] if self.note else self._next_wave()

    def _next_wave(self) -> list[Request]:
        """Top up with as many requests as the yield so far says are needed: first those of labels that lack.

        What short replies still owe is asked for where that takes no more requests than new slots do.
        """
        kept = self.kept_of
        missing = {label: share - kept[label] for label, share in self.shares.items()}
        lacking = {label for label in missing if kept[label] < LACKING * self.shares[label]}
        self.only_lacking = any(r.label in lacking for r in (*self.open, *self.rests.values()))
        if self.only_lacking:
            return [r for label in self.shares if label in lacking for r in self._some(missing[label], label)]
        # labels that lack and have no request left are not made up for by others
        wave = self._some(self.plan.n - len(self.kept) - sum(missing[label] for label in lacking), None)
        if not wave and len(self.kept) < self.plan.n:
            self.note = self._exhausted()
        return wave

    def _exhausted(self) -> str:
        """Say why requests ended before rows did: where most texts fell to one filter, more requests are no help."""
        used = f"the plan's {len(self.plan.slots)} requests are used up"
        reason, fell = self.dropped.most_common(1)[0] if self.dropped else ("", 0)
        if fell < MOST_FELL * self.counts["parsed"] or not fell:
            return f"{used}; plan with a higher surplus="
        short = self.source.model == "ngram" and "seed" in reason
        fix = "the seeds are too few or too short to write others from" if short else "look at .drops for the reason"
        return f"{used}; {fell:,} of {self.counts['parsed']:,} texts fell as {reason}: {fix}"

    def _some(self, missing: int, label: str | None) -> list[Request]:
        """Take requests for so many missing rows, of one label or of all in turn."""
        slots = [r for r in self.open if label in (None, r.label)]
        rests = [key for key, r in self.rests.items() if label in (None, r.label)]
        if missing <= 0 or not (slots or rests):
            return []
        asked = sum(a.request.count for a in self.answers if a.reply and label in (None, a.request.label))
        kept = len(self.kept) if label is None else self.kept_of[label]
        rate = max(kept / max(1, asked), LEAST_YIELD)
        slots = slots[: ceil(missing / (rate * self.plan.slots[0].count))]
        enough = next((i for i in range(1, len(rests)) if self._texts(rests[:i]) >= missing), len(rests))
        if rests and (not slots or (enough <= len(slots) and self._texts(rests[:enough]) >= missing)):
            return [self.rests.pop(key) for key in rests[:enough]]
        taken = set(map(id, slots))
        self.open = [r for r in self.open if id(r) not in taken]
        return slots

    def _texts(self, rests: list) -> int:
        return sum(self.rests[key].count for key in rests)

    def _take(self, answer: Answer) -> None:
        self.answers.append(answer)
        if answer.reply is None:
            return
        self.counts["asked"] += answer.request.count
        request, reply, texts, stated = best_attempt(answer)
        if not texts:
            self.counts["unparsable"] += request.count
            return
        self.counts["parsed"] += len(texts)
        self.counts["short"] += request.count - len(texts)
        place = request.strategy, request.slot
        numbers = self.owed.get(place) or list(range(1, request.count + 1))
        fitted_on = getattr(self.source, "fitted_on", ())  # no prompt, and words of these rows all the same
        shown = replace(request, demo_ids=fitted_on) if fitted_on else request
        self.rows += [
            make_row(shown, reply, n, numbers[n - 1], text, self.source, stated.get(n)) for n, text in texts.items()
        ]
        if len(texts) < request.count and place not in self.owed:
            rest = rest_request(request, [n for n in numbers if n not in texts])
            if not hasattr(self.source, "covered") or self.source.get(rest):
                self.rests[place], self.owed[place] = rest, [n for n in numbers if n not in texts]

    def _filter(self, row: dict) -> None:
        if len(self.kept) >= self.plan.n:
            self.dropped["not needed (n is reached)"] += 1
            return
        shares = self.plan.wanted or (self.shares if self.only_lacking else {})
        if shares and self.kept_of[row["label"]] >= shares.get(row["label"], 0):
            self.dropped["not needed (its label has enough)"] += 1
            return
        verdicts = apply(row, self.filters)
        if not verdicts:
            self.kept.append(row)
            self.kept_of[row["label"]] += 1
            return
        first, *others = verdicts
        self.dropped[first.reason] += 1
        seen = {k: row[k] for k in ("id", "label", "text")}
        self.drops.append({**seen, **first._asdict(), "also": "; ".join(v.reason for v in others)})

    def result(self) -> Generation:
        kept = self.kept_of
        notes = [
            self.note,
            *(f.note for f in self.filters),
            *(suspicions(self.answers, self.kept, self.plan.task) if hasattr(self.source, "session") else ()),
        ]
        ledger = replace(
            requests_ledger(self.answers, self.source),
            **{name: self.counts[name] for name in ("asked", "parsed", "short", "unparsable")},
            kept=len(self.kept),
            dropped=self._dropped_in_order(),
            lacking=tuple((x, kept[x], share) for x, share in self.shares.items() if kept[x] < LACKING * share),
            note="; ".join(note for note in notes if note),
        )
        ledger.check()
        problems = tuple(f"{a.request.strategy}, slot {a.request.slot}: {p}" for a in self.answers for p in a.problems)
        rows = synthetic_rows(self.kept)
        drops, ran, stored = tuple(self.drops), tuple(f.name for f in self.filters), from_store(self.answers)
        trained = getattr(self.source, "trained", {})
        return Generation(self.plan, rows, ledger, drops, problems, self.source.model, ran, stored, trained)

    def _dropped_in_order(self) -> tuple[tuple[str, int], ...]:
        """Reasons in the filters' order, then what was not needed."""
        names = [f.name for f in self.filters]

        def place(reason: str) -> tuple[int, str]:
            return next((i for i, name in enumerate(names) if reason.startswith(name)), len(names)), reason

        return tuple((reason, self.dropped[reason]) for reason in sorted(self.dropped, key=place))


def shares_of(chosen: Plan) -> dict[str, int]:
    """Return how many of the n rows fall to each label: as the plan says, else as its first requests ask for them."""
    if chosen.wanted:
        return dict(chosen.wanted)
    shares, left = Counter(), chosen.n
    for request in chosen.slots[: chosen.first_wave]:
        shares[request.label] += min(left, request.count)
        left -= min(left, request.count)
    return dict(shares)
