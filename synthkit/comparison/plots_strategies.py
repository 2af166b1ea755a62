"""Ways of asking: what they are good for beside what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthkit.core.figures import BLUE, GREY, VERMILION, theme
from synthkit.core.panels import closed, grid, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from synthkit.comparison.strategies import StrategyComparison


def plot_contest(contest: StrategyComparison) -> Figure:
    """Return ways of asking by use: macro-F1 with the few real rows (95 % intervals) and tokens for each row kept."""
    theme()
    f1 = {e.strategy: contest.score(f"real_few+{e.strategy}") for e in contest.entries}
    ordered = sorted(contest.entries, key=lambda e: -f1[e.strategy].value)
    figure, (quality, cost) = grid(1, 2, 1, size=(8.2, 0.34 * len(ordered) + 1.3))
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
    few = contest.score("real_few")
    quality.axvline(few.value, color=GREY, ls="--", lw=1.2)
    quality.annotate(
        "the few real rows alone", (few.value, 1.01), xycoords=("data", "axes fraction"), fontsize=8, ha="center"
    )
    quality.set_yticks(range(len(ordered)), [plain(_short(e.strategy)) for e in ordered], fontsize=9)
    cost.set_yticks([])
    for axis in (quality, cost):
        axis.set_ylim(len(ordered) - 0.4, -0.6)
    kind = "stand-in" if contest.comparison.stand_in else "real"
    quality.set_xlabel(f"macro-F1 with the few real rows,\non {contest.comparison.test_rows:,} {kind} rows")
    cost.set_xlabel("tokens for each row kept,\nprompts and replies")
    quality.margins(x=0.08)
    cost.set_xlim(0, 1.25 * max(e.tokens / max(1, e.kept) for e in ordered))
    return closed(figure)


def _short(name: str) -> str:
    """A mix of many by its first part: the table has all of them."""
    parts = name.split("+")
    return name if len(parts) < 3 else f"{parts[0]} + {len(parts) - 1} more"
