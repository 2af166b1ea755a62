"""Secrets planted among real rows, to count what of them comes back in synthetic ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result
from synthkit.core.rows import need_columns
from synthkit.core.text import matched_words
from synthkit.tasks.splits import belongs_to, task_of

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from synthkit.seeds.seeds import Seeds

_SENTENCES = ("The password is {}.", "Please quote {}.", "My reference is {}.", "The code on the box was {}.")


@dataclass(frozen=True, repr=False)
class Canaries(Result):
    """Rows (or seeds) of which some bear a secret, the secrets, and as many like them that were planted nowhere."""

    rows: Dataset
    seeds: Seeds | None
    secrets: dict[str, str]
    decoys: tuple[str, ...]

    def summary(self) -> str:
        return (
            f"Canaries: {len(self.secrets)} secrets in {len(self.rows)} rows; generate from .rows (or .seeds), then "
            ".count(synthetic)"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a secret: the id of the row that bears it, and the secret."""
        import pandas as pd

        return pd.DataFrame([*self.secrets.items()], columns=["id", "secret"])

    def count(self, synthetic: Dataset) -> pd.DataFrame:
        """Return one row a secret and a decoy: in how many synthetic rows it stands whole, and by one of its halves.

        Decoys are the control: what comes back of them came back by chance. Case, punctuation and disguises make no
        difference. None back is no proof: the model may hold what it was not asked for.
        """
        import pandas as pd

        need_columns("synthetic", synthetic)
        texts = [f" {' '.join(matched_words(text))} " for text in synthetic["text"]]
        lines = []
        for planted, some in (("planted", self.secrets.values()), ("decoy", self.decoys)):
            for secret in some:
                halves = matched_words(secret)
                found = sum(f" {' '.join(halves)} " in text for text in texts)
                lines.append((planted, secret, found, sum(any(f" {h} " in t for h in halves) for t in texts) - found))
        return pd.DataFrame(lines, columns=["kind", "secret", "whole", "half"])


def canaries(rows: Seeds | Dataset, *, n: int = 10, random_state: int = 0) -> Canaries:
    """Return rows (or seeds) of which `n`, drawn at random, bear a sentence with an invented secret each.

    For seeds whose rows a prompt will show, or for rows that a model is fine-tuned on: what comes back in its texts it
    has copied (Carlini et al. 2019, arXiv 1802.08232). Never publish a set made from such rows. The input is not
    changed.

    >>> from synthkit.core.rows import make_rows
    >>> real = make_rows({"id": ["a", "b"], "text": ["late again", "all fine"], "label": ["bad", "good"]})
    >>> planted = canaries(real, n=1)
    >>> planted.count(planted.rows)["whole"].tolist()
    [1, 0]
    """
    from datasets import Dataset

    given = getattr(rows, "rows", rows)
    need_columns("rows", given)
    if not 1 <= n <= len(given):
        raise SynthkitError(f"n={n}: expected 1 to {len(given)}, the number of rows")
    rng = np.random.default_rng(random_state)
    secrets = list(dict.fromkeys(_secret(rng) for _ in range(4 * n)))[: 2 * n]
    at = sorted(int(i) for i in rng.choice(len(given), n, replace=False))
    texts, ids = list(given["text"]), given["id"] if "id" in given.column_names else range(len(given))
    for place, secret in zip(at, secrets, strict=False):
        texts[place] = f"{texts[place]} {_SENTENCES[int(rng.integers(len(_SENTENCES)))].format(secret)}"
    planted = Dataset.from_dict({**given.to_dict(), "text": texts}, features=given.features)
    if task := task_of(given):
        belongs_to(planted, task)
    seeds = replace(rows, rows=planted) if rows is not given else None
    named = {str(ids[place]): secret for place, secret in zip(at, secrets, strict=False)}
    return Canaries(planted, seeds, named, tuple(secrets[n:]))


def _secret(rng: np.random.Generator) -> str:
    """An invented word and five digits: nobody's, and of no kind that the anonymizer would take out."""
    word = "".join(rng.choice(list("bdfgklmnprstvz")) + rng.choice(list("aeiou")) for _ in range(4))
    return f"{word} {rng.integers(10_000, 100_000)}"
