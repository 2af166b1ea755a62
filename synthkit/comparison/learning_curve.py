"""How many synthetic rows does it take, and how many real ones are they worth? Scores over both numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthkit.comparison.arms import DRAWS, Arm, as_generations, joined, paired
from synthkit.comparison.compare import compare
from synthkit.comparison.comparison import STUDENT, Comparison
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.results import Result, frame_of
from synthkit.core.rows import bare
from synthkit.core.stats import Interval

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from synthkit.generation.generate import Generation


@dataclass(frozen=True, repr=False)
class LearningCurve(Result):
    """Macro-F1 by real rows a label and by synthetic rows; `comparison` holds an arm for each pair but (0, 0)."""

    real: tuple[int, ...]
    synthetic: tuple[int, ...]
    comparison: Comparison
    scored_on: str

    def summary(self) -> str:
        c = self.comparison
        return (
            f"LearningCurve: {c.student} on {c.test_rows:,} {self.scored_on} rows, {_ends(self.real)} real rows a "
            f"label, {_ends(self.synthetic)} synthetic rows; 95 % intervals {c.covers}"
        )

    def get(self, real: int, synthetic: int) -> Interval:
        """Return macro-F1 of so many real rows a label with so many synthetic rows."""
        return self.comparison.get(_name(real, synthetic)).macro_f1

    def to_frame(self) -> pd.DataFrame:
        """Return one row a number of synthetic rows, one column a number of real rows a label."""
        cells = {
            f"{k} real a label" if k else "no real": [str(self.get(k, n)) if k or n else "" for n in self.synthetic]
            for k in self.real
        }
        return frame_of({"synthetic rows": self.synthetic, **cells})

    def plot(self):
        """Return a figure: one line a number of real rows, over synthetic rows."""
        from synthkit.comparison.plots import plot_curve

        return plot_curve(self)


def learning_curve(
    made: Generation | Sequence[Generation],
    *,
    real: Sequence[int] = (0, 10),
    synthetic: Sequence[int] | None = None,
    on: str = "validation",
    draws: int = DRAWS,
    student: str = STUDENT,
    random_state: int = 0,
    progress: bool = True,
) -> LearningCurve:
    """Return scores for every pair of `real` rows a label and `synthetic` rows (default: 0, 25, 50, 100 ... all).

    Each draw takes other real rows and the synthetic ones in another random order, labels in turn, so a smaller set is
    part of a larger one. Exploring looks at "validation"; `on="test"` is for a report.

    >>> from synthkit.generation.generate import generate
    >>> from synthkit.tasks.task import load_task
    >>> made = generate(load_task("feedback"), n=20, progress=False)
    >>> curve = learning_curve(made, real=[10], synthetic=[0, 20], student="tfidf_lr", draws=2, progress=False)
    >>> list(curve.to_frame().columns)
    ['synthetic rows', '10 real a label']
    """
    if on not in ("validation", "test"):
        raise unknown("on", on, ["validation", "test"])
    generations = as_generations(made)
    rows = [bare(g.rows) for g in generations]
    most, task = min(map(len, rows)), generations[0].plan.task
    usual = {0, *(n for n in (25, 50, 100, 200, 400, 800) if n < most), most}
    sizes = sorted(usual if synthetic is None else set(synthetic))
    numbers = sorted(set(real))
    if not sizes or not numbers or sizes[-1] > most or sizes[0] < 0 or numbers[0] < 0 or sizes + numbers == [0, 0]:
        raise SynthkitError(
            f"real={tuple(real)}, synthetic={tuple(sizes)}: expected numbers of rows from 0, at most {most} synthetic"
        )
    arms = {}
    for k in numbers:
        every = [(g, d) for g in range(len(rows)) for d in range(draws)]
        few, pairs, _ = paired(generations, k, draws) if k else ([None] * draws, every, False)
        arms |= {_name(k, n): _arm(rows, few, pairs, k, n) for n in sizes if k or n}
    asked = {"students": [student], "random_state": random_state, "task": task, "progress": progress}
    scored = compare(arms, test=getattr(task.splits, on), **asked)
    return LearningCurve(tuple(numbers), tuple(sizes), scored, on)


def _arm(rows: list[Dataset], few: list, pairs: list[tuple[int, int]], k: int, n: int) -> Arm:
    if not n:
        return Arm(tuple(bare(s.rows) for s in few), tuple((0, d) for d in range(len(few))), len(few[0].rows))
    if not k and n == len(rows[0]) == min(map(len, rows)):
        pairs = [(g, 0) for g in range(len(rows))]  # every order of all of them is the same set
    some = [rows[g].select(_shuffled(rows[g]["label"], [g, d])[:n]) for g, d in pairs]
    if k:
        some = [joined(few[d].rows, s) for s, (_, d) in zip(some, pairs, strict=True)]
    return Arm(tuple(some), tuple(pairs), None)


def _shuffled(labels: Sequence[str], random_state: Sequence[int]) -> list[int]:
    """Return the rows' positions in random order, labels in turn."""
    rng, labels = np.random.default_rng(random_state), np.asarray(labels)
    turn = np.empty(len(labels))
    for label in sorted(set(labels)):
        where = rng.permutation(np.flatnonzero(labels == label))
        turn[where] = np.arange(len(where)) + rng.random(len(where)) / 2
    return np.argsort(turn).tolist()


def _name(real: int, synthetic: int) -> str:
    return "+".join([f"{real} real a label"] * bool(real) + [f"{synthetic} synthetic"] * bool(synthetic))


def _ends(numbers: Sequence[int]) -> str:
    return " to ".join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))
