"""Where the sets part: regions of real rows that nothing synthetic is near, and synthetic ones with nothing real."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from synthkit.core.stats import one_thread, wilson
from synthkit.quality.controls import Draw, Side
from synthkit.seeds.gate import Gate
from synthkit.seeds.profile import class_terms

LEAST, ROWS, MOST = 10, 20, 40  # rows of a region that may be called one, rows a region on average, regions
LISTED = 8


class Region(NamedTuple):
    """A cluster of rows: the share that the other set reaches, what real rows reach, its terms, label and some rows."""

    rows: int
    reached: float
    expected: float
    terms: str
    label: str
    ids: str
    example: str


class Reached:
    """Counts, over the cuts, how often each row was reached: real ones covered, others supported by real ones."""

    def __init__(self, real: int, synthetic: int):
        self.covered, self.usual = np.zeros((2, real)), np.zeros((2, real))
        self.supported = np.zeros((2, synthetic))
        self.also = [0.0, 0.0]

    def add(self, draw: Draw) -> None:
        """Add one cut."""
        first, made = draw.first.where, draw.synthetic.where
        own, other = draw.across(draw.synthetic), draw.across(draw.second)
        for counts, where, hit in (
            (self.covered, first, own.min(axis=1) <= draw.reach),
            (self.usual, first, other.min(axis=1) <= draw.reach),
            (self.supported, made, (own <= draw.reach[:, None]).any(axis=0)),
        ):
            counts[0, where] += hit
            counts[1, where] += 1
        hit = (other <= draw.reach[:, None]).any(axis=0)
        self.also[0] += float(hit.sum())
        self.also[1] += len(hit)

    def uncovered(self, real: Side, ids: Sequence[str]) -> list[Region]:
        """Return regions of real rows that synthetic rows cover less than other real rows do, the emptiest first."""
        return _regions(real, ids, _share(self.covered), _share(self.usual))

    def unsupported(self, synthetic: Side, ids: Sequence[str]) -> list[Region]:
        """Return regions of synthetic rows that lie outside the real ones more than other real rows do."""
        expected = np.full(len(ids), self.also[0] / max(1.0, self.also[1]))
        return _regions(synthetic, ids, _share(self.supported), expected)


def _share(counts: np.ndarray) -> np.ndarray:
    return np.where(counts[1] > 0, counts[0] / np.maximum(counts[1], 1), np.nan)


def _regions(side: Side, ids: Sequence[str], share: np.ndarray, expected: np.ndarray) -> list[Region]:
    """A region is listed where even the upper end of its Wilson interval stays below what is expected there."""
    from sklearn.cluster import KMeans

    seen = np.flatnonzero(~np.isnan(share) & ~np.isnan(expected))
    if len(seen) < 2 * LEAST:
        return []
    vectors = side.vectors[seen]
    clusters = min(max(2, min(MOST, len(seen) // ROWS)), len(np.unique(vectors, axis=0)))
    with one_thread():
        parts = KMeans(clusters, n_init=1, random_state=0).fit(vectors)
    found = []
    for part in set(parts.labels_.tolist()):
        where = np.flatnonzero(parts.labels_ == part)
        reached, usual = share[seen[where]].mean(), expected[seen[where]].mean()
        if len(where) >= LEAST and wilson(reached * len(where), len(where)).high < usual:
            found.append((len(where) * (usual - reached), part, where, reached, usual))
    found.sort(key=lambda f: -f[0])
    groups = {str(p): [side.texts[i] for i in seen[parts.labels_ == p]] for p in range(parts.n_clusters)}
    groups.update({str(p): Gate().plain(groups[str(p)]) for _, p, *_ in found[:LISTED]})
    terms = class_terms(groups) if found else {}
    out = []
    for _, part, where, reached, usual in found[:LISTED]:
        middle = ((vectors[where] - parts.cluster_centers_[part]) ** 2).sum(axis=1)
        rows = seen[where[np.lexsort((middle, share[seen[where]]))[:3]]]
        label = Counter(side.labels[seen[where]].tolist()).most_common(1)[0][0]
        named = ", ".join(terms[str(part)][:4])
        said = ", ".join(str(ids[i]) for i in rows)
        out.append(Region(len(where), float(reached), float(usual), named, label, said, side.texts[rows[0]]))
    return out
