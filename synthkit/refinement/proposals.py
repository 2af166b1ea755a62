"""From findings to requests: each kind of finding has a lever; a proposal can be changed before it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from synthkit.core.errors import unknown
from synthkit.core.results import Result
from synthkit.llm.request import Request
from synthkit.prompts.plan import TEXTS_A_REQUEST, Plan, slot_request
from synthkit.prompts.registry import Strategy, get_strategy
from synthkit.prompts.strategies.few_shot import SHOWN
from synthkit.prompts.strategies.topical import topical
from synthkit.refinement.diagnosis import LEAST, Diagnosis, Finding
from synthkit.refinement.reference import Reference
from synthkit.seeds.seeds import Seeds
from synthkit.tasks.task import Task

if TYPE_CHECKING:
    import pandas as pd

# lever: the kind of finding that moves it
LEVERS = {
    "topics": "uncovered",
    "boundary": "confused",
    "phrases": "overused",
    "register": "off register",
    "prune": "label does not stick",
}
MOST_AVOIDED = 4  # phrases in one prompt
TOPICAL = Strategy("topical", 1, False, topical)  # not among the registered: it needs the loop's findings


@dataclass(frozen=True)
class Proposal:
    """One request that an iteration wants to make, and why. `dataclasses.replace(proposal, about=(...))` changes it.

    `about`: sub-topics in words, one a text in turn; `near`: the label to come close to; `avoid`: words to do without;
    `like`: what the real rows are like; `shown`: ids of seeds to show. Without any of these it is request `slot` of the
    one-shot plan, as it stands.
    """

    lever: str
    label: str
    strategy: str
    about: tuple[str, ...] = ()
    near: str = ""
    avoid: tuple[str, ...] = ()
    like: str = ""
    shown: tuple[str, ...] = ()
    why: str = ""
    slot: int = -1

    @property
    def wish(self) -> str:
        """What all texts of the request must obey, in words."""
        told = self.about and self.strategy != TOPICAL.name
        topic = f"about things such as {', '.join(self.about)}" if told else ""
        return "; ".join(w for w in (topic, *self.avoid) if w)

    def request(self, task: Task, seeds: Seeds | None, number: int, random_state: int) -> Request:
        """Return the request under its own slot `number`, or under that of the one-shot plan where nothing differs."""
        own = self.about or self.near or self.avoid or self.like or self.slot < 0
        return slot_request(
            task,
            _only(seeds, self.shown, self.label) if self.shown else seeds,
            TOPICAL if self.strategy == TOPICAL.name else get_strategy(self.strategy),
            number if own else self.slot,
            random_state,
            label=self.label,
            wish=self.wish,
            profile=_Told(self) if self.about or self.near or self.like else None,
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
    """The requests of a turn before they are asked; `plan` holds their very words (`plan.show(0)`)."""

    number: int
    items: tuple[Proposal, ...]
    plan: Plan

    def summary(self) -> str:
        return f"Proposals: {len(self.items)} requests of {TEXTS_A_REQUEST} texts for iteration {self.number}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row a request: lever, label, strategy, what it is to be about, near, without, and why."""
        import pandas as pd

        return pd.DataFrame(
            {
                "lever": [p.lever or "more of the same" for p in self.items],
                "label": [p.label for p in self.items],
                "asked by": [p.strategy for p in self.items],
                "about": [" | ".join(p.about) for p in self.items],
                "near": [p.near for p in self.items],
                "also": ["; ".join(_also(p)) for p in self.items],
                "why": [p.why for p in self.items],
            }
        )


def _also(p: Proposal) -> list[str]:
    said = ["register told"] if p.like else []
    return [*p.avoid, *said, *([f"{len(p.shown)} seeds shown"] if p.shown else [])]


class _Told:
    """A proposal in the place of a profile: what a strategy or a prompt asks of one."""

    def __init__(self, proposal: Proposal):
        self._proposal = proposal

    def words(self, label: str) -> str:
        return self._proposal.like

    def confused_with(self, label: str) -> list[str]:
        return [self._proposal.near] if self._proposal.near else []

    def values(self, label: str) -> list[str]:
        return list(self._proposal.about)


def _only(seeds: Seeds, shown: Sequence[str], label: str) -> Seeds:
    """Return the seeds with no other rows of the label than those to show."""
    rows = seeds.rows
    keep = [i for i, row in enumerate(rows) if row["id"] in shown or row["label"] != label]
    return replace(seeds, rows=rows.select(keep))


def with_seeds(p: Proposal, diagnosis: Diagnosis, seeds: Seeds, reference: Reference) -> Proposal:
    """Return a proposal on topics that shows the seeds of the label nearest to the rows missed; others as they are."""
    missed = [
        i for f in diagnosis.get("uncovered") if f.label == p.label and ", ".join(f.terms) in p.about for i in f.ids
    ]
    own = [row for row in seeds.rows if row["label"] == p.label]
    if p.lever != "topics" or not own or not missed:
        return p
    wanted = reference.vectors[[reference.ids.index(i) for i in missed]]
    close = (reference.embed([row["text"] for row in own]) @ wanted.T).max(axis=1).round(6)
    nearest = sorted(range(len(own)), key=lambda i: (-close[i], own[i]["id"]))[:SHOWN]
    return replace(p, strategy="few_shot", shown=tuple(own[i]["id"] for i in nearest))


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
    """Return `requests` proposals. Labels and pairs share them by the real rows missed (Webster's method).

    A topic or a pair gets no more texts than it misses rows; what is left over goes on where the one-shot plan stands:
    `more` yields its (strategy, label, slot). Phrases and register are said in every request they concern.
    """
    regions: dict[str, list[Finding]] = {}
    wanted: dict[tuple[str, ...], int] = {}
    pairs: dict[tuple[str, str], Finding] = {}
    if "topics" in levers:
        for f in diagnosis.get("uncovered"):
            regions.setdefault(f.label, []).append(f)
        missed = {(label,): sum(f.rows for f in some) for label, some in regions.items()}
        wanted.update({label: rows for label, rows in missed.items() if rows >= LEAST})
    if "boundary" in levers:
        pairs = {(f.label, f.other): f for f in diagnosis.get("confused")}
        wanted.update({pair: f.rows for pair, f in pairs.items()})
    given = _share_out(wanted, requests)
    out, seen = [], dict.fromkeys(wanted, 0)
    for who in given:
        if len(who) == 1:
            mine = regions[who[0]]
            own = mine[seen[who] :: given.count(who)] or [mine[seen[who] % len(mine)]]
            out.append(_topics(who[0], own[:TEXTS_A_REQUEST]))
        else:
            out.append(_boundary(pairs[who]))
        seen[who] += 1
    while len(out) < requests and (following := next(more, None)):
        strategy, label, slot = following
        out.append(Proposal("", label, strategy, slot=slot, why="nothing in particular is missing: more of the same"))
    return tuple(_told(p, diagnosis, levers) for p in out)


def _share_out(wanted: dict[tuple[str, ...], int], requests: int) -> list[tuple[str, ...]]:
    given = dict.fromkeys(sorted(wanted), 0)
    turn: list[tuple[str, ...]] = []
    for _ in range(min(requests, sum(ceil(n / TEXTS_A_REQUEST) for n in wanted.values()))):
        open_ = [who for who in given if given[who] < ceil(wanted[who] / TEXTS_A_REQUEST)]
        turn.append(max(open_, key=lambda who: wanted[who] / (2 * given[who] + 1)))
        given[turn[-1]] += 1
    return turn


def _topics(label: str, regions: Sequence[Finding]) -> Proposal:
    about = tuple(dict.fromkeys(", ".join(f.terms) for f in regions))
    rows = sum(f.rows for f in regions)
    return Proposal("topics", label, TOPICAL.name, about, why=f"{rows} real rows in {len(regions)} regions are missed")


def _boundary(finding: Finding) -> Proposal:
    why = f"{finding.rows} real rows are taken for {finding.other}"
    return Proposal("boundary", finding.label, "boundary", finding.terms, finding.other, why=why)


def _told(p: Proposal, diagnosis: Diagnosis, levers: Sequence[str]) -> Proposal:
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
