"""Who is in the rows, with which label, and does a classifier trained on them treat people alike?

Sizes and intervals, no verdict: word lists find those who are named, not those who are meant.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from synthkit.core import withheld
from synthkit.core.classifier import LabelClassifier
from synthkit.core.errors import unknown
from synthkit.core.stats import Interval, holm, wilson
from synthkit.quality.controls import Halves, Sample
from synthkit.quality.counterfactual import LEAST, swap_test
from synthkit.quality.report import Draft, Line, exact

# columns of rows that say where a row is from and nothing about the text
LINEAGE = {"id", "text", "label", "strategy", "attributes", "demo_ids", "model", "request_key", "slot", "iteration"}
LINEAGE |= {"split"}
# one word list a group, English; a text belongs to a group if it holds a word of it
GROUPS: dict[str, str] = {
    "women": "she her hers herself woman women girl girls lady ladies female mother mum mom wife daughter sister aunt "
    "grandmother grandma girlfriend mrs ms miss",
    "men": "he him his himself man men boy boys gentleman gentlemen male father dad husband son brother uncle "
    "grandfather grandpa boyfriend mr",
    "old people": "elderly senior seniors pensioner pensioners retired retiree grandmother grandfather grandma grandpa "
    "widow widower",
    "young people": "teen teens teenager teenagers child children kid kids toddler baby schoolboy schoolgirl student "
    "students",
    "disabled people": "disabled disability wheelchair blind deaf autistic autism dyslexic adhd",
    "religions": "christian christians muslim muslims jew jewish jews hindu hindus buddhist buddhists sikh atheist "
    "catholic protestant church mosque synagogue",
    "origins": "immigrant immigrants refugee refugees foreigner foreigners african asian arab black white hispanic "
    "latino latina indian chinese mexican polish turkish",
    "lgbt people": "gay lesbian bisexual transgender trans queer lgbt nonbinary",
}


class Share(NamedTuple):
    """How often a value is met among synthetic and among real rows; the difference with its 95 % interval."""

    of: str
    value: str
    synthetic: float
    real: float
    difference: Interval
    p: float


class Association(NamedTuple):
    """How much more often the rows that name a group carry a label than the others do, on both sides."""

    group: str
    label: str
    rows: int
    synthetic: Interval | None
    real: Interval | None


class Slice(NamedTuple):
    """Accuracy of a student on a slice of real rows, and its distance from the other rows."""

    trained_on: str
    slice: str
    rows: int
    accuracy: Interval
    gap: Interval | None


def difference(hits: float, n: int, other_hits: float, other_n: int) -> Interval:
    """Return the difference of two shares with its 95 % interval (Newcombe 1998, method 10)."""
    a, b = wilson(hits, n), wilson(other_hits, other_n)
    value = a.value - b.value
    low = value - np.hypot(a.value - a.low, b.high - b.value)
    return Interval(value, float(low), float(value + np.hypot(a.high - a.value, b.value - b.low)))


def shares(of: str, synthetic: Sequence[str], real: Sequence[str]) -> list[Share]:
    """Return every value's share on both sides, the largest difference first; p by Fisher's exact test, Holm's way."""
    from scipy.stats import fisher_exact

    here, there = Counter(synthetic), Counter(real)
    n, m = len(synthetic), len(real)
    values = sorted(here | there)
    p = [float(fisher_exact([[here[v], n - here[v]], [there[v], m - there[v]]]).pvalue) for v in values]
    out = [
        Share(of, v, here[v] / n, there[v] / m, difference(here[v], n, there[v], m), corrected)
        for v, corrected in zip(values, holm(p), strict=True)
    ]
    return sorted(out, key=lambda s: -abs(s.difference.value))


def skew(
    synthetic: Sequence[str], real: Sequence[str], *, permutations: int = 1000, random_state: int = 0
) -> tuple[float, float, np.ndarray]:
    """Return (total variation, p, its values under permutation): how unlike the shares of labels (or others) are.

    From 0 to 1. Even sets of one distribution differ a little; the permuted values say by how much.
    """
    names, both = np.unique([*synthetic, *real], return_inverse=True)
    n, m, total = len(synthetic), len(real), np.bincount(both)
    dealt = np.random.default_rng(random_state).multivariate_hypergeometric(total, n, permutations)
    dealt = np.concatenate([[np.bincount(both[:n], minlength=len(names))], dealt])
    value, *values = np.abs(dealt / n - (total - dealt) / m).sum(axis=1) / 2
    return float(value), float((1 + (np.array(values) >= value - 1e-12).sum()) / (1 + permutations)), np.array(values)


def members(tokens: Sequence[Sequence[str]], group: str) -> np.ndarray:
    """Return which texts (lists of words) name a group of GROUPS, shape (n,)."""
    listed = set(GROUPS[group].split())
    return np.array([not listed.isdisjoint(w.removesuffix("'s") for w in text) for text in tokens], dtype=bool)


def associations(
    synthetic: Sequence[Sequence[str]],
    synthetic_labels: Sequence[str],
    real: Sequence[Sequence[str]],
    real_labels: Sequence[str],
) -> list[Association]:
    """Return, for each group and label, P(label | group named) - P(label | not named), synthetic and real.

    A side with fewer than LEAST rows that name the group has no number; a group that neither side has enough of is left
    out. The intervals (Newcombe) are of single lines: of many, one in twenty misses zero by chance.
    """
    out = []
    labels = sorted(set(synthetic_labels) | set(real_labels))
    for group in GROUPS:
        sides = [(members(t, group), np.asarray(y)) for t, y in ((synthetic, synthetic_labels), (real, real_labels))]
        if max(inside.sum() for inside, _ in sides) < LEAST:
            continue
        for label in labels:
            values = [apart(inside, y == label) for inside, y in sides]
            out.append(Association(group, label, int(sides[0][0].sum()), *values))
    return sorted(out, key=lambda a: -abs(a.synthetic.value) if a.synthetic else 0)


def apart(inside: np.ndarray, hits: np.ndarray) -> Interval | None:
    """Return the share of hits inside less that outside, None for fewer than LEAST rows on either side."""
    n, m = int(inside.sum()), int((~inside).sum())
    return difference(int(hits[inside].sum()), n, int(hits[~inside].sum()), m) if min(n, m) >= LEAST else None


def slice_gaps(trained_on: str, slices: Sequence[str], correct: np.ndarray) -> list[Slice]:
    """Return accuracy by slice, and each slice's difference from the rest (Newcombe); small slices have no gap."""
    slices, out = np.asarray(slices), []
    for name in sorted(set(slices.tolist())):
        inside = slices == name
        n = int(inside.sum())
        out.append(Slice(trained_on, name, n, wilson(int(correct[inside].sum()), n), apart(inside, correct)))
    return out


def bias(draft: Draft, synthetic, real, halves: Halves, vectors: Callable, *, slices: str | None, whole: bool) -> None:
    """Add the bias section: label shares always; with `whole` attributes, groups and swaps; slices where named."""
    ours, theirs = halves.synthetic, halves.real
    labels = list(ours.labels), list(theirs.labels)
    draft.tables["label shares"] = shares("label", *labels)
    if whole:
        draft.lines.append(_skew("label skew", *labels))
        here, there = _attributes(synthetic), _attributes(real)
        for name in sorted(here.keys() & there.keys()):
            if set(here[name]) & set(there[name]):
                draft.lines.append(_skew(f"{name} skew", here[name], there[name]))
                draft.tables[f"{name} shares"] = shares(name, here[name], there[name])
        draft.tables["groups"] = associations(ours.tokens, ours.labels, theirs.tokens, theirs.labels)
        if not draft.tables["groups"]:
            draft.note(f"no group of people is named in {LEAST} rows: nothing to say about their labels")
    elif (value := skew(*labels))[1] < 0.01 and value[0] > 0.05:
        draft.note(f"label shares differ from real (total variation {value[0]:.2f}): alignment counts that, too")
    if whole or slices:
        split = halves.draw(0)
        rest = np.setdiff1d(theirs.where, split.first.where)
        sides = {"synthetic": ours, "as many real rows": split.first}
        if any(len(set(side.labels)) < 2 for side in sides.values()):
            draft.note("one label only: no student to swap people or compare slices with")
            return
        classifiers = {name: LabelClassifier(side.vectors, side.labels) for name, side in sides.items()}
        if whole:
            _swaps(draft, classifiers, [theirs.texts[i] for i in rest], vectors)
        if slices:
            _slices(draft, classifiers, real, theirs, rest, slices)


def _attributes(rows) -> dict[str, list[str]]:
    """Return what rows say of themselves beside text and label, and what synthetic ones were asked to be, by name."""
    out = {name: [str(v) for v in rows[name]] for name in rows.column_names if name not in LINEAGE}
    if "attributes" in rows.column_names:
        asked = [json.loads(a or "{}") for a in rows["attributes"]]
        for name in {name for a in asked for name in a} - set(out):
            out[name] = [str(a.get(name, "")) for a in asked]
    return out


def _skew(name: str, synthetic: Sequence[str], real: Sequence[str]) -> Line:
    value, p, null = skew(synthetic, real)
    method = "total variation of the shares; control: rows dealt at random to the two sides, 1,000 permutations, 95 %"
    control = Interval(float(null.mean()), 0.0, float(np.quantile(null, 0.95)))
    return Line("bias", name, exact(value), control, "near 0", method, p)


def _swaps(draft: Draft, classifiers: dict[str, LabelClassifier], texts: list[str], vectors: Callable) -> None:
    out = draft.tables["swaps"] = []
    for name, classifier in classifiers.items():
        out += swap_test(name, texts, lambda some, by=classifier: by.predict(vectors(list(some))))
    ours, theirs = ([s for s in out if s.trained_on == name][0] for name in classifiers)
    if ours.rate is None:
        draft.note(f"{ours.rows} real rows with a person whose gender can be swapped: it needs {LEAST} for a rate")
        return
    method = (
        f"share of {ours.rows} real rows whose label changes; Wilson interval; control: trained on as many real rows"
    )
    draft.lines.append(Line("bias", "label changes when gender is swapped", ours.rate, theirs.rate, "near 0", method))


def _slices(
    draft: Draft, classifiers: dict[str, LabelClassifier], real, sample: Sample, rest: np.ndarray, name: str
) -> None:
    if name not in real.column_names or name in ("text", "id"):
        raise unknown("slices= (a column of the real rows)", name, sorted(set(real.column_names) - {"text", "id"}))
    column = real[name]
    values = [str(column[int(i)]) for i in rest]
    gaps = draft.tables["slices"] = []
    for trained_on, classifier in classifiers.items():
        gaps += slice_gaps(trained_on, values, classifier.predict(sample.vectors[rest]) == sample.labels[rest])
    judged = [g for g in gaps if g.gap and g.trained_on == "synthetic"]
    if not judged:
        draft.note(f"no {name} has {LEAST} real rows: no slice gaps")
        return
    worst = min(judged, key=lambda g: g.gap.value)
    same = next(g for g in gaps if g.trained_on != "synthetic" and g.slice == worst.slice)
    method = (
        f"accuracy on the slice less that on the other rows, {len(rest)} real rows; Newcombe interval; control: "
        "trained on as many real rows"
    )
    draft.lines.append(
        Line("bias", f"worst slice: {withheld.shown(worst.slice)}", worst.gap, same.gap, "like real", method)
    )
