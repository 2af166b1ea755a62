"""How would a classifier trained on these rows do on real ones? An estimate before anybody trains and tests for real.

From a few labelled real rows and unlabelled ones: a classifier of the few gives the others pseudo-labels, and four
signals say how one trained on the set reads them. They are joined by a ridge regression on the logit of macro-F1 over
442 sets of five datasets. On datasets and kinds of set that it was not fitted on it is off by 0.05 on average, by 0.09
or less for nine sets of ten; it expects 0.09 to 0.11 too much of n-gram, word-swapped and word-list texts. It ranks
sets no better than one signal alone (Spearman 0.70, beside 0.72 for the agreement with the pseudo-labels; 0.62 and 0.57
on generated sets; November 2026, benchmarks/report.py validate): a number with a bracket, not a judge between sets that
differ by less. It knows English texts, MiniLM vectors, two to ten labels, 25 to 400 rows and logistic regression only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthkit.core.classifier import LabelClassifier
from synthkit.core.errors import SynthkitError
from synthkit.core.stats import Interval, score

LEAST_FEW, LEAST_ROWS, LEAST_UNLABELLED = 5, 20, 50  # labelled rows a label, rows of a set, unlabelled rows
MOST = 1000  # unlabelled rows that are looked at


def signals(
    vectors: np.ndarray,
    labels: Sequence[str],
    few_vectors: np.ndarray,
    few_labels: Sequence[str],
    unlabelled: np.ndarray,
) -> dict[str, float]:
    """Return what is known of a set of rows from `few` labelled and from `unlabelled` real rows.

    Vectors are unit rows, shape (n, d). A classifier of the few labels gives the unlabelled rows pseudo-labels, which
    one trained on the set is asked for. No test row and no other label is seen.
    """
    labels, few_labels = np.asarray(labels), np.asarray(few_labels)
    trained, few = LabelClassifier(vectors, labels), LabelClassifier(few_vectors, few_labels)
    predicted, probabilities = trained.predict(unlabelled), few.probabilities(unlabelled)
    pseudo, certainty = few.labels[probabilities.argmax(axis=1)], probabilities.max(axis=1)
    sure = certainty >= np.median(certainty)
    return {
        "pseudo-label log-likelihood": 1 + trained.log2(unlabelled, pseudo).mean() / np.log2(len(few.labels)),
        "agreement, macro-F1": score(*np.searchsorted(np.union1d(pseudo, predicted), (pseudo, predicted))),
        "agreement where sure": float((predicted == pseudo)[sure].mean()),
        "certainty": float(trained.probabilities(unlabelled).max(axis=1).mean()),
    }


def need(labels: Sequence[str], few_labels: Sequence[str], unlabelled: int) -> None:
    """Raise SynthkitError where the estimate has never been tried."""
    known, counts = np.unique(few_labels, return_counts=True)
    if missing := set(known.tolist()) - set(labels):
        raise SynthkitError(f"no synthetic row of {len(missing)} labels, such as {min(missing)!r}")
    if len(known) < 2 or counts.min() < LEAST_FEW:
        raise SynthkitError(f"it needs two labels and {LEAST_FEW} labelled real rows of each")
    if len(labels) < LEAST_ROWS or unlabelled < LEAST_UNLABELLED:
        raise SynthkitError(f"it needs {LEAST_ROWS} rows and {LEAST_UNLABELLED} unlabelled real ones")


# by `constants` of the benchmark: (mean, standard deviation, weight); REACH: nine of ten errors (logits) were less
WEIGHTS: dict[str, tuple[float, float, float]] = {
    "pseudo-label log-likelihood": (0.3318, 0.2336, 0.2058),
    "agreement, macro-F1": (0.6570, 0.1425, 0.1399),
    "agreement where sure": (0.7944, 0.1626, 0.2222),
    "certainty": (0.6290, 0.1789, 0.1977),
}
INTERCEPT, REACH = 0.9405, 0.5119


def expected(values: dict[str, float]) -> Interval:
    """Return the macro-F1 that the signals let expect, with the interval that nine of ten sets fell into."""
    logit = INTERCEPT + sum(w * (values[name] - mean) / sd for name, (mean, sd, w) in WEIGHTS.items())
    return Interval(*(float(1 / (1 + np.exp(-x))) for x in (logit, logit - REACH, logit + REACH)))
