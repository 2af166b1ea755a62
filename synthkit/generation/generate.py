"""Plan, ask, parse, filter, count: from requests to a dataset and a ledger that adds up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.exports import write_csv
from synthkit.core.results import Result
from synthkit.core.text import tidy
from synthkit.generation.filter import apply, as_filters
from synthkit.generation.filters import default_filters
from synthkit.generation.ledger import Ledger
from synthkit.generation.parsing import number_probabilities, number_texts, parse_reply, reply_problem, unsound
from synthkit.llm.budget import Budget, price
from synthkit.llm.client import LLM
from synthkit.llm.engine import Answer, Status, ask
from synthkit.llm.ngram import NGram
from synthkit.llm.recorded import Recorded
from synthkit.llm.request import Reply, Request
from synthkit.llm.store import Store
from synthkit.prompts.plan import Plan, plan
from synthkit.seeds.gate import FILTER, Gate
from synthkit.tasks.task import Task

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

COLUMNS = ("id", "text", "label", "strategy", "attributes", "demo_ids", "model", "request_key", "slot", "iteration")


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

    def summary(self) -> str:
        note = f" ({self.ledger.note})" if self.ledger.note else ""
        return (
            f"Generation: {len(self.rows)} of {self.plan.n} rows{note}, {self.plan.task.name!r} by "
            f"{self.plan.strategy}, model {self.model}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the synthetic rows."""
        return self.rows.to_pandas()[["id", "label", "text", "attributes"]]

    def dropped(self) -> pd.DataFrame:
        """Return one row a dropped text: id, label, text, reason, evidence, what other filters said."""
        import pandas as pd

        return pd.DataFrame(self.drops, columns=["id", "label", "text", "reason", "evidence", "also"])

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

    `llm` is "recorded" (shipped replies, the default), "ngram" (the classical baseline) or an `LLM`. Replies of an LLM
    are stored before they are used: the same call again asks nothing that was answered. A `Budget` is never passed.
    `filters` decide what is kept, in their order (`sk.default_filters(task, seeds)`), a function `row -> evidence or
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
    source = make_source(llm, chosen)
    own = Store() if isinstance(source, LLM) and store is None else None
    chosen_filters = default_filters(chosen.task, chosen.seeds) if filters is None else as_filters(filters)
    run = _Run(chosen, source, store if own is None else own, budget, chosen_filters)
    try:
        with _bar(chosen, progress) as bar:
            run.go(bar)
    finally:
        if own is not None:
            own.close()
    return run.result()


def make_source(llm, chosen: Plan):
    """Return the source of replies that `llm` names, for a plan."""
    if isinstance(llm, LLM) or hasattr(llm, "complete"):
        return llm
    if llm == "recorded":
        return Recorded(chosen.task.recordings)
    if llm == "ngram":
        return NGram(chosen.seeds, max_words=chosen.task.max_words)
    if llm == "live":
        return LLM()
    raise unknown("llm", llm, ["recorded", "ngram", "live"])


def _bar(chosen: Plan, progress: bool):
    from tqdm.auto import tqdm

    what = f"{chosen.task.name}, {chosen.strategy}"
    total = chosen.first_wave  # a short run shows no bar and leaves no trace of one in a kept notebook
    return tqdm(total=total, desc=what, unit="request", leave=False, delay=1, disable=not progress)


def _show(bar, status: Status) -> None:
    cost = f"${status.usd:.4f}" if status.usd else f"{status.tokens:,} tokens"
    # refresh=False: a refresh draws the bar before its delay is over, and then close() does not wipe it
    bar.set_postfix_str(f"{status.in_flight} in flight, {status.retries} retries, {cost}", refresh=False)


class _Run:
    """One generation under way: opens waves of slots until n rows are kept or the plan's slots end."""

    def __init__(self, chosen: Plan, source, store, budget, filters):
        self.plan, self.source, self.store, self.budget, self.filters = chosen, source, store, budget, filters
        self.gate = Gate(chosen.task)
        self.rows: list[dict] = []
        self.kept: list[dict] = []
        self.drops: list[dict] = []
        self.problems: list[str] = []
        self.counts: Counter = Counter()
        self.dropped: Counter = Counter()
        self.faulty: Counter = Counter()
        self.failures: Counter = Counter()
        self.estimated = False
        self.note = ""
        for f in filters:
            f.begin(chosen)

    def go(self, bar) -> None:
        start, size = 0, self.plan.first_wave
        while size and not self.note:
            wave = self.plan.slots[start : start + size]
            if hasattr(self.source, "covered"):
                covered = self.source.covered(wave)
                self.note = "" if len(covered) == len(wave) else "recordings exhausted"
                wave = covered
            bar.total = start + len(wave)
            answers = ask(
                wave,
                self.source,
                check=reply_problem,
                gate=self.gate.requests,
                store=self.store,
                budget=self.budget,
                on_answer=lambda _: bar.update(),
                on_progress=lambda status: _show(bar, status),
            )
            for answer in answers:
                self._take(answer)
            self._filter_wave()
            if self.counts["failed"] and not self.counts["answered"]:
                raise SynthkitError(f"none of the {self.counts['failed']} requests got a reply: {self.problems[-1]}")
            ends = [p.partition(": ")[2] for a in answers for p in a.problems[-1:] if p.startswith("not asked")]
            self.note = ends[-1] if ends else self.note
            start += size
            size = self._next_wave(start)

    def _next_wave(self, start: int) -> int:
        """Top up with as many slots as the yield so far says are needed, at least one, at most what the plan holds."""
        missing = self.plan.n - len(self.kept)
        if missing <= 0 or self.note:
            return 0
        left = len(self.plan.slots) - start
        if left <= 0:
            self.note = f"the plan's {len(self.plan.slots)} requests are used up; plan with a higher surplus="
            return 0
        rate = max(len(self.kept) / max(1, self.counts["asked"]), 0.1)
        return min(left, ceil(missing / (rate * self.plan.slots[start].count)))

    def _take(self, answer: Answer) -> None:
        self.counts["planned"] += 1
        which = f"{answer.request.strategy}, slot {answer.request.slot}"
        self.problems += [f"{which}: {p}" for p in answer.problems]
        for _, reply, problem in answer.replies:
            self.counts["replies"] += 1
            self.counts["tokens_in"] += reply.usage.prompt
            self.counts["tokens_out"] += reply.usage.completion
            self.estimated |= reply.usage.estimated
            self.faulty[problem] += problem is not None
        if answer.reply is None:
            self.counts["not_asked" if answer.not_asked else "failed"] += 1
            if not answer.not_asked:
                self.failures[answer.problems[-1].partition(": ")[0].partition(" (")[0]] += 1
            return
        self.counts["answered"] += 1
        self.counts["asked"] += answer.request.count
        request, reply, texts, stated = _best(answer)
        if not texts:
            self.counts["unparsable"] += request.count
            return
        self.counts["parsed"] += len(texts)
        self.counts["short"] += request.count - len(texts)
        if fitted_on := getattr(self.source, "fitted_on", ()):  # no prompt, and words of these rows all the same
            request = replace(request, demo_ids=fitted_on)
        self.rows += [
            make_row(request, reply, number, text, self.source, stated.get(number)) for number, text in texts.items()
        ]

    def _filter_wave(self) -> None:
        rows, self.rows = self.rows, []
        for f in self.filters:
            f.prepare(rows)
        for row in rows:
            self._filter(row)

    def _filter(self, row: dict) -> None:
        if len(self.kept) >= self.plan.n:
            self.dropped["not needed (n is reached)"] += 1
            return
        wanted = self.plan.wanted
        if wanted and sum(r["label"] == row["label"] for r in self.kept) >= wanted[row["label"]]:
            self.dropped["not needed (its label has enough)"] += 1
            return
        verdicts = apply(row, self.filters)
        if not verdicts:
            self.kept.append(row)
            return
        first, *others = verdicts
        self.dropped[first.reason] += 1
        seen = {k: row[k] for k in ("id", "label", "text")}
        self.drops.append({**seen, **first._asdict(), "also": "; ".join(v.reason for v in others)})

    def result(self) -> Generation:
        model = self.source.model
        rate = price(self.source)
        used = self.counts
        ledger = Ledger(
            **{name: used[name] for name in ("planned", "answered", "failed", "not_asked", "replies")},
            **{name: used[name] for name in ("asked", "parsed", "short", "unparsable", "tokens_in", "tokens_out")},
            failures=tuple(sorted(self.failures.items())),
            faulty=tuple(sorted((reason, count) for reason, count in self.faulty.items() if count)),
            kept=len(self.kept),
            dropped=self._dropped_in_order(),
            tokens_estimated=self.estimated,
            usd=rate and (used["tokens_in"] * rate[0] + used["tokens_out"] * rate[1]) / 1e6,
            note="; ".join(note for note in (self.note, *(f.note for f in self.filters)) if note),
        )
        ledger.check()
        rows = synthetic_rows(self.kept)
        ran = tuple(f.name for f in self.filters)
        return Generation(self.plan, rows, ledger, tuple(self.drops), tuple(self.problems), model, ran)

    def _dropped_in_order(self) -> tuple[tuple[str, int], ...]:
        """Reasons in the filters' order, then what was not needed."""
        names = [f.name for f in self.filters]

        def place(reason: str) -> tuple[int, str]:
            return next((i for i, name in enumerate(names) if reason.startswith(name)), len(names)), reason

        return tuple((reason, self.dropped[reason]) for reason in sorted(self.dropped, key=place))


def _best(answer: Answer) -> tuple[Request, Reply, dict[int, str], dict[int, str]]:
    """Return the attempt with the most texts, the earliest of equals: a bad last reply does not undo a better one."""
    read = []
    for request, reply, _ in answer.replies:
        sound = [item for item in parse_reply(reply) or [] if unsound(request, item) is None]
        texts, stated = number_texts(sound, request.count), number_probabilities(sound, request.count)
        read.append((request, reply, texts, stated))
    return max(read, key=lambda attempt: len(attempt[2]))


def make_row(request: Request, reply: Reply, number: int, text: str, source, probability: str | None) -> dict:
    """Return one synthetic row with its lineage; its attributes carry the `probability` that the model stated."""
    attributes = request.attributes[number - 1] if request.attributes else {}
    if probability is not None:
        attributes = {**attributes, "probability": probability}
    return {
        "id": f"{request.strategy}-r{request.random_state}-s{request.slot:04d}-{number}",
        "text": text,
        "label": request.label,
        "strategy": request.strategy,
        "attributes": json.dumps(attributes, sort_keys=True, ensure_ascii=False),
        "demo_ids": json.dumps(list(request.demo_ids)),
        "model": tidy(reply.model or source.model),
        "request_key": request.key(source),
        "slot": request.slot,
        "iteration": 0,
    }


def synthetic_rows(rows: list[dict]) -> Dataset:
    """Return rows as a Dataset of the synthetic schema: strings, but for `slot` and `iteration` (int64)."""
    from datasets import Dataset, Features, Value

    kinds = {name: Value("int64" if name in ("slot", "iteration") else "string") for name in COLUMNS}
    return Dataset.from_dict({name: [r[name] for r in rows] for name in COLUMNS}, features=Features(kinds))
