"""The dataset card: what these rows are, who wrote them, what they cost, how good they are, what not to do with them.

A card travels with its rows: `save` writes a folder that `Card.load` and `datasets.load_dataset` read, `push_to_hub`
sends the same files.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError
from synthkit.core.exports import write_private
from synthkit.core.results import Result, frame_of
from synthkit.prompts.local import NAMED
from synthkit.prompts.registry import STRATEGIES
from synthkit.seeds.gate import FILTER, Gate
from synthkit.views.card_text import line, markdown, statements
from synthkit.views.croissant import croissant

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from synthkit.generation.generate import Generation
    from synthkit.generation.private_selection import PrivateSelection
    from synthkit.quality.evaluate import Report

ROWS, FACTS, CARD, CROISSANT = "data/train.parquet", "synthkit.json", "README.md", "croissant.json"
COLUMNS = {
    "id": "strategy, generation, request and number of the text in its reply",
    "text": "the text, as the model wrote it",
    "label": "the label that was asked for",
    "strategy": "the way of asking",
    "attributes": "what else was asked for (JSON)",
    "demo_ids": "ids of real rows: shown or told in the prompt, or fitted on (JSON list)",
    "model": "who answered",
    "request_key": "SHA-256 of the request: prompt, schema, sampling, model, random_state, slot, attempt",
    "slot": "number of the request in its plan",
    "iteration": "round of refinement, 0 for the first",
}


@dataclass(frozen=True, repr=False)
class Card(Result):
    """Synthetic rows and the facts about them; `text` is the card in Markdown, with the Hub's metadata on top."""

    rows: Dataset
    facts: dict

    def summary(self) -> str:
        f = self.facts
        return (
            f"Card: {len(self.rows):,} rows for {f['task']['name']!r} by {f['model']}, {len(f['lines'])} quality lines"
            f", licence {f['licence']}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a fact: what, and what it is."""
        f = self.facts
        facts = {"task": f["task"]["name"], "licence": f["licence"], "intended use": f["intended_use"], **f["made"]}
        return frame_of([(what, str(value)) for what, value in facts.items()], ["what", "is"])

    @property
    def text(self) -> str:
        """The card as Markdown."""
        return markdown(self.facts, self.rows, self._columns, ROWS)

    @property
    def _columns(self) -> dict[str, str]:
        by_votes = {"label": "the label that private rows gave it, under noise"}
        return COLUMNS | (by_votes if self.facts["privacy"].get("relabelled") else {})

    def files(self) -> dict[str, bytes]:
        """Return every file of the card by its path: rows (Parquet), facts (JSON), the card itself, Croissant."""
        import pyarrow as pa
        from pyarrow import parquet

        buffer = io.BytesIO()
        parquet.write_table(pa.Table.from_pydict(self.rows.to_dict(), self.rows.features.arrow_schema), buffer)
        rows = buffer.getvalue()
        described = croissant(self.facts, self.rows, self._columns, ROWS, rows, statements(self.facts))
        files = {ROWS: rows, CARD: self.text.encode("utf-8", "replace")}
        for name, value in {FACTS: self.facts, CROISSANT: described}.items():
            files[name] = (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")
        return files

    def save(self, folder) -> Path:
        """Write rows, facts and card into a folder, and return it; `Card.load(folder)` gives the same card again."""
        folder = Path(folder)
        for name, data in self.files().items():
            try:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SynthkitError(f"cannot write to {folder}: {error.strerror or error}") from None
            write_private(folder / name, data)
        return folder

    @classmethod
    def load(cls, folder) -> Card:
        """Return the card that `save` wrote: its rows and facts.

        >>> import tempfile
        >>> import synthkit as sk
        >>> made = sk.generate(sk.load_task("feedback"), n=10, progress=False)
        >>> folder = sk.make_card(made, licence="cc-by-4.0").save(tempfile.mkdtemp())
        >>> len(Card.load(folder).rows)
        10
        """
        from datasets import Dataset, Features
        from pyarrow import parquet

        folder = Path(folder)
        for name in (ROWS, FACTS):
            if not (folder / name).is_file():
                raise SynthkitError(f"{folder} holds no {name}: expected a folder that card.save(folder) wrote")
        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            table = parquet.read_table(folder / ROWS)
            rows = Dataset.from_dict(table.to_pydict(), features=Features.from_arrow_schema(table.schema))
        except (ValueError, OSError) as error:
            raise SynthkitError(f"{folder} cannot be read as a card: {error}") from None
        return cls(rows, facts)

    def push_to_hub(self, repo_id: str, *, private: bool = True, token: str | None = None, endpoint: str | None = None):
        """Send the files to a dataset repository ("owner/name") in one commit, and return its address.

        The repository is made if it is not there, private unless told otherwise. `token` defaults to the one that
        `hf auth login` keeps; `endpoint` is another Hub than the public one.
        """
        from huggingface_hub import CommitOperationAdd, HfApi

        api = HfApi(endpoint=endpoint, token=token)
        parts = [CommitOperationAdd(name, data) for name, data in self.files().items()]
        try:
            api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True)
            done = api.create_commit(repo_id, parts, commit_message=self.summary(), repo_type="dataset")
        except Exception as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise SynthkitError(f"could not push to {repo_id!r}: {first}. Logged in? `hf auth login`") from None
        return done.repo_url.url


load_card = Card.load  # its name for one release more


def make_card(
    made: Generation,
    report: Report | None = None,
    *,
    selection: PrivateSelection | None = None,
    licence: str,
    intended_use: str = "training and testing text classifiers; research on synthetic data",
    title: str = "",
) -> Card:
    """Return the card of a generation. Of the report only lines and notes go into it: its tables quote real rows.

    `licence` is yours to name: that of the model's terms and of the seeds it was shown. The card says whether seeds
    were anonymised, which filters ran and what the detector finds in the rows themselves. With a `selection` by
    `sk.private_select` its rows are the card's, and its ε and δ are said.

    >>> import synthkit as sk
    >>> made = sk.generate(sk.load_task("feedback"), n=10, progress=False)
    >>> sk.make_card(made, licence="cc-by-4.0")
    Card: 10 rows for 'feedback' by claude, 0 quality lines, licence cc-by-4.0
    """
    from synthkit import __version__

    if not len(made.rows):
        raise SynthkitError("there is no row to write a card for")
    made = made if selection is None else replace(made, rows=selection.rows)
    task, ledger, gate = made.plan.task, made.ledger, Gate(made.plan.task)
    gate.let_pass(made.rows["text"], "rows of the card", fix=FILTER)
    gate.counts.clear()
    for text in made.rows["text"]:
        gate.find(text)
    facts = {
        "title": line(title or f"{task.title or task.name}: synthetic rows"),
        "task": {"name": task.name, "labels": dict(task.labels), "domain": task.domain, "language": task.language},
        "model": made.model,
        "licence": line(licence),
        "intended_use": line(intended_use),
        "stand_in": task.stand_in,
        "made": {
            "strategy": made.plan.strategy,
            "model": ", ".join(sorted(set(made.rows["model"]))),
            **({"fine-tuned": made.trained["how"]} if made.trained else {}),
            "random_state": made.plan.random_state,
            "requests": ledger.answered,
            "texts": f"{ledger.parsed} read, {ledger.kept} kept",
            "dropped": ", ".join(f"{reason} {n}" for reason, n in ledger.dropped) or "none",
            "tokens": f"{ledger.tokens_in:,} in, {ledger.tokens_out:,} out"
            + (" (estimated)" if ledger.tokens_estimated else ""),
            "cost": "unknown" if ledger.usd is None else f"{ledger.usd:.4f} US dollars",
            **_real_rows(made),
            "synthkit": __version__,
        },
        "privacy": {
            "sensitive": task.sensitive,
            "seeds": _seeds(made),
            "found in the rows": dict(gate.counts.most_common()),
            "filters": list(made.filters),
            "choice": selection.summary() if selection else "",
            "relabelled": bool(selection and selection.relabelled is not None),
            "training": made.trained["how"] if made.trained.get("epsilon") else "",
        },
        "reference": report.summary() if report else "",
        "lines": [[x.section, x.metric, list(x.synthetic), x.control and list(x.control), x.better, x.method, x.p]
                  for x in report.lines] if report else [],
        "notes": list(report.notes) if report else [],
    }  # fmt: skip
    return Card(made.rows, json.loads(json.dumps(facts)))


def _real_rows(made: Generation) -> dict[str, int]:
    """Return how many real rows stand behind synthetic ones, by what was done with them."""
    rows = made.rows
    behind = {"shown in prompts": set(), "told in words": set(), "a model was fitted on": set()}
    for strategy, model, ids in zip(rows["strategy"], rows["model"], rows["demo_ids"], strict=True):
        known = STRATEGIES.get(strategy)
        shown = model.startswith(NAMED) or (known and known.shows_seeds)
        how = "a model was fitted on" if model == "ngram" else "shown in prompts" if shown else "told in words"
        behind[how].update(json.loads(ids or "[]"))
    counts = {how: len(ids) for how, ids in behind.items()}
    counts["a model was fitted on"] += made.trained.get("rows", 0)
    return {f"real rows {how}": count for how, count in counts.items()}


def _seeds(made: Generation) -> str:
    """Return what became of the real rows that the generation was given, in words."""
    seeds = made.plan.seeds
    if seeds is None and made.trained:
        return f"{made.trained['rows']:,} rows that the model was fine-tuned on, {made.trained['anonymised']}"
    if seeds is None:
        return "none was given"
    if not seeds.anonymized:
        return f"{len(seeds.rows)} rows as they are, not anonymised"
    found = ", ".join(f"{count} {kind}" for kind, count in seeds.found) or "nothing was found in them"
    return f"{len(seeds.rows)} rows, anonymised before anything was asked (replaced: {found})"
