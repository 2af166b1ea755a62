"""Each filter drops for its own reason, says what it saw, and keeps quiet otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.filters import MEMORY_FLOOR, Memorized, apply, default_filters
from synthkit.rows import make_rows
from synthkit.seeds import Seeds

SEED = "my neighbour feeds nine cats on his balcony every single evening at seven sharp"


def row(text, name="r"):
    return {"id": name, "text": text, "label": "animals"}


def seeds_of(texts, rest=()):
    def rows(some, name):
        return make_rows(
            {"id": [f"{name}{i}" for i in range(len(some))], "text": list(some), "label": ["a"] * len(some)}
        )

    return Seeds(rows(texts, "seed"), rows(rest, "rest"), k=len(texts), random_state=0)


def keep_all(texts, seeds=None):
    filters = default_filters(seeds)
    return [i for i, t in enumerate(texts) if not apply(row(t, f"r{i}"), filters)]


short_texts = st.lists(st.text(alphabet="abc !", max_size=12), max_size=12)


@given(short_texts)
def test_what_was_kept_once_is_kept_again(texts):
    kept = keep_all(texts)
    survivors = [texts[i] for i in kept]
    assert keep_all(survivors) == list(range(len(survivors)))


@given(short_texts)
def test_a_text_seen_twice_is_kept_at_most_once(texts):
    assert keep_all([*texts, *texts]) == keep_all(texts)


@pytest.mark.parametrize("text", ["", "   ", "!?...", "🙀"])
def test_a_text_without_a_word_is_empty(text):
    assert apply(row(text), default_filters(None))[0].reason == "empty"


def test_the_evidence_names_the_twin():
    filters = default_filters(None)
    assert apply(row("the tall black cat slept all day", "first"), filters) == []
    exact, near = apply(row("The tall black cat slept all day!", "second"), filters)
    assert (exact.reason, exact.evidence) == ("exact duplicate", "of first")
    assert (near.reason, near.evidence) == ("near-duplicate", "of first, Jaccard 1.00")
    (only,) = apply(row("the tall black cat slept all days", "third"), filters)
    assert only.reason == "near-duplicate"
    assert only.evidence.startswith("of first, Jaccard 0.9")


def test_a_dropped_row_is_not_held_against_later_ones():
    filters = default_filters(seeds_of([SEED]))
    assert apply(row(SEED, "copy"), filters)[0].reason == "memorized seed"
    assert "copy" not in str(apply(row(SEED, "again"), filters))


def test_a_run_of_seed_words_is_memorized_only_beyond_the_floor():
    own = "then something else entirely happened here"
    memorized = Memorized(seeds_of([SEED]))
    words = SEED.split()
    assert memorized.check(row(f"{own} {' '.join(words[:MEMORY_FLOOR])} {own}")) is None
    verdict = memorized.check(row(f"{own} {' '.join(words[: MEMORY_FLOOR + 1])} {own}"))
    assert verdict.reason == "memorized seed"
    assert verdict.evidence.startswith("7 words in a row of seed seed0: “my neighbour feeds nine cats on his”")


def test_a_shorter_text_that_nearly_is_a_seed_is_memorized():
    verdict = Memorized(seeds_of(["lovely cats but a long queue"])).check(row("Lovely cats, but a long queue!!"))
    assert verdict.evidence == "near-duplicate of seed seed0, Jaccard 1.00"


def test_runs_that_real_rows_share_with_seeds_raise_what_is_allowed():
    phrase = "thank you very much for your kind and quick reply to my letter"
    seeds = seeds_of([phrase + " sincerely Ann"], rest=[phrase + " yours Bob"] * 20)
    memorized = Memorized(seeds)
    assert memorized.allowed == len(phrase.split())
    assert memorized.check(row(f"{phrase}, and goodbye for now from all of us here in the north")) is None


def test_without_seeds_nothing_counts_as_memorized():
    assert Memorized(None).check(row(SEED)) is None
