"""Synthetic rows without a language model: what one has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthkit.generation.generate import generate
from synthkit.prompts.plan import plan
from synthkit.seeds.anonymizer import anonymize

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.seeds.seeds import Seeds
    from synthkit.tasks.task import Task


def baseline_rows(task: Task, seeds: Seeds, *, n: int = 200, random_state: int = 0) -> Dataset:
    """Return rows of an n-gram model fitted on seeds, through the filters of every generation: at most `n`.

    Seeds of a task marked sensitive are anonymised first. Of very few or very short ones it can only repeat what it
    read, and little is kept.
    """
    safe = seeds if seeds.anonymized or not task.sensitive else anonymize(seeds).seeds
    chosen = plan(task, safe, n=n, random_state=random_state, surplus=1.0)
    return generate(chosen, llm="ngram", progress=False).rows
