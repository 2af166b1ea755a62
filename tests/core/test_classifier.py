"""PVI: a text that speaks for its label has more of it than one that speaks for another."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from support.rows import invent

from synthkit.core.classifier import LabelClassifier, fit_labels, logistic_scores, logistic_weights
from synthkit.core.embedding import embed
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows

ROWS = invent(60, 1)


def test_true_labels_carry_more_information_than_swapped_ones():
    vectors, labels = embed(ROWS["text"], embedder="lsa", fit_on=ROWS["text"]), list(ROWS["label"])
    classifier = LabelClassifier(vectors, labels)
    others = [next(n for n in classifier.labels if n != label) for label in labels]
    assert np.mean(classifier.pvi(vectors, labels) > classifier.pvi(vectors, others)) > 0.9


def test_a_label_that_says_nothing_is_guessed_at():
    assert fit_labels(ROWS, embedder="lsa").accuracy > 0.9
    shuffled = [str(x) for x in np.random.default_rng(1).permutation(ROWS["label"])]
    rows = make_rows({"id": list(ROWS["id"]), "text": list(ROWS["text"]), "label": shuffled})
    assert fit_labels(rows, embedder="lsa").accuracy < 0.7


def test_bits_of_all_labels_are_those_of_their_probabilities():
    vectors = np.random.default_rng(0).normal(size=(40, 6))
    labels = np.array(["a", "b", "c", "d"] * 10)
    classifier = LabelClassifier(vectors, labels)
    p = classifier.probabilities(vectors)
    for c, name in enumerate(classifier.labels):
        assert np.allclose(classifier.pvi(vectors, [name] * 40), np.log2(p[:, c] * 4))
    assert np.isnan(classifier.pvi(vectors[:1], ["e"])[0])


def test_too_few_rows_of_a_label_are_an_error():
    with pytest.raises(SynthkitError, match="5 rows of each"):
        fit_labels(ROWS.select(range(4)), embedder="lsa")


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_what_is_learned_is_what_scikit_learn_learns(classes, balanced, kind):
    rng = np.random.default_rng(classes)
    y = np.minimum(np.arange(80) % (classes + 1), classes - 1)  # the last class is twice as large
    x = rng.normal(size=(80, 6)) + np.eye(6)[y]
    weight = "balanced" if balanced else None
    for c in (0.1, 1.0, 100.0):
        model = LogisticRegression(C=c, class_weight=weight, max_iter=2000).fit(kind(x), y)
        found = softmax(logistic_scores(kind(x), logistic_weights(kind(x), y, c, balanced=balanced)), axis=1)
        assert np.abs(found - model.predict_proba(kind(x))).max() < 1e-6
