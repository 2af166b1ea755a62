"""The expected score: better sets get a higher one, and where it was never tried it is not given."""

import numpy as np
import pytest
from support.rows import invent

from synthkit.core.embedding import embed
from synthkit.core.errors import SynthkitError
from synthkit.quality.evaluate import evaluate
from synthkit.quality.usefulness import agreement, expected, need

_COMMON = [f"word{i}" for i in range(120)]  # so that nine rows do not teach all there is
_HARD = {label: [*_COMMON, *(f"{label}{i}" for i in range(60))] for label in ("boats", "bread", "birds")}


@pytest.fixture(scope="module")
def at_hand():
    few, unlabelled, good = invent(30, 1, _HARD), invent(300, 2, _HARD), invent(120, 3, _HARD)
    fit = [*few["text"], *unlabelled["text"], *good["text"]]

    def vectors(rows):
        return embed(rows["text"] if hasattr(rows, "features") else rows, embedder="lsa", fit_on=fit)

    def score(rows, labels):
        return expected(agreement(vectors(rows), labels, vectors(few), few["label"], vectors(unlabelled)))

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


def test_a_set_that_answers_as_the_few_do_agrees_wholly_and_more_agreement_is_never_expected_to_be_worth_less():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 8))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    labels = np.array(["a", "b"] * 30)
    assert agreement(x[:20], labels[:20], x[:20], labels[:20], x) == 1
    assert agreement(x[:20], labels[:20][::-1], x[:20], labels[:20], x) == 0
    scores = [expected(agreed) for agreed in np.linspace(0, 1, 11)]
    assert all(
        one.value < other.value and one.high < other.high for one, other in zip(scores, scores[1:], strict=False)
    )


def test_rows_that_the_few_know_nothing_of_count_for_little():
    few, between = np.array([[1.0, 0.0], [0.0, 1.0]] * 5), np.array([[0.71, 0.70], [0.70, 0.71]] * 5)
    rows, few_labels = np.vstack([few, between]), ["a", "b"] * 5
    on_sure, on_unsure = (agreement(rows, few_labels + few_labels, few, few_labels, some) for some in (few, between))
    turned = np.vstack([np.tile(few, (20, 1)), np.tile(between, (20, 1))])
    labels = few_labels * 20 + few_labels[::-1] * 20
    wrong_between = agreement(turned, labels, few, few_labels, rows)
    assert on_sure == on_unsure == 1
    assert wrong_between > 0.95
