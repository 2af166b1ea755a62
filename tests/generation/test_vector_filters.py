"""Twins by meaning: stricter for short texts, named, and refused where the vectors are missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.replies import as_reply
from support.rows import row
from support.vectors import bags

from synthkit.core.errors import SynthkitError
from synthkit.generation import vector_filters
from synthkit.generation.filter import apply
from synthkit.generation.filters import default_filters
from synthkit.generation.generate import generate
from synthkit.generation.vector_filters import SameMeaning, twin_threshold
from synthkit.prompts.plan import plan


@pytest.fixture(autouse=True)
def no_model(monkeypatch):
    monkeypatch.setattr(vector_filters, "embed", bags)
    monkeypatch.setattr(vector_filters, "weights_folder", lambda: "somewhere")


def test_the_threshold_falls_with_length_and_never_below_its_floor():
    values = [twin_threshold(n) for n in range(200)]
    assert values == sorted(values, reverse=True)
    assert values[0] == values[10] == 0.95 and values[199] > 0.9


def test_the_twin_is_named_with_the_cosine_that_was_enough():
    same = SameMeaning()
    assert apply(row("cats sleep all day long", "first"), [same]) == []
    (verdict,) = apply(row("all day long cats sleep", "second"), [same])
    assert verdict == ("same meaning", "of first, cosine 1.000, from 0.950 at 5 words")


def test_one_other_word_makes_a_short_text_another_and_a_long_one_a_twin():
    long = " ".join(f"word{'x' * i}" for i in range(24))
    same = SameMeaning()
    assert apply(row("is the cat asleep now", "a"), [same]) == apply(row("is the cat hungry now", "b"), [same]) == []
    assert apply(row(long, "c"), [same]) == []
    assert apply(row(long + " zz", "d"), [same])[0].evidence.startswith("of c")


texts = st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6).map(" ".join), max_size=12)


@given(texts)
def test_what_is_kept_is_kept_again_and_wave_by_wave_is_as_row_by_row(some):
    rows = [row(t, f"r{i}") for i, t in enumerate(some)]
    at_once, one_by_one = SameMeaning(), SameMeaning()
    at_once.prepare(rows)
    kept = [r for r in rows if not apply(r, [at_once])]
    assert kept == [r for r in rows if not apply(r, [one_by_one])]
    again = SameMeaning()
    assert [r for r in kept if not apply(r, [again])] == kept


def test_it_stands_behind_the_default_filters_where_it_is_asked_for(cafe, scripted):
    script = scripted(lambda r: as_reply(["the tea was cold again", "again the tea was cold", "a warm bun"]))
    made = generate(
        plan(cafe, strategy="zero_shot", n=2),
        llm=script,
        filters=[*default_filters(cafe), SameMeaning()],
        progress=False,
    )
    assert made.rows["text"] == ["the tea was cold again", "a warm bun"]
    assert made.drops[0]["reason"] == "same meaning"


def test_without_the_weights_it_says_so_before_anything_is_asked(monkeypatch):
    monkeypatch.setattr(vector_filters, "weights_folder", lambda: None)
    with pytest.raises(SynthkitError, match="run `synthkit weights`"):
        SameMeaning()
