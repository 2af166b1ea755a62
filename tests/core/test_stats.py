"""Scores agree with scikit-learn; intervals hold what they should."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from synthkit.core.stats import Estimate, Fits, Interval, combined, estimate, factors, holm, influence, mcnemar, score

pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@given(pairs)
def test_scores_are_those_of_scikit_learn_and_influences_sum_to_nothing(items):
    truth, predicted = map(np.array, zip(*items, strict=True))
    assert score(truth, predicted) == pytest.approx(f1_score(truth, predicted, average="macro"), abs=1e-9)
    assert score(truth, predicted, "accuracy") == pytest.approx(accuracy_score(truth, predicted))
    for what in ("macro_f1", "accuracy"):
        assert influence(truth, predicted, what)[1].sum() == pytest.approx(0, abs=1e-9)


def test_an_influence_is_what_one_more_such_item_does_to_the_score():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 600)
    predicted = np.where(rng.random(600) < 0.7, truth, rng.integers(0, 3, 600))
    for what in ("macro_f1", "accuracy", 1):
        value, effects = influence(truth, predicted, what)
        for i in (0, 17, 399):
            more = score(np.append(truth, truth[i]), np.append(predicted, predicted[i]), what)
            assert (more - value) * 601 == pytest.approx(effects[i], abs=0.02)


def test_recall_is_by_class_and_empty_where_there_is_none():
    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert [score(truth, predicted, c) for c in (0, 1)] == [0.5, 1.0]
    assert np.isnan(score(truth, predicted, 2))


def noisy(truth, share, rng):
    wrong = rng.random(len(truth)) > share
    return np.where(wrong, 1 - truth, truth)


def test_an_interval_of_one_fit_covers_the_true_accuracy_as_often_as_it_says():
    covered = 0
    for i in range(300):
        rng = np.random.default_rng(i)
        truth = rng.integers(0, 2, 150)
        low, high = estimate(truth, [(1, Fits(noisy(truth, 0.8, rng)[None]))], "accuracy").interval()[1:]
        covered += low <= 0.8 <= high
    assert 0.92 <= covered / 300 <= 0.98


def test_intervals_cover_a_new_draw_and_a_new_generation_as_often_as_they_say():
    """Accuracy of a fit = 0.7 + effect of its draw + effect of its generation; the truth is 0.7."""
    covered, items_alone = 0, 0
    units = [(g, d) for g in range(3) for d in range(4)]
    for i in range(200):
        rng = np.random.default_rng([9, i])
        truth = rng.integers(0, 2, 300)
        draw, generation = rng.normal(0, 0.04, 4), rng.normal(0, 0.04, 3)
        fits = np.stack([noisy(truth, 0.7 + draw[d] + generation[g], rng) for g, d in units])
        low, high = estimate(truth, [(1, Fits(fits, tuple(units)))], "accuracy").interval()[1:]
        covered += low <= 0.7 <= high
        low, high = estimate(truth, [(1, Fits(fits, ((0, 0),) * 12))], "accuracy").interval()[1:]
        items_alone += low <= 0.7 <= high
    assert covered / 200 >= 0.92
    assert items_alone / 200 <= 0.8  # what an interval over test rows alone would claim


def test_units_that_vary_no_more_than_their_items_do_not_widen_an_interval():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 2000)
    fits = np.stack([noisy(truth, 0.8, rng) for _ in range(5)])  # five fits of one accuracy
    five = estimate(truth, [(1, Fits(fits, tuple((0, d) for d in range(5))))], "accuracy")
    alone = estimate(truth, [(1, Fits(fits, ((0, 0),) * 5))], "accuracy")
    assert five.variance < 2 * alone.variance


def test_rows_drawn_again_stand_for_the_luck_of_a_single_set():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 4000)
    again = np.stack([noisy(truth, 0.7 + luck, rng) for luck in rng.normal(0, 0.05, 10)])
    alone, refitted = (
        estimate(truth, [(1, Fits(again[:1], ((0, 0),), refits, (0,) * 10))], "accuracy") for refits in (None, again)
    )
    assert alone.df == np.inf and 9 <= refitted.df < 20
    assert 0.02 < np.sqrt(refitted.variance) < 0.1
    assert np.sqrt(alone.variance) < 0.01


def test_two_arms_are_scored_on_the_same_items_and_paired_by_draw():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 1000)
    effects = rng.normal(0, 0.1, 5)
    units = tuple((0, d) for d in range(5))
    one = Fits(np.stack([noisy(truth, 0.7 + e, rng) for e in effects]), units)
    better = Fits(np.where(rng.random(one.predicted.shape) < 0.1, truth, one.predicted), units)
    difference = estimate(truth, [(1, better), (-1, one)])
    assert np.sqrt(difference.variance) < np.sqrt(estimate(truth, [(1, one)]).variance) / 2
    assert difference.p < 0.01 and difference.interval().low > 0
    assert estimate(truth, [(1, one), (-1, one)]).p == 1


@given(st.floats(-1, 1), st.floats(1e-6, 0.1), st.floats(1, 50))
def test_p_is_below_five_percent_where_the_interval_excludes_nothing(value, variance, df):
    found = Estimate(value, variance, df)
    low, high = found.interval()[1:]
    assert (found.p < 0.05) == (low > 0 or high < 0)


def test_an_interval_reads_well():
    assert str(Interval(0.5, 0.025, 0.975)) == "0.500 [0.025, 0.975]"
    assert str(Interval(7.0, 7.0, 7.0)) == "7"
    assert str(Interval(0.25, 0.25, 0.25)) == "0.250"
    assert Estimate(0.99, 0.01, np.inf).interval(low=0, high=1).high == 1


def test_what_varies_is_counted_and_what_goes_together_once():
    assert factors([(0, 0)]) == []
    assert [key for key, *_ in factors([(0, 0), (0, 1)])] == ["draw"]
    assert [key for key, *_ in factors([(0, 0), (1, 0)])] == ["generation"]
    assert [key for key, *_ in factors([(g, d) for g in (0, 1) for d in (0, 1)])] == ["draw", "generation"]
    assert [key for key, *_ in factors([(0, 0), (1, 1), (2, 2)])] == ["draw"]


def test_arms_of_other_draws_are_not_paired_and_have_more_degrees_of_freedom():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 3000)
    sides = [np.stack([noisy(truth, 0.7 + e, rng) for e in rng.normal(0, 0.05, 5)]) for _ in range(2)]
    one, same, other = (
        Fits(sides[i], tuple((0, start + d) for d in range(5))) for i, start in ((0, 0), (1, 0), (1, 5))
    )
    assert (
        estimate(truth, [(1, one), (-1, other)], "accuracy").df > estimate(truth, [(1, one), (-1, same)], "accuracy").df
    )


def test_mcnemar_counts_only_where_two_classifiers_differ():
    right, other = np.array([True] * 40), np.array([True] * 30 + [False] * 10)
    assert mcnemar(right, other) == pytest.approx(2 * 0.5**10)
    assert mcnemar(right, right) == 1
    assert combined([0.2, 0.9, 0.9]) == 1


def test_p_values_are_corrected_for_their_number():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert json.dumps(holm([])) == "[]"
