"""A plan: every request that a generation may make, written down before anything is asked."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from synthkit.errors import SynthkitError
from synthkit.llm.request import Request, estimate_tokens
from synthkit.results import Result
from synthkit.strategies import get_strategy
from synthkit.strategies.prompts import SCHEMA, SYSTEM
from synthkit.task import Task

if TYPE_CHECKING:
    import pandas as pd

    from synthkit.seeds import Seeds

TEXTS_A_REQUEST = 5
SURPLUS = 0.3  # share of requests planned beyond what n needs, to top up what the filters drop


@dataclass(frozen=True, repr=False)
class Plan(Result):
    """Requests numbered from 0, labels in turn. The first `first_wave` are asked; the rest replace what is dropped."""

    task: Task
    seeds: Seeds | None
    strategy: str
    n: int
    random_state: int
    slots: tuple[Request, ...]

    @property
    def first_wave(self) -> int:
        """How many requests n texts need if every one is kept."""
        return ceil(self.n / TEXTS_A_REQUEST)

    def summary(self) -> str:
        return (
            f"Plan: {self.n} rows of {self.task.name!r} by {self.strategy}, {self.first_wave} requests "
            f"of {TEXTS_A_REQUEST} texts, {len(self.slots) - self.first_wave} more to top up with"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a request: slot, label, texts, tokens of the prompt (estimated), attributes, demo_ids."""
        import pandas as pd

        return pd.DataFrame(
            {
                "slot": [r.slot for r in self.slots],
                "label": [r.label for r in self.slots],
                "texts": [r.count for r in self.slots],
                "prompt_tokens": [prompt_tokens(r) for r in self.slots],
                "attributes": [" | ".join("; ".join(a.values()) for a in r.attributes) for r in self.slots],
                "demo_ids": [" ".join(r.demo_ids) for r in self.slots],
            }
        )

    def show(self, slot: int = 0) -> str:
        """Return the very words that request `slot` sends."""
        if not 0 <= slot < len(self.slots):
            raise SynthkitError(f"slot={slot} is not in this plan; it has slots 0 to {len(self.slots) - 1}")
        return "\n\n".join(f"[{m['role']}]\n{m['content']}" for m in self.slots[slot].messages)

    def estimate(self, model: str | None = None) -> Estimate:
        """Return requests, tokens and, for a `model` with a known price, dollars: as planned, and at the most."""
        from synthkit.llm.budget import Estimate

        return Estimate.of(self.slots, self.first_wave, model)


if TYPE_CHECKING:
    from synthkit.llm.budget import Estimate


def prompt_tokens(request: Request) -> int:
    """Return the estimated tokens of a request's messages."""
    return sum(estimate_tokens(m["content"]) + 4 for m in request.messages)


def plan(
    task: Task,
    seeds: Seeds | None = None,
    *,
    strategy: str = "zero_shot",
    n: int = 200,
    random_state: int = 0,
    surplus: float = SURPLUS,
) -> Plan:
    """Return the requests for `n` synthetic rows. Slot i depends on (random_state, i) alone, so n=40 begins n=240.

    Raises SynthkitError for n < 1, an unknown strategy, or un-anonymised seeds of a task marked sensitive.
    """
    if not isinstance(n, int) or n < 1:
        raise SynthkitError(f"n={n!r}: expected a whole number of rows, 1 or more")
    if not isinstance(random_state, int) or random_state < 0:
        raise SynthkitError(f"random_state={random_state!r}: expected a whole number, 0 or more")
    if not surplus >= 0:
        raise SynthkitError(f"surplus={surplus!r}: expected a share of the requests, 0 or more")
    chosen = get_strategy(strategy)
    if task.sensitive and seeds is not None and not seeds.anonymized:
        raise SynthkitError(
            f"task {task.name!r} is marked sensitive and its seeds are not anonymised: "
            "seeds = sk.anonymize(seeds).seeds, look at the report, then plan again"
        )
    count = ceil(n / TEXTS_A_REQUEST * (1 + surplus))
    slots = tuple(slot_request(task, seeds, chosen, i, random_state) for i in range(count))
    return Plan(task, seeds, strategy, n, random_state, slots)


def slot_request(task, seeds, strategy, number, random_state) -> Request:
    """Return the request of one slot: a function of the task, the seeds, the strategy and (random_state, number)."""
    labels = list(task.labels)
    label = labels[number % len(labels)]
    rng = np.random.default_rng([random_state, number])
    prompt = strategy.prompt(task, seeds, label, TEXTS_A_REQUEST, rng)
    return Request(
        messages=({"role": "system", "content": SYSTEM}, {"role": "user", "content": prompt.text}),
        schema=SCHEMA,
        strategy=strategy.name,
        version=strategy.version,
        random_state=random_state,
        slot=number,
        label=label,
        count=TEXTS_A_REQUEST,
        max_tokens=200 + TEXTS_A_REQUEST * (2 * task.max_words + 20),
        attributes=prompt.attributes,
        demo_ids=prompt.demo_ids,
    )
