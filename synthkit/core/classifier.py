"""The one classifier of labels on sentence vectors, and what it says of a label: pointwise V-information."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthkit.core.embedding import default_embedder, embed
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.rows import need_columns
from synthkit.core.stats import one_thread

LEAST_ROWS = 5  # rows a label without which a classifier of labels is not fitted
LEAST_SCORE = 0.6  # cross-validated accuracy below which the classifier may not judge
QUANTILE = 0.1  # of the rows' own out-of-fold PVI: the threshold for texts said to be of a class
SHRUNK = 10  # rows of a class at which its own quantile counts as much as that of all rows


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

    def log2(self, vectors: np.ndarray, labels: Sequence[str]) -> np.ndarray:
        """Return log2 p(label | row), shape (n,); of a label that it does not know half of an even share."""
        return _log2(self.probabilities(vectors), self.labels, labels)

    def pvi(self, vectors: np.ndarray, labels: Sequence[str]) -> np.ndarray:
        """Return PVI(text -> label) in bits, shape (n,): log2 p(label | text) - log2 p(label).

        Above 0 the text speaks for its label (Ethayarajh et al. 2022, arXiv 2110.08420). The null model is even over
        the labels, as the classes are balanced. A label that it does not know gets NaN.
        """
        bits = self.log2(vectors, labels) + np.log2(len(self.labels))
        return np.where(np.isin(labels, self.labels), bits, np.nan)


def _log2(probabilities: np.ndarray, known: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    labels = np.asarray(labels)
    at = np.minimum(np.searchsorted(known, labels), len(known) - 1)
    of_label = np.where(known[at] == labels, probabilities[np.arange(len(labels)), at], 0.5 / (len(known) + 1))
    return np.log2(np.maximum(of_label, 1e-6))


def cross_validated(vectors: np.ndarray, y: np.ndarray, *, folds: int = 5) -> np.ndarray:
    """Return out-of-fold class probabilities of the same classifier, shape (n, classes); `y` are class numbers."""
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    cv = StratifiedKFold(folds, shuffle=True, random_state=0)
    with one_thread():
        return cross_val_predict(_regression(), vectors, y, cv=cv, method="predict_proba")


@dataclass(frozen=True, eq=False)
class LabelModel:
    """The classifier for texts: `accuracy` is cross-validated, `thresholds` hold the lowest PVI (bits) of a label."""

    classifier: LabelClassifier
    accuracy: float
    thresholds: dict[str, float]
    embedder: str
    _fit_on: tuple[str, ...]

    @property
    def trusted(self) -> bool:
        """Whether its own accuracy is high enough for a verdict on others."""
        return self.accuracy >= LEAST_SCORE

    @property
    def labels(self) -> np.ndarray:
        """The labels it knows, sorted."""
        return self.classifier.labels

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Return class probabilities, shape (n, labels)."""
        return self.classifier.probabilities(embed(texts, embedder=self.embedder, fit_on=self._fit_on))

    def pvi(self, texts: Sequence[str], labels: Sequence[str]) -> np.ndarray:
        """Return PVI(text -> label) in bits, shape (n,); a label that the model does not know is an error."""
        for label in labels:
            if label not in self.thresholds:
                raise unknown("label", label, self.thresholds)
        return self.classifier.pvi(embed(texts, embedder=self.embedder, fit_on=self._fit_on), labels)


def fit_labels(rows, *, embedder: str | None = None) -> LabelModel:
    """Return the classifier of the labels of `rows` (`text`, `label`) with a threshold of PVI a label.

    The threshold of a class is the 10th percentile of its rows' own out-of-fold PVI (Lin et al. 2023, arXiv
    2302.05096), drawn half-way to that of all rows where it has ten: the quantile of ten numbers alone is too strict.
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
    unseen = cross_validated(vectors, y)
    bits = _log2(unseen, names, names[y]) + np.log2(len(names))
    quantiles = np.array([np.quantile(bits[y == c], QUANTILE) for c in range(len(names))])
    lowest = (counts * quantiles + SHRUNK * np.quantile(bits, QUANTILE)) / (counts + SHRUNK)
    thresholds = dict(zip(names.tolist(), lowest.tolist(), strict=True))
    accuracy = float((unseen.argmax(axis=1) == y).mean())
    return LabelModel(LabelClassifier(vectors, names[y]), accuracy, thresholds, embedder, tuple(texts))
