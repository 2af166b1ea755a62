"""The quality report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthkit.core.figures import BLUE, GREY, VERMILION, closed, plain, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from synthkit.quality.evaluate import Report

LABELS = 12  # labels drawn at the most
UNITS = {"words a text": "words", "nearest real row": "distance of unit vectors"}


def plot_report(report: Report) -> Figure:
    """Return one page: a table of the lines and four figures (lines on controls, labels, lengths, nearest rows)."""
    import matplotlib.pyplot as plt

    theme()
    lines = len(report.lines)
    figure = plt.figure(figsize=(10.5, 0.24 * lines + 5.6), layout="constrained")
    grid = figure.add_gridspec(2, 3, height_ratios=[0.24 * lines + 1.0, 3.2])
    _table(figure.add_subplot(grid[0, :2]), report)
    _against_controls(figure.add_subplot(grid[0, 2]), report)
    _labels(figure.add_subplot(grid[1, 0]), report)
    for place, name in zip((grid[1, 1], grid[1, 2]), UNITS, strict=True):
        _samples(figure.add_subplot(place), report, name)
    title = (
        f"{report.synthetic_rows:,} synthetic (blue) beside {report.real_rows:,} real rows (grey), {report.m:,} a side"
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    return closed(figure)


def _table(axis: Axes, report: Report) -> None:
    axis.set_axis_off()
    axis.set(xlim=(0, 1), ylim=(len(report.lines) - 0.5, -1.5))
    columns = [(0.0, "left", "metric"), (0.56, "right", "synthetic"), (1.0, "right", "control")]
    for x, side, name in columns:
        axis.text(x, -1, name, ha=side, va="center", fontsize=9, color="#555555")
    section = ""
    for row, line in enumerate(report.lines):
        if line.section != section:
            section = line.section
            axis.axhline(row - 0.5, color="#cccccc", lw=0.8)
        colour = VERMILION if line.outside else "#222222"
        control = "" if line.control is None else str(line.control)
        value = str(line.synthetic).partition(" [")[0]
        for (x, side, _), text in zip(columns, (line.metric, value, control), strict=True):
            style = {"color": colour, "weight": "bold" if line.outside else "normal"} if x == 0.56 else {}
            axis.text(x, row, plain(text), ha=side, va="center", fontsize=9, **{"color": "#222222", **style})


def _against_controls(axis: Axes, report: Report) -> None:
    """Every line on the scale of its control: 0 is the control, the grey band its brackets."""
    axis.axvspan(-1, 1, color=GREY, alpha=0.25, lw=0)
    axis.axvline(0, color=GREY, lw=1)
    for row, line in enumerate(report.lines):
        if line.control is None or line.control.high - line.control.low < 1e-12:
            continue
        half = (line.control.high - line.control.low) / 2
        place = (line.synthetic.value - (line.control.high + line.control.low) / 2) / half
        shown, colour = float(np.clip(place, -5, 5)), VERMILION if line.outside else BLUE
        axis.plot(shown, row, "o" if shown == place else ("<" if place < 0 else ">"), color=colour, ms=6)
    axis.set(xlim=(-5.6, 5.6), ylim=(len(report.lines) - 0.5, -1.5), yticks=[], xticks=[-5, -1, 0, 1, 5])
    axis.set_xticklabels(["lower", "", "control", "", "higher"], fontsize=8)
    axis.set_title("each line on its control's scale", fontsize=10)
    axis.spines["left"].set_visible(False)


def _labels(axis: Axes, report: Report) -> None:
    rows = sorted(report.tables.get("label shares", ()), key=lambda s: -s.real)[:LABELS]
    for place, share in enumerate(rows):
        axis.plot([share.real, share.synthetic], [place, place], color="#cccccc", lw=1.5, zorder=1)
        axis.plot(share.real, place, "s", color=GREY, ms=6)
        axis.plot(share.synthetic, place, "o", color=BLUE, ms=6)
    axis.set_yticks(range(len(rows)), [plain(s.value[:24]) for s in rows], fontsize=8)
    axis.set_ylim(max(len(rows) - 0.5, 0.5), -0.5)
    axis.set_xlim(left=0)
    axis.set_title("share of each label", fontsize=10)


def _samples(axis: Axes, report: Report, name: str) -> None:
    """Cumulative shares: no bin width to choose."""
    for values, colour, style in zip(report.samples.get(name, ()), (BLUE, GREY), ("-", "--"), strict=False):
        axis.plot(np.sort(values), np.arange(1, len(values) + 1) / len(values), color=colour, ls=style, lw=2)
    axis.set(ylim=(0, 1.02), yticks=[0, 0.5, 1])
    axis.set_title(f"{name}: share up to", fontsize=10)
    axis.set_xlabel(UNITS[name], fontsize=9, color="#555555")
