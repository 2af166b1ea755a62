"""Does a text carry its label? Pointwise V-information of a small classifier fitted on the seeds."""

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
QUANTILE = 0.1  # of the seeds' own out-of-fold PVI: the threshold for texts said to be of a class
SHRUNK = 10  # rows of a class at which its own quantile counts as much as that of all rows


@dataclass(frozen=True, eq=False)
class LabelModel:
    """A classifier of labels: `accuracy` is cross-validated, `thresholds` hold the lowest PVI (bits) a label allows."""

    labels: tuple[str, ...]
    accuracy: float
    thresholds: dict[str, float]
    embedder: str
    _fit_on: tuple[str, ...]
    _prior: np.ndarray
    _model: object

    @property
    def trusted(self) -> bool:
        """Whether its own accuracy is high enough for a verdict on others."""
        return self.accuracy >= LEAST_SCORE

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Return class probabilities, shape (n, labels)."""
        vectors = embed(texts, embedder=self.embedder, fit_on=self._fit_on)
        with one_thread():
            return self._model.predict_proba(vectors)

    def pvi(self, texts: Sequence[str], labels: Sequence[str]) -> np.ndarray:
        """Return PVI(text -> label) in bits, shape (n,): log2 p(label | text) - log2 p(label).

        Above 0 the text speaks for its label; a label that the model does not know is an error.
        """
        for label in labels:
            if label not in self.labels:
                raise unknown("label", label, self.labels)
        y = np.searchsorted(self.labels, labels)
        return _bits(self.probabilities(texts), y, self._prior)


def fit_labels(rows, *, embedder: str | None = None) -> LabelModel:
    """Return a classifier of the labels of `rows` (`text`, `label`): logistic regression on sentence vectors.

    PVI: Ethayarajh et al. 2022 (arXiv 2110.08420); as a filter of generated texts, with a threshold a class from the
    real ones: Lin et al. 2023 (ICDA, arXiv 2302.05096). The null model is the labels' prior. The threshold of a class
    is the 10th percentile of its rows' own out-of-fold PVI, drawn half-way to that of all rows where it has ten: the
    quantile of ten numbers alone is too strict (benchmarks/filters.py). Raises SynthkitError for fewer than two labels,
    or fewer than five rows of one.
    """
    from sklearn.linear_model import LogisticRegression

    need_columns("rows", rows)
    embedder = embedder or default_embedder()
    texts, names = list(rows["text"]), sorted(set(rows["label"]))
    y = np.searchsorted(names, rows["label"])
    counts = np.bincount(y, minlength=len(names))
    if len(names) < 2 or counts.min() < LEAST_ROWS:
        raise SynthkitError(
            f"{len(names)} labels, the rarest with {counts.min()} rows: a classifier of labels needs two labels and "
            f"{LEAST_ROWS} rows of each"
        )
    vectors = embed(texts, embedder=embedder, fit_on=texts)
    prior = np.full(len(names), 1 / len(names))  # balanced classes, as the classifier is fitted
    unseen = cross_validated(vectors, y)
    bits = _bits(unseen, y, prior)
    own = np.array([np.quantile(bits[y == c], QUANTILE) for c in range(len(names))])
    lowest = (counts * own + SHRUNK * np.quantile(bits, QUANTILE)) / (counts + SHRUNK)
    thresholds = dict(zip(names, lowest.tolist(), strict=True))
    with one_thread():
        model = LogisticRegression(C=10, max_iter=1000, class_weight="balanced").fit(vectors, y)
    accuracy = float((unseen.argmax(axis=1) == y).mean())
    return LabelModel(tuple(names), accuracy, thresholds, embedder, tuple(texts), prior, model)


def cross_validated(vectors: np.ndarray, y: np.ndarray, *, folds: int = 5) -> np.ndarray:
    """Return out-of-fold class probabilities, shape (n, classes), of logistic regression (C = 10, balanced)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    model = LogisticRegression(C=10, max_iter=1000, class_weight="balanced")
    cv = StratifiedKFold(folds, shuffle=True, random_state=0)
    with one_thread():
        return cross_val_predict(model, vectors, y, cv=cv, method="predict_proba")


def _bits(p: np.ndarray, y: np.ndarray, prior: np.ndarray) -> np.ndarray:
    own = np.maximum(p[np.arange(len(y)), y], 1e-12)
    return np.log2(own) - np.log2(prior[y])
