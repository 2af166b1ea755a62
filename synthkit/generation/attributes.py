"""Let a model propose what texts of a task may be about and how they may be written, for the strategy `attributed`.

AttrPrompt (Yu et al. 2023, arXiv 2306.15895): values that depend on the label are checked for ambiguity, here by asking
the model, blindly, which label each of them goes with. Read what it proposes before you use it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result
from synthkit.core.text import fold, tidy, words
from synthkit.generation.label_requests import label_problem, labels_by_id
from synthkit.generation.parsing import parse_reply
from synthkit.generation.source import asking, make_source
from synthkit.llm.answers import Answer
from synthkit.llm.budget import Budget
from synthkit.llm.client import LLM
from synthkit.llm.request import Reply, Request
from synthkit.llm.store import Store
from synthkit.prompts.labelling import BATCH, UNCLEAR, label_request
from synthkit.prompts.prompt import TURN, items_schema
from synthkit.tasks.task import Task

if TYPE_CHECKING:
    import pandas as pd

TOPICS, FORMS = 12, 10  # values a label, and for all labels
LONGEST = 12  # words of a value
ABOUT, FORM = "about", "form"
SYSTEM = "You plan a text classification dataset: you list what its texts may be about and how they may be written."
_NAME = "propose_attributes"


@dataclass(frozen=True, repr=False)
class ProposedAttributes(Result):
    """Values by dimension, as in a task.yaml, and (label, value, reason) of what was dropped."""

    task: Task
    attributes: dict[str, dict[str, list[str]] | list[str]]
    dropped: tuple[tuple[str, str, str], ...]
    model: str

    def summary(self) -> str:
        count = sum(map(len, self.attributes[ABOUT].values())) + len(self.attributes[FORM])
        return (
            f"ProposedAttributes: {count} values for {self.task.name!r} by {self.model}, {len(self.dropped)} dropped; "
            "task = proposed.use() plans with them"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a value: dimension, label ("" for all), value."""
        import pandas as pd

        rows = [(ABOUT, label, value) for label, some in self.attributes[ABOUT].items() for value in some]
        rows += [(FORM, "", value) for value in self.attributes[FORM]]
        return pd.DataFrame(rows, columns=["dimension", "label", "value"])

    def use(self) -> Task:
        """Return the task with these attributes in the place of its own."""
        return replace(self.task, attributes=self.attributes)

    def to_yaml(self) -> str:
        """Return the `attributes` part of a task.yaml."""
        import yaml

        return yaml.safe_dump({"attributes": self.attributes}, allow_unicode=True, sort_keys=False, width=120)


def propose_attributes(
    task: Task,
    *,
    llm: str | LLM = "recorded",
    budget: Budget | None = None,
    store: Store | None = None,
    progress: bool = True,
) -> ProposedAttributes:
    """Return what texts of each label may be about, and forms that go with any label, as a model proposes them.

    A value is dropped that is long, stands under two labels, or that the model itself gives another label to. Raises
    SynthkitError where a label is left without any.

    >>> from synthkit.tasks.task import load_task
    >>> propose_attributes(load_task("feedback"), progress=False)
    ProposedAttributes: 82 values for 'feedback' by claude, 0 dropped; task = proposed.use() plans with them
    """
    source = make_source(llm, task, known=("recorded", "live", "batch"))
    with asking(task, source, "propose", store=store, budget=budget, progress=progress) as answers_to:
        proposed = [_values(a) for a in answers_to(proposal_requests(task), values_problem)]
        topics, dropped = _distinct(dict(zip(task.labels, proposed[1:], strict=True)))
        labels = labels_by_id(answers_to(check_requests(task, topics), label_problem))
    about: dict[str, list[str]] = {label: [] for label in task.labels}
    for label, values in topics.items():
        for value in values:
            if (given := labels.get(f"{label}/{value}", UNCLEAR)) == label:
                about[label].append(value)
            else:
                dropped.append((label, value, f"the model labels it {given}"))
    bare = [label for label, values in about.items() if not values] + ([] if proposed[0] else [FORM])
    if bare:
        raise SynthkitError(f"{source.model} proposed nothing of use for {', '.join(bare)}; ask another model")
    return ProposedAttributes(task, {ABOUT: about, FORM: proposed[0]}, tuple(dropped), source.model)


def proposal_requests(task: Task) -> list[Request]:
    """Return the first round: one request for forms, then one a label for what its texts are about."""
    wishes = [
        f'List {FORMS} different ways in which texts of the kind "{task.text_kind}" are written, whatever their label: '
        "tone, length, layout, the writer's mood or hurry. None may hint at a label."
    ]
    wishes += [
        f"List {TOPICS} different things that texts with the label `{label}` are about: concrete, as different from "
        "each other as real ones, and such that nobody who knows the labels would think of another one."
        for label in task.labels
    ]
    return [
        _request(task, wish, FORMS if slot == 0 else TOPICS, slot, label)
        for slot, (wish, label) in enumerate(zip(wishes, ["", *task.labels], strict=True))
    ]


def _request(task: Task, wish: str, count: int, slot: int, label: str) -> Request:
    meanings = "\n".join(f"- {name}: {meaning}" for name, meaning in task.labels.items())
    content = (
        f"# The texts\n{task.domain}\n\n# The labels\n{meanings}\n\n{TURN}{wish} Each in at most eight words.\n\n"
        f'Answer with JSON only: {{"texts": [{{"number": 1, "value": "..."}}, ...]}} with the numbers 1 to {count}.'
    )
    return Request(
        messages=({"role": "system", "content": SYSTEM}, {"role": "user", "content": content}),
        schema=items_schema(number={"type": "integer"}, value={"type": "string"}),
        strategy=_NAME,
        version=1,
        random_state=0,
        slot=slot,
        label=label,
        count=count,
        max_tokens=200 + 60 * count,
    )


def check_requests(task: Task, topics: dict[str, list[str]]) -> list[Request]:
    """Return the second round: which label does each value go with? Values of all labels mixed, `BATCH` a request."""
    rows = [{"id": f"{label}/{value}", "text": value} for label, values in topics.items() for value in values]
    rows.sort(key=lambda r: fold(r["text"]))  # so that a request holds values of many labels
    parts = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    return [label_request(task, part, f"{_NAME}_check", 0, slot) for slot, part in enumerate(parts)]


def values_problem(request: Request, reply: Reply) -> str | None:
    """Return why a reply should be asked for again, or None."""
    got = len(parse_reply(reply, key="value", count=request.count) or [])
    return None if got >= request.count // 2 else f"{got} values instead of {request.count}"


def _values(answer: Answer) -> list[str]:
    read = [parse_reply(reply, key="value", count=request.count) or [] for request, reply, _ in answer.replies]
    best = max(read, key=len, default=[])
    tidied = (tidy(item["value"]).strip(" .").replace("\n", " ") for item in best[: answer.request.count])
    return list(dict.fromkeys(v for v in tidied if 0 < len(words(v)) <= LONGEST and len(v) <= 20 * LONGEST))


def _distinct(topics: dict[str, list[str]]) -> tuple[dict[str, list[str]], list[tuple[str, str, str]]]:
    """Return values that stand under one label only, and the others with the reason."""
    labels: dict[str, list[str]] = {}
    pairs = [(label, value) for label, values in topics.items() for value in values]
    for label, value in pairs:
        labels.setdefault(fold(value), []).append(label)
    kept, dropped = {label: [] for label in topics}, []
    for label, value in pairs:
        if others := [o for o in labels[fold(value)] if o != label]:
            dropped.append((label, value, f"also proposed for {', '.join(others)}"))
        else:
            kept[label].append(value)
    return kept, dropped
