"""A student says which raw texts it is unsure of, a model labels them, and every text and request is accounted for."""

import json
from dataclasses import replace

import pytest
from datasets import Dataset
from support.hotel import labeller, real_rows, write_hotel

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.generation.label_requests import AGAIN, KNOWN
from synthkit.llm.budget import Budget
from synthkit.llm.store import Store
from synthkit.refinement.loop import refine
from synthkit.seeds.seeds import load_seeds


@pytest.fixture(scope="module")
def hotel(tmp_path_factory):
    return write_hotel(tmp_path_factory.mktemp("tasks") / "hotel", unlabelled=True)


@pytest.fixture(scope="module")
def seeds(hotel):
    return load_seeds(hotel, k=3)


def test_each_iteration_labels_other_texts_and_asks_what_the_student_has_become_unsure_of(hotel, seeds, scripted):
    source = scripted(labeller)
    done = refine(hotel, seeds, n=12, iterations=3, llm=source, progress=False)
    assert [(i.texts, i.labelled) for i in done.iterations] == [(0, 0), (12, 12), (12, 12), (12, 12)]
    assert len(set(done.rows["text"])) == 36
    assert not set(done.rows["text"]) & set(seeds.rows["text"])
    one_go = refine(hotel, seeds, n=36, iterations=1, llm=scripted(labeller), progress=False)
    assert set(one_go.rows["text"]) != set(done.rows["text"])
    assert list(done.to_frame()["iteration"]) == [0, 1, 2, 3]
    assert "36 of 36 texts" in done.summary() and "in 3 iterations" in done.summary()


def test_what_one_seed_a_label_does_not_know_is_learnt_and_shows_on_validation_rows(hotel, scripted):
    one = load_seeds(hotel, k=1)  # of the two subjects of a label
    done = refine(hotel, one, n=6, iterations=2, llm=scripted(labeller), progress=False)
    scores = [i.macro_f1.value for i in done.iterations]
    assert scores[0] < 0.9 < scores[-1]


def test_checks_are_asked_once_and_the_ledger_counts_all_iterations(hotel, seeds, scripted):
    source = scripted(labeller)
    done = refine(hotel, seeds, n=12, iterations=2, llm=source, progress=False)
    done.ledger.check()
    kinds = [request.strategy for request in source.asked]
    assert (kinds.count(AGAIN), kinds.count(KNOWN), len(kinds)) == (1, 1, 4)
    assert (done.ledger.answered, done.ledger.parsed, done.ledger.kept) == (4, 24, 24)
    assert (done.agreed, done.right) == ((12, 12), (9, 9))


def test_a_text_without_a_label_is_not_asked_about_again_and_stands_among_the_drops(hotel, seeds, scripted):
    def shy(request):
        texts = json.loads(labeller(request))["texts"]
        return json.dumps({"texts": [{**t, "label": "unclear"} if t["number"] == 1 else t for t in texts]})

    done = refine(hotel, seeds, n=10, iterations=3, llm=scripted(shy), progress=False)
    done.ledger.check()
    dropped = list(done.dropped()["text"])
    assert dropped and len(set(dropped)) == len(dropped)
    assert not set(dropped) & set(done.rows["text"])
    assert len(done.rows) + len(dropped) == 30


def test_it_ends_with_the_pool_and_with_the_budget(hotel, seeds, scripted):
    few = hotel.splits.unlabelled.select(range(14))
    done = refine(hotel, seeds, pool=few, n=10, iterations=9, llm=scripted(labeller), progress=False)
    assert sum(i.texts for i in done.iterations) == 14 - len(set(few["text"]) & set(seeds.rows["text"]))
    capped = refine(hotel, seeds, n=10, iterations=9, llm=scripted(labeller), budget=Budget(requests=4), progress=False)
    assert capped.ledger.answered == 4
    assert 0 < len(capped.rows) < 60
    assert "the budget ended here" in capped.summary()


def test_run_again_it_asks_nothing_and_gives_the_same_rows(hotel, seeds, tmp_path, scripted):
    with Store(tmp_path / "replies.sqlite") as store:
        asked = {"n": 8, "iterations": 2, "store": store, "progress": False}
        source, again = scripted(labeller), scripted(labeller)
        for one in (source, again):
            one.identity = "scripted"
        first = refine(hotel, seeds, llm=source, **asked)
        second = refine(hotel, seeds, llm=again, **asked)
    assert source.asked and not again.asked
    assert first.rows["id"] == second.rows["id"]


def test_synthetic_rows_are_of_the_student_and_not_of_the_result(hotel, seeds, scripted):
    texts = [text for _, text, label in real_rows("test", 8)]
    known = make_rows({"id": texts, "text": texts, "label": [label for *_, label in real_rows("test", 8)]})
    asked = {"n": 12, "iterations": 1, "progress": False}
    with_them = refine(hotel, seeds, synthetic=known, llm=scripted(labeller), **asked)
    without = refine(hotel, seeds, llm=scripted(labeller), **asked)
    assert set(with_them.rows["text"]) != set(without.rows["text"])
    assert not set(with_them.rows["text"]) & set(texts)


def test_texts_without_ids_do_as_well(hotel, seeds, scripted):
    pool = hotel.splits.unlabelled.select_columns(["text"])
    done = refine(hotel, seeds, pool=pool, n=9, iterations=2, llm=scripted(labeller), progress=False)
    assert len(set(done.rows["id"])) == len(done.rows) == 18


def test_texts_that_judge_the_student_are_left_out_of_a_pool_and_never_shown(hotel, seeds, scripted):
    splits, raw = hotel.splits, hotel.splits.unlabelled
    known = set(seeds.rows["text"]) | set(splits.validation["text"]) | set(splits.test["text"])
    free = [text for text in raw["text"] if text not in known][:6]
    edited = splits.test["text"][2].split()
    edited[0], edited[1] = edited[1], edited[0]
    judging = [splits.validation["text"][0].upper(), splits.test["text"][1], " ".join(edited)]
    pool, source = make_rows({"text": [*judging, *free]}), scripted(labeller)
    with pytest.warns(UserWarning, match="3 texts of pool= left out: they are validation or test rows"):
        done = refine(hotel, seeds, pool=pool, n=20, iterations=1, llm=source, progress=False)
    assert set(done.rows["text"]) == set(free)
    assert "in 1 iteration: " in done.summary()
    shown = "".join(request.messages[-1]["content"] for request in source.asked)
    assert free[0] in shown and not any(text in shown for text in judging)


def test_what_cannot_be_done_is_said_before_anything_is_asked(hotel, seeds, scripted):
    source = scripted(labeller)
    with pytest.raises(SynthkitError, match="iterations=0: expected a whole number"):
        refine(hotel, seeds, iterations=0, llm=source)
    bare = replace(hotel, source={name: file for name, file in hotel.source.items() if name != "unlabelled"})
    with pytest.raises(SynthkitError, match=r"which texts\? pool="):
        refine(bare, seeds, llm=source)
    with pytest.raises(SynthkitError, match="pool= has no text that"):
        refine(hotel, seeds, pool=hotel.splits.unlabelled.select([]), llm=source)
    for wrong, words in (
        ({"seeds": seeds.rows}, "seeds=Dataset: expected seeds"),
        ({"pool": ["a room", "a soup"]}, r"pool=: expected rows \(a datasets.Dataset\); got list"),
        ({"synthetic": hotel.splits.unlabelled}, "synthetic=: no column 'label'"),
        ({"task": "hotel"}, "task=str: expected what sk.load_task"),
        ({"n": 0}, "n=0: expected a whole number"),
        ({"n": True}, "n=True: expected a whole number"),
        ({"iterations": True}, "iterations=True: expected a whole number"),
        ({"pool": Dataset.from_dict({"text": [1, 2, 3]})}, "pool= holds 1 for a text"),
        ({"synthetic": make_rows({"id": ["a"], "text": ["a late bus"], "label": ["bus"]})}, "unknown label 'bus'"),
    ):
        with pytest.raises(SynthkitError, match=words):
            refine(**{"task": hotel, "seeds": seeds, "llm": source, **wrong})
    assert not source.asked
