"""One look for all figures: few colours, told apart also in grey and by colour-blind eyes; what all begin and end with.

Labels are shown in any script that an installed font can write; matplotlib brings Latin, Greek, Cyrillic and Arabic.
"""

from __future__ import annotations

import unicodedata
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, VERMILION, GREEN, MAUVE, GREY = "#0173B2", "#D55E00", "#029E73", "#CC78BC", "#949494"
COLOURS = [BLUE, VERMILION, GREEN, MAUVE]
MARKERS = ["o", "^", "s", "D"]
# what Linux, Windows and macOS have for scripts that matplotlib's own font lacks; used where installed
_FONTS = ["Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic"]
_FONTS += ["PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Noto Sans Devanagari", "Nirmala UI", "Unifont"]
_FONTS += ["Noto Sans Bengali", "Noto Sans Tamil", "Noto Sans Thai", "Leelawadee UI", "Noto Sans Arabic"]
_FONTS += ["Noto Sans Hebrew", "Arial Unicode MS"]


def theme() -> None:
    """Set seaborn's style for the kit's figures: quiet, readable in print, four colours and grey."""
    import seaborn as sns

    sns.set_theme(
        context="notebook",
        style="ticks",
        palette=COLOURS,
        rc={
            "figure.dpi": 100,
            "savefig.dpi": 100,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlesize": "medium",
            "axes.grid": False,
            "font.size": 10,
            "font.family": _families(),
            "legend.frameon": False,
        },
    )


@lru_cache(maxsize=1)
def _families() -> list[str]:
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _FONTS if name in installed)]


@lru_cache(maxsize=1)
def _covered() -> frozenset[int]:
    """Return the characters that the figures' fonts can write."""
    from matplotlib.font_manager import findfont, get_font

    return frozenset(c for family in _families() for c in get_font(findfont(family)).get_charmap())


def plain(name: str) -> str:
    """Return a user's word as a figure can show it: no mathematics, and no boxes where a script has no font.

    Between two dollar signs matplotlib would read mathematics. What no installed font can write becomes the numbers of
    its characters, with a warning that says so.
    """
    shown = "".join(c for c in name if unicodedata.category(c) != "Cf" and c != "\N{VARIATION SELECTOR-16}")
    if any(ord(c) not in _covered() and not c.isspace() for c in shown):
        warnings.warn(
            "no installed font can write some of the labels: figures show their characters by number. Install one, as "
            "Noto Sans (Debian: fonts-noto-cjk, fonts-noto-core), and start Python again",
            stacklevel=2,
        )
        pieces = [c if ord(c) in _covered() or c.isspace() else f"{ord(c):X}." for c in shown]
        shown = "".join(pieces if len(pieces) <= 6 else [*pieces[:4], "…", *pieces[-2:]]).strip(".")
    return shown.replace("$", r"\$")


def grid(rows: int, columns: int, side: float, size: tuple[float, float] | None = None):
    """Return a figure in the kit's style and its axes in one list."""
    import matplotlib.pyplot as plt

    theme()
    figure, axes = plt.subplots(
        rows, columns, figsize=size or (side * columns, side * rows + 0.4), squeeze=False, layout="constrained"
    )
    return figure, list(axes.flat)


def ruled(axis, way: str) -> None:
    """Draw quiet lines behind an axis, across "x" or "y"."""
    axis.grid(axis=way, color="#e3e3e3", lw=0.8)
    axis.set_axisbelow(True)


def above(axis, columns: int) -> None:
    """Put the legend of an axis above it, in so many columns."""
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, fontsize=9)


def captioned(figure: Figure, words: str) -> None:
    """Show a figure in a notebook and below it `words` computed with it, which screen readers say in its place."""
    from IPython.display import Markdown, display

    closed(figure)
    display(figure, metadata={"image/png": {"alt": words}})
    display(Markdown(f"*Figure: {words}*"))


def closed(figure: Figure) -> Figure:
    """Return the figure, closed: a notebook shows it once."""
    import matplotlib.pyplot as plt

    plt.close(figure)
    return figure
