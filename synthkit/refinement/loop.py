"""Labels for raw texts in several goes: each time for those that a student of the labels so far is unsure of.

Uncertainty sampling (Lewis and Gale 1994, arXiv cmp-lg/9407020) with a model in the place of people (Zhang et al. 2023,
arXiv 2310.19596). That it chooses anew in between pays: the same number of texts chosen in one go was never ahead, and
better than random ones on one set of four.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.comparison.arms import joined
from synthkit.core.classifier import LabelClassifier
from synthkit.core.copies import CopyIndex
from synthkit.core.embedding import embed
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.language import embedder_for, language_of
from synthkit.core.results import frame_of
from synthkit.core.rows import bare, need_columns, row_ids, sample
from synthkit.core.stats import Fits, Interval, estimate
from synthkit.generation.annotate import Annotation, annotate
from synthkit.generation.generate import Generation
from synthkit.generation.ledger import whole
from synthkit.generation.pick import pick
from synthkit.llm.budget import Budget
from synthkit.llm.client import LLM
from synthkit.llm.store import Store
from synthkit.seeds.seeds import Seeds, load_seeds
from synthkit.tasks.splits import belongs_to, task_of
from synthkit.tasks.task import Task

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

THERMOMETER = 500  # validation rows that say how far it has come, and choose nothing


class Iteration(NamedTuple):
    """Texts shown to the model, those of them that got a label, requests; macro-F1 on validation rows afterwards."""

    number: int
    texts: int
    labelled: int
    requests: int
    macro_f1: Interval


@dataclass(frozen=True, repr=False)
class Refinement(Annotation):
    """Raw texts under the labels of all iterations: an `Annotation`, with what each iteration brought."""

    iterations: tuple[Iteration, ...] = ()

    def summary(self) -> str:
        count = len(self.iterations) - 1
        steps = f"in {count} iteration{'s' * (count != 1)}: validation macro-F1"
        first, last = (self.iterations[i].macro_f1.value for i in (0, -1))
        return f"{super().summary().replace('Annotation', 'Refinement', 1)}, {steps} {first:.3f} to {last:.3f}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row an iteration, the start as iteration 0: texts, labelled, requests, validation macro-F1."""
        rows = [(*i[:-1], str(i.macro_f1)) for i in self.iterations]
        return frame_of(rows, ["iteration", "texts", "labelled", "requests", "validation macro-F1"])


def refine(
    task: Task,
    seeds: Seeds | None = None,
    *,
    synthetic: Dataset | Generation | None = None,
    pool: Dataset | None = None,
    examples: Seeds | None = None,
    n: int = 80,
    iterations: int = 3,
    llm: str | LLM = "recorded",
    budget: Budget | None = None,
    store: Store | None = None,
    random_state: int = 0,
    progress: bool = True,
) -> Refinement:
    """Return raw texts that a model labelled, `n` an iteration, each time those that the student is most unsure of.

    The student knows `seeds` (the task's ten rows a label by default), `synthetic` rows and the labels so far, and
    chooses from `pool`, the task's unlabelled rows by default. It ends after `iterations`, with the budget or with the
    pool; a probe of random rows would have ended it too soon, and costs as much as it could save. The first iteration
    asks about forty texts and forty seeds besides, and `examples` are shown, as `annotate` does.
    `standard_arms(annotated=...)` takes the result.

    Where people would dispute the labels, random rows do as well: `annotate(pick(pool, 240), task)`.

    Example (asks a model):

        refined = sk.refine(sk.load_task("my_task"), llm=sk.LLM("gpt-5-mini"), budget=sk.Budget(requests=20))
        refined.rows
    """
    for name, number, of in (("n", n, " of rows"), ("iterations", iterations, "")):
        if type(number) is not int or number < 1:
            raise SynthkitError(f"{name}={number!r}: expected a whole number{of}, 1 or more")
    if not isinstance(task, Task):
        raise SynthkitError(f"task={type(task).__name__}: expected what sk.load_task(...) returns: it has the labels")
    seeds = seeds or load_seeds(task)
    if not isinstance(seeds, Seeds):
        raise SynthkitError(f"seeds={type(seeds).__name__}: expected seeds, as sk.load_seeds(task) returns them")
    own = task.splits.unlabelled
    pool = getattr(pool, "rows", pool) if pool is not None else own
    if pool is None:
        raise SynthkitError(f"which texts? pool=sk.load_rows(FILE, labelled=False), or `unlabelled:` in {task.name!r}")
    need_columns("pool=", pool, ("text",))
    if odd := next((t for t in pool["text"] if not isinstance(t, str)), None):
        raise SynthkitError(f"pool= holds {odd!r} for a text; sk.load_rows(..., labelled=False) makes rows of texts")
    if not len(seeds.rows):
        raise SynthkitError("seeds= hold no row; the first student learns from them, as sk.load_seeds(task) draws some")
    student = bare(seeds.rows)
    if synthetic is not None:
        synthetic = getattr(synthetic, "rows", synthetic)
        need_columns("synthetic=", synthetic)
        student = joined(student, synthetic)
    if foreign := sorted(set(student["label"]) - set(task.labels)):
        raise SynthkitError(f"seeds= or synthetic=: {unknown('label', foreign[0], task.labels)}: rows of another task?")
    if "id" not in pool.column_names:
        pool = pool.add_column("id", row_ids(pool, "text"))
    validation = task.splits.validation
    if pool is not own:
        pool = _unseen(pool, [*validation["text"], *task.splits.test["text"]])
    judged_on = sample(validation, min(THERMOMETER, len(validation)))
    found: list[Annotation] = []
    note = ""
    steps = [Iteration(0, 0, 0, 0, _score(student, judged_on))]
    while len(found) < iterations:
        chosen = pick(pool, n, by="unsure", student=student, random_state=random_state)
        if not len(chosen):
            break
        checks = {"seeds": seeds} if not found else {"twice": 0}
        asked = {
            "examples": examples,
            "llm": llm,
            "budget": budget,
            "store": store,
            "random_state": random_state,
            "progress": progress,
        }
        try:
            done = annotate(chosen, task, **checks, **asked)
        except SynthkitError as error:
            if not found:
                raise
            note = str(error)  # an iteration that fails takes nothing away
            break
        found.append(done)
        student, shown = joined(student, done.rows), set(chosen["id"])
        counts = len(chosen), len(done.rows), done.ledger.answered
        steps.append(Iteration(len(found), *counts, _score(student, judged_on)))
        note = done.ledger.note
        if note or done.ledger.not_asked:
            break
        pool = pool.select([i for i, row_id in enumerate(pool["id"]) if row_id not in shown])
    if not found:
        raise SynthkitError("pool= has no text that is not among the labelled rows; there is nothing to label")
    rows = reduce(joined, (done.rows for done in found))
    belongs_to(rows, task)
    together = {"rows": rows, "ledger": replace(whole([done.ledger for done in found]), note=note)}
    together |= {"drops": tuple(drop for done in found for drop in done.drops), "model": found[-1].model}
    together |= {"agreed": found[0].agreed, "right": found[0].right, "examples": examples}
    return Refinement(task, **together, iterations=tuple(steps))


def _unseen(pool: Dataset, judging: list[str]) -> Dataset:
    """Return the pool without the texts that judge what is learnt from it, edited or whole."""
    judges = CopyIndex(judging)
    free = [i for i, text in enumerate(pool["text"]) if not judges.sure(text or "")]
    if again := len(pool) - len(free):
        warnings.warn(f"{again:,} texts of pool= left out: they are validation or test rows of the task", stacklevel=3)
    return pool.select(free)


def _score(student: Dataset, real: Dataset) -> Interval:
    """Return macro-F1 (95 % interval) on real rows of a classifier of the student's rows."""
    embedder = embedder_for(language_of(list(real["text"]), task_of(real))[0])
    vectors, tested = (embed(rows["text"], embedder=embedder, fit_on=student["text"]) for rows in (student, real))
    names = sorted({*student["label"], *real["label"]})
    truth, predicted = (
        np.searchsorted(names, labels)
        for labels in (real["label"], LabelClassifier(vectors, student["label"]).predict(tested))
    )
    return estimate(truth, [(1, Fits(predicted[None]))]).interval(low=0, high=1)
