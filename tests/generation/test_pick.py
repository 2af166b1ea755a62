"""Which texts of a pool are worth a label: at random, where a classifier is unsure, where it has seen nothing near."""

import pytest

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.generation.pick import pick
from synthkit.tasks.loading import load_rows

TEA = ["a pot of green tea", "black tea with milk", "tea leaves from the hill", "a cup of hot tea"]
BUS = ["the bus was late", "no bus at night", "a bus stop in the rain", "the bus driver waved"]
BOTH = ["a cup of tea on the bus", "the bus driver had tea with milk"]
FAR = ["quadratic equations, chapter nine", "zinc oxide powder", "the choir sang in latin"]


def rows_of(texts):
    return make_rows({"id": [f"t{i}" for i in range(len(texts))], "text": list(texts)})


@pytest.fixture(autouse=True)
def letters(monkeypatch):
    monkeypatch.setattr("synthkit.generation.pick.embedder_for", lambda language: "lsa")


@pytest.fixture
def student():
    return make_rows({"text": TEA[:3] + BUS[:3], "label": ["tea"] * 3 + ["bus"] * 3})


def test_a_pick_at_random_begins_with_a_smaller_one_and_holds_no_text_twice():
    texts = [f"message {i % 30}" for i in range(60)]
    rows = rows_of(texts)
    assert pick(rows, 10)["id"] == pick(rows, 25)["id"][:10]
    assert sorted(pick(rows, 60)["text"]) == sorted(set(texts))
    assert pick(rows, 10)["id"] != pick(rows, 10, random_state=1)["id"]


def test_what_the_classifier_has_learnt_from_is_not_asked_again(student):
    for by in ("random", "unsure", "uncovered"):
        picked = pick(rows_of([TEA[0].upper(), *BOTH, *FAR]), 5, by=by, student=student)
        assert len(picked) == 5 and TEA[0].upper() not in picked["text"]


def test_unsure_texts_stand_between_two_labels(student):
    pool = rows_of([TEA[3], BUS[3], "more green tea", "a late bus", *BOTH])
    assert set(pick(pool, 2, by="unsure", student=student)["text"]) & set(BOTH)
    assert pick(pool, 1, by="unsure", student=student)["text"][0] in BOTH


def test_uncovered_texts_are_far_from_all_that_is_labelled_and_from_each_other(student):
    pool = rows_of([TEA[3], BUS[3], "black tea with milk!", "the bus was late again", *FAR, FAR[0] + " and ten"])
    assert len(set(pick(pool, 3, by="uncovered", student=student)["text"]) & {*FAR, FAR[0] + " and ten"}) == 3


def test_many_texts_with_one_vector_still_give_as_many_as_were_asked_for(student):
    pool = rows_of([f"tea{'!' * i}" for i in range(1, 9)])
    assert len(set(pick(pool, 6, by="unsure", student=student)["id"])) == 6


def test_what_cannot_be_picked_is_said(student):
    pool = rows_of(FAR)
    for message, n, given in [
        ("n=0: expected a whole number", 0, {}),
        ("unknown by 'sure'", 1, {"by": "sure"}),
        ("by='unsure' needs student=", 1, {"by": "unsure"}),
        ("random_state=-1: expected a whole number, 0 or more", 1, {"random_state": -1}),
        ("random_state='a': expected a whole number", 1, {"random_state": "a"}),
        ("one label only", 1, {"by": "unsure", "student": student.select([0, 1])}),
    ]:
        with pytest.raises(SynthkitError, match=message):
            pick(pool, n, **given)
    with pytest.raises(SynthkitError, match="rows=: expected rows"):
        pick(["a", "b"], 1)


def test_rows_without_a_text_are_never_picked():
    assert pick(make_rows({"text": ["", None, " ", TEA[0]]}), 4)["text"][:] == [TEA[0]]
    assert len(pick(load_rows(TEA, labelled=False), 3)) == 3
