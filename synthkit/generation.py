"""Plan, ask, parse, filter, count: from requests to a dataset and a ledger that adds up."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from synthkit.errors import SynthkitError, unknown
from synthkit.filters import apply, default_filters
from synthkit.llm.budget import Budget, price
from synthkit.llm.client import LLM
from synthkit.llm.engine import Answer, ask
from synthkit.llm.ngram import NGram
from synthkit.llm.recorded import Recorded
from synthkit.llm.request import Reply, Request
from synthkit.llm.store import Store
from synthkit.planning import Plan, plan
from synthkit.results import Result
from synthkit.task import Task
from synthkit.text import tidy

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

LONGEST_REPLY = 100_000  # characters of a reply that are looked at
LONGEST_TEXT = 10_000  # characters of one text that are kept
COLUMNS = ("id", "text", "label", "strategy", "attributes", "demo_ids", "model", "request_key", "slot", "iteration")


@dataclass(frozen=True, repr=False)
class Ledger(Result):
    """What was asked, what came, what stayed. `check()` holds: every request and every text is somewhere.

    Requests: planned = answered + failed + not_asked. Texts: asked = parsed + short + unparsable; parsed = kept + dropped.
    """

    planned: int = 0
    answered: int = 0
    failed: int = 0
    not_asked: int = 0
    asked: int = 0
    parsed: int = 0
    short: int = 0
    unparsable: int = 0
    kept: int = 0
    dropped: tuple[tuple[str, int], ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_estimated: bool = False
    usd: float | None = None
    note: str = ""

    def check(self) -> None:
        """Raise AssertionError if anything is unaccounted for."""
        assert self.planned == self.answered + self.failed + self.not_asked, self
        assert self.asked == self.parsed + self.short + self.unparsable, self
        assert self.parsed == self.kept + sum(n for _, n in self.dropped), self

    def summary(self) -> str:
        gone = sum(n for _, n in self.dropped)
        note = f" - {self.note}" if self.note else ""
        return f"Ledger: {self.answered} replies, {self.parsed} texts, {gone} dropped, {self.kept} kept{note}"

    def to_frame(self) -> pd.DataFrame:
        """Return the ledger as rows of (step, count)."""
        import pandas as pd

        mark = " (estimated)" if self.tokens_estimated else ""
        lines = [
            ("requests planned", self.planned),
            ("  answered", self.answered),
            ("  failed", self.failed),
            ("  not asked (cap)", self.not_asked),
            ("texts asked for", self.asked),
            ("  in unparsable replies", self.unparsable),
            ("  fewer than asked", self.short),
            ("  parsed", self.parsed),
            *((f"    dropped: {reason}", count) for reason, count in self.dropped),
            ("    kept", self.kept),
            (f"tokens in{mark}", self.tokens_in),
            (f"tokens out{mark}", self.tokens_out),
            ("US dollars", "unknown" if self.usd is None else f"{self.usd:.4f}"),
        ]
        return pd.DataFrame(lines, columns=["step", "count"])


@dataclass(frozen=True, repr=False)
class Generation(Result):
    """Synthetic rows, the ledger, and every dropped text with each filter's verdict."""

    plan: Plan
    rows: Dataset
    ledger: Ledger
    drops: tuple[dict, ...]
    problems: tuple[str, ...]
    model: str

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
        """Write the rows as CSV (UTF-8), every column of them."""
        try:
            self.rows.to_pandas().to_csv(path, index=False, lineterminator="\n")
        except OSError as error:
            raise SynthkitError(f"cannot write {path}: {error.strerror}") from None


def generate(
    what: Plan | Task,
    seeds=None,
    *,
    llm: str | LLM = "recorded",
    budget: Budget | None = None,
    progress: bool = True,
    store: Store | None = None,
    **planned,
) -> Generation:
    """Return the synthetic rows of a plan: `generate(plan)`, or `generate(task, seeds, strategy=..., n=...)`.

    `llm` is "recorded" (shipped replies, the default), "ngram" (the classical baseline) or an `LLM`. Replies of an LLM are
    stored before they are used: the same call again asks nothing that was answered. A `Budget` is never passed.
    """
    if isinstance(what, Plan):
        if seeds is not None or planned:
            raise SynthkitError("generate(plan) takes no seeds= or plan arguments; they belong to sk.plan(...)")
        chosen = what
    elif isinstance(what, Task):
        chosen = plan(what, seeds, **planned)
    else:
        raise SynthkitError(f"generate({type(what).__name__}): expected a plan or a task")
    source = _source(llm, chosen)
    if isinstance(source, LLM) and store is None:
        store = Store()
    run = _Run(chosen, source, store, budget)
    with _bar(chosen, progress) as bar:
        run.go(bar)
    return run.result()


def _source(llm, chosen: Plan):
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

    return tqdm(
        total=chosen.n, desc=f"{chosen.task.name}, {chosen.strategy}", unit="row", leave=False, disable=not progress
    )


class _Run:
    """One generation under way: opens waves of slots until n rows are kept or the plan's slots end."""

    def __init__(self, chosen: Plan, source, store, budget):
        self.plan, self.source, self.store, self.budget = chosen, source, store, budget
        self.filters = default_filters(chosen.seeds)
        self.kept: list[dict] = []
        self.drops: list[dict] = []
        self.problems: list[str] = []
        self.counts: Counter = Counter()
        self.dropped: Counter = Counter()
        self.estimated = False
        self.note = ""

    def go(self, bar) -> None:
        start, size = 0, self.plan.first_wave
        while size and not self.note:
            wave = self.plan.slots[start : start + size]
            if hasattr(self.source, "covered"):
                covered = self.source.covered(wave)
                self.note = "" if len(covered) == len(wave) else "recordings exhausted"
                wave = covered
            answers = ask(wave, self.source, check=reply_problem, store=self.store, budget=self.budget)
            for answer in answers:
                self._take(answer)
            bar.update(min(len(self.kept), self.plan.n) - bar.n)
            if any(a.not_asked for a in answers):
                self.note = "the budget ended here"
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
        self.problems += [f"slot {answer.request.slot}: {p}" for p in answer.problems]
        if answer.not_asked:
            self.counts["not_asked"] += 1
            return
        if answer.reply is None:
            self.counts["failed"] += 1
            return
        request, reply = answer.request, answer.reply
        self.counts["answered"] += 1
        self.counts["asked"] += request.count
        self.counts["tokens_in"] += reply.usage.prompt
        self.counts["tokens_out"] += reply.usage.completion
        self.estimated |= reply.usage.estimated
        texts = parse_reply(reply)
        if texts is None:
            self.counts["unparsable"] += request.count
            return
        texts = number_texts(texts, request.count)
        self.counts["parsed"] += len(texts)
        self.counts["short"] += request.count - len(texts)
        for number, text in texts.items():
            self._filter(make_row(request, reply, number, text, self.source.model))

    def _filter(self, row: dict) -> None:
        if len(self.kept) >= self.plan.n:
            self.dropped["not needed (n is reached)"] += 1
            return
        verdicts = apply(row, self.filters)
        if not verdicts:
            self.kept.append(row)
            return
        first, *others = verdicts
        self.dropped[first.reason] += 1
        also = "; ".join(v.reason for v in others)
        seen = {k: row[k] for k in ("id", "label", "text")}
        self.drops.append({**seen, "reason": first.reason, "evidence": first.evidence, "also": also})

    def result(self) -> Generation:
        model = self.source.model
        rate = price(model)
        used = self.counts
        ledger = Ledger(
            **{name: used[name] for name in ("planned", "answered", "failed", "not_asked")},
            **{name: used[name] for name in ("asked", "parsed", "short", "unparsable", "tokens_in", "tokens_out")},
            kept=len(self.kept),
            dropped=tuple(sorted(self.dropped.items())),
            tokens_estimated=self.estimated,
            usd=rate and (used["tokens_in"] * rate[0] + used["tokens_out"] * rate[1]) / 1e6,
            note=self.note,
        )
        ledger.check()
        rows = synthetic_rows(self.kept)
        return Generation(self.plan, rows, ledger, tuple(self.drops), tuple(self.problems), model)


def make_row(request: Request, reply: Reply, number: int, text: str, model: str) -> dict:
    """Return one synthetic row with its lineage."""
    attributes = request.attributes[number - 1] if request.attributes else {}
    return {
        "id": f"{request.strategy}-r{request.random_state}-s{request.slot:04d}-{number}",
        "text": text,
        "label": request.label,
        "strategy": request.strategy,
        "attributes": json.dumps(attributes, sort_keys=True, ensure_ascii=False),
        "demo_ids": json.dumps(list(request.demo_ids)),
        "model": reply.model or model,
        "request_key": request.key(model),
        "slot": request.slot,
        "iteration": 0,
    }


def synthetic_rows(rows: list[dict]) -> Dataset:
    """Return rows as a Dataset of the synthetic schema: strings, but for `slot` and `iteration` (int64)."""
    from datasets import Dataset, Features, Value

    kinds = {name: Value("int64" if name in ("slot", "iteration") else "string") for name in COLUMNS}
    return Dataset.from_dict({name: [r[name] for r in rows] for name in COLUMNS}, features=Features(kinds))


def reply_problem(request: Request, reply: Reply) -> str | None:
    """Return why a reply should be asked for again, or None."""
    if reply.finish_reason == "length":
        return "cut off at the token limit"
    if not reply.content.strip():
        return "empty reply"
    texts = parse_reply(reply)
    if texts is None:
        return "not the JSON that was asked for"
    got = len(number_texts(texts, request.count))
    return None if got == request.count else f"{got} texts instead of {request.count}"


def parse_reply(reply: Reply) -> list[dict] | None:
    """Return the `texts` of a reply as dicts with `number` and `text`, or None if it is not what was asked for.

    Fences and raw control characters are put up with; other damage is repaired only when the reply was not cut off.
    """
    content = reply.content[:LONGEST_REPLY].strip()
    if content.startswith("```"):
        content = content.removeprefix("```json").removeprefix("```").rsplit("```", 1)[0]
    try:
        value = json.loads(content, strict=False)
    except (json.JSONDecodeError, RecursionError):
        if reply.finish_reason == "length" or len(reply.content) > LONGEST_REPLY:
            return None
        value = _repaired(content)
    items = value.get("texts") if isinstance(value, dict) else None
    if not isinstance(items, list):
        return None
    good = [i for i in items if isinstance(i, dict) and isinstance(i.get("text"), str)]
    return good or None


def _repaired(content: str):
    from json_repair import repair_json

    try:
        return repair_json(content, return_objects=True)
    except (RecursionError, ValueError):
        return None


def number_texts(items: list[dict], count: int) -> dict[int, str]:
    """Return tidied texts by number, 1 to `count`: as they are numbered, or in their order if the numbers are no use."""
    numbers = [i.get("number") for i in items]
    usable = all(type(n) is int and 1 <= n <= count for n in numbers) and len(set(numbers)) == len(numbers)
    pairs = zip(numbers, items, strict=True) if usable else enumerate(items[:count], start=1)
    return dict(sorted((n, tidy(i["text"])[:LONGEST_TEXT]) for n, i in pairs))
