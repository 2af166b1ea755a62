"""The quality report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthkit.plots.panels import closed, grid
from synthkit.style import BLUE, GREY, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from synthkit.metrics.report import Report


def plot_report(report: Report) -> Figure:
    """Return one small panel a metric: the synthetic value beside what real rows of the same number give."""
    theme()
    lines = [x for x in report.lines if x.synthetic and x.control]
    figure, axes = grid(1, len(lines), 1, size=(2.1 * len(lines) + 0.6, 2.6))
    for axis, line in zip(axes, lines, strict=True):
        for x, (value, colour, marker) in enumerate([(line.synthetic, BLUE, "o"), (line.control, GREY, "s")]):
            axis.plot([x, x], [value.low, value.high], color=colour, lw=2)
            axis.plot(x, value.value, marker, color=colour, ms=8)
        axis.set_xticks([0, 1], ["synthetic", "real"])
        axis.set_xlim(-0.5, 1.5)
        title = line.metric if len(line.metric) < 22 else "longest copied run\nof words"
        axis.set_title(title, fontsize=10)
        axis.set_xlabel(line.better, fontsize=9, color="#555555")
        low, high = axis.get_ylim()
        if high - low < 0.05 * max(abs(high), 1e-9):
            axis.set_ylim(low - 0.05 * abs(high), high + 0.05 * abs(high))
    return closed(figure)
