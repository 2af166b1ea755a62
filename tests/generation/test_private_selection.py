"""Rows chosen by noisy votes: the noise is as published, what is spent adds up, and too much is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.generation.private_selection import private_select
from synthkit.seeds.privacy_ledger import delta_of, epsilon_of, mu_of
from synthkit.tasks.splits import belongs_to
from synthkit.tasks.task import Task

NOTES = ["the lift is stuck", "the lift has stopped", "soup was cold", "cold soup again"]
POOL = make_rows({"id": ["a", "b", "c", "d"], "text": NOTES, "label": ["lift", "lift", "food", "food"]})


def private(n=600):
    texts = ["our lift is stuck", "the soup was cold"] * (n // 2)
    return make_rows({"id": [f"p{i}" for i in range(n)], "text": texts, "label": ["lift", "food"] * (n // 2)})


@pytest.fixture(autouse=True)
def own_ledger(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path))


@pytest.mark.parametrize(("epsilon", "delta", "sigma"), [(1, 1e-5, 3.7306), (1, 2.5e-4, 2.9515), (0.5, 1e-5, 7.0318)])
def test_the_noise_is_that_of_the_analytic_gaussian_mechanism(epsilon, delta, sigma):
    assert 1 / mu_of(epsilon, delta) == pytest.approx(sigma, rel=1e-4)
    assert delta_of(epsilon, mu_of(epsilon, delta)) == pytest.approx(delta, rel=1e-6)
    assert epsilon_of(mu_of(epsilon, delta), delta) == pytest.approx(epsilon, rel=1e-6)


@pytest.mark.parametrize("rounds", [2, 5, 20])
def test_rounds_are_one_release_with_less_noise(rounds):
    assert epsilon_of(math.sqrt(rounds) * mu_of(0.3, 1e-5), 1e-5) < rounds * 0.3
    assert epsilon_of(math.sqrt(rounds) * (mu_of(1.0, 1e-5) / math.sqrt(rounds)), 1e-5) == pytest.approx(1.0, rel=1e-6)


def test_the_choice_is_what_private_rows_are_nearest_to_and_says_its_price():
    chosen = private_select(POOL, private(), epsilon=2, n=2, random_state=0)
    assert list(chosen.rows["id"]) == ["a", "c"]
    assert chosen.delta == 1 / 1200
    assert repr(chosen).startswith(
        "PrivateSelection: 2 rows chosen by 600 private rows, ε = 2, δ = 0.0008 (one row added"
    )
    assert chosen.to_frame().to_dict("records") == [{"label": "food", "chosen": 1}, {"label": "lift", "chosen": 1}]


def test_a_row_more_or_less_changes_one_count_by_one_at_the_most():
    from synthkit.generation.private_selection import _vectors, _votes

    def of(rows):
        vectors, own = _vectors(POOL, rows)
        return _votes(vectors, np.array(POOL["label"]), own, np.array(rows["label"]))

    all_rows, without = private(), private().select(range(599))
    assert np.abs(of(all_rows) - of(without)).sum() == 1
    assert np.linalg.norm(_vectors(POOL, all_rows)[1], axis=1).max() <= 1 + 1e-6  # so does the sum of a label's vectors


def test_private_rows_may_say_which_label_a_text_has():
    wrong = make_rows({"id": POOL["id"], "text": NOTES, "label": ["lift", "food", "food", "lift"]})
    as_asked = private_select(wrong, private(), epsilon=2, n=4, random_state=0)
    assert list(as_asked.rows["label"]) == wrong["label"][:]
    anew = private_select(wrong, private(), epsilon=2, n=4, relabel=True, random_state=0)
    assert list(anew.rows["label"]) == POOL["label"][:]
    assert anew.relabelled == 2
    assert "4 rows, 2 of them under another label than asked for, chosen by 600" in repr(anew)
    assert anew.sigma == pytest.approx(math.sqrt(2) * as_asked.sigma)  # labels and choice share what one choice costs
    assert anew.spent == pytest.approx(epsilon_of(math.sqrt(2) * mu_of(2, anew.delta), anew.delta), rel=1e-3)
    drowned = {tuple(private_select(wrong, private(), epsilon=1e-3, n=4, relabel=True, random_state=i).rows["label"])
               for i in range(8)}  # fmt: skip
    assert len(drowned) > 1


def test_little_epsilon_makes_the_choice_a_matter_of_chance():
    seen = {tuple(private_select(POOL, private(), epsilon=1e-3, n=2, random_state=i).rows["id"]) for i in range(12)}
    assert len(seen) > 1


@pytest.mark.parametrize("epsilon", [0, -1, float("nan"), float("inf"), "1", None])
def test_an_epsilon_that_is_none_is_refused_and_spends_nothing(epsilon):
    with pytest.raises(SynthkitError, match="epsilon=.*: expected a number above 0"):
        private_select(POOL, private(), epsilon=epsilon, n=2)
    assert private_select(POOL, private(), epsilon=1, n=2).releases == 1


def test_what_is_spent_adds_up_and_outlives_the_call():
    first = private_select(POOL, private(), epsilon=1, n=2, random_state=0)
    second = private_select(POOL, private(), epsilon=1, n=2, random_state=0)
    assert (first.releases, second.releases) == (1, 2)
    assert 1.4 < second.spent < 1.7  # less than 1 + 1, more than root 2 times
    assert private_select(POOL, private(400), epsilon=1, n=2).releases == 3  # leaving rows out opens no account
    assert private_select(POOL, others(), epsilon=1, n=2).releases == 1  # other rows do


def others():
    return make_rows({"id": ["q"] * 9, "text": [f"no towels on floor {i}" for i in range(9)], "label": ["lift"] * 9})


@pytest.mark.parametrize("edit", [str, str.upper, lambda t: t.replace("l", "l\u200b"), lambda t: t.replace(" ", ", ")])
def test_another_name_and_other_spelling_open_no_new_account(cafe, edit):
    rows, again = private(), private()
    again = make_rows({**{c: again[c] for c in ("id", "label")}, "text": [edit(t) for t in again["text"]]})
    belongs_to(rows, replace(cafe, name="first name", privacy_budget=1.5))
    belongs_to(again, replace(cafe, name="second name", privacy_budget=50))
    private_select(POOL, rows, epsilon=1, n=2)
    with pytest.raises(SynthkitError, match="what was set earlier allows ε = 1.5 for these rows .* 1 of it is spent"):
        private_select(POOL, again, epsilon=1, n=2)
    mixed = make_rows({c: [*again[c][:1], *others()[c]] for c in ("id", "text", "label")})
    with pytest.raises(SynthkitError, match="allows ε = 1.5"):  # one of them among strangers
        private_select(POOL, mixed, epsilon=1, n=2)


def test_a_task_may_change_its_own_budget_and_not_forget_it(cafe):
    rows = private()
    for budget, epsilon in ((1.0, 1), (3.0, 1)):
        belongs_to(rows, replace(cafe, name="grows", privacy_budget=budget))
        private_select(POOL, rows, epsilon=epsilon, n=2)
    belongs_to(rows, replace(cafe, name="grows", privacy_budget=None))
    with pytest.raises(SynthkitError, match="allows ε = 3"):
        private_select(POOL, rows, epsilon=3, n=2)


def test_rows_without_a_budget_of_their_own_may_spend_ten_or_what_is_said(cafe):
    with pytest.raises(SynthkitError, match="no budget is set, and the kit allows ε = 10 .* nothing of it is spent"):
        private_select(POOL, private(), epsilon=11, n=2)
    with pytest.raises(SynthkitError, match="privacy_budget= allows ε = 2"):
        private_select(POOL, private(), epsilon=3, n=2, privacy_budget=2)
    assert private_select(POOL, others(), epsilon=11, n=2, privacy_budget=12).spent == pytest.approx(11)
    rows = private()
    belongs_to(rows, replace(cafe, sensitive=True, name="ward"))
    with pytest.raises(SynthkitError, match="allows ε = 10"):
        private_select(POOL, rows, epsilon=11, n=2)
    belongs_to(rows, replace(cafe, name="no secret"))
    assert private_select(POOL, rows, epsilon=11, n=2).releases == 1


def test_more_than_the_budget_of_a_task_is_refused_and_nothing_is_written(cafe):
    task = replace(cafe, privacy_budget=1.5)
    rows, fewer = private(), private(400)
    belongs_to(rows, task)
    belongs_to(fewer, task)
    private_select(POOL, rows, epsilon=1, n=2)
    for _ in range(2):
        with pytest.raises(SynthkitError, match=r"epsilon=1: task 'cat_cafe' allows ε = 1.5 .* 1 of it is spent"):
            private_select(POOL, rows, epsilon=1, n=2)
    with pytest.raises(SynthkitError, match="privacy_budget"):
        private_select(POOL, fewer, epsilon=1.2, n=2)  # leaving rows out opens no new account
    assert private_select(POOL, rows, epsilon=0.5, n=2).releases == 2


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"epsilon": 0}, "epsilon=0: expected a number above 0"),
        ({"epsilon": math.inf}, "epsilon=inf"),
        ({"delta": 0.01}, "delta=0.01: expected a number between 0 and 1 / private rows"),
        ({"delta": 0.0}, "delta=0.0: expected"),
        ({"n": 5}, "n=5: expected at least 1"),
        ({"n": 0}, "n=0"),
        ({"privacy_budget": 0}, "privacy_budget=0: expected"),
        ({"privacy_budget": math.nan}, "privacy_budget=nan: expected"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, why):
    with pytest.raises(SynthkitError, match=why):
        private_select(POOL, private(), **{"epsilon": 1, "n": 2, **wrong})


def test_a_task_names_its_budget_in_its_file():
    assert Task("t", {"a": "x", "b": "y"}, "d", privacy_budget=2.0).privacy_budget == 2.0
