"""What a card says: its Markdown with the Hub's fields on top, and the statements that Croissant carries too."""

from __future__ import annotations

import html
from collections import Counter
from typing import TYPE_CHECKING

from synthkit.core import withheld
from synthkit.core.stats import Interval

if TYPE_CHECKING:
    from datasets import Dataset

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**9, "100K<n<1M"))


def markdown(f: dict, rows: Dataset, columns: dict[str, str], path: str) -> str:
    """Return the card of rows that lie at `path`; `f` are its facts, `columns` says what each column is."""
    import yaml

    n, says, labels = len(rows), statements(f), Counter(rows["label"])
    top = {
        "license": f["licence"],
        "language": [f["task"]["language"]],
        "pretty_name": f["title"],
        "annotations_creators": ["machine-generated"],
        "language_creators": ["machine-generated"],
        "multilinguality": ["monolingual"],
        "source_datasets": ["extended|other" if _behind(f) else "original"],
        "task_categories": ["text-classification"],
        "task_ids": ["multi-class-classification"],
        "tags": ["synthetic", "synthkit"],
        "size_categories": [next(name for most, name in SIZES if n < most)],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": path}]}],
    }
    parts = [
        f"---\n{yaml.safe_dump(top, sort_keys=False, allow_unicode=True)}---\n",
        f"# {plain(f['title'])}\n",
        f"{n:,} texts. {says['description']}\n",
        "## Intended use\n",
        f"{plain(f['intended_use'])}. Not for claims about real people, and not as test rows: only real rows say how "
        "good a model is.\n",
        "## Rows\n",
        table_of(["column", "what it is"], [[c, columns.get(c, "")] for c in rows.column_names]),
        table_of(["label", "rows", "meaning"], [[k, labels[k], v] for k, v in f["task"]["labels"].items()]),
        "## How they were made\n",
        table_of(["", ""], [[name, value] for name, value in f["made"].items()]),
        f"{says['filters']}\n",
        "## Personal and sensitive information\n",
        f"{says['personal']}\n",
        "## Quality\n",
        *_quality(f),
        "## Bias, risks and limits\n",
        *[f"- {limit}" for limit in (*_limits(f), says["bias"])],
        "\n## Licence\n",
        f"{plain(f['licence'])}\n",
        "## Citation\n",
        f"{says['citation']}\n",
    ]
    return "\n".join(parts)


def statements(f: dict) -> dict[str, str]:
    """Return what is said of rows by their facts, a sentence or a few under each name."""
    who = "an n-gram model, **no language model**" if f["model"] == "ngram" else f"`{plain(f['made']['model'])}`"
    privacy = f.get("privacy", {})
    found = ", ".join(f"{n} {kind}" for kind, n in privacy.get("found in the rows", {}).items())
    marked = "The task is marked sensitive. " if privacy.get("sensitive") else ""
    filters = ", ".join(privacy.get("filters", ()))
    measured = [x for x in f["lines"] if x[0] == "bias"]
    return {
        "description": f"**Synthetic** labelled texts, written by {who}, not by people. {plain(f['task']['domain'])}",
        "made": "; ".join(f"{name}: {plain(value)}" for name, value in f["made"].items()),
        "labels": "A text carries the label that its prompt asked for, or that a model gave it; no person checked it.",
        "filters": f"Filters that every text passed: {plain(filters)}." if filters else "No filter ran.",
        "personal": f"{marked}Real rows that the generation was given: {plain(privacy.get('seeds', 'not known'))}. In "
        f"the synthetic rows the detector finds {plain(found) if found else 'nothing'}; it misses what has neither a "
        "pattern nor a cue. A name in a row may be a real person's by chance. "
        + _promise(plain(privacy.get("training", "")), plain(privacy.get("choice", ""))),
        "bias": f"Bias was measured by {len(measured)} lines of the quality report."
        if measured
        else "Bias was not measured: groups may be missing, or be met mostly under one label.",
        "limits": " ".join(_limits(f)),
        "citation": f"{plain(f['title'])}, made with synthkit {plain(f['made'].get('synthkit', ''))}. Cite the model "
        "and the source of the real rows as well.",
    }


def _promise(training: str, choice: str) -> str:
    """Return what differential privacy covers of the rows, if anything."""
    if training:
        too = f" So was the choice of these rows: {choice}." if choice else ""
        return f"The model that wrote them was trained under differential privacy: {training}.{too}"
    if choice:
        return f"Which rows are here was decided under differential privacy, how they were written was not: {choice}."
    return "There is **no differential privacy**: nothing bounds what these rows can reveal of the real ones."


def _behind(f: dict) -> int:
    """Return how many real rows stand behind the synthetic ones, in whatever way."""
    return sum(n for name, n in f["made"].items() if name.startswith("real rows"))


def _quality(f: dict) -> list[str]:
    if not f["lines"]:
        return ["Not measured.\n"]
    rows = [
        [section, metric, f"{Interval(*value)}" + ("" if p is None else f", p = {p:.3f}"),
         "" if control is None else str(Interval(*control)), better]
        for section, metric, value, control, better, _, p in f["lines"]
    ]  # fmt: skip
    notes = [f"- {plain(note)}" for note in f["notes"]]
    sentence = f"{plain(f['reference'])}. The control is what real rows give in the same place.\n"
    return [sentence, table_of(["section", "metric", "synthetic", "control", "better"], rows), *notes, ""]


def _limits(f: dict) -> list[str]:
    out = ["A text carries the label that was asked for; whether it deserves it nobody has checked by hand."]
    if f["model"] != "ngram":
        out.append("A language model repeats what it has read: phrases, views and errors of its training texts.")
    if f["stand_in"]:
        out.append(
            "The real rows that they were measured against are stand-ins by the same kind of author: it flatters."
        )
    if behind := _behind(f):
        out.append(
            f"{behind} real rows stand behind these texts: shown in prompts, told in words or fitted on. The privacy "
            "lines can find a leak and cannot rule one out."
        )
    return out


def table_of(head: list[str], rows: list[list]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(plain(v) for v in line) + " |" for line in lines) + "\n"


def plain(value: object) -> str:
    """A text as one line of Markdown that is neither HTML nor the end of a cell."""
    return html.escape(withheld.shown(line(value)), quote=False).replace("|", "\\|")


def line(value: object) -> str:
    return " ".join(str(value).split())
