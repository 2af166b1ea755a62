"""Who is in the rows, with which label, and does a classifier trained on them treat people alike?

Sizes and intervals, no verdict: word lists find those who are named, not those who are meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from synthkit.core.stats import Interval, holm, wilson

LEAST = 20  # rows of a group below which its numbers are not given
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

    made, own = Counter(synthetic), Counter(real)
    n, m = len(synthetic), len(real)
    values = sorted(made | own)
    p = [float(fisher_exact([[made[v], n - made[v]], [own[v], m - own[v]]]).pvalue) for v in values]
    out = [
        Share(of, v, made[v] / n, own[v] / m, difference(made[v], n, own[v], m), corrected)
        for v, corrected in zip(values, holm(p), strict=True)
    ]
    return sorted(out, key=lambda s: -abs(s.difference.value))


def total_variation(synthetic: Sequence[str], real: Sequence[str]) -> float:
    """Return half the sum of absolute differences of the shares, 0 (the same) to 1 (nothing in common)."""
    made, own = Counter(synthetic), Counter(real)
    return sum(abs(made[v] / len(synthetic) - own[v] / len(real)) for v in made | own) / 2


def skew(
    synthetic: Sequence[str], real: Sequence[str], *, permutations: int = 1000, random_state: int = 0
) -> tuple[float, float, np.ndarray]:
    """Return (total variation, p, its values under permutation): how unlike the shares of labels (or others) are.

    Even sets of one distribution differ a little; the permuted values say by how much.
    """
    names, both = np.unique([*synthetic, *real], return_inverse=True)
    n, m, k = len(synthetic), len(real), len(names)
    value = total_variation(synthetic, real)
    rng = np.random.default_rng(random_state)
    total = np.bincount(both, minlength=k)
    dealt = rng.multivariate_hypergeometric(total, n, permutations)
    values = np.abs(dealt / n - (total - dealt) / m).sum(axis=1) / 2
    return value, float((1 + (values >= value - 1e-12).sum()) / (1 + permutations)), values


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
            values = [_association(inside, y == label) for inside, y in sides]
            out.append(Association(group, label, int(sides[0][0].sum()), *values))
    return sorted(out, key=lambda a: -abs(a.synthetic.value) if a.synthetic else 0)


def _association(inside: np.ndarray, labelled: np.ndarray) -> Interval | None:
    n, m = int(inside.sum()), int((~inside).sum())
    if min(n, m) < LEAST:
        return None
    return difference(int(labelled[inside].sum()), n, int(labelled[~inside].sum()), m)


def slice_gaps(trained_on: str, slices: Sequence[str], correct: np.ndarray) -> list[Slice]:
    """Return accuracy by slice, and each slice's difference from the rest (Newcombe); small slices have no gap."""
    slices, out = np.asarray(slices), []
    for name in sorted(set(slices.tolist())):
        own = slices == name
        n, m = int(own.sum()), int((~own).sum())
        hits, others = int(correct[own].sum()), int(correct[~own].sum())
        gap = difference(hits, n, others, m) if min(n, m) >= LEAST else None
        out.append(Slice(trained_on, name, n, wilson(hits, n), gap))
    return out
