"""Figures: the map of synthetic among real rows, the comparison, the report, the ledger. Each is returned closed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from synthkit.embedding import default_embedder, embed
from synthkit.errors import SynthkitError
from synthkit.llm.store import home
from synthkit.style import BLUE, COLOURS, GREY, VERMILION, theme

if TYPE_CHECKING:
    from datasets import Dataset
    from matplotlib.figure import Figure

    from synthkit.comparison import Comparison
    from synthkit.contest import StrategyComparison
    from synthkit.metrics.report import Report

MAP_ROWS = 20  # real rows that a map needs at the least
FIT_ROWS = 4000  # UMAP is fitted on at most this many real rows; above 4,096 it changes its algorithm and compiles anew
PANELS = 15  # with more labels than this the map is one panel
MARKERS = ["o", "^", "s", "D"]


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
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, xy)
        except OSError:
            pass  # a map can be drawn again
    ends = np.cumsum([len(used), *map(len, arm_texts.values())])
    return used, xy[: ends[0]], {n: xy[a:b] for n, a, b in zip(arm_texts, ends[:-1], ends[1:], strict=True)}


def _umap(vectors: np.ndarray, n_real: int, random_state: int) -> np.ndarray:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

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
    """
    theme()
    arms = dict(synthetic) if isinstance(synthetic, Mapping) else {"synthetic": synthetic}
    if len(arms) > len(COLOURS):
        raise SynthkitError(f"{len(arms)} arms on one map: at most {len(COLOURS)} can be told apart")
    used, real_xy, arm_xy = map_coordinates(real, arms, embedder=embedder, random_state=random_state)
    real_labels = np.asarray(real["label"])[used]
    labels = sorted(set(real_labels))
    panels = labels if len(labels) <= PANELS else [None]
    columns = min(3, len(panels)) if len(panels) > 1 else 1
    figure, axes = _grid(ceil(len(panels) / columns), columns, 3.0 if len(panels) > 1 else 6.0)
    for axis, label in zip(axes, panels, strict=False):
        axis.scatter(*real_xy.T, s=5, c="#e3e3e3", linewidths=0, rasterized=True)
        own = real_labels == label if label is not None else np.ones(len(real_labels), dtype=bool)
        axis.scatter(*real_xy[own].T, s=11, c="#6b6b6b", linewidths=0, label="real")
        for (name, xy), colour, marker in zip(arm_xy.items(), COLOURS, MARKERS, strict=False):
            mine = np.asarray(arms[name]["label"]) == label if label is not None else np.ones(len(xy), dtype=bool)
            edge = {"linewidths": 0.4, "edgecolors": "white"}
            axis.scatter(*xy[mine].T, s=17, c=colour, marker=marker, label=_plain(name), **edge)
        axis.set_title(_plain(label or "all labels"), fontsize=10)
        axis.set(xticks=[], yticks=[])
        for side in axis.spines.values():
            side.set_visible(False)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper right", ncols=len(names), fontsize=9, markerscale=1.6)
    figure.suptitle(f"{len(used):,} real rows and what was projected among them", x=0.01, ha="left", fontsize=11)
    return _closed(figure)


def plot_comparison(comparison: Comparison) -> Figure:
    """Return dots and 95 % intervals of macro-F1: one row an arm, one marker a student."""
    theme()
    arms = list(dict.fromkeys(s.arm for s in comparison.scores))
    students = list(dict.fromkeys(s.student for s in comparison.scores))
    figure, (axis,) = _grid(1, 1, 1, size=(7.2, 0.62 * len(arms) + 1.4))
    for number, (student, colour, marker) in enumerate(zip(students, COLOURS, MARKERS, strict=False)):
        lift = (number - (len(students) - 1) / 2) * 0.24
        for row, arm in enumerate(arms):
            f1 = comparison.get(arm, student).macro_f1
            axis.plot([f1.low, f1.high], [row + lift] * 2, color=colour, lw=2, solid_capstyle="round")
            axis.plot(f1.value, row + lift, marker, color=colour, ms=7, label=student if row == 0 else None)
            axis.annotate(
                f"{f1.value:.3f}", (f1.high, row + lift), (6, 0), textcoords="offset points", va="center", fontsize=9
            )
    rows = {s.arm: s.rows for s in comparison.scores}
    axis.set_yticks(range(len(arms)), [f"{_plain(arm)}\n{rows[arm]:,} rows" for arm in arms])
    axis.invert_yaxis()
    kind = "stand-in" if comparison.stand_in else "real"
    axis.set_xlabel(f"macro-F1 on {comparison.test_rows:,} {kind} test rows, with 95 % interval")
    axis.margins(x=0.12)
    axis.grid(axis="x", color="#e3e3e3", lw=0.8)
    axis.set_axisbelow(True)
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(students), fontsize=9)
    return _closed(figure)


def plot_contest(contest: StrategyComparison) -> Figure:
    """Return ways of asking by use, with what each kept row cost: macro-F1 with the few real rows, 95 % intervals."""
    theme()
    f1 = {e.strategy: contest.comparison.get(f"real_few+{e.strategy}", "minilm_lr").macro_f1 for e in contest.entries}
    ordered = sorted(contest.entries, key=lambda e: -f1[e.strategy].value)
    figure, (axis,) = _grid(1, 1, 1, size=(7.2, 0.5 * len(ordered) + 1.2))
    for row, e in enumerate(ordered):
        value, mix = f1[e.strategy], "+" in e.strategy
        colour, marker = (VERMILION, "D") if mix else (BLUE, "o")
        axis.plot([value.low, value.high], [row, row], color=colour, lw=2)
        axis.plot(value.value, row, marker, color=colour, ms=7)
    few = contest.comparison.get("real_few", "minilm_lr").macro_f1
    axis.axvline(few.value, color=GREY, ls="--", lw=1.2)
    axis.annotate(" the few real\n rows alone", (few.value, 0.02), xycoords=("data", "axes fraction"), fontsize=8)
    names = [e.strategy if e.strategy.count("+") < 2 else f"a mix of {e.strategy.count('+') + 1}" for e in ordered]
    cost = [f"{e.tokens / max(1, e.kept):.0f} tokens a row" for e in ordered]
    axis.set_yticks(
        range(len(ordered)), [_plain(f"{name}\n{c}") for name, c in zip(names, cost, strict=True)], fontsize=8
    )
    axis.invert_yaxis()
    kind = "stand-in" if contest.comparison.stand_in else "real"
    axis.set_xlabel(f"macro-F1 with the few real rows, on {contest.comparison.test_rows:,} {kind} rows")
    axis.margins(x=0.1)
    return _closed(figure)


def plot_report(report: Report) -> Figure:
    """Return one small panel a metric: the synthetic value beside what real rows of the same number give."""
    theme()
    lines = [x for x in report.lines if x.synthetic and x.control]
    figure, axes = _grid(1, len(lines), 1, size=(2.1 * len(lines) + 0.6, 2.6))
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
    return _closed(figure)


def plot_ledger(frame) -> Figure:
    """Return the ledger as a waterfall: texts asked for, what was lost on the way, what was kept."""
    theme()
    counts = {str(step).strip(): count for step, count in zip(frame["step"], frame["count"], strict=True)}
    total, kept = int(counts["texts asked for"]), int(counts["kept"])
    losses = [(s.removeprefix("dropped: "), int(n)) for s, n in counts.items() if s.startswith("dropped: ")]
    losses = [(s, int(counts[s])) for s in ("in unparsable replies", "fewer than asked") if int(counts[s])] + losses
    figure, (axis,) = _grid(1, 1, 1, size=(7.2, 0.36 * (len(losses) + 2) + 0.8))
    names, left = ["asked for", *(s for s, _ in losses), "kept"], total
    axis.barh(0, total, color=GREY)
    for row, (_, count) in enumerate(losses, start=1):
        axis.barh(row, count, left=left - count, color=VERMILION, hatch="//", edgecolor="white", linewidth=0)
        left -= count
    axis.barh(len(names) - 1, kept, color=BLUE)
    ends = [total, *np.subtract(total, np.cumsum([0, *(n for _, n in losses)][:-1]))[: len(losses)], kept]
    for row, (end, count) in enumerate(zip(ends, [total, *(n for _, n in losses), kept], strict=True)):
        axis.annotate(f"{count:,}", (end, row), (5, 0), textcoords="offset points", va="center", fontsize=9)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.set_xlabel("texts")
    axis.margins(x=0.1)
    return _closed(figure)


def _grid(rows: int, columns: int, side: float, size: tuple[float, float] | None = None):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        rows, columns, figsize=size or (side * columns, side * rows + 0.4), squeeze=False, layout="constrained"
    )
    return figure, list(axes.flat)


def _plain(name: str) -> str:
    """A user's word as it is: between two dollar signs matplotlib would read mathematics."""
    return name.replace("$", r"\$")


def _closed(figure: Figure) -> Figure:
    import matplotlib.pyplot as plt

    plt.close(figure)
    return figure
