"""Train on this, test on that: what a classifier trained on each arm scores on real rows nobody saw."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.embedding import default_embedder
from synthkit.errors import SynthkitError, unknown
from synthkit.results import Result
from synthkit.rows import make_rows, need_columns
from synthkit.seeds import NEAR, load_seeds
from synthkit.stats import Interval, bootstrap, interval, scores
from synthkit.students import STUDENTS
from synthkit.text import NearIndex, fold

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from synthkit.generation import Generation
    from synthkit.task import Task

DRAWS = 5
GLOSS = {"synthetic": "synthetic (TSTR)", "real_full": "real_full (TRTR)"}  # the literature's names


class Score(NamedTuple):
    """One line of a comparison: an arm, a student, how many rows it trained on, and what it scored on the test rows."""

    arm: str
    student: str
    rows: int
    draws: int
    macro_f1: Interval
    accuracy: Interval


class Refused(NamedTuple):
    """A training row that was left out because it (nearly) repeats a test row."""

    arm: str
    id: str
    twin: str
    similarity: float


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """Scores of every arm and student on the test rows, with 95 % intervals, and the train rows that were refused."""

    scores: tuple[Score, ...]
    refused: tuple[Refused, ...]
    labels: tuple[str, ...]
    test_rows: int
    embedder: str
    stand_in: bool = False
    model: str = "unknown"
    resampled: dict[tuple[str, str], np.ndarray] = field(default_factory=dict, compare=False)

    def summary(self) -> str:
        arms = len({s.arm for s in self.scores})
        kind = "stand-in rows (same kind of author on both sides: it flatters)" if self.stand_in else "real rows"
        covered = "95 % intervals cover test rows, and draws where there are several"
        other = "" if self.embedder == "minilm" else f"; minilm_lr is on {self.embedder} vectors"
        return f"Comparison: {arms} arms on {self.test_rows:,} {kind}; {covered}{other}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row an arm and student: rows, draws, macro-F1 and accuracy with their intervals as text."""
        import pandas as pd

        return pd.DataFrame(
            {
                "trained on": [GLOSS.get(s.arm, s.arm) for s in self.scores],
                "student": [s.student for s in self.scores],
                "rows": [s.rows for s in self.scores],
                "draws": [s.draws for s in self.scores],
                "macro-F1 [95 %]": [str(s.macro_f1) for s in self.scores],
                "accuracy [95 %]": [str(s.accuracy) for s in self.scores],
            }
        )

    def get(self, arm: str, student: str) -> Score:
        """Return the score of one arm and student."""
        for s in self.scores:
            if (s.arm, s.student) == (arm, student):
                return s
        raise unknown("arm and student", f"{arm}, {student}", [f"{s.arm}, {s.student}" for s in self.scores])

    def difference(self, arm: str, other: str, student: str = "minilm_lr") -> Interval:
        """Return the difference of two arms in macro-F1, arm - other, with its paired 95 % interval.

        Both arms are scored on the same resampled test rows; draws are paired where both have as many.
        """
        value = self.get(arm, student).macro_f1.value - self.get(other, student).macro_f1.value
        return interval(value, self.resampled[arm, student] - self.resampled[other, student])

    def gap_closed(self, arm: str, student: str) -> Interval | None:
        """Return (x - real_few) / (real_full - real_few) in macro-F1; None where the gap itself is within noise."""
        gap = self.difference("real_full", "real_few", student)
        if gap.low <= 0.02:
            return None
        few, full = self.resampled["real_few", student], self.resampled["real_full", student]
        closed = (self.resampled[arm, student] - few) / (full - few)
        return interval(self.difference(arm, "real_few", student).value / gap.value, closed)

    def _named(self, student: str) -> str:
        other = student == "minilm_lr" and self.embedder != "minilm"
        return f"{student} (here on {self.embedder} vectors)" if other else student

    def verdict(self, student: str = "minilm_lr") -> str:
        """Return the result in a sentence that may be quoted."""
        names = {s.arm for s in self.scores if s.student == student}
        if not {"real_few", "synthetic", "real_few+synthetic", "real_full"} <= names:
            raise SynthkitError("verdict() needs the arms real_few, synthetic, real_few+synthetic and real_full")
        few, syn = self.get("real_few", student), self.get("synthetic", student)
        both, full = self.get("real_few+synthetic", student), self.get("real_full", student)
        kind = "stand-in" if self.stand_in else "real"
        said = (
            f"On {self.test_rows:,} {kind} test rows, {self._named(student)} trained on {few.rows} {kind} rows "
            f"scores macro-F1 {few.macro_f1} (95 %); on {syn.rows} synthetic rows by {self.model} "
            f"{syn.macro_f1}; on both {both.macro_f1}; on all {full.rows:,} rows of train {full.macro_f1}."
        )
        if closed := self.gap_closed("real_few+synthetic", student):
            said += f" Both close {closed.value:.0%} [{closed.low:.0%}, {closed.high:.0%}] of the gap."
        if "real_few+description" in names:
            more = self.difference("real_few+synthetic", "real_few+description", student)
            said += f" Beyond the words of the prompt itself the synthetic rows add {more}."
        return said

    def plot(self):
        """Return a figure of dots and intervals."""
        from synthkit.plots import plot_comparison

        return plot_comparison(self)

    def to_json(self) -> str:
        """Return the scores, settings and refused rows as JSON."""
        rows = [
            {**s._asdict(), "macro_f1": s.macro_f1._asdict(), "accuracy": s.accuracy._asdict()} for s in self.scores
        ]
        facts = {"labels": list(self.labels), "test_rows": self.test_rows, "embedder": self.embedder}
        refused = [r._asdict() for r in self.refused]
        return json.dumps({**facts, "stand_in": self.stand_in, "scores": rows, "refused": refused}, indent=1)


def compare(
    arms: Mapping[str, Dataset | Sequence[Dataset]],
    *,
    test: Dataset,
    students: Sequence[str] = ("tfidf_lr", "minilm_lr"),
    embedder: str | None = None,
    random_state: int = 0,
    stand_in: bool = False,
    progress: bool = True,
) -> Comparison:
    """Return how classifiers trained on each arm do on `test`.

    An arm is rows (`text`, `label`), or a list of them: several draws. Students: "tfidf_lr" (word 1-2-grams) and
    "minilm_lr" (sentence vectors), both logistic regression with C = 10 and balanced classes, the same for every arm. A
    training row that repeats a test row, exactly or nearly (Jaccard of 5-character shingles >= 0.8), is refused and
    listed.
    """
    if not arms:
        raise SynthkitError("compare({}): expected at least one arm, as {'few': rows}")
    need_columns("test=", test)
    labels = tuple(sorted(set(test["label"])))
    if len(labels) < 2:
        raise SynthkitError(f"test holds one label only ({labels}); there is nothing to tell apart")
    for name in students:
        if name not in STUDENTS:
            raise unknown("student", name, STUDENTS)
    embedder = embedder or default_embedder()
    draws = {arm: list(rows) if isinstance(rows, (list, tuple)) else [rows] for arm, rows in arms.items()}
    for arm, sets in draws.items():
        if not sets:
            raise SynthkitError(f"arm {arm!r}: expected rows, or a list of them; got an empty list")
        for rows in sets:
            need_columns(f"arm {arm!r}", rows)
    guard, refused = _Guard(test), []
    clean: dict[str, list] = {}
    for arm, sets in draws.items():
        clean[arm] = [_clean(arm, rows, guard, refused, labels) for rows in sets]
    truth = np.searchsorted(labels, test["label"])
    makers = {name: STUDENTS[name](test["text"], embedder) for name in students}
    out, kept = [], {}
    for arm, student in _bar([(a, s) for a in clean for s in students], progress):
        predicted = [np.searchsorted(labels, makers[student](*rows)) for rows in clean[arm]]
        f1, accuracy = zip(*(_point(truth, p, len(labels)) for p in predicted), strict=True)
        resampled = bootstrap(truth, predicted, len(labels), random_state=random_state)
        kept[arm, student] = resampled[0]
        out.append(
            Score(
                arm,
                student,
                round(np.mean([len(texts) for texts, _ in clean[arm]])),
                len(predicted),
                interval(np.mean(f1), resampled[0]),
                interval(np.mean(accuracy), resampled[1]),
            )
        )
    model = _models(draws.get("synthetic", ()))
    return Comparison(tuple(out), tuple(refused), labels, len(test), embedder, stand_in, model, kept)


def _models(sets: Sequence[Dataset]) -> str:
    """Return who wrote the synthetic rows, as the rows themselves say."""
    names = sorted({m for rows in sets if "model" in rows.column_names for m in rows["model"]})
    return "+".join("ngram (no language model)" if m == "ngram" else m for m in names) or "an unnamed model"


def standard_arms(
    made: Generation | Sequence[Generation], *, k: int = 10, draws: int = DRAWS
) -> dict[str, list[Dataset]]:
    """Return the arms of the kit's headline.

    `real_few` is drawn `draws` times (k rows a label, random_state 0, 1, ...); where the prompts showed seeds, those
    are its draws. `ngram` is fitted on each draw and left out where too little of it is kept. `description` is what the
    prompts themselves say about each label, cut into phrases: what of the gain needs no language model. Several
    generations are the draws of `synthetic`, and are paired with those of `real_few` in turn.
    """
    from datasets import concatenate_datasets

    from synthkit.anonymizer import anonymize
    from synthkit.generation import generate
    from synthkit.planning import plan

    generations = list(made) if isinstance(made, (list, tuple)) else [made]
    task = generations[0].plan.task
    shown = [g.plan.seeds for g in generations]
    if all(shown):
        few = shown
        if few[0].k != k:
            raise SynthkitError(
                f"k={k}: the prompts of these rows showed {few[0].k} real rows a label; compare with as many"
            )
    else:
        few = [load_seeds(task, k=k, random_state=i) for i in range(draws)]
    fit = [s if s.anonymized or not task.sensitive else anonymize(s).seeds for s in few]
    ngram = [
        generate(
            plan(task, s, n=len(generations[0].rows), random_state=i, surplus=1.0), llm="ngram", progress=False
        ).rows
        for i, s in enumerate(fit)
    ]
    fitted = [rows for rows in ngram if len(set(rows["label"])) > 1]
    synthetic = [bare(g.rows) for g in generations]
    said = description_rows(task, attributes=any(r.attributes for r in generations[0].plan.slots))

    def with_few(sets):
        return [concatenate_datasets([bare(s.rows), sets[i % len(sets)]]) for i, s in enumerate(few)]

    return {
        "real_few": [s.rows for s in few],
        # of very few or very short seeds the baseline can only repeat them, and too little of it is kept
        **({"ngram": fitted} if fitted else {}),
        "description": [said],
        "synthetic": [g.rows for g in generations],
        "real_few+description": with_few([said]),
        "real_few+synthetic": with_few(synthetic),
        "real_full": [task.splits.train],
    }


def description_rows(task: Task, *, attributes: bool = False) -> Dataset:
    """Return the phrases of each label's description (and of its own attribute values) as rows of that label."""
    phrases = [(p.strip(), label) for label, meaning in task.labels.items() for p in re.split(r" - |[,;]", meaning)]
    if attributes:
        for values in task.attributes.values():
            if isinstance(values, dict):
                phrases += [(value, label) for label, some in values.items() for value in some]
    phrases = [(text, label) for text, label in dict.fromkeys(phrases) if text]
    texts, labels = zip(*phrases, strict=True)
    return make_rows({"id": [f"phrase-{i}" for i in range(len(texts))], "text": list(texts), "label": list(labels)})


def bare(rows: Dataset) -> Dataset:
    return rows.select_columns(["id", "text", "label"])


def _point(truth: np.ndarray, predicted: np.ndarray, classes: int) -> tuple[float, float]:
    f1, accuracy = scores(truth, predicted, np.ones((1, len(truth)), dtype=np.float32), classes)
    return float(f1[0]), float(accuracy[0])


class _Guard:
    """Finds the test row that a training row repeats."""

    def __init__(self, test: Dataset):
        ids = test["id"] if "id" in test.column_names else [f"test-{i}" for i in range(len(test))]
        self._exact = {fold(t): i for t, i in zip(test["text"], ids, strict=True)}
        self._near = NearIndex(NEAR)
        self._near.extend(test["text"], ids)
        self._known: dict[str, tuple[str, float] | None] = {}

    def twin(self, text: str) -> tuple[str, float] | None:
        if text not in self._known:
            exact = self._exact.get(fold(text))
            self._known[text] = (exact, 1.0) if exact else self._near.nearest(text)
        return self._known[text]


def _clean(arm: str, rows: Dataset, guard: _Guard, refused: list, labels: Sequence[str]) -> tuple[list[str], list[str]]:
    ids = rows["id"] if "id" in rows.column_names else [f"{arm}-{i}" for i in range(len(rows))]
    texts, kept = [], []
    for row_id, text, label in zip(ids, rows["text"], rows["label"], strict=True):
        if label not in labels:
            raise SynthkitError(f"arm {arm!r}, row {row_id}: {unknown('label', label, labels)}")
        if twin := guard.twin(text):
            entry = Refused(arm, row_id, *twin)
            if entry not in refused:
                refused.append(entry)
        else:
            texts.append(text)
            kept.append(label)
    if len(set(kept)) < 2:
        raise SynthkitError(
            f"arm {arm!r} holds {len(set(kept))} label(s) once test duplicates are out; needs two to train on"
        )
    return texts, kept


def _bar(items: list, progress: bool):
    from tqdm.auto import tqdm

    return tqdm(items, desc="compare", unit="fit", leave=False, disable=not progress)
