"""A plan is a function of task, seeds, strategy and random state, slot by slot."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.errors import SynthkitError
from synthkit.llm.request import Request
from synthkit.prompts.plan import in_turn, plan
from synthkit.seeds.anonymizer import anonymize


def test_labels_take_turns_and_slots_are_numbered(cafe):
    slots = plan(cafe, strategy="zero_shot", n=40).slots
    assert [r.slot for r in slots] == list(range(11))
    assert [r.label for r in slots[:4]] == ["animals", "menu", "visits", "animals"]


@pytest.mark.parametrize("strategy", ["zero_shot", "few_shot", "attributed"])
def test_a_smaller_plan_begins_a_larger_one(cafe, cafe_seeds, strategy):
    small, large = (plan(cafe, cafe_seeds, strategy=strategy, n=n).slots for n in (40, 240))
    assert large[: len(small)] == small
    assert len({r.custom_id for r in large}) == len(large)


def test_no_slot_moves_when_another_random_state_is_asked_for(cafe):
    first, second = (plan(cafe, strategy="attributed", n=20, random_state=s).slots for s in (0, 1))
    assert [r.label for r in first] == [r.label for r in second]
    assert [r.attributes for r in first] != [r.attributes for r in second]


def test_a_plan_covers_what_is_needed_and_some_more(cafe):
    chosen = plan(cafe, strategy="zero_shot", n=41)
    assert chosen.first_wave == 9
    assert len(chosen.slots) == 11
    assert "41 rows of 'cat_cafe' by zero_shot, 9 requests of 5 texts, 2 more" in repr(chosen)


def test_the_very_prompt_can_be_read(cafe):
    chosen = plan(cafe, strategy="zero_shot", n=10)
    assert chosen.slots[1].messages[1]["content"] in chosen.show(1)
    assert "what there is to eat and drink" in chosen.show(1)
    with pytest.raises(SynthkitError, match="slot=9 is not in this plan; it has slots 0 to 2"):
        chosen.show(9)


def test_a_plan_shows_itself_as_a_table(cafe):
    frame = plan(cafe, strategy="attributed", n=10).to_frame()
    assert list(frame["slot"]) == [0, 1, 2]
    assert (frame["prompt_tokens"] > 100).all()
    assert frame["attributes"][0].count(" | ") == 4


def test_an_estimate_grows_with_n_and_guesses_no_price(cafe):
    small, large = (
        plan(cafe, strategy="zero_shot", n=10).estimate(),
        plan(cafe, strategy="zero_shot", n=100).estimate("gpt-4o-mini"),
    )
    assert small.usd is None
    assert large.tokens_in > small.tokens_in
    assert 0 < large.usd < large.usd_most
    assert "unknown" in repr(plan(cafe, strategy="zero_shot", n=10).estimate("some-model"))


@pytest.mark.parametrize("n", [0, -1, 2.5, "40"])
def test_a_number_of_rows_that_makes_no_sense_is_refused(cafe, n):
    with pytest.raises(SynthkitError, match="expected a whole number of rows, 1 or more"):
        plan(cafe, strategy="zero_shot", n=n)


@pytest.mark.parametrize("arguments", [{"random_state": -1}, {"random_state": 1.0}, {"surplus": -0.5}])
def test_other_numbers_that_make_no_sense_are_refused(cafe, arguments):
    with pytest.raises(SynthkitError, match=f"{next(iter(arguments))}="):
        plan(cafe, n=5, **arguments)


def test_sensitive_seeds_go_out_anonymised_or_not_at_all(cafe, cafe_seeds):
    sensitive = replace(cafe, sensitive=True)
    with pytest.raises(SynthkitError, match=r"marked sensitive .* sk\.anonymize"):
        plan(sensitive, cafe_seeds, strategy="few_shot", n=5)
    assert plan(sensitive, anonymize(cafe_seeds).seeds, strategy="few_shot", n=5).slots
    assert plan(sensitive, None, strategy="zero_shot", n=5).slots


SCHEMA = {"type": "object", "properties": {"texts": {"type": "array"}}, "required": ["texts"]}
request_parts = st.fixed_dictionaries(
    {
        "text": st.text(max_size=30),
        "temperature": st.sampled_from([0.0, 0.7, 1.0]),
        "max_tokens": st.integers(1, 5000),
        "kind": st.sampled_from(["array", "object"]),
    }
)


def request(text="hello", temperature=1.0, max_tokens=100, kind="array", reverse=False, **where):
    messages = ({"role": "system", "content": "be brief"}, {"role": "user", "content": text})
    schema = {**SCHEMA, "properties": {"texts": {"type": kind}}}
    if reverse:
        messages = tuple(dict(reversed(m.items())) for m in messages)
        schema = dict(reversed(schema.items()))
    place = {"random_state": 0, "slot": 0, "strategy": "zero_shot", "version": 1, "label": "menu", "count": 5, **where}
    return Request(messages, schema, temperature=temperature, max_tokens=max_tokens, **place)


@given(request_parts)
def test_the_order_of_keys_does_not_change_a_prompt_key(parts):
    assert request(**parts).prompt_key == request(**parts, reverse=True).prompt_key


@given(request_parts, request_parts)
def test_any_change_of_what_the_model_sees_changes_the_prompt_key(one, other):
    assert (request(**one).prompt_key == request(**other).prompt_key) == (one == other)


@pytest.mark.parametrize(
    "where", [{"strategy": "other"}, {"version": 2}, {"label": "visits"}, {"slot": 7}, {"count": 3}]
)
def test_what_the_model_does_not_see_is_not_in_the_prompt_key(where):
    assert request().prompt_key == request(**where).prompt_key


@pytest.mark.parametrize("where", [{"random_state": 1}, {"slot": 1}, {"attempt": 1}])
def test_each_place_and_model_has_a_reply_of_its_own(where):
    assert request().key("small") != request(**where).key("small")
    assert request().key("small") != request().key("large")


def test_a_prompt_with_half_a_character_still_has_a_key():
    assert len(request("\ud800").prompt_key) == 64


def test_the_batch_body_is_plain_json_with_a_limit(cafe):
    for r in plan(cafe, strategy="zero_shot", n=5).slots:
        body = json.loads(json.dumps(r.body("small")))
        assert body["max_completion_tokens"] == r.max_tokens > 0
        assert body["response_format"]["json_schema"]["strict"] is True


def test_a_mix_asks_exactly_what_its_parts_ask(cafe, cafe_seeds):
    names = ["zero_shot", "few_shot", "attributed"]
    mix = plan(cafe, cafe_seeds, strategy=names, n=60)
    assert mix.strategy == "zero_shot+few_shot+attributed"
    for name in names:
        own = [r for r in mix.slots if r.strategy == name]
        alone = plan(cafe, cafe_seeds, strategy=name, n=60).slots
        assert own == [alone[r.slot] for r in own]
        assert abs(len(own) - len(mix.slots) / 3) <= 1
    assert [r.label for r in mix.slots] == [r.label for r in plan(cafe, strategy="zero_shot", n=60).slots]
    assert mix.slots[:4] == plan(cafe, cafe_seeds, strategy=names, n=15).slots[:4]
    assert len({r.custom_id for r in mix.slots}) == len(mix.slots)


def test_a_strategy_twice_in_a_mix_is_refused(cafe):
    with pytest.raises(SynthkitError, match="a list of different names"):
        plan(cafe, strategy=["zero_shot", "zero_shot"])


def test_rows_are_planned_where_per_label_wants_them(cafe):
    wanted = {"menu": 60, "animals": 20}
    chosen = plan(cafe, strategy="zero_shot", per_label=wanted, surplus=0)
    assert chosen.n == 80
    assert {label: sum(r.count for r in chosen.slots if r.label == label) for label in wanted} == wanted


@given(st.dictionaries(st.sampled_from(["menu", "animals", "visits"]), st.integers(0, 50), max_size=3))
def test_every_label_gets_its_share_within_one_request(wanted):
    if not (wanted := {label: n for label, n in wanted.items() if n}):
        return
    turn = in_turn(wanted, 40)
    for label, n in wanted.items():
        assert abs(turn.count(label) - 40 * n / sum(wanted.values())) <= 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"per_label": {"menus": 5}}, "unknown label 'menus' - did you mean 'menu'"),
        ({"per_label": {"menu": -5}}, "-5 rows of 'menu': expected a whole number"),
        ({"strategy": "few_shot", "demos": 5}, "unknown option of few_shot 'demos'"),
        ({"strategy": "boundary", "profiles": 1}, "unknown option of boundary 'profiles'"),
        ({"strategy": []}, "expected a name, or a list of different names"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_with_the_fix(cafe, cafe_seeds, given, message):
    with pytest.raises(SynthkitError, match=re.escape(message)):
        plan(cafe, cafe_seeds, **given)


class Said:
    """A profile as a plan sees it."""

    def values(self, label):
        return [f"{label}, tea", f"{label}, cake"]

    def words(self, label=None):
        return f"Most texts about {label} are short."

    def confused_with(self, label):
        return ["animals"] if label == "menu" else []


def test_a_profile_puts_its_words_into_every_prompt_and_is_off_by_default(cafe):
    with_it, without = plan(cafe, strategy="zero_shot", profile=Said()), plan(cafe, strategy="zero_shot")
    for a, b in zip(with_it.slots, without.slots, strict=True):
        told = f"What the real ones are like: Most texts about {a.label} are short."
        assert told in a.messages[-1]["content"]
        assert a.messages[-1]["content"].replace(f"\n\n{told}", "") == b.messages[-1]["content"]


def test_boundary_asks_near_the_labels_that_the_profile_says_are_confused(cafe):
    for request in plan(cafe, strategy="boundary", profile=Said()).slots:
        near = {a["near"] for a in request.attributes}
        assert near == ({"animals"} if request.label == "menu" else set(cafe.labels) - {request.label})


def test_a_profile_proposes_attribute_values_where_the_task_has_none(cafe):
    bare = replace(cafe, attributes={})
    for request in plan(bare, strategy="attributed", profile=Said()).slots:
        assert {a["about"] for a in request.attributes} == {f"{request.label}, tea", f"{request.label}, cake"}
    with pytest.raises(SynthkitError, match="it has none. plan\\(profile="):
        plan(bare, strategy="attributed")


@pytest.mark.parametrize("strategy", ["zero_shot", "plain", ["plain", "zero_shot"]])
def test_a_plan_of_so_many_requests_makes_just_so_many(cafe, strategy):
    chosen = plan(cafe, strategy=strategy, requests=7)
    assert chosen.first_wave == 7
    assert chosen.n == sum(r.count for r in chosen.slots[:7])
    assert len(plan(cafe, strategy=strategy, requests=7, surplus=0).slots) == 7


def test_a_name_in_the_place_of_a_task_is_refused_with_the_fix():
    with pytest.raises(SynthkitError, match=r"plan\('feedback'\): expected a task, sk\.plan\(sk\.load_task"):
        plan("feedback", n=5)


def test_so_many_requests_and_so_many_rows_are_refused_together(cafe):
    with pytest.raises(SynthkitError, match="in place of n="):
        plan(cafe, strategy="zero_shot", requests=7, n=10)
