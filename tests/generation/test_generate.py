"""From replies to rows: parsing, filtering, counting, and rows that do not depend on how the run went."""

import json
import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fault_server import FaultServer, completion
from support.replies import HOSTILE, as_reply, distinct_texts

from synthkit.core.errors import SynthkitError
from synthkit.generation.generate import generate
from synthkit.generation.ledger import Ledger
from synthkit.llm.client import LLM
from synthkit.llm.request import Reply, Usage
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan
from synthkit.seeds.seeds import load_seeds
from synthkit.tasks.task import Task


def test_a_run_keeps_n_rows_and_its_ledger_adds_up(cafe, scripted):
    made = generate(plan(cafe, strategy="zero_shot", n=23), llm=scripted(distinct_texts), progress=False)
    made.ledger.check()
    assert len(made.rows) == made.ledger.kept == 23
    assert made.ledger.answered == 5
    assert dict(made.ledger.dropped) == {"not needed (n is reached)": 2}
    assert made.ledger.tokens_in == 50
    assert made.rows.column_names[:3] == ["id", "text", "label"]
    assert len(set(made.rows["id"])) == 23
    assert "23 of 23 rows" in repr(made)


def fresh_texts(request):
    """As many texts as are asked for, other ones for a smaller request of the same slot."""
    other = replace(request, slot=request.slot + 700 * (request.count < 5))
    return [item["text"] for item in json.loads(distinct_texts(other))["texts"]]


def test_what_a_short_reply_owes_is_asked_for_as_a_smaller_request(cafe, scripted):
    def owing(request):
        return as_reply(fresh_texts(request)[: 4 if request.slot == 1 else 5])

    source = scripted(owing)
    made = generate(plan(cafe, strategy="attributed", n=15), llm=source, progress=False)
    made.ledger.check()
    assert [r.count for r in source.asked] == [5, 5, 5, 1]
    rest, asked = source.asked[-1], source.asked[1]
    assert "with the numbers 1 to 1." in rest.messages[-1]["content"] and rest.messages[0] == asked.messages[0]
    assert rest.attributes == asked.attributes[4:]
    assert made.rows["id"][-1] == "attributed-r0-s0001-5" and len(set(made.rows["id"])) == len(made.rows) == 15
    assert json.loads(made.rows["attributes"][-1]) == rest.attributes[0]
    assert (made.ledger.asked, made.ledger.short, made.ledger.replies) == (16, 1, 4)


def test_where_every_reply_is_short_whole_requests_cost_less_and_the_rests_come_last(cafe, scripted):
    source = scripted(lambda request: as_reply(fresh_texts(request)[:4]))
    assert len(generate(plan(cafe, strategy="zero_shot", n=60), llm=source, progress=False).rows) == 60
    assert [r.count for r in source.asked] == [5] * 15
    dry = scripted(lambda request: as_reply(fresh_texts(request)[:4]))
    assert len(generate(plan(cafe, strategy="zero_shot", n=60, surplus=0), llm=dry, progress=False).rows) == 60
    assert [r.count for r in dry.asked] == [5] * 12 + [1] * 12


def test_top_ups_go_to_the_label_that_lacks_and_what_it_lacks_in_the_end_is_named(cafe, scripted):
    def at_first_no_menu(request):
        return "no" if request.label == "menu" and request.slot < 5 else distinct_texts(request)

    source = scripted(at_first_no_menu)
    made = generate(plan(cafe, strategy="zero_shot", n=30, surplus=1.0), llm=source, progress=False)
    assert Counter(made.rows["label"]) == {"animals": 10, "menu": 10, "visits": 10}
    assert {r.label for r in source.asked[6:]} == {"menu"} and made.ledger.lacking == ()

    never = generate(
        plan(cafe, strategy="zero_shot", n=30),
        llm=scripted(lambda r: "no" if r.label == "menu" else distinct_texts(r)),
        progress=False,
    )
    never.ledger.check()
    assert Counter(never.rows["label"]) == {"animals": 10, "visits": 10}
    assert never.ledger.lacking == (("menu", 0, 10),)
    for shown in (repr(never), repr(never.ledger), never.ledger.to_frame().to_string()):
        assert "menu" in shown
    assert (
        dict(zip(never.ledger.to_frame()["step"].str.strip(), never.ledger.to_frame()["count"], strict=True))[
            "lacks: menu"
        ]
        == 10
    )


@given(st.dictionaries(st.sampled_from(["animals", "menu", "visits"]), st.integers(0, 5)), st.integers(1, 40))
def test_no_label_gets_rows_in_the_place_of_one_that_lacks(cafe, scripted, yields, n):
    def script(request):
        return as_reply(fresh_texts(request)[: yields.get(request.label, 5)])

    made = generate(plan(cafe, strategy="zero_shot", n=n), llm=scripted(script), progress=False)
    made.ledger.check()
    kept = Counter(made.rows["label"])
    left = sum(share - had for _, had, share in made.ledger.lacking)
    assert len(made.rows) < n - left + 5  # the last request of the first wave may bring more than is left of n
    assert {label for label, *_ in made.ledger.lacking} >= {x for x in list(cafe.labels)[: n // 5] if not kept[x]}


@given(st.lists(st.integers(0, 6), min_size=9, max_size=9), st.integers(1, 30))
def test_every_request_and_text_is_accounted_for_whatever_comes_back(cafe, scripted, kinds, n):
    def script(request):
        kind = kinds[request.slot % 9]
        return [
            distinct_texts(request),
            "no JSON at all",
            as_reply(["the same words each time"] * 5),
            as_reply(["only one", "and two"]),
            as_reply(["", "...", "!", " ", "fine words"]),
            as_reply([f"too many {i}" for i in range(12)]),
            as_reply(list(cafe.splits.train["text"][:5])),
        ][kind]

    made = generate(plan(cafe, load_seeds(cafe, k=2), strategy="zero_shot", n=n), llm=scripted(script), progress=False)
    ledger = made.ledger
    ledger.check()
    assert ledger.kept == len(made.rows) <= n
    assert len(made.drops) == sum(count for reason, count in ledger.dropped if "not needed" not in reason)
    assert ledger.kept == n or ledger.note


def test_the_ledger_notices_a_text_that_went_missing():
    with pytest.raises(AssertionError):
        Ledger(planned=1, answered=1, asked=5, parsed=4).check()


def test_a_smaller_n_is_a_prefix_of_a_larger_one(cafe, scripted):
    def with_duplicates(request):
        texts = [t["text"] for t in json.loads(distinct_texts(request))["texts"]]
        return as_reply(["said before", *texts[1:]])

    small, large = (
        generate(
            plan(cafe, strategy="zero_shot", n=n, surplus=1.0), llm=scripted(with_duplicates), progress=False
        ).rows.to_list()
        for n in (12, 31)
    )
    assert len(small) == 12
    assert len(large) == 31
    assert large[:12] == small


def test_what_is_dropped_is_topped_up_and_named(cafe, scripted):
    def repetitive(request):
        return as_reply(["I love cats!"] * 5) if request.slot == 0 else distinct_texts(request)

    made = generate(plan(cafe, strategy="zero_shot", n=15), llm=scripted(repetitive), progress=False)
    assert len(made.rows) == 15
    first = made.dropped().iloc[0]
    assert first["reason"] == "exact duplicate"
    assert "zero_shot-r0-s0000-1" in first["evidence"]
    assert "near-duplicate" in first["also"]


def test_a_plan_that_runs_out_says_so(cafe, scripted):
    made = generate(
        plan(cafe, strategy="zero_shot", n=20), llm=scripted(lambda r: as_reply(["I love cats!"] * 5)), progress=False
    )
    assert len(made.rows) == 1
    assert "used up" in made.ledger.note
    assert "used up" in repr(made)


def test_a_row_knows_where_it_came_from(cafe, cafe_seeds, scripted):
    chosen = plan(cafe, cafe_seeds, strategy="few_shot", n=5)
    row = generate(chosen, llm=scripted(distinct_texts), progress=False).rows[0]
    assert (row["strategy"], row["model"], row["slot"], row["iteration"]) == ("few_shot", "scripted", 0, 0)
    assert row["label"] == chosen.slots[0].label
    assert json.loads(row["demo_ids"]) == list(chosen.slots[0].demo_ids)
    assert row["request_key"] == chosen.slots[0].key("scripted")
    assert json.loads(row["attributes"]) == {}


def test_attributes_of_a_row_are_those_its_line_asked_for(cafe, scripted):
    chosen = plan(cafe, strategy="attributed", n=5)
    rows = generate(chosen, llm=scripted(distinct_texts), progress=False).rows
    assert [json.loads(a) for a in rows["attributes"]] == list(chosen.slots[0].attributes)


def test_generate_takes_a_task_as_well_as_a_plan(cafe, scripted):
    by_plan = generate(
        plan(cafe, strategy="zero_shot", n=7, random_state=3), llm=scripted(distinct_texts), progress=False
    )
    by_task = generate(cafe, strategy="zero_shot", n=7, random_state=3, llm=scripted(distinct_texts), progress=False)
    assert by_plan.rows.to_list() == by_task.rows.to_list()


def test_plan_arguments_beside_a_plan_are_refused(cafe, scripted):
    with pytest.raises(SynthkitError, match="belong to sk.plan"):
        generate(plan(cafe, strategy="zero_shot", n=5), n=9, llm=scripted(distinct_texts))
    with pytest.raises(SynthkitError, match="expected a plan or a task"):
        generate("feedback")
    with pytest.raises(SynthkitError, match="did you mean 'recorded'"):
        generate(plan(cafe, strategy="zero_shot", n=5), llm="recordet")


def test_the_baseline_needs_seeds_and_repeats_itself(cafe, cafe_seeds):
    with pytest.raises(SynthkitError, match="seeds=sk.load_seeds"):
        generate(plan(cafe, strategy="zero_shot", n=5), llm="ngram", progress=False)
    runs = [
        generate(plan(cafe, cafe_seeds, strategy="zero_shot", n=12), llm="ngram", progress=False).rows.to_list()
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert {r["model"] for r in runs[0]} == {"ngram"}


def hostile(request):
    return as_reply([*HOSTILE[: request.count - 1], "x" * 100_000]) if request.slot == 0 else distinct_texts(request)


@pytest.fixture
def hostile_run(cafe, scripted):
    return generate(plan(cafe, strategy="zero_shot", n=10), llm=scripted(hostile), progress=False)


def test_a_text_of_100_kilobytes_costs_itself_and_no_other(hostile_run):
    assert len(hostile_run.rows) == 10
    assert (hostile_run.ledger.unparsable, hostile_run.ledger.short) == (1, 1)  # itself, and asked for once more


@pytest.fixture
def hostile_rows(cafe, scripted):
    def script(request):
        return as_reply(HOSTILE) if request.slot == 0 else distinct_texts(request)

    return generate(plan(cafe, strategy="zero_shot", n=10), llm=scripted(script), progress=False)


def test_hostile_texts_are_kept_as_they_are(hostile_rows):
    texts = hostile_rows.rows["text"]
    assert texts[0] == HOSTILE[0]
    assert texts[1] == "half an emoji ? and a NUL  here"
    assert texts[2:5] == HOSTILE[2:5]


def test_hostile_texts_are_escaped_where_they_are_shown(hostile_rows):
    shown = hostile_rows._repr_html_()
    assert "<script" not in shown
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp;" in shown
    assert "<caption" in shown


def test_hostile_texts_survive_the_csv(hostile_rows, tmp_path):
    from synthkit.tasks.loading import load_rows

    hostile_rows.to_csv(tmp_path / "made.csv")
    back = load_rows(tmp_path / "made.csv").rows
    assert list(back["text"]) == list(hostile_rows.rows["text"])
    assert list(back["id"]) == list(hostile_rows.rows["id"])


def test_a_hostile_model_name_cannot_stop_a_run(cafe, scripted):
    source = scripted(lambda r: Reply(distinct_texts(r), "mod\udc00el\x00", Usage(1, 1)))
    assert generate(plan(cafe, strategy="zero_shot", n=5), llm=source, progress=False).rows["model"][0] == "mod?el"


def test_a_csv_that_cannot_be_written_is_a_plain_error(hostile_rows, tmp_path):
    with pytest.raises(SynthkitError, match="cannot write .*nowhere.*(non-existent|No such)"):
        hostile_rows.to_csv(tmp_path / "nowhere" / "made.csv")


def test_the_key_of_a_row_finds_its_reply_also_where_the_endpoint_has_another_name_for_the_model(cafe, tmp_path):
    class Renaming:
        model, concurrency, attempts = "asked-for", 1, 1

        async def complete(self, request):
            return Reply(distinct_texts(request), "served-2026", Usage(1, 1))

    with Store(tmp_path / "r.sqlite") as store:
        made = generate(plan(cafe, strategy="zero_shot", n=5), llm=Renaming(), store=store, progress=False)
        assert set(made.rows["model"]) == {"served-2026"}
        assert store.get_many(list(made.rows["request_key"]))


def test_a_stated_probability_stands_with_its_row(cafe, scripted):
    def answer(request):
        texts = [{**item, "probability": item["number"] / 100} for item in json.loads(distinct_texts(request))["texts"]]
        return json.dumps({"texts": texts})

    made = generate(plan(cafe, strategy="verbalized_sampling", n=10), llm=scripted(answer), progress=False)
    assert [json.loads(a)["probability"] for a in made.rows["attributes"][:5]] == [
        "0.01",
        "0.02",
        "0.03",
        "0.04",
        "0.05",
    ]


def test_a_mix_keeps_rows_of_each_strategy_and_its_ledger_adds_up(cafe, scripted):
    def answer(request):
        other = replace(request, slot=request.slot + 100 * (request.strategy == "persona"))
        return distinct_texts(other)

    made = generate(plan(cafe, strategy=["zero_shot", "persona"], n=30), llm=scripted(answer), progress=False)
    assert sorted(set(made.rows["strategy"])) == ["persona", "zero_shot"]
    assert len(set(made.rows["id"])) == len(made.rows) == 30
    made.ledger.check()


def test_without_filters_every_text_is_kept(cafe, scripted):
    def same(request):
        return json.dumps({"texts": [{"number": i, "text": "the same"} for i in range(1, 6)]})

    every = generate(plan(cafe, strategy="zero_shot", n=15, surplus=0), llm=scripted(same), filters=[], progress=False)
    assert len(every.rows) == 15
    assert (
        len(generate(plan(cafe, strategy="zero_shot", n=15, surplus=0), llm=scripted(same), progress=False).rows) == 1
    )


def test_seeds_too_short_to_write_others_from_are_named_and_no_larger_plan_is_advised(tmp_path):
    rows = {
        "nice": ["so nice", "very good", "loved it", "all fine"],
        "bad": ["so bad", "too slow", "hated it", "no use"],
    }
    pairs = [(text, label) for label, some in rows.items() for text in some]
    task = Task(name="short", labels={"nice": "they liked it", "bad": "they did not"}, domain="Very short remarks.")
    seeds = load_seeds([{"text": text, "label": label} for text, label in pairs], k=4)
    note = generate(task, seeds, strategy="zero_shot", n=10, llm="ngram", progress=False).ledger.note
    assert "texts fell as" in note and "too few or too short" in note
    assert "surplus" not in note


def test_texts_in_another_language_and_prompts_that_were_cut_off_are_said(cafe, tmp_path):
    german = "Katze {0} lag den ganzen Nachmittag auf meinem Mantel, und ich wollte eigentlich nach Hause, Nummer {0}"
    english = "cat {0} slept on my coat for the whole afternoon and I wanted to go home, number {0}"

    def note(text, tokens):
        def writes(number, body):
            return completion(as_reply([text.format(number * 10 + i) for i in range(5)]), usage=(tokens, 50))

        with FaultServer(writes) as server, Store(tmp_path / f"{text[:3]}{tokens}.sqlite") as store:
            llm = LLM("small", base_url=server.url)
            return generate(
                plan(cafe, strategy="zero_shot", n=10), llm=llm, store=store, filters=[], progress=False
            ).ledger.note

    assert "10 of 10 texts are not in the task's language (en) but mostly in de" in note(german, 900)
    assert "cuts prompts off" in note(english, 60)
    assert note(english, 900) == ""


def test_the_summary_says_how_many_replies_an_earlier_call_had_paid_for_and_whose(cafe, scripted, tmp_path):
    chosen = plan(cafe, strategy="zero_shot", n=15, surplus=0)
    with Store(tmp_path / "replies.sqlite") as store:
        first = generate(chosen, llm=scripted(distinct_texts), store=store, progress=False)
        again = generate(chosen, llm=scripted(distinct_texts), store=store, progress=False)
    assert "from the store" not in first.summary()
    assert re.search(r"; 3 replies from the store, by scripted, \d{4}-\d\d-\d\d$", again.summary())
    assert list(again.rows["text"]) == list(first.rows["text"])
