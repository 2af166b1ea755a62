"""`synthkit init`: a task from a table of labelled texts, with what only a person knows left to fill in."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthkit.cli import options as shared
from synthkit.core.errors import SynthkitError
from synthkit.core.exports import write_private

if TYPE_CHECKING:
    from datasets import Dataset

TEST_SHARE = 0.3  # of the rows, where no test rows are given
LOOKED_AT = 2000  # unlabelled texts in which personal data are looked for
TERMS = 5  # words that set a label apart, as a help for its description


def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="where the task goes; made if need be")],
    train: Annotated[Path, typer.Option(help="a table of labelled texts")],
    test: Annotated[Path | None, typer.Option(help="rows to score on (default: three in ten of train)")] = None,
    unlabelled: Annotated[
        Path | None, typer.Option(help="texts for a model to label: a table, a file of a text a line, a folder of .txt")
    ] = None,
    text: Annotated[str | None, typer.Option(help="the column of texts")] = None,
    label: Annotated[str | None, typer.Option(help="the column of labels")] = None,
    encoding: Annotated[str | None, typer.Option(help="of the files, where it cannot be told")] = None,
) -> None:
    """Write a task: its rows as clean CSVs, and a commented task.yaml with what they show and what to fill in."""
    import synthkit as sk
    from synthkit.core.exports import write_csv
    from synthkit.tasks.readers import sensitive_task

    where = folder / "task.yaml"
    if where.exists():
        raise SynthkitError(f"{where} exists; name another folder, or remove it first")
    loaded = sk.load_rows(train, text=text, label=label, encoding=encoding, prefix="train")
    shared.tell(loaded.repairs)
    rows = loaded.rows
    if test:
        labels = list(dict.fromkeys(rows["label"]))
        held_out = sk.load_rows(test, text=text, label=label, encoding=encoding, labels=labels, prefix="test")
        shared.tell(held_out.repairs)
        held_out = held_out.rows
    else:
        rows, held_out = _hold_out(rows)
    parts = {"train": rows, "test": held_out}
    if unlabelled:
        pool = sk.load_rows(unlabelled, encoding=encoding, labelled=False, prefix="unlabelled")
        shared.tell(pool.repairs)
        parts["unlabelled"] = pool.rows.select_columns(["id", "text"])
    shared.folder(folder)
    for name, part in parts.items():
        write_csv(folder / f"{name}.csv", part.to_pandas())
    write_private(
        where,
        task_yaml(re.sub(r"[^\w .-]", "_", folder.resolve().name) or "task", rows, bool(test), sensitive_task(train))
        + (_pool_yaml(unlabelled.name, list(pool.rows["text"])) if unlabelled else ""),
    )
    sizes = ", ".join(f"{len(part):,} {name} rows" for name, part in parts.items())
    print(f"{where}: {len(set(rows['label']))} labels; {sizes}")
    print("Fill in `domain` and what each label means, then:")
    print(f"  synthkit check {folder}")
    print(f"  synthkit run {folder} --llm ngram    (asks no model; --llm live asks yours)")


def _hold_out(rows: Dataset) -> tuple[Dataset, Dataset]:
    """Return (train, test); texts that repeat each other stay together, and a label's only text is for training."""
    from synthkit.core.duplicates import NearIndex
    from synthkit.core.rows import split_off
    from synthkit.core.text import NEAR

    index, group = NearIndex(NEAR), []
    for i, text in enumerate(rows["text"]):
        twin = index.nearest(text)
        group.append(group[twin[0]] if twin else i)
        index.add(text, i)
    first = [i for i, g in enumerate(group) if i == g]
    labels, ids = list(rows["label"]), list(rows["id"])
    counts = Counter(labels[i] for i in first)
    several = rows.select([i for i in first if counts[labels[i]] > 1])
    if len(set(several["label"])) < 2:
        raise SynthkitError("fewer than two labels have two texts: hold out rows yourself, and give them with --test")
    chosen = set(split_off(several, TEST_SHARE)[1]["id"])
    chosen = {i for i in first if ids[i] in chosen}
    parts = ([i for i, g in enumerate(group) if (g in chosen) == held_out] for held_out in (False, True))
    train, test = (rows.select(part) for part in parts)
    return train, test


def task_yaml(name: str, rows: Dataset, given_test: bool, sensitive: dict | None = None) -> str:
    """Return a commented task.yaml of rows: what they show is filled in, what only a person knows is marked.

    Rows of a sensitive task (what its task.yaml holds) make another one, with its patterns.
    """
    from synthkit.core.language import NO_BLANKS, language_note, language_of
    from synthkit.seeds.gate import Gate
    from synthkit.seeds.profile import class_terms
    from synthkit.tasks.task import UNFILLED

    texts, labels = list(rows["text"]), list(rows["label"])
    language, _ = language_of(texts)
    by_words = ", counted letter by letter" if language.split("-")[0] in NO_BLANKS else ""
    low, high = _usual_words(texts)
    gate, patterns = Gate(), dict(sensitive.get("patterns") or {}) if sensitive else {}
    gate.sensitive, gate.patterns = bool(sensitive), patterns
    plain = gate.plain(texts)
    terms = class_terms({n: [t for t, x in zip(plain, labels, strict=True) if x == n] for n in sorted(set(labels))})
    counts = Counter(labels)
    personal = _counted(gate.counts)
    note = f"# {note}\n" if (note := language_note(language)) else ""
    described = "\n".join(
        f"  {_quoted(label)}:  # {count:,} rows"
        + (f"; words that set it apart: {', '.join(terms[label][:TERMS])}" if terms[label] else "")
        for label, count in counts.most_common()
    )
    looked_for = "\n".join(f"  {kind}: {_quoted(p)}" for kind, p in patterns.items()) or r"#   ORDER_NUMBER: '#\d{8}\b'"
    return f"""\
name: {_quoted(name)}
{note}language: {language}  # as most rows look
text_kind: text  # what one row is, as a prompt says it: customer message, film review sentence

# Personal data found in {len(texts):,} train rows: {personal}.
# Prompts show anonymised rows. true: rows never leave this machine as they are, nor stand in reports.
sensitive: {"true  # as is the task that these rows are of" if sensitive else "false"}
{"" if patterns else "# "}patterns:  # what is personal here beside mail, phone, names: a regular expression by type
{looked_for}

# Goes into every prompt: what the texts are, who writes them to whom, how they sound.
domain: >-
  {UNFILLED}: what these texts are, who writes them, why, and how they sound.

length: {{min_words: {low}, max_words: {high}}}  # of nine in ten rows{by_words}

# What each label means, as you would tell a colleague; it goes into every prompt. {len(counts)} labels:
labels:
{described}

# One value of each dimension is drawn for every text that the `attributed` strategy asks for.
# attributes:
#   form: [a few words, one plain sentence, a longer story, a question]

source:
  train: train.csv
  test: test.csv  # {"as given" if given_test else "held out of your rows; no row repeats one of train"}
  # validation: validation.csv  # without it a fifth of train is held back to choose by
"""


def _pool_yaml(source: str, texts: list[str]) -> str:
    """Return the lines of task.yaml about texts without labels: what they show, as of the labelled ones."""
    from synthkit.core.language import language_of
    from synthkit.seeds.gate import Gate

    gate, (low, high) = Gate(), _usual_words(texts)
    holding = sum(bool(gate.find(text)) for text in texts[:LOOKED_AT])
    looked_at = f"{holding:,} of the first {LOOKED_AT:,}" if len(texts) > LOOKED_AT else f"{holding:,} of them"
    return f"""
# {len(texts):,} texts without labels, from {" ".join(source.split())}: {low} to {high} words in nine of ten.
# They look like language: {language_of(texts)[0]}.
# Personal data found in {looked_at}: {_counted(gate.counts)}.
# A model that labels them is shown them as they are, or with `sensitive: true` anonymised.
unlabelled: unlabelled.csv
"""


def _usual_words(texts: list[str]) -> tuple[int, int]:
    """Return the lengths, in words, between which nine of ten texts are."""
    import numpy as np

    from synthkit.core.text import words

    low, high = np.quantile([len(words(t)) for t in texts], [0.05, 0.95]).round().astype(int).tolist()
    return max(1, low), max(1, low, high)


def _counted(finds: Counter) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in finds.most_common()) or "none that can be found"


def _quoted(value: str) -> str:
    """Return a text as a YAML scalar that is never taken for a number or a truth value."""
    return json.dumps(value, ensure_ascii=False)
