"""The words that every prompt is put together from. A change here needs a new strategy version and new recordings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from synthkit.tasks.task import Task

SYSTEM = (
    "You write examples for a text classification dataset. Each text must read as if a real person had written it in "
    "the situation described, and must carry its label beyond doubt."
)

TEXT = {"number": {"type": "integer"}, "text": {"type": "string"}}
LABEL_FIRST = "The label comes first: where the parts of a line do not go together, bend them and never the label."

TURN = "# Your turn\n"  # above it stands what every request of a task shares, below it what a strategy asks
ANSWER = "\n\nAnswer with JSON"  # begins the part that says how to answer
LABELS_SHOWN = 20  # with more labels than this a prompt describes only the one it asks for


@dataclass(frozen=True)
class Prompt:
    """What a strategy returns: its turn of the prompt, and what each text is meant to be (`attributes`, one a text).

    Above it stands what every request of the task shares (unless `alone`), below it how to answer. `demo_ids` are the
    seeds it shows; `answer` and `schema` replace the usual form of a reply.
    """

    text: str
    attributes: tuple[dict, ...] = ()
    demo_ids: tuple[str, ...] = ()
    answer: str | None = None
    schema: dict | None = None
    alone: bool = False


def schema(**more: dict) -> dict:
    """Return the JSON schema of a reply: `texts`, each with a number, a text and whatever else is asked for."""
    return items_schema(**TEXT, **more)


def items_schema(**properties: dict) -> dict:
    """Return the JSON schema of a reply: `texts`, each an object that has just these properties."""
    item = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"texts": {"type": "array", "items": item}},
        "required": ["texts"],
        "additionalProperties": False,
    }


def setting(task: Task, label: str) -> str:
    """Return the part that says what the texts are and what the labels mean."""
    shown = task.labels if len(task.labels) <= LABELS_SHOWN else {label: task.labels[label]}
    lines = "\n".join(f"- {name}: {meaning}" for name, meaning in shown.items())
    return f"# The texts\n{task.domain}\n\n# The labels\n{lines}\n\n{TURN}"


def answer(count: int, more: str = "") -> str:
    """Return the part that says how to answer; `more` goes into the example of an item."""
    return (
        f'{ANSWER} only: {{"texts": [{{"number": 1, "text": "..."{more}}}, ...]}} with the numbers 1 to '
        f"{count}. Each text stands alone: no numbering, no label, no comment inside it."
    )


def turn_of(request) -> str:
    """Return what a strategy wrote into a request."""
    return request.messages[-1]["content"].split(TURN, 1)[-1].rsplit(ANSWER, 1)[0].rstrip()


def turns(values: Sequence, count: int, rng) -> list:
    """Return `count` values in random order, each once before any comes again."""
    order = [values[int(i)] for i in rng.permutation(len(values))]
    return [order[i % len(order)] for i in range(count)]


def fenced(rows: Iterable[dict]) -> str:
    """Return real rows as data between two tags: JSON with < and > escaped, so that no row can close the fence."""
    return fenced_as("examples", [{"label": r["label"], "text": r["text"]} for r in rows])


def fenced_as(tag: str, items: Iterable[dict]) -> str:
    """Return items as lines of JSON between two tags, < and > escaped."""
    lines = [json.dumps(i, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e") for i in items]
    return "\n".join([f"<{tag}>", *lines, f"</{tag}>"])
