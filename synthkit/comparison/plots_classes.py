"""The labels one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthkit.core.errors import SynthkitError
from synthkit.core.figures import BLUE, GREY, VERMILION, theme
from synthkit.core.panels import closed, grid, plain
from synthkit.core.stats import recalls

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from synthkit.comparison.comparison import Comparison

MOST = 30  # labels in one figure: of more, those that change most


def plot_classes(comparison: Comparison) -> Figure:
    """Return each label's recall before and after, joined by a line: the primary contrast, largest loss first."""
    theme()
    if not comparison.primary:
        raise SynthkitError("this comparison has no primary contrast: compare(..., primary=('with', 'without'))")
    after, before = (
        np.mean(
            [
                recalls(comparison.fits.truth, p, len(comparison.labels))
                for p in comparison.fits.predicted[arm, comparison.student]
            ],
            axis=0,
        )
        for arm in comparison.primary
    )
    most = np.argsort(-np.abs(after - before), kind="stable")[:MOST]
    order = most[np.argsort((after - before)[most], kind="stable")]
    figure, (axis,) = grid(1, 1, 1, size=(7.2, 0.3 * len(order) + 1.5))
    for row, c in enumerate(order):
        colour = VERMILION if after[c] < before[c] else BLUE
        axis.plot([before[c], after[c]], [row, row], color=colour, lw=2)
        axis.plot(before[c], row, "o", mfc="white", mec=GREY, ms=7, label=comparison.primary[1] if not row else None)
        axis.plot(after[c], row, "o", color=colour, ms=7, label=comparison.primary[0] if not row else None)
    counts = np.bincount(comparison.fits.truth, minlength=len(comparison.labels))
    axis.set_yticks(range(len(order)), [f"{plain(comparison.labels[c])} ({counts[c]})" for c in order], fontsize=9)
    axis.invert_yaxis()
    some = f", the {MOST} of {len(comparison.labels)} labels that change most" if len(order) == MOST else ""
    axis.set_xlabel(f"recall on the test rows of a label (their number){some}")
    axis.grid(axis="x", color="#e3e3e3", lw=0.8)
    axis.set_axisbelow(True)
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=9)
    return closed(figure)
