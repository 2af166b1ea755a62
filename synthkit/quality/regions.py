"""Where the sets part: regions of real rows that nothing synthetic is near, and synthetic ones with nothing real."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from synthkit.core.stats import Interval, one_thread, wilson
from synthkit.core.text import words
from synthkit.quality.controls import Sample, Split, middle, reach
from synthkit.seeds.gate import Gate
from synthkit.seeds.profile import CARRIED, class_terms

LEAST, ROWS, MOST = 10, 20, 40  # rows of a region that may be called one, rows a region on average, regions
LISTED = 8
GAP = 0.1  # of the rows that must be reached less than real rows are, beyond chance or not
TERMS = 4  # words that describe a region at the most
CARRIED_SHARE, LIFT = 0.3, 5  # of a region's rows that carry such a word; how much more frequent it is in them
LARGE = 2000  # rows of a label from which k-means starts once and not ten times
# words that say nothing about a subject, beyond the usual stop words
FILLER = frozenset(
    words(
        "ask asked asking does doing dont going good help hey im just know let like maybe need okay please really "
        "right say says supposed tell thing things try want way"
    )
)


class Region(NamedTuple):
    """A cluster of rows: the share that the other set reaches, what real rows reach, its terms, label and some rows."""

    rows: int
    reached: float
    expected: float
    terms: str
    label: str
    ids: str
    example: str


class ByLabel(NamedTuple):
    """Coverage and precision of one label beside what other real rows have; `outside` says which lies below that."""

    label: str
    synthetic: int
    real: int
    coverage: float
    coverage_of_real: Interval | None
    precision: float
    precision_of_real: Interval | None
    outside: str


class Reached:
    """Counts, over the cuts, how often each row was reached: real ones covered, others supported by real ones.

    Label by label where the sides share labels (`by_label`): what stands near, but under another label, is not reached.
    """

    def __init__(self, real: int, synthetic: int, *, by_label: bool):
        self.by_label = by_label
        self.covered, self.usual = np.zeros((2, real)), np.zeros((2, real))
        self.supported = np.zeros((2, synthetic))
        self.real_supported = [0.0, 0.0]
        self._labels: dict[str, list[tuple[float, ...]]] = defaultdict(list)

    def add(self, split: Split) -> None:
        """Add one cut."""
        covered, supported = split.reached(split.synthetic, by_label=self.by_label)
        usual, real_supported = split.reached(split.second, by_label=self.by_label)
        first, second = split.first.where, split.synthetic.where
        counted = (self.covered, first, covered), (self.usual, first, usual), (self.supported, second, supported)
        for counts, where, hit in counted:
            counts[:, where] += hit, np.ones(len(where))
        self.real_supported[0] += float(real_supported.sum())
        self.real_supported[1] += len(real_supported)
        if self.by_label:
            real = split.by_label(split.second)
            for label, values in split.by_label(split.synthetic).items():
                self._labels[label].append((*values, *real[label]))

    def labels(self, real: Sample, synthetic: Sample) -> list[ByLabel]:
        """Return coverage and precision label by label, the worst covered first.

        A label lies outside where its mean is GAP less than that of other real rows, and below their bracket, widened
        for the number of labels (Bonferroni). Of labels with too few real rows in a cut only row counts are given.
        """
        from scipy.stats import norm

        counts, here = Counter(real.labels.tolist()), Counter(synthetic.labels.tolist())
        z = float(norm.ppf(1 - 0.025 / max(1, len(self._labels))))
        out = []
        for label in sorted(counts):
            columns = np.array(self._labels.get(label, np.empty((0, 4)))).T
            means, expected = [np.nan, np.nan], [None, None]
            for i in range(2):
                values, usual = (column[~np.isnan(column)] for column in (columns[i], columns[i + 2]))
                if len(values) and len(usual) > 1:
                    means[i], expected[i] = middle(values).value, reach(usual, z=z)
            names = zip(("coverage", "precision"), means, expected, strict=True)
            outside = ", ".join(n for n, mean, usual in names if usual and mean < min(usual.low, usual.value - GAP))
            row = means[0], expected[0], means[1], expected[1]
            out.append(ByLabel(str(label), here[label], counts[label], *row, outside))
        return sorted(out, key=lambda line: (not line.outside, line.coverage, line.label))

    def uncovered(self, real: Sample, ids: Sequence[str]) -> list[Region]:
        """Return regions of real rows that synthetic rows cover less than other real rows do, the emptiest first."""
        return _regions(real, ids, _share(self.covered), _share(self.usual))

    def unsupported(self, synthetic: Sample, ids: Sequence[str]) -> list[Region]:
        """Return regions of synthetic rows that lie outside the real ones more than other real rows do."""
        expected = np.full(len(ids), self.real_supported[0] / max(1.0, self.real_supported[1]))
        return _regions(synthetic, ids, _share(self.supported), expected)


def _share(counts: np.ndarray) -> np.ndarray:
    return np.where(counts[1] > 0, counts[0] / np.maximum(counts[1], 1), np.nan)


def clusters_within_labels(
    vectors: np.ndarray, labels: Sequence[str], *, rows: int, random_state: int = 0
) -> list[np.ndarray]:
    """Return the positions of the rows of each region: k-means within each label, `rows` rows a region on average."""
    from sklearn.cluster import KMeans

    labels, out = np.asarray(labels), []
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        k = min(max(1, len(mine) // rows), len(np.unique(vectors[mine], axis=0)))
        with one_thread():
            model = KMeans(k, n_init=10 if len(mine) < LARGE else 1, random_state=random_state)
            parts = model.fit_predict(vectors[mine])
        out += [mine[parts == part] for part in range(k) if (parts == part).any()]
    return out


def describe(groups: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """Return the words that tell each group from the rest: in two texts of it or more, and rare elsewhere.

    >>> describe({"a": ["cold soup again", "the soup was salty"], "b": ["wifi down", "no wifi here"]})
    {'a': ('soup',), 'b': ('wifi',)}
    """
    bags = {name: [set(words(t)) for t in texts] for name, texts in groups.items()}
    uses = Counter(w for some in bags.values() for bag in some for w in bag)
    size = sum(map(len, bags.values()))

    def telling(word: str, name: str) -> bool:
        here, n = sum(word in bag for bag in bags[name]), len(bags[name])
        elsewhere = (uses[word] - here) / max(1, size - n)
        return word not in FILLER and here >= max(CARRIED, CARRIED_SHARE * n) and here / n >= LIFT * elsewhere

    out: dict[str, list[str]] = {name: [] for name in groups}
    for name, some in class_terms(groups).items():
        for word in some:
            forms = any(word.startswith(w) or w.startswith(word) for w in out[name])  # alert, alerts
            if not forms and telling(word, name):
                out[name].append(word)
    return {name: tuple(some[:TERMS]) for name, some in out.items()}


def _regions(side: Sample, ids: Sequence[str], share: np.ndarray, expected: np.ndarray) -> list[Region]:
    """A region is listed where less of it is reached than is expected: beyond both 95 % intervals, and by GAP."""
    seen = np.flatnonzero(~np.isnan(share) & ~np.isnan(expected))
    if len(seen) < 2 * LEAST:
        return []
    rows = max(ROWS, len(seen) // MOST)
    parts = [seen[part] for part in clusters_within_labels(side.vectors[seen], side.labels[seen], rows=rows)]
    found = []
    for number, part in enumerate(parts):
        n, mean, usual = len(part), share[part].mean(), expected[part].mean()
        if n >= LEAST and wilson(mean * n, n).high < wilson(usual * n, n).low and mean <= usual - GAP:
            found.append((len(part) * (usual - mean), number, float(mean), float(usual)))
    found = sorted(found, key=lambda f: (-f[0], f[1]))[:LISTED]
    groups = {str(number): [side.texts[i] for i in part] for number, part in enumerate(parts)}
    groups.update({str(number): Gate().plain(groups[str(number)]) for _, number, *_ in found})
    terms, common = (describe(groups), class_terms(groups)) if found else ({}, {})
    out = []
    for _, number, mean, usual in found:
        part = parts[number]
        far = ((side.vectors[part] - side.vectors[part].mean(axis=0)) ** 2).sum(axis=1)
        shown = part[np.lexsort((far, share[part]))[:3]]
        some, named = ", ".join(str(ids[i]) for i in shown), ", ".join(terms[str(number)] or common[str(number)][:3])
        label, example = str(side.labels[part[0]]), side.texts[shown[0]]
        out.append(Region(len(part), mean, usual, named, label, some, example))
    return out
