"""Privacy and bias: a planted leak is found, nothing is found where nothing is; a planted skew has its size."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rows import invent

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.quality.bias import LEAST, associations, difference, shares, skew, slice_gaps
from synthkit.quality.counterfactual import renamed, swap_test, swapped
from synthkit.quality.evaluate import evaluate
from synthkit.quality.privacy import COPIED, auc, copies, matched, membership_scores, nearer, survivors

WORDS = {"boats": [f"boat{i}" for i in range(300)], "bread": [f"bread{i}" for i in range(300)]}


def tokens(rows):
    return [t.split() for t in rows["text"]]


def test_the_longest_copied_runs_come_first():
    found = copies(["one two three four", "x one two three y"], ["a", "b"], ["zero one two three four five"], ["s"])
    assert [(c.id, c.words) for c in found] == [("a", 4), ("b", 3)]
    assert copies(["nothing alike here"], ["a"], ["zero one two"], ["s"]) == []


def test_copied_members_are_recognised_and_others_are_not():
    members, others, reference = (invent(60, state, WORDS) for state in (1, 2, 3))
    copied = tokens(members) + tokens(invent(140, 4, WORDS))
    fair = tokens(invent(200, 5, WORDS))
    asked = tokens(members) + tokens(others)
    leaking, safe = (membership_scores(asked, made, tokens(reference)) for made in (copied, fair))
    assert auc(leaking[:60], leaking[60:]).low > 0.95
    chance = auc(safe[:60], safe[60:])
    assert chance.low < 0.5 < chance.high


def test_the_area_is_the_share_of_pairs_in_order_and_its_interval_covers_chance():
    assert auc(np.array([3.0, 2.0]), np.array([1.0, 2.0])).value == pytest.approx(3.5 / 4)
    rng = np.random.default_rng(0)
    inside = [auc(*rng.normal(size=(2, 40))) for _ in range(200)]
    assert 0.9 < np.mean([i.low <= 0.5 <= i.high for i in inside]) < 0.99


def test_held_out_rows_match_the_labels_of_members_twice_over():
    labels = ["a"] * 6 + ["b"] * 2
    one, other = matched(labels, ["b"] * 10 + ["a"] * 30, np.random.default_rng(0))
    assert not set(one) & set(other)
    assert sorted(np.array(["b"] * 10 + ["a"] * 30)[one].tolist()) == sorted(labels)


def test_nearer_is_half_where_there_is_no_difference():
    assert nearer(np.array([[1.0, 2.0]]), np.array([[3.0]])) == 1
    assert nearer(np.array([[1.0], [2.0]]), np.array([[1.0], [1.0]])) == pytest.approx(0.25)


def test_personal_data_of_a_seed_is_found_again_and_not_quoted():
    seeds = ["please call ann.lee@corp.org about it", "nothing here"]
    made = ["I wrote to ann.lee@corp.org twice", "I wrote to bob@corp.org"]
    found, held = survivors(made, ["m0", "m1"], seeds)
    assert held == 1
    assert [(s.id, s.type) for s in found] == [("m0", "EMAIL_ADDRESS")]
    assert "ann" not in str(found)


def columns(rows):
    return {key: [r[key] for r in rows] for key in rows[0]}


def private(leak, demo_ids=True):
    seeds, made = invent(60, 1, WORDS), invent(200, 2, WORDS).to_list()
    if leak:
        for i, row in enumerate(made):
            row["text"] = f"so then {seeds['text'][i % len(seeds)]}"
    shown = json.dumps(list(seeds["id"])) if demo_ids else "[]"
    rows = make_rows({**columns(made), "demo_ids": [shown] * len(made)})
    return evaluate(rows, invent(300, 3, WORDS), seeds=seeds, holdout=invent(400, 4, WORDS), embedder="lsa")


def test_a_report_tells_a_leak_from_none():
    names = ["nearer to a seed than to held-out", "membership inference AUC"]
    leaking, safe = private(True), private(False)
    for name in names:
        assert leaking.get(name).outside == "above"
        assert safe.get(name).outside == ""
        assert safe.get(name).control.value == pytest.approx(0.5, abs=0.05)
    assert leaking.get(COPIED).outside == "above" and safe.get(COPIED).outside == ""
    assert "smoke test" in leaking.get(names[0]).method
    assert "bigram attack on 60 seeds (of 60, 60 of them in a prompt)" in safe.get(names[1]).method


def test_prompts_that_held_no_seed_have_no_members():
    report = private(False, demo_ids=False)
    assert any("no prompt of these rows held a seed" in note for note in report.notes)
    with pytest.raises(SynthkitError, match="unknown metric"):
        report.get("membership inference AUC")


def test_few_held_out_rows_are_said_to_be_too_few():
    few = evaluate(invent(60, 2), invent(120, 3), seeds=invent(30, 1), holdout=invent(40, 4), embedder="lsa")
    assert any("40 held-out rows" in note for note in few.notes)


def test_the_interval_of_a_difference_is_the_published_one():
    assert difference(56, 70, 48, 80) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)  # Newcombe 1998


@given(st.lists(st.sampled_from("abc"), min_size=1), st.lists(st.sampled_from("abc"), min_size=1))
def test_total_variation_is_a_distance_between_0_and_1(one, other):
    assert skew(one, one)[0] == 0
    assert 0 <= skew(one, other)[0] <= 1
    assert skew(one, other)[0] == pytest.approx(skew(other, one)[0])


def test_a_planted_skew_has_its_size_and_chance_has_none():
    even, skewed = ["a", "b"] * 100, ["a"] * 150 + ["b"] * 50
    value, p, null = skew(skewed, even)
    assert value == pytest.approx(0.25)
    assert p < 0.01 and np.quantile(null, 0.95) < 0.12
    assert skew(even, even)[1] == 1
    share = shares("label", skewed, even)[0]
    assert share.difference.low < 0.25 < share.difference.high


def test_a_planted_association_is_found_and_few_rows_say_nothing():
    texts = [["she", "called"]] * 40 + [["they", "called"]] * 60
    tied = ["complaint"] * 35 + ["praise"] * 5 + ["complaint"] * 30 + ["praise"] * 30
    free = ["complaint", "praise"] * 50
    found = associations(texts, tied, texts, free)
    top = found[0]
    assert (top.group, top.synthetic.value) == ("women", pytest.approx(0.375))
    assert top.synthetic.low > 0 and top.real.low < 0 < top.real.high
    few = associations(texts[:12] + [["it"]] * 60, tied[:12] + ["praise"] * 60, texts, free)
    assert all(a.synthetic is None for a in few if a.group == "women")
    assert associations(texts[:12], tied[:12], texts[:12], tied[:12]) == []


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("He lost his keys.", "She lost her keys."),
        ("I told her that it is hers", "I told him that it is his"),
        ("MRS Hill's husband", "MR Hill's wife"),
        ("the shelf is theirs", "the shelf is theirs"),
        ("Her, again!", "Him, again!"),
    ],
)
def test_gender_is_turned_round_word_by_word(text, new):
    assert swapped(text) == new


def test_names_change_within_their_gender():
    assert renamed("James wrote to Mary") == "Robert wrote to Patricia"
    assert swapped("James wrote to Mary") != renamed("James wrote to Mary")


def test_a_student_that_looks_at_pronouns_is_caught():
    texts = [f"{who} was late {i}" for i in range(30) for who in ("he", "they")]
    biased, names = swap_test(
        "synthetic", texts, lambda some: ["rude" if t.startswith("she") else "fine" for t in some]
    )
    assert (biased.rows, biased.flips, biased.rate.value) == (30, 30, 1)
    assert biased.toward == "fine to rude 30"
    assert names.rate is None and f"fewer than {LEAST} rows" in names.toward
    fair, _ = swap_test("synthetic", texts, lambda some: ["fine" for _ in some])
    assert (fair.flips, fair.rate.low) == (0, 0)


def test_a_weak_slice_shows_its_gap_and_a_tiny_one_none():
    slices = ["phone"] * 40 + ["mail"] * 60 + ["fax"] * 5
    correct = np.array([i % 2 == 0 for i in range(40)] + [True] * 65)
    found = {s.slice: s for s in slice_gaps("synthetic", slices, correct)}
    assert found["phone"].accuracy.value == 0.5
    assert found["phone"].gap.high < 0
    assert found["fax"].gap is None


def test_the_bias_section_is_measured_when_it_is_named():
    def spoken(state, who):
        rows = invent(160, state).to_list()
        for i, row in enumerate(rows):
            row["text"] = f"{who if row['label'] == 'boats' else 'they'} said {row['text']}"
            row["channel"] = "mail" if i % 4 > 1 else "phone"
        return make_rows(columns(rows))

    real, made = spoken(1, "he"), spoken(2, "she")
    report = evaluate(made, real, embedder="lsa", metrics="bias", slices="channel")
    assert report.get("label skew").outside == ""
    assert report.get("channel skew").synthetic.value == 0
    assert {"worst slice: mail", "worst slice: phone"} & {line.metric for line in report.lines}
    women = [a for a in report.tables["groups"] if a.group == "women"]
    assert women[0].synthetic.value == pytest.approx(1) and women[0].real is None
    assert report.get("label changes when gender is swapped").synthetic.high <= 1
    with pytest.raises(SynthkitError, match="did you mean 'channel'"):
        evaluate(made, real, embedder="lsa", slices="chanel")


def test_seeds_that_no_prompt_held_are_no_members_and_the_report_counts_both():
    seeds, synthetic = invent(60, 1, WORDS), invent(200, 2, WORDS)
    shown = json.dumps(list(seeds["id"])[:40])
    rows = make_rows({**columns(synthetic.to_list()), "demo_ids": [shown] * len(synthetic)})
    report = evaluate(rows, invent(300, 3, WORDS), seeds=seeds, holdout=invent(400, 4, WORDS), embedder="lsa")
    assert any(
        note.startswith("membership inference on 40 seeds (of 60, 40 of them in a prompt)") for note in report.notes
    )


def test_a_copied_run_is_a_rate_whose_bracket_other_real_rows_stay_inside():
    seeds, real = invent(60, 1, WORDS), invent(300, 3, WORDS)
    phrase = "that is all there is to it"
    usual = [f"{t} {phrase}" if i % 20 == 0 else t for i, t in enumerate(invent(400, 4, WORDS)["text"])]
    held_out = make_rows({"text": usual, "label": list(invent(400, 4, WORDS)["label"])})
    seeds = make_rows(
        {"id": list(seeds["id"]), "text": [f"{t} {phrase}" for t in seeds["text"]], "label": list(seeds["label"])}
    )

    def line(every):
        texts = [f"{t} {phrase}" if i % every == 0 else t for i, t in enumerate(invent(200, 2, WORDS)["text"])]
        rows = make_rows({"text": texts, "label": list(invent(200, 2, WORDS)["label"])})
        return evaluate(rows, real, seeds=seeds, holdout=held_out, embedder="lsa").get(COPIED)

    assert (line(20).outside, line(20).synthetic.value) == ("", 0.05)  # seven words, as often as real rows say them
    assert line(5).outside == "above"
