"""Choose synthetic rows by the votes of real ones, so that no single real row can be told from the choice.

Private Evolution's selection (Lin et al. 2024, arXiv 2305.15560; for texts Xie et al. 2024, arXiv 2403.01749): each
private row votes for its nearest candidate of the same label, the counts get Gaussian noise, those with the most are
kept. It covers the choice and nothing else: not what a prompt showed, and not what the model had read before.
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

    def summary(self) -> str:
        return (
            f"PrivateSelection: {len(self.rows)} rows chosen by {self.voters:,} private rows, ε = {self.epsilon:g}, "
            f"δ = {self.delta:.1g} (one row added or removed; noise σ = {self.sigma:.3g}); in all "
            f"{self.releases} choice{'s' * (self.releases > 1)} of ε = {self.spent:.3g} by these rows"
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
    delta: float | None = None,
    privacy_budget: float | None = None,
    random_state: int | None = None,
) -> PrivateSelection:
    """Return `n` of the candidates, as many of each label, chosen by votes of private rows under (ε, δ) privacy.

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
    held = Counter(sorted(candidates["label"]))
    wanted = {label: n // len(held) + (i < n % len(held)) for i, label in enumerate(held)}
    if n < 1 or any(wanted[label] > count for label, count in held.items()):
        raise SynthkitError(
            f"n={n}: expected at least 1, and as many candidates a label as are chosen; there are {dict(held)}"
        )
    mu = mu_of(epsilon, delta)
    votes = _votes(candidates, private_rows)  # before anything is spent: an embedder may be missing
    spent, releases = spend(private_rows, epsilon, delta, mu=mu, budget=privacy_budget)
    votes = votes + np.random.default_rng(random_state).normal(0, 1 / mu, len(votes))
    order, given = np.argsort(-votes, kind="stable"), np.array(candidates["label"])
    chosen = [i for label in held for i in order[given[order] == label][: wanted[label]]]
    rows = candidates.select(sorted(int(i) for i in chosen))
    return PrivateSelection(rows, epsilon, delta, 1 / mu, spent, releases, len(private_rows))


def _votes(candidates: Dataset, private_rows: Dataset) -> np.ndarray:
    """Return how many private rows of its label each candidate is nearest to: one row changes one count by one."""
    texts, embedder = list(candidates["text"]), default_embedder()
    vectors = embed(texts, embedder=embedder, fit_on=texts)
    private = embed(list(private_rows["text"]), embedder=embedder, fit_on=texts)
    given, asked = np.array(candidates["label"]), np.array(private_rows["label"])
    votes = np.zeros(len(texts))
    for label in set(candidates["label"]):
        of, voters = np.flatnonzero(given == label), np.flatnonzero(asked == label)
        for at in range(0, len(voters), _TILE):
            nearest = (private[voters[at : at + _TILE]] @ vectors[of].T).argmax(axis=1)
            np.add.at(votes, of[nearest], 1)
    return votes
