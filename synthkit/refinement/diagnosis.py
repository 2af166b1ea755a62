"""What do synthetic rows lack or have too much of, judged by real ones? Words say where to look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.comparison.classifiers import STUDENTS
from synthkit.core.classifier import LEAST_ROWS, LabelModel, fit_labels
from synthkit.core.embedding import embed
from synthkit.core.errors import SynthkitError
from synthkit.core.language import embedder_for, language_of
from synthkit.core.results import Result, frame_of
from synthkit.core.rows import need_columns, row_ids
from synthkit.quality.alignment import reached
from synthkit.quality.controls import Halves
from synthkit.quality.diversity import overused
from synthkit.quality.fidelity import off_register, register
from synthkit.quality.regions import ByLabel, Reached, Region, clusters_within_labels, describe
from synthkit.seeds.gate import Gate
from synthkit.tasks.splits import task_of

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

STUDENT = "minilm_lr"
GROUP = 5  # real rows of a small group on average: as many as a request has texts
LEAST = 3  # rows of a group or a confusion below which it is not spoken of
MISSED = 0.4  # share of a group's real rows that must be missed


class Finding(NamedTuple):
    """One fault: its kind, the label it is about ("" for all), `rows` concerned of `of`, and the evidence in words.

    `terms` are single words that stand in two or more real rows, or a phrase of synthetic rows; `other` the label that
    it is confused with; `ids` the rows.
    """

    kind: str
    label: str
    rows: int
    of: int
    evidence: str
    terms: tuple[str, ...] = ()
    other: str = ""
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Diagnosis(Result):
    """Findings about synthetic rows, the worst of each kind first.

    `coverage`, `by_label`, `not_covered` and `nothing_real` are those of `sk.evaluate` for the same rows.
    """

    findings: tuple[Finding, ...]
    coverage: float
    by_label: tuple[ByLabel, ...]
    not_covered: tuple[Region, ...]
    nothing_real: tuple[Region, ...]
    synthetic_rows: int
    real_rows: int
    embedder: str

    def summary(self) -> str:
        return f"Diagnosis: {self.synthetic_rows:,} synthetic rows against {self.real_rows:,} real ones; {self.found}"

    @property
    def found(self) -> str:
        """How many findings of each kind, in words."""
        counts = Counter(f.kind for f in self.findings)
        return ", ".join(f"{n} {kind}" for kind, n in counts.items()) or "nothing found"

    def to_frame(self) -> pd.DataFrame:
        """Return one row a finding: kind, label, rows, evidence."""
        rows = [(f.kind, f.label or "all", f"{f.rows} of {f.of}", f.evidence) for f in self.findings]
        return frame_of(rows, columns=["finding", "label", "rows", "evidence"])

    def get(self, kind: str) -> tuple[Finding, ...]:
        """Return the findings of one kind."""
        return tuple(f for f in self.findings if f.kind == kind)


class Reference:
    """Real rows (`text`, `label`) that synthetic ones are held against; what depends on them alone is done once."""

    def __init__(self, real: Dataset, *, embedder: str | None = None, random_state: int = 0, gate: Gate | None = None):
        need_columns("real=", real)
        embedder = embedder or embedder_for(language_of(list(real["text"]), task_of(real))[0])
        self.rows, self.embedder, self.random_state = real, embedder, random_state
        self.ids, self.texts, self.labels = row_ids(real, "row"), list(real["text"]), np.asarray(real["label"])
        self.names = sorted(set(real["label"]))
        self.vectors = self.embed(self.texts)
        self.plain = np.array((gate or Gate.of(real)).plain(self.texts), dtype=object)
        self.predict = STUDENTS[STUDENT](self.texts, self.embedder)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts in the space of the reference."""
        return embed(texts, embedder=self.embedder, fit_on=self.texts)

    @cached_property
    def label_model(self) -> LabelModel | None:
        """A classifier of the real labels; None where there are too few rows, or where it cannot be trusted."""
        if len(self.names) < 2 or min(Counter(self.labels).values()) < LEAST_ROWS:
            return None
        model = fit_labels(self.rows, embedder=self.embedder)
        return model if model.trusted else None

    @cached_property
    def groups(self) -> list[tuple[np.ndarray, tuple[str, ...]]]:
        """(positions, the words that tell them from all others) of small groups of real rows of one label."""
        parts = clusters_within_labels(self.vectors, self.labels, rows=GROUP, random_state=self.random_state)
        terms = describe({str(i): list(self.plain[part]) for i, part in enumerate(parts)})
        return [(part, terms[str(i)]) for i, part in enumerate(parts)]

    def near(self, synthetic: Dataset) -> tuple[np.ndarray, np.ndarray]:
        """Return (real rows with a synthetic row of their label near, synthetic rows with a real one), all rows."""
        labels = list(self.labels), list(synthetic["label"])
        return reached(self.vectors, self.embed(synthetic["text"]), labels=labels)


def diagnose(
    synthetic: Dataset, real: Dataset | Reference, *, embedder: str | None = None, random_state: int = 0
) -> Diagnosis:
    """Return what is wrong with `synthetic` rows, judged by `real` ones (`text`, `label`): never by test rows.

    - "missed": small groups of real rows (k-means a label) that are mostly missed: no synthetic row of the label inside
      the k-NN ball, or misread by a classifier trained on the synthetic rows. Guesses of what to ask for; the regions
      that are beyond doubt are `not_covered`.
    - "confused": pairs of labels that this classifier mixes up.
    - "overused": openings and phrases more frequent than in real rows, beyond both 95 % intervals (Wilson 1927).
    - "off register": the median length, or a habit (`profile`), that differs as clearly.
    - "label does not stick": PVI under a classifier of the real rows below what real rows of the label reach (Lin et
      al. 2023, arXiv 2302.05096), another label likelier, and no real row of the label near. Each alone is too often
      the classifier's mistake. Left out where it cannot be trusted.
    - "nothing real near": regions of synthetic rows with fewer real rows of their label around than real rows have.

    Words that describe real rows stand in two or more of them, one by one: no finding holds a phrase of a real row.
    Raises SynthkitError where the two sides share fewer than two labels.

    >>> from synthkit.core.rows import make_rows
    >>> texts = [f"{what} {i} again" for what in ("cold soup", "no wifi") for i in range(8)]
    >>> real = make_rows({"text": texts, "label": ["food"] * 8 + ["room"] * 8})
    >>> opened = make_rows({"text": [f"as a guest {t}" for t in texts], "label": list(real["label"])})
    >>> diagnose(opened, real, embedder="lsa").get("overused")[0].terms
    ('as a',)
    """
    need_columns("synthetic=", synthetic)
    reference = real if isinstance(real, Reference) else Reference(real, embedder=embedder, random_state=random_state)
    shared = set(reference.names) & set(synthetic["label"])
    if len(shared) < 2:
        raise SynthkitError(f"synthetic and real rows share {len(shared)} label(s); a diagnosis needs two or more")
    ids, near, m = row_ids(synthetic, "row"), reference.near(synthetic), min(len(reference.texts) // 2, len(synthetic))
    predicted = np.asarray(reference.predict(synthetic["text"], synthetic["label"]))
    vectors = reference.vectors, reference.embed(synthetic["text"])
    halves = Halves(reference.rows, synthetic, *vectors, m, reference.random_state)
    cuts = Reached(len(reference.texts), len(synthetic), by_label=True)
    for split in halves:
        cuts.add(split)
    by_label = tuple(cuts.labels(halves.real, halves.synthetic))
    not_covered = tuple(cuts.uncovered(halves.real, reference.ids))
    nothing_real = tuple(cuts.unsupported(halves.synthetic, ids))
    findings = [
        *sorted(_missed(reference, near[0], predicted), key=lambda f: (-f.rows, f.label, f.terms)),
        *sorted(_confused(reference, predicted), key=lambda f: (-f.rows, f.label, f.other)),
        *_overused(halves, ids),
        *_register(halves),
        *_off_label(synthetic, reference, near[1]),
        *map(_far, nothing_real),
    ]
    measured = tuple(findings), cuts.coverage, by_label, not_covered, nothing_real
    return Diagnosis(*measured, len(synthetic), len(reference.texts), reference.embedder)


def _missed(at: Reference, covered: np.ndarray, predicted: np.ndarray) -> Iterator[Finding]:
    wrong = predicted != at.labels
    missed = ~covered | wrong
    for part, terms in at.groups:
        lost = part[missed[part]]
        if terms and len(part) >= LEAST and len(lost) >= max(2, MISSED * len(part)):
            bare, misread = int((~covered[part]).sum()), int(wrong[part].sum())
            evidence = f"about {', '.join(terms)}: {bare} without a synthetic row near, {misread} misread"
            ids = tuple(at.ids[i] for i in lost)
            yield Finding("missed", str(at.labels[part[0]]), len(lost), len(part), evidence, terms, ids=ids)


def _confused(at: Reference, predicted: np.ndarray) -> Iterator[Finding]:
    wrong = predicted != at.labels
    for (label, other), count in Counter(zip(at.labels[wrong], predicted[wrong], strict=True)).items():
        if count >= LEAST:
            mixed = np.flatnonzero((at.labels == label) & (predicted == other))
            clear = {name: list(at.plain[(at.labels == name) & ~wrong]) for name in (label, other)}
            terms = describe({"mixed": list(at.plain[mixed]), **clear}, least=LEAST)["mixed"]
            evidence = f"taken for {other}" + (f": about {', '.join(terms)}" if terms else "")
            ids, of = tuple(at.ids[i] for i in mixed), int((at.labels == label).sum())
            yield Finding("confused", str(label), count, of, evidence, terms, str(other), ids)


def _overused(halves: Halves, ids: Sequence[str]) -> Iterator[Finding]:
    labels, n, m = halves.synthetic.labels, len(halves.synthetic.texts), len(halves.real.texts)
    for kind, phrase, where, theirs in overused(halves.synthetic.tokens, halves.real.tokens):
        label, count = Counter(labels[where].tolist()).most_common(1)[0]
        mostly = label if 2 * count > len(where) else ""
        how = "opens" if kind == "opening" else "stands in"
        evidence = f"“{phrase}” {how} {len(where) / n:.1%} of the rows, of the real ones {theirs / m:.1%}"
        yield Finding("overused", mostly, len(where), n, evidence, (phrase,), ids=tuple(ids[i] for i in where))


def _register(halves: Halves) -> Iterator[Finding]:
    """Lengths and habits over all rows."""
    n = len(halves.synthetic.texts)
    here, there = (float(np.median([len(t) for t in side.tokens])) for side in (halves.synthetic, halves.real))
    if not 0.8 <= here / max(there, 1) <= 1.25:
        yield Finding("off register", "", n, n, f"half have {here:.0f} words or fewer, of the real rows {there:.0f}")
    for habit in off_register(register(halves.synthetic.texts, halves.real.texts)):
        evidence = f"{habit.value}: {habit.synthetic:.0%}, of the real rows {habit.real:.0%}"
        yield Finding("off register", "", round(habit.synthetic * n), n, evidence)


def _far(region: Region) -> Finding:
    evidence = f"about {region.terms}: {region.reached:.2f} near real rows, of real ones {region.expected:.2f}"
    rows = round((1 - region.reached) * region.rows)
    return Finding("nothing real near", region.label, rows, region.rows, evidence)


def _off_label(synthetic: Dataset, at: Reference, near: np.ndarray) -> list[Finding]:
    model, labels, ids = at.label_model, np.asarray(synthetic["label"]), row_ids(synthetic, "row")
    known = np.flatnonzero(np.isin(labels, at.names))
    if model is None or not len(known):
        return []
    texts, asked = [synthetic["text"][i] for i in known], labels[known]
    likely = np.array(model.labels)[model.probabilities(texts).argmax(axis=1)]
    low = model.pvi(texts, asked) < np.array([model.thresholds[label] for label in asked])
    out = []
    for label in at.names:
        bad = np.flatnonzero(low & (asked == label) & (likely != label) & ~near[known])
        if len(bad):
            other = str(Counter(sorted(likely[bad])).most_common(1)[0][0])
            some, of = tuple(ids[known[i]] for i in bad), int((asked == label).sum())
            evidence = f"real rows like these are mostly {other}"
            out.append(Finding("label does not stick", label, len(bad), of, evidence, (), other, some))
    return sorted(out, key=lambda f: (-f.rows, f.label))
