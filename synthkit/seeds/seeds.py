"""Seeds: the handful of labelled real texts that everything starts from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from synthkit.core.duplicates import NearIndex
from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result, frame_of
from synthkit.seeds.anonymizer import anonymize
from synthkit.tasks.loading import Loaded, Repair, load_rows, repairs_summary
from synthkit.tasks.task import Splits, Task

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True, repr=False)
class Seeds(Result):
    """`k` real rows a label; `rest` is what the draw left of train; `left_out` is what it could not use, and why.

    Of anonymised seeds `found` counts what was replaced, by type, and `rest` is anonymised too, when it is first used.
    """

    rows: Dataset
    undrawn: Dataset
    k: int
    random_state: int
    left_out: tuple[tuple[str, str, str], ...] = ()
    anonymized: bool = False
    task: Task | None = None
    repairs: tuple[Repair, ...] = ()
    found: tuple[tuple[str, int], ...] = ()

    @cached_property
    def rest(self) -> Dataset:
        """The rows of train that were not drawn."""
        return anonymize(self.undrawn).rows if self.anonymized else self.undrawn

    def summary(self) -> str:
        labels = len(set(self.rows["label"]))
        found = ", ".join(f"{n} {kind}" for kind, n in self.found) or "nothing found"
        state = f"anonymised ({found})" if self.anonymized else "as they are"
        return (
            f"Seeds: {len(self.rows)} rows, {self.k} a label, {labels} labels, {state}; {len(self.undrawn):,} rows of "
            f"train not drawn, {len(self.left_out)} left out as duplicates{repairs_summary(self.repairs)}"
        ) + "".join(f"; {note}" for note in self.notes)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was said when the rows of the task were loaded: rows left out, labels without rows."""
        return self.task.splits.notes if self.task else ()

    def to_frame(self):
        """Return the seed rows: id, label, text."""
        return frame_of(self.rows.to_pandas(), ["id", "label", "text"])


def load_seeds(source, *, k: int = 10, random_state: int = 0, strict: bool = False) -> Seeds:
    """Return `k` rows a label drawn at random from a task's train rows, or from any source that `load_rows` takes.

    The draw is free of leaks: no seed repeats (exactly or nearly) another train row that was met before it, or, for a
    task, a validation or test row. Raises SynthkitError when a label has some such rows, but fewer than `k`; a label
    without any gets no seeds, which the first line says.

    >>> from synthkit import load_seeds
    >>> load_seeds([{"text": "cold soup", "label": "menu"}, {"text": "a fat cat", "label": "cats"}], k=1).rows["text"]
    Column(['a fat cat', 'cold soup'])
    """
    if not isinstance(k, int) or k < 1:
        raise SynthkitError(f"k={k!r}: expected a whole number of rows a label, 1 or more")
    if not isinstance(random_state, int) or random_state < 0:
        raise SynthkitError(f"random_state={random_state!r}: expected a whole number, 0 or more")
    if isinstance(source, Task):
        train, repairs = source.splits.train, source.splits.repairs
        usable, left_out = _usable_of(source.splits)
    else:
        loaded = source if isinstance(source, Loaded) else load_rows(source, strict=strict)
        train, repairs = loaded.rows, loaded.repairs
        usable, left_out = _usable(train, [])
    splits = source.splits if isinstance(source, Task) else None
    drawn = _draw(train, usable, k, np.random.default_rng(random_state), splits)
    chosen = set(drawn)
    dropped = {row_id for row_id, _, _ in left_out}
    ids = train["id"]
    rest = [i for i in range(len(train)) if i not in chosen and ids[i] not in dropped]
    task = source if isinstance(source, Task) else None
    return Seeds(train.select(drawn), train.select(rest), k, random_state, tuple(left_out), task=task, repairs=repairs)


@lru_cache(maxsize=4)
def _usable_of(splits: Splits) -> tuple[list[int], list[tuple[str, str, str]]]:
    return _usable(splits.train, [splits.validation, splits.test])


def _usable(train: Dataset, held_out: list[Dataset]) -> tuple[list[int], list[tuple[str, str, str]]]:
    """Return the positions that may be drawn, and (id, reason, twin) of the rows that may not."""
    index = NearIndex()
    for rows in held_out:
        index.extend(rows["text"], rows["id"])
    usable, left_out = [], []
    for position, (text, row_id) in enumerate(zip(train["text"], train["id"], strict=True)):
        if twin := index.twin(text):
            left_out.append((row_id, "exact duplicate" if twin[1] == "exact" else "near-duplicate", str(twin[0])))
        else:
            usable.append(position)
            index.add(text, row_id)
    return usable, left_out


def _draw(train: Dataset, usable: list[int], k: int, rng: np.random.Generator, splits: Splits | None) -> list[int]:
    labels = np.asarray(train["label"])[usable]
    counts = Counter(labels.tolist())
    drawn: list[int] = []
    for label in sorted(set(train["label"])):
        where = [usable[i] for i in np.flatnonzero(labels == label)]
        if len(where) < k:
            fewest = min(counts[name] for name in set(train["label"]))
            fix = f"lower k to {fewest} or add rows" if fewest else "add rows"
            raise SynthkitError(
                f"label {label!r} has {len(where)} usable rows and k={k} were asked for: "
                f"{_arithmetic(train, label, len(where), splits)}; {fix}"
            )
        drawn += sorted(int(i) for i in rng.permutation(where)[:k])
    return drawn


def _arithmetic(train: Dataset, label: str, usable: int, splits: Splits | None) -> str:
    """Return where the rows of a label went: "10 rows in train, less 2 that became validation rows ..."."""
    left = list(train["label"]).count(label)
    taken = list(splits.validation["label"]).count(label) if splits and splits.validation_from_train else 0
    parts = [f"{left + taken} in train"]
    if taken:
        parts.append(f"{taken} that became validation, since task.yaml names no validation rows")
    if left > usable:
        parts.append(f"{left - usable} that repeat another row")
    return ", less ".join(parts)
