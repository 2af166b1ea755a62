"""What may not be trained on: rows that (nearly) repeat a test row, and prompts that have seen one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from synthkit.core.duplicates import NearIndex
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.rows import row_ids
from synthkit.core.text import NEAR, fold

if TYPE_CHECKING:
    from datasets import Dataset


class Refused(NamedTuple):
    """A training row that was left out because it (nearly) repeats a test row."""

    arm: str
    id: str
    twin: str
    similarity: float


class Guard:
    """Finds the test row that a text repeats: exactly, or with a Jaccard of 5-character shingles of 0.8 and more."""

    def __init__(self, test: Dataset):
        self._exact = {fold(t): i for t, i in zip(test["text"], row_ids(test, "test"), strict=True)}
        self._near = NearIndex(NEAR)
        self._near.extend(test["text"], row_ids(test, "test"))
        self._known: dict[str, tuple[str, float] | None] = {}

    def twin(self, text: str) -> tuple[str, float] | None:
        """Return (id of the test row, similarity), or None."""
        if text not in self._known:
            exact = self._exact.get(fold(text))
            self._known[text] = (exact, 1.0) if exact else self._near.nearest(text)
        return self._known[text]

    def clean(
        self, arm: str, rows: Dataset, labels: Sequence[str]
    ) -> tuple[tuple[list[str], list[str]], list[Refused]]:
        """Return ((texts, labels) to train on, what is refused). An unknown label, or no row left, is an error."""
        texts, kept, refused = [], [], []
        for row_id, text, label in zip(row_ids(rows, arm), rows["text"], rows["label"], strict=True):
            if label not in labels:
                raise SynthkitError(f"arm {arm!r}, row {row_id}: {unknown('label', label, labels)}")
            if twin := self.twin(text):
                refused.append(Refused(arm, row_id, *twin))
            else:
                texts.append(text)
                kept.append(label)
        if not texts:
            raise SynthkitError(f"arm {arm!r}: no row is left to train on once test duplicates are out")
        return (texts, kept), refused


def refuse_leak(seeds: Dataset, test: Dataset) -> None:
    """Raise SynthkitError if a seed that a prompt showed (nearly) repeats a test row."""
    guard, ids = Guard(test), row_ids(seeds, "seed")
    leaks = [(i, twin[0]) for i, t in zip(ids, seeds["text"], strict=True) if (twin := guard.twin(t))]
    if leaks:
        shown = ", ".join(f"{i} repeats {twin}" for i, twin in leaks[:5])
        raise SynthkitError(
            f"{len(leaks)} of {len(seeds)} seeds that the prompts showed are in the test rows ({shown}): what the "
            "model wrote has seen the test. Take the twins out of the seeds, or out of test, and generate anew"
        )
