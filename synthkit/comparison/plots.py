"""Scores of arms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthkit.core.figures import COLOURS, theme
from synthkit.core.panels import MARKERS, closed, grid, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from synthkit.comparison.compare import Comparison


def plot_comparison(comparison: Comparison) -> Figure:
    """Return dots and 95 % intervals of macro-F1: one row an arm, one marker a student."""
    theme()
    arms = list(dict.fromkeys(s.arm for s in comparison.scores))
    students = list(dict.fromkeys(s.student for s in comparison.scores))
    figure, (axis,) = grid(1, 1, 1, size=(7.2, 0.62 * len(arms) + 1.4))
    for number, (student, colour, marker) in enumerate(zip(students, COLOURS, MARKERS, strict=False)):
        lift = (number - (len(students) - 1) / 2) * 0.24
        for row, arm in enumerate(arms):
            f1 = comparison.get(arm, student).macro_f1
            axis.plot([f1.low, f1.high], [row + lift] * 2, color=colour, lw=2, solid_capstyle="round")
            axis.plot(f1.value, row + lift, marker, color=colour, ms=7, label=student if row == 0 else None)
            axis.annotate(
                f"{f1.value:.3f}", (f1.high, row + lift), (6, 0), textcoords="offset points", va="center", fontsize=9
            )
    rows = {s.arm: s.rows for s in comparison.scores}
    axis.set_yticks(range(len(arms)), [f"{plain(arm)}\n{rows[arm]:,} rows" for arm in arms])
    axis.invert_yaxis()
    kind = "stand-in" if comparison.stand_in else "real"
    axis.set_xlabel(f"macro-F1 on {comparison.test_rows:,} {kind} test rows, with 95 % interval")
    axis.margins(x=0.12)
    axis.grid(axis="x", color="#e3e3e3", lw=0.8)
    axis.set_axisbelow(True)
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(students), fontsize=9)
    return closed(figure)
