"""Copies of test rows are seen however they were edited, and honest rows are left alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rows import invent

from synthkit.comparison.leakage import Guard, refuse_leak
from synthkit.core.copies import INSIDE, KINDS, ONE_WORD
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.core.text import matched_words

TEXTS = [
    "the ferry to the northern islands leaves twenty minutes late on Sundays",
    "my umbrella was left behind in the second carriage",
    "who repairs the clock above platform nine",
    "they painted every bench along the canal bright orange",
    "no trams run",
    "the new timetable is out :)",
    "they teach C++ at the evening school by the station",
]


def rows(texts, label="a"):
    return make_rows({"id": [f"r{i}" for i in range(len(texts))], "text": list(texts), "label": [label] * len(texts)})


GUARD = Guard(rows(TEXTS))


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("MY UMBRELLA was left behind, in the second carriage!!", "the same words"),
        ("my\u200b umbr\u200bella was left behind in the second carr\u00adiage", "the same words"),
        ("my umbr\u0435ll\u0430 was left behind in the s\u0435cond carriage", "the same words"),
        ("ｍｙ umbrella was left behind in the second carriage", "the same words"),
        ("whorepairs the clock above platform nine", "the same words"),
        ("who repairs the clokc above platform nine", "misspelt words"),
        ("who reparis teh clock above platfrm nine", "misspelt words"),
        ("who the repairs clock above platform nine", "two neighbouring words changed places"),
        ("they teach C# at the evening school by the station", ONE_WORD),
        ("who repairs the painting above platform nine", ONE_WORD),
        ("who repairs the old clock above platform nine", ONE_WORD),
        ("who repairs clock above platform nine", ONE_WORD),
        ("dear all, who repairs the clock above platform nine? It annoys me every single morning", INSIDE),
        ("a note on the wall said they painted every bench along the canal bright orange", INSIDE),
    ],
)
def test_an_edited_copy_is_seen_and_told_how(text, how):
    row_id, similarity, found = GUARD.twin(text)
    assert matched_words(TEXTS[int(row_id[1:])])[0] in matched_words(text) or how == "the same words"
    assert 0 < similarity <= 1
    assert found in (how, "nearly the same letters")


@pytest.mark.parametrize(
    "text",
    [
        "the ferry to the southern coast was early and half empty",
        "who waters the plants above platform two",
        "there are no trams run by the city any more in our part of town",
        "",
        "!!!",
        "orange",
        "the new timetable is out :(",
    ],
)
def test_an_honest_row_is_left_alone(text):
    assert GUARD.twin(text) is None


@given(st.integers(0, 3), st.lists(st.sampled_from(["well", "anyway", "hm", "listen"]), max_size=3), st.booleans())
def test_a_whole_test_text_is_seen_wherever_it_stands_in_a_row(number, around, before):
    parts = [" ".join(around), TEXTS[number]]
    assert GUARD.twin(" ".join(parts if before else parts[::-1])) is not None


def templated(n, state):
    """Honest rows of a narrow domain: many differ in one word."""
    rng = np.random.default_rng(state)
    things, places = ([f"{a}{i}" for i in range(40)] for a in ("lamp", "hall"))
    return [f"please switch the {things[rng.integers(40)]} in {places[rng.integers(40)]} off tonight" for _ in range(n)]


def test_rows_of_one_template_are_no_copies_of_each_other():
    guard = Guard(rows(templated(300, 1)))
    exact = {matched_words(t) for t in templated(300, 1)}
    others = [t for t in templated(200, 2) if matched_words(t) not in exact]
    refused = guard.clean("arm", rows(others), ["a"])[1]
    assert not [r for r in refused if r.how in KINDS]  # letters may still be nearly the same
    assert sum(ONE_WORD in guard._look(t)[1] for t in others) > 20


def test_an_arm_of_single_words_is_no_copy_of_test_rows_of_one_word():
    guard = Guard(rows([*TEXTS, "undecided", "goodbye"]))
    (kept, _), refused = guard.clean("phrases", rows([f"thing{chr(97 + i)}" for i in range(26)] + ["goodbye"]), ["a"])
    assert len(kept) == 26 and [r.twin for r in refused] == [f"r{len(TEXTS) + 1}"]


def test_an_arm_with_many_copies_loses_them_all_where_one_alone_could_be_chance():
    test = [f"{t} please" for t in invent(300, 4)["text"]]
    guard = Guard(rows(test))
    copies = [" ".join([*t.split()[:3], f"odd{i}", *t.split()[4:]]) for i, t in enumerate(test[:60])]
    refused = guard.clean("arm", rows([*invent(200, 5)["text"], *copies]), ["a"])[1]
    assert {int(r.id[1:]) for r in refused} >= set(range(200, 260))
    assert {r.how for r in refused} <= {ONE_WORD, "nearly the same letters", "misspelt words"}


def test_seeds_that_repeat_a_test_row_are_refused_by_name():
    with pytest.raises(SynthkitError, match=r"1 of 2 seeds .* \(r1 repeats r2\)"):
        refuse_leak(rows(["a fresh remark about nothing", TEXTS[2] + ", I wonder"]), rows(TEXTS))


@given(st.text(max_size=60))
def test_any_text_may_be_looked_at_and_finds_itself(text):
    assert GUARD.twin(text) is None or isinstance(GUARD.twin(text)[2], str)
    assert Guard(rows([text or "x"])).twin(text or "x")[1] == 1.0
