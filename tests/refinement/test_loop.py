"""Planted gaps are found and closed; a loop is a function of its plan and the replies; real rows are never quoted."""

import json
from dataclasses import replace

import pytest
from support.hotel import SUBJECTS, text, turn, write_hotel, writes
from support.replies import as_reply

from synthkit.core.errors import SynthkitError
from synthkit.core.text import ngrams, words
from synthkit.llm.store import Store
from synthkit.refinement.loop import Loop, refine
from synthkit.seeds.seeds import load_seeds
from synthkit.tasks.task import load_task

EVERYTHING = {label: list(some) for label, some in SUBJECTS.items()}


@pytest.fixture(scope="module")
def hotel(tmp_path_factory):
    return write_hotel(tmp_path_factory.mktemp("tasks") / "hotel")


def begin(task, source, **given):
    settings = {"strategy": "zero_shot", "start": 6, "requests": 6, "embedder": "lsa", "progress": False, **given}
    return Loop(task, llm=source, **settings)


def test_a_missing_subject_is_found_described_asked_for_and_there_afterwards(hotel, scripted):
    source = scripted(writes({**EVERYTHING, "room": ["pillow"]}))
    loop = begin(hotel, source)
    upcoming = loop.diagnose()
    hole = upcoming.diagnosis.get("missed")[0]
    assert hole.label == "room"
    assert {"wifi", "router", "password"} & set(hole.terms)
    asked = [p for p in upcoming.propose().items if p.lever == "topics"]
    assert asked[0].label == "room"
    before = upcoming.diagnosis.coverage
    upcoming.apply()
    assert any("wifi" in t for t in loop.rows["text"])
    assert loop.diagnose().diagnosis.coverage > before
    left = [f for f in loop.diagnose().diagnosis.get("missed") if f.label == "room"]
    assert sum(f.rows for f in left) < hole.rows


def test_a_phrase_used_too_often_is_found_and_asked_to_be_left_out(hotel, scripted):
    def dress(words_, request):
        return words_ if "not beginning with “as a”" in turn(request) else f"as a valued guest {words_}"

    loop = begin(hotel, scripted(writes(EVERYTHING, dress=dress)))
    upcoming = loop.diagnose()
    assert [f.terms for f in upcoming.diagnosis.get("overused")] == [("as a",)]
    made = upcoming.apply()
    assert all("not beginning with “as a”" in turn(request) for request in made.generation.plan.slots)
    assert not any("valued guest" in t for t in made.generation.rows["text"])


def test_two_merged_labels_are_found(hotel, scripted):
    def merged(request):
        if request.label == "place":
            return as_reply([text("food", "soup", 10 * request.slot + i) for i in range(request.count)])
        return writes(EVERYTHING)(request)

    upcoming = begin(hotel, scripted(merged)).diagnose()
    assert "place" in {f.label for f in upcoming.diagnosis.get("confused")}


def test_a_register_that_is_off_is_told_in_words(hotel, scripted):
    loud = scripted(writes(EVERYTHING, dress=lambda t, _: t.upper() + "!"))
    upcoming = begin(hotel, loud).diagnose()
    assert any("exclamation: 100%" in f.evidence for f in upcoming.diagnosis.get("off register"))
    assert "What the real ones are like: Half have" in upcoming.propose().plan.show(0)


def test_rows_of_another_label_are_dropped_with_the_reason(hotel, scripted):
    def wrong(request):
        if request.slot == 0:
            return as_reply([text("place", "parking", 7000 + i) for i in range(request.count)])
        return writes(EVERYTHING)(request)

    loop = begin(hotel, scripted(wrong))
    bad = [row["id"] for row in loop.rows if row["label"] == "food" and "parking" in row["text"]]
    assert len(bad) == 5
    made = loop.diagnose().apply()
    assert {row_id for row_id, _ in made.dropped} == set(bad)
    assert "real rows like these are mostly place" in dict(made.dropped)[bad[1]]
    result = loop.result(baseline=False)
    result.generation.ledger.check()
    gone = result.generation.dropped()
    assert set(gone[gone.reason == "label does not stick"].id) == set(bad)
    assert not set(bad) & set(result.rows["id"])


def test_nothing_missing_and_no_levers_are_the_one_shot_plan(hotel, scripted):
    source = scripted(writes(EVERYTHING))
    loop = begin(hotel, source, levers=[])
    upcoming = loop.diagnose()
    assert [r.slot for r in upcoming.propose().plan.slots] == [6, 7, 8, 9, 10, 11]
    upcoming.apply()
    loop.diagnose().apply()
    whole = loop.generate(loop.one_shot(18))
    assert list(loop.rows["text"]) == list(whole.rows["text"])
    assert list(loop.rows["iteration"]) == sorted(loop.rows["iteration"])
    shot = loop.result().one_shot[-1]
    assert (shot.requests, shot.ahead.value) == (18, 0)


def test_a_loop_is_a_function_of_its_arguments_and_the_store(hotel, scripted, tmp_path):
    class Stops(Exception):
        pass

    def until(count):
        source = scripted(writes({**EVERYTHING, "room": ["pillow"]}))
        told = source.script

        def script(request):
            if len(source.asked) > count:
                raise Stops
            return told(request)

        source.script = script
        return source

    whole = begin(hotel, until(10**9), requests=4)
    for _ in range(2):
        whole.diagnose().apply()
    with Store(tmp_path / "replies.sqlite") as store:
        with pytest.raises(Stops):
            begin(hotel, until(8), requests=4, store=store).diagnose().apply()
        assert len(store) == 8  # six of the start, two of the first iteration
        again = until(10**9)
        loop = begin(hotel, again, requests=4, store=store)
        for _ in range(2):
            loop.diagnose().apply()
    assert len(again.asked) == 6
    assert loop.rows.to_list() == whole.rows.to_list()


def test_no_eight_words_of_a_validation_or_test_row_reach_a_prompt(hotel, scripted):
    loop = begin(hotel, scripted(writes({**EVERYTHING, "room": ["pillow"], "food": ["soup"]})))
    for _ in range(3):
        loop.diagnose().apply()
    real = {
        g for part in ("validation", "test") for t in getattr(hotel.splits, part)["text"] for g in ngrams(words(t), 8)
    }
    assert len(real) > 50
    slots = [r for i in loop.iterations for r in i.generation.plan.slots]
    assert {r.strategy for r in slots} >= {"zero_shot", "topical"}
    for request in slots:
        assert not real & set(ngrams(words(request.messages[-1]["content"]), 8))
        assert bool(request.demo_ids) == (request.strategy == "topical")


def test_rows_asked_for_by_words_say_which_real_rows_hold_them(hotel, scripted):
    loop = begin(hotel, scripted(writes({**EVERYTHING, "room": ["pillow"]})))
    loop.diagnose().apply()
    texts = dict(zip(hotel.splits.validation["id"], hotel.splits.validation["text"], strict=True))
    told = [row for row in loop.rows if row["strategy"] == "topical"]
    assert told
    for row in told:
        ids = json.loads(row["demo_ids"])
        about = set(words(json.loads(row["attributes"])["about"]))
        assert ids and set(ids) <= set(texts)
        assert about <= {w for i in ids for w in words(texts[i])}


def test_proposals_can_be_changed_before_they_are_asked(hotel, scripted):
    source = scripted(writes({**EVERYTHING, "room": ["pillow"]}))
    loop = begin(hotel, source)
    upcoming = loop.diagnose()
    first = upcoming.propose().items[0]
    made = upcoming.apply(
        [replace(first, about=("the view from the balcony",)), replace(first, label="food", about=("tea",))]
    )
    assert "1. the view from the balcony" in turn(source.asked[6])
    assert [r.slot for r in made.generation.plan.slots] == [1000, 1001]
    assert made.requests == 8
    with pytest.raises(SynthkitError, match="iteration 1 was made already"):
        upcoming.apply()
    with pytest.raises(SynthkitError, match="no proposals to ask"):
        loop.diagnose().apply([])


def test_new_texts_are_held_against_all_that_were_kept(hotel, scripted):
    same = scripted(
        lambda request: as_reply([text(request.label, list(SUBJECTS[request.label])[0], i) for i in range(5)])
    )
    loop = begin(hotel, same, start=3, requests=3)
    made = loop.diagnose().apply()
    assert len(made.generation.rows) == 0
    assert dict(made.generation.ledger.dropped)["exact duplicate"] == 15


def test_two_iterations_without_a_gain_end_a_loop_and_the_budget_does(hotel, scripted):
    from synthkit.llm.budget import Budget

    ended = refine(
        hotel,
        llm=scripted(writes(EVERYTHING)),
        iterations=9,
        strategy="zero_shot",
        start=6,
        requests=3,
        embedder="lsa",
        progress=False,
    )
    assert ended.stopped == "no gain beyond noise on validation for 2 iterations"
    assert len(ended.iterations) == 3
    capped = refine(
        hotel,
        llm=scripted(writes(EVERYTHING)),
        budget=Budget(requests=8),
        strategy="zero_shot",
        start=6,
        requests=6,
        embedder="lsa",
        progress=False,
    )
    assert capped.stopped == "the budget ended here"
    assert capped.iterations[-1].requests == 8


def test_a_refinement_shows_iterations_one_shot_and_an_honest_reading(hotel, scripted):
    result = refine(
        hotel,
        llm=scripted(writes({**EVERYTHING, "room": ["pillow"]})),
        iterations=1,
        strategy="zero_shot",
        start=6,
        requests=6,
        embedder="lsa",
        progress=False,
    )
    frame = result.to_frame()
    assert list(frame["requests"]) == [6, 12]
    assert frame["asked"][0] == "a plain mix"
    assert "topics" in frame["asked"][1]
    assert [s.requests for s in result.one_shot] == [6, 12]
    assert len(result.one_shot[0].rows) == len(result.iterations[0].rows)
    assert "60 real rows used" in repr(result)
    assert "After 12 requests the loop" in result.reading()
    assert "rows that it never saw decide" in result.reading()
    arms = result.arms(k=5, draws=2)
    assert set(result.words["label"]) <= set(SUBJECTS)
    assert [len(arms[name]) for name in ("real_few", "loop", "one_shot", "validation")] == [2, 1, 1, 1]
    assert [len(arms[f"real_few+{name}"]) for name in ("loop", "one_shot")] == [2, 2]
    assert len(arms["validation+loop"][0]) == 60 + len(result.rows)
    assert len(result.plot().axes) == 2


def test_what_makes_no_sense_is_refused(hotel, scripted):
    source = scripted(writes(EVERYTHING))
    with pytest.raises(SynthkitError, match="unknown lever 'topcs'"):
        begin(hotel, source, levers=["topcs"])
    with pytest.raises(SynthkitError, match="ngram.*reads no prompt"):
        begin(hotel, "ngram")
    with pytest.raises(SynthkitError, match="requests=0: expected a whole number of requests"):
        begin(hotel, source, requests=0)
    with pytest.raises(SynthkitError, match="iterations=0: expected a whole number"):
        refine(hotel, llm=source, iterations=0)
    with pytest.raises(SynthkitError, match="baseline=True"):
        loop = begin(hotel, source)
        loop.diagnose().apply()
        loop.result(baseline=False).arms(k=5)


def test_seeds_are_only_a_guard_against_copies(hotel, scripted):
    seeds = load_seeds(hotel, k=5)
    copied = seeds.rows["text"][0]
    source = scripted(lambda r: as_reply([copied] * 5) if r.slot == 0 else writes(EVERYTHING)(r))
    loop = Loop(hotel, seeds, llm=source, strategy="zero_shot", start=6, requests=3, embedder="lsa", progress=False)
    assert copied not in loop.rows["text"]
    assert dict(loop.iterations[0].generation.ledger.dropped)["memorized seed"] == 5


@pytest.mark.filterwarnings("ignore:no MiniLM weights")
def test_the_shipped_loop_replays_on_vectors_that_see_otherwise(monkeypatch):
    task = load_task("feedback")
    monkeypatch.setattr("synthkit.core.embedding.weights_folder", lambda: None)
    loop = Loop(task, progress=False)
    assert loop.reference.embedder == "lsa"
    for _ in range(3):
        upcoming = loop.diagnose()
        assert upcoming.pending() == []
        upcoming.apply()
    assert [i.requests for i in loop.iterations] == [24, 36, 48, 60]
    known = {row["iteration"] for row in loop.rows}
    assert known == {0, 1, 2, 3}
