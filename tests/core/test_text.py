"""Words, n-grams, duplicates: checked against definitions written out the slow way."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from synthkit.core.text import (
    NEAR,
    fold,
    jaccard,
    likeness,
    ngrams,
    shingles,
    tidy,
    words,
)

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


# each can be told from the others by eye, alone and in any company: letters, marks that stand on them, signs, emoji
LOOKS = [*"abcxyz019.,;:!?()[]{}+-*/#%&@$€<>=_^~|'\"…–· ", *"ßé日本あがب", "بَ", "क", "कि", "की", "कु", "ไม่"]
LOOKS += ["👍", "👎", "👍🏽", "👨\u200d👩\u200d👧", "👨👩👧", "😡", "🙂", "☹"]
seen = st.lists(st.sampled_from(LOOKS), max_size=8).map(lambda parts: " ".join("".join(parts).split()))
cased = st.text(alphabet=st.characters(categories=["L", "M", "N", "P", "S"]), max_size=20)


@given(seen, seen)
def test_texts_that_look_different_are_different(a, b):
    assert (fold(a) == fold(b)) == (a == b)


@pytest.mark.parametrize(
    "texts",
    [
        ["done :)", "done :(", "done", "done :/", "done (:"],
        ["thanks 🙏", "thanks 🙏🙏", "thanks 🖕", "thanks"],
        ["F#", "F", "F++", "F*", ".F"],
        ["10 €", "10 $", "10 %", "10", "-10", "1.0", "±10"],
        ["पिता", "पीता", "पता", "पुता"],
        ["!", "?", "!!", "...", "…", "-", "🤷"],
        ["résumé", "resume"],
        ["I, too", "I too"],
    ],
    ids=lambda texts: texts[0],
)
def test_every_two_of_these_are_two(texts):
    assert len({fold(t) for t in texts}) == len(texts)


@given(
    st.lists(cased, max_size=5),
    st.sampled_from(["NFC", "NFD"]),
    st.sampled_from([" ", "\n", "\t  ", "\u00a0", "\u3000"]),
)
def test_composition_white_space_and_case_make_no_difference(parts, form, space):
    text = " ".join(parts)
    assume("ı" not in text)  # the one letter whose capital is another letter's
    for change in (str, str.upper, str.lower, str.swapcase, str.title):
        changed = space.join(unicodedata.normalize(form, change(p)) for p in parts)
        assert fold(space + changed + space) == fold(text)


@given(any_text)
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b", "\ufeff \u2060", "\u00ad"])
def test_nothing_to_be_seen_folds_to_nothing(text):
    assert fold(text) == ""
    assert fold(f"a{text}") == "a"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("the course was ok :)", "the course was ok :("),
        ("what a lovely day that was again 🎉", "what a lovely day that was again 💀"),
        ("books about C++", "books about C#"),
        ("books about F#", "books about F"),
        ("x < 3 in all cases", "x > 3 in all cases"),
        ("पिता यहाँ है", "पीता यहाँ है"),
        ("🍕🍕", "🥦🥦"),
    ],
)
def test_texts_that_differ_in_a_sign_are_no_near_duplicates(a, b):
    assert likeness(a, b) == likeness(b, a) < NEAR
    assert likeness(a, a.upper() + " ") == 1


def test_a_sign_that_only_one_text_has_does_not_make_it_another():
    assert likeness("we loved it 😍", "We loved it.") == 1


def test_texts_of_punctuation_alone_are_likened_by_it():
    assert jaccard(shingles("?!?!?"), shingles("....")) == 0 < jaccard(shingles("?!?!?!"), shingles("?!?!?!?!"))


def test_punctuation_does_not_keep_near_duplicates_apart():
    assert shingles("The CAKE, was dry!") == shingles("the cake was dry")
    assert fold("The CAKE, was dry!") != fold("the cake was dry")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("पिताजी ने किताब दी।", ["पिताजी", "ने", "किताब", "दी"]),
        ("Ne\u0301e à l’été", ["ne\u0301e", "à", "l’été"]),
        ("很好,谢谢 OK", ["很", "好", "谢", "谢", "ok"]),
        ("コーヒーを飲む", ["コーヒー", "を", "飲", "む"]),
        ("می\u200cخواهم بروم", ["می\u200cخواهم", "بروم"]),
        ("snake_case 3rd 🙃 -", ["snake_case", "3rd"]),
        ("👨\u200d👩\u200d👧 ❤\ufe0f", []),
    ],
)
def test_words_of_many_scripts(text, expected):
    assert words(text) == expected


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


@given(any_text)
def test_words_are_lower_case_and_hold_no_space(text):
    assert all(w == w.casefold() and not any(c.isspace() for c in w) for w in words(text))
