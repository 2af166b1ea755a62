"""Scores agree with scikit-learn; intervals hold what they should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from synthkit.core.stats import Interval, bootstrap, combined, factors, interval, mcnemar, recalls, scores, wilson

pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@given(pairs, st.randoms(use_true_random=False))
def test_weighted_scores_are_those_of_the_repeated_items(items, random):
    truth, predicted = map(np.array, zip(*items, strict=True))
    weights = np.array([random.randint(0, 3) for _ in items])
    weights[0] += 1
    f1, accuracy = scores(truth, predicted, weights[None, :].astype(np.float32), 4)
    repeated_truth, repeated = np.repeat(truth, weights), np.repeat(predicted, weights)
    assert f1[0] == pytest.approx(f1_score(repeated_truth, repeated, average="macro"), abs=1e-6)
    assert accuracy[0] == pytest.approx(accuracy_score(repeated_truth, repeated), abs=1e-6)


def test_perfect_and_useless_predictions_score_one_and_nothing():
    truth = np.array([0, 1, 2, 0, 1, 2])
    ones = np.ones((1, 6), dtype=np.float32)
    assert [float(x[0]) for x in scores(truth, truth, ones, 3)] == [1.0, 1.0]
    assert [float(x[0]) for x in scores(truth, (truth + 1) % 3, ones, 3)] == [0.0, 0.0]


def noisy(truth, share, rng):
    wrong = rng.random(len(truth)) > share
    return np.where(wrong, 1 - truth, truth)


def test_the_bootstrap_covers_the_true_accuracy_as_often_as_it_says():
    covered = 0
    for i in range(60):
        rng = np.random.default_rng(i)
        truth = rng.integers(0, 2, 150)
        _, accuracy, _ = bootstrap(truth, [noisy(truth, 0.8, rng)], 2, resamples=200, random_state=i)
        low, high = np.quantile(accuracy, [0.025, 0.975])
        covered += low <= 0.8 <= high
    assert covered >= 51


def test_the_bootstrap_repeats_itself_and_widens_with_draws_that_differ():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 400)
    good, bad = noisy(truth, 0.95, rng), noisy(truth, 0.55, rng)
    same = [bootstrap(truth, [good, bad], 2)[1] for _ in range(2)]
    assert (same[0] == same[1]).all()
    assert np.std(bootstrap(truth, [good, bad], 2)[1]) > 3 * np.std(bootstrap(truth, [good], 2)[1])


def test_two_arms_see_the_same_test_items():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 300)
    arm = noisy(truth, 0.7, rng)
    assert (bootstrap(truth, [arm], 2)[1] == bootstrap(truth, [arm.copy()], 2)[1]).all()
    better = np.where(np.arange(300) < 30, truth, arm)
    assert (bootstrap(truth, [better], 2)[1] >= bootstrap(truth, [arm], 2)[1]).all()


def test_an_interval_reads_well():
    assert str(interval(0.5, np.linspace(0, 1, 1001))) == "0.500 [0.025, 0.975]"
    assert str(Interval(7.0, 7.0, 7.0)) == "7"
    assert str(Interval(0.25, 0.25, 0.25)) == "0.250"


def test_intervals_cover_a_new_draw_and_a_new_generation_as_often_as_they_say():
    """Accuracy of a fit = 0.7 + effect of its draw + effect of its generation; the truth is 0.7."""
    covered, items_alone = 0, 0
    for i in range(60):
        rng = np.random.default_rng([9, i])
        truth = rng.integers(0, 2, 300)
        draw, generation = rng.normal(0, 0.04, 4), rng.normal(0, 0.04, 3)
        units = [(g, d) for g in range(3) for d in range(4)]
        fits = [noisy(truth, 0.7 + draw[d] + generation[g], rng) for g, d in units]
        for counted in (units, [(0, 0)] * len(units)):
            low, high = np.quantile(
                bootstrap(truth, fits, 2, units=counted, resamples=200, random_state=i).accuracy, [0.025, 0.975]
            )
            if counted is units:
                covered += low <= 0.7 <= high
            else:
                items_alone += low <= 0.7 <= high
    assert covered >= 54
    assert items_alone <= 45  # what an interval over test rows alone would claim


def test_what_varies_is_resampled_and_what_goes_together_once():
    assert factors([(0, 0)]) == []
    assert [key for key, _ in factors([(0, 0), (0, 1)])] == [1]
    assert [key for key, _ in factors([(0, 0), (1, 0)])] == [2]
    assert [key for key, _ in factors([(g, d) for g in (0, 1) for d in (0, 1)])] == [1, 2]
    assert [key for key, _ in factors([(0, 0), (1, 1), (2, 2)])] == [1]


def test_mcnemar_counts_only_where_two_classifiers_differ():
    right, other = np.array([True] * 40), np.array([True] * 30 + [False] * 10)
    assert mcnemar(right, other) == pytest.approx(2 * 0.5**10)
    assert mcnemar(right, right) == 1
    assert combined([0.2, 0.9, 0.9]) == 1


def test_recall_is_by_class_and_empty_where_there_is_none():
    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert recalls(truth, predicted, 3)[:2].tolist() == [0.5, 1.0]
    assert np.isnan(recalls(truth, predicted, 3)[2])


def test_the_interval_of_a_share_is_the_published_one():
    assert wilson(81, 263) == pytest.approx((0.3080, 0.2553, 0.3662), abs=1e-4)  # Newcombe 1998
    assert wilson(0, 0) == (0, 0, 1)


@given(st.integers(1, 500), st.data())
def test_the_interval_of_a_share_holds_the_share(n, data):
    count = data.draw(st.integers(0, n))
    share, low, high = wilson(count, n)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1
