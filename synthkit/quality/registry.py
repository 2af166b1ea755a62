"""Every metric that is measured on the cuts of `halves`: its section, its name, which way is better."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from synthkit.core.errors import unknown
from synthkit.quality.alignment import (
    c2st,
    covered,
    frechet,
    jensen_shannon,
    lengths,
    mauve,
    supported,
    unigrams,
)
from synthkit.quality.controls import Draw, Side
from synthkit.quality.diversity import compression_ratio, distinct, self_bleu, self_repetition, vendi
from synthkit.quality.fidelity import fluency, knn_fidelity

SECTIONS = ("diversity", "fidelity", "alignment", "privacy", "bias")
SMALLEST = 50  # rows a side below which fidelity and alignment are a picture and not a number


class Metric(NamedTuple):
    """`measure(draw, side)`: of the second half or of the synthetic rows, against the first half where it compares."""

    section: str
    better: str
    measure: Callable[[Draw, Side], float]
    default: bool = True
    cuts: int = 20
    small: bool = False  # whether fewer than SMALLEST rows a side will do
    labels: bool = False  # whether labels in common are needed


METRICS: dict[str, Metric] = {
    "distinct-2": Metric(
        "diversity", "like real", lambda d, side: distinct(side.tokens, 2, budget=d.words), small=True
    ),
    "self-repetition": Metric(
        "diversity", "like real", lambda d, side: self_repetition(side.tokens, budget=d.words), small=True
    ),
    "compression ratio": Metric(
        "diversity", "like real", lambda d, side: compression_ratio(side.texts, budget=d.bytes), small=True
    ),
    "Vendi score": Metric("diversity", "like real", lambda d, side: vendi(side.vectors), small=True),
    "self-BLEU": Metric("diversity", "like real", lambda d, side: self_bleu(side.tokens), default=False, cuts=5),
    "label fidelity (kNN)": Metric(
        "fidelity",
        "like real",
        lambda d, side: knn_fidelity(d.across(side).T, side.labels, d.first.labels),
        cuts=10,
        labels=True,
    ),
    "label fidelity (PVI, bits)": Metric(
        "fidelity",
        "like real",
        lambda d, side: float(np.nanmean(d.judge.pvi(side.vectors, side.labels))),
        cuts=10,
        labels=True,
    ),
    "fluency (bits a word)": Metric("fidelity", "like real", lambda d, side: fluency(d.model, side.codes)),
    "length (words)": Metric(
        "fidelity", "like real", lambda d, side: float(np.mean([len(t) for t in side.tokens])), small=True
    ),
    "C2ST accuracy": Metric("alignment", "near 0.5", lambda d, side: c2st(d.first.vectors, side.vectors)),
    "precision": Metric("alignment", "higher", lambda d, side: float(supported(d.reach, d.across(side)).mean())),
    "coverage": Metric("alignment", "higher", lambda d, side: float(covered(d.reach, d.across(side)).mean())),
    "MAUVE": Metric("alignment", "higher", lambda d, side: mauve(d.first.vectors, side.vectors), default=False, cuts=3),
    "Fréchet distance": Metric(
        "alignment", "lower", lambda d, side: frechet(d.first.vectors, side.vectors), default=False, cuts=5
    ),
    "Jensen-Shannon of words (bits)": Metric(
        "alignment",
        "lower",
        lambda d, side: jensen_shannon(unigrams(d.first.tokens, budget=d.words), unigrams(side.tokens, budget=d.words)),
        default=False,
    ),
    "Jensen-Shannon of lengths (bits)": Metric(
        "alignment",
        "lower",
        lambda d, side: jensen_shannon(lengths(d.first.tokens), lengths(side.tokens)),
        default=False,
    ),
}
MMD = "MMD² (thousandths)"  # has a test of its own, on one cut


def chosen(more: str | list[str] | tuple[str, ...]) -> tuple[list[str], set[str]]:
    """Return (metrics of the cuts: the default ones and those named, sections named); "all" names every one.

    MAUVE is only measured when it is named itself, since it needs a package of its own.
    """
    named = [more] if isinstance(more, str) else list(more)
    for name in named:
        if name not in (*METRICS, *SECTIONS, MMD, "all"):
            raise unknown("metric", name, [*METRICS, *SECTIONS, "all"])
    sections = set(SECTIONS) if "all" in named else {name for name in named if name in SECTIONS}
    names = [
        name
        for name, metric in METRICS.items()
        if metric.default or name in named or (metric.section in sections and name != "MAUVE")
    ]
    return names, sections
