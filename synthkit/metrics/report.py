"""One report: a dozen lines at the most, each number beside its control."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.embedding import default_embedder, embed
from synthkit.errors import SynthkitError, unknown
from synthkit.metrics.alignment import c2st, coverage
from synthkit.metrics.diversity import compression_ratio, distinct, vendi
from synthkit.results import Result
from synthkit.rows import need_columns
from synthkit.stats import Interval
from synthkit.text import OverlapIndex, fold, words

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from synthkit.seeds import Seeds

REPEATS = 20
SMALLEST = 50  # rows a side below which alignment is a picture and not a number
METHOD = f"{REPEATS} random halves of the real rows, without replacement; brackets: mean +- 2.8 sd of the halves"


class Line(NamedTuple):
    """A metric of the synthetic rows, and the same metric of real rows in their place (the control)."""

    metric: str
    synthetic: Interval | None
    control: Interval | None
    better: str
    method: str


@dataclass(frozen=True, repr=False)
class Report(Result):
    """Diversity and alignment of synthetic rows, at `m` rows a side; `notes` say what was left out and why."""

    lines: tuple[Line, ...]
    m: int
    synthetic_rows: int
    real_rows: int
    embedder: str
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        return (
            f"Report: {self.synthetic_rows:,} synthetic against {self.real_rows:,} real rows, {self.m} a side, "
            f"vectors: {self.embedder}" + "".join(f". {n}" for n in self.notes)
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a metric: value, control, which way is better, method of the interval."""
        import pandas as pd

        return pd.DataFrame(
            {
                "metric": [x.metric for x in self.lines],
                "synthetic": [_show(x.synthetic) for x in self.lines],
                "real, same size": [_show(x.control) for x in self.lines],
                "better": [x.better for x in self.lines],
            }
        )

    def get(self, metric: str) -> Line:
        """Return the line of a metric."""
        for line in self.lines:
            if line.metric == metric:
                return line
        raise unknown("metric", metric, [x.metric for x in self.lines])

    def plot(self):
        """Return a figure: each metric and its control."""
        from synthkit.plots import plot_report

        return plot_report(self)

    def to_json(self) -> str:
        """Return every line with its method as JSON."""
        lines = [
            {
                **x._asdict(),
                "synthetic": x.synthetic and x.synthetic._asdict(),
                "control": x.control and x.control._asdict(),
            }
            for x in self.lines
        ]
        facts = {"m": self.m, "synthetic_rows": self.synthetic_rows, "real_rows": self.real_rows}
        return json.dumps({**facts, "embedder": self.embedder, "notes": list(self.notes), "lines": lines}, indent=1)


def _show(value: Interval | None) -> str:
    return "" if value is None else str(value)


def evaluate(
    synthetic: Dataset, real: Dataset, *, seeds: Seeds | None = None, embedder: str | None = None, random_state: int = 0
) -> Report:
    """Return diversity and alignment of `synthetic` against `real` rows (`text`, `label`), each beside its control.

    Twenty times the real rows are cut at random into halves of m = min(N/2, n synthetic) rows, stratified by label.
    The control compares half with half; the synthetic value is m synthetic rows in the second half's place. Below
    m = 50 the alignment lines are left out. `seeds` are searched for verbatim copies. Vectors of different embedders do
    not compare.
    """
    need_columns("synthetic=", synthetic)
    need_columns("real=", real)
    m = min(len(real) // 2, len(synthetic))
    if m < 2:
        raise SynthkitError(f"{len(synthetic)} synthetic and {len(real)} real rows: too few to say anything")
    embedder = embedder or default_embedder()
    both = [*real["text"], *synthetic["text"]]
    vectors = embed(both, embedder=embedder, fit_on=both)
    sides = _Sides(real, synthetic, vectors[: len(real)], vectors[len(real) :], m, random_state)
    notes = []
    lines = sides.lines(_DIVERSITY)
    if m >= SMALLEST:
        lines += sides.lines(_ALIGNMENT)
    else:
        notes.append(f"{m} rows a side: fewer than {SMALLEST}, so no alignment numbers; look at the map")
    known = {fold(t) for t in real["text"]}
    if same := sum(fold(t) in known for t in synthetic["text"]):
        notes.append(f"{same} synthetic texts also stand, word for word, among the real rows")
    if seeds is not None:
        lines.append(_copied(synthetic, seeds))
        if set(real["text"]) <= set(seeds.rows["text"]):
            notes.append("the real rows are the seeds themselves: copying them flatters the alignment")
    return Report(tuple(lines), m, len(synthetic), len(real), embedder, tuple(notes))


class _Side(NamedTuple):
    texts: list[str]
    vectors: np.ndarray


class _Sides:
    """The random halves, drawn once for all metrics."""

    def __init__(self, real, synthetic, real_vectors, synthetic_vectors, m, random_state):
        real_texts, synthetic_texts = list(real["text"]), list(synthetic["text"])
        self.draws = []
        for i in range(REPEATS):
            rng = np.random.default_rng([random_state, i])
            first, second = _stratified(real["label"], m, 2, rng)
            (some,) = _stratified(synthetic["label"], len(first), 1, rng)
            self.draws.append(
                (
                    _take(real_texts, real_vectors, first),
                    _take(real_texts, real_vectors, second),
                    _take(synthetic_texts, synthetic_vectors, some),
                )
            )

    def lines(self, metrics: dict[str, tuple[Callable, str]]) -> list[Line]:
        """Return a line a metric: f(first half, other side); the other side is the second half or synthetic rows."""
        out = []
        for name, (f, better) in metrics.items():
            sizes = [_Size(min(map(_tokens, sides)), min(map(_bytes, sides))) for sides in self.draws]
            control = [f(a, b, size) for (a, b, _), size in zip(self.draws, sizes, strict=True)]
            value = [f(a, s, size) for (a, _, s), size in zip(self.draws, sizes, strict=True)]
            out.append(Line(name, _middle(value), _reach(control), better, METHOD))
        return out


def _take(texts: list[str], vectors: np.ndarray, where: np.ndarray) -> _Side:
    return _Side([texts[i] for i in where], vectors[where])


def _stratified(labels, m: int, parts: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return `parts` disjoint samples of `m` rows, each with the labels in their shares (rounded at random)."""
    labels = np.asarray(labels)
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]  # label by label, at random within each
    # every (n/m)-th of that order holds each label in its share, however rare; the parts take turns
    places = (np.arange(m * parts) + rng.random()) * len(order) / (m * parts)
    chosen = order[np.minimum(places.astype(int), len(order) - 1)]
    turns = rng.permuted(np.tile(np.arange(parts), (m, 1)), axis=1).ravel()
    return [rng.permutation(chosen[turns == part]) for part in range(parts)]


def _middle(values: list[float]) -> Interval:
    """The mean over the repeats, without brackets: their spread says nothing about another generation."""
    return Interval(*[float(np.mean(values))] * 3)


def _reach(values: list[float]) -> Interval:
    """Where the value of other real rows of this number would fall: mean +- 2 sqrt(2) sd.

    Two halves of one set vary less than two samples: sampling without replacement halves the variance.
    """
    mean, reach = float(np.mean(values)), float(2 * np.sqrt(2) * np.std(values, ddof=1))
    low, high = mean - reach, mean + reach
    if min(values) >= 0 and max(values) <= 1:  # a share or an accuracy
        low, high = max(low, 0.0), min(high, 1.0)
    return Interval(mean, low, high)


class _Size(NamedTuple):
    """The words and bytes that all sides of a comparison have."""

    words: int
    bytes: int


def _tokens(side: _Side) -> int:
    return sum(len(words(t)) for t in side.texts)


def _bytes(side: _Side) -> int:
    return len("\n".join(side.texts).encode("utf-8"))


_DIVERSITY = {
    "distinct-2": (lambda a, b, size: distinct(b.texts, 2, budget=size.words), "like real"),
    "compression ratio": (lambda a, b, size: compression_ratio(b.texts, budget=size.bytes), "like real"),
    "Vendi score": (lambda a, b, size: vendi(b.vectors), "like real"),
}
_ALIGNMENT = {
    "C2ST accuracy": (lambda a, b, size: c2st(a.vectors, b.vectors), "near 0.5"),
    "coverage": (lambda a, b, size: coverage(a.vectors, b.vectors), "higher"),
}


def _copied(synthetic: Dataset, seeds: Seeds) -> Line:
    """The longest run of words that any synthetic row shares with a seed, beside that of the undrawn real rows."""
    index = OverlapIndex(seeds.rows["text"], seeds.rows["id"], floor=3)

    def longest(texts):
        runs = [len(run[1].split()) for t in texts if (run := index.longest(t))]
        top = float(max(runs, default=0))
        return Interval(top, top, top)

    rest = seeds.rest["text"][: len(synthetic)]
    control = longest(rest) if rest else None
    return Line("longest run of words shared with a seed", longest(synthetic["text"]), control, "like real", "exact")
