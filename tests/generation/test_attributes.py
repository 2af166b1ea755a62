"""Proposed attributes: what a model lists, without what could be of another label."""

import json
import re

import pytest
import yaml

from synthkit.core.errors import SynthkitError
from synthkit.generation.attributes import FORMS, TOPICS, proposal_requests, propose_attributes
from synthkit.llm.budget import Budget
from synthkit.prompts.plan import plan
from synthkit.tasks.task import load_task

TOPIC = {"animals": "a cat that sleeps", "menu": "the soup of the day", "visits": "a booked table"}


def planner(request):
    """Lists values of the label, one that stands under two labels and one that is of another; then labels them."""
    if request.strategy == "propose_attributes":
        own = TOPIC.get(request.label, "short and grumpy")
        values = [f"{own}, kind {i}" for i in range(request.count - 3)]
        values += ["the owner" if request.label != "animals" else "a whisker", "price of the " + own, "w " * 40]
        return json.dumps({"texts": [{"number": i, "value": v} for i, v in enumerate(values, 1)]})
    lines = [json.loads(x) for x in re.findall(r'^{"number".*}$', request.messages[-1]["content"], flags=re.M)]
    return json.dumps({"texts": [{"number": x["number"], "label": label_of(x["text"])} for x in lines]})


def label_of(value):
    if value.startswith("price of"):
        return "menu"
    return next((label for label, topic in TOPIC.items() if value.startswith(topic)), "unclear")


def test_ambiguous_values_are_dropped_each_with_its_reason(cafe, scripted):
    found = propose_attributes(cafe, llm=scripted(planner), progress=False)
    about = found.attributes["about"]
    assert {label: len(values) for label, values in about.items()} == {"animals": 9, "menu": 10, "visits": 9}
    reasons = {(label, value): reason for label, value, reason in found.dropped}
    assert reasons["menu", "the owner"] == "also proposed for visits"
    assert reasons["animals", "a whisker"] == "the model labels it unclear"
    assert reasons["visits", "price of the a booked table"] == "the model labels it menu"
    assert not any(value.startswith("w w") for values in about.values() for value in values)
    assert "5 dropped" in repr(found) or f"{len(found.dropped)} dropped" in repr(found)


def test_the_task_plans_with_what_was_proposed(cafe, scripted):
    found = propose_attributes(cafe, llm=scripted(planner), progress=False)
    chosen = plan(found.use(), strategy="attributed", n=15)
    values = {v for r in chosen.slots for a in r.attributes for v in a.values()}
    assert values <= set(found.to_frame()["value"])
    assert yaml.safe_load(found.to_yaml())["attributes"] == found.attributes
    assert cafe.attributes != found.use().attributes


def test_the_requests_hold_the_labels_and_no_real_row(cafe):
    requests = proposal_requests(cafe)
    assert [r.count for r in requests] == [FORMS, *[TOPICS] * 3]
    said = "\n".join(m["content"] for r in requests for m in r.messages)
    assert all(meaning in said for meaning in cafe.labels.values())
    assert not any(text in said for text in cafe.splits.train["text"])


def test_a_model_that_proposes_nothing_is_an_error_and_a_budget_holds(cafe, scripted):
    with pytest.raises(SynthkitError, match="proposed nothing of use for animals, menu, visits, form"):
        propose_attributes(cafe, llm=scripted(lambda r: '{"texts": []}'), progress=False)
    asked = scripted(planner)
    with pytest.raises(SynthkitError, match="proposed nothing of use"):
        propose_attributes(cafe, llm=asked, budget=Budget(requests=2), progress=False)
    assert len(asked.asked) == 2


def test_the_recorded_proposal_for_feedback_gives_every_label_some_values():
    task = load_task("feedback")
    found = propose_attributes(task, progress=False)
    assert set(found.attributes["about"]) == set(task.labels)
    assert all(len(values) >= 8 for values in found.attributes["about"].values())
