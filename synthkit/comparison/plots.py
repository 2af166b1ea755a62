"""Figures of a comparison: scores of arms, recall of labels, what rows are worth, ways of asking beside their cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthkit.comparison.worth import BOTH, SIZED, real_curve
from synthkit.core.errors import SynthkitError
from synthkit.core.figures import BLUE, COLOURS, GREY, MARKERS, VERMILION, above, closed, grid, plain, ruled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from synthkit.comparison.comparison import Comparison
    from synthkit.comparison.strategies import StrategyComparison

MOST = 30  # labels in one figure: of more, those that change most


def plot_comparison(comparison: Comparison) -> Figure:
    """Return dots and 95 % intervals of macro-F1: one row an arm, one marker a student."""
    arms = [arm for arm in dict.fromkeys(s.arm for s in comparison.scores) if not SIZED.fullmatch(arm)]
    students = list(dict.fromkeys(s.student for s in comparison.scores))
    figure, (axis,) = grid(1, 1, 1, size=(6.2, 0.62 * len(arms) + 1.4))
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
    axis.set_xlabel(f"macro-F1 on {comparison.test_rows:,} {kind} test rows,\nwith 95 % interval")
    axis.margins(x=0.12)
    ruled(axis, "x")
    above(axis, len(students))
    return closed(figure)


def plot_classes(comparison: Comparison) -> Figure:
    """Return each label's recall before and after, joined by a line: the primary contrast, largest loss first."""
    if not comparison.primary:
        raise SynthkitError("this comparison has no primary contrast: compare(..., primary=('with', 'without'))")
    after, before = (comparison.recalls(arm) for arm in comparison.primary)
    most = np.argsort(-np.abs(after - before), kind="stable")[:MOST]
    order = most[np.argsort((after - before)[most], kind="stable")]
    figure, (axis,) = grid(1, 1, 1, size=(6.2, 0.3 * len(order) + 1.5))
    for row, c in enumerate(order):
        colour = VERMILION if after[c] < before[c] else BLUE
        axis.plot([before[c], after[c]], [row, row], color=colour, lw=2)
        axis.plot(before[c], row, "o", mfc="white", mec=GREY, ms=7, label=comparison.primary[1] if not row else None)
        axis.plot(after[c], row, "o", color=colour, ms=7, label=comparison.primary[0] if not row else None)
    counts = np.bincount(comparison.truth, minlength=len(comparison.labels))
    axis.set_yticks(range(len(order)), [f"{plain(comparison.labels[c])} ({counts[c]})" for c in order], fontsize=9)
    axis.invert_yaxis()
    some = f", the {MOST} of {len(comparison.labels)} labels that change most" if len(order) == MOST else ""
    axis.set_xlabel(f"recall on the test rows of a label (their number){some}")
    ruled(axis, "x")
    above(axis, 2)
    return closed(figure)


def plot_worth(comparison: Comparison) -> Figure:
    """Return macro-F1 by real rows a label, the score with synthetic rows across: where they meet is their worth."""
    if not (curve := real_curve(comparison, comparison.student)) or (BOTH, comparison.student) not in comparison.fits:
        raise SynthkitError("this comparison has no arms of more real rows, as sk.standard_arms(made) makes them")
    figure, (axis,) = grid(1, 1, 1, size=(6.2, 3.6))
    sizes, f1 = list(curve.values()), [comparison.get(arm).macro_f1 for arm in curve]
    both = comparison.get(BOTH).macro_f1
    axis.axhspan(both.low, both.high, color=VERMILION, alpha=0.15, lw=0)
    axis.axhline(both.value, color=VERMILION, label=f"{sizes[0]:.0f} real a label and synthetic ones")
    for x, y in zip(sizes, f1, strict=True):
        axis.plot([x, x], [y.low, y.high], color=BLUE, lw=2, solid_capstyle="round")
    axis.plot(sizes, [y.value for y in f1], "o-", color=BLUE, ms=6, lw=1, label="real rows alone")
    axis.set_xscale("log")
    axis.set_xticks(sizes, [f"{x:,.0f}" for x in sizes])
    axis.minorticks_off()
    axis.set_xlabel("real rows a label")
    axis.set_ylabel(f"macro-F1 on {comparison.test_rows:,} test rows")
    ruled(axis, "y")
    axis.legend(loc="lower right", fontsize=9)
    return closed(figure)


def plot_strategies(strategies: StrategyComparison) -> Figure:
    """Return ways of asking by use: macro-F1 with the few real rows (95 % intervals) and tokens for each row kept."""
    f1 = {e.strategy: strategies.score(f"real_few+{e.strategy}") for e in strategies.entries}
    ordered = sorted(strategies.entries, key=lambda e: -f1[e.strategy].value)
    figure, (quality, cost) = grid(1, 2, 1, size=(6.8, 0.34 * len(ordered) + 1.3))
    quality.get_gridspec().set_width_ratios([3, 1.3])
    for row, e in enumerate(ordered):
        value, mix = f1[e.strategy], "+" in e.strategy or "mix" in e.strategy
        colour, marker = (VERMILION, "D") if mix else (BLUE, "o")
        quality.plot([value.low, value.high], [row, row], color=colour, lw=2)
        quality.plot(value.value, row, marker, color=colour, ms=7)
        tokens = e.tokens / max(1, e.kept)
        cost.plot([0, tokens], [row, row], color=GREY, lw=1)
        cost.plot(tokens, row, marker, color=colour, ms=6)
        cost.annotate(f"{tokens:.0f}", (tokens, row), (7, 0), textcoords="offset points", va="center", fontsize=9)
    few = strategies.score("real_few")
    quality.axvline(few.value, color=GREY, ls="--", lw=1.2)
    quality.annotate(
        "the few real rows alone", (few.value, 1.01), xycoords=("data", "axes fraction"), fontsize=8, ha="center"
    )
    quality.set_yticks(range(len(ordered)), [plain(_short(e.strategy)) for e in ordered], fontsize=9)
    cost.set_yticks([])
    for axis in (quality, cost):
        axis.set_ylim(len(ordered) - 0.4, -0.6)
    kind = "stand-in" if strategies.comparison.stand_in else "real"
    quality.set_xlabel(f"macro-F1 with the few real rows,\non {strategies.comparison.test_rows:,} {kind} rows")
    cost.set_xlabel("tokens for each row kept,\nprompts and replies")
    quality.margins(x=0.08)
    cost.set_xlim(0, 1.25 * max(e.tokens / max(1, e.kept) for e in ordered))
    return closed(figure)


def _short(name: str) -> str:
    """A mix of many by its first part: the table has all of them."""
    parts = name.split("+")
    return name if len(parts) < 3 else f"{parts[0]} + {len(parts) - 1} more"
