"""What DP-SGD costs, beside known values, and one account with other releases by the same rows."""

import pytest

from synthkit.core.errors import SynthkitError
from synthkit.seeds.privacy_ledger import Training, epsilon_of, epsilon_of_all, noise_of, spend


@pytest.mark.parametrize(
    ("rate", "noise", "steps", "delta", "epsilon"),  # by opacus 1.6, rdp.compute_rdp at the same integer orders
    [(256 / 60_000, 1.1, 10_000, 1e-5, 2.1632), (1024 / 12_000, 0.7, 200, 1 / 24_000, 18.2222),
     (1024 / 12_000, 2.2, 200, 1 / 24_000, 2.4979)],
)  # fmt: skip
def test_a_training_costs_what_the_reference_says(rate, noise, steps, delta, epsilon):
    assert epsilon_of_all([], [Training(rate, noise, steps)], delta) == pytest.approx(epsilon, abs=1e-4)


def test_drawing_every_row_once_costs_little_more_than_the_exact_gaussian():
    exact = epsilon_of(1 / 3.7306, 1e-5)
    assert exact < epsilon_of_all([], [Training(1.0, 3.7306, 1)], 1e-5) < 1.12 * exact


def test_the_noise_found_is_the_least_that_keeps_to_epsilon():
    noise = noise_of(8, 1e-5, 0.1, 100)
    assert epsilon_of_all([], [Training(0.1, noise, 100)], 1e-5) <= 8
    assert epsilon_of_all([], [Training(0.1, noise * 0.99, 100)], 1e-5) > 8


def test_choices_and_trainings_by_the_same_rows_are_one_account(tmp_path, monkeypatch, cafe):
    from dataclasses import replace

    from synthkit.core.rows import make_rows
    from synthkit.tasks.splits import belongs_to

    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path))
    rows = make_rows({"id": ["a"], "text": ["late"], "label": ["service"]})
    belongs_to(rows, replace(cafe, name="one account", privacy_budget=3.0))
    training = Training(0.1, noise_of(2, 1e-5, 0.1, 50), 50)
    alone, _ = spend(rows, 2, 1e-5, training=training)
    both, releases = spend(rows, 1, 1e-5, mu=0.2)
    assert 1.9 < alone <= 2 < both < 3
    assert releases == 2
    with pytest.raises(SynthkitError, match="allows ε = 3 .* is spent"):
        spend(rows, 2.9, 1e-5, training=Training(0.1, noise_of(2.9, 1e-5, 0.1, 50), 50))


def test_a_loose_delta_makes_releases_no_cheaper(tmp_path, monkeypatch):
    from synthkit.core.rows import make_rows

    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path))
    rows = make_rows({"id": ["a"], "text": ["late"], "label": ["service"]})
    first, _ = spend(rows, 1, 1e-6, mu=0.3)
    assert spend(rows, 1, 0.5, mu=1e-9)[0] == pytest.approx(first)


def test_an_epsilon_below_what_can_be_shown_is_refused():
    with pytest.raises(SynthkitError, match="epsilon=0.001: a training cannot be proved to cost less"):
        noise_of(0.001, 1e-5, 0.1, 200)
    noise = noise_of(0.02, 1e-5, 0.1, 200)
    assert epsilon_of_all([], [Training(0.1, noise, 200)], 1e-5) <= 0.02
