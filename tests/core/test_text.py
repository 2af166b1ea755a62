"""Words, n-grams, duplicates: checked against definitions written out the slow way."""

import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.text import NearIndex, OverlapIndex, fold, jaccard, ngrams, shingles, tidy, words

any_text = st.text(alphabet=st.characters(exclude_categories=[]), max_size=60)
few_words = st.lists(st.sampled_from(["cat", "sat", "on", "a", "mat"]), max_size=25)


@given(any_text)
def test_tidy_text_can_be_written_compared_and_tidied_again(text):
    once = tidy(text)
    once.encode("utf-8")
    assert tidy(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in once)


def test_tidy_keeps_what_carries_meaning():
    assert tidy("  Ünï\u0308 🙀\r\n<b>\u202eabc\u202c\tx ") == "Ünï\u0308 🙀\n<b>\u202eabc\u202c\tx"
    assert tidy("half \ud800 and NUL \x00") == "half ? and NUL"
    assert tidy("e\x00\u0301") == "é"


def test_fold_sees_through_case_and_punctuation():
    assert fold("The CAKE, was dry!") == fold("the cake was dry") == "the cake was dry"
    assert fold("?!") == "?!"


@given(few_words, st.integers(1, 6))
def test_ngrams_are_all_the_runs_of_that_length(tokens, n):
    assert ngrams(tokens, n) == [tuple(tokens[i : i + n]) for i in range(len(tokens)) if i + n <= len(tokens)]


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_jaccard_is_symmetric_and_one_only_for_equal_sets(a, b):
    assert jaccard(a, b) == jaccard(b, a)
    assert (jaccard(a, b) == 1) == (a == b and bool(a))


@given(any_text)
def test_every_text_has_a_shingle(text):
    assert shingles(text)
    assert all(len(s) <= 5 for s in shingles(text))


def test_near_duplicates_agree_with_comparing_every_pair():
    rng = np.random.default_rng(5)
    letters = list("abcdefgh ")
    texts = ["".join(rng.choice(letters, 60)) for _ in range(60)]
    for base in list(texts):  # changed in a few places: similarities all over the range
        changed = list(base)
        for place in rng.integers(0, 60, int(rng.integers(0, 4))):
            changed[place] = str(rng.choice(letters))
        texts.append("".join(changed))
    index, expected, found = NearIndex(0.8), [], []
    for i, text in enumerate(texts):
        similar = [(jaccard(shingles(text), shingles(t)), -j) for j, t in enumerate(texts[:i])]
        best = max(similar, default=(0.0, 0))
        expected.append((-best[1], best[0]) if best[0] >= 0.8 else None)
        found.append(index.nearest(text))
        index.add(text, i)
    assert sum(e is not None for e in expected) > 20
    assert found == expected


@given(st.lists(any_text, max_size=8), any_text)
def test_whatever_is_called_near_is_near(texts, text):
    index = NearIndex(0.5)
    index.extend(texts, range(len(texts)))
    found = index.nearest(text)
    if found:
        assert found[1] == jaccard(shingles(text), shingles(texts[found[0]])) >= 0.5
    if text in texts:
        assert found[1] == 1.0
    assert len(index) == len(texts)


@given(st.lists(few_words, max_size=5), few_words, st.integers(1, 4))
def test_the_longest_shared_run_agrees_with_trying_every_run(others, tokens, floor):
    index = OverlapIndex([" ".join(o) for o in others], range(len(others)), floor=floor)

    def shared(run):
        return [i for i, o in enumerate(others) if any(o[j : j + len(run)] == run for j in range(len(o)))]

    runs = [tokens[i:j] for i in range(len(tokens)) for j in range(i + floor, len(tokens) + 1)]
    longest = max((len(run) for run in runs if shared(run)), default=0)
    found = index.longest(" ".join(tokens))
    assert (found is None) == (longest == 0)
    if found:
        assert len(found[1].split()) == longest
        assert found[0] in shared(found[1].split())


@given(any_text)
def test_words_are_lower_case_and_hold_no_space(text):
    assert all(w == w.casefold() and not any(c.isspace() for c in w) for w in words(text))
