"""Ways of asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthkit.plots.panels import closed, grid, plain
from synthkit.style import BLUE, GREY, VERMILION, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from synthkit.contest import StrategyComparison


def plot_contest(contest: StrategyComparison) -> Figure:
    """Return ways of asking by use, with what each kept row cost: macro-F1 with the few real rows, 95 % intervals."""
    theme()
    f1 = {e.strategy: contest.comparison.get(f"real_few+{e.strategy}", "minilm_lr").macro_f1 for e in contest.entries}
    ordered = sorted(contest.entries, key=lambda e: -f1[e.strategy].value)
    figure, (axis,) = grid(1, 1, 1, size=(7.2, 0.5 * len(ordered) + 1.2))
    for row, e in enumerate(ordered):
        value, mix = f1[e.strategy], "+" in e.strategy
        colour, marker = (VERMILION, "D") if mix else (BLUE, "o")
        axis.plot([value.low, value.high], [row, row], color=colour, lw=2)
        axis.plot(value.value, row, marker, color=colour, ms=7)
    few = contest.comparison.get("real_few", "minilm_lr").macro_f1
    axis.axvline(few.value, color=GREY, ls="--", lw=1.2)
    axis.annotate(" the few real\n rows alone", (few.value, 0.02), xycoords=("data", "axes fraction"), fontsize=8)
    names = [e.strategy if e.strategy.count("+") < 2 else f"a mix of {e.strategy.count('+') + 1}" for e in ordered]
    cost = [f"{e.tokens / max(1, e.kept):.0f} tokens a row" for e in ordered]
    axis.set_yticks(
        range(len(ordered)), [plain(f"{name}\n{c}") for name, c in zip(names, cost, strict=True)], fontsize=8
    )
    axis.invert_yaxis()
    kind = "stand-in" if contest.comparison.stand_in else "real"
    axis.set_xlabel(f"macro-F1 with the few real rows, on {contest.comparison.test_rows:,} {kind} rows")
    axis.margins(x=0.1)
    return closed(figure)
