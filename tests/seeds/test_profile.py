"""What a profile says of texts, and what it never says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.core.text import ngrams, words
from synthkit.prompts.plan import plan
from synthkit.seeds.profile import class_terms, clusters, profile
from synthkit.seeds.seeds import load_seeds
from synthkit.tasks.task import load_task

LOUD = ["WHERE is my soup?", "WHEN is it warm?", "WHAT a mess? RUBBISH"]
QUIET = ["the cat slept, i saw it", "my cat purred at me", "we sat with a cat"]


def rows(*pairs):
    texts = [(t, label) for label, some in pairs for t in some]
    return make_rows(
        {"id": [f"r{i}" for i in range(len(texts))], "text": [t for t, _ in texts], "label": [x for _, x in texts]}
    )


def test_habits_are_counted_label_by_label():
    frame = profile(rows(("loud", LOUD), ("quiet", QUIET)), embedder="lsa").to_frame().set_index("label")
    assert frame.loc["loud", ["question", "capitals", "starts lower-case"]].tolist() == [1, 1, 0]
    assert frame.loc["quiet", ["question", "capitals", "starts lower-case", "first person"]].tolist() == [0, 0, 1, 1]
    assert frame.loc["all", "rows"] == 6


def test_words_say_what_is_common_and_what_is_rare():
    made = profile(rows(("loud", LOUD), ("quiet", QUIET)), embedder="lsa")
    assert "all ask a question" in made.words("loud")
    assert "Of ten, all begin in lower case" in made.words("quiet")
    assert "Hardly any ask a question" in made.words("quiet")
    with pytest.raises(SynthkitError, match="unknown label 'lout' - did you mean 'loud'"):
        made.words("lout")


def test_terms_are_the_words_that_set_a_label_apart():
    groups = {"menu": ["the soup was cold", "cold soup again"], "cats": ["the cat slept", "a cat again"]}
    told = class_terms(groups)
    assert set(told["menu"]) == {"soup", "cold"}
    assert told["cats"] == ("cat",)


def test_two_topics_in_one_label_are_told_apart():
    soup = [f"the {w} soup was cold again" for w in ("lentil", "tomato", "leek", "bean", "pea", "corn")]
    wifi = [f"wifi password did not work on my {w}" for w in ("phone", "laptop", "tablet", "watch", "reader", "mac")]
    made = profile(rows(("visits", soup + wifi), ("animals", QUIET)), embedder="lsa")
    mine = [t for t in made.topics if t.label == "visits"]
    assert sorted(t.rows for t in mine) == [6, 6]
    assert {t.typical for t in mine} <= {f"r{i}" for i in range(12)}
    assert any("soup" in value for value in made.values("visits"))


def test_labels_of_the_same_words_are_confused():
    same = ["the parcel is late", "where is the parcel", "no parcel yet", "a parcel went missing"] * 2
    made = profile(rows(("late", same), ("lost", same), ("cats", QUIET * 2)), embedder="lsa")
    assert {frozenset(pair[:2]) for pair in made.confused} == {frozenset(("late", "lost"))}
    assert made.how_confused == "rows that a classifier mixes up"


def test_one_row_a_label_has_confusions_by_its_middles():
    made = profile(rows(("a", ["one cat here"]), ("b", ["two cats here"]), ("c", ["soup soup soup"])), embedder="lsa")
    assert made.how_confused == "cosine of the labels' middles"
    assert made.confused_with("a")[0] == "b"


def test_no_words_for_a_prompt_quote_a_row():
    task = load_task("feedback")
    seeds = load_seeds(task)
    made = profile(seeds, embedder="lsa")
    said = [made.words(x) for x in (None, *task.labels)] + [v for x in task.labels for v in made.values(x)]
    said = {gram for text in said for gram in ngrams(words(text), 4)}
    assert not said & {gram for text in seeds.rows["text"] for gram in ngrams(words(text), 4)}


def test_no_term_is_a_name_that_can_be_found():
    some = [f"My name is Zorvan Quibble, case {i}" for i in range(6)]
    made = profile(rows(("a", some), ("b", QUIET)), embedder="lsa")
    assert not {"zorvan", "quibble"} & {t for topic in made.topics for t in topic.terms} | set(made.terms("a")) & {
        "zorvan"
    }


def test_a_profile_of_seeds_looks_at_the_seeds_alone_and_goes_into_a_plan(cafe, cafe_seeds):
    made = profile(cafe_seeds, embedder="lsa")
    assert made.to_frame()["rows"].iloc[-1] == len(cafe_seeds.rows)
    request = plan(cafe, strategy="zero_shot", profile=made).slots[0]
    assert f"What the real ones are like: {made.words(request.label)}" in request.messages[-1]["content"]
    assert made.words() == profile(cafe_seeds, embedder="lsa").words()


@given(st.lists(st.text(max_size=30), min_size=2, max_size=6))
def test_terms_of_any_texts_are_words_that_stand_in_them(texts):
    told = class_terms({"a": texts[:1], "b": texts[1:]}, least=1)
    assert set(told["b"]) <= {w for t in texts[1:] for w in words(t)}


def test_few_rows_are_one_cluster():
    import numpy as np

    assert clusters(np.eye(5, dtype=np.float32)).tolist() == [0] * 5
