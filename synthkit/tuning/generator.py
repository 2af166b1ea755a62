"""A fine-tuned model as a source of replies, and what of the private rows is in its texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.core.classifier import fit_labels
from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result
from synthkit.core.rows import row_ids
from synthkit.core.stats import wilson
from synthkit.core.text import matched_words
from synthkit.generation.filter import Drop, Filter
from synthkit.generation.filters import PersonalData, SeedCopy
from synthkit.generation.generate import Generation
from synthkit.llm.client import LLM
from synthkit.llm.recorded import Recorded
from synthkit.quality.privacy import RUN, copies
from synthkit.seeds.canaries import Canaries
from synthkit.tasks.splits import task_of
from synthkit.tuning.local_model import LocalModel

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset


class Prepared(NamedTuple):
    """What a model learns (with canaries), what it does not see, and what the anonymizer replaced."""

    train: Dataset
    held_out: Dataset
    canaries: Canaries
    found: str


class AnyPersonal(PersonalData):
    """Holds whatever looks personal: names too, without a look whether a real row has them."""

    def check(self, row: dict) -> Drop | None:
        found = self._gate.find(row["text"])
        return Drop(self.name, f"{found[0].type} at {found[0].start}") if found else None


class CanaryBack(Filter):
    """Holds a secret that was planted in the training rows, whole or by half: nobody's, and of no use in a set."""

    name = "canary"

    def __init__(self, secrets):
        self._halves = {half for secret in secrets for half in matched_words(secret)}

    def check(self, row: dict) -> Drop | None:
        found = self._halves & set(matched_words(row["text"]))
        return Drop(self.name, f"“{min(found)}”") if found else None


@dataclass(frozen=True, repr=False, eq=False)
class Generator(Result):
    """A fine-tuned model as a source of replies, `sk.generate(plan, llm=generator)`, and how it was trained."""

    source: LocalModel | LLM | Recorded
    facts: dict
    prepared: Prepared = field(compare=False)

    def __getattr__(self, name: str):
        if name.startswith("__") or name == "source":
            raise AttributeError(name)
        return getattr(self.source, name)  # what else a source of replies has

    def summary(self) -> str:
        return f"Generator: {self.provenance}"

    @property
    def provenance(self) -> str:
        """How it was trained, in a sentence for cards."""
        f = self.facts
        private = (
            f"ε = {f['epsilon']:g}, δ = {f['delta']:.1g} for one row added or removed (DP-SGD, noise {f['noise']:.3g}, "
            f"{f['steps']} steps; ε = {f['spent']:.3g} with all releases by these rows)"
            if f.get("epsilon")
            else "no differential privacy"
        )
        return (
            f"{f['base']} fine-tuned on {f['rows']:,} real rows, {f['anonymised']}, {f['canaries']} canaries planted; "
            f"{private}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a fact of the training."""
        import pandas as pd

        return pd.DataFrame([(name, str(value)) for name, value in self.facts.items()], columns=["fact", "value"])

    @property
    def trained(self) -> dict:
        """What a card says of it: `how` in a sentence, the real `rows`, whether they were anonymised, ε or None."""
        return {"how": self.provenance, **{name: self.facts.get(name) for name in ("rows", "anonymised", "epsilon")}}

    @property
    def filters(self) -> list[Filter]:
        """Filters that `sk.generate` adds: canaries and, without differential privacy, copies of training rows.

        With it nothing but the model may decide what is kept: a look at the rows would be one more release.
        """
        back = CanaryBack(self.prepared.canaries.secrets.values())
        if not self.facts.get("epsilon"):
            return [back, SeedCopy(self.prepared.canaries)]
        task = task_of(self.prepared.train)
        return [back, AnyPersonal(task)] if task and task.sensitive else [back]

    def check(self, made: Generation) -> pd.DataFrame:
        """Return what of the private rows is in all texts of a generation, dropped ones too, each beside its control.

        For you alone, not for the card: these counts look at the private rows, and no ε covers them. `label holds` is
        judged by a classifier of the training rows, the control is its own cross-validated accuracy; the control of
        copies is the held-out real rows, that of canaries are secrets planted nowhere.
        """
        import pandas as pd
        from datasets import Dataset

        texts = [*made.rows["text"], *(drop["text"] for drop in made.drops)]
        labels = [*made.rows["label"], *(drop["label"] for drop in made.drops)]
        train, held_out = self.prepared.train, self.prepared.held_out
        back = self.prepared.canaries.count(Dataset.from_dict({"text": texts, "label": labels}))
        came = {kind: int((some["whole"] + some["half"] > 0).sum()) for kind, some in back.groupby("kind")}
        shared = [
            wilson(len(copies(some, range(len(some)), train["text"], row_ids(train, "train"), floor=RUN)), len(some))
            for some in (texts, list(held_out["text"]))
        ]
        holds, accuracy = self._holds(texts, labels)
        planted = len(self.prepared.canaries.secrets)
        lines = [
            (
                "canaries that came back",
                f"{came.get('planted', 0)} of {planted}",
                f"{came.get('decoy', 0)} of {planted}",
            ),
            (f"share with {RUN} words in a row of a training row", str(shared[0]), str(shared[1])),
            ("label holds", holds, accuracy),
        ]
        return pd.DataFrame(lines, columns=["what", f"{len(texts):,} texts", "control"])

    def _holds(self, texts: list[str], labels: list[str]) -> tuple[str, str]:
        """Return the share of texts whose label a classifier of the training rows gives, and its own accuracy."""
        try:
            judge = fit_labels(self.prepared.train)
        except SynthkitError as error:  # a label with fewer than five rows
            return "not judged", str(error)
        predictions = judge.labels[judge.probabilities(texts).argmax(axis=1)]
        return str(wilson(float((predictions == np.array(labels)).sum()), len(texts))), f"{judge.accuracy:.3f}"
