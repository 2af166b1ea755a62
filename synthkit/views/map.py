"""The map of synthetic rows among real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from synthkit.core.embedding import default_embedder, embed
from synthkit.core.errors import SynthkitError
from synthkit.core.figures import COLOURS, MARKERS, closed, grid, plain
from synthkit.llm.store import home

if TYPE_CHECKING:
    from datasets import Dataset
    from matplotlib.figure import Figure


MAP_ROWS = 20  # real rows that a map needs at the least
FIT_ROWS = 4000  # UMAP is fitted on at most this many real rows; above 4,096 it changes its algorithm and compiles anew
PANELS = 15  # with more labels than this the map is one panel


def map_coordinates(
    real: Dataset, arms: Mapping[str, Dataset], *, embedder: str | None = None, random_state: int = 0
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return (positions of the real rows used, their coordinates (n, 2), coordinates by arm).

    UMAP (McInnes et al. 2018) is fitted on the real rows alone; the arms are projected into it in one call, since its
    result depends on what is projected together. Coordinates are kept on disk. They are a picture: no number comes from
    them.
    """
    embedder = embedder or default_embedder()
    rng = np.random.default_rng(random_state)
    used = np.sort(rng.permutation(len(real))[:FIT_ROWS])
    if len(used) < MAP_ROWS:
        raise SynthkitError(f"a map needs at least {MAP_ROWS} real rows; got {len(real)}")
    real_texts = [real["text"][int(i)] for i in used] if len(used) < len(real) else list(real["text"])
    arm_texts = {name: list(rows["text"]) for name, rows in arms.items()}
    everything = real_texts + [t for texts in arm_texts.values() for t in texts]
    vectors = embed(everything, embedder=embedder, fit_on=real_texts)
    digest = hashlib.sha256(f"{random_state} {[len(t) for t in arm_texts.values()]} {len(used)}".encode())
    digest.update(np.ascontiguousarray(vectors).tobytes())
    kept = home() / "maps" / f"{digest.hexdigest()[:24]}.npy"
    try:
        xy = np.load(kept)
    except (OSError, ValueError, EOFError):  # not there, or cut off
        xy = _umap(vectors, len(used), random_state)
        with suppress(OSError):  # a map can be drawn again
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, xy)
    ends = np.cumsum([len(used), *map(len, arm_texts.values())])
    return used, xy[: ends[0]], {n: xy[a:b] for n, a, b in zip(arm_texts, ends[:-1], ends[1:], strict=True)}


def _umap(vectors: np.ndarray, n_real: int, random_state: int) -> np.ndarray:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP, layouts, umap_

        for function in [*vars(umap_).values(), *vars(layouts).values()]:
            if hasattr(function, "enable_caching"):
                with suppress(RuntimeError):  # what is compiled is kept: 13 seconds of every process that draws a map
                    function.enable_caching()
        reducer = UMAP(metric="cosine", n_neighbors=15, min_dist=0.1, random_state=random_state, n_jobs=1)
        real = reducer.fit_transform(vectors[:n_real])
        rest = reducer.transform(vectors[n_real:]) if len(vectors) > n_real else np.empty((0, 2))
    return np.concatenate([real, rest]).astype(np.float32)


def plot_map(
    real: Dataset, synthetic: Dataset | Mapping[str, Dataset], *, embedder: str | None = None, random_state: int = 0
) -> Figure:
    """Return a map of synthetic rows among the real ones: one small panel a label.

    In a panel, light grey is every real row, dark grey the label's real rows, colour the label's synthetic rows (one
    colour and marker an arm, up to four). Dark grey with no colour near it is what the generator misses.

    >>> plot_map(seeds.rest, {"few-shot": made.rows})  # doctest: +SKIP
    """
    arms = dict(synthetic) if isinstance(synthetic, Mapping) else {"synthetic": synthetic}
    if len(arms) > len(COLOURS):
        raise SynthkitError(f"{len(arms)} arms on one map: at most {len(COLOURS)} can be told apart")
    used, real_xy, arm_xy = map_coordinates(real, arms, embedder=embedder, random_state=random_state)
    real_labels = np.asarray(real["label"])[used]
    labels = sorted(set(real_labels))
    panels = labels if len(labels) <= PANELS else [None]
    columns = min(3, len(panels)) if len(panels) > 1 else 1
    figure, axes = grid(ceil(len(panels) / columns), columns, 3.0 if len(panels) > 1 else 6.0)
    for axis, label in zip(axes, panels, strict=False):
        axis.scatter(*real_xy.T, s=5, c="#e3e3e3", linewidths=0, rasterized=True)
        labelled = real_labels == label if label is not None else np.ones(len(real_labels), dtype=bool)
        axis.scatter(*real_xy[labelled].T, s=11, c="#6b6b6b", linewidths=0, label="real")
        for (name, xy), colour, marker in zip(arm_xy.items(), COLOURS, MARKERS, strict=False):
            labelled = np.asarray(arms[name]["label"]) == label if label is not None else np.ones(len(xy), dtype=bool)
            edge = {"linewidths": 0.4, "edgecolors": "white"}
            axis.scatter(*xy[labelled].T, s=17, c=colour, marker=marker, label=plain(name), **edge)
        axis.set_title(plain(label or "all labels"), fontsize=10)
        axis.set(xticks=[], yticks=[])
        for side in axis.spines.values():
            side.set_visible(False)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper right", ncols=len(names), fontsize=9, markerscale=1.6)
    figure.suptitle(f"{len(used):,} real rows and what was projected among them", x=0.01, ha="left", fontsize=11)
    return closed(figure)
