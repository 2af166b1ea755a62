"""Fine-tuning jobs at an endpoint: what they cost, how they end, and what a kernel that dies leaves."""

import json

import pytest
from support.job_server import JobServer

from synthkit.core.errors import SynthkitError
from synthkit.llm.budget import Budget
from synthkit.llm.client import LLM
from synthkit.tuning import jobs

LINES = [{"messages": [{"role": "user", "content": "write"}, {"role": "assistant", "content": "a cup of tea"}]}]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(jobs, "POLL", 0.0)


def run(server, folder, *, model="gpt-4o-mini", budget=None):
    folder.mkdir(exist_ok=True)
    llm = LLM(model, base_url=server.url)
    return jobs.tuned(llm, LINES, LINES, folder=folder, epochs=2, budget=budget)


def test_a_job_that_succeeds_gives_the_tuned_model_and_what_was_billed(tmp_path):
    budget = Budget(tokens=1000)
    with JobServer() as server:
        assert run(server, tmp_path / "a", budget=Budget(tokens=10_000))["model"] == "ft:gpt-4o-mini:mine"
        with pytest.raises(SynthkitError, match="do not fit"):
            run(server, tmp_path / "b", budget=Budget(tokens=20))
        done = run(server, tmp_path / "c", budget=budget)
    assert budget.spent["tokens"] == done["tokens"] == 1234
    assert len(server.jobs) == 2
    assert b"a cup of tea" in server.files["file-1"]


def test_a_second_call_waits_for_the_same_job_and_books_it_again(tmp_path):
    budget = Budget(tokens=10_000)
    with JobServer() as server:
        first, second = run(server, tmp_path / "a"), run(server, tmp_path / "a", budget=budget)
    assert first == second
    assert len(server.jobs) == 1
    assert budget.spent["tokens"] == 1234


def test_a_job_that_fails_is_an_error_with_its_reason_and_the_next_call_begins_another(tmp_path):
    budget = Budget(tokens=10_000)
    with JobServer(["running", "failed"], error="line 3 has no assistant message") as server:
        for tries in (1, 2):
            with pytest.raises(SynthkitError, match="failed: line 3 has no assistant message"):
                run(server, tmp_path / "a", budget=budget)
            assert len(server.jobs) == tries
    assert budget.spent["tokens"] == 0


def test_a_job_that_was_cancelled_says_so(tmp_path):
    with JobServer(["running"]) as server:
        looks = []

        def cancel(said):
            looks.append(said)
            if len(looks) == 2:
                assert jobs.cancel(LLM("gpt-4o-mini", base_url=server.url), "job-1") == "cancelled"

        (tmp_path / "a").mkdir()
        llm = LLM("gpt-4o-mini", base_url=server.url)
        with pytest.raises(SynthkitError, match="job-1 .*cancelled"):
            jobs.tuned(llm, LINES, LINES, folder=tmp_path / "a", epochs=1, budget=None, on_step=cancel)
    assert looks[0] == "job job-1 running: step"


def test_a_kernel_that_dies_before_the_id_is_written_begins_no_second_job(tmp_path, monkeypatch):
    with JobServer() as server:
        server.dies_after_create = True
        monkeypatch.setattr(jobs, "RETRIES", 0)
        with pytest.raises(SynthkitError, match="run this again"):
            run(server, tmp_path / "a")
        assert json.loads((tmp_path / "a" / "job.json").read_text()).keys() == {"training_file", "validation_file"}
        server.dies_after_create = False
        assert run(server, tmp_path / "a")["job"] == "job-1"
    assert len(server.jobs) == 1
    assert len(server.files) == 2


def test_nothing_is_begun_without_a_budget_where_it_costs_money(tmp_path):
    far = LLM("gpt-4.1-mini-2025-04-14", base_url="https://model.example/v1", api_key="sk-none-of-yours")
    with pytest.raises(SynthkitError, match=r"2 epochs of about 5 tokens, about \$0.00, at most"):
        jobs.tuned(far, LINES, LINES, folder=tmp_path, epochs=2, budget=None)
    unknown = LLM("a-model", base_url="https://model.example/v1", api_key="sk-none-of-yours")
    with pytest.raises(SynthkitError, match="never guessed"):
        jobs.tuned(unknown, LINES, LINES, folder=tmp_path, epochs=2, budget=Budget(usd=5))
