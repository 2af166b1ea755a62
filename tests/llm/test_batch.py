"""Batches end to end: whatever the provider does with them, the rows are those of a live model, paid for once."""

import asyncio
import json
from collections import Counter

import pytest
from support.batch_server import BatchServer
from support.fault_server import completion

from synthkit.core.errors import SynthkitError
from synthkit.generation.generate import generate
from synthkit.generation.parsing import reply_problem
from synthkit.llm import batch as module
from synthkit.llm.batch import Batch
from synthkit.llm.budget import Budget, price
from synthkit.llm.client import LLM
from synthkit.llm.engine import Interrupted, ask
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name, value in {"QUIET": 0.1, "POLL": 0.02, "_TICK": 0.01}.items():
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "replies.sqlite") as opened:
        yield opened


def made_by(server, store, chosen, **more):
    llm = Batch("gpt-4o-mini", base_url=server.url, api_key="sk-0123456789")
    return generate(chosen, llm=llm, store=store, progress=False, filters=[], **more)


@pytest.fixture(scope="module")
def chosen(cafe):
    return plan(cafe, strategy="attributed", n=60)


@pytest.fixture(scope="module")
def expected(chosen, tmp_path_factory):
    """The rows of a live model that answers as the provider of batches does."""
    with BatchServer(lambda number, body: None) as server, Store(tmp_path_factory.mktemp("s") / "s.sqlite") as store:
        server.behave = lambda number, body: completion(module_texts(body))
        live = LLM("gpt-4o-mini", base_url=server.url, api_key="sk-0123456789")
        return generate(chosen, llm=live, store=store, progress=False, filters=[]).rows.to_list()


def module_texts(body):
    from support.fault_server import texts_reply

    return texts_reply(body["messages"][-1]["content"], 0)


def same(rows, expected):
    """The request key names the server's address, which is another one here."""
    bare = [[{k: v for k, v in row.items() if k != "request_key"} for row in some] for some in (rows, expected)]
    return bare[0] == bare[1]


@pytest.mark.parametrize(
    "server",
    [
        {},
        {"endings": ["expired", "completed"]},
        {"endings": ["expired", "expired", "cancelled"]},
        {"endings": ["failed: token_limit_exceeded"]},
        {"at_once": 5},
        {"lines": 5},
        {"size": 9000},
        {"drop_create": 1},
    ],
    ids=str,
)
def test_whatever_becomes_of_the_batches_the_rows_are_those_of_a_live_model(
    chosen, store, expected, server, monkeypatch
):
    monkeypatch.setattr(module, "LINES", server.get("lines", module.LINES))
    monkeypatch.setattr(module, "BYTES", server.get("size", module.BYTES))
    with BatchServer(**server) as provider:
        made = made_by(provider, store, chosen)
        assert same(made.rows.to_list(), expected) and len(expected) == 60
        assert set(Counter(provider.asked).values()) == {1}
        batches = len(provider.batches)
        assert made_by(provider, store, chosen).rows.to_list() == made.rows.to_list()
        assert len(provider.batches) == batches  # a finished run sends nothing
    assert store.read("SELECT count(*) FROM batches WHERE asked != ''") == [(0,)]


@pytest.mark.parametrize("limits", [{"lines": 5}, {"size": 9000}], ids=str)
def test_a_provider_that_takes_shorter_files_than_usual_gets_shorter_ones(chosen, store, expected, limits):
    with BatchServer(**limits) as provider:
        assert same(made_by(provider, store, chosen).rows.to_list(), expected)
        assert set(Counter(provider.asked).values()) == {1}


SPOILT = {
    "not found": lambda content: None,
    "empty": lambda content: b"",
    "half of it": lambda content: content[: len(content) // 2],
    "under other ids": lambda content: content.replace(b'"custom_id": "', b'"custom_id": "x'),
    "a web page": lambda content: b"<html>Please sign in</html>",
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_replies_that_are_billed_and_not_to_be_had_are_looked_for_again_and_not_paid_for_unseen(
    chosen, store, expected, spoil
):
    with BatchServer() as server:
        server.spoil, server.spoilt = SPOILT[spoil], 2
        assert same(made_by(server, store, chosen).rows.to_list(), expected)
        assert set(Counter(server.asked).values()) == {1}
    with BatchServer() as server:
        server.spoil, server.spoilt = SPOILT[spoil], 10**6
        try:
            reason = made_by(server, store, chosen).ledger.note  # some came: they are rows
        except SynthkitError as error:
            reason = str(error)
        assert "paid for, anew" in reason and len(server.batches) == 1
        server.spoilt = 0
        assert len(made_by(server, store, chosen).rows) == 60


def test_lines_in_a_looser_form_are_read(chosen, store, expected):
    def loosen(content):
        lines = [json.loads(line) for line in content.splitlines()]
        for line in lines:
            line["response"] |= {"status_code": "200", "body": json.dumps(line["response"]["body"])}
        return "\n".join(map(json.dumps, lines)).encode()

    with BatchServer() as server:
        server.spoil, server.spoilt = loosen, 1
        assert same(made_by(server, store, chosen).rows.to_list(), expected)
        assert len(server.batches) == 1


def test_error_lines_are_asked_again_and_those_of_the_request_are_not(chosen, store):
    met = Counter()

    def behave(number, body):
        prompt = body["messages"][-1]["content"]
        met[prompt] += 1
        if "label `animals`" in prompt and met[prompt] == 1:
            return 500, {"error": {"message": "The server had an error"}}
        if "label `menu`" in prompt:
            return 400, {"error": {"message": "flagged", "code": "content_filter"}}
        return None

    with BatchServer(behave) as server:
        made = made_by(server, store, chosen)
    assert made.ledger.failed and {r for r, _ in made.ledger.failures} == {"HTTP 400, stopped by a filter"}
    assert len({row["label"] for row in made.rows}) == 2


def test_a_model_that_takes_no_temperature_is_asked_without_in_the_next_batch(chosen, store, expected):
    def behave(number, body):
        words = "Unsupported value: 'temperature' does not support 1.0 with this model."
        return (400, {"error": {"message": words, "param": "temperature"}}) if "temperature" in body else None

    with BatchServer(behave) as server:
        assert same(made_by(server, store, chosen).rows.to_list(), expected)
        assert len(server.batches) == 2


def test_replies_of_no_use_end_a_run_and_what_is_on_its_way_is_cancelled(cafe, store, monkeypatch):
    monkeypatch.setattr(module, "LINES", 25)
    with BatchServer(lambda n, b: completion("I would rather not."), endings=["completed", "never"]) as server:
        with pytest.raises(SynthkitError, match="none of use|no use"):
            made = made_by(server, store, plan(cafe, strategy="attributed", n=250))
            raise SynthkitError(made.ledger.note)
        assert server.cancelled


def killed(server, chosen, tmp_path):
    """End a run once its batch is on its way."""

    def impatient(status):
        if server.batches and status.in_flight:
            raise KeyboardInterrupt

    llm = Batch("gpt-4o-mini", base_url=server.url, api_key="sk-0123456789")
    with Store(tmp_path / "s.sqlite") as store, pytest.raises(Interrupted):
        ask(chosen.slots[: chosen.first_wave], llm, check=reply_problem, store=store, on_progress=impatient)
    assert len(server.batches) == 1 and not server.asked


def test_a_kernel_that_is_killed_goes_on_the_next_day_and_pays_nothing_twice(chosen, tmp_path, expected):
    with BatchServer(endings=["never"]) as server:
        killed(server, chosen, tmp_path)
        server.batches["batch_0"]["ending"] = "completed"
        with Store(tmp_path / "s.sqlite") as store:
            assert same(made_by(server, store, chosen).rows.to_list(), expected)
        assert len(server.batches) == 1 and set(Counter(server.asked).values()) == {1}


def test_what_came_of_an_earlier_batch_is_kept_although_less_is_asked_for_now(cafe, chosen, tmp_path):
    with BatchServer(endings=["never"]) as server:
        killed(server, chosen, tmp_path)
        server.batches["batch_0"]["ending"] = "completed"
        with Store(tmp_path / "s.sqlite") as store:
            made_by(server, store, plan(cafe, strategy="attributed", n=10))
            assert len(store) == chosen.first_wave
        assert len(server.batches) == 1


def test_half_the_price_in_estimate_cap_and_ledger(chosen, store):
    batch, live = Batch("gpt-4o-mini", api_key="sk-0123456789"), LLM("gpt-4o-mini", api_key="sk-0123456789")
    assert price(batch) == (0.075, 0.30)
    assert chosen.estimate(batch).usd == pytest.approx(chosen.estimate(live).usd / 2)
    with BatchServer() as server:
        made = made_by(server, store, chosen, budget=Budget(requests=7))
        assert (made.ledger.answered, server.requests) == (7, 7)
        assert len(server.batches) == 1  # no batch of one, to learn what a reply costs


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ({"endings": ["failed: billing_hard_limit_reached"]}, "did not take batch batch_0"),
        ({"endings": ["failed: token_limit_exceeded"] * 20}, "did not take batch"),
    ],
)
def test_what_no_second_try_mends_is_said_and_does_not_stand_in_the_way_later(chosen, store, server, words):
    with BatchServer(**server) as provider:
        with pytest.raises(SynthkitError, match=words):
            made_by(provider, store, chosen)
        provider.endings = []
        assert len(made_by(provider, store, chosen).rows) == 60


def test_what_came_before_the_quota_ended_is_kept_and_the_rest_is_asked_another_day(chosen, store, expected):
    spent = (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}})
    with BatchServer(lambda number, body: spent if number > 5 else None) as server:
        made = made_by(server, store, chosen)
        assert made.ledger.answered == 6 and "no quota left" in made.ledger.note
        server.behave = None
        assert same(made_by(server, store, chosen).rows.to_list(), expected)
        assert set(Counter(server.asked).values()) == {1}


def test_an_endpoint_without_batches_and_one_that_is_not_there_are_said(chosen, store):
    from support.fault_server import FaultServer

    with FaultServer() as server, pytest.raises(SynthkitError, match=r"has no Batch API .*sk\.LLM"):
        made_by(server, store, chosen)
    server.port = 1
    with pytest.raises(SynthkitError, match="no connection to"):
        made_by(server, store, chosen)


def test_what_a_provider_says_against_batches_is_said(chosen, store):
    with BatchServer() as server:
        server.refusal = "This organization may not use batches"
        with pytest.raises(SynthkitError, match="may not use batches"):
            made_by(server, store, chosen)


def test_a_batch_that_this_key_does_not_see_is_not_sent_again(chosen, tmp_path, expected):
    with BatchServer(endings=["never"]) as server:
        killed(server, chosen, tmp_path)
        hidden, server.batches = server.batches, {}
        with Store(tmp_path / "s.sqlite") as store:
            with pytest.raises(SynthkitError, match="is this the key"):
                made_by(server, store, chosen)
            assert not server.batches
            server.batches = hidden
            server.batches["batch_0"]["ending"] = "completed"
            assert same(made_by(server, store, chosen).rows.to_list(), expected)
        assert len(server.batches) == 1


@pytest.mark.filterwarnings("default::UserWarning")
def test_a_status_that_is_not_known_is_said_looked_at_for_a_while_and_ends_the_run(
    chosen, tmp_path, expected, monkeypatch
):
    monkeypatch.setattr(module, "LOOKS", 6)
    with BatchServer(endings=["never"]) as server:
        server.calls_it = {"in_progress": "warming_up"}
        with Store(tmp_path / "s.sqlite") as store:
            ends = pytest.raises(SynthkitError, match="'warming_up'.*The same call looks at it again")
            with pytest.warns(UserWarning, match="'warming_up'.*Looking on"), ends:
                made_by(server, store, chosen)
            assert server.batches["batch_0"]["looks"] <= 10
            server.batches["batch_0"]["ending"], server.calls_it = "completed", {}
            assert same(made_by(server, store, chosen).rows.to_list(), expected)
        assert len(server.batches) == 1


def test_the_words_of_other_providers_for_how_far_a_batch_is_are_known(chosen, store, expected):
    with BatchServer(endings=["expired", "completed"]) as server:
        server.calls_it = {
            "validating": "QUEUED",
            "in_progress": "RUNNING",
            "expired": "TIMEOUT_EXCEEDED",
            "completed": "SUCCESS",
        }
        assert same(made_by(server, store, chosen).rows.to_list(), expected)


def test_an_outage_is_waited_out(chosen, store, expected):
    with BatchServer() as server:
        server.down = 2
        assert same(made_by(server, store, chosen).rows.to_list(), expected)


def test_a_batch_asks_for_a_store():
    with pytest.raises(SynthkitError, match="store="):
        asyncio.run(Batch("m", api_key="sk-0123456789").complete(None))
    assert json.dumps(repr(Batch("m", api_key="sk-0123456789"))) == "\"Batch('m', base_url=None)\""
