"""How many real rows a label are the synthetic ones worth? Read off the learning curve of real rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.comparison import tables
from synthkit.core.stats import estimate

if TYPE_CHECKING:
    from synthkit.comparison.comparison import Comparison

BOTH = "real_few+synthetic"
SIZED = re.compile(r"real_(\d+)")  # an arm of so many real rows a label


class Worth(NamedTuple):
    """Real rows a label that synthetic ones stand for, beside the few real ones, with a 95 % interval.

    `most` is the largest number that was tried; an end that lies beyond it is infinite.
    """

    value: float
    low: float
    high: float
    most: float

    def __str__(self) -> str:
        value, low, high = (f"more than {self.most:.0f}" if np.isinf(x) else f"{x:.0f}" for x in self[:3])
        return f"{value} [{low}, {high}]"


def worth(comparison: Comparison, arm: str, student: str) -> Worth | None:
    """Return how many more real rows a label than real_few has it takes to score as an arm with real_few does.

    Between the sizes that were scored it is read off a line over the logarithm of rows; the ends are where the paired
    95 % interval of the difference begins and ceases to hold 0. None without arms such as real_20 and real_40.
    """
    curve = real_curve(comparison, student)
    if not curve or (arm, student) not in comparison.fits:
        return None
    sizes = np.array(list(curve.values()))
    more = np.array([comparison.difference(arm, name, student) for name in curve])
    more = np.minimum.accumulate(more, axis=0)  # more real rows do not do worse but by chance
    return Worth(*(_crossing(sizes, column) - sizes[0] for column in more.T), sizes[-1] - sizes[0])


def real_curve(comparison: Comparison, student: str) -> dict[str, float]:
    """Return arms of real rows alone, from real_few up, with their rows a label; none without some such as real_20."""
    rows = {s.arm: s.rows / len(comparison.labels) for s in comparison.scores if s.student == student}
    if "real_few" not in rows or not any(map(SIZED.fullmatch, rows)):
        return {}
    real = [name for name in rows if name in ("real_few", "real_full") or SIZED.fullmatch(name)]
    return {name: rows[name] for name in sorted(real, key=rows.__getitem__) if rows[name] >= rows["real_few"]}


def _crossing(sizes: np.ndarray, more: np.ndarray) -> float:
    """Return the size at which what synthetic rows have in advance falls to nothing; infinite where it never does."""
    if more[0] <= 0:
        return float(sizes[0])
    if more[-1] > 0:
        return np.inf
    i = int(np.argmax(more <= 0))
    part = more[i - 1] / (more[i - 1] - more[i])
    return float(np.exp(np.log(sizes[i - 1]) + part * np.log(sizes[i] / sizes[i - 1])))


def headline(comparison: Comparison, student: str) -> str:
    """Return the verdict in a plain sentence: what the synthetic rows are worth, or that it is not shown."""
    arms = {s.arm: s for s in comparison.scores if s.student == student}
    k, found = round(arms["real_few"].rows / len(comparison.labels)), worth(comparison, BOTH, student)
    added = comparison.difference(BOTH, "real_few", student)
    kind = "stand-in" if comparison.stand_in else "real"
    if added.low <= 0:
        harm = "; they make it worse" if added.high < 0 else ""
        return f"Not shown: that synthetic rows help a classifier with {k} {kind} rows a label{harm}."
    if found is None:
        return f"Yes: synthetic rows help a classifier with {k} {kind} rows a label."
    return f"Yes: with {k} {kind} rows a label, synthetic rows are worth {found} more {kind} ones a label."


def disagreement(comparison: Comparison, student: str) -> str:
    """Return in a sentence by which other students it is shown where this one does not, not shown, or worth other rows.

    Two students that both show it disagree where the 95 % interval of the difference of their gains does not hold 0.
    """

    def gain(name: str, weight: int = 1) -> list:
        return [(weight * sign, comparison.fits[arm, name]) for arm, sign in tables.minus(BOTH, "real_few").items()]

    def shown(name: str) -> bool:
        return estimate(comparison.truth, gain(name)).interval().low > 0

    parts = []
    for name in dict.fromkeys(s.student for s in comparison.scores if s.student != student):
        more = estimate(comparison.truth, gain(name) + gain(student, -1)).interval()
        if shown(name) != shown(student):
            parts.append(f"by {name} it is {'' if shown(name) else 'not '}shown")
        elif shown(name) and (more.low > 0 or more.high < 0):
            rows = worth(comparison, BOTH, name)
            found = (
                f"worth {rows} a label"
                if rows
                else f"worth {abs(more.value):.3f} {'more' if more.value > 0 else 'less'} in macro-F1"
            )
            parts.append(f"by {name} they are {found}")
    return f" Classifiers disagree: {'; '.join(parts)}." if parts else ""
