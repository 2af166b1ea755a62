"""Train on this, test on that: what a classifier trained on each arm scores on real rows nobody saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from synthkit.comparison.arms import Arm, as_arm
from synthkit.comparison.classifiers import as_students
from synthkit.comparison.comparison import PRIMARY, STUDENT, UNNAMED, Comparison, Fits, Score
from synthkit.comparison.leakage import Guard
from synthkit.core.embedding import default_embedder
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.rows import need_columns, row_ids
from synthkit.core.stats import Resampled, bootstrap, interval, scores

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.tasks.task import Task

TRTS = "real_full, on synthetic (TRTS)"


def compare(
    arms: Mapping[str, Dataset | Sequence[Dataset] | Arm],
    *,
    test: Dataset,
    students: Sequence[str] | Mapping[str, object] = ("tfidf_lr", "minilm_lr"),
    embedder: str | None = None,
    random_state: int = 0,
    stand_in: bool = False,
    task: Task | None = None,
    primary: tuple[str, str] | None = None,
    progress: bool = True,
) -> Comparison:
    """Return how classifiers trained on each arm do on `test`.

    An arm is rows (`text`, `label`), or a list of them: several draws. Students: "tfidf_lr" (word 1-2-grams) and
    "minilm_lr" (sentence vectors), both balanced logistic regression whose C is chosen by cross-validation on the arm's
    own rows; "finetune" (MiniLM itself, needs torch); or {name: object with fit and predict on texts}. A training row
    that repeats a test row, exactly or nearly (Jaccard of 5-character shingles >= 0.8), is refused and listed. The
    `primary` contrast is stated beforehand, by default real_few+synthetic against real_few; `task` says whether its
    rows are a stand-in or a famous benchmark.
    """
    if not arms:
        raise SynthkitError("compare({}): expected at least one arm, as {'few': rows}")
    need_columns("test=", test)
    labels = tuple(sorted(set(test["label"])))
    if len(labels) < 2:
        raise SynthkitError(f"test holds one label only ({labels}); there is nothing to tell apart")
    makers = as_students(students)
    for arm in primary or ():
        if arm not in arms:
            raise unknown("arm in primary=", arm, arms)
    named = {arm: as_arm(arm, rows) for arm, rows in arms.items()}
    for arm, given in named.items():
        for rows in given:
            need_columns(f"arm {arm!r}", rows)
    embedder = embedder or default_embedder()
    guard, refused, clean = Guard(test), {}, {}
    for arm, given in named.items():
        cleaned = [guard.clean(arm, rows, labels) for rows in given]
        clean[arm] = [kept for kept, _ in cleaned]
        refused.update(dict.fromkeys(r for _, some in cleaned for r in some))
    truth = np.searchsorted(labels, test["label"])
    back = [pair for texts, own in clean.get("synthetic", ()) for pair in zip(texts, own, strict=True)]
    back = back if "real_full" in clean else []
    asked = [*test["text"], *(text for text, _ in back)]
    students_ = {name: maker(asked, embedder) for name, maker in makers.items()}
    out, trts, kept, recall, predicted = [], [], {}, {}, {}
    with _bar(len(makers) * sum(map(len, clean.values())), progress) as bar:
        for arm, sets in clean.items():
            for name, student in students_.items():
                answers = []
                for texts, own in sets:
                    answers.append(_answer(student, texts, own, len(asked), labels))
                    bar.update()
                guesses = np.stack([a[: len(truth)] for a, _ in answers])
                resampled = bootstrap(truth, guesses, len(labels), units=named[arm].units, random_state=random_state)
                kept[arm, name], recall[arm, name] = resampled.macro_f1, resampled.recall
                predicted[arm, name] = guesses
                settings = tuple(said for _, said in answers)
                out.append(_score(arm, name, named[arm], sets, truth, guesses, resampled, settings, labels))
                if arm == "real_full" and back:
                    trts.append(_trts(name, sets, back, answers[0][0][len(truth) :], labels, settings, random_state))
    usual = PRIMARY if set(PRIMARY) <= set(arms) else None
    return Comparison(
        scores=tuple(out),
        refused=tuple(refused),
        labels=labels,
        test_rows=len(test),
        embedder=embedder,
        stand_in=stand_in or bool(task and task.stand_in),
        model=_models(named),
        resampled=kept,
        primary=tuple(primary) if primary else usual,
        student=STUDENT if STUDENT in makers else list(makers)[-1],
        trts=tuple(trts),
        public_since=task.public_since if task else None,
        recall=recall,
        fits=Fits(truth, tuple(row_ids(test, "test")), {arm: a.units for arm, a in named.items()}, predicted),
    )


def _answer(student, texts, own, n: int, labels: Sequence[str]) -> tuple[np.ndarray, str]:
    """Return (class numbers of the texts asked about, the settings taken)."""
    said, settings = student.answer(texts, own)
    said = np.repeat(said, n) if len(said) == 1 else said
    if len(said) != n or not set(said) <= set(labels):
        raise SynthkitError(f"a student answered {len(said)} of {n} texts, or with labels other than {list(labels)}")
    return np.searchsorted(labels, said), settings


def _score(arm, student, given: Arm, sets, truth, guesses, resampled: Resampled, settings, labels) -> Score:
    one = np.ones((1, len(truth)), dtype=np.float32)
    f1, accuracy = np.mean([[float(x[0]) for x in scores(truth, g, one, len(labels))] for g in guesses], axis=0)
    return Score(
        arm=arm,
        student=student,
        rows=round(np.mean([len(texts) for texts, _ in sets])),
        draws=len({d for _, d in given.units}),
        macro_f1=interval(f1, resampled.macro_f1),
        accuracy=interval(accuracy, resampled.accuracy),
        generations=len({g for g, _ in given.units}),
        real=len(sets[0][0]) if arm == "real_full" else given.real,  # what is left of it
        settings=settings,
        missing=tuple(sorted(set(labels) - {label for _, own in sets for label in own})),
    )


def _trts(student, sets, back, guesses, labels, settings, random_state) -> Score:
    """Train on all real rows, test on the synthetic ones: do they look like the label that was asked for?"""
    truth = np.searchsorted(labels, [label for _, label in back])
    resampled = bootstrap(truth, [guesses], len(labels), random_state=random_state)
    given = Arm((), ((0, 0),), len(sets[0][0]))
    return _score(TRTS, student, given, sets, truth, [guesses], resampled, settings, labels)


def _models(arms: Mapping[str, Arm]) -> str:
    """Return who wrote the synthetic rows, as the rows of `synthetic`, or of any arm, say themselves."""
    sets = (
        arms["synthetic"].sets if "synthetic" in arms else [s for name, a in arms.items() if name != "ngram" for s in a]
    )
    names = sorted({m for rows in sets if "model" in rows.column_names for m in rows["model"]})
    return "+".join("ngram (no language model)" if m == "ngram" else m for m in names) or UNNAMED


def _bar(total: int, progress: bool):
    from tqdm.auto import tqdm

    return tqdm(total=total, desc="compare", unit="fit", leave=False, delay=1, disable=not progress)
