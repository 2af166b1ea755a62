"""What is wrong with these rows? Doubles, labels that contradict each other, leaks between splits, odd ones out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.core import withheld
from synthkit.core.classifier import LEAST_ROWS, cross_validated
from synthkit.core.duplicates import NearIndex, OverlapIndex
from synthkit.core.embedding import embed
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.language import LEAST_WORDS, NO_BLANKS, embedder_for, foreign, language_of, main_language
from synthkit.core.progress import bar as progress_bar
from synthkit.core.results import Result
from synthkit.core.rows import need_columns, row_ids
from synthkit.core.text import fold, words
from synthkit.seeds.seeds import Seeds
from synthkit.tasks.loading import Loaded, repairs_summary
from synthkit.tasks.splits import task_of
from synthkit.tasks.task import Splits, Task

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

SHARED = 8  # words in a row that two splits share
FAR = 4.0  # robust standard deviations of log length from which a text is an outlier
UNBALANCED = 10  # times the rarest label from which the commonest is a problem
SKIPPED = "not looked for"
LEAST_ACCURACY = 0.5  # of the classifier, without which label errors are not guessed at

# texts that talk to a model or a reader of the data, rather than say something of their own
INSTRUCTIONS = re.compile(
    r"(?i)\b(?:ignore|disregard|forget)\b.{0,30}\b(?:previous|above|prior|earlier)\b.{0,20}\b(?:instruction|prompt|rule)"
    r"|\bsystem prompt\b|\byou are now (?:an?|the|in)\b|\bas an ai\b|</?(?:examples?|system|instructions?)>"
    r"|^\s*(?:system|assistant|user)\s*:|\bjailbreak\b|\brespond (?:only )?(?:with|in) json\b|\[/?INST\]|<\|im_"
)


class Check(NamedTuple):
    """One kind of fault: the rows that have it, as (id, evidence), of how many, and what to do about it."""

    name: str
    rows: tuple[tuple[str, str], ...]
    of: int
    todo: str
    note: str = ""


@dataclass(frozen=True, repr=False)
class Checks(Result):
    """Faults found in rows; `confused` lists pairs of labels that a classifier mixes up, most often first.

    The first line also says which checks did not run, and `notes`: rows left out before, labels without rows, a
    language that part of the checks does not know.
    """

    checks: tuple[Check, ...]
    size: int
    balance: dict[str, int]
    confused: tuple[tuple[str, str, int], ...] = ()
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        found = ", ".join(f"{len(c.rows):,} {c.name}" for c in self.checks if c.rows) or "nothing to look at"
        skipped = [f"{c.name} {c.note}" for c in self.checks if c.note.startswith(SKIPPED)]
        return "; ".join([f"Checks: {self.size:,} rows, {len(self.balance)} labels", found, *skipped, *self.notes])

    def to_frame(self) -> pd.DataFrame:
        """Return one row a check: what, rows, share, examples (ids and evidence), what to do."""
        import pandas as pd

        return pd.DataFrame(
            {
                "what": [c.name for c in self.checks],
                "rows": [len(c.rows) for c in self.checks],
                "share": [f"{len(c.rows) / max(1, c.of):.1%}" for c in self.checks],
                "for example": ["; ".join(f"{i}: {e}" for i, e in c.rows[:2]) or c.note for c in self.checks],
                "what to do": [c.todo if c.rows else "" for c in self.checks],
            }
        )

    def __repr__(self) -> str:
        frame = self.to_frame()
        return f"{self.summary()}\n{frame[frame.rows > 0].iloc[:, :4].to_string(index=False, max_colwidth=70)}"

    def get(self, name: str) -> pd.DataFrame:
        """Return every row of a check: id and evidence."""
        import pandas as pd

        for c in self.checks:
            if c.name == name:
                return pd.DataFrame(c.rows, columns=["id", "evidence"])
        raise unknown("check", name, [c.name for c in self.checks])


def check(
    source: Seeds | Splits | Task | Loaded | Dataset, *, embedder: str | None = None, progress: bool = True
) -> Checks:
    """Return what is wrong with rows; with a task, its splits or seeds of one also what its splits share.

    Seeds stand for all of the train rows they were drawn from. Probable label errors are found by confident learning
    (Northcutt et al. 2021, arXiv 1911.00068) over 5-fold cross-validated logistic regression on sentence vectors: by
    `embedder`, else minilm, or lsa where the language is not English. Labels with fewer than five rows take no part.
    Raises SynthkitError for anything but rows.

    >>> import synthkit as sk
    >>> pairs = [("cold soup", "menu"), ("Cold soup", "cats"), ("a shy cat", "cats")]
    >>> loaded = sk.load_rows([{"text": text, "label": label} for text, label in pairs])
    >>> checks = sk.check(loaded, embedder="lsa", progress=False)
    >>> checks.get("conflicting labels")["evidence"][0]
    'cats, but row-0 is menu'
    """
    rows, splits, notes = _rows_of(source)
    need_columns("source", rows)
    texts, labels = list(rows["text"]), list(rows["label"])
    ids = row_ids(rows, "row")
    if not texts:
        raise SynthkitError("source has no rows")
    language, language_notes = language_of(texts, task_of(rows))
    steps = progress_bar(total=6 if splits else 5, desc="check", progress=progress)
    found = []

    def add(name, faulty, todo, note=""):
        said = tuple((withheld.shown(row_id), withheld.shown(evidence)) for row_id, evidence in faulty)
        found.append(Check(name, said, len(texts), todo, note))

    add("empty", [(i, repr(t[:20])) for i, t in zip(ids, texts, strict=True) if not fold(t)], "Remove them.")
    exact, near, conflicting = _doubles(texts, labels, ids)
    steps.update()
    add("exact duplicates", exact, "Keep one of each: a double counts twice and leaks between splits.")
    add("near-duplicates", near, "Keep one of each, or make sure that they stay in one split.")
    add("conflicting labels", conflicting, "Decide on one label, or remove both.")
    add("length outliers", _lengths(texts, ids, language), "Read them: cut texts, pasted threads, headers?")
    steps.update()
    add("other languages", *_languages(texts, ids))
    steps.update()
    commands = [(i, m.group()[:40]) for i, t in zip(ids, texts, strict=True) if (m := INSTRUCTIONS.search(t))]
    add("instructions to a model", commands, "Prompts fence rows as data; still, remove these from the seeds.")
    counts = Counter(labels)
    most = max(counts.values())
    uneven = [(k, f"{c} rows, the commonest label has {most}") for k, c in counts.items() if c * UNBALANCED < most]
    add("rare labels", uneven, "Macro-F1 weighs them as much as the others: get more, or plan(per_label=...).")
    vectors = embed(texts, embedder=embedder or embedder_for(language), fit_on=texts)
    steps.update()
    errors, confused, note = _label_errors(vectors, labels, ids)
    add("probable label errors", errors, "Read them against the meaning of the labels before changing any.", note)
    steps.update()
    if splits:
        for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
            shared = _shared(
                getattr(splits, one), getattr(splits, other), 2 * SHARED if _by_letters(language) else SHARED
            )
            todo = "The exact and near ones load_seeds and compare leave out; name the others."
            add(f"{one} rows also in {other}", shared, todo)
        steps.update()
    steps.close()
    sizes = {withheld.shown(name): n for name, n in counts.most_common()}
    return Checks(tuple(found), len(texts), sizes, confused, (*notes, *language_notes))


def _rows_of(source) -> tuple[Dataset, Splits | None, tuple[str, ...]]:
    """Return (rows to check, the splits they are of, what was said when they were loaded)."""
    from datasets import concatenate_datasets

    if isinstance(source, Loaded):
        out = repairs_summary(source.repairs).removeprefix("; ")
        return source.rows, None, (out,) if out else ()
    splits = source if isinstance(source, Splits) else None
    if isinstance(source, (Task, Seeds)):
        task = source if isinstance(source, Task) else source.task
        splits = task.splits if task else None
    if splits is None:
        return concatenate_datasets([source.rows, source.rest]) if isinstance(source, Seeds) else source, None, ()
    return splits.train, splits, splits.notes


def _doubles(texts: Sequence[str], labels: Sequence[str], ids: Sequence[str]) -> tuple[list, list, list]:
    index = NearIndex()
    exact, near, clash = [], [], []
    for i, text in enumerate(texts):
        if found := index.twin(text):
            twin, how = found
            kind, more = (exact, "") if how == "exact" else (near, f", {how}")
            kind.append((ids[i], f"of {ids[twin]}{more}"))
            if labels[twin] != labels[i]:
                clash.append((ids[i], f"{labels[i]}, but {ids[twin]} is {labels[twin]}"))
        else:
            index.add(text, i)
    return exact, near, clash


def _lengths(texts: Sequence[str], ids: Sequence[str], language: str) -> list[tuple[str, str]]:
    """Texts whose log length is far from the median, by the median absolute deviation (Hampel 1974)."""
    unit = "letters" if _by_letters(language) else "words"
    lengths = np.array([len(words(t)) for t in texts])
    log = np.log1p(lengths)
    spread = 1.4826 * np.median(np.abs(log - np.median(log)))
    if spread == 0:
        return []
    far = np.flatnonzero(np.abs(log - np.median(log)) > FAR * spread)
    return [(ids[i], f"{lengths[i]} {unit}, half have {int(np.median(lengths))} or fewer") for i in far]


def _by_letters(language: str) -> bool:
    return language.split("-")[0] in NO_BLANKS


def _languages(texts: Sequence[str], ids: Sequence[str]) -> tuple[list[tuple[str, str]], str, str]:
    """Texts that are surely in another language than most, what to do, and a note where all are too short to say."""
    todo = "Remove them, or make a task of each language."
    if not any(len(words(t)) >= LEAST_WORDS for t in texts):
        return [], todo, f"{SKIPPED}: no text has {LEAST_WORDS} words"
    main = main_language(texts)
    return [(ids[i], f"{other}, where most are {main}") for i, other in foreign(texts, main).items()], todo, ""


def _label_errors(vectors: np.ndarray, labels: Sequence[str], ids: Sequence[str]):
    """Return (rows, confused pairs of labels, note). A row is probably wrong if another label passes its own threshold.

    The threshold of a class is the mean probability of that class among the rows that carry it.
    """
    counts = Counter(labels)
    rare = sorted(name for name, count in counts.items() if count < LEAST_ROWS)
    if len(counts) - len(rare) < 2:
        why = f"a label has fewer than {LEAST_ROWS} rows" if rare else "there is one label only"
        return [], (), f"{SKIPPED}: {why}"
    judged = np.array([i for i, name in enumerate(labels) if counts[name] >= LEAST_ROWS])
    names, y = np.unique(np.asarray(labels)[judged], return_inverse=True)
    p = cross_validated(vectors[judged], y)
    guess = p.argmax(axis=1)
    accuracy = float((guess == y).mean())
    pairs = Counter((names[a], names[b]) for a, b in zip(y, guess, strict=True) if a != b)
    confused = tuple((*map(withheld.shown, map(str, pair)), count) for pair, count in pairs.most_common(20))
    if accuracy < LEAST_ACCURACY:
        return [], confused, f"{SKIPPED}: the classifier's own accuracy is {accuracy:.2f}"
    threshold = np.array([p[y == c, c].mean() for c in range(len(names))])
    passes = np.where(p >= threshold, p, 0)
    likely = passes.argmax(axis=1)
    given = p[np.arange(len(y)), y]
    wrong = np.flatnonzero((passes.max(axis=1) > 0) & (likely != y) & (guess != y))
    errors = [
        (
            ids[judged[i]],
            f"given {names[y[i]]} ({given[i]:.2f}), looks like {names[likely[i]]} ({p[i, likely[i]]:.2f})",
        )
        for i in sorted(wrong, key=lambda i: given[i] - p[i, likely[i]])
    ]
    note = f"the classifier's own accuracy is {accuracy:.2f}"
    if rare:
        few = ", ".join(map(repr, rare[:5])) + f" and {len(rare) - 5} more" * (len(rare) > 5)
        note = f"{SKIPPED} among rows of {few} (fewer than {LEAST_ROWS} rows); {note}"
    return errors, confused, note


def _shared(rows: Dataset, others: Dataset, floor: int) -> list[tuple[str, str]]:
    """Rows that another split has too: exactly, nearly, or `floor` words of it in a row."""
    near = NearIndex()
    near.extend(others["text"], others["id"])
    runs = OverlapIndex(others["text"], others["id"], floor=floor)
    out = []
    for text, row_id in zip(rows["text"], rows["id"], strict=True):
        if twin := near.twin(text):
            name, how = twin
            out.append((row_id, f"exactly {name}" if how == "exact" else f"nearly {name}, {how}"))
        elif run := runs.longest(text):
            out.append((row_id, f"{len(run[1].split())} words in a row of {run[0]}"))
    return out
