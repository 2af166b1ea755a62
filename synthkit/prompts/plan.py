"""A plan: every request that a generation may make, written down before anything is asked."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from synthkit.core import withheld
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.results import Result, frame_of
from synthkit.llm.request import Request, estimate_tokens
from synthkit.prompts.estimate import Estimate
from synthkit.prompts.prompt import SYSTEM, Prompt, answer, schema, setting
from synthkit.prompts.registry import Strategy, get_strategy
from synthkit.seeds.anonymizer import anonymize as anonymized
from synthkit.seeds.seeds import Seeds, load_seeds
from synthkit.tasks.splits import task_of
from synthkit.tasks.task import Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from synthkit.seeds.profile import Profile

SURPLUS = 0.3  # share of requests planned beyond what n needs, to top up what the filters drop


@dataclass(frozen=True, repr=False)
class Plan(Result):
    """Requests in order, labels in turn. The first `first_wave` are asked; the rest replace what is dropped.

    `slots` are numbered from 0, in a mix of strategies for each strategy.
    """

    task: Task
    seeds: Seeds | None
    strategy: str
    n: int
    random_state: int
    slots: tuple[Request, ...]
    wanted: Mapping[str, int] | None = None  # rows of each label, where the plan says so: no more are kept
    note: str = ""

    @property
    def first_wave(self) -> int:
        """How many requests n texts need if every one is kept."""
        if self.wanted:
            return min(_requests(self.wanted, self.texts), len(self.slots))
        whole = accumulate(r.count for r in self.slots)
        return next((i for i, texts in enumerate(whole, 1) if texts >= self.n), len(self.slots))

    @property
    def texts(self) -> float:
        """How many texts a request asks for, on average."""
        return sum(r.count for r in self.slots) / len(self.slots)

    def summary(self) -> str:
        return (
            f"Plan: {self.n} rows of {self.task.name!r} by {self.strategy}, {self.first_wave} requests "
            f"of {self.texts:g} texts, {len(self.slots) - self.first_wave} more to top up with{self.note}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a request: strategy, slot, label, texts, tokens (estimated), attributes, demo_ids."""
        return frame_of(
            {
                "strategy": [r.strategy for r in self.slots],
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

    def estimate(self, model=None) -> Estimate:
        """Return requests, tokens and, for a `model` (a name or an `LLM`) with a known price, dollars: as planned, and
        at the most.
        """
        return Estimate.of(self.slots, self.first_wave, model)


def prompt_tokens(request: Request) -> int:
    """Return the estimated tokens of a request's messages."""
    return sum(estimate_tokens(m["content"]) + 4 for m in request.messages)


def plan(
    task: Task,
    seeds: Seeds | None = None,
    *,
    strategy: str | Sequence[str] = "outright",
    n: int | None = None,
    requests: int | None = None,
    random_state: int = 0,
    surplus: float = SURPLUS,
    profile: Profile | None = None,
    per_label: Mapping[str, int] | None = None,
    anonymize: bool = True,
    **options,
) -> Plan:
    """Return the requests for `n` synthetic rows (200). Slot i depends on (random_state, i) alone: n=40 begins n=240.

    `requests` in place of `n`: as many rows as so many requests ask for, for ways of asking at equal cost.

    Several strategies share the slots in turn; each keeps its own numbering, so a mix asks what its parts would ask.
    `profile` puts what the seeds are like into every prompt, in words. `per_label` says how many rows each label
    should get; n is then their sum. Where prompts show seeds these are anonymised first, and the plan says what was
    replaced; `anonymize=False` shows them as they are. What is left are options of a strategy of yours. Raises
    SynthkitError for n < 1, an unknown strategy, label or option, or un-anonymised seeds of a task marked sensitive.

    >>> from synthkit.tasks.task import load_task
    >>> plan(load_task("feedback"), strategy="zero_shot", n=20)
    Plan: 20 rows of 'feedback' by zero_shot, 4 requests of 5 texts, 2 more to top up with
    """
    if not isinstance(task, Task):
        raise SynthkitError(f"plan({task!r:.60}): expected a task, sk.plan(sk.load_task(...), ...)")
    names = [strategy] if isinstance(strategy, str) or callable(strategy) else list(strategy)
    chosen = [get_strategy(name) for name in names]
    if not chosen or len(set(names)) != len(names):
        raise SynthkitError(f"strategy={names}: expected a name, or a list of different names")
    wanted = _wanted(task, per_label)
    texts = sum(s.texts for s in chosen) / len(chosen)
    if requests is not None and (n is not None or wanted or not isinstance(requests, int) or requests < 1):
        raise SynthkitError(f"requests={requests!r}: expected a whole number, 1 or more, in place of n= or per_label=")
    n = ceil(requests * texts) if requests else n if n is not None else sum(wanted.values()) or 200
    if not isinstance(n, int) or n < 1:
        raise SynthkitError(f"n={n!r}: expected a whole number of rows, 1 or more")
    if not isinstance(random_state, int) or random_state < 0:
        raise SynthkitError(f"random_state={random_state!r}: expected a whole number, 0 or more")
    if not surplus >= 0:
        raise SynthkitError(f"surplus={surplus!r}: expected a share of the requests, 0 or more")
    known = {name for s in chosen for name in s.options}
    for name in options:
        if name not in known or name == "profile":
            raise unknown(f"option of {'+'.join(names)}", name, sorted(known - {"profile"}))
    if task.sensitive and seeds is not None and not seeds.anonymized:
        raise SynthkitError(
            f"task {task.name!r} is marked sensitive and its seeds are not anonymised: "
            "seeds = sk.anonymize(seeds).seeds, look at the report, then plan again"
        )
    note = ""
    if seeds is not None and not seeds.anonymized and any(s.shows_seeds for s in chosen):
        note = "; prompts show seeds as they are"
        if anonymize:
            seeds = anonymized(seeds, patterns=task.patterns, progress=False).seeds
            found = ", ".join(f"{number} {kind} replaced" for kind, number in seeds.found)
            note = f"; the seeds that prompts show were anonymised ({found or 'nothing found'})"
        elif task_of(seeds.rows) is None:
            withheld.refuse(list(seeds.rows["text"]), "seeds", "a model")  # a short one is lost in a prompt
    count = ceil((requests or (_requests(wanted, texts) if wanted else n / texts)) * (1 + surplus))
    slots = []
    for part, number, label in _shared(wanted or dict.fromkeys(task.labels, 1), count, len(chosen)):
        given = {"label": label, "profile": profile, **options}
        slots.append(slot_request(task, seeds, chosen[part], number, random_state, **given))
    n = sum(request.count for request in slots[:requests]) if requests else n
    return Plan(task, seeds, "+".join(names), n, random_state, tuple(slots), wanted or None, note)


def seeds_for(
    task: Task, strategy: str | Sequence[str], *, k: int = 10, llm: object = "recorded", seeds: Seeds | None = None
) -> Seeds | None:
    """Return the real rows that a plan may hold: `seeds`, else `k` a label, the same for every generation and command.

    None where no prompt of the strategy ("few_shot", a list, or "zero_shot+few_shot") shows any and the replies are not
    by what reads them itself, "ngram" or "local". They are anonymised where a prompt shows them, and
    always for a task marked sensitive.
    """
    names = strategy.split("+") if isinstance(strategy, str) else strategy
    shown = any(get_strategy(name).shows_seeds for name in names)
    if not shown and not reads_seeds(llm):
        return None
    seeds = seeds or load_seeds(task, k=k)
    open_to_read = seeds.anonymized or not (shown or task.sensitive)
    return seeds if open_to_read else anonymized(seeds, patterns=task.patterns, progress=False).seeds


def reads_seeds(llm: object) -> bool:
    """Return whether a source of this name reads seeds and no prompt of a strategy: "ngram", "local"."""
    return str(llm).partition(":")[0] in ("ngram", "local")


def _requests(wanted: Mapping[str, int], texts: float) -> int:
    """Return how many requests so many rows of each label take; a request asks for one label only."""
    return sum(ceil(number / texts) for number in wanted.values())


def _wanted(task: Task, per_label: Mapping[str, int] | None) -> dict[str, int]:
    for label, number in (per_label or {}).items():
        if label not in task.labels:
            raise unknown("label", label, task.labels)
        if not isinstance(number, int) or number < 0:
            raise SynthkitError(f"{number!r} rows of {label!r}: expected a whole number, 0 or more")
    return {label: number for label, number in (per_label or {}).items() if number}


def _shared(wanted: Mapping[str, int], count: int, parts: int) -> list[tuple[int, int, str]]:
    """Return (which strategy, its own slot, label) of `count` requests: labels in turn, strategies rotating in each.

    A strategy's own slot is the one at which it would ask for this label, for as often, on its own.
    """
    turn = in_turn(wanted, count)
    places = {label: [i for i, x in enumerate(turn) if x == label] for label in wanted}
    index, seen, out = {label: i for i, label in enumerate(wanted)}, dict.fromkeys(wanted, 0), []
    for label in turn:
        out.append(((index[label] + seen[label]) % parts, places[label][seen[label] // parts], label))
        seen[label] += 1
    return out


def in_turn(shares: Mapping, count: int) -> list:
    """Return `count` keys, each as often as its share says, evenly spread (Webster's method).

    >>> in_turn({"a": 2, "b": 1}, 6)
    ['a', 'b', 'a', 'a', 'b', 'a']
    """
    given, turn = dict.fromkeys(shares, 0), []
    for _ in range(count):
        turn.append(max(shares, key=lambda key: shares[key] / (2 * given[key] + 1)))
        given[turn[-1]] += 1
    return turn


def slot_request(
    task: Task,
    seeds: Seeds | None,
    strategy: Strategy,
    number: int,
    random_state: int,
    *,
    label: str | None = None,
    profile: Profile | None = None,
    **options,
) -> Request:
    """Return the request of one slot: a function of the arguments and (random_state, number)."""
    if strategy.shows_seeds and seeds is None:
        raise SynthkitError(f"strategy {strategy.name!r} shows real rows: give it some, e.g. seeds=sk.load_seeds(task)")
    label = label or list(task.labels)[number % len(task.labels)]
    rng = np.random.default_rng([random_state, number])
    given = {name: value for name, value in {**options, "profile": profile}.items() if name in strategy.options}
    shown = seeds if strategy.shows_seeds else None  # what was not declared is not anonymised: it gets no real row
    try:
        prompt = strategy.prompt(task, shown, label, strategy.texts, rng, **given)
    except (AttributeError, TypeError) as error:
        if shown is not None or "NoneType" not in str(error):
            raise
        fix = "its seeds are None unless it is registered with @sk.register(shows_seeds=True)"
        raise SynthkitError(f"strategy {strategy.name!r}: {error}; {fix}") from error
    _need_whole(strategy, prompt)
    described = profile.words(label) if profile else ""
    like = f"\n\nWhat the real ones are like: {described}" if described else ""
    content = prompt.text + like + (prompt.answer or answer(strategy.texts))
    messages = ({"role": "system", "content": SYSTEM}, {"role": "user", "content": setting(task, label) + content})
    return Request(
        messages=({"role": "user", "content": content},) if prompt.alone else messages,
        schema=prompt.schema or schema(),
        strategy=strategy.name,
        version=strategy.version,
        random_state=random_state,
        slot=number,
        label=label,
        count=strategy.texts,
        max_tokens=200 + strategy.texts * (2 * task.max_words + 20),
        attributes=prompt.attributes,
        demo_ids=prompt.demo_ids or tuple(getattr(profile, "ids", ())),
    )


def _need_whole(strategy: Strategy, prompt: object) -> None:
    """Refuse a prompt that could not be sent, or whose replies could not be traced, before anything is paid for."""
    what = f"strategy {strategy.name!r}"
    if not isinstance(prompt, Prompt):
        raise SynthkitError(f"{what}: expected a synthkit.prompts.prompt.Prompt, got {type(prompt).__name__}")
    if len(prompt.attributes) not in (0, strategy.texts):
        raise SynthkitError(
            f"{what}: {len(prompt.attributes)} attributes, expected {strategy.texts}, one a text, or none"
        )
    if strategy.shows_seeds and not prompt.demo_ids:
        raise SynthkitError(f"{what} shows real rows: name them, Prompt(..., demo_ids=...)")
