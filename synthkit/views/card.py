"""The dataset card: what these rows are, who wrote them, what they cost, how good they are, what not to do with them.

A card travels with its rows: `save` writes a folder that `load_card` and `datasets.load_dataset` read, `push_to_hub`
sends the same files.
"""

from __future__ import annotations

import html
import io
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError
from synthkit.core.exports import write_private
from synthkit.core.results import Result
from synthkit.core.stats import Interval

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from synthkit.generation.generate import Generation
    from synthkit.quality.evaluate import Report

ROWS, FACTS, CARD = "data/train.parquet", "synthkit.json", "README.md"
COLUMNS = {
    "id": "strategy, generation, request and number of the text in its reply",
    "text": "the text, as the model wrote it",
    "label": "the label that was asked for",
    "strategy": "the way of asking",
    "attributes": "what else was asked for (JSON)",
    "demo_ids": "ids of the real rows that the prompt showed (JSON list)",
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
        import pandas as pd

        f = self.facts
        told = {"task": f["task"]["name"], "licence": f["licence"], "intended use": f["intended_use"]}
        told |= {name: str(value) for name, value in f["made"].items()}
        return pd.DataFrame({"what": list(told), "is": list(told.values())})

    @property
    def text(self) -> str:
        """The card as Markdown."""
        return _markdown(self.facts, self.rows)

    def files(self) -> dict[str, bytes]:
        """Return every file of the card by its path: rows (Parquet), facts (JSON), the card itself."""
        import pyarrow as pa
        from pyarrow import parquet

        rows = io.BytesIO()
        parquet.write_table(pa.Table.from_pydict(self.rows.to_dict(), self.rows.features.arrow_schema), rows)
        facts = json.dumps(self.facts, indent=1, ensure_ascii=False) + "\n"
        return {ROWS: rows.getvalue(), FACTS: facts.encode(), CARD: self.text.encode("utf-8", "replace")}

    def save(self, folder) -> Path:
        """Write rows, facts and card into a folder, and return it; `load_card(folder)` gives the same card again."""
        folder = Path(folder)
        for name, data in self.files().items():
            try:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SynthkitError(f"cannot write to {folder}: {error.strerror or error}") from None
            write_private(folder / name, data)
        return folder

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


def make_card(
    made: Generation,
    report: Report | None = None,
    *,
    licence: str,
    intended_use: str = "training and testing text classifiers; research on synthetic data",
    title: str = "",
) -> Card:
    """Return the card of a generation. Of the report only lines and notes go into it: its tables quote real rows.

    `licence` is yours to name: that of the model's terms and of the seeds it was shown.
    """
    if not len(made.rows):
        raise SynthkitError("there is no row to write a card for")
    task, ledger = made.plan.task, made.ledger
    shown = sorted({i for ids in made.rows["demo_ids"] for i in json.loads(ids or "[]")})
    facts = {
        "title": _line(title or f"{task.title or task.name}: synthetic rows"),
        "task": {"name": task.name, "labels": dict(task.labels), "domain": task.domain, "language": task.language},
        "model": made.model,
        "licence": _line(licence),
        "intended_use": _line(intended_use),
        "stand_in": task.stand_in,
        "made": {
            "strategy": made.plan.strategy,
            "model": ", ".join(sorted(set(made.rows["model"]))),
            "random_state": made.plan.random_state,
            "requests": ledger.answered,
            "texts": f"{ledger.parsed} read, {ledger.kept} kept",
            "dropped": ", ".join(f"{reason} {n}" for reason, n in ledger.dropped) or "none",
            "tokens": f"{ledger.tokens_in:,} in, {ledger.tokens_out:,} out"
            + (" (estimated)" if ledger.tokens_estimated else ""),
            "cost": "unknown" if ledger.usd is None else f"{ledger.usd:.4f} US dollars",
            "real rows shown in prompts": len(shown),
            "synthkit": _version(),
        },
        "reference": report.summary() if report else "",
        "lines": [[x.section, x.metric, list(x.synthetic), x.control and list(x.control), x.better, x.method, x.p]
                  for x in report.lines] if report else [],
        "notes": list(report.notes) if report else [],
    }  # fmt: skip
    return Card(made.rows, json.loads(json.dumps(facts)))


def load_card(folder) -> Card:
    """Return the card that `save` wrote: its rows and facts."""
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
    return Card(rows, facts)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("synthkit")
    except PackageNotFoundError:
        return "unknown"


def _markdown(f: dict, rows: Dataset) -> str:
    import yaml

    n = len(rows)
    sizes = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**9, "100K<n<1M"))
    top = {
        "license": f["licence"],
        "language": [f["task"]["language"]],
        "pretty_name": f["title"],
        "task_categories": ["text-classification"],
        "tags": ["synthetic", "synthkit"],
        "size_categories": [next(name for most, name in sizes if n < most)],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": ROWS}]}],
    }
    who = "an n-gram model, **no language model**" if f["model"] == "ngram" else f"`{_plain(f['made']['model'])}`"
    labels = Counter(rows["label"])
    parts = [
        f"---\n{yaml.safe_dump(top, sort_keys=False, allow_unicode=True)}---\n",
        f"# {_plain(f['title'])}\n",
        f"{n:,} **synthetic** labelled texts, written by {who}, not by people. {_plain(f['task']['domain'])}\n",
        "## Intended use\n",
        f"{_plain(f['intended_use'])}. Not for claims about real people, and not as test rows: only real rows say how "
        "good a model is.\n",
        "## Rows\n",
        _table(["column", "what it is"], [[c, COLUMNS.get(c, "")] for c in rows.column_names]),
        _table(["label", "rows", "meaning"], [[k, labels[k], v] for k, v in f["task"]["labels"].items()]),
        "## How they were made\n",
        _table(["", ""], [[name, value] for name, value in f["made"].items()]),
        "## Quality\n",
        *_quality(f),
        "## Limits\n",
        *[f"- {limit}" for limit in _limits(f)],
        "\n## Licence\n",
        f"{_plain(f['licence'])}\n",
    ]
    return "\n".join(parts)


def _quality(f: dict) -> list[str]:
    if not f["lines"]:
        return ["Not measured.\n"]
    rows = [
        [section, metric, f"{Interval(*value)}" + ("" if p is None else f", p = {p:.3f}"),
         "" if control is None else str(Interval(*control)), better]
        for section, metric, value, control, better, _, p in f["lines"]
    ]  # fmt: skip
    notes = [f"- {_plain(note)}" for note in f["notes"]]
    said = f"{_plain(f['reference'])}. The control is what real rows give in the same place.\n"
    return [said, _table(["section", "metric", "synthetic", "control", "better"], rows), *notes, ""]


def _limits(f: dict) -> list[str]:
    out = ["A text carries the label that was asked for; whether it deserves it nobody has checked by hand."]
    if f["model"] != "ngram":
        out.append("A language model repeats what it has read: phrases, views and errors of its training texts.")
    if f["stand_in"]:
        out.append(
            "The real rows that they were measured against are stand-ins by the same kind of author: it flatters."
        )
    if shown := f["made"]["real rows shown in prompts"]:
        out.append(f"Prompts showed {shown} real rows. The privacy lines can find a leak and cannot rule one out.")
    return out


def _table(head: list[str], rows: list[list]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_plain(v) for v in line) + " |" for line in lines) + "\n"


def _plain(value: object) -> str:
    """A text as one line of Markdown that is neither HTML nor the end of a cell."""
    return html.escape(_line(value), quote=False).replace("|", "\\|")


def _line(value: object) -> str:
    return " ".join(str(value).split())
