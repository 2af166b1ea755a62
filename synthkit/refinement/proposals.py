"""From findings to requests: each kind of finding has a lever; a proposal can be changed before it is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from synthkit.core.errors import unknown
from synthkit.core.results import Result, frame_of
from synthkit.llm.request import Request
from synthkit.prompts.plan import Plan, in_turn, slot_request
from synthkit.prompts.registry import Strategy, get_strategy
from synthkit.prompts.strategies.topical import topical
from synthkit.refinement.diagnosis import LEAST, Diagnosis, Finding
from synthkit.seeds.seeds import Seeds
from synthkit.tasks.task import Task

if TYPE_CHECKING:
    import pandas as pd

# lever: the kind of finding that moves it
LEVERS = {"topics": "missed", "phrases": "overused", "register": "off register", "prune": "label does not stick"}
MOST_AVOIDED = 4  # phrases in one prompt
TOPICAL = Strategy("topical", 1, False, topical)  # not among the registered: it needs the loop's findings


@dataclass(frozen=True)
class Proposal:
    """One request that an iteration wants to make, and why. `dataclasses.replace(proposal, about=(...))` changes it.

    `about`: sub-topics in words, one a text in turn; `avoid`: words to do without; `like`: what the real rows are like.
    Without any of these it is request `slot` of the one-shot plan, as it stands.
    """

    lever: str
    label: str
    strategy: str
    about: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    like: str = ""
    why: str = ""
    slot: int = -1

    def request(self, task: Task, seeds: Seeds | None, number: int, random_state: int) -> Request:
        """Return the request under its own slot `number`, or under that of the one-shot plan where nothing differs."""
        changed = self.about or self.avoid or self.like or self.slot < 0
        return slot_request(
            task,
            seeds,
            TOPICAL if self.strategy == TOPICAL.name else get_strategy(self.strategy),
            number if changed else self.slot,
            random_state,
            label=self.label,
            wish="; ".join(self.avoid),
            profile=_AsProfile(self) if self.about or self.like else None,
        )

    def to_json(self) -> dict:
        """Return the fields that are set."""
        fields = asdict(self)
        given = {name: list(v) if isinstance(v, tuple) else v for name, v in fields.items() if v not in ("", (), -1)}
        return {"lever": self.lever, "label": self.label, "strategy": self.strategy, **given}

    @classmethod
    def from_json(cls, fields: dict) -> Proposal:
        """Return the proposal that `to_json` wrote."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})


@dataclass(frozen=True, repr=False)
class Proposals(Result):
    """The requests of an iteration before they are asked; `plan` holds their very words (`plan.show(0)`)."""

    number: int
    items: tuple[Proposal, ...]
    plan: Plan

    def summary(self) -> str:
        return f"Proposals: {len(self.items)} requests for iteration {self.number}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row a request: lever, label, strategy, what it is to be about, without, and why."""
        rows = [
            (p.lever or "more of the same", p.label, p.strategy, " | ".join(p.about),
             "; ".join([*p.avoid, *["register told"] * bool(p.like)]), p.why)
            for p in self.items
        ]  # fmt: skip
        return frame_of(rows, ["lever", "label", "asked by", "about", "also", "why"])


class _AsProfile:
    """A proposal in the place of a profile: what a strategy or a prompt asks of one."""

    def __init__(self, proposal: Proposal):
        self.words, self.values = lambda label: proposal.like, lambda label: list(proposal.about)


def chosen_levers(levers: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the levers, all of them for None; an unknown one is an error."""
    names = list(LEVERS) if levers is None else [levers] if isinstance(levers, str) else list(levers)
    for name in names:
        if name not in LEVERS:
            raise unknown("lever", name, LEVERS)
    return tuple(name for name in LEVERS if name in names)


def propose(
    diagnosis: Diagnosis, requests: int, *, levers: Sequence[str], more: Iterator[tuple[str, str, int]]
) -> tuple[Proposal, ...]:
    """Return `requests` proposals. Labels share them by the real rows missed (Webster's method).

    A label gets no more texts than it misses rows; what is left over goes on where the one-shot plan stands: `more`
    yields its (strategy, label, slot). Phrases and register are said in every request they concern.
    """
    groups: dict[str, list[Finding]] = {}
    for f in diagnosis.get(LEVERS["topics"]) if "topics" in levers else ():
        groups.setdefault(f.label, []).append(f)
    missed = {label: sum(f.rows for f in some) for label, some in groups.items()}
    wanted = {label: rows for label, rows in sorted(missed.items()) if rows >= LEAST}
    most = {label: ceil(rows / TOPICAL.texts) for label, rows in wanted.items()}
    given = in_turn(wanted, requests, most=most)
    out, seen = [], Counter()
    for label in given:
        mine = groups[label]
        some = mine[seen[label] :: given.count(label)] or [mine[seen[label] % len(mine)]]
        out.append(_topics(label, some[: TOPICAL.texts]))
        seen[label] += 1
    while len(out) < requests and (following := next(more, None)):
        strategy, label, slot = following
        out.append(Proposal("", label, strategy, slot=slot, why="nothing in particular is missing: more of the same"))
    return tuple(_with_wishes(p, diagnosis, levers) for p in out)


def _topics(label: str, groups: Sequence[Finding]) -> Proposal:
    about = tuple(dict.fromkeys(", ".join(f.terms) for f in groups))
    rows = sum(f.rows for f in groups)
    return Proposal("topics", label, TOPICAL.name, about, why=f"{rows} real rows in {len(groups)} groups are missed")


def _with_wishes(p: Proposal, diagnosis: Diagnosis, levers: Sequence[str]) -> Proposal:
    """Return the proposal with what concerns every request: phrases to avoid, what the real rows are like."""
    if "phrases" in levers:
        mine = [f for f in diagnosis.get("overused") if f.label in ("", p.label)][:MOST_AVOIDED]
        p = replace(p, avoid=tuple(_avoid(f) for f in mine))
    if "register" in levers and diagnosis.get("off register"):
        p = replace(p, like=diagnosis.like.words(p.label))
    return p


def _avoid(finding: Finding) -> str:
    how = "not beginning with" if " opens " in finding.evidence else "without the words"
    return f"{how} “{finding.terms[0]}”"
