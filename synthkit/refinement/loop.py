"""The loop by hand: diagnose, propose, apply; every proposal can be read and changed before it is asked."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from synthkit.core.errors import SynthkitError
from synthkit.core.stats import Fits, Interval, estimate
from synthkit.generation.filters import default_filters
from synthkit.generation.generate import Generation, generate
from synthkit.generation.rows import synthetic_rows
from synthkit.generation.source import make_source
from synthkit.llm.budget import Budget
from synthkit.llm.client import LLM
from synthkit.llm.recorded import OWN_SLOTS, Recorded
from synthkit.llm.request import sha256_json
from synthkit.llm.store import Store
from synthkit.prompts.batch import export_pending
from synthkit.prompts.plan import Plan, plan, reads_seeds
from synthkit.refinement.decisions import Decisions
from synthkit.refinement.diagnosis import Diagnosis, Reference, diagnose, off_label
from synthkit.refinement.proposals import Proposal, Proposals, chosen_levers, propose
from synthkit.refinement.result import Iteration, Refinement, result_of
from synthkit.seeds.gate import Gate
from synthkit.seeds.seeds import Seeds
from synthkit.tasks.task import Task

if TYPE_CHECKING:
    from datasets import Dataset

MIX = ("zero_shot", "attributed")
START, REQUESTS, ITERATIONS = 24, 12, 3
EXHAUSTED = "recordings exhausted"
PATIENCE = 2  # iterations in a row without a gain beyond noise that end a loop


class NextIteration:
    """An iteration before it is made: `diagnosis`, then `propose()`, then `apply()`."""

    def __init__(self, loop: Loop, number: int, diagnosis: Diagnosis):
        self._loop, self.number, self.diagnosis = loop, number, diagnosis

    def __repr__(self) -> str:
        return f"Iteration {self.number}, not yet made. {self.diagnosis.summary()}"

    @cached_property
    def proposals(self) -> tuple[Proposal, ...]:
        """What the findings lead to, as many as an iteration has requests."""
        return self._loop._decide(self)

    def propose(self) -> Proposals:
        """Return the proposals: `.items` is a tuple of them, `dataclasses.replace(item, ...)` changes one."""
        return Proposals(self.number, self.proposals, self._loop.plan_of(self.number, self.proposals))

    def pending(self, proposals: Sequence[Proposal] | None = None) -> list[dict]:
        """Return the requests that have no recorded reply yet, as OpenAI Batch lines."""
        slots = self._loop.plan_of(self.number, self.proposals if proposals is None else proposals).slots
        return export_pending(slots, self._loop.task.recordings, gate=Gate(self._loop.task).requests)

    def apply(self, proposals: Proposals | Sequence[Proposal] | None = None) -> Iteration:
        """Ask what is proposed (or the `proposals` given instead), add what the filters keep, drop what hurts.

        Rows are never replaced. Dropped are rows, old or new, whose label does not stick (lever "prune"). The loop then
        stands one iteration further.
        """
        if self.number != len(self._loop.iterations):
            raise SynthkitError(f"iteration {self.number} was made already; loop.diagnose() gives the next one")
        chosen = self.proposals if proposals is None else tuple(getattr(proposals, "items", proposals))
        if not chosen:
            raise SynthkitError("no proposals to ask: propose() has those of the diagnosis")
        return self._loop._make(self.number, chosen)


class Loop:
    """A refinement under way, one iteration at a time.

    `upcoming = loop.diagnose()` says what is wrong, `upcoming.propose()` what to ask, `upcoming.apply()` asks it,
    `loop.result()` sums up. Iteration 0 is a plain mix.

    `validation` are real rows that judge and are described, never quoted (the task's own by default): they count as
    real rows used. The loop starts from `start` requests of the mix `strategy`, then makes `requests` an iteration.
    `levers` switches adjustments off: of "topics", "phrases", "register", "prune" only those named.
    New texts are held against all that were ever kept.
    Everything is a function of the arguments and the replies: run again, it asks only what has no reply yet.
    """

    def __init__(
        self,
        task: Task,
        seeds: Seeds | None = None,
        validation: Dataset | None = None,
        *,
        strategy: str | Sequence[str] = MIX,
        start: int = START,
        requests: int = REQUESTS,
        levers: Sequence[str] | None = None,
        patience: int | None = PATIENCE,
        llm: str | LLM = "recorded",
        budget: Budget | None = None,
        store: Store | None = None,
        embedder: str | None = None,
        random_state: int = 0,
        progress: bool = True,
    ):
        for name, value in (("start", start), ("requests", requests)):
            if not isinstance(value, int) or not 1 <= value <= OWN_SLOTS:
                raise SynthkitError(f"{name}={value!r}: expected a whole number of requests, 1 to {OWN_SLOTS}")
        if reads_seeds(llm):
            raise SynthkitError(
                f"llm={llm!r} reads no prompt, so no proposal can steer it; a loop needs a language model"
            )
        self.task, self.seeds, self.levers, self.random_state = task, seeds, chosen_levers(levers), random_state
        self.strategy, self.start, self.requests, self.patience = strategy, start, requests, patience
        self.reference = Reference(
            task.splits.validation if validation is None else validation,
            embedder=embedder,
            random_state=random_state,
            gate=Gate(task),
        )
        first = self.one_shot(start)
        self._guard, self.seeds = seeds, first.seeds  # filters know them as they are, prompts anonymised
        self.source = make_source(llm, task, first.seeds)
        self._asking = {"llm": self.source, "budget": budget, "store": store, "progress": progress}
        self.decisions = Decisions(task.recordings if isinstance(self.source, Recorded) else None)
        names = [strategy] if isinstance(strategy, str) else list(strategy)
        judged_by, levers = sha256_json([*self.reference.texts, *self.reference.rows["label"]]), list(self.levers)
        # False: an option that is gone, which the keys of recorded decisions hold
        self._setting = [task.name, judged_by, random_state, names, start, requests, levers, embedder, False]
        self.iterations: list[Iteration] = []
        generation = self.generate(first)
        self._add(0, (), generation, generation.rows, ())

    def __repr__(self) -> str:
        return f"Loop, {self.iterations[-1].summary()[0].lower()}{self.iterations[-1].summary()[1:]}"

    @property
    def rows(self) -> Dataset:
        """The synthetic rows as they stand."""
        return self.iterations[-1].rows

    @property
    def stopped(self) -> str:
        """Why it is time to stop, or "": `patience` iterations without a gain beyond noise, or no more replies."""
        ledger = self.iterations[-1].generation.ledger
        if ledger.not_asked or ledger.note == EXHAUSTED:
            return ledger.note
        if self.patience is None:
            return ""
        gains = [i.gain for i in self.iterations[1:]][-self.patience :]
        none = len(gains) == self.patience and all(g.low <= 0 for g in gains)
        return f"no gain beyond noise on validation for {self.patience} iterations" if none else ""

    def diagnose(self) -> NextIteration:
        """Return the next iteration: what is wrong with the rows as they stand."""
        return NextIteration(self, len(self.iterations), self.iterations[-1].diagnosis)

    def one_shot(self, requests: int) -> Plan:
        """Return the plan that the same number of requests would be spent on without a loop."""
        return plan(
            self.task,
            self.seeds,
            strategy=self.strategy,
            requests=requests,
            surplus=0,
            random_state=self.random_state,
        )

    def generate(self, chosen: Plan, filters: list | None = None) -> Generation:
        """Return the rows of a plan, asked as this loop asks; without `filters` by new default ones."""
        return generate(chosen, filters=filters or default_filters(self.task, self._guard), **self._asking)

    def plan_of(self, number: int, proposals: Sequence[Proposal]) -> Plan:
        """Return the plan of an iteration: request j has slot 1000 * number + j, or its own in the one-shot plan."""
        slots = tuple(
            replace(request, demo_ids=self.reference.rows_with(p.label, p.about)) if p.about else request
            for j, p in enumerate(proposals)
            for request in [p.request(self.task, self.seeds, OWN_SLOTS * number + j, self.random_state)]
        )
        names = "+".join(dict.fromkeys(p.strategy for p in proposals))
        return Plan(self.task, self.seeds, names, sum(r.count for r in slots), self.random_state, slots)

    def _decide(self, upcoming: NextIteration) -> tuple[Proposal, ...]:
        def anew() -> list[dict]:
            given = propose(upcoming.diagnosis, self.requests, levers=self.levers, more=self._more())
            return [p.to_json() for p in given]

        return tuple(Proposal.from_json(p) for p in self._decision(upcoming.number, "proposals", anew))

    def _decision(self, number: int, what: str, anew: Callable[[], list], *more: object) -> list:
        """Return a decision: as recorded for the same course of the loop so far, else anew."""
        course = [[*[p.to_json() for p in i.proposals], [row_id for row_id, _ in i.dropped]] for i in self.iterations]
        made_from = [self._setting, course, *more]
        return self.decisions.get(made_from, what, anew, iteration=number, random_state=self.random_state)

    def _more(self) -> Iterator[tuple[str, str, int]]:
        """What the one-shot plan would ask next, after the start and what earlier iterations took of it."""
        taken = self.start + sum(not p.lever for i in self.iterations for p in i.proposals)
        for request in self.one_shot(taken + self.requests).slots[taken:]:
            yield request.strategy, request.label, request.slot

    def _make(self, number: int, proposals: tuple[Proposal, ...]) -> Iteration:
        generation = self.generate(self.plan_of(number, proposals), self._with_memory())
        rows = synthetic_rows([*self.rows, *({**row, "iteration": number} for row in generation.rows)])
        dropped, here = (), set(rows["id"])
        if "prune" in self.levers:
            asked = [p.to_json() for p in proposals]
            found = self._decision(number, "dropped", lambda: _hurtful(off_label(rows, self.reference)), asked)
            dropped = tuple((row_id, why) for row_id, why in found if row_id in here)
        here -= dict(dropped).keys()
        kept = synthetic_rows([row for row in rows if row["id"] in here])
        return self._add(number, proposals, generation, kept, dropped)

    def _with_memory(self) -> list:
        """Filters that know every row that was kept so far, dropped since or not."""
        filters = default_filters(self.task, self._guard)
        earlier = [row for i in self.iterations for row in i.generation.rows]
        for f in filters:
            f.prepare(earlier)
            for row in earlier:
                f.keep(row)
        return filters

    def _add(self, number: int, proposals, generation: Generation, rows: Dataset, dropped) -> Iteration:
        found = diagnose(rows, self.reference)
        before = self.iterations[-1] if self.iterations else None
        f1, gain = self.score(found.predicted, before and before.diagnosis.predicted)
        asked = (before.requests if before else 0) + generation.ledger.answered
        self.iterations.append(Iteration(number, proposals, generation, dropped, asked, rows, f1, gain, found))
        return self.iterations[-1]

    def result(self, *, baseline: bool = True) -> Refinement:
        """Return what came of the loop so far; `baseline` asks as many requests in one shot, to compare with."""
        return result_of(self, baseline=baseline)

    def score(self, predicted: np.ndarray, other: np.ndarray | None = None) -> tuple[Interval, Interval | None]:
        """Return macro-F1 of predicted validation labels (95 % interval), and the paired difference to others."""
        names = sorted({*self.reference.names, *self.task.labels})
        truth = np.searchsorted(names, self.reference.labels)
        sides = [np.searchsorted(names, p) for p in (predicted, other) if p is not None]
        fits = [Fits(p[None]) for p in sides]
        f1 = estimate(truth, [(1, fits[0])]).interval(low=0, high=1)
        return f1, estimate(truth, [(1, fits[0]), (-1, fits[1])]).interval() if other is not None else None


def _hurtful(findings) -> list[list[str]]:
    return [[row_id, f"label does not stick: {f.evidence}"] for f in findings for row_id in f.ids]


def refine(
    task: Task,
    seeds: Seeds | None = None,
    validation: Dataset | None = None,
    *,
    iterations: int = ITERATIONS,
    patience: int | None = PATIENCE,
    baseline: bool = True,
    **settings,
) -> Refinement:
    """Return what `iterations` of diagnose, propose and apply make of a plain mix, beside the mix in one shot.

    `settings` are those of `sk.Loop`: `llm`, `budget`, `levers`, `start`, `requests`, `random_state` and so on. A loop
    ends early after `patience` iterations in a row without a gain beyond noise on the validation rows (paired
    bootstrap; None: never), or with its budget. `baseline` asks as many requests once more, in one shot: what the loop
    has to beat. Rows accumulate and are never replaced (Gerstgrasser et al. 2024, arXiv 2404.01413); test rows are not
    looked at.

    Example (some seconds; lesson 08 runs it):

        refinement = sk.refine(sk.load_task("feedback"))
        refinement.plot()
    """
    if "rounds" in settings:
        warnings.warn("rounds= is called iterations= now", DeprecationWarning, stacklevel=2)
        iterations = settings.pop("rounds")
    if not isinstance(iterations, int) or iterations < 1:
        raise SynthkitError(f"iterations={iterations!r}: expected a whole number, 1 or more")
    loop = Loop(task, seeds, validation, patience=patience, **settings)
    while len(loop.iterations) <= iterations and not loop.stopped:
        loop.diagnose().apply()
    return loop.result(baseline=baseline)
