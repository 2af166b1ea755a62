"""Arms: what a classifier can be trained on, and which of it there is."""

from dataclasses import replace

import pytest
from support.cafe import TRAIN, annotator
from support.replies import distinct_texts

from synthkit.comparison.arms import standard_arms
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.generation.annotate import annotate
from synthkit.generation.generate import generate
from synthkit.prompts.plan import plan
from synthkit.seeds.seeds import load_seeds


def test_a_task_that_does_not_say_what_its_labels_mean_has_no_arm_of_descriptions(cafe):
    seeds = load_seeds(cafe, k=4)
    plain = replace(cafe, labels=dict.fromkeys(cafe.labels, "x"), attributes={})
    made = generate(plain, seeds, n=12, llm="ngram", progress=False)
    with pytest.warns(UserWarning, match="does not say what its labels mean: no arm of descriptions"):
        arms = standard_arms(made, k=4)
    assert "description" not in arms and "real_few+description" not in arms
    assert {"real_few", "synthetic", "real_few+synthetic", "real_full"} <= set(arms)


def test_raw_rows_that_a_model_labelled_stand_beside_the_others_with_what_each_arm_cost(cafe, scripted):
    made = generate(plan(cafe, strategy="zero_shot", n=24), llm=scripted(distinct_texts), filters=[], progress=False)
    raw = make_rows({"id": [f"raw-{i}" for i in range(24)], "text": [t for ts in TRAIN.values() for t in ts]})
    annotated = annotate(raw, cafe, llm=scripted(annotator), progress=False)
    for wrong in (annotated.rows, made):
        with pytest.raises(SynthkitError, match=rf"annotated={type(wrong).__name__}: expected what sk.annotate"):
            standard_arms(made, k=2, draws=2, annotated=wrong)
    arms = standard_arms(made, k=2, draws=2, annotated=annotated)
    both = arms["real_few+annotated"]
    assert [len(rows) for rows in both] == [24, 24]  # six seeds are among the raw rows, and stand there once
    assert both.real == 24 and arms["annotated"].real == 24
    costs = {name: arms[name].requests for name in ("annotated", "synthetic", "real_few+synthetic+annotated")}
    assert costs == {"annotated": 4, "synthetic": 5, "real_few+synthetic+annotated": 9}
    assert arms["real_few+mixed"].requests == arms["real_few+synthetic"].requests == 5
    assert len(arms["real_few+mixed"][0]) == 24 + round(24 / 5)
    assert len(arms["real_few+synthetic+annotated"][0]) == 48


def test_rows_that_were_shown_beside_the_texts_count_as_real_and_may_not_judge(cafe, scripted):
    made = generate(plan(cafe, strategy="zero_shot", n=12), llm=scripted(distinct_texts), filters=[], progress=False)
    raw = make_rows({"id": [f"raw-{i}" for i in range(6)], "text": [t for ts in TRAIN.values() for t in ts[:2]]})
    examples = load_seeds(cafe, k=3, random_state=9)
    annotated = annotate(raw, cafe, examples=examples, twice=0, llm=scripted(annotator), progress=False)
    assert annotated.examples is examples
    arms = standard_arms(made, k=2, draws=2, annotated=annotated)
    unlabelled = set(examples.rows["text"]) - set(raw["text"])
    assert arms["annotated"].real == 6 + len(unlabelled) > 6
    known = [set(few["text"]) | set(raw["text"]) for few in arms["real_few"]]
    assert arms["real_few+annotated"].real >= max(len(some | unlabelled) for some in known) - 1
    leaking = replace(annotated, examples=replace(examples, rows=cafe.splits.test.select(range(2))))
    with pytest.raises(SynthkitError, match="2 of 2 seeds that the prompts showed are in the test rows"):
        standard_arms(made, k=2, draws=2, annotated=leaking)


def test_where_labelling_costs_as_much_as_writing_there_is_no_mixed_arm(cafe, scripted):
    made = generate(plan(cafe, strategy="zero_shot", n=12), llm=scripted(distinct_texts), filters=[], progress=False)
    raw = make_rows({"id": [f"raw-{i}" for i in range(24)], "text": [t for ts in TRAIN.values() for t in ts]})
    annotated = annotate(raw, cafe, llm=scripted(annotator), progress=False)
    assert "real_few+mixed" not in standard_arms(made, k=2, draws=1, annotated=annotated)
