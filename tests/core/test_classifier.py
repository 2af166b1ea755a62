"""PVI: a text that speaks for its label has more of it than one that speaks for another."""

import numpy as np
import pytest
from support.rows import invent

from synthkit.core.classifier import LabelClassifier, fit_labels
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
