"""Twins by meaning and labels not believed: stricter for short texts, named, and off where they know too little."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.replies import as_reply
from support.rows import invent, row
from support.vectors import bags

from synthkit.core.errors import SynthkitError
from synthkit.generation import vector_filters
from synthkit.generation.filter import apply
from synthkit.generation.filters import default_filters
from synthkit.generation.generate import generate
from synthkit.generation.vector_filters import LabelCheck, SameMeaning, twin_threshold
from synthkit.prompts.plan import plan
from synthkit.seeds.seeds import Seeds, load_seeds


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


@pytest.fixture(scope="module")
def sure():
    some = invent(60, 1)
    return LabelCheck(Seeds(some, some.select([]), k=30, random_state=0), embedder="lsa")


def test_a_text_of_another_label_is_dropped_with_bits_and_the_classifiers_own_accuracy(sure):
    some = invent(60, 1)
    other = {"boats": "bread", "bread": "boats"}
    swapped = [{**r, "label": other[r["label"]]} for r in some]
    sure.prepare(swapped)
    dropped = [v for r in swapped if (v := sure.check(r))]
    assert len(dropped) > 50
    assert dropped[0].reason.startswith("label check (itself right on ")
    assert dropped[0].evidence.startswith("PVI -")
    assert sum(sure.check(r) is not None for r in some) <= 6
    assert sure.note == ""


def test_an_untrusted_classifier_judges_nobody_and_the_ledger_says_so(cafe, scripted):
    seeds = load_seeds(cafe, k=6)
    shuffled = seeds.rows.to_pandas()
    shuffled["label"] = list(np.random.default_rng(0).permutation(shuffled["label"]))
    rows = type(seeds.rows).from_pandas(shuffled, preserve_index=False)
    off = LabelCheck(Seeds(rows, seeds.rest, 6, 0), embedder="lsa")
    script = scripted(lambda r: as_reply([f"remark {r.slot} {i}" for i in range(5)]))
    made = generate(plan(cafe, n=5), llm=script, filters=[off], progress=False)
    assert len(made.rows) == 5
    assert "label check off: itself right on 0." in made.ledger.note
    assert made.ledger.note in repr(made)


def test_both_are_switched_on_by_name_and_come_last(cafe):
    seeds = load_seeds(cafe, k=6)
    names = [f.name for f in default_filters(cafe, seeds, also=["label check", "same meaning"])]
    assert names[-3:] == ["near-duplicate", "same meaning", "label check"]
    with pytest.raises(SynthkitError, match="unknown filter 'same meanings' - did you mean 'same meaning'"):
        default_filters(cafe, also=["same meanings"])
    with pytest.raises(SynthkitError, match="fitted on seeds"):
        default_filters(cafe, also=["label check"])


def test_without_the_weights_it_says_so_before_anything_is_asked(monkeypatch):
    monkeypatch.setattr(vector_filters, "weights_folder", lambda: None)
    with pytest.raises(SynthkitError, match="run `synthkit weights`"):
        SameMeaning()
