"""Train on this, test on that: known answers, leaks, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import distinct_texts
from test_metrics import WORDS, invent

from synthkit.arms import description_rows, standard_arms
from synthkit.comparison import Comparison, Score, compare
from synthkit.errors import SynthkitError
from synthkit.generation import generate
from synthkit.planning import plan
from synthkit.rows import make_rows
from synthkit.seeds import load_seeds
from synthkit.stats import Interval

TEST = invent(120, 90)


def shuffled(rows, state=0):
    labels = [str(x) for x in np.random.default_rng(state).permutation(rows["label"])]
    return make_rows({"id": list(rows["id"]), "text": list(rows["text"]), "label": labels})


def run(arms, **options):
    return compare(arms, test=options.pop("test", TEST), embedder="lsa", progress=False, **options)


@pytest.fixture(scope="module")
def scored():
    train = invent(100, 1)
    return run({"good": train, "shuffled": [shuffled(train, i) for i in range(4)]})


@pytest.mark.parametrize("student", ["tfidf_lr", "minilm_lr"])
def test_rows_that_tell_the_labels_apart_score_high_and_shuffled_labels_near_chance(scored, student):
    good, noise = scored.get("good", student), scored.get("shuffled", student)
    assert good.accuracy.value > 0.97
    assert noise.accuracy.value == pytest.approx(0.5, abs=0.15)
    assert noise.accuracy.high < good.accuracy.low
    assert (good.draws, noise.draws, good.rows, noise.rows) == (1, 4, 100, 100)


def test_a_value_lies_inside_its_interval(scored):
    for score in scored.scores:
        for value in (score.macro_f1, score.accuracy):
            assert 0 <= value.low <= value.value <= value.high <= 1


def test_the_same_call_gives_the_same_scores(scored):
    train = invent(100, 1)
    again = run({"good": train, "shuffled": [shuffled(train, i) for i in range(4)]})
    assert again.to_json() == scored.to_json()


def test_a_training_row_that_repeats_a_test_row_is_refused_and_named():
    leak = TEST["text"][5]
    train = invent(40, 1).to_list()
    train.append({"id": "leak-exact", "text": leak.upper() + "!", "label": TEST["label"][5]})
    train.append({"id": "leak-near", "text": leak + "s", "label": TEST["label"][5]})
    rows = make_rows({key: [r[key] for r in train] for key in train[0]})
    result = run({"leaky": rows, "leaky twice": [rows, rows]}, students=["tfidf_lr"])
    assert [(r.arm, r.id, r.twin) for r in result.refused] == [
        (arm, leaked, "90-5") for arm in ("leaky", "leaky twice") for leaked in ("leak-exact", "leak-near")
    ]
    assert result.refused[0].similarity == 1.0
    assert 0.8 <= result.refused[1].similarity < 1
    assert result.get("leaky", "tfidf_lr").rows == 40


def test_an_arm_made_of_test_rows_alone_has_nothing_left():
    with pytest.raises(SynthkitError, match="arm 'cheat' holds 0 label"):
        run({"cheat": TEST})


def test_an_arm_of_one_label_is_refused_by_name():
    boats = make_rows({"text": ["a hull", "a mast"], "label": ["boats", "boats"]})
    with pytest.raises(SynthkitError, match="arm 'boats only' holds 1 label.* needs two"):
        run({"boats only": boats})


@pytest.mark.parametrize(
    ("arms", "said"),
    [
        ({}, "at least one arm"),
        ({"few": []}, "arm 'few': .* empty list"),
        ({"few": [{"text": "a", "label": "boats"}]}, "arm 'few': expected rows .* got dict"),
        ({"few": "rows.csv"}, "arm 'few': expected rows .* got str"),
        ({"few": make_rows({"text": ["a"]})}, "arm 'few': no column 'label'; columns are: text"),
        ({"few": make_rows({"text": ["a", "b"], "label": ["boats", "bred"]})}, "row few-1: .* did you mean 'bread'"),
    ],
)
def test_arms_that_are_no_rows_are_refused_by_name(arms, said):
    with pytest.raises(SynthkitError, match=said):
        run(arms)


def test_test_rows_of_one_label_and_unknown_students_are_refused():
    with pytest.raises(SynthkitError, match="one label only"):
        run({"a": invent(20, 1)}, test=TEST.filter(lambda r: r["label"] == "boats"))
    with pytest.raises(SynthkitError, match="did you mean 'tfidf_lr'"):
        run({"a": invent(20, 1)}, students=["tfidf"])
    with pytest.raises(SynthkitError, match="test=: expected rows"):
        run({"a": invent(20, 1)}, test=[1])


def result(**f1):
    scores = tuple(
        Score(arm, "minilm_lr", 10, 1, Interval(x, x - 0.01, x + 0.01), Interval(x, x, x)) for arm, x in f1.items()
    )
    resampled = {(arm, "minilm_lr"): np.array([x - 0.01, x, x + 0.01]) for arm, x in f1.items()}
    return Comparison(scores, (), ("a", "b"), 300, "lsa", model="m", resampled=resampled)


def test_the_verdict_says_how_much_of_the_gap_is_closed():
    said = result(real_few=0.6, synthetic=0.7, **{"real_few+synthetic": 0.75}, real_full=0.8)
    assert said.gap_closed("real_few+synthetic", "minilm_lr").value == pytest.approx(0.75)
    assert "Both close 75% [75%, 75%] of the gap" in said.verdict()
    assert "on 10 synthetic rows by m 0.700 [0.690, 0.710]" in said.verdict()
    assert "stand-in" in replace(said, stand_in=True).verdict()


def test_where_there_is_no_gap_none_is_closed():
    said = result(real_few=0.8, synthetic=0.7, **{"real_few+synthetic": 0.75}, real_full=0.81)
    assert said.gap_closed("synthetic", "minilm_lr") is None
    assert "gap" not in said.verdict()
    with pytest.raises(SynthkitError, match="needs the arms real_few"):
        result(real_few=0.6).verdict()


def test_a_comparison_reads_as_a_line_a_table_and_json(scored):
    assert repr(scored).startswith("Comparison: 2 arms on 120 real rows; 95 % intervals")
    assert list(scored.to_frame()["trained on"]) == ["good", "good", "shuffled", "shuffled"]
    said = json.loads(scored.to_json())
    assert said["labels"] == list(WORDS)
    assert len(said["scores"]) == 4
    with pytest.raises(SynthkitError, match="did you mean 'good, tfidf_lr'"):
        scored.get("good", "tfidf")


@pytest.mark.parametrize("sensitive", [False, True])
def test_the_standard_arms_are_drawn_from_train_and_leave_test_alone(cafe, scripted, sensitive):
    task = replace(cafe, sensitive=sensitive)
    made = generate(plan(task, n=12), llm=scripted(distinct_texts), progress=False)
    arms = standard_arms(made, k=2, draws=3)
    assert list(arms) == [
        "real_few",
        "ngram",
        "description",
        "synthetic",
        "real_few+description",
        "real_few+synthetic",
        "real_full",
    ]
    assert [len(rows) for rows in arms["real_few"]] == [6, 6, 6]
    assert [len(rows) for rows in arms["real_few+synthetic"]] == [18, 18, 18]
    assert len(arms["synthetic"][0]) == 12
    held_out = {*task.splits.test["id"], *task.splits.validation["id"]}
    assert not held_out & {i for sets in arms.values() for rows in sets for i in rows["id"]}


def test_a_paired_difference_has_its_own_interval(scored):
    difference = scored.difference("good", "shuffled")
    assert 0 < difference.low <= difference.value <= difference.high
    assert scored.difference("good", "good") == (0, 0, 0)


def test_rows_made_from_seeds_stand_beside_those_seeds_and_no_others(cafe, scripted):
    seeds = load_seeds(cafe, k=2, random_state=7)
    made = generate(plan(cafe, seeds, strategy="few_shot", n=12), llm=scripted(distinct_texts), progress=False)
    arms = standard_arms(made, k=2, draws=3)
    assert [list(rows["id"]) for rows in arms["real_few"]] == [list(seeds.rows["id"])]
    assert len(arms["real_few+synthetic"]) == 1
    with pytest.raises(SynthkitError, match="showed 2 real rows a label"):
        standard_arms(made, k=3)


def test_the_words_of_the_prompt_are_an_arm_of_their_own(cafe):
    said = description_rows(cafe)
    assert set(said["label"]) == set(cafe.labels)
    assert all(text in cafe.labels[label] for text, label in zip(said["text"], said["label"], strict=True))


def test_who_wrote_the_rows_is_named_and_an_ngram_model_is_not_called_a_language_model():
    rows = invent(40, 3)
    by = {"text": list(rows["text"]), "label": list(rows["label"]), "model": ["ngram"] * 40}
    assert run({"synthetic": make_rows(by)}, students=["tfidf_lr"]).model == "ngram (no language model)"
