"""Classical augmentation of the seeds: what a language model has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthkit.core.rows import make_rows

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.seeds.seeds import Seeds

SHARE = 0.1  # of a text's words that one operation touches, at least one


def augment(seeds: Seeds, *, n: int = 200, random_state: int = 0) -> Dataset:
    """Return `n` rows made of seeds, labels in turn: words swapped, dropped or repeated elsewhere.

    Easy Data Augmentation (Wei and Zou 2019, arXiv 1901.11196) without its fourth operation, synonyms, which needs a
    thesaurus. Row i depends on (random_state, i) alone.
    """
    by_label = {}
    for row in seeds.rows:
        by_label.setdefault(row["label"], []).append(row["text"])
    labels = sorted(by_label)
    texts = []
    for i in range(n):
        rng = np.random.default_rng([random_state, i])
        of_label = by_label[labels[i % len(labels)]]
        operation = (_swap, _drop, _insert)[rng.integers(3)]
        tokens = of_label[rng.integers(len(of_label))].split()
        texts.append(" ".join(operation(tokens, max(1, round(SHARE * len(tokens))), rng)))
    return make_rows(
        {
            "id": [f"eda-r{random_state}-{i:04d}" for i in range(n)],
            "text": texts,
            "label": [labels[i % len(labels)] for i in range(n)],
        }
    )


def _swap(tokens: list[str], times: int, rng: np.random.Generator) -> list[str]:
    tokens = list(tokens)
    for _ in range(times):
        a, b = rng.integers(len(tokens), size=2)
        tokens[a], tokens[b] = tokens[b], tokens[a]
    return tokens


def _drop(tokens: list[str], times: int, rng: np.random.Generator) -> list[str]:
    gone = set(rng.permutation(len(tokens))[: min(times, len(tokens) - 1)].tolist())
    return [t for i, t in enumerate(tokens) if i not in gone]


def _insert(tokens: list[str], times: int, rng: np.random.Generator) -> list[str]:
    tokens = list(tokens)
    for _ in range(times):
        tokens.insert(int(rng.integers(len(tokens) + 1)), tokens[rng.integers(len(tokens))])
    return tokens
