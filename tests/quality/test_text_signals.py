"""What is counted in words: repetition, fluency, overused phrases; each against a count by hand or a plain version."""

from collections import Counter
from math import log1p

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rows import invent

from synthkit.quality.diversity import overused, self_repetition
from synthkit.quality.fidelity import fluency, off_register, register
from synthkit.quality.ngram_model import WordModel, encode
from synthkit.seeds.profile import HABITS

TEXTS = st.lists(st.lists(st.sampled_from("abcd"), max_size=8), min_size=2, max_size=8)


def test_self_repetition_counts_the_other_texts_that_share_four_words():
    assert self_repetition(["a b c d e", "f g h i j"]) == 0
    # "a b c d" stands in one other text for the first two, in none for the third
    texts = ["a b c d x", "y a b c d", "p q r s t"]
    assert self_repetition(texts) == pytest.approx(2 * log1p(1) / 3)
    assert self_repetition(["a b c d"] * 5) == pytest.approx(log1p(4))
    assert self_repetition(["a b c d a b c d", "e f g h"]) == 0  # within one text it is no repetition
    assert self_repetition([]) == 0
    assert self_repetition(["a b c d", "a b c d"], budget=4) == 0


@given(TEXTS)
def test_self_repetition_is_that_of_its_authors(texts):
    grams = [{tuple(t[i : i + 4]) for i in range(len(t) - 3)} for t in texts]
    counts = Counter(g for some in grams for g in some)
    expected = np.mean([np.log(sum(counts[g] for g in some) - len(some) + 1) for some in grams])
    assert self_repetition(texts) == pytest.approx(expected)


def witten_bell(fitted, history, word, order):
    if order == 0:
        return 1 / (len({int(c) for t in fitted for c in t}) + 2)
    known = {int(c) for t in fitted for c in t} | {0, 1}
    context = tuple(h if h in known else 2 for h in history[len(history) - order + 1 :]) if order > 1 else ()
    follows = Counter()
    for text in fitted:
        line = [0, 0, *text.tolist(), 1]
        for i in range(2, len(line)):
            if tuple(line[i - order + 1 : i]) == context:
                follows[line[i]] += 1
    lower = witten_bell(fitted, history, word, order - 1)
    if not follows:
        return lower
    return (follows[word] + len(follows) * lower) / (follows.total() + len(follows))


def test_the_probabilities_of_all_next_words_sum_to_one():
    (fitted,) = encode([list("abac"), list("bba"), ["c"]])
    every = sorted({int(c) for t in fitted for c in t}) + [1, 10**6]  # the end of a text, and one word never seen
    for history in ([0, 0], [0, every[0]], [every[1], every[0]], [10**6, every[0]]):
        assert sum(witten_bell(fitted, history, w, 3) for w in every) == pytest.approx(1)


@given(TEXTS, st.lists(st.sampled_from("abcdz"), max_size=6))
def test_a_word_model_is_the_one_of_witten_and_bell(texts, asked):
    fitted, (codes,) = encode(texts, [asked])
    (bits,), (length,) = WordModel(fitted).bits([codes])
    line = [0, 0, *codes.tolist(), 1]
    expected = -sum(np.log2(witten_bell(fitted, line[:i], line[i], 3)) for i in range(2, len(line)))
    assert bits == pytest.approx(expected)
    assert length == len(asked) + 1


def test_a_model_finds_its_own_kind_of_text_more_fluent():
    boats = [t.split() for t in invent(200, 1)["text"][::2]]
    own, like, noise = encode(
        boats[:50], boats[50:], [list(np.random.default_rng(0).permutation(t)) for t in boats[50:]]
    )
    model = WordModel(own)
    assert fluency(model, own) < fluency(model, like) < 12
    assert fluency(model, like) == pytest.approx(fluency(model, noise), rel=0.1)  # these texts have no word order


def test_openings_and_phrases_that_return_are_listed_once():
    real = [f"w{i} was here on day {i} of it" for i in range(40)]
    synthetic = [f"I am writing to complain about thing {i}" for i in range(20)] + real[:20]
    (found,) = overused(synthetic, real)  # the phrases of those texts are explained by their opening
    assert found == ("opening", "i am", list(range(20)), 0)
    assert overused(real, real) == []


def test_a_phrase_counts_once_a_text_and_needs_four_of_them():
    real = [f"w{i} v{i} u{i} t{i}" for i in range(60)]
    inside = [f"a{i} at the end b{i} at the end" for i in range(8)] + real[:50]
    assert overused(inside, real) == [("phrase", "at the end", list(range(8)), 0)]
    assert overused(inside[:3] + real, real) == []


def test_a_share_a_little_above_the_real_one_is_not_overused_however_many_texts_say_so():
    texts = [f"so then{' it' * (i % 10 < 3)} x{i} y{i}" for i in range(4000)]
    others = [f"so then{' it' * (i % 10 < 2)} z{i} w{i}" for i in range(4000)]
    assert overused(texts, others) == []


def test_register_looks_at_every_habit_and_calls_off_what_differs_widely():
    synthetic, real = ["is it late?"] * 40 + ["It is late."] * 60, ["It is late."] * 100
    habits = {s.value: s for s in register(synthetic, real)}
    assert set(habits) < {column for column, _, _ in HABITS}  # those that somebody has
    assert (habits["question"].synthetic, habits["question"].real) == (0.4, 0.0)
    assert {s.value for s in off_register(list(habits.values()))} == {"question", "starts lower-case"}
    assert off_register(register(real, real)) == []
    assert off_register(register(["Is it late?"] * 8 + real * 4, real * 4)) == []  # sure, and of no weight
