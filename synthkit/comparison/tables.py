"""The tables of a comparison: paired differences, recall by label, errors fixed and caused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from synthkit.comparison.pseudo_labels import PSEUDO
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.results import Table, frame_of, table
from synthkit.core.stats import combined, factors, holm, mcnemar

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.comparison.comparison import Comparison

SHOWN = ("real_few", "synthetic", "real_few+synthetic", "real_full")
# what a comparison of the standard arms asks besides its primary contrast
USUAL = [
    ("synthetic", "real_few"),
    ("synthetic_few", "real_few"),
    ("synthetic", "ngram"),
    ("synthetic", "description"),
    ("real_few+synthetic", "real_few+description"),
    ("real_few+synthetic+description", "real_few+description"),
    ("real_few+annotated", "real_few"),
    ("real_few+mixed", "real_few+synthetic"),
    ("real_few+synthetic+annotated", "real_few+annotated"),
    *((f"{arm}{PSEUDO}", arm) for arm in ("real_few+synthetic+annotated", "real_few+synthetic")),
    ("real_few+synthetic", "synthetic"),
    ("real_full", "real_few+synthetic"),
]


def contrasts(comparison: Comparison, pairs: Sequence[tuple[str, str]] | None, student: str) -> Table:
    """Return what `Comparison.contrasts` does."""
    names = {s.arm: s for s in comparison.scores if s.student == student}
    if pairs is None:
        pairs = [pair for pair in USUAL if set(pair) <= names.keys()]
    for arm in (arm for pair in pairs for arm in pair):
        if arm not in names:
            raise unknown("arm", arm, names)
    primary = [comparison.primary] if comparison.primary and set(comparison.primary) <= names.keys() else []
    others = [tuple(pair) for pair in pairs if tuple(pair) not in primary]
    if not primary + others:
        raise SynthkitError(f"no contrast to show: name some, as pairs=[({sorted(names)[0]!r}, ...)]")
    rows, p = [], []
    for arm, other in primary + others:
        found, matched = comparison.estimate(minus(arm, other), student), _matched(comparison, arm, other, student)
        p.append(found.p if names[arm].luck and names[other].luck else None)
        rows.append(
            {
                "contrast": f"{arm} - {other}",
                "macro-F1 difference [95 %]": str(found.interval()),
                "p": _p(p[-1]),
                "corrected p": "",
                "fixed": round(np.mean([(a & ~b).sum() for a, b in matched])),
                "caused": round(np.mean([(b & ~a).sum() for a, b in matched])),
                "McNemar p": _p(combined([mcnemar(a, b) for a, b in matched])),
            }
        )
    tested = [i for i in range(len(primary), len(rows)) if p[i] is not None]
    for i, value in zip(tested, holm([p[i] for i in tested]), strict=True):
        rows[i]["corrected p"] = _p(value)
    if primary:
        rows[0]["corrected p"] = "primary"
    return table(frame_of(rows), f"{student}: paired differences; intervals {comparison.covers}")


def per_class(comparison: Comparison, arms: Sequence[str] | None, student: str) -> Table:
    """Return what `Comparison.per_class` does."""
    names, classes = [s.arm for s in comparison.scores if s.student == student], len(comparison.labels)
    arms = list(arms) if arms else [a for a in SHOWN if a in names] or names
    out = {"label": list(comparison.labels), "test rows": np.bincount(comparison.truth, minlength=classes).tolist()}
    out |= {arm: [f"{x:.3f}" for x in comparison.recalls(arm, student)] for arm in arms}
    order = np.arange(classes)
    if comparison.primary:
        arm, other = comparison.primary
        more = [comparison.estimate(minus(arm, other), student, c).interval() for c in range(classes)]
        out[f"{arm} - {other} [95 %]"] = [str(m) for m in more]
        order = np.argsort([m.value for m in more], kind="stable")
    return table(frame_of(out).iloc[order].reset_index(drop=True), f"{student}: recall by label")


def errors(
    comparison: Comparison, arm: str | None, other: str | None, student: str, rows: Dataset | None = None
) -> Table:
    """Return the test rows that most fits of `arm` have right and most of `other` wrong (fixed), and the reverse."""
    arm, other = (name or usual for name, usual in zip((arm, other), comparison.primary or (None, None), strict=True))
    if arm is None or other is None:
        raise SynthkitError("errors(): name two arms, as errors('with synthetic', 'without')")
    texts, truth, labels = list(rows["text"]) if rows is not None else None, comparison.truth, comparison.labels
    if texts is not None and len(texts) != len(truth):
        raise SynthkitError(f"rows= has {len(texts)} rows; expected the {len(truth)} test rows of this comparison")
    after, before = (comparison.fits[comparison.get(name, student).arm, student].predicted for name in (arm, other))
    was, now = ((predicted == truth).mean(axis=0) for predicted in (before, after))
    changed = np.flatnonzero((was >= 0.5) != (now >= 0.5))
    lines = [
        {
            "change": "fixed" if now[i] >= 0.5 else "caused",
            "id": comparison.ids[i],
            "label": labels[truth[i]],
            "said before": labels[np.bincount(before[:, i]).argmax()],
            "says now": labels[np.bincount(after[:, i]).argmax()],
            "right before": f"{was[i]:.0%}",
            "right now": f"{now[i]:.0%}",
            **({"text": texts[i]} if texts else {}),
        }
        for i in sorted(changed, key=lambda i: (now[i] < 0.5, -abs(now[i] - was[i]), i))
    ]
    fixed = sum(line["change"] == "fixed" for line in lines)
    caption = (
        f"{student}, {arm} instead of {other}: {fixed} errors fixed and {len(lines) - fixed} caused in "
        f"{len(truth):,} test rows; right where most fits are"
    )
    columns = ["change", "id", "label", "said before", "says now", "right before", "right now"]
    return table(frame_of(lines, columns=columns + (["text"] if texts else [])), caption)


def _matched(comparison: Comparison, arm: str, other: str, student: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (right, right) of two arms' fits: pairs of one draw and generation where both vary in it."""
    one, two = comparison.fits[arm, student], comparison.fits[other, student]
    varying = [{(key, numbers) for key, numbers, _ in factors(fits.units)} for fits in (one, two)]
    shared = {key for key, _ in varying[0] & varying[1]}
    at = [i for i, key in enumerate(("generation", "draw")) if key in shared]
    right = [fits.predicted == comparison.truth for fits in (one, two)]
    return [
        (right[0][i], right[1][j])
        for i, a in enumerate(one.units)
        for j, b in enumerate(two.units)
        if all(a[k] == b[k] for k in at)
    ]


def minus(arm: str, other: str) -> dict[str, float]:
    """Return the weights of a difference, for `Comparison.estimate`."""
    return {arm: 1.0, other: -1.0} if arm != other else {arm: 0.0}


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}" if value >= 0.0005 else "< 0.001"
