"""Near-duplicates and shared runs: checked against comparing every pair and trying every run."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.duplicates import CHECKED, NearIndex, OverlapIndex
from synthkit.core.text import likeness

any_text = st.text(alphabet=st.characters(exclude_categories=[]), max_size=60)
few_words = st.lists(st.sampled_from(["cat", "sat", "on", "a", "mat"]), max_size=25)


def test_near_duplicates_are_found_among_thousands_from_one_template():
    rng = np.random.default_rng(3)
    texts = [f"dear customer {n} your order {m} has left our house and comes soon"
             for n, m in rng.integers(10**8, 10**9, (3000, 2)).tolist()]  # fmt: skip
    index = NearIndex()
    index.extend(texts, range(3000))
    doubles = [f"{t} now" for t in texts[::50]]
    found = [index.nearest(t) for t in doubles]
    assert sum(f is not None and f[0] == 50 * i for i, f in enumerate(found)) >= 57
    assert max(map(len, (index._proposed(index._sketched(t)[1]) for t in doubles))) <= CHECKED


def test_texts_that_differ_in_a_sign_are_not_nearest():
    index = NearIndex()
    index.extend(["the course was ok :)", "books about C++", "we loved it"], "abc")
    assert index.nearest("the course was ok :(") is index.nearest("books about C#") is None
    assert index.nearest("we loved it 😍") == ("c", 1.0)


def test_an_index_asked_for_a_text_it_has_gives_the_earliest():
    index = NearIndex()
    index.extend(["Late again.", "late again", "LATE again!"] * 100, range(300))
    assert index.nearest("late again?") == (0, 1.0)


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
        similar = [(likeness(text, t), -j) for j, t in enumerate(texts[:i])]
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
        assert found[1] == likeness(text, texts[found[0]]) >= 0.5
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


@given(st.lists(few_words, min_size=1, max_size=5), few_words, st.data())
def test_the_text_named_is_the_earliest_that_is_not_the_one_left_out(others, tokens, data):
    texts = [" ".join(o) for o in others]
    but = data.draw(st.sampled_from([None, *range(len(texts))]))
    found = OverlapIndex(texts, range(len(texts)), floor=2).longest(" ".join(tokens), but=but)
    left = [i for i in range(len(texts)) if i != but]
    again = OverlapIndex([texts[i] for i in left], left, floor=2).longest(" ".join(tokens))
    assert found == again
    if found:
        assert found[0] == min(i for i in left if f" {found[1]} " in f" {texts[i]} ")


def test_the_longest_run_is_found_where_every_run_is_shared():
    index = OverlapIndex(["na " * 3000, "batman " + "na " * 5000], ["short", "long"], floor=6)
    assert index.longest("na " * 4000) == ("long", " ".join(["na"] * 4000))
    assert index.longest("na " * 4000, but="long") == ("short", " ".join(["na"] * 3000))
    assert index.longest("na " * 5) is None


@given(st.lists(any_text, min_size=2, max_size=6), st.sampled_from([1, 40]))
def test_the_likeness_of_the_nearest_is_that_of_the_texts(texts, times):
    *others, asked = [f"{text} " * times for text in texts]  # short and long
    index = NearIndex(0.3)
    index.extend(others, range(len(others)))
    found = index.nearest(asked)
    assert found is None or found[1] == likeness(asked, others[found[0]])
    assert found is not None or asked not in others
