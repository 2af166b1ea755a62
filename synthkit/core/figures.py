"""One look for all figures: few colours, told apart also in grey and by colour-blind eyes."""

from __future__ import annotations

BLUE, VERMILION, GREEN, MAUVE, GREY = "#0173B2", "#D55E00", "#029E73", "#CC78BC", "#949494"
COLOURS = [BLUE, VERMILION, GREEN, MAUVE]


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
            "legend.frameon": False,
        },
    )
