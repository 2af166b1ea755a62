"""The map to walk about in: hover to read, colour by what is asked, and every dot as a row of a table."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthkit.core.embedding import default_embedder, embed
from synthkit.core.errors import unknown
from synthkit.core.figures import COLOURS, GREY
from synthkit.core.results import Result, frame_of
from synthkit.core.rows import row_ids
from synthkit.views.map import map_coordinates

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

BY = ("source", "label", "nearest")
SIDE = 640  # of the picture
MORE = [*COLOURS, "#56B4E9", "#E69F00", "#F0E442", "#000000"]  # then grey: beside a legend, not told apart by it alone


@dataclass(frozen=True, repr=False)
class MapExplorer(Result):
    """Every text with its place on the map, its nearest real text of the same label, and how near (cosine)."""

    frame: pd.DataFrame
    by: str

    def summary(self) -> str:
        counts = self.frame["source"].value_counts()
        return "Map: " + ", ".join(f"{counts[name]:,} {name}" for name in counts.index) + f", coloured by {self.by}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row a text: source, id, label, text, x, y (0 to 1), nearest (an id), similarity."""
        return self.frame

    def within(self, x: tuple[float, float], y: tuple[float, float]) -> pd.DataFrame:
        """Return the texts in a rectangle of the map."""
        at = self.frame
        return at[at["x"].between(*x) & at["y"].between(*y)]

    def holes(self, n: int = 10) -> pd.DataFrame:
        """Return the `n` real texts that are farthest from any synthetic one of their label."""
        return self.frame[self.frame["source"] == "real"].nsmallest(n, "similarity")

    def _repr_html_(self) -> str:
        if self.by == "nearest":
            lowest, highest = self.frame["similarity"].min(), self.frame["similarity"].max()
            shade = (self.frame["similarity"] - lowest) / max(highest - lowest, 1e-9)
            colours = [f"hsl(210,70%,{25 + 60 * s:.0f}%)" for s in shade]
            legend = f"dark: nothing near ({lowest:.2f}) &middot; light: a twin ({highest:.2f})"
        else:
            names = list(dict.fromkeys(self.frame[self.by]))
            of = {
                name: GREY if name == "real" else (MORE + [GREY] * len(names))[i - ("real" in names)]
                for i, name in enumerate(names)
            }
            colours = [of[name] for name in self.frame[self.by]]
            legend = " &middot; ".join(
                f'<span style="color:{colour}">&#9679;</span> {html.escape(str(name))}' for name, colour in of.items()
            )
        dots = "".join(self._dot(row, colour) for row, colour in zip(self.frame.itertuples(), colours, strict=True))
        return (
            f"<p>{html.escape(self.summary())}. Real texts are round. Hover over a dot to read it.<br>{legend}</p>"
            f'<svg role="img" aria-label="{html.escape(self.summary())}" viewBox="-6 -6 {SIDE + 12} {SIDE + 12}" '
            f'style="width:100%;max-width:{SIDE}px">{dots}</svg>'
        )

    @staticmethod
    def _dot(row, colour: str) -> str:
        x, y = row.x * SIDE, (1 - row.y) * SIDE
        read = html.escape(f"{row.source}, {row.label}: {row.text}")
        if row.source == "real":
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="{colour}"><title>{read}</title></circle>'
        at = f'x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"'
        return f'<rect {at} fill="{colour}"><title>{read}</title></rect>'


def explore_map(
    real: Dataset, synthetic: Dataset | Mapping[str, Dataset], *, by: str = "source", embedder: str | None = None
) -> MapExplorer:
    """Return the map with every text to hover over; `by` colours it: "source", "label" or "nearest" (how near the
    nearest text of the same label on the other side is).

    Places are those of `plot_map`: synthetic texts are projected among the real ones, which sets some at the rim.
    `nearest` and `.holes()` come from the vectors, not from the picture.

    >>> explore_map(seeds.rest, made.rows, by="nearest")  # doctest: +SKIP
    """
    if by not in BY:
        raise unknown("by", by, BY)
    import pandas as pd

    arms = dict(synthetic) if isinstance(synthetic, Mapping) else {"synthetic": synthetic}
    used, real_xy, arm_xy = map_coordinates(real, arms, embedder=embedder)
    parts = [("real", real.select(used), real_xy), *((name, arms[name], xy) for name, xy in arm_xy.items())]
    frame = pd.concat(
        pd.DataFrame(
            {
                "source": name,
                "id": row_ids(rows, name),
                "label": rows["label"],
                "text": rows["text"],
                "x": xy[:, 0],
                "y": xy[:, 1],
            }
        )
        for name, rows, xy in parts
    ).reset_index(drop=True)
    for axis in ("x", "y"):
        frame[axis] = (frame[axis] - frame[axis].min()) / max(float(np.ptp(frame[axis])), 1e-9)
    is_real, labels = (frame["source"] == "real").to_numpy(), frame["label"].to_numpy()
    texts = list(frame["text"])
    fit_on = [t for t, here in zip(texts, is_real, strict=True) if here]
    vectors = embed(texts, embedder=embedder or default_embedder(), fit_on=fit_on)
    other_side = (is_real[:, None] != is_real[None, :]) & (labels[:, None] == labels[None, :])
    near = np.where(other_side, vectors @ vectors.T, -1.0)
    frame["similarity"] = near.max(axis=1)  # -1 where the other side has no text of the label
    frame["nearest"] = np.where(frame["similarity"] > -1, frame["id"].to_numpy()[near.argmax(axis=1)], "")
    return MapExplorer(frame_of(frame), by)
