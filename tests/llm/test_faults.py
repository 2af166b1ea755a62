"""Every fault that an endpoint has to offer, over real sockets: what the user gets and what the ledger says."""

from __future__ import annotations

import json
import socket
import time
import warnings

import pytest
from support.fault_server import FaultServer, completion, error, texts_reply
from support.replies import as_reply

from synthkit.core.errors import SynthkitError
from synthkit.generation.generate import generate
from synthkit.llm import session
from synthkit.llm.client import LLM
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan

KEY = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(session, "BACKOFF", 0.01)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "replies.sqlite")
    yield store
    store.close()


@pytest.fixture
def run(cafe, store):
    """Generate 40 rows (8 requests) against a server."""

    def generate_from(server, *, n=40, **llm):
        model = LLM("m", base_url=server.url, api_key=KEY, **{"concurrency": 4, **llm})
        made = generate(plan(cafe, strategy="zero_shot", n=n), llm=model, store=store, progress=False)
        made.ledger.check()
        return made

    return generate_from


@pytest.mark.parametrize("fault", ["429", "500", "drop", "half", "html", "empty"])
def test_a_passing_fault_costs_no_row(run, fault):
    with FaultServer(lambda number, body: fault if number % 3 == 0 else None) as server:
        made = run(server)
    assert len(made.rows) == 40
    assert made.ledger.failed == 0


def test_a_reply_that_never_comes_is_asked_for_again(run):
    with FaultServer(lambda number, body: "hang" if number == 2 else None) as server:
        assert len(run(server, timeout=0.4).rows) == 40


def test_ten_per_cent_of_all_faults_cost_no_row_and_are_counted(run, store):
    with FaultServer(faults=0.1) as server:
        made = run(server, n=400)
        asked = server.requests
        assert len(made.rows) == 400
        again = run(server, n=400)
        assert server.requests == asked
    assert made.rows.to_dict() == again.rows.to_dict()
    assert made.ledger == again.ledger
    assert asked > made.ledger.replies == made.ledger.answered + sum(n for _, n in made.ledger.faulty)


def test_a_request_that_fails_for_good_is_in_the_ledger_with_its_reason(run):
    def behave(number, body):
        return "500" if "menu" in body["messages"][-1]["content"].partition("# Your turn")[2] else None

    with FaultServer(behave) as server:
        ledger = run(server).ledger
    assert ledger.failures == (("HTTP 500", ledger.failed),)
    assert ledger.failed > 0
    assert ledger.answered > 0


GOOD = ["one of them", "two of them", "three of them", "four of them", "five of them"]
REPAIRED = {
    "fences": "```json\n" + as_reply(GOOD) + "\n```",
    "raw control characters": as_reply(GOOD).replace("one of", "one\nof"),
    "a single quote too few": as_reply(GOOD)[:-2] + ",]}",
    "thinking aloud": "<think>five texts, {so}</think>" + as_reply(GOOD),
    "a bare list": json.dumps(json.loads(as_reply(GOOD))["texts"]),
    "more fields than asked": as_reply(GOOD).replace('"text":', '"why": "so", "text":'),
    "numbers that are no use": json.dumps({"texts": [{"number": 7, "text": t} for t in GOOD]}),
}


@pytest.mark.parametrize("content", REPAIRED.values(), ids=REPAIRED)
def test_harmless_damage_is_repaired_and_asked_for_once(run, content):
    with FaultServer(lambda number, body: completion(content) if number == 0 else None) as server:
        made = run(server, concurrency=1)
    assert made.ledger.faulty == ()
    assert made.ledger.parsed == 40


NO_USE = {
    "cut off at the token limit": completion('{"texts": [{"number": 1, "text": "one of', finish="length"),
    "empty reply": completion("  \n"),
    "refused": completion(None, refusal="I cannot help with that."),
    "stopped by a filter": completion(None, finish="content_filter"),
    "no text in the reply": completion("Sure! Here are some texts for you."),
    "texts of another label": completion(
        json.dumps({"texts": [{"number": i, "text": t, "label": "dogs"} for i, t in enumerate(GOOD, 1)]})
    ),
    "a text of more than 10,000 characters": completion(as_reply(["y" * 30_000] * 5)),
    "no text in the reply ": completion("[" * 90_000),
    "no text in the reply  ": completion('{"texts": ' + "9" * 50_000 + "}"),
}


@pytest.mark.parametrize(("reason", "reply"), NO_USE.items(), ids=NO_USE)
def test_a_reply_of_no_use_is_asked_for_again_and_counted_with_its_reason(run, reason, reply):
    with FaultServer(lambda number, body: reply if number == 0 else None) as server:
        made = run(server, concurrency=1)
    assert made.ledger.faulty == ((reason.strip(), 1),)
    assert made.ledger.parsed == made.ledger.asked == 40
    assert made.ledger.replies == 9


def test_what_is_whole_in_a_short_reply_is_kept_and_the_rest_asked_of_other_slots(run):
    with FaultServer(lambda number, body: completion(as_reply(GOOD[:4])) if number == 0 else None) as server:
        made = run(server, concurrency=1)
    assert [row["text"] for row in made.rows][:4] == GOOD[:4]
    assert len(made.rows) == 40
    assert made.ledger.short == 1
    assert made.ledger.replies == 9


def test_a_short_reply_is_an_answer_and_only_what_it_owes_is_asked_for(run):
    replies = ["", as_reply(GOOD[:2]), as_reply(GOOD[2:])]
    with FaultServer(lambda number, body: completion(replies[number])) as server:
        made = run(server, n=5, concurrency=1)
        assert server.requests == 3 and "with the numbers 1 to 3" in server.bodies[-1]["messages"][-1]["content"]
    assert list(made.rows["text"]) == GOOD
    assert made.ledger.faulty == (("empty reply", 1),) and made.ledger.short == 3


@pytest.mark.filterwarnings("ignore:the same prompt", "ignore:3 replies")
def test_what_stays_bad_after_all_attempts_is_counted_and_makes_no_row(run):
    other = NO_USE["texts of another label"]
    with FaultServer(lambda number, body: other if number < 3 else None) as server:
        made = run(server, n=5)
    assert made.ledger.faulty == (("texts of another label", 3),)
    assert made.ledger.unparsable == 5
    assert not set(GOOD) & set(made.rows["text"])


def test_a_refused_reply_is_stored_as_a_problem_and_not_as_an_answer(run, store):
    with FaultServer(lambda number, body: completion("") if number == 0 else None) as server:
        run(server, concurrency=1)
    assert len(store) == 8
    assert store.read("SELECT problem FROM replies WHERE problem != ''") == [("empty reply",)]


@pytest.mark.parametrize(
    ("status", "code", "fix"),
    [
        (401, "invalid_api_key", "Check OPENAI_API_KEY"),
        (403, None, "Ask for access"),
        (404, "model_not_found", "Check the model's name"),
        (402, None, "Top it up"),
        (429, "insufficient_quota", "Top it up"),
    ],
)
def test_what_no_second_try_mends_stops_at_once_with_the_fix(run, store, status, code, fix):
    says = error(status, f"no good: key {KEY}", code=code)
    with FaultServer(lambda number, body: error(status, f"no good: key {KEY}", code=code)) as server:
        with pytest.raises(SynthkitError, match=fix) as caught:
            run(server, n=400)
        assert server.requests <= 8
    assert says.status == status
    assert KEY not in str(caught.value)
    assert len(store) == 0


def test_an_endpoint_that_has_moved_is_said_and_the_key_not_sent_on(run):
    with FaultServer() as new:

        def behave(number, body):
            return error(308, "moved", headers={"location": f"{new.url}/chat/completions"})

        with FaultServer(behave) as server, pytest.raises(SynthkitError, match=f"pass base_url='{new.url}'"):
            run(server)
        assert new.requests == 0


def test_a_server_that_is_not_there_is_named(run):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = type("NoServer", (), {"url": f"http://127.0.0.1:{port}/v1"})
    with pytest.raises(SynthkitError, match=f"no connection to http://127.0.0.1:{port}"):
        run(server)


def test_a_request_that_the_endpoint_finds_wrong_stops_a_run_in_which_nothing_works(run):
    with FaultServer(lambda number, body: error(400, "this model is asleep")) as server:
        with pytest.raises(SynthkitError, match="this model is asleep"):
            run(server, n=1000)
        assert server.requests < 300


QUIRKS = {
    "json_schema refused": lambda b: b.get("response_format", {}).get("type") == "json_schema" and "response_format?",
    "llama.cpp": lambda b: b["response_format"]["type"] == "json_schema" and "failed to parse grammar",
    "plain text only": lambda b: "response_format" in b and "unknown field",
    "older limit": lambda b: "max_completion_tokens" in b and "Unrecognized argument: max_completion_tokens",
    "a bare 400": lambda b: "max_completion_tokens" in b and "Bad Request",
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_an_endpoint_that_wants_to_be_asked_otherwise_is_asked_so_from_then_on(run, quirk):
    def behave(number, body):
        problem = QUIRKS[quirk](body)
        return error(500 if quirk == "llama.cpp" else 400, problem) if problem else None

    with FaultServer(behave) as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        made = run(server, n=200)
        assert len(made.rows) == 200
        assert server.requests - server.served <= 5 * 4  # a few tries for each of the first in flight
    if quirk == "llama.cpp":
        assert server.bodies[-1]["response_format"]["schema"]
    limit = "max_tokens" if quirk in ("older limit", "a bare 400") else "max_completion_tokens"
    assert server.bodies[-1][limit] > 0


def test_a_model_that_takes_no_temperature_is_asked_without_and_the_user_hears_of_it(run):
    def behave(number, body):
        return error(400, "Unsupported value", param="temperature") if "temperature" in body else None

    with FaultServer(behave) as server, pytest.warns(UserWarning, match="takes no temperature"):
        assert len(run(server).rows) == 40


def test_a_limit_that_is_not_heeded_is_sent_by_its_older_name(run):
    def behave(number, body):
        used = 30 if "max_tokens" in body else body["max_completion_tokens"] + 1
        return completion(texts_reply(body["messages"][-1]["content"], number), usage=(10, used))

    with FaultServer(behave) as server, pytest.warns(UserWarning, match="does not heed"):
        run(server)
    assert "max_tokens" in server.bodies[-1]


def test_missing_usage_is_estimated_and_marked(run):
    def behave(number, body):
        return completion(texts_reply(body["messages"][-1]["content"], number), usage=None)

    with FaultServer(behave) as server:
        ledger = run(server).ledger
    assert ledger.tokens_estimated
    assert ledger.tokens_in > 100


def test_one_answer_to_one_prompt_at_temperature_one_is_a_warning_with_the_likely_cause(run):
    def behave(number, body):
        return completion(texts_reply(body["messages"][-1]["content"], 0))

    with FaultServer(behave) as server, pytest.warns(UserWarning, match="ignores temperature") as caught:
        run(server)
    assert {warning.filename for warning in caught} == {__file__}  # the line of the one who called, not one of ours


def test_retry_after_is_honoured(run):
    seen = []

    def behave(number, body):
        seen.append(time.monotonic())
        return error(429, "slow down", headers={"retry-after": "1"}) if number == 0 else None

    with FaultServer(behave) as server:
        run(server, concurrency=1)
    assert seen[1] - seen[0] >= 0.99


def test_rate_limit_headers_are_honoured(run):
    from aiohttp import web

    seen = []

    def behave(number, body):
        seen.append(time.monotonic())
        headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "600ms"} if number == 0 else {}
        good = completion(texts_reply(body["messages"][-1]["content"], number))
        return web.json_response(good, headers=headers)

    with FaultServer(behave) as server:
        run(server, concurrency=1)
    assert seen[1] - seen[0] >= 0.59
    assert seen[-1] - seen[1] < 2


def test_requests_a_minute_are_not_passed(run):
    with FaultServer() as server:
        began = time.monotonic()
        run(server, rpm=600)  # 8 requests, one every tenth of a second
        assert time.monotonic() - began >= 0.55


def test_an_endpoint_that_takes_four_at_a_time_gets_four(run):
    with FaultServer(latency=0.02, most=4) as server:
        made = run(server, n=1000, concurrency=32)
        assert len(made.rows) == 1000
        assert server.refused < 150


def test_no_key_is_found_in_store_errors_logs_or_reprs(run, store, tmp_path, caplog):
    caplog.set_level("DEBUG")
    with FaultServer(faults=0.3) as server:
        made = run(server)
        assert all(h["Authorization"] == f"Bearer {KEY}" for h in server.seen_headers)
        llm = LLM("m", base_url=server.url.replace("//", f"//user:{KEY}@"), api_key=KEY)
    store.close()
    shown = [repr(llm), repr(made), made._repr_html_(), repr(made.ledger), caplog.text, *made.problems]
    assert not any(KEY in text for text in shown)
    assert not any(KEY.encode() in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_a_proxy_of_the_environment_is_not_asked_for_a_local_address(cafe, tmp_path, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the port of a service that nobody runs
    with FaultServer() as server, Store(tmp_path / "replies.sqlite") as store:
        llm = LLM("m", base_url=server.url)
        made = generate(plan(cafe, strategy="zero_shot", n=10), llm=llm, store=store, filters=[], progress=False)
    assert len(made.rows) == 10


def test_an_address_with_a_query_is_asked_with_its_query(cafe, tmp_path):
    with FaultServer() as server, Store(tmp_path / "replies.sqlite") as store:
        llm = LLM("m", base_url=server.url + "?api-version=3")
        assert (
            len(generate(plan(cafe, strategy="zero_shot", n=10), llm=llm, store=store, filters=[], progress=False).rows)
            == 10
        )
