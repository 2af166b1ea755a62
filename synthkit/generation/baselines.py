"""Synthetic rows without a language model: what one has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthkit.generation.generate import generate
from synthkit.prompts.plan import plan, seeds_for

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.seeds.seeds import Seeds
    from synthkit.tasks.task import Task


def baseline_rows(task: Task, seeds: Seeds, *, n: int = 200, random_state: int = 0) -> Dataset:
    """Return rows of an n-gram model fitted on seeds, through the filters of every generation: at most `n`.

    Seeds of a task marked sensitive are anonymised first. Of very few or very short ones it can only repeat what it
    read, and little is kept.
    """
    read = seeds_for(task, "zero_shot", llm="ngram", seeds=seeds)
    chosen = plan(task, read, n=n, random_state=random_state, surplus=1.0)
    return generate(chosen, llm="ngram", progress=False).rows
