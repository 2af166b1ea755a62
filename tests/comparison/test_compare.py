"""Train on this, test on that: known answers, leaks, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from support.replies import distinct_texts
from support.results import result
from support.rows import WORDS, invent

from synthkit.comparison.arms import Arm, as_arm, description_rows, joined, numbered, standard_arms
from synthkit.comparison.compare import compare
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.generation.generate import generate
from synthkit.prompts.plan import plan
from synthkit.seeds.seeds import load_seeds

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
    with pytest.raises(SynthkitError, match="arm 'cheat': no row is left"):
        run({"cheat": TEST})


@pytest.mark.parametrize("student", ["tfidf_lr", "minilm_lr"])
def test_an_arm_of_one_label_says_it_always_and_the_lack_is_told(student):
    boats = make_rows({"text": ["a hull", "a mast", "a keel"], "label": ["boats"] * 3})
    done = run({"boats only": boats, "good": invent(60, 1)}, students=[student])
    score = done.get("boats only")
    share = TEST["label"].count("boats") / len(TEST)
    assert score.accuracy.value == pytest.approx(share)
    assert score.macro_f1.value == pytest.approx(share / (share + 1), abs=1e-6)  # f1 of boats is 2s / (1 + s), bread 0
    assert (score.missing, score.settings) == (("bread",), ("one label only",))
    assert done.notes == ("boats only has no row of: bread; it is scored all the same",)
    assert list(done.per_class().to_frame()["boats only"]) == ["1.000", "0.000"]


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


def test_the_verdict_says_how_much_of_the_gap_is_closed():
    said = result(real_few=0.6, synthetic=0.7, **{"real_few+synthetic": 0.75}, real_full=0.8)
    assert said.gap_closed("real_few+synthetic", "minilm_lr").value == pytest.approx(0.75)
    assert "Both close 75% [69%, 81%] of the gap" in said.verdict()
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
    assert scored.covers == "cover test rows, 4 draws of training rows and the luck of rows that were drawn once"
    said = json.loads(scored.to_json())
    assert said["labels"] == list(WORDS)
    assert len(said["scores"]) == 4
    with pytest.raises(SynthkitError, match="did you mean 'good, tfidf_lr'"):
        scored.get("good", "tfidf")


@pytest.mark.parametrize("sensitive", [False, True])
def test_the_standard_arms_are_drawn_from_train_and_leave_test_alone(cafe, scripted, sensitive):
    task = replace(cafe, sensitive=sensitive)
    made = generate(plan(task, strategy="zero_shot", n=12), llm=scripted(distinct_texts), progress=False)
    arms = standard_arms(made, k=2, draws=3)
    assert list(arms) == [
        "real_few",
        "ngram",
        "description",
        "synthetic_few",
        "synthetic",
        "real_few+description",
        "real_few+synthetic",
        "real_4",
        "real_full",
    ]
    assert {len(rows) for rows in arms["synthetic_few"]} == {6}
    assert {name: arm.real for name, arm in arms.items() if name != "ngram"} == {
        "real_few": 6,
        "description": 0,
        "synthetic_few": 0,
        "synthetic": 0,
        "real_few+description": 6,
        "real_few+synthetic": 6,
        "real_4": 12,
        "real_full": 18,
    }
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


def test_a_perfect_arm_closes_the_gap_fixes_the_errors_and_is_told_from_noise():
    train, test = invent(200, 1), invent(120, 90)
    few = [shuffled(invent(20, 10 + i), i) for i in range(8)]
    done = run({"real_few": few, "perfect": train}, test=test, primary=("perfect", "real_few"), students=["tfidf_lr"])
    assert done.get("perfect").macro_f1 == (1, 1, 1)
    line = done.contrasts().to_frame().iloc[0]
    assert (line["contrast"], line["corrected p"], line["caused"]) == ("perfect - real_few", "primary", 0)
    assert line["fixed"] > 20 and line["p"] == line["McNemar p"] == "< 0.001"
    errors = done.errors(rows=test).to_frame()
    assert set(errors["change"]) == {"fixed"}
    assert (errors["label"] == errors["says now"]).all() and (errors["label"] != errors["said before"]).all()
    texts = dict(zip(test["id"], test["text"], strict=True))
    assert all(texts[i] == text for i, text in zip(errors["id"], errors["text"], strict=True))
    assert "fixed and 0 caused in 120 test rows" in done.errors().summary()


def test_equal_arms_tie_and_nothing_is_claimed():
    train = invent(60, 1)
    done = run({"a": shuffled(train, 1), "b": shuffled(train, 1)}, primary=("a", "b"), students=["minilm_lr"])
    line = done.contrasts().to_frame().iloc[0]
    assert (line["macro-F1 difference [95 %]"][:8], line["p"], line["McNemar p"]) == ("0.000 [-", "1.000", "1.000")
    assert len(done.errors().to_frame()) == 0
    assert "0 errors fixed and 0 caused" in done.errors().summary()


def test_generations_are_crossed_with_draws_and_the_header_says_so(cafe, scripted):
    def script(request):
        return distinct_texts(request)

    made = [
        generate(plan(cafe, strategy="zero_shot", n=12, random_state=i), llm=scripted(script), progress=False)
        for i in range(2)
    ]
    arms = standard_arms(made, k=2, draws=3)
    assert arms["synthetic"].units == ((0, 0), (1, 0))
    assert sorted(arms["real_few+synthetic"].units) == [(g, d) for g in range(2) for d in range(3)]
    some = ("real_few", "synthetic", "real_few+synthetic", "description")
    done = run({name: arms[name] for name in some}, test=cafe.splits.test, students=["tfidf_lr"])
    assert done.covers == "cover test rows, 3 draws of training rows and 2 generations"
    assert (done.get("real_few+synthetic").generations, done.get("real_few+synthetic").draws) == (2, 3)
    one = run({"synthetic": arms["synthetic"][0]}, test=cafe.splits.test, students=["tfidf_lr"])
    assert one.covers == "cover test rows and the luck of rows that were drawn once, not another run of the generator"


def test_draws_and_generations_that_share_rows_have_one_number_and_others_have_others():
    real = [invent(20, i) for i in range(3)]
    made, others = ([invent(30, start + g) for g in range(2)] for start in (50, 60))
    units = tuple((g, d) for g in range(2) for d in range(3))

    def both(generations):
        return Arm(tuple(joined(real[d], generations[g]) for g, d in units), units)

    arms = {
        "few": as_arm("few", real),
        "turned": as_arm("turned", real[::-1]),
        "unlike": as_arm("unlike", [invent(20, 10 + i) for i in range(3)]),
        "both": both(made),
        "made": Arm(tuple(rows.select(range(20)) for rows in made), ((0, 0), (1, 0))),
        "other": both(others),
    }
    found = numbered(arms, {name: [(r["text"], r["label"]) for r in arm] for name, arm in arms.items()})
    assert found["few"] == ((0, 0), (0, 1), (0, 2))
    assert found["turned"] == ((0, 2), (0, 1), (0, 0))
    assert found["unlike"] == ((0, 3), (0, 4), (0, 5))
    assert [d for _, d in found["both"]] == [d for _, d in found["other"]] == [0, 1, 2, 0, 1, 2]
    assert [g for g, _ in found["made"]] == sorted({g for g, _ in found["both"]})
    assert not {g for g, _ in found["other"]} & {g for g, _ in found["both"]}


def test_synthetic_rows_whose_prompts_showed_seeds_count_those_seeds(cafe, scripted):
    seeds = load_seeds(cafe, k=2)
    made = [
        generate(
            plan(cafe, seeds, strategy="few_shot", n=12, random_state=i), llm=scripted(distinct_texts), progress=False
        )
        for i in range(2)
    ]
    arms = standard_arms(made, k=2)
    assert (arms["synthetic"].real, len(arms["real_few"]), len(arms["real_few+synthetic"])) == (6, 1, 2)
    some = ("real_few", "synthetic", "real_few+synthetic", "real_full")
    done = run({name: arms[name] for name in some}, test=cafe.splits.test, students=["tfidf_lr"])
    assert "(their prompts showed 6 real ones)" in done.verdict()


def test_prompts_that_showed_a_test_row_are_refused(cafe, scripted):
    rows = [*load_seeds(cafe, k=2).rows.to_list()]
    rows[0] = {**rows[0], "text": cafe.splits.test["text"][0] + "!!"}
    leaky = load_seeds(make_rows({key: [r[key] for r in rows] for key in ("id", "text", "label")}), k=2)
    made = generate(plan(cafe, leaky, strategy="few_shot", n=12), llm=scripted(distinct_texts), progress=False)
    with pytest.raises(SynthkitError, match="1 of 6 seeds that the prompts showed are in the test rows"):
        standard_arms(made, k=2)


class Contrary:
    """Learns which label is commonest, and always says the other."""

    def fit(self, texts, labels):
        self.says = min(set(labels), key=list(labels).count)
        return self

    def predict(self, texts):
        return [self.says] * len(texts)


def test_any_object_with_fit_and_predict_is_a_student_and_stays_as_it_is():
    mine = Contrary()
    train = invent(40, 1).select(range(31))
    done = run({"a": train}, students={"mine": mine, "words": "tfidf_lr"})
    assert not hasattr(mine, "says")
    assert done.get("a", "mine").accuracy.value == pytest.approx(0.5, abs=0.05)
    assert done.get("a", "words").accuracy.value > 0.9
    with pytest.raises(SynthkitError, match="student 'mine': expected a name or an object with fit"):
        run({"a": train}, students={"mine": 3})
    with pytest.raises(SynthkitError, match="expected a list of names"):
        run({"a": train}, students="tfidf_lr")


def test_a_student_that_answers_with_unknown_labels_is_refused():
    with pytest.raises(SynthkitError, match="other labels than"):
        run({"a": invent(40, 1)}, students={"mine": Nonsense()})


class Nonsense(Contrary):
    def predict(self, texts):
        return ["ships"] * len(texts)


def test_a_famous_benchmark_is_called_one(cafe):
    task = replace(cafe, public_since=2019)
    done = run({"full": cafe.splits.train}, test=cafe.splits.test, students=["tfidf_lr"], task=task)
    assert "public since 2019: the model that wrote the synthetic ones has probably read them" in done.notes[-1]


def test_a_contrast_must_name_arms_and_an_arm_knows_its_units(scored):
    with pytest.raises(SynthkitError, match="unknown arm in primary= 'bad'"):
        run({"good": invent(40, 1)}, primary=("bad", "good"))
    with pytest.raises(SynthkitError, match="name two arms"):
        scored.errors()
    with pytest.raises(SynthkitError, match="no contrast to show"):
        scored.contrasts()
    arm = Arm((TEST, TEST), ((0, 0), (1, 0)))
    assert (len(arm), arm[1]) == (2, TEST)
