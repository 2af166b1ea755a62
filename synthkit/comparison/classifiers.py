"""The classifiers that are trained on each arm: by name, or any object with fit and predict on texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import NamedTuple

import numpy as np

from synthkit.core.embedding import embed
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.stats import one_thread

GRID = (0.1, 1.0, 10.0, 100.0)  # C, the inverse strength of the L2 penalty
FIXED, FOLDS = 10.0, 5
MOST_ROWS = 1500  # the settings of a larger arm are chosen on so many of its rows, the classes in proportion
DENSE_ROWS = 1000  # up to here a linear model is fitted in the space of its rows


class Answers(NamedTuple):
    """What a student says of the texts it was made for, and the settings it took."""

    labels: np.ndarray
    settings: str


class Student:
    """A classifier for given texts: `answer(texts, labels)` trains it and says what the given texts are."""

    def __init__(self, answer: Callable[[Sequence[str], Sequence[str]], Answers]):
        self._answer = answer

    def answer(self, texts: Sequence[str], labels: Sequence[str]) -> Answers:
        """Return the labels and the settings; rows of one label make a classifier that says nothing else."""
        if len(set(labels)) == 1:
            return Answers(np.asarray([labels[0]]), "one label only")
        return self._answer(texts, labels)

    def __call__(self, texts: Sequence[str], labels: Sequence[str]) -> np.ndarray:
        return self.answer(texts, labels).labels


def _tfidf_lr(test_texts: Sequence[str], embedder: str) -> Student:
    from sklearn.feature_extraction.text import TfidfVectorizer

    def answer(texts, labels):
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=1)
        return _logistic_regression(words.fit_transform(texts), labels, words.transform(test_texts))

    return Student(answer)


def _minilm_lr(test_texts: Sequence[str], embedder: str) -> Student:
    def vectors(texts, fit_on):
        return embed(texts, embedder=embedder, fit_on=fit_on)

    test_vectors = None if embedder == "lsa" else vectors(test_texts, None)

    def answer(texts, labels):
        # `lsa` is fitted on the arm's own rows: another arm's must not help it
        tested = vectors(test_texts, texts) if test_vectors is None else test_vectors
        return _logistic_regression(vectors(texts, texts), labels, tested)

    return Student(answer)


def _finetune(test_texts: Sequence[str], embedder: str) -> Student:
    from synthkit.comparison.finetune import fine_tuned

    return Student(lambda texts, labels: Answers(*fine_tuned(texts, labels, test_texts)))


STUDENTS = {"tfidf_lr": _tfidf_lr, "minilm_lr": _minilm_lr, "finetune": _finetune}


def as_students(students: Sequence[str] | Mapping[str, object]) -> dict[str, Callable]:
    """Return makers by name: `maker(test_texts, embedder) -> Student`.

    `students` are names, or a mapping of a name of yours to an object with fit(texts, labels) and predict(texts), such
    as a scikit-learn pipeline; each arm gets a fresh copy of it.
    """
    if isinstance(students, str):
        raise SynthkitError(f"students={students!r}: expected a list of names, as [{students!r}]")
    given = dict(students) if isinstance(students, Mapping) else {name: name for name in students}
    if not given:
        raise SynthkitError(f"students=[]: expected at least one of: {', '.join(STUDENTS)}")
    return {name: _maker(name, what) for name, what in given.items()}


def _maker(name: str, what) -> Callable:
    if isinstance(what, str):
        if what not in STUDENTS:
            raise unknown("student", what, STUDENTS)
        return STUDENTS[what]
    if not (hasattr(what, "fit") and hasattr(what, "predict")):
        raise SynthkitError(
            f"student {name!r}: expected a name or an object with fit(texts, labels) and predict(texts); "
            f"got {type(what).__name__}. Give objects a name: students={{'mine': pipeline}}"
        )

    def maker(test_texts, embedder):
        def answer(texts, labels):
            with one_thread():
                return Answers(np.asarray(_fresh(what).fit(texts, labels).predict(test_texts)), "its own")

        return Student(answer)

    return maker


def _fresh(model):
    from sklearn.base import clone

    return clone(model) if hasattr(model, "get_params") else deepcopy(model)


def _logistic_regression(x, labels: Sequence[str], tested) -> Answers:
    """Fit balanced logistic regression with the C that inner cross-validation chooses, and answer for `tested`.

    The penalty makes the weights a sum of the rows (Kimeldorf and Wahba 1971), so few rows are first rotated into as
    many coordinates as there are rows: the same classifier, several times faster.
    """
    from sklearn.linear_model import LogisticRegression

    names, y = np.unique(labels, return_inverse=True)
    with one_thread():
        if len(y) <= min(DENSE_ROWS, x.shape[1]):
            x, tested = _rotated(x, tested)
        c, said = choose_c(x, y)
        model = LogisticRegression(C=c, max_iter=2000, class_weight="balanced").fit(x, y)
        return Answers(names[model.predict(tested)], said)


def _rotated(x, tested) -> tuple[np.ndarray, np.ndarray]:
    """Return x and `tested` in an orthonormal basis of the rows of x: all inner products with rows are kept."""

    def dense(product):
        return np.asarray(product.todense() if hasattr(product, "todense") else product, dtype=np.float64)

    size, basis = np.linalg.eigh(dense(x @ x.T))
    kept = size > 1e-6 * size[-1]
    size, basis = np.sqrt(size[kept]), basis[:, kept]
    return basis * size, dense(tested @ x.T) @ (basis / size)


def choose_c(x, y: np.ndarray) -> tuple[float, str]:
    """Return (C, words for it): the C of GRID with the least log loss in five-fold cross-validation on these rows.

    Log loss, since macro-F1 on a handful of held-out rows is mostly ties. The smallest C of equals; FIXED where a class
    has fewer rows than there are folds.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    if np.bincount(y).min() < FOLDS:
        return FIXED, f"C = {FIXED:g} (fixed: a label has fewer than {FOLDS} rows)"
    if len(y) > MOST_ROWS:
        some = _some(y)
        x, y = x[some], y[some]
    loss = np.zeros(len(GRID))
    for train, held in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(y, y):
        for i, c in enumerate(GRID):
            model = LogisticRegression(C=c, max_iter=2000, class_weight="balanced").fit(x[train], y[train])
            p = model.predict_proba(x[held])[np.arange(len(held)), y[held]]
            loss[i] -= np.log(np.maximum(p, 1e-12)).sum()
    best = int(np.argmin(np.round(loss / len(y), 6)))
    return GRID[best], f"C = {GRID[best]:g}"


def _some(y: np.ndarray) -> np.ndarray:
    """Return the positions of about MOST_ROWS rows, the classes in proportion, at least FOLDS of each."""
    rng = np.random.default_rng(0)
    taken = []
    for c in range(y.max() + 1):
        where = np.flatnonzero(y == c)
        taken.append(rng.permutation(where)[: max(FOLDS, round(MOST_ROWS * len(where) / len(y)))])
    return np.sort(np.concatenate(taken))
