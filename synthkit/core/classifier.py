"""The one classifier of labels on sentence vectors, and what it says of a label: pointwise V-information."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthkit.core.embedding import default_embedder, embed
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import need_columns
from synthkit.core.stats import one_thread

LEAST_ROWS = 5  # rows a label without which a classifier of labels is not fitted


def _regression():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10, max_iter=1000, class_weight="balanced")


class LabelClassifier:
    """Logistic regression on sentence vectors (C = 10, balanced classes).

    >>> near = LabelClassifier(np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]]), ["tea", "tea", "bus", "bus"])
    >>> near.predict(np.array([[0.8, 0.2]])).tolist()
    ['tea']
    >>> bool(near.pvi(np.array([[0.8, 0.2]]), ["bus"])[0] < 0)
    True
    """

    def __init__(self, vectors: np.ndarray, labels: Sequence[str]):
        with one_thread():
            self._model = _regression().fit(vectors, labels)

    @property
    def labels(self) -> np.ndarray:
        """The labels it knows, sorted."""
        return self._model.classes_

    def predict(self, vectors: np.ndarray) -> np.ndarray:
        """Return the label of each row."""
        with one_thread():
            return self._model.predict(vectors)

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """Return class probabilities, shape (n, labels)."""
        with one_thread():
            return self._model.predict_proba(vectors)

    def pvi(self, vectors: np.ndarray, labels: Sequence[str]) -> np.ndarray:
        """Return PVI(text -> label) in bits, shape (n,): log2 p(label | text) - log2 p(label).

        Above 0 the text speaks for its label (Ethayarajh et al. 2022, arXiv 2110.08420). The null model is even over
        the labels, as the classes are balanced. A label that it does not know gets NaN.
        """
        at = np.minimum(np.searchsorted(self.labels, labels), len(self.labels) - 1)
        of_label = self.probabilities(vectors)[np.arange(len(at)), at]
        bits = np.log2(np.maximum(of_label, 1e-6)) + np.log2(len(self.labels))
        return np.where(np.isin(labels, self.labels), bits, np.nan)


def cross_validated(vectors: np.ndarray, y: np.ndarray, *, folds: int = 5) -> np.ndarray:
    """Return out-of-fold class probabilities of the same classifier, shape (n, classes); `y` are class numbers."""
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    cv = StratifiedKFold(folds, shuffle=True, random_state=0)
    with one_thread():
        return cross_val_predict(_regression(), vectors, y, cv=cv, method="predict_proba")


@dataclass(frozen=True, eq=False)
class LabelModel:
    """The classifier for texts; its `accuracy` is cross-validated."""

    classifier: LabelClassifier
    accuracy: float
    embedder: str
    _fit_on: tuple[str, ...]

    @property
    def labels(self) -> np.ndarray:
        """The labels it knows, sorted."""
        return self.classifier.labels

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Return class probabilities, shape (n, labels)."""
        return self.classifier.probabilities(embed(texts, embedder=self.embedder, fit_on=self._fit_on))


def fit_labels(rows, *, embedder: str | None = None) -> LabelModel:
    """Return the classifier of the labels of `rows` (`text`, `label`).

    Raises SynthkitError for fewer than two labels, or fewer than five rows of one.
    """
    need_columns("rows", rows)
    embedder = embedder or default_embedder()
    texts, (names, y) = list(rows["text"]), np.unique(rows["label"], return_inverse=True)
    counts = np.bincount(y)
    if len(names) < 2 or counts.min() < LEAST_ROWS:
        raise SynthkitError(
            f"{len(names)} labels, the rarest with {counts.min()} rows: a classifier of labels needs two labels and "
            f"{LEAST_ROWS} rows of each"
        )
    vectors = embed(texts, embedder=embedder, fit_on=texts)
    accuracy = float((cross_validated(vectors, y).argmax(axis=1) == y).mean())
    return LabelModel(LabelClassifier(vectors, names[y]), accuracy, embedder, tuple(texts))
