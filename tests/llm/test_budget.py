"""A cap is a cap: with 64 in flight, with lost answers, with replies of earlier runs."""

from __future__ import annotations

import pytest
from support.fault_server import FaultServer, completion, texts_reply
from support.replies import distinct_texts

from synthkit.core.errors import SynthkitError
from synthkit.generation.generate import generate
from synthkit.llm import session
from synthkit.llm.budget import Budget, most_tokens, price
from synthkit.llm.client import LLM
from synthkit.llm.request import Reply, Usage
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan


@pytest.fixture(autouse=True)
def known_price(monkeypatch):
    monkeypatch.setattr(session, "BACKOFF", 0.01)
    monkeypatch.setenv("SYNTHKIT_PRICE", "1,10")  # an endpoint on this machine is free otherwise


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "replies.sqlite") as store:
        yield store


def greedy(number, body):
    """Take every token that the request allows: no estimate below the bound survives this."""
    most = sum(len(m["content"].encode()) for m in body["messages"]), body["max_completion_tokens"]
    return completion(texts_reply(body["messages"][-1]["content"], number), usage=most)


@pytest.mark.parametrize("faults", [0, 0.2])
def test_it_never_overspends_with_64_in_flight(cafe, store, faults):
    chosen = plan(cafe, strategy="zero_shot", n=1000)
    into, out = most_tokens(chosen.slots[0])
    cap = 50.5 * (into + 10 * out) / 1e6
    with FaultServer(greedy, latency=0.02) as server:
        server.behave = lambda n, b: "half" if faults and n % 5 == 0 else greedy(n, b)
        budget, llm = Budget(usd=cap), LLM("m", base_url=server.url, concurrency=64)
        made = generate(chosen, llm=llm, store=store, budget=budget, progress=False)
        taken = 0.0
        for body in server.bodies:
            sent = sum(len(m["content"].encode()) for m in body["messages"])
            taken += (sent + 10 * body["max_completion_tokens"]) / 1e6
    assert taken <= cap
    assert taken > 0.8 * cap
    assert budget.spent["usd"] >= made.ledger.usd * 0.999999
    assert made.ledger.not_asked > 0
    assert made.ledger.note == "the budget ended here"


def test_replies_of_earlier_runs_count_and_are_not_counted_twice(cafe, store):
    with FaultServer() as server:
        llm = LLM("m", base_url=server.url)
        generate(plan(cafe, strategy="zero_shot", n=100), llm=llm, store=store, progress=False)
        assert server.requests == 20
        budget = Budget(requests=30)
        first = generate(plan(cafe, strategy="zero_shot", n=300), llm=llm, store=store, budget=budget, progress=False)
        second = generate(plan(cafe, strategy="zero_shot", n=300), llm=llm, store=store, budget=budget, progress=False)
        assert server.requests == 30
    assert budget.spent["requests"] == 30
    assert first.rows.to_dict() == second.rows.to_dict()
    assert first.ledger.answered == 30


def test_a_capped_run_goes_on_with_a_higher_cap(cafe, store):
    with FaultServer() as server:
        llm = LLM("m", base_url=server.url)
        few = generate(
            plan(cafe, strategy="zero_shot", n=100), llm=llm, store=store, budget=Budget(requests=7), progress=False
        )
        every = generate(
            plan(cafe, strategy="zero_shot", n=100), llm=llm, store=store, budget=Budget(requests=70), progress=False
        )
        assert server.requests == 20
    assert len(few.rows) == 35
    assert every.rows.to_dict()["text"][:35] == few.rows.to_dict()["text"]


def test_an_unknown_price_is_refused_for_stored_replies_too(cafe, store, monkeypatch):
    monkeypatch.delenv("SYNTHKIT_PRICE")
    llm, chosen = LLM("unheard-of", base_url="https://models.example/v1"), plan(cafe, strategy="zero_shot", n=10)
    for slot in chosen.slots:
        store.put(slot, llm, Reply(distinct_texts(slot), "unheard-of", Usage(1, 1)))
    assert len(generate(chosen, llm=llm, store=store, progress=False).rows) == 10
    with pytest.raises(SynthkitError, match="never guessed"):
        generate(chosen, llm=llm, store=store, budget=Budget(usd=1), progress=False)


def test_an_estimated_usage_counts_at_its_bound(cafe, store):
    def behave(number, body):
        return completion(texts_reply(body["messages"][-1]["content"], number), usage=None)

    chosen, budget = plan(cafe, strategy="zero_shot", n=5), Budget(tokens=10_000)
    with FaultServer(behave) as server:
        made = generate(chosen, llm=LLM("m", base_url=server.url), store=store, budget=budget, progress=False)
    assert budget.spent["tokens"] > most_tokens(chosen.slots[0])[0] > made.ledger.tokens_in


def test_the_estimate_bounds_what_a_run_takes(cafe, scripted):
    chosen = plan(cafe, strategy="zero_shot", n=40)
    estimate = chosen.estimate("m")
    ledger = generate(chosen, llm=scripted(distinct_texts), progress=False).ledger
    assert ledger.tokens_in <= estimate.tokens_in_most
    assert ledger.tokens_out <= estimate.tokens_out_most
    assert 0 < estimate.usd < estimate.usd_most


@pytest.mark.parametrize("caps", [{}, {"usd": 0}, {"requests": -1}, {"tokens": "many"}])
def test_a_budget_needs_a_cap_above_nothing(caps):
    with pytest.raises(SynthkitError, match="cap|above 0"):
        Budget(**caps)


def test_it_says_what_it_has_taken(cafe, scripted):
    budget = Budget(requests=9, tokens=1_000_000)
    generate(plan(cafe, strategy="zero_shot", n=10), llm=scripted(distinct_texts), budget=budget, progress=False)
    assert repr(budget) == "Budget: 2 of 9 requests, 60 of 1e+06 tokens"


@pytest.mark.parametrize("given", ["nan,nan", "-1,-1", "inf,1", "cheap"])
def test_a_price_that_would_switch_the_cap_off_is_refused(given, monkeypatch):
    monkeypatch.setenv("SYNTHKIT_PRICE", given)
    with pytest.raises(SynthkitError, match="SYNTHKIT_PRICE"):
        Budget(usd=1).check_price(LLM("m", base_url="https://models.example/v1"))


@pytest.mark.parametrize("usage", [(50, 12_000, 12_050), (50, 60, 9_000)])
def test_what_is_billed_above_the_bound_is_learned_from_the_first_reply(cafe, store, usage):
    def behave(number, body):
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        return completion(texts_reply(body["messages"][-1]["content"], number)) | {
            "usage": dict(zip(names, usage, strict=True))
        }

    budget = Budget(tokens=20_000)
    with FaultServer(behave, latency=0.02) as server:
        llm = LLM("m", base_url=server.url, concurrency=16)
        generate(plan(cafe, strategy="zero_shot", n=200), llm=llm, store=store, budget=budget, progress=False)
        assert server.requests * usage[2] <= 20_000
    assert budget.spent["tokens"] == server.requests * usage[2]


def test_this_machine_costs_nothing_and_a_dated_name_costs_what_its_model_does(monkeypatch):
    monkeypatch.delenv("SYNTHKIT_PRICE")
    assert price(LLM("llama3.2", base_url="http://localhost:11434/v1")) == (0.0, 0.0)
    assert price(LLM("llama3.2", base_url="http://studio.local:1234/v1")) == (0.0, 0.0)
    assert price(LLM("llama3.2", base_url="https://models.example/v1")) is None
    assert price("gpt-4o-mini-2024-07-18") == price("gpt-4o-mini")
    assert price("gpt-4o-audio-preview") is price("gpt-4o-mini-tts") is None
