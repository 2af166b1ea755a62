"""Every metric that is measured on the cuts of `controls`: its section, its name, which way is better."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from synthkit.quality.alignment import c2st
from synthkit.quality.controls import Sample, Split
from synthkit.quality.diversity import compression_ratio, distinct, self_repetition, vendi
from synthkit.quality.fidelity import fluency, knn_fidelity

SMALLEST = 50  # rows a side below which fidelity and alignment are a picture and not a number


class Metric(NamedTuple):
    """`measure(split, side)`: of the second half or of the synthetic rows, against the first half where it compares."""

    section: str
    better: str
    measure: Callable[[Split, Sample], float]
    cuts: int = 20
    small: bool = False  # whether fewer than SMALLEST rows a side will do
    labels: bool = False  # whether labels in common are needed


def _labels_alike(split: Split, side: Sample, which: int) -> float:
    """The mean over labels of their coverage (0) or precision (1): a rare label counts as much as a common one."""
    values = [value[which] for value in split.by_label(side).values()]
    return float(np.nanmean(values)) if not np.isnan(values).all() else 0.0


METRICS: dict[str, Metric] = {
    "distinct-2": Metric(
        "diversity", "like real", lambda split, side: distinct(side.tokens, 2, budget=split.words), small=True
    ),
    "self-repetition": Metric(
        "diversity", "like real", lambda split, side: self_repetition(side.tokens, budget=split.words), small=True
    ),
    "compression ratio": Metric(
        "diversity", "like real", lambda split, side: compression_ratio(side.texts, budget=split.bytes), small=True
    ),
    "Vendi score": Metric("diversity", "like real", lambda split, side: vendi(side.vectors), small=True),
    "label fidelity (kNN)": Metric(
        "fidelity",
        "like real",
        lambda split, side: knn_fidelity(split.across(side).T, side.labels, split.first.labels),
        cuts=10,
        labels=True,
    ),
    "label fidelity (PVI, bits)": Metric(
        "fidelity",
        "like real",
        lambda split, side: float(np.nanmean(split.classifier.pvi(side.vectors, side.labels))),
        cuts=10,
        labels=True,
    ),
    "fluency (bits a word)": Metric("fidelity", "like real", lambda split, side: fluency(split.model, side.codes)),
    "length (words)": Metric(
        "fidelity", "like real", lambda split, side: float(np.mean([len(t) for t in side.tokens])), small=True
    ),
    "C2ST accuracy": Metric("alignment", "near 0.5", lambda split, side: c2st(split.first.vectors, side.vectors)),
    "precision": Metric("alignment", "higher", lambda split, side: float(split.reached(side)[1].mean())),
    "precision, label by label": Metric(
        "alignment", "higher", lambda split, side: _labels_alike(split, side, 1), labels=True
    ),
    "coverage": Metric("alignment", "higher", lambda split, side: float(split.reached(side)[0].mean())),
    "coverage, label by label": Metric(
        "alignment", "higher", lambda split, side: _labels_alike(split, side, 0), labels=True
    ),
}
MMD = "MMD² (thousandths)"  # has a test of its own, on one cut
