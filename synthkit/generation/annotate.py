"""Ask a model which label each text carries: raw texts that have none, or generated ones whose label may not hold.

Many real texts with a model's labels teach more than generated ones, for few tokens of reply (Wang et al. 2021, arXiv
2108.13487; FreeAL, arXiv 2311.15614). The model sees texts in random order and the labels with their
meaning, never a label. Generated texts from close to a border need it too: PromptMix (Sahu et al. 2023, arXiv
2310.14192).
"""

from __future__ import annotations

import html
import json
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result, frame_of
from synthkit.core.rows import make_rows, row_ids
from synthkit.core.stats import wilson
from synthkit.generation.generate import Generation
from synthkit.generation.label_requests import CHECKED, annotate_requests, label_problem, labels_by_id, relabel_requests
from synthkit.generation.ledger import Ledger, added, requests_ledger
from synthkit.generation.parsing import LONGEST_TEXT
from synthkit.generation.rows import synthetic_rows
from synthkit.generation.source import asking, make_source
from synthkit.llm.answers import Answer
from synthkit.llm.budget import Budget
from synthkit.llm.client import LLM
from synthkit.llm.engine import STAYS
from synthkit.llm.store import Store
from synthkit.seeds.gate import Gate
from synthkit.seeds.seeds import Seeds
from synthkit.tasks.splits import belongs_to
from synthkit.tasks.task import Task

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

CONTESTED = 0.75  # of the seeds: a model that gives fewer of them their label is warned of
STEADY = 0.9  # of the texts asked about twice
UNSUITED = 0.2  # of the texts that may carry no label
WAS = "label asked for"  # the attribute of a row that carries another label now


@dataclass(frozen=True, repr=False)
class Annotation(Result):
    """Real texts under labels that a model gave (`rows`), what got none and why, and how far to trust them.

    `agreed` is (same label, asked twice in another order), `right` is (right, asked) of seeds, whose labels are known;
    `examples` are the labelled rows that could be shown beside the texts.
    """

    task: Task
    rows: Dataset
    ledger: Ledger
    drops: tuple[dict, ...]
    model: str
    agreed: tuple[int, int] = (0, 0)
    right: tuple[int, int] = (0, 0)
    examples: Seeds | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Why the labels may not be trusted: contested, changing with the order, shown without names."""
        notes, model = [], self.model
        unclear = sum(d["reason"] == "label unclear" for d in self.drops)
        if self.task.sensitive:
            notes.append("texts were anonymised before a model saw them; what has neither pattern nor cue was shown")
        if self.right[0] < CONTESTED * self.right[1]:
            notes.append(
                f"{model} gives {self.right[1] - self.right[0]} of {self.right[1]} seeds another label than they have: "
                "the label set is contested, or its descriptions say too little. Labels by a model may hurt here; "
                "mend the descriptions, or have people label"
            )
        if self.agreed[0] < STEADY * self.agreed[1]:
            notes.append(f"{self.agreed[1] - self.agreed[0]} of {self.agreed[1]} labels change with the order of texts")
        texts = [*self.rows["text"], *(d["text"] for d in self.drops)]
        if long := sum(len(text) > LONGEST_TEXT for text in texts):
            notes.append(
                f"{long} of {len(texts)} texts are longer than {LONGEST_TEXT:,} characters; {model} saw no more"
            )
        if unclear > UNSUITED * len(texts):
            notes.append(f"{unclear} texts carry none of the labels: do they belong to this task?")
        return tuple(notes)

    def _repr_html_(self) -> str:
        return super()._repr_html_() + "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)

    def summary(self) -> str:
        asked = len(self.rows) + len(self.drops)
        checks = [("of seeds right", self.right), ("asked again the same", self.agreed)]
        said = "".join(f"; {_share(*counts)} {what}" for what, counts in checks if counts[1])
        said += "" if self.right[1] else "; unchecked (seeds= says how often the labels are right)"
        note = f" ({self.ledger.note})" if self.ledger.note else ""
        return (
            f"Annotation: {len(self.rows)} of {asked} texts of {self.task.name!r} labelled by {self.model}{said}{note}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the labelled rows: id, label, text."""
        return frame_of(self.rows.to_pandas(), ["id", "label", "text"])

    def dropped(self) -> pd.DataFrame:
        """Return one row a text without a label: id, text, reason."""
        return frame_of(self.drops, ["id", "text", "reason"])


def _share(count: int, of: int) -> str:
    _, low, high = wilson(count, of)
    return f"{count / of:.2f} [{low:.2f}, {high:.2f}]"


def annotate(
    rows: Dataset | Generation,
    task: Task | None = None,
    *,
    seeds: Seeds | None = None,
    examples: Seeds | None = None,
    twice: int = CHECKED,
    llm: str | LLM = "recorded",
    budget: Budget | None = None,
    store: Store | None = None,
    random_state: int = 0,
    progress: bool = True,
) -> Annotation | Generation:
    """Return texts under the labels that a model gives them, twenty a request: raw ones, or those of a generation.

    Raw rows need no labels; one that they have is not looked at. `twice` of them are asked about again, in another
    order, and of `seeds` up to forty whose labels are known, so that the first line says how far the labels can be
    trusted. Of `examples` (seeds, the same ones if you like) a request shows, anonymised, the forty nearest to its
    texts: worth their tokens where many labels lie close. The texts of a task marked sensitive are anonymised before
    they are shown; of a long one the first 10,000 characters are. A text whose label the model finds unclear, or to
    which it gives two, is left out, with the reason in `.dropped()`. Replies of an LLM are stored before they are used,
    and a `Budget` is never passed.

    Of a generation a row whose label changes says in its attributes which one was asked for, and requests and tokens
    are added to its ledger.

    >>> from synthkit.generation.generate import generate
    >>> from synthkit.tasks.task import load_task
    >>> made = generate(load_task("feedback"), strategy="boundary", progress=False)
    >>> annotate(made, progress=False)
    Generation: 199 of 200 rows, 'feedback' by boundary, model claude
    """
    if isinstance(rows, Generation):
        task = rows.plan.task
        if examples is not None:
            raise SynthkitError("examples= stand beside raw texts; a generation is labelled without sight of real rows")
    else:
        rows = getattr(rows, "rows", rows)  # what load_rows returned
    if not isinstance(task, Task):
        raise SynthkitError(f"task={type(task).__name__}: expected a task, sk.annotate(rows, task): it has the labels")
    source = make_source(llm, task, known=("recorded", "live", "batch"))
    with asking(task, source, "annotate", store=store, budget=budget, progress=progress) as answers_to:
        if isinstance(rows, Generation):
            return _relabelled(rows, answers_to(relabel_requests(rows), label_problem), source)
        shown = {"seeds": seeds, "examples": examples}
        main, again, known = annotate_requests(rows, task, **shown, twice=twice, random_state=random_state)
        if getattr(source, "name", "") not in STAYS:
            _say_personal([*rows["text"], *(seeds.rows["text"] if seeds else ())], task)
        note = ""
        if hasattr(source, "covered"):  # what was not recorded of the checks is done without
            asked, main = len(main), list(source.covered(main))
            note = "" if len(main) == asked else "recordings exhausted"
            again, known = ([r for r in some if source.get(r)] for some in (again, known))
        # together, so that a batch is waited for once; a text that is asked about alone is the same request twice
        asked = {request.identity: request for request in (*main, *again, *known)}
        came = dict(zip(asked, answers_to([*asked.values()], label_problem), strict=True))
        answers = [[came[request.identity] for request in some] for some in (main, again, known)]
    done = replace(_annotated(rows, task, seeds, answers, source, note), examples=examples)
    for text in done.notes:
        warnings.warn(text, stacklevel=2)
    return done


def _say_personal(texts: list[str], task: Task) -> None:
    """Warn before raw texts go to a model as they are, where people can be found in them."""
    gate = Gate(task)
    held = 0 if task.sensitive else sum(bool(gate.find(text)) for text in texts)
    if held:
        kinds = ", ".join(f"{n} {kind}" for kind, n in gate.counts.most_common())
        text = f"{held} texts hold what looks personal ({kinds}), and are shown to a model as they are"
        warnings.warn(f"{text}; sk.anonymize(rows).rows shows placeholders instead", stacklevel=3)


def _need_labels(answers: list[Answer], labels: dict[str, str]) -> None:
    if answers and not labels:
        raise SynthkitError(f"none of the {len(answers)} requests got a label: {answers[0].problems[-1]}")


def _annotated(rows, task: Task, seeds, answers: list[list[Answer]], source, note: str) -> Annotation:
    labels, again, known = map(labels_by_id, answers)
    _need_labels(answers[0], labels)
    kept, drops = {"id": [], "text": [], "label": []}, []
    for row_id, text in zip(row_ids(rows, "text"), rows["text"], strict=True):
        label = labels.get(row_id)
        if label in task.labels and again.get(row_id, label) == label:
            for name, value in (("id", row_id), ("text", text), ("label", label)):
                kept[name].append(value)
            continue
        reason = "no label came back" if not label else "label unclear" if label not in task.labels else "two labels"
        drops.append({"id": row_id, "text": text, "reason": reason})
    labelled = make_rows(kept)
    belongs_to(labelled, task)
    ledger = requests_ledger(answers[0], source)
    for more in answers[1:]:
        ledger = added(ledger, requests_ledger(more, source)) if more else ledger
    asked = sum(a.request.count for a in answers[0] if a.reply)
    gone = Counter(d["reason"] for d in drops if d["id"] in labels)
    ledger = replace(
        ledger,
        asked=asked,
        parsed=len(labels),
        short=asked - len(labels),
        kept=len(labelled),
        dropped=tuple(sorted(gone.items())),
        note=note,
    )
    ledger.check()
    twice = [labels[i] == again[i] for i in labels if i in again]
    truth = dict(zip(row_ids(seeds.rows, "text"), seeds.rows["label"], strict=True)) if seeds else {}
    right = [truth[i] == label for i, label in known.items()]
    checks = {"agreed": (sum(twice), len(twice)), "right": (sum(right), len(right))}
    return Annotation(task, labelled, ledger, tuple(drops), source.model, **checks)


def _relabelled(made: Generation, answers: list[Answer], source) -> Generation:
    labels = labels_by_id(answers)
    _need_labels(answers, labels)
    unclear, silent = ("label unclear", f"so says {source.model}"), ("not relabelled", "no label came back")
    rows, drops = [], []
    for row in made.rows:
        label = labels.get(row["id"])
        if label in made.plan.task.labels:
            rows.append(under_label(row, label))
            continue
        reason, evidence = unclear if label else silent
        drops.append(
            {**{k: row[k] for k in ("id", "label", "text")}, "reason": reason, "evidence": evidence, "also": ""}
        )
    gone = Counter(drop["reason"] for drop in drops)
    ledger = replace(
        added(made.ledger, requests_ledger(answers, source)),
        kept=len(rows),
        dropped=(*made.ledger.dropped, *sorted(gone.items())),
    )
    ledger.check()
    problems = [f"{a.request.strategy}, slot {a.request.slot}: {p}" for a in answers for p in a.problems]
    return replace(
        made,
        rows=synthetic_rows(rows),
        ledger=ledger,
        drops=(*made.drops, *drops),
        problems=(*made.problems, *problems),
    )


def under_label(row: dict, label: str) -> dict:
    """Return a synthetic row under another label; its attributes say which one was asked for."""
    if label == row["label"]:
        return row
    attributes = {**json.loads(row["attributes"]), WAS: row["label"]}
    return {**row, "label": label, "attributes": json.dumps(attributes, sort_keys=True, ensure_ascii=False)}
