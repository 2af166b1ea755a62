"""Which label does each of these texts carry? The requests, and what can be read of their replies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from synthkit.core import withheld
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import need_columns, row_ids, unique_ids
from synthkit.core.text import fold, tidy
from synthkit.generation.parsing import LONGEST_TEXT, number_of, parse_reply
from synthkit.llm.answers import Answer
from synthkit.llm.recorded import SHOWS_TEXTS, to_reply
from synthkit.llm.request import Reply, Request
from synthkit.prompts.labelling import AGAIN, BATCH, Examples, label_requests
from synthkit.seeds.anonymizer import anonymize
from synthkit.seeds.seeds import Seeds
from synthkit.tasks.labels import spelling_key
from synthkit.tasks.splits import task_of
from synthkit.tasks.task import Task

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.generation.generate import Generation

CHECKED = 40  # rows that are asked about a second time, and seeds whose labels are known
PREFIX = "relabel_"
KNOWN = f"{SHOWS_TEXTS}_seeds"


def annotate_requests(
    rows: Dataset,
    task: Task,
    *,
    seeds: Seeds | None = None,
    examples: Seeds | None = None,
    twice: int = CHECKED,
    random_state: int = 0,
) -> tuple[list[Request], list[Request], list[Request]]:
    """Return the requests for the labels of rows, those that ask a second time, and those about seeds."""
    need_columns("rows=", rows, ("text",))
    if not len(rows):
        raise SynthkitError("rows= holds no text; there is nothing to label")
    unique_ids("rows=", rows, "text")
    if type(twice) is not int or twice < 0:
        raise SynthkitError(f"twice={twice!r}: expected how many texts to ask about again, a whole number, 0 or more")
    if empty := [i for i, text in enumerate(rows["text"]) if not isinstance(text, str) or not text.strip()]:
        raise SynthkitError(
            f"rows= has no text in {len(empty)} of {len(rows)} rows, the first is row {empty[0]}: "
            "sk.load_rows(rows, labelled=False) and sk.pick(rows, n) leave them out"
        )
    for name, given in (("seeds", seeds), ("examples", examples)):
        if given is not None and not isinstance(given, Seeds):
            raise SynthkitError(f"{name}={type(given).__name__}: expected seeds, as sk.load_seeds(task) returns them")
        if given is not None and (seen := _test_rows(given, task)):
            raise SynthkitError(
                f"{name}=: {seen} of {len(given.rows)} rows are test rows of {task.name!r}, which reach no prompt. "
                "sk.load_seeds(task) draws from train"
            )
    shown, near = _shown(rows, task), None if examples is None else Examples(task, examples)
    main = label_requests(task, shown, SHOWS_TEXTS, random_state, near)
    again = label_requests(task, shown[:twice], AGAIN, random_state, near)
    few = seeds.rows if seeds else None
    if few is not None and len(few) > CHECKED:
        few = few.select(np.random.default_rng(random_state).permutation(len(few))[:CHECKED])
    return main, again, label_requests(task, _shown(few, task) if few else [], KNOWN, random_state, near)


def _test_rows(seeds: Seeds, task: Task) -> int:
    """Return how many seeds are test rows; 0 where the task has no rows of its own."""
    try:
        test = set(map(fold, task.splits.test["text"]))
    except SynthkitError:
        return 0
    return sum(fold(text) in test for text in seeds.rows["text"])


def relabel_requests(made: Generation) -> list[Request]:
    """Return the requests that ask for the labels of a generation's rows, `BATCH` of them a request, in slot order."""
    name = PREFIX + made.plan.strategy.replace("+", "_")
    return label_requests(made.plan.task, list(made.rows), name, made.plan.random_state)


def _shown(rows: Dataset, task: Task) -> list[dict]:
    """Return `id` and `text` of rows as a model may see them: of a sensitive task without personal data.

    Rows are kept to this machine by the task that labels them, and by the one that they come from.
    """
    texts, own = list(rows["text"]), task_of(rows)
    tasks = [t for t in (task, own) if t and t.sensitive]
    if tasks:
        patterns = {kind: pattern for t in tasks for kind, pattern in t.patterns.items()}
        withheld.withhold(tasks[0].name, texts, tasks[0].patterns)
        texts = list(anonymize(rows, patterns=patterns, ner=tasks[0].ner, progress=False).rows["text"])
    withheld.refuse(texts, "texts to be labelled", "a model")  # each for itself: a short row is lost among others
    return [{"id": i, "text": t[:LONGEST_TEXT]} for i, t in zip(row_ids(rows, "text"), texts, strict=True)]


def read_labels(request: Request, reply: Reply) -> dict[int, str]:
    """Return the labels of a reply by number, those that the request allows; without numbers where all are there."""
    return _labels_in(request.schema, reply, request.count)


def _labels_in(schema: dict, reply: Reply, count: int) -> dict[int, str]:
    allowed = schema["properties"]["texts"]["items"]["properties"]["label"]["enum"]
    keys = [spelling_key(name) for name in allowed]  # endpoints that take no schema let a model spell as it likes
    spelt = {key: name for key, name in zip(keys, allowed, strict=True) if keys.count(key) == 1}
    items = parse_reply(reply, key="label", count=count) or []
    if len(items) == count and not any("number" in item for item in items):
        items = [{**item, "number": number} for number, item in enumerate(items, 1)]
    labels: dict[int, str] = {}
    for item in items:
        number, label = number_of(item), tidy(item["label"])
        label = label if label in allowed else spelt.get(spelling_key(label))
        if number and 1 <= number <= count and label:
            labels.setdefault(number, label)
    return labels


def bare_reply(asked: dict, answered: dict) -> dict:
    """Return a line of Batch output with numbers and labels alone, so that no text comes back with them.

    `asked` is the line of Batch input that it answers. A line that cannot be read stays as it is.
    """
    with suppress(KeyError, IndexError, TypeError):
        reply = to_reply(answered)
        labels = _labels_in(asked["body"]["response_format"]["json_schema"]["schema"], reply, BATCH)
        items = [{"number": number, "label": label} for number, label in sorted(labels.items())]
        message = {"role": "assistant", "content": json.dumps({"texts": items}) if items else ""}
        body = {"model": reply.model, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        usage = answered["response"]["body"].get("usage")
        body |= {"usage": usage} if usage else {}
        return {"custom_id": answered["custom_id"], "response": {"status_code": 200, "body": body}}
    return answered


def label_problem(request: Request, reply: Reply) -> str | None:
    """Return why a reply should be asked for again, or None."""
    got = len(read_labels(request, reply))
    return None if got == request.count else f"{got} labels instead of {request.count}"


def labels_by_id(answers: Sequence[Answer]) -> dict[str, str]:
    """Return the label of each text by the id it was asked under: the fullest reply's, and of others what it lacks."""
    labels: dict[str, str] = {}
    for answer in answers:
        replies = [read_labels(request, reply) for request, reply, _ in reversed(answer.replies)]
        for found in sorted(replies, key=len):
            labels.update({answer.request.demo_ids[number - 1]: label for number, label in found.items()})
    return labels
