"""What a comparison found: scores with intervals, what they cover, paired differences, a sentence to quote."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.comparison import tables
from synthkit.comparison.leakage import Refused
from synthkit.comparison.pseudo_labels import PSEUDO
from synthkit.comparison.worth import Worth, disagreement, headline, worth
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.results import Result, frame_of
from synthkit.core.stats import Estimate, Fits, Interval, estimate, score

if TYPE_CHECKING:
    import pandas as pd

    from synthkit.core.results import Table

# the literature's names: train on real or synthetic, test on real or synthetic
GLOSS = {"synthetic": "synthetic (TSTR)", "real_full": "real_full (TRTR)"}
PRIMARY = ("real_few+synthetic", "real_few")
STUDENT = "minilm_lr"
UNNAMED = "an unnamed model"


class Score(NamedTuple):
    """One line of a comparison: an arm, a student, how many rows it trained on, and what it scored.

    `real` counts the real rows behind an arm, those shown in prompts among them (None: not known). `settings` has one
    entry a fit, `missing` the labels that no set of the arm has. `refits` counts fits on rows drawn again, which stand
    for other draws or generations where there is one; `luck` is False where the luck of the training rows is in none.
    """

    arm: str
    student: str
    rows: int
    draws: int
    macro_f1: Interval
    accuracy: Interval
    generations: int = 1
    real: int | None = None
    settings: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    refits: int = 0
    luck: bool = True
    requests: int = 0
    tokens: int = 0


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """Scores of every arm and student on the test rows, with 95 % intervals, and the train rows that were refused.

    `primary` is the one contrast stated beforehand, `student` the one that speaks where none is named. `truth`, class
    numbers of the test rows, `ids` and `fits`, the predictions by (arm, student), are what everything else is computed
    from.
    """

    scores: tuple[Score, ...]
    refused: tuple[Refused, ...]
    labels: tuple[str, ...]
    test_rows: int
    embedder: str
    stand_in: bool = False
    model: str = UNNAMED
    primary: tuple[str, str] | None = None
    student: str = STUDENT
    public_since: int | None = None
    truth: np.ndarray | None = field(default=None, compare=False)
    ids: tuple[str, ...] = ()
    fits: dict[tuple[str, str], Fits] = field(default_factory=dict, compare=False)
    language: str = ""  # what does not carry over to the language of the rows

    def summary(self) -> str:
        arms = len({s.arm for s in self.scores})
        kind = "stand-in rows (same kind of author on both sides: it flatters)" if self.stand_in else "real rows"
        notes = [f"minilm_lr is on {self.embedder} vectors"] * (self.embedder != "minilm") + [self.language]
        line = f"Comparison: {arms} arms on {self.test_rows:,} {kind}; 95 % intervals {self.covers}"
        return "; ".join(filter(None, [line, *notes]))

    @property
    def covers(self) -> str:
        """What the intervals cover, in words: test rows, draws, generations, rows drawn again; and what they do not."""
        draws, generations = (max(getattr(s, what) for s in self.scores) for what in ("draws", "generations"))
        parts = ["test rows"] + [f"{draws} draws of training rows"] * (draws > 1)
        parts += [f"{generations} generations"] * (generations > 1)
        refitted = {s.student for s in self.scores if s.refits}  # that of each student, or it is not said
        parts += ["the luck of rows that were drawn once"] * (refitted == {s.student for s in self.scores})
        covered = "cover " + (", ".join(parts[:-1]) + " and " if parts[1:] else "") + parts[-1]
        written = self.model != UNNAMED or any("synthetic" in s.arm for s in self.scores)
        return covered + (", not another run of the generator" if written and generations == 1 else "")

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know: labels an arm lacks, luck not covered, rows refused, a famous benchmark."""
        lacking = {s.arm: s.missing for s in self.scores if s.missing}
        out = [f"{arm} has no row of: {', '.join(some)}; it is scored all the same" for arm, some in lacking.items()]
        if blind := dict.fromkeys(f"{s.arm} ({s.student})" for s in self.scores if not s.luck):
            out.append(
                f"the intervals of {', '.join(blind)} hold for exactly these training rows: how differently others of "
                "their kind would score is not known, so differences to them have no p; give several draws"
            )
        if self.refused:
            out.append(f"{len(self.refused)} training rows were refused as (near-)duplicates of test rows")
        if self.public_since:
            out.append(
                f"these rows have been public since {self.public_since}: the model that wrote the synthetic ones has "
                "probably read them, and what it writes for yours may be further from them"
            )
        return tuple(out)

    def _repr_html_(self) -> str:
        return super()._repr_html_() + "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return one row an arm and student: rows, real rows behind them, draws, scores with intervals, settings.

        Where arms differ in what they cost at a model, requests and tokens too.
        """
        lines = self.scores
        costs = {"requests": [s.requests for s in lines], "tokens": [s.tokens for s in lines]}
        return frame_of(
            {
                "trained on": [GLOSS.get(s.arm, s.arm) for s in lines],
                "student": [s.student for s in lines],
                "rows": [s.rows for s in lines],
                "real rows": ["" if s.real is None else str(s.real) for s in lines],
                **(costs if len({*costs["requests"], 0}) > 2 else {}),
                "draws": [s.draws if s.generations == 1 else f"{s.generations} x {s.draws}" for s in lines],
                "macro-F1 [95 %]": [str(s.macro_f1) for s in lines],
                "accuracy [95 %]": [str(s.accuracy) for s in lines],
                "settings": ["; ".join(dict.fromkeys(s.settings)) for s in lines],
            }
        )

    def get(self, arm: str, student: str | None = None) -> Score:
        """Return the score of one arm and student."""
        wanted, found = (arm, student or self.student), {(s.arm, s.student): s for s in self.scores}
        if wanted not in found:
            raise unknown("arm and student", ", ".join(wanted), map(", ".join, found))
        return found[wanted]

    def ranking(self, student: str | None = None) -> str:
        """Return the arms of one student and their macro-F1 in words, the best first: what a figure's caption says."""
        mine = [s for s in self.scores if s.student == (student or self.student)]
        return ", ".join(f"{s.arm} {s.macro_f1.value:.3f}" for s in sorted(mine, key=lambda s: -s.macro_f1.value))

    def estimate(self, weights: dict[str, float], student: str | None = None, what: str | int = "macro_f1") -> Estimate:
        """Return a sum of arms' scores, each times its weight, with variance: a difference is `{arm: 1, other: -1}`."""
        student = student or self.student
        parts = [(weight, self.fits[self.get(arm, student).arm, student]) for arm, weight in weights.items() if weight]
        return estimate(self.truth, parts, what)

    def difference(self, arm: str, other: str, student: str | None = None) -> Interval:
        """Return the difference of two arms in macro-F1, arm - other, with its paired 95 % interval.

        Both arms are scored on the same test rows; draws and generations are paired where both have as many.
        """
        return self.estimate(tables.minus(arm, other), student).interval()

    def gap_closed(self, arm: str, student: str | None = None) -> Interval | None:
        """Return (x - real_few) / (real_full - real_few) in macro-F1; None where the gap itself is within noise."""
        gap = self.difference("real_full", "real_few", student)
        if gap.low <= 0.02:
            return None
        closed = self.difference(arm, "real_few", student).value / gap.value
        # the ratio's first-order error: of x - real_few - closed * (real_full - real_few), over the gap
        weights = dict.fromkeys((arm, "real_few", "real_full"), 0.0)
        for name, weight in ((arm, 1), ("real_few", closed - 1), ("real_full", -closed)):
            weights[name] += weight
        e = self.estimate(weights, student)
        return Estimate(closed, e.variance / gap.value**2, e.df).interval()

    def contrasts(self, pairs: Sequence[tuple[str, str]] | None = None, *, student: str | None = None) -> Table:
        """Return paired differences in macro-F1: the primary contrast, then `pairs` (the usual ones), arm - other.

        The primary one was stated beforehand and is not corrected; the others are one family (Holm 1979). No p stands
        where the luck of an arm's training rows is not known. McNemar's exact test holds the fits as they are; of
        several pairs of fits it is twice the median p. `fixed` and `caused` are mean counts a pair of fits.
        """
        return tables.contrasts(self, pairs, student or self.student)

    def recalls(self, arm: str, student: str | None = None) -> np.ndarray:
        """Return the recall of each label, mean over fits, shape (labels,); NaN for a label without test rows."""
        fits = self.fits[self.get(arm, student).arm, student or self.student]
        return np.array([np.mean([score(self.truth, p, c) for p in fits.predicted]) for c in range(len(self.labels))])

    def per_class(self, arms: Sequence[str] | None = None, *, student: str | None = None) -> Table:
        """Return the recall of each label by arm (mean over fits), and what the primary contrast does to it.

        Labels with the largest loss first. The intervals are not corrected for the number of labels.
        """
        return tables.per_class(self, arms, student or self.student)

    def errors(
        self, arm: str | None = None, other: str | None = None, *, student: str | None = None, rows=None
    ) -> Table:
        """Return the test rows that training on `arm` instead of `other` put right (fixed) or wrong (caused).

        Ids, labels and what was said before and after; with `rows`, the test rows, their texts too.
        """
        return tables.errors(self, arm, other, student or self.student, rows)

    def worth(self, arm: str = PRIMARY[0], *, student: str | None = None) -> Worth | None:
        """Return how many more real rows a label an arm's other rows stand for; None where no arms show it."""
        return worth(self, arm, student or self.student)

    def verdict(self, student: str | None = None) -> str:
        """Return the result in sentences that may be quoted, the plain one first."""
        student = student or self.student
        names = {s.arm: s for s in self.scores if s.student == student}
        if not set(tables.SHOWN) <= names.keys():
            raise SynthkitError("verdict() needs the arms real_few, synthetic, real_few+synthetic and real_full")
        few, syn, both, full = (names[arm] for arm in tables.SHOWN)
        kind = "stand-in" if self.stand_in else "real"
        used = f" (their prompts showed {syn.real} real ones)" if syn.real else ""
        out = headline(self, student) + disagreement(self, student)
        out += (
            f" On {self.test_rows:,} {kind} test rows, {self._named(student)} trained on {few.rows} {kind} rows "
            f"scores macro-F1 {few.macro_f1} (the labels' mean F1, 1 at best; in brackets 95 %); on {syn.rows} "
            f"synthetic rows by {self.model}{used} {syn.macro_f1}; on both {both.macro_f1}; on all {full.rows:,} rows "
            f"of train {full.macro_f1}. Synthetic rows add {self.difference(*PRIMARY, student)} to the few real ones."
        )
        if closed := self.gap_closed("real_few+synthetic", student):
            out += f" Both close {closed.value:.0%} [{closed.low:.0%}, {closed.high:.0%}] of the gap."
        if "real_few+description" in names:
            more = self.difference("real_few+synthetic", "real_few+description", student)
            out += f" Beyond the words of the prompt itself the synthetic rows add {more}."
        if "real_few+synthetic+annotated" in names:
            raw, rows = names["real_few+synthetic+annotated"], names["annotated"].rows
            more = self.difference(raw.arm, PRIMARY[0], student)
            out += f" With {rows} raw rows that a model labelled beside them it is {raw.macro_f1}, which adds {more}."
        for arm in (name for name in names if name.endswith(PSEUDO)):
            beside, other = names[arm], names[arm.removesuffix(PSEUDO)]
            out += (
                f" {beside.rows - other.rows:,} raw rows more, under what vectors and words say together and no model, "
                f"make it {beside.macro_f1}, which adds {self.difference(arm, other.arm, student)}."
            )
        return out + f" The intervals {self.covers}." + (f" Note on {self.language}." if self.language else "")

    def _named(self, student: str) -> str:
        other = student == "minilm_lr" and self.embedder != "minilm"
        return f"{student} (here on {self.embedder} vectors)" if other else student

    def plot(self, view: str = "arms"):
        """Return a figure: "arms", a dot and interval each; "classes", the recall of each label before and after;
        "worth", the score with synthetic rows across those of more and more real ones.
        """
        from synthkit.comparison.plots import plot_classes, plot_comparison, plot_worth

        views = {"arms": plot_comparison, "classes": plot_classes, "worth": plot_worth}
        if view not in views:
            raise unknown("view", view, views)
        return views[view](self)

    def to_json(self) -> str:
        """Return scores, settings, contrasts, recall by label, ids of errors fixed and caused, refused rows as JSON."""
        rows = [
            {**s._asdict(), "macro_f1": s.macro_f1._asdict(), "accuracy": s.accuracy._asdict()} for s in self.scores
        ]
        facts = {"labels": list(self.labels), "test_rows": self.test_rows, "embedder": self.embedder}
        facts |= {"stand_in": self.stand_in, "model": self.model, "covers": self.covers, "notes": list(self.notes)}
        facts |= {"primary": self.primary and [*self.primary, self.student]}
        refused, views = [r._asdict() for r in self.refused], {}
        if self.fits and self.primary:
            changed = self.errors().to_frame()
            views["contrasts"] = self.contrasts().to_frame().to_dict("records")
            views["recall"] = self.per_class().to_frame().to_dict("records")
            views["errors"] = {kind: list(changed["id"][changed["change"] == kind]) for kind in ("fixed", "caused")}
        return json.dumps({**facts, "scores": rows, **views, "refused": refused}, indent=1)
