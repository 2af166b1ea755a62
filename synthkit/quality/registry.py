"""Every metric that is measured on the cuts of `controls`: its section, its name, which way is better.

A `Metric` in METRICS is a line of `sk.evaluate` in the order of the table, its control measured for it. `Sample` holds
texts, tokens, vectors and labels, `Split` the first half and what is shared; both are in `controls.py`. Lines with a
control of their own are added elsewhere: MMD and the expected score in `evaluate.py`, the others in `privacy.py` and
`bias.py`.

>>> from synthkit.quality.controls import Sample
>>> side = Sample(None, [], [["late", "again"], ["lost"]], [], None, None)
>>> METRICS["length (words)"].measure(None, side)
1.5
"""

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
    """`measure(split, side)`: of the second half or of the synthetic rows, against the first half where it compares.

    `better` is shown as it stands: "like real", "higher", "near 0.5".
    """

    section: str
    better: str
    measure: Callable[[Split, Sample], float]
    cuts: int = 20
    small: bool = False  # whether fewer than SMALLEST rows a side will do
    labels: bool = False  # whether labels in common are needed


def _by_label(split: Split, side: Sample, which: int) -> float:
    """The mean over labels of their coverage (0) or precision (1): a rare label counts as much as a common one."""
    values = [value[which] for value in split.by_label(side).values()]
    return float(np.nanmean(values)) if not np.isnan(values).all() else 0.0


def _pvi(split: Split, side: Sample) -> float:
    return float(np.nanmean(split.classifier.pvi(side.vectors, side.labels)))


def _length(split: Split, side: Sample) -> float:
    return float(np.mean([len(t) for t in side.tokens]))


_like, _labels, MMD = "like real", {"cuts": 10, "labels": True}, "MMD² (thousandths)"  # MMD has a test, on one cut
METRICS: dict[str, Metric] = {
    "distinct-2": Metric("diversity", _like, lambda s, x: distinct(x.tokens, 2, budget=s.words), small=True),
    "self-repetition": Metric("diversity", _like, lambda s, x: self_repetition(x.tokens, budget=s.words), small=True),
    "compression ratio": Metric(
        "diversity", _like, lambda s, x: compression_ratio(x.texts, budget=s.bytes), small=True
    ),
    "Vendi score": Metric("diversity", _like, lambda s, x: vendi(x.vectors), small=True),
    "label fidelity (kNN)": Metric(
        "fidelity", _like, lambda s, x: knn_fidelity(s.across(x).T, x.labels, s.first.labels), **_labels
    ),
    "label fidelity (PVI, bits)": Metric("fidelity", _like, _pvi, **_labels),
    "fluency (bits a word)": Metric("fidelity", _like, lambda s, x: fluency(s.model, x.codes)),
    "length (words)": Metric("fidelity", _like, _length, small=True),
    "C2ST accuracy": Metric("alignment", "near 0.5", lambda s, x: c2st(s.first.vectors, x.vectors)),
    "precision": Metric("alignment", "higher", lambda s, x: float(s.reached(x)[1].mean())),
    "precision, label by label": Metric("alignment", "higher", lambda s, x: _by_label(s, x, 1), labels=True),
    "coverage": Metric("alignment", "higher", lambda s, x: float(s.reached(x)[0].mean())),
    "coverage, label by label": Metric("alignment", "higher", lambda s, x: _by_label(s, x, 0), labels=True),
}


def measured(metrics: dict[str, Metric], number: int, split: Split) -> dict[str, tuple[float, float]]:
    """Return (of the synthetic rows, of the second half) of each metric that looks at cut `number`."""
    sides = split.synthetic, split.second
    return {name: tuple(m.measure(split, side) for side in sides) for name, m in metrics.items() if number < m.cuts}
