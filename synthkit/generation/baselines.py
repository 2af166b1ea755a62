"""Synthetic rows without a language model: what one has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthkit.core.rows import make_rows
from synthkit.generation.generate import generate
from synthkit.prompts.plan import plan, seeds_for

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.seeds.seeds import Seeds
    from synthkit.tasks.task import Task

SHARE = 0.1  # of a text's words that one operation touches, at least one


def baseline_rows(task: Task, seeds: Seeds, *, n: int = 200, random_state: int = 0) -> Dataset:
    """Return rows of an n-gram model fitted on seeds, through the filters of every generation: at most `n`.

    Seeds of a task marked sensitive are anonymised first. Of very few or very short ones it can only repeat what it
    read, and little is kept.
    """
    read = seeds_for(task, "zero_shot", llm="ngram", seeds=seeds)
    chosen = plan(task, read, strategy="zero_shot", n=n, random_state=random_state, surplus=1.0)
    return generate(chosen, llm="ngram", progress=False).rows


def augment(seeds: Seeds, *, n: int = 200, random_state: int = 0) -> Dataset:
    """Return `n` rows made of seeds, labels in turn: words swapped, dropped or repeated elsewhere.

    Easy Data Augmentation (Wei and Zou 2019, arXiv 1901.11196) without synonyms, which need a thesaurus.
    """
    by_label = {}
    for row in seeds.rows:
        by_label.setdefault(row["label"], []).append(row["text"])
    labels = sorted(by_label)
    rows = {"id": [f"eda-r{random_state}-{i:04d}" for i in range(n)], "text": [], "label": []}
    for i in range(n):
        rng = np.random.default_rng([random_state, i])
        rows["label"].append(labels[i % len(labels)])
        texts = by_label[rows["label"][-1]]
        operation = (_swap, _drop, _insert)[rng.integers(3)]
        tokens = texts[rng.integers(len(texts))].split()
        rows["text"].append(" ".join(operation(tokens, max(1, round(SHARE * len(tokens))), rng)))
    return make_rows(rows)


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
