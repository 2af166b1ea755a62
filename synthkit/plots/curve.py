"""Scores over the number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthkit.plots.panels import MARKERS, closed, grid
from synthkit.style import COLOURS, GREY, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from synthkit.curves import LearningCurve


def plot_curve(curve: LearningCurve) -> Figure:
    """Return macro-F1 over synthetic rows, a line and a 95 % band for each number of real rows a label."""
    theme()
    figure, (axis,) = grid(1, 1, 1, size=(7.2, 4.2))
    places = list(range(len(curve.synthetic)))
    for number, k in enumerate(curve.real):
        colour, marker = ([*COLOURS, GREY] * 3)[number], (MARKERS * 4)[number]
        at = [i for i in places if k or curve.synthetic[i]]
        f1 = [curve.get(k, curve.synthetic[i]) for i in at]
        axis.fill_between(at, [x.low for x in f1], [x.high for x in f1], color=colour, alpha=0.12, lw=0)
        axis.plot(at, [x.value for x in f1], marker, ls="-", color=colour, ms=6, lw=1.8)
        name = f"{k} real a label" if k else "no real rows"
        axis.annotate(
            name, (at[-1], f1[-1].value), (8, 0), textcoords="offset points", va="center", color=colour, fontsize=9
        )
    axis.set_xticks(places, [f"{n:,}" for n in curve.synthetic])
    axis.set_xlim(-0.2, len(places) - 1 + 0.2 * len(places))
    axis.set_xlabel("synthetic rows")
    axis.set_ylabel(f"macro-F1 on {curve.comparison.test_rows:,} {curve.scored_on} rows")
    axis.grid(axis="y", color="#e3e3e3", lw=0.8)
    return closed(figure)
