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


class Predictions(NamedTuple):
    """The labels of the texts that a student was made for, its parameters, and the labels by refits, (refits, n)."""

    labels: np.ndarray
    parameters: str
    refits: np.ndarray | None = None


class Student:
    """A classifier for given texts: `fit_predict(texts, labels)` trains it and returns what the given texts are."""

    def __init__(self, fit_predict: Callable[..., Predictions]):
        self._fit_predict = fit_predict

    def fit_predict(
        self, texts: Sequence[str], labels: Sequence[str], resamples: Sequence[np.ndarray] = ()
    ) -> Predictions:
        """Return predictions; rows of one label make a classifier that says nothing else.

        `resamples` hold positions of training rows: the student is fitted again on each, with the same parameters.
        `refits` is None where a fit takes too long for that.
        """
        if len(set(labels)) == 1:
            only = np.asarray([labels[0]])
            return Predictions(only, "one label only", np.stack([only] * len(resamples)) if len(resamples) else None)
        return self._fit_predict(texts, np.asarray(labels), resamples)

    def __call__(self, texts: Sequence[str], labels: Sequence[str]) -> np.ndarray:
        return self.fit_predict(texts, labels).labels


def _tfidf_lr(test_texts: Sequence[str], embedder: str) -> Student:
    from sklearn.feature_extraction.text import TfidfVectorizer

    def fit_predict(texts, labels, resamples):
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=1)
        return _logistic_regression(words.fit_transform(texts), labels, words.transform(test_texts), resamples)

    return Student(fit_predict)


def _minilm_lr(test_texts: Sequence[str], embedder: str) -> Student:
    def vectors(texts, fit_on):
        return embed(texts, embedder=embedder, fit_on=fit_on)

    test_vectors = None if embedder == "lsa" else vectors(test_texts, None)

    def fit_predict(texts, labels, resamples):
        # `lsa` is fitted on the arm's own rows: another arm's must not help it
        tested = vectors(test_texts, texts) if test_vectors is None else test_vectors
        return _logistic_regression(vectors(texts, texts), labels, tested, resamples)

    return Student(fit_predict)


def _finetune(test_texts: Sequence[str], embedder: str) -> Student:
    from synthkit.comparison import finetune

    def fit_predict(texts, labels, resamples):
        names, y = np.unique(labels, return_inverse=True)
        if not (found := finetune.kept(key := finetune.kept_key(texts, y, test_texts))):
            head = linear_head(embed(texts, embedder="minilm"), y)
            found = finetune.fine_tuned(texts, y, head, test_texts)
            finetune.keep(key, *found)
        return Predictions(names[found[0]], found[1])  # no refits: each takes as long

    return Student(fit_predict)


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
        def predict(texts, labels):
            return np.asarray(_fresh(what).fit(list(texts), list(labels)).predict(test_texts))

        def fit_predict(texts, labels, resamples):
            with one_thread():
                refits = [predict([texts[i] for i in rows], labels[rows]) for rows in resamples]
                return Predictions(predict(texts, labels), "its own", np.stack(refits) if refits else None)

        return Student(fit_predict)

    return maker


def _fresh(model):
    from sklearn.base import clone

    return clone(model) if hasattr(model, "get_params") else deepcopy(model)


def _logistic_regression(x, labels: Sequence[str], tested, resamples: Sequence[np.ndarray] = ()) -> Predictions:
    """Fit balanced logistic regression with the C that inner cross-validation chooses, and predict `tested`.

    The penalty makes the weights a sum of the rows (Kimeldorf and Wahba 1971), so few rows are first rotated into as
    many coordinates as there are rows: the same classifier, several times faster.
    """
    from sklearn.linear_model import LogisticRegression

    names, y = np.unique(labels, return_inverse=True)
    with one_thread():
        if len(y) <= min(DENSE_ROWS, x.shape[1]):
            x, tested = _rotated(x, tested)
        c, parameters = choose_c(x, y)

        def predict(rows):
            model = LogisticRegression(C=c, max_iter=2000, class_weight="balanced")
            return names[model.fit(x[rows], y[rows]).predict(tested)]

        refits = np.stack([predict(rows) for rows in resamples]) if len(resamples) else None
        return Predictions(predict(slice(None)), parameters, refits)


def linear_head(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (weights, biases) of logistic regression at C = FIXED, a column a class."""
    from sklearn.linear_model import LogisticRegression

    with one_thread():
        model = LogisticRegression(C=FIXED, max_iter=2000, class_weight="balanced").fit(x, y)
    weights, biases = model.coef_.T, model.intercept_
    if len(biases) == 1:  # of two classes it has one column
        weights, biases = np.hstack([-weights, weights]) / 2, np.concatenate([-biases, biases]) / 2
    return weights, biases


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
