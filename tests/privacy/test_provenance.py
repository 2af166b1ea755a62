"""Rows say which real rows their words came from, also where no prompt showed one."""

import json

from support.replies import distinct_texts

from synthkit.generation.generate import generate
from synthkit.prompts.plan import plan
from synthkit.quality.evaluate import evaluate
from synthkit.seeds.profile import profile
from synthkit.views.card import make_card


def behind(made) -> set[str]:
    return {i for ids in made.rows["demo_ids"] for i in json.loads(ids)}


def test_rows_of_the_baseline_name_the_seeds_that_it_was_fitted_on(cafe, cafe_seeds):
    made = generate(plan(cafe, cafe_seeds, strategy="zero_shot", n=12), llm="ngram", filters=[], progress=False)
    assert behind(made) == set(cafe_seeds.rows["id"])
    assert make_card(made, licence="mit").facts["made"]["real rows a model was fitted on"] == len(cafe_seeds.rows)


def test_a_report_on_the_baseline_does_not_say_that_no_seed_was_involved(cafe, cafe_seeds):
    made = generate(plan(cafe, cafe_seeds, strategy="zero_shot", n=30), llm="ngram", filters=[], progress=False)
    report = evaluate(made.rows, cafe.splits.train, seeds=cafe_seeds, embedder="lsa", progress=False)
    assert not any("held a seed" in note for note in report.notes)


def test_prompts_with_a_profile_name_the_rows_that_its_words_came_from(cafe, cafe_seeds, scripted):
    told = profile(cafe_seeds, embedder="lsa")
    made = generate(
        cafe, strategy="zero_shot", n=10, profile=told, llm=scripted(distinct_texts), filters=[], progress=False
    )
    assert behind(made) == set(cafe_seeds.rows["id"])
    facts = make_card(made, licence="mit").facts["made"]
    assert (facts["real rows shown in prompts"], facts["real rows told in words"]) == (0, len(cafe_seeds.rows))


def test_rows_from_descriptions_alone_name_no_real_row(cafe, scripted):
    made = generate(cafe, strategy="zero_shot", n=10, llm=scripted(distinct_texts), filters=[], progress=False)
    assert behind(made) == set()
