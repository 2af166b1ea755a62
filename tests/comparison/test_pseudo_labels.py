"""Raw texts join the training rows under a label that two views of those rows give, and no other."""

import pytest
from support.replies import distinct_texts

from synthkit.comparison.arms import standard_arms
from synthkit.comparison.pseudo_labels import pseudo_labelled
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.generation.generate import generate
from synthkit.prompts.plan import plan

KNOWN = {"id": list("abcd"), "text": ["cold soup", "hot soup", "late bus", "no bus"], "label": ["f", "f", "t", "t"]}


def test_the_labelled_rows_stay_and_raw_texts_come_once_under_a_known_label():
    rows = make_rows(KNOWN)
    pool = make_rows({"id": ["e", "f", "g"], "text": ["Cold  soup", "this bus again", "This bus again"]})
    done = pseudo_labelled(rows, pool)
    assert done["text"][:4] == KNOWN["text"] and done["label"][:4] == KNOWN["label"]
    assert [(t.casefold(), label) for t, label in zip(done["text"][4:], done["label"][4:], strict=True)] == [
        ("this bus again", "t")
    ]


def test_labels_that_the_pool_happens_to_have_are_not_looked_at():
    pool = {"id": ["e", "f"], "text": ["soup with bread", "the bus driver"]}
    bare, wrong = make_rows(pool), make_rows({**pool, "label": ["t", "f"]})
    assert pseudo_labelled(make_rows(KNOWN), bare)["label"] == pseudo_labelled(make_rows(KNOWN), wrong)["label"]


def test_a_pool_of_known_texts_adds_nothing():
    assert len(pseudo_labelled(make_rows(KNOWN), make_rows({"id": ["e"], "text": ["HOT soup"]}))) == 4


def test_the_fullest_arm_stands_there_with_pseudo_labels_and_counts_them_as_real_rows_used(cafe, scripted):
    made = generate(plan(cafe, strategy="zero_shot", n=15), llm=scripted(distinct_texts), filters=[], progress=False)
    pool = cafe.splits.validation.select_columns(["id", "text"])
    arms = standard_arms(made, k=3, draws=2, pool=pool)
    more, base = arms["real_few+synthetic+pseudo"], arms["real_few+synthetic"]
    assert more.real - base.real == len(more[0]) - len(base[0]) == len(pool)
    assert more.units == base.units and more.requests == base.requests


@pytest.mark.parametrize("pool", [["a text"], "pool.csv", 3])
def test_a_pool_that_is_no_rows_is_named_with_the_fix(cafe, scripted, pool):
    made = generate(plan(cafe, strategy="zero_shot", n=15), llm=scripted(distinct_texts), filters=[], progress=False)
    with pytest.raises(SynthkitError, match=r"pool=: expected rows .*load_rows\(\.\.\., labelled=False\)"):
        standard_arms(made, k=3, draws=2, pool=pool)
