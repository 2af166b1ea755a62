"""The ledger as a waterfall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthkit.plots.panels import closed, grid, plain
from synthkit.style import BLUE, GREY, VERMILION, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_ledger(frame) -> Figure:
    """Return the ledger as a waterfall: texts asked for, what was lost on the way, what was kept."""
    theme()
    counts = {str(step).strip(): count for step, count in zip(frame["step"], frame["count"], strict=True)}
    total, kept = int(counts["texts asked for"]), int(counts["kept"])
    losses = [(s.removeprefix("dropped: "), int(n)) for s, n in counts.items() if s.startswith("dropped: ")]
    losses = [(s, int(counts[s])) for s in ("in unparsable replies", "fewer than asked") if int(counts[s])] + losses
    figure, (axis,) = grid(1, 1, 1, size=(7.2, 0.36 * (len(losses) + 2) + 0.8))
    names, left = ["asked for", *(s for s, _ in losses), "kept"], total
    axis.barh(0, total, color=GREY)
    for row, (_, count) in enumerate(losses, start=1):
        axis.barh(row, count, left=left - count, color=VERMILION, hatch="//", edgecolor="white", linewidth=0)
        left -= count
    axis.barh(len(names) - 1, kept, color=BLUE)
    ends = [total, *np.subtract(total, np.cumsum([0, *(n for _, n in losses)][:-1]))[: len(losses)], kept]
    for row, (end, count) in enumerate(zip(ends, [total, *(n for _, n in losses), kept], strict=True)):
        axis.annotate(f"{count:,}", (end, row), (5, 0), textcoords="offset points", va="center", fontsize=9)
    axis.set_yticks(range(len(names)), [plain(name) for name in names])
    axis.invert_yaxis()
    axis.set_xlabel("texts")
    axis.margins(x=0.1)
    return closed(figure)
