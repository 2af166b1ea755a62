"""Choose synthetic rows by the votes of real ones, so that no single real row can be told from the choice.

Private Evolution's selection (Lin et al. 2024, arXiv 2305.15560; for texts Xie et al. 2024, arXiv 2403.01749): each
private row votes for its nearest candidate of the same label, the counts get Gaussian noise, those with the most are
kept. It covers the choice and nothing else: not what a prompt showed, and not what the model had read before.
Where labels hold badly, as those of a small model trained under ε do, private rows can also say which label a text has:
that of the nearest mean vector of a label's rows, under noise as well. Choice and labels then share the ε.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthkit.core.embedding import default_embedder, embed
from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result
from synthkit.core.rows import need_columns
from synthkit.seeds.privacy_ledger import delta_for, mu_of, spend

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

_TILE = 512  # private rows compared at a time


@dataclass(frozen=True, repr=False)
class PrivateSelection(Result):
    """The rows chosen, what the choice cost, and what all choices by the same private rows have cost together."""

    rows: Dataset
    epsilon: float
    delta: float
    sigma: float
    spent: float
    releases: int
    voters: int
    relabelled: int | None = None

    def summary(self) -> str:
        anew = "" if self.relabelled is None else f", {self.relabelled} of them under another label than asked for,"
        return (
            f"PrivateSelection: {len(self.rows)} rows{anew} chosen by {self.voters:,} private rows, "
            f"ε = {self.epsilon:g}, δ = {self.delta:.1g} (one row added or removed; noise σ = {self.sigma:.3g}); "
            f"in all {self.releases} choice{'s' * (self.releases > 1)} of ε = {self.spent:.3g} by these rows"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a label: how many rows were chosen."""
        counts = self.rows.to_pandas().groupby("label", sort=True).size()
        return counts.rename("chosen").reset_index()


def private_select(
    candidates: Dataset,
    private_rows: Dataset,
    *,
    epsilon: float,
    n: int,
    relabel: bool = False,
    delta: float | None = None,
    privacy_budget: float | None = None,
    random_state: int | None = None,
) -> PrivateSelection:
    """Return `n` of the candidates, as many of each label, chosen by votes of private rows under (ε, δ) privacy.

    With `relabel` the private rows first give every candidate a label, that of the nearest mean vector of theirs, under
    noise, for half of what ε allows: for texts whose labels hold badly, as a small model's under ε; where they hold it
    is no gain. A label with too few texts gets fewer rows.

    One private row added or removed changes the choice little (for one exchanged for another, count on twice the ε).
    `delta` is 1 / (2 x private rows) unless given. What is spent is written to privacy.sqlite in SYNTHKIT_HOME first,
    under keyed hashes of the task's name and of the rows, so that neither another name nor fewer rows open a new
    account; choices add up as Gaussian mechanisms do. Refused is what would pass `privacy_budget`, that of the task, or
    one that was set for some of the rows before; without any, rows of no task and of a sensitive one may spend 10.
    Labels and the number of private rows count as public. With a `random_state` the noise can be guessed and the
    guarantee is void: for tests and figures.

    >>> from synthkit.core.rows import make_rows
    >>> pool = make_rows({"id": ["a", "b"], "text": ["late parcel", "broken lamp"], "label": ["x", "x"]})
    >>> private = make_rows({"id": map(str, range(400)), "text": ["my parcel is late"] * 400, "label": ["x"] * 400})
    >>> private_select(pool, private, epsilon=1, n=1, random_state=0).rows["id"][0]
    'a'
    """
    need_columns("candidates", candidates)
    need_columns("private_rows", private_rows)
    if not (isinstance(epsilon, (int, float)) and 0 < epsilon < math.inf):
        raise SynthkitError(f"epsilon={epsilon!r}: expected a number above 0, such as 1 (strict) to 8 (loose)")
    delta = delta_for(delta, len(private_rows))
    given = np.array(candidates["label"])
    held = Counter(sorted(given))
    wanted = {label: n // len(held) + (i < n % len(held)) for i, label in enumerate(held)}
    if not 1 <= n <= len(candidates) or not relabel and any(wanted[label] > count for label, count in held.items()):
        raise SynthkitError(
            f"n={n}: expected at least 1, and as many candidates a label as are chosen; there are {dict(held)}"
        )
    mu = mu_of(epsilon, delta)
    sigma = math.sqrt(1 + relabel) / mu  # two releases, each of half of mu squared
    vectors, private = _vectors(candidates, private_rows)  # before anything is spent: an embedder may be missing
    spent, releases = spend(private_rows, epsilon, delta, mu=mu, budget=privacy_budget)
    asked, rng = np.array(private_rows["label"]), np.random.default_rng(random_state)
    if relabel:
        given = _labels(vectors, private, asked, labels=list(held), sigma=sigma, rng=rng)
    votes = _votes(vectors, given, private, asked) + rng.normal(0, sigma, len(vectors))
    order = np.argsort(-votes, kind="stable")
    chosen = sorted(int(i) for label in held for i in order[given[order] == label][: wanted[label]])
    rows, changed = candidates.select(chosen), None
    if relabel:
        changed = int((given[chosen] != np.array(rows["label"])).sum())
        rows = rows.from_dict(rows.to_dict() | {"label": given[chosen].tolist()}, features=rows.features)
    return PrivateSelection(rows, epsilon, delta, sigma, spent, releases, len(private_rows), changed)


def _vectors(candidates: Dataset, private_rows: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors of candidates and of private rows, none of the latter longer than 1."""
    texts, embedder = list(candidates["text"]), default_embedder()
    vectors = embed(texts, embedder=embedder, fit_on=texts)
    private = embed(list(private_rows["text"]), embedder=embedder, fit_on=texts)
    return vectors, private / np.maximum(1, np.linalg.norm(private, axis=1, keepdims=True))


def _labels(vectors, private, asked, *, labels: list, sigma: float, rng) -> np.ndarray:
    """Return for each candidate the label whose private rows have the nearest mean: one row changes one sum by 1."""
    sums = np.stack([private[asked == label].sum(axis=0) for label in labels])
    sums = sums + rng.normal(0, sigma, sums.shape)
    means = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return np.array(labels)[(vectors @ means.T).argmax(axis=1)]


def _votes(vectors, given, private, asked) -> np.ndarray:
    """Return how many private rows of its label each candidate is nearest to: one row changes one count by one."""
    votes = np.zeros(len(vectors))
    for label in set(given):
        of, voters = np.flatnonzero(given == label), np.flatnonzero(asked == label)
        for at in range(0, len(voters), _TILE):
            nearest = (private[voters[at : at + _TILE]] @ vectors[of].T).argmax(axis=1)
            np.add.at(votes, of[nearest], 1)
    return votes
