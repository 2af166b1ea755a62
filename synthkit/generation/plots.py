"""The ledger as a waterfall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from synthkit.core.figures import BLUE, GREY, VERMILION, closed, grid, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

LINE = 0.36  # inches of a bar


def plot_ledger(ledgers: pd.DataFrame | Mapping[str, pd.DataFrame]) -> Figure:
    """Return a ledger (`made.ledger.to_frame()`) as a waterfall: texts asked for, lost on the way, kept.

    Several, by name, stand below each other on one scale.
    """
    named = ledgers if isinstance(ledgers, Mapping) else {"": ledgers}
    falls = {name: _losses(frame) for name, frame in named.items()}
    heights = [len(losses) + 2 + bool(name) for name, (_, losses, _) in falls.items()]
    figure, axes = grid(len(falls), 1, 1, size=(7.2, LINE * sum(heights) + 0.8))
    axes[0].get_gridspec().set_height_ratios(heights)
    for axis, (name, fall) in zip(axes, falls.items(), strict=True):
        _draw(axis, *fall)
        axis.set_title(plain(name))
        axis.set_xlim(0, 1.1 * max(total for total, *_ in falls.values()))
        axis.tick_params(labelbottom=axis is axes[-1])
    axes[-1].set_xlabel("texts")
    return closed(figure)


def _losses(frame: pd.DataFrame) -> tuple[int, list[tuple[str, int]], int]:
    """Return how many texts were asked for, (reason, texts) of each loss, how many were kept."""
    counts = {str(step).strip(): count for step, count in zip(frame["step"], frame["count"], strict=True)}
    losses = [(s, int(counts[s])) for s in ("in unparsable replies", "fewer than asked") if int(counts[s])]
    losses += [(s.removeprefix("dropped: "), int(n)) for s, n in counts.items() if s.startswith("dropped: ")]
    return int(counts["texts asked for"]), losses, int(counts["kept"])


def _draw(axis, total: int, losses: list[tuple[str, int]], kept: int) -> None:
    left, ends = total, [total]
    axis.barh(0, total, color=GREY)
    for row, (_, count) in enumerate(losses, start=1):
        axis.barh(row, count, left=left - count, color=VERMILION, hatch="//", edgecolor="white", linewidth=0)
        ends.append(left)
        left -= count
    axis.barh(len(losses) + 1, kept, color=BLUE)
    for row, (end, count) in enumerate(zip([*ends, kept], [total, *(n for _, n in losses), kept], strict=True)):
        axis.annotate(f"{count:,}", (end, row), (5, 0), textcoords="offset points", va="center", fontsize=9)
    names = ["asked for", *(reason for reason, _ in losses), "kept"]
    axis.set_yticks(range(len(names)), [plain(name) for name in names])
    axis.invert_yaxis()
