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
    """Return one page of four figures: lines on the scale of their controls, labels, lengths, nearest rows."""
    import matplotlib.pyplot as plt

    theme()
    heights = [0.25 * len(report.lines) + 0.6, 0.25 * len(_shares(report)) + 0.6, 2.4]
    figure = plt.figure(figsize=(6.2, sum(heights) + 0.6), layout="constrained")
    grid = figure.add_gridspec(3, 2, height_ratios=heights)
    _against_controls(figure.add_subplot(grid[0, :]), report)
    _labels(figure.add_subplot(grid[1, :]), report)
    for place, name in zip((grid[2, 0], grid[2, 1]), UNITS, strict=True):
        _samples(figure.add_subplot(place), report, name)
    title = (
        f"{report.synthetic_rows:,} synthetic (blue) beside {report.real_rows:,} real rows (grey), {report.m:,} a side"
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    return closed(figure)


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
    for row, line in enumerate(report.lines):
        style = {"color": VERMILION, "weight": "bold"} if line.outside else {"color": "#222222"}
        axis.text(7.4, row, str(line.synthetic).partition(" [")[0], ha="right", va="center", fontsize=9, **style)
    axis.text(7.4, -1, "synthetic", ha="right", va="center", fontsize=9, color="#555555")
    axis.set(xlim=(-5.6, 7.4), ylim=(len(report.lines) - 0.5, -0.6), xticks=[-5, -1, 0, 1, 5])
    axis.set_yticks(range(len(report.lines)), [plain(line.metric) for line in report.lines], fontsize=9)
    axis.set_xticklabels(["lower", "", "control", "", "higher"], fontsize=9)
    axis.set_title("each line on its control's scale", fontsize=10)
    axis.spines["left"].set_visible(False)
    axis.tick_params(axis="y", length=0)


def _shares(report: Report) -> list:
    return sorted(report.tables.get("label shares", ()), key=lambda s: -s.real)[:LABELS]


def _labels(axis: Axes, report: Report) -> None:
    rows = _shares(report)
    for place, share in enumerate(rows):
        axis.plot([share.real, share.synthetic], [place, place], color="#cccccc", lw=1.5, zorder=1)
        axis.plot(share.real, place, "s", color=GREY, ms=6)
        axis.plot(share.synthetic, place, "o", color=BLUE, ms=6)
    axis.set_yticks(range(len(rows)), [plain(s.value[:24]) for s in rows], fontsize=9)
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
