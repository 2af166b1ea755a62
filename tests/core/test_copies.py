"""Copies are looked up by numbers that do not depend on how they were reached."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.copies import INSIDE, ONE_WORD, CopyIndex, _letters_apart
from synthkit.core.duplicates import gap_hashes, run_hashes, run_sums

tokens = st.lists(st.sampled_from(["tea", "bus", "owl", "red", "hat"]), min_size=1, max_size=12)


@given(tokens, st.data())
def test_the_number_of_a_span_and_of_a_text_without_a_word_is_that_of_these_words(words, data):
    sums = run_sums(words)
    start = data.draw(st.integers(0, len(words) - 1))
    length = data.draw(st.integers(0, len(words) - start))
    assert run_hashes(sums, np.array([start]), length)[0] == run_sums(words[start : start + length])[-1]
    assert gap_hashes(sums)[start] == run_sums(words[:start] + words[start + 1 :])[-1]


@given(tokens, tokens, tokens)
def test_a_text_is_found_inside_whatever_stands_around_it(before, words, behind):
    index, whole = CopyIndex([" ".join(words)]), tuple(before + words + behind)
    found = {m.how for m in index.chance(whole)}
    assert INSIDE in found or len(words) == 1 or index.sure(" ".join(whole))


@given(tokens, st.data())
def test_a_word_put_in_taken_out_or_replaced_leaves_one_word_different(words, data):
    words = ["always", "here", *words]
    place = data.draw(st.integers(0, len(words) - 1))
    index = CopyIndex([" ".join(words)])
    for edited in (words[:place] + ["stranger"] + words[place:], words[:place] + ["stranger"] + words[place + 1 :]):
        assert ONE_WORD in {m.how for m in index.chance(tuple(edited))}
    assert ONE_WORD in {m.how for m in index.chance(tuple(words[:place] + words[place + 1 :]))}


def test_texts_of_one_word_and_texts_that_share_one_are_not_alike():
    index = CopyIndex(["undecided", "my cards", "no"])
    assert not [m for text in ("banking", "my phone", "yes please") for m in index.chance(tuple(text.split()))]


def test_a_text_that_is_many_times_as_long_is_looked_through():
    index = CopyIndex(["the keys are under the third flower pot", "spam " * 40])
    long = ("spam " * 3000 + "the keys are under the third flower pot" + " spam" * 3000).split()
    assert {m.row for m in index.chance(tuple(long)) if m.how == INSIDE} == {1}


def test_letters_apart_are_counted_for_words_of_some_length():
    assert [_letters_apart("carriage", w) for w in ("carriage", "cariage", "carraige", "marriage")] == [0, 1, 2, 1]
    assert _letters_apart("cat", "hat") == 3
