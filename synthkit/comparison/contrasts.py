"""Two arms against each other: paired differences, recall by label, errors fixed and caused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.results import Table, table
from synthkit.core.stats import combined, factors, holm, interval, mcnemar, recalls, two_sided

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.comparison.comparison import Comparison

# what a comparison of the standard arms asks besides its primary contrast
USUAL = [
    ("synthetic", "real_few"),
    ("synthetic_few", "real_few"),
    ("synthetic", "ngram"),
    ("synthetic", "description"),
    ("real_few+synthetic", "real_few+description"),
    ("real_few+synthetic", "synthetic"),
    ("real_few+synthetic_pvi", "real_few+synthetic"),
    ("real_full", "real_few+synthetic"),
]
SHOWN = ("real_few", "synthetic", "real_few+synthetic", "real_full")


def contrasts(comparison: Comparison, pairs: Sequence[tuple[str, str]] | None, student: str) -> Table:
    """Return arm - other in macro-F1 with a paired interval and p, Holm's correction, errors fixed and caused, McNemar.

    The primary contrast was stated beforehand and is not corrected; the others are one family (Holm 1979). p is of the
    paired bootstrap and covers what the interval covers. McNemar's exact test holds the fits as they are; of several
    pairs of fits it is twice the median p. `fixed` and `caused` are mean counts a pair of fits.
    """
    import pandas as pd

    names = {s.arm for s in comparison.scores if s.student == student}
    if pairs is None:
        pairs = [pair for pair in USUAL if set(pair) <= names]
    else:
        for arm in (arm for pair in pairs for arm in pair):
            if arm not in names:
                raise unknown("arm", arm, names)
    primary = [comparison.primary] if comparison.primary and set(comparison.primary) <= names else []
    others = [tuple(pair) for pair in pairs if tuple(pair) not in primary]
    rows, p = [], []
    for arm, other in primary + others:
        p.append(two_sided(comparison.resampled[arm, student] - comparison.resampled[other, student]))
        matched = _matched(comparison, arm, other, student)
        rows.append(
            {
                "contrast": f"{arm} - {other}",
                "macro-F1 difference [95 %]": str(comparison.difference(arm, other, student)),
                "p": _p(p[-1]),
                "corrected p": "",
                "fixed": round(np.mean([(a & ~b).sum() for a, b in matched])),
                "caused": round(np.mean([(b & ~a).sum() for a, b in matched])),
                "McNemar p": _p(combined([mcnemar(a, b) for a, b in matched])),
            }
        )
    for row, value in zip(rows[len(primary) :], holm(p[len(primary) :]), strict=True):
        row["corrected p"] = _p(value)
    if primary:
        rows[0]["corrected p"] = "primary"
    if not rows:
        raise SynthkitError(f"no contrast to show: name some, as pairs=[({sorted(names)[0]!r}, ...)]")
    return table(pd.DataFrame(rows), f"{student}: paired differences; intervals {comparison.covers}")


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.0005 else "< 0.001"


def _matched(comparison: Comparison, arm: str, other: str, student: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pairs of (right, right) of two arms' fits: those of one draw and generation where both vary in it."""
    fits = comparison.fits
    units = fits.units[arm], fits.units[other]
    shared = {key for key, _ in factors(units[0])} & {key for key, _ in factors(units[1])}

    def same(a, b):
        return all(a[i] == b[i] for key, i in ((2, 0), (1, 1)) if key in shared)

    right = [fits.predicted[name, student] == fits.truth for name in (arm, other)]
    return [(right[0][i], right[1][j]) for i, a in enumerate(units[0]) for j, b in enumerate(units[1]) if same(a, b)]


def per_class(comparison: Comparison, arms: Sequence[str] | None, student: str) -> Table:
    """Return one row a label: test rows, recall by arm (mean over fits), and the primary difference with its interval.

    Labels with the largest loss first. The intervals are not corrected for the number of labels.
    """
    import pandas as pd

    names = [s.arm for s in comparison.scores if s.student == student]
    arms = list(arms) if arms else [a for a in SHOWN if a in names] or names
    for arm in arms:
        if arm not in names:
            raise unknown("arm", arm, names)
    fits, classes = comparison.fits, len(comparison.labels)
    recall = {
        arm: np.mean([recalls(fits.truth, p, classes) for p in fits.predicted[arm, student]], axis=0)
        for arm in dict.fromkeys([*arms, *(comparison.primary or ())])
    }
    out = {"label": list(comparison.labels), "test rows": np.bincount(fits.truth, minlength=classes).tolist()}
    out |= {arm: [f"{x:.3f}" for x in recall[arm]] for arm in arms}
    order = np.arange(classes)
    if comparison.primary:
        arm, other = comparison.primary
        more = recall[arm] - recall[other]
        drawn = comparison.recall[arm, student] - comparison.recall[other, student]
        out[f"{arm} - {other} [95 %]"] = [str(interval(m, d)) for m, d in zip(more, drawn, strict=True)]
        order = np.argsort(more, kind="stable")
    return table(pd.DataFrame(out).iloc[order].reset_index(drop=True), f"{student}: recall by label")


def errors(
    comparison: Comparison, arm: str | None, other: str | None, student: str, rows: Dataset | None = None
) -> Table:
    """Return the test rows that most fits of `arm` have right and most of `other` wrong (fixed), and the reverse."""
    import pandas as pd

    primary = comparison.primary or (None, None)
    arm, other = arm or primary[0], other or primary[1]
    if arm is None or other is None:
        raise SynthkitError("errors(): name two arms, as errors('with synthetic', 'without')")
    for name in (arm, other):
        comparison.get(name, student)
    fits, labels = comparison.fits, comparison.labels
    texts = list(rows["text"]) if rows is not None else None
    if texts is not None and len(texts) != len(fits.truth):
        raise SynthkitError(f"rows= has {len(texts)} rows; expected the {len(fits.truth)} test rows of this comparison")
    after, before = (fits.predicted[name, student] for name in (arm, other))
    right = [(guesses == fits.truth).mean(axis=0) for guesses in (before, after)]
    changed = [i for i in range(len(fits.truth)) if (right[0][i] >= 0.5) != (right[1][i] >= 0.5)]
    lines = [
        {
            "change": "fixed" if right[1][i] >= 0.5 else "caused",
            "id": fits.ids[i],
            "label": labels[fits.truth[i]],
            "said before": labels[np.bincount(before[:, i]).argmax()],
            "says now": labels[np.bincount(after[:, i]).argmax()],
            "right before": f"{right[0][i]:.0%}",
            "right now": f"{right[1][i]:.0%}",
            **({"text": texts[i]} if texts else {}),
        }
        for i in sorted(changed, key=lambda i: (right[1][i] < 0.5, -abs(right[1][i] - right[0][i]), i))
    ]
    fixed = sum(line["change"] == "fixed" for line in lines)
    caption = (
        f"{student}, {arm} instead of {other}: {fixed} errors fixed and {len(lines) - fixed} caused in "
        f"{len(fits.truth):,} test rows; right where most fits are"
    )
    columns = ["change", "id", "label", "said before", "says now", "right before", "right now"]
    return table(pd.DataFrame(lines, columns=columns + (["text"] if texts else [])), caption)
