"""What every figure starts from and ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = ["o", "^", "s", "D"]


def grid(rows: int, columns: int, side: float, size: tuple[float, float] | None = None):
    """Return a figure and its axes in one list."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        rows, columns, figsize=size or (side * columns, side * rows + 0.4), squeeze=False, layout="constrained"
    )
    return figure, list(axes.flat)


def plain(name: str) -> str:
    """A user's word as it is: between two dollar signs matplotlib would read mathematics."""
    return name.replace("$", r"\$")


def closed(figure: Figure) -> Figure:
    """Return the figure, closed: a notebook shows it once."""
    import matplotlib.pyplot as plt

    plt.close(figure)
    return figure
