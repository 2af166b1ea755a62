"""A loop beside one shot of as many requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthkit.core.figures import BLUE, GREY, closed, grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from synthkit.refinement.result import Refinement


def plot_refinement(result: Refinement) -> Figure:
    """Return macro-F1 (95 % intervals) and coverage on the validation rows by requests: the loop and the one shot."""
    figure, (left, right) = grid(1, 2, 1, size=(8.2, 3.2))
    loop, shots = result.iterations, result.one_shot
    width = loop[-1].requests / 120  # the two series side by side
    for side, colour, marker, name, shift in ((shots, GREY, "s", "one shot", width), (loop, BLUE, "o", "loop", -width)):
        x = [point.requests for point in side]
        if not x:
            continue
        f1 = [point.macro_f1 for point in side]
        reach = [[v.value - v.low for v in f1], [v.high - v.value for v in f1]]
        at = [n + shift for n in x]
        left.errorbar(
            at, [v.value for v in f1], yerr=reach, color=colour, marker=marker, lw=1.6, elinewidth=1, label=name
        )
        covered = [p.coverage if hasattr(p, "coverage") else p.diagnosis.coverage for p in side]
        right.plot(x, covered, color=colour, marker=marker, lw=1.6, label=name)
    left.set_ylabel("macro-F1, 95 % interval")
    right.set_ylabel("coverage")
    for axis in (left, right):
        axis.set_xlabel("requests so far")
        axis.set_xticks([i.requests for i in loop])
        axis.margins(x=0.08)
    left.legend(loc="upper left")
    figure.suptitle(
        f"On the {result.real_rows:,} validation rows that the loop looked at", x=0.01, ha="left", fontsize=11
    )
    return closed(figure)
