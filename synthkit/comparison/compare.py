"""Train on this, test on that: what a classifier trained on each arm scores on real rows nobody saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from synthkit.comparison.arms import Arm, as_arm, numbered
from synthkit.comparison.classifiers import Student, as_students
from synthkit.comparison.comparison import PRIMARY, STUDENT, UNNAMED, Comparison, Score
from synthkit.comparison.leakage import Guard
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.language import embedder_for, language_of
from synthkit.core.progress import bar as progress_bar
from synthkit.core.rows import need_columns, row_ids
from synthkit.core.stats import Fits, estimate, factors
from synthkit.tasks.splits import task_of

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.tasks.task import Task

REFITS = 10  # on rows drawn again, of an arm whose rows were drawn or generated once
MOST_REFITTED = 2000  # rows of a set
LEAST_COMMON = 0.1  # of a set's rows that all sets share, without which draws show the luck of rows themselves


def compare(
    arms: Mapping[str, Dataset | Sequence[Dataset] | Arm],
    *,
    test: Dataset,
    students: Sequence[str] | Mapping[str, object] = ("tfidf_lr", "minilm_lr"),
    embedder: str | None = None,
    random_state: int = 0,
    task: Task | None = None,
    primary: tuple[str, str] | None = None,
    progress: bool = True,
) -> Comparison:
    """Return how classifiers trained on each arm do on `test`.

    An arm is rows (`text`, `label`), or a list of them: several draws. Students: "tfidf_lr" (word 1-2-grams) and
    "minilm_lr" (sentence vectors), both balanced logistic regression whose C is chosen by cross-validation on the arm's
    own rows; "finetune" (MiniLM itself, a minute or two a fit); or {name: object with fit and predict on texts}. A row
    that repeats a test row, edited or whole, is refused and listed. Of an arm whose rows were drawn or generated once
    each student is fitted ten times more on those rows drawn again, so that its intervals hold their luck. The
    `primary` contrast is stated beforehand, by default real_few+synthetic against real_few; `task` says whether its
    rows are a stand-in or a famous benchmark.

    >>> from synthkit.core.rows import make_rows
    >>> few = make_rows({"text": ["ripe figs", "a sour plum", "a blunt saw", "the hammer"], "label": list("ffss")})
    >>> test = make_rows({"text": ["sour figs", "the saw"], "label": ["f", "s"]})
    >>> found = compare({"few": few}, test=test, students=["tfidf_lr"], embedder="lsa", progress=False)
    >>> found.get("few").accuracy.value
    1.0
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
    for arm, rows in ((arm, rows) for arm, given in named.items() for rows in given):
        need_columns(f"arm {arm!r}", rows)
    language, notes = language_of(list(test["text"]), task_of(test))
    embedder = embedder or embedder_for(language)
    guard, refused, clean = Guard(test), {}, {}
    for arm, given in named.items():
        cleaned = [guard.clean(arm, rows, labels) for rows in given]
        clean[arm] = [kept for kept, _ in cleaned]
        refused.update(dict.fromkeys(r for _, some in cleaned for r in some))
    truth = np.searchsorted(labels, test["label"])
    asked = list(test["text"])
    students_ = {name: maker(asked, embedder) for name, maker in makers.items()}
    units, out, fits = numbered(named, clean), [], {}
    total = len(makers) * sum(map(len, clean.values()))
    with progress_bar(total=total, desc="compare", unit="fit", progress=progress) as bar:
        for arm, sets in clean.items():
            drawn_again = _drawn_again(named[arm], sets, random_state)
            for name, student in students_.items():
                predicted, again, beside, settings = _fit(student, sets, drawn_again, len(asked), labels, bar)
                found = Fits(predicted, units[arm], again and np.stack(again), beside)
                fits[arm, name] = found
                out.append(_score(arm, name, named[arm], sets, truth, found, settings, labels))
    usual = PRIMARY if set(PRIMARY) <= set(arms) else None
    return Comparison(
        scores=tuple(out),
        refused=tuple(refused),
        labels=labels,
        test_rows=len(test),
        embedder=embedder,
        language="; ".join(notes),
        stand_in=bool(task and task.stand_in),
        model=_models(named),
        primary=tuple(primary) if primary else usual,
        student=STUDENT if STUDENT in makers else list(makers)[-1],
        public_since=task.public_since if task else None,
        truth=truth,
        ids=tuple(row_ids(test, "test")),
        fits=fits,
    )


def _fit(student: Student, sets, drawn_again, n: int, labels: Sequence[str], bar) -> tuple:
    """Return class numbers by fit and by refit, the fit that each refit stands beside, and the settings of each fit."""
    predicted, again, beside, settings = [], [], [], []
    for i, (texts, given) in enumerate(sets):
        found = student.fit_predict(texts, given, drawn_again[i])
        predicted.append(_numbers(found.labels, n, labels))
        settings.append(found.parameters)
        if drawn_again[i] and found.refits is not None:
            again += [_numbers(refit, n, labels) for refit in found.refits]
            beside += [i] * len(drawn_again[i])
        bar.update()
    return np.stack(predicted), again or None, tuple(beside), tuple(settings)


def _drawn_again(arm: Arm, sets, random_state: int) -> list[list[np.ndarray]]:
    """Return for each set of an arm the positions of its rows, drawn again: REFITS in all, the sets in turn.

    Only what all sets share is drawn again, label by label: one generation beside several draws of real rows, or all of
    a single set. Several generations show their luck themselves; of a large set it is small, and its fits are slow.
    """
    again: list[list[np.ndarray]] = [[] for _ in sets]
    varying = {key for key, *_ in factors(arm.units)}
    if not arm.sampled or "generation" in varying or max(len(texts) for texts, _ in sets) > MOST_REFITTED:
        return again
    pairs = [list(zip(*one, strict=True)) for one in sets]
    common = set(pairs[0]).intersection(*pairs[1:])
    enough = len(common) >= LEAST_COMMON * min(map(len, pairs))
    for r in range(REFITS if enough else 0):
        i, rng = r % len(sets), np.random.default_rng([random_state, r])
        positions, labels = np.arange(len(pairs[i])), np.asarray(sets[i][1])
        shared = np.array([pair in common for pair in pairs[i]])
        for label in sorted(set(labels)):
            where = np.flatnonzero(shared & (labels == label))
            positions[where] = rng.choice(where, len(where)) if len(where) else where
        again[i].append(positions)
    return again


def _numbers(predicted: np.ndarray, n: int, labels: Sequence[str]) -> np.ndarray:
    """Return class numbers of the texts asked about."""
    predicted = np.repeat(predicted, n) if len(predicted) == 1 else predicted
    if len(predicted) != n or not set(predicted) <= set(labels):
        raise SynthkitError(f"a student predicted {len(predicted)} of {n} texts, or other labels than {list(labels)}")
    return np.searchsorted(labels, predicted)


def _score(arm: str, student: str, given: Arm, sets, truth, fits: Fits, settings, labels) -> Score:
    f1, accuracy = (estimate(truth, [(1, fits)], what).interval(low=0, high=1) for what in ("macro_f1", "accuracy"))
    refits, large = len(fits.beside), max(len(texts) for texts, _ in sets) > MOST_REFITTED
    return Score(
        arm=arm,
        student=student,
        rows=round(np.mean([len(texts) for texts, _ in sets])),
        draws=len({d for _, d in given.units}),
        macro_f1=f1,
        accuracy=accuracy,
        generations=len({g for g, _ in given.units}),
        real=len(sets[0][0]) if arm == "real_full" else given.real,  # what is left of it
        settings=settings,
        missing=tuple(sorted(set(labels) - {label for _, some in sets for label in some})),
        refits=refits,
        luck=bool(factors(given.units) or refits or large or not given.sampled),
        requests=given.requests,
        tokens=given.tokens,
    )


def _models(arms: Mapping[str, Arm]) -> str:
    """Return who wrote the synthetic rows, as the rows of `synthetic`, or of any arm, say themselves."""
    sets = (
        arms["synthetic"].sets if "synthetic" in arms else [s for name, a in arms.items() if name != "ngram" for s in a]
    )
    names = sorted({m for rows in sets if "model" in rows.column_names for m in rows["model"]})
    return "+".join("ngram (no language model)" if m == "ngram" else m for m in names) or UNNAMED
