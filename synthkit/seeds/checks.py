"""What is wrong with these rows? Doubles, labels that contradict each other, leaks between splits, odd ones out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.core.classifier import LEAST_ROWS, cross_validated
from synthkit.core.duplicates import NearIndex, OverlapIndex
from synthkit.core.embedding import default_embedder, embed
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.language import foreign, main_language
from synthkit.core.results import Result
from synthkit.core.rows import need_columns
from synthkit.core.text import NEAR, fold, words
from synthkit.seeds.seeds import Seeds
from synthkit.tasks.task import Splits, Task

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

SHARED = 8  # words in a row that two splits share
FAR = 4.0  # robust standard deviations of log length from which a text is an outlier
UNBALANCED = 10  # times the rarest label from which the commonest is a problem
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
    """Faults found in rows; `confused` lists pairs of labels that a classifier mixes up, most often first."""

    checks: tuple[Check, ...]
    size: int
    balance: dict[str, int]
    confused: tuple[tuple[str, str, int], ...] = ()

    def summary(self) -> str:
        found = [f"{len(c.rows):,} {c.name}" for c in self.checks if c.rows]
        return f"Checks: {self.size:,} rows, {len(self.balance)} labels; " + (", ".join(found) or "nothing to look at")

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


def check(source: Seeds | Splits | Task | Dataset, *, embedder: str | None = None, progress: bool = True) -> Checks:
    """Return what is wrong with rows; with a task, its splits or seeds of one also what its splits share.

    Seeds stand for all of the train rows they were drawn from. Probable label errors are found by confident learning
    (Northcutt et al. 2021, arXiv 1911.00068) over 5-fold cross-validated logistic regression on sentence vectors.
    Raises SynthkitError for anything but rows.
    """
    from tqdm.auto import tqdm

    splits = source.splits if isinstance(source, Task) else source if isinstance(source, Splits) else None
    if isinstance(source, Seeds):
        splits = source.task.splits if source.task else None
        rows = splits.train if splits else _joined(source)
    else:
        rows = splits.train if splits else source
    need_columns("source", rows)
    texts, labels = list(rows["text"]), list(rows["label"])
    ids = list(rows["id"]) if "id" in rows.column_names else [f"row-{i}" for i in range(len(rows))]
    if not texts:
        raise SynthkitError("source has no rows")
    steps = tqdm(total=6 if splits else 5, desc="check", leave=False, delay=1, disable=not progress)
    found, n = [], len(texts)

    def add(name, some, todo, note=""):
        found.append(Check(name, tuple(some), n, todo, note))

    add("empty", [(i, repr(t[:20])) for i, t in zip(ids, texts, strict=True) if not fold(t)], "Remove them.")
    exact, near, clash = _doubles(texts, labels, ids)
    steps.update()
    add("exact duplicates", exact, "Keep one of each: a double counts twice and leaks between splits.")
    add("near-duplicates", near, "Keep one of each, or make sure that they stay in one split.")
    add("conflicting labels", clash, "Decide on one label, or remove both.")
    add("length outliers", _lengths(texts, ids), "Read them: cut texts, pasted threads, headers?")
    steps.update()
    add("other languages", _languages(texts, ids), "Remove them, or make a task of each language.")
    steps.update()
    carried = [(i, m.group()[:40]) for i, t in zip(ids, texts, strict=True) if (m := INSTRUCTIONS.search(t))]
    add("instructions to a model", carried, "Prompts fence rows as data; still, remove these from the seeds.")
    counts = Counter(labels)
    most = max(counts.values())
    uneven = [(k, f"{c} rows, the commonest label has {most}") for k, c in counts.items() if c * UNBALANCED < most]
    add("rare labels", uneven, "Macro-F1 weighs them as much as the others: get more, or plan(per_label=...).")
    vectors = embed(texts, embedder=embedder or default_embedder(), fit_on=texts)
    steps.update()
    errors, confused, note = _label_errors(vectors, labels, ids)
    add("probable label errors", errors, "Read them against the meaning of the labels before changing any.", note)
    steps.update()
    if splits:
        for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
            shared = _shared(getattr(splits, one), getattr(splits, other))
            add(
                f"{one} rows also in {other}",
                shared,
                "The exact and near ones load_seeds and compare leave out; name the others.",
            )
        steps.update()
    steps.close()
    return Checks(tuple(found), n, dict(counts.most_common()), confused)


def _joined(seeds: Seeds) -> Dataset:
    from datasets import concatenate_datasets

    return concatenate_datasets([seeds.rows, seeds.rest])


def _doubles(texts: Sequence[str], labels: Sequence[str], ids: Sequence[str]) -> tuple[list, list, list]:
    first: dict[str, int] = {}
    index = NearIndex(NEAR)
    exact, near, clash = [], [], []
    for i, text in enumerate(texts):
        if (twin := first.get(fold(text))) is not None:
            exact.append((ids[i], f"of {ids[twin]}"))
        elif found := index.nearest(text):
            twin = found[0]
            near.append((ids[i], f"of {ids[twin]}, Jaccard {found[1]:.2f}"))
        else:
            first[fold(text)] = i
            index.add(text, i)
            continue
        if labels[twin] != labels[i]:
            clash.append((ids[i], f"{labels[i]}, but {ids[twin]} is {labels[twin]}"))
    return exact, near, clash


def _lengths(texts: Sequence[str], ids: Sequence[str]) -> list[tuple[str, str]]:
    """Texts whose log length is far from the median, by the median absolute deviation (Hampel 1974)."""
    lengths = np.array([len(words(t)) for t in texts])
    log = np.log1p(lengths)
    spread = 1.4826 * np.median(np.abs(log - np.median(log)))
    if spread == 0:
        return []
    far = np.flatnonzero(np.abs(log - np.median(log)) > FAR * spread)
    return [(ids[i], f"{lengths[i]} words, half have {int(np.median(lengths))} or fewer") for i in far]


def _languages(texts: Sequence[str], ids: Sequence[str]) -> list[tuple[str, str]]:
    """Texts that are surely in another language than most."""
    main = main_language(texts) if texts else ""
    return [(ids[i], f"{language}, where most are {main}") for i, language in foreign(texts, main).items()]


def _label_errors(vectors: np.ndarray, labels: Sequence[str], ids: Sequence[str]):
    """Return (rows, confused pairs of labels, note). A row is probably wrong if another label passes its own threshold.

    The threshold of a class is the mean probability of that class among the rows that carry it.
    """
    names, y = np.unique(labels, return_inverse=True)
    if len(names) < 2 or np.bincount(y).min() < LEAST_ROWS:
        return [], (), f"not looked for: a label has fewer than {LEAST_ROWS} rows"
    p = cross_validated(vectors, y)
    guess = p.argmax(axis=1)
    accuracy = float((guess == y).mean())
    pairs = Counter((names[a], names[b]) for a, b in zip(y, guess, strict=True) if a != b)
    confused = tuple((str(a), str(b), count) for (a, b), count in pairs.most_common(20))
    if accuracy < LEAST_ACCURACY:
        return [], confused, f"not looked for: the classifier's own accuracy is {accuracy:.2f}"
    threshold = np.array([p[y == c, c].mean() for c in range(len(names))])
    passes = np.where(p >= threshold, p, 0)
    likely = passes.argmax(axis=1)
    own = p[np.arange(len(y)), y]
    wrong = np.flatnonzero((passes.max(axis=1) > 0) & (likely != y) & (guess != y))
    ranked = sorted(wrong, key=lambda i: own[i] - p[i, likely[i]])
    told = [
        (ids[i], f"given {names[y[i]]} ({own[i]:.2f}), looks like {names[likely[i]]} ({p[i, likely[i]]:.2f})")
        for i in ranked
    ]
    return told, confused, f"the classifier's own accuracy is {accuracy:.2f}"


def _shared(rows: Dataset, others: Dataset) -> list[tuple[str, str]]:
    """Rows that another split has too: exactly, nearly, or eight words of it in a row."""
    exact = defaultdict(str, {fold(t): i for t, i in zip(others["text"], others["id"], strict=True)})
    near = NearIndex(NEAR)
    near.extend(others["text"], others["id"])
    runs = OverlapIndex(others["text"], others["id"], floor=SHARED)
    out = []
    for text, row_id in zip(rows["text"], rows["id"], strict=True):
        if twin := exact.get(fold(text)):
            out.append((row_id, f"exactly {twin}"))
        elif found := near.nearest(text):
            out.append((row_id, f"nearly {found[0]}, Jaccard {found[1]:.2f}"))
        elif run := runs.longest(text):
            out.append((row_id, f"{len(run[1].split())} words in a row of {run[0]}"))
    return out
