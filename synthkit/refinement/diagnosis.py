"""What do synthetic rows lack or have too much of, judged by real ones? Each finding names what could mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result
from synthkit.core.rows import need_columns
from synthkit.core.stats import wilson
from synthkit.core.text import ngrams, words
from synthkit.refinement.reference import Look, Reference, describe
from synthkit.seeds.profile import Profile, habits

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

LEAST = 3  # rows of a region, a confusion or a far corner below which it is not spoken of
MISSED = 0.4  # share of a region's real rows that must be missed
OPENING, PHRASE = 2, 3  # words
LEAST_USES, MOST_PHRASES = 4, 8


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

    `coverage` is the share of real rows with a synthetic row of their label inside their k-NN ball (Naeem et al. 2020);
    `predicted`, shape (n,), how a classifier trained on the synthetic rows reads the real ones; `like` what those are
    like.
    """

    findings: tuple[Finding, ...]
    coverage: float
    predicted: np.ndarray = field(compare=False)
    like: Profile
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
        import pandas as pd

        rows = [(f.kind, f.label or "all", f"{f.rows} of {f.of}", f.evidence) for f in self.findings]
        return pd.DataFrame(rows, columns=["finding", "label", "rows", "evidence"])

    def get(self, kind: str) -> tuple[Finding, ...]:
        """Return the findings of one kind."""
        return tuple(f for f in self.findings if f.kind == kind)


def diagnose(
    synthetic: Dataset, real: Dataset | Reference, *, embedder: str | None = None, random_state: int = 0
) -> Diagnosis:
    """Return what is wrong with `synthetic` rows, judged by `real` ones (`text`, `label`): never by test rows.

    - "uncovered": regions of real rows (k-means a label) that are mostly missed: no synthetic row of the label inside
      the k-NN ball, or misread by a classifier trained on the synthetic rows.
    - "confused": pairs of labels that this classifier mixes up.
    - "overused": openings and phrases more frequent than in real rows, beyond both 95 % intervals (Wilson 1927).
    - "off register": the median length, or a habit (`profile`), that differs as clearly.
    - "label does not stick": PVI under a classifier of the real rows below what real rows of the label reach (Lin et
      al. 2023, arXiv 2302.05096), another label likelier, and no real row of the label near. Each alone is too often
      the classifier's mistake. Left out where it cannot be trusted.
    - "nothing real near": synthetic rows outside every k-NN ball of their label. What is far need not be wrong.

    Words that describe real rows stand in two or more of them, one by one: no finding holds a phrase of a real row.
    Raises SynthkitError where the two sides share fewer than two labels.
    """
    need_columns("synthetic=", synthetic)
    reference = real if isinstance(real, Reference) else Reference(real, embedder=embedder, random_state=random_state)
    shared = set(reference.names) & set(synthetic["label"])
    if len(shared) < 2:
        raise SynthkitError(f"synthetic and real rows share {len(shared)} label(s); a diagnosis needs two or more")
    look = reference.look(synthetic)
    findings = [
        *sorted(_uncovered(reference, look), key=lambda f: (-f.rows, f.label, f.terms)),
        *sorted(_confused(reference, look), key=lambda f: (-f.rows, f.label, f.other)),
        *_overused(synthetic, reference),
        *_register(synthetic, reference),
        *off_label(synthetic, reference, look),
        *_far(synthetic, reference, look),
    ]
    covered = float(look.covered.mean())
    like, embedder = reference.like, reference.embedder
    return Diagnosis(tuple(findings), covered, look.predicted, like, len(synthetic), len(reference.texts), embedder)


def _uncovered(at: Reference, look: Look) -> Iterator[Finding]:
    wrong = look.predicted != at.labels
    missed = ~look.covered | wrong
    for label, inside, terms in at.regions:
        lost = inside[missed[inside]]
        if terms and len(inside) >= LEAST and len(lost) >= max(2, MISSED * len(inside)):
            bare, misread = int((~look.covered[inside]).sum()), int(wrong[inside].sum())
            said = f"about {', '.join(terms)}: {bare} without a synthetic row near, {misread} misread"
            yield Finding("uncovered", label, len(lost), len(inside), said, terms, ids=tuple(at.ids[i] for i in lost))


def _confused(at: Reference, look: Look) -> Iterator[Finding]:
    wrong = look.predicted != at.labels
    for (label, other), count in Counter(zip(at.labels[wrong], look.predicted[wrong], strict=True)).items():
        if count >= LEAST:
            mixed = np.flatnonzero((at.labels == label) & (look.predicted == other))
            clear = {name: list(at.plain[(at.labels == name) & ~wrong]) for name in (label, other)}
            terms = describe({"mixed": list(at.plain[mixed]), **clear}, least=LEAST)["mixed"]
            said = f"taken for {other}" + (f": about {', '.join(terms)}" if terms else "")
            ids, of = tuple(at.ids[i] for i in mixed), int((at.labels == label).sum())
            yield Finding("confused", str(label), count, of, said, terms, str(other), ids)


def _overused(synthetic: Dataset, at: Reference) -> list[Finding]:
    """Openings and phrases of synthetic rows, counted once a row; rows that one explains speak for no other."""
    out: list[Finding] = []
    explained: set[int] = set()
    made, real = [words(t) for t in synthetic["text"]], [words(t) for t in at.texts]
    for how, uses in (("opens", _opening), ("stands in", _phrases)):
        theirs = Counter(u for tokens in real for u in uses(tokens))
        places: dict[tuple[str, ...], list[int]] = {}
        for i, tokens in enumerate(made):
            for run in uses(tokens):
                places.setdefault(run, []).append(i)
        over = [
            (round(len(where) / len(made) - theirs[run] / len(real), 6), run)
            for run, where in places.items()
            if len(where) >= LEAST_USES and wilson(len(where), len(made)).low > wilson(theirs[run], len(real)).high
        ]
        for _, run in sorted(over, key=lambda pair: (-pair[0], pair[1])):
            where = places[run]
            if len(out) < MOST_PHRASES and 2 * len(explained.intersection(where)) <= len(where):
                explained.update(where)
                out.append(_phrase(run, how, where, theirs[run] / len(real), synthetic))
    return out


def _phrase(run: tuple[str, ...], how: str, where: list[int], real: float, synthetic: Dataset) -> Finding:
    shares = f"{len(where) / len(synthetic):.1%} of the rows, of the real ones {real:.1%}"
    label, count = Counter(synthetic["label"][i] for i in where).most_common(1)[0]
    mostly = label if 2 * count > len(where) else ""
    ids, phrase = _ids(synthetic), " ".join(run)
    some = tuple(ids[i] for i in where)
    return Finding("overused", mostly, len(where), len(synthetic), f"“{phrase}” {how} {shares}", (phrase,), ids=some)


def _opening(tokens: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(tokens[:OPENING])} if len(tokens) > OPENING else set()


def _phrases(tokens: Sequence[str]) -> set[tuple[str, ...]]:
    return set(ngrams(tokens, PHRASE))


def _register(synthetic: Dataset, at: Reference) -> Iterator[Finding]:
    """Lengths and habits over all rows; what the real ones are like is told label by label."""
    made, real = (habits(texts, {}).iloc[-1] for texts in (list(synthetic["text"]), at.texts))
    n, m = int(made["rows"]), int(real["rows"])
    a, b = float(made["words, median"]), float(real["words, median"])
    if not 0.8 <= a / max(b, 1) <= 1.25:
        yield Finding("off register", "", n, n, f"half have {a:.0f} words or fewer, of the real rows {b:.0f}")
    for habit in made.index[5:]:
        p, q = float(made[habit]), float(real[habit])
        here, there = wilson(round(p * n), n), wilson(round(q * m), m)
        if abs(p - q) >= 0.1 and (here.low > there.high or here.high < there.low):
            yield Finding("off register", "", round(p * n), n, f"{habit}: {p:.0%}, of the real rows {q:.0%}")


def off_label(synthetic: Dataset, at: Reference, look: Look | None = None) -> list[Finding]:
    """Return the findings "label does not stick" alone."""
    near = (look or at.look(synthetic)).near
    model, labels, ids = at.label_model, np.asarray(synthetic["label"]), _ids(synthetic)
    known = np.flatnonzero(np.isin(labels, at.names))
    if model is None or not len(known):
        return []
    texts, own = [synthetic["text"][i] for i in known], labels[known]
    likely = np.array(model.labels)[model.probabilities(texts).argmax(axis=1)]
    low = model.pvi(texts, own) < np.array([model.thresholds[label] for label in own])
    out = []
    for label in at.names:
        bad = np.flatnonzero(low & (own == label) & (likely != label) & ~near[known])
        if len(bad):
            nearer = str(Counter(sorted(likely[bad])).most_common(1)[0][0])
            some = tuple(ids[known[i]] for i in bad)
            said = f"real rows like these are mostly {nearer}"
            out.append(
                Finding("label does not stick", label, len(bad), int((own == label).sum()), said, (), nearer, some)
            )
    return sorted(out, key=lambda f: (-f.rows, f.label))


def _far(synthetic: Dataset, at: Reference, look: Look) -> Iterator[Finding]:
    labels, ids = np.asarray(synthetic["label"]), _ids(synthetic)
    for label in at.names:
        mine = np.flatnonzero(labels == label)
        far = mine[~look.near[mine]]
        if len(far) >= LEAST and len(far) > MISSED * len(mine):
            some = tuple(ids[i] for i in far)
            yield Finding("nothing real near", label, len(far), len(mine), "outside every real row's reach", ids=some)


def _ids(rows: Dataset) -> list[str]:
    return list(rows["id"]) if "id" in rows.column_names else [f"row-{i}" for i in range(len(rows))]
