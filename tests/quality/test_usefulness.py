"""The expected score: better sets get a higher one, and where it was never tried it is not given."""

import numpy as np
import pytest
from support.rows import invent

from synthkit.core.embedding import embed
from synthkit.core.errors import SynthkitError
from synthkit.quality.evaluate import evaluate
from synthkit.quality.usefulness import WEIGHTS, expected, need, signals

_HARD = {label: [f"{label}{i}" for i in range(120)] for label in ("boats", "bread", "birds")}


@pytest.fixture(scope="module")
def at_hand():
    few, unlabelled, good = invent(30, 1, _HARD), invent(300, 2, _HARD), invent(120, 3, _HARD)
    fit = [*few["text"], *unlabelled["text"], *good["text"]]

    def vectors(rows):
        return embed(rows["text"] if hasattr(rows, "features") else rows, embedder="lsa", fit_on=fit)

    def score(rows, labels):
        return expected(signals(vectors(rows), labels, vectors(few), few["label"], vectors(unlabelled)))

    return score, good


def test_spoiled_labels_and_repeated_rows_are_expected_to_be_worth_less(at_hand):
    score, good = at_hand
    rng = np.random.default_rng(0)
    whole = score(good, good["label"])
    shuffled = score(good, rng.permutation(good["label"]))
    repeated = good.select([i % 9 for i in range(120)])
    assert whole.value > shuffled.value + 0.1
    assert whole.value > score(repeated, repeated["label"]).value
    assert 0 <= whole.low < whole.value < whole.high <= 1


def test_the_same_rows_have_the_same_score(at_hand):
    score, good = at_hand
    assert score(good, good["label"]) == score(good, good["label"])


@pytest.mark.parametrize(
    ("labels", "few", "unlabelled", "why"),
    [
        (["a"] * 40, ["a"] * 5 + ["b"] * 5, 100, "no synthetic row of 1 labels, such as 'b'"),
        (["a", "b"] * 20, ["a"] * 5 + ["b"] * 3, 100, "5 labelled real rows of each"),
        (["a", "b"] * 20, ["a"] * 9, 100, "two labels"),
        (["a", "b"] * 4, ["a", "b"] * 5, 100, "20 rows and 50 unlabelled"),
        (["a", "b"] * 20, ["a", "b"] * 5, 30, "20 rows and 50 unlabelled"),
    ],
)
def test_what_was_never_tried_is_not_estimated(labels, few, unlabelled, why):
    with pytest.raises(SynthkitError, match=why):
        need(labels, few, unlabelled)


def test_other_vectors_than_the_validated_ones_get_a_sentence():
    real = invent(160, 1)
    report = evaluate(invent(80, 2), real, seeds=real.select(range(20)), embedder="lsa")
    assert any("validated on MiniLM vectors, not on 'lsa'" in note for note in report.notes)


def test_every_signal_has_a_weight_and_more_of_it_never_lowers_the_score():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 8))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    labels = ["a", "b"] * 30
    assert signals(x, labels, x[:20], labels[:20], x).keys() == WEIGHTS.keys()
    middle = {name: mean for name, (mean, _, _) in WEIGHTS.items()}
    for name, (mean, sd, _) in WEIGHTS.items():
        assert expected({**middle, name: mean + sd}).value >= expected(middle).value
