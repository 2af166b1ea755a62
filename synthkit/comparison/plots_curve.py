"""Scores over the number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthkit.core.figures import COLOURS, GREY, theme
from synthkit.core.panels import MARKERS, closed, grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from synthkit.comparison.learning_curve import LearningCurve


def plot_curve(curve: LearningCurve) -> Figure:
    """Return macro-F1 over synthetic rows, dots and 95 % intervals: a line for each number of real rows a label."""
    theme()
    figure, (axis,) = grid(1, 1, 1, size=(7.2, 4.2))
    for number, k in enumerate(curve.real):
        colour, marker = ([*COLOURS, GREY] * 3)[number], (MARKERS * 4)[number]
        at = [i for i, n in enumerate(curve.synthetic) if k or n]
        f1 = [curve.get(k, curve.synthetic[i]) for i in at]
        places = [
            i + (number - (len(curve.real) - 1) / 2) * 0.1 for i in at
        ]  # side by side, so that none hides another
        for x, y in zip(places, f1, strict=True):
            axis.plot([x, x], [y.low, y.high], color=colour, lw=1.6, solid_capstyle="round")
        name = f"{k} real rows a label" if k else "no real rows"
        axis.plot(places, [y.value for y in f1], marker, ls="-", color=colour, ms=6, lw=1, label=name)
    axis.set_xticks(range(len(curve.synthetic)), [f"{n:,}" for n in curve.synthetic])
    axis.set_xlabel("synthetic rows")
    axis.set_ylabel(f"macro-F1 on {curve.comparison.test_rows:,} {curve.scored_on} rows")
    axis.grid(axis="y", color="#e3e3e3", lw=0.8)
    axis.set_axisbelow(True)
    axis.legend(loc="lower right", fontsize=9)
    return closed(figure)
