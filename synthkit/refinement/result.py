"""What came of a loop: every iteration beside the same number of requests in one shot, and the rows in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, NamedTuple

from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result, frame_of
from synthkit.core.rows import bare, make_rows
from synthkit.core.stats import Interval
from synthkit.generation.generate import LACKING, Generation, shares_of
from synthkit.generation.ledger import Ledger
from synthkit.prompts.plan import Plan
from synthkit.refinement.diagnosis import Diagnosis, diagnose
from synthkit.refinement.proposals import Proposal
from synthkit.seeds.seeds import load_seeds

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from synthkit.refinement.loop import Loop

DRAWS = 5


@dataclass(frozen=True, repr=False)
class Iteration(Result):
    """What was proposed, what it brought, what was dropped, and how the rows do on the validation rows.

    `requests` and `rows` count all so far; `gain` is the paired difference in macro-F1 to the iteration before.
    """

    number: int
    proposals: tuple[Proposal, ...]
    generation: Generation
    dropped: tuple[tuple[str, str], ...]
    requests: int
    rows: Dataset
    macro_f1: Interval
    gain: Interval | None
    diagnosis: Diagnosis

    def summary(self) -> str:
        gain = f", {self.gain.value:+.3f} [{self.gain.low:+.3f}, {self.gain.high:+.3f}]" if self.gain else ""
        return (
            f"Iteration {self.number}: {self.requests} requests, {len(self.rows)} rows, {len(self.dropped)} dropped; "
            f"validation macro-F1 {self.macro_f1}{gain}, coverage {self.diagnosis.coverage:.3f}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the rows that this iteration added."""
        frame = self.rows.to_pandas()
        return frame_of(frame[frame["iteration"] == self.number], ["id", "label", "text", "attributes"])


class OneShot(NamedTuple):
    """The plain mix at as many requests as an iteration had; `ahead` is the loop's macro-F1 minus its own, paired."""

    requests: int
    rows: Dataset
    macro_f1: Interval
    coverage: float
    ahead: Interval


@dataclass(frozen=True, repr=False)
class Refinement(Result):
    """Every iteration beside the same number of requests in one shot, and the rows in the end.

    Scores are on the `real_rows` validation rows that the loop itself looked at: its verdict needs rows that it did
    not, `sk.compare(result.arms(), test=task.splits.test)`.
    """

    iterations: tuple[Iteration, ...]
    one_shot: tuple[OneShot, ...]
    validation: Dataset
    stopped: str
    generation: Generation

    @property
    def real_rows(self) -> int:
        """How many real rows the loop looked at: they count as used."""
        return len(self.validation)

    @property
    def rows(self) -> Dataset:
        """The synthetic rows in the end; `iteration` says when each came."""
        return self.generation.rows

    def summary(self) -> str:
        last = self.iterations[-1]
        ended = f"; stopped: {self.stopped}" if self.stopped else ""
        return (
            f"Refinement: {self.generation.plan.task.name!r}, {last.number} iterations, {last.requests} requests, "
            f"{len(self.rows)} rows; validation macro-F1 {self.iterations[0].macro_f1.value:.3f} to "
            f"{last.macro_f1.value:.3f}, {self.real_rows:,} real rows used{ended}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row an iteration: found, changed, cost, what moved, and the one shot at as many requests."""
        shots = {shot.requests: shot for shot in self.one_shot}
        out, before = [], None
        for i in self.iterations:
            shot = shots.get(i.requests)
            out.append(
                {
                    "iteration": i.number,
                    "found": before.found if before else "",
                    "asked": _counted([p.lever or "more of the same" for p in i.proposals]) or "a plain mix",
                    "dropped": len(i.dropped),
                    "requests": i.requests,
                    "tokens": i.generation.ledger.tokens_in + i.generation.ledger.tokens_out,
                    "rows": len(i.rows),
                    "macro-F1": str(i.macro_f1),
                    "gain": str(i.gain or ""),
                    "coverage": f"{i.diagnosis.coverage:.3f}",
                    "one shot: macro-F1": str(shot.macro_f1) if shot else "",
                    "loop ahead by": str(shot.ahead) if shot else "",
                    "one shot: coverage": f"{shot.coverage:.3f}" if shot else "",
                }
            )
            before = i.diagnosis
        return frame_of(out)

    def reading(self) -> str:
        """Return what happened in sentences, also where an iteration made things worse."""
        sentences = [f"Iteration {i.number} {_moved(i.gain)}." for i in self.iterations[1:]]
        if self.one_shot:
            shot = self.one_shot[-1]
            how = "beats" if shot.ahead.low > 0 else "loses to" if shot.ahead.high < 0 else "cannot be told from"
            sentences.append(
                f"After {shot.requests} requests the loop {how} one shot of the plain mix: {_signed(shot.ahead)}."
            )
        sentences.append(
            f"These are the {self.real_rows:,} validation rows that the loop looked at, so they flatter it; "
            "rows that it never saw decide."
        )
        return " ".join(sentences)

    @property
    def words(self) -> Dataset:
        """The words that the prompts told about real rows, as rows of their label: what needs no language model."""
        asked = [(p.label, about) for i in self.iterations for p in i.proposals for about in p.about]
        labels, texts = zip(*dict.fromkeys(asked), strict=True) if asked else ((), ())
        ids = [f"words-{i}" for i in range(len(texts))]
        return make_rows({"id": ids, "text": list(texts), "label": list(labels)})

    def arms(self, *others: Refinement, k: int = 10, draws: int = DRAWS) -> dict[str, list[Dataset]]:
        """Return arms for `sk.compare`: loop and one shot, alone, with few real rows, and with the validation rows.

        `others` are loops on the same task and validation rows: further draws. `one_shot+words` adds the words that the
        loop told the model to the rows of one shot: what of the gain needs no loop. `validation` alone is what the real
        rows that the loop looked at are worth when one simply trains on them.
        """
        from datasets import concatenate_datasets

        results = [self, *others]
        if any(not r.one_shot for r in results):
            raise SynthkitError("arms() needs the one shot to compare with: refine(..., baseline=True)")
        task = self.generation.plan.task
        few = [load_seeds(task, k=k, random_state=i).rows for i in range(draws)]
        sides = {"loop": [r.rows for r in results], "one_shot": [r.one_shot[-1].rows for r in results]}
        sides["one_shot+words"] = [concatenate_datasets([bare(r.one_shot[-1].rows), r.words]) for r in results]
        out = {"real_few": few, **sides, "validation": [self.validation]}
        for name, sets in sides.items():
            out[f"real_few+{name}"] = [
                concatenate_datasets([bare(rows), bare(sets[i % len(sets)])]) for i, rows in enumerate(few)
            ]
        for name, sets in sides.items():
            out[f"validation+{name}"] = [concatenate_datasets([bare(self.validation), bare(rows)]) for rows in sets]
        return out

    def plot(self):
        """Return a figure: macro-F1 and coverage on the validation rows by requests, loop and one shot."""
        from synthkit.refinement.plots import plot_refinement

        return plot_refinement(self)


def result_of(loop: Loop, *, baseline: bool) -> Refinement:
    """Return the result of a loop as it stands; `baseline` asks the one shot for as many requests."""
    shots = tuple(_one_shots(loop)) if baseline else ()
    return Refinement(tuple(loop.iterations), shots, loop.reference.rows, loop.stopped, _generation(loop))


def _one_shots(loop: Loop):
    chosen = loop.one_shot(loop.iterations[-1].requests)
    whole = loop.generate(chosen)
    place = {(r.strategy, r.slot): i for i, r in enumerate(chosen.slots)}
    for i in loop.iterations:
        if i.requests <= whole.ledger.answered:
            at = [place[who] for who in zip(whole.rows["strategy"], whole.rows["slot"], strict=True)]
            rows = whole.rows.select([j for j, n in enumerate(at) if n < i.requests])
            found = diagnose(rows, loop.reference)
            f1, _ = loop.score(found.predicted)
            _, ahead = loop.score(i.diagnosis.predicted, found.predicted)
            yield OneShot(i.requests, rows, f1, found.coverage, ahead)


def _generation(loop: Loop) -> Generation:
    """All iterations as one generation: what the loop dropped stands among the drops, and the ledger adds up."""
    generations = [i.generation for i in loop.iterations]
    texts = {row["id"]: row for g in generations for row in g.rows}
    gone = [(row_id, *why.split(": ", 1)) for i in loop.iterations for row_id, why in i.dropped]
    drops = [d for g in generations for d in g.drops]
    for row_id, reason, evidence in gone:
        seen = {name: texts[row_id][name] for name in ("id", "label", "text")}
        drops.append({**seen, "reason": reason, "evidence": evidence, "also": ""})
    slots = tuple(r for g in generations for r in g.plan.slots)
    names = "+".join(dict.fromkeys(r.strategy for r in slots))
    whole = Plan(loop.task, loop.seeds, names, sum(g.plan.n for g in generations), loop.random_state, slots)
    have, shares = Counter(loop.rows["label"]), shares_of(generations[0].plan)  # later iterations ask where rows lack
    lacking = tuple((label, have[label], share) for label, share in shares.items() if have[label] < LACKING * share)
    ledger = _together([g.ledger for g in generations], Counter(reason for _, reason, _ in gone), lacking)
    problems = tuple(p for g in generations for p in g.problems)
    return Generation(whole, loop.rows, ledger, tuple(drops), problems, generations[-1].model, generations[-1].filters)


def _together(ledgers: Sequence[Ledger], gone: Counter, lacking: tuple) -> Ledger:
    """Return the sum of ledgers, in which rows dropped later count as dropped."""
    out = {}
    for name in (f.name for f in fields(Ledger) if f.name not in ("lacking", "note", "tokens_estimated")):
        values = [getattr(x, name) for x in ledgers]
        if name in ("failures", "faulty", "dropped"):
            counts = sum((Counter(dict(some)) for some in values), gone if name == "dropped" else Counter())
            out[name] = tuple(sorted(counts.items()))
        else:
            out[name] = None if None in values else sum(values)
    out |= {"lacking": lacking, "note": ledgers[-1].note if ledgers[-1].not_asked else ""}
    out |= {"tokens_estimated": any(x.tokens_estimated for x in ledgers), "kept": out["kept"] - gone.total()}
    return Ledger(**out)


def _counted(names: Sequence[str]) -> str:
    return ", ".join(f"{n} {name}" for name, n in Counter(names).items())


def _signed(value: Interval) -> str:
    return f"{value.value:+.3f} [{value.low:+.3f}, {value.high:+.3f}]"


def _moved(gain: Interval) -> str:
    how = "helped" if gain.low > 0 else "made things worse" if gain.high < 0 else "changed nothing beyond noise"
    return f"{how}: {_signed(gain)}"
