"""One plan asked by many workers: the rows are those of one that asked everything."""

import json
import os
import random
import re
import time

import pytest
from support.batch_server import BatchServer
from support.fault_server import FaultServer, completion, texts_reply

from synthkit.cli.stores import ask_shard, read_shard, read_status
from synthkit.core.errors import SynthkitError
from synthkit.generation.generate import generate
from synthkit.generation.parsing import reply_problem
from synthkit.llm.batch import Batch
from synthkit.llm.budget import Budget
from synthkit.llm.client import LLM
from synthkit.llm.engine import ask
from synthkit.llm.request import Reply, Usage
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan

pytestmark = pytest.mark.filterwarnings("ignore:the same prompt got")


def steady(number, body):
    """A reply that depends on the prompt alone; some are short, some of no use."""
    prompt = body["messages"][-1]["content"]
    draw = random.Random(prompt)
    if draw.random() < 0.2:
        return completion("I would rather not.")
    count = int(re.search(r"numbers 1 to (\d+)", prompt)[1])
    asked = prompt.replace(f"numbers 1 to {count}", f"numbers 1 to {max(1, count - (draw.random() < 0.3))}")
    return completion(texts_reply(asked, 0))


@pytest.fixture
def served():
    with FaultServer(steady) as server:
        yield server


def test_shards_that_are_merged_give_the_rows_of_one_worker(cafe, tmp_path, served):
    llm, chosen = LLM("m", base_url=served.url), plan(cafe, strategy="attributed", n=60)
    with Store(tmp_path / "one.sqlite") as store:
        whole = generate(chosen, llm=llm, store=store, progress=False, filters=[])
    paths = [tmp_path / f"{i}.sqlite" for i in range(1, 5)]
    for i, path in enumerate(paths, 1):
        with Store(path) as store:
            if i == 2:  # dies after two requests, and is run again
                broken = ask_shard(chosen, "2/4", llm=llm, store=store, budget=Budget(requests=2), progress=False)
                assert broken.answered < broken.planned and "budget" in broken.note
            ask_shard(chosen, f"{i}/4", llm=llm, store=store, progress=False)
            if i == 3:  # two workers were given the same share, and a bit of another
                ask_shard(chosen, "2/4", llm=llm, store=store, progress=False)
    with Store(tmp_path / "all.sqlite") as store, Store(tmp_path / "pairs.sqlite") as pairs:
        store.merge(*paths)
        assert store.merge(*reversed(paths)) == 0
        pairs.merge(paths[3], paths[1])
        pairs.merge(paths[2], tmp_path / "pairs.sqlite", paths[0])
        everything = "SELECT * FROM replies ORDER BY key"
        assert store.read(everything) == pairs.read(everything)
        asked = served.requests
        merged = generate(chosen, llm=llm, store=store, progress=False, filters=[])
        assert merged.rows.to_list() == whole.rows.to_list() and len(whole.rows) == 60
        assert served.requests - asked < asked / 4  # what is asked is the top-up


def test_of_two_replies_to_one_request_the_earlier_stays_whichever_way_they_are_merged(cafe, tmp_path):
    (request, *_), kept = plan(cafe, strategy="zero_shot", n=5).slots, []
    for name in ("a", "b"):
        with Store(tmp_path / name) as store:
            store.put(request, "m", Reply(name, "m", Usage(1, 1)))
    for order in ("ab", "ba"):
        with Store(tmp_path / order) as store:
            store.merge(*(tmp_path / name for name in order))
            kept.append(store.get(request, "m").content)
    assert kept == ["a", "a"]


def test_a_store_that_is_not_there_is_said_and_not_made(tmp_path):
    with Store(tmp_path / "all.sqlite") as store, pytest.raises(SynthkitError, match="no such store: .*gone.sqlite"):
        store.merge(tmp_path / "gone.sqlite")
    assert not (tmp_path / "gone.sqlite").exists()
    (tmp_path / "text.sqlite").write_text("hello, this is no database at all" * 50)
    with Store(tmp_path / "all.sqlite") as store, pytest.raises(SynthkitError, match="text.sqlite"):
        store.merge(tmp_path / "text.sqlite")


@pytest.mark.parametrize("shard", ["0/4", "5/4", "3", "3/", "a/b", "1/0", "-1/4", "1.5/4", ""])
def test_a_shard_that_is_none_is_refused(shard):
    with pytest.raises(SynthkitError, match="which of how many"):
        read_shard(shard)


def test_a_store_says_what_it_answers_before_the_rest_is_paid_for(served, synthkit, monkeypatch, tmp_path):
    monkeypatch.setenv("SYNTHKIT_MODEL", "m")
    monkeypatch.setenv("OPENAI_BASE_URL", served.url)
    generated = ("generate", "feedback", "--llm", "live", "--n", 40, "--strategy", "attributed")
    code, _, err = synthkit(*generated, "--shard", "1/2", "--out", "rows.csv")
    assert code == 1 and "a shard writes no rows" in err and served.requests == 0
    assert synthkit(*generated, "--shard", "1/2", "--store", "half.sqlite")[0] in (0, 3)
    _, _, err = synthkit(*generated, "--store", "half.sqlite")
    assert "half.sqlite answers 4 of 8 requests; 4 are asked now, of http://127.0.0.1" in err
    _, _, err = synthkit(*generated, "--store", "half.sqlite")
    assert "half.sqlite answers 8 of 8 requests\n" in err
    monkeypatch.setenv("SYNTHKIT_MODEL", "another")
    _, _, err = synthkit(*generated, "--store", "half.sqlite")
    assert "answers 0 of 8 requests (what it holds was asked otherwise" in err and "'another localhost:" in err
    code, _, err = synthkit("merge", tmp_path, "--into", "all.sqlite")
    assert code == 1 and "a folder: name the files in it" in err


def test_a_path_in_the_place_of_a_store_is_said(cafe, served):
    with pytest.raises(SynthkitError, match=r"expected a store, as sk.Store\('replies.sqlite'\)"):
        generate(cafe, llm=LLM("m", base_url=served.url), n=5, store="replies.sqlite")
    assert served.requests == 0


def test_status_says_from_another_terminal_what_runs_waits_and_cost(cafe, tmp_path, synthkit, monkeypatch):
    for name, value in {"batch.QUIET": 0.1, "batch.POLL": 0.02, "batch._TICK": 0.01, "slots.BEAT": 0.05}.items():
        monkeypatch.setattr(f"synthkit.llm.{name}", value)
    chosen, path, seen = plan(cafe, strategy="attributed", n=60), tmp_path / "s.sqlite", []

    def look_in(status):
        if status.in_flight and server.batches and not seen:
            time.sleep(0.3)
            seen.append(read_status(path))
            raise KeyboardInterrupt

    with BatchServer(endings=["never"]) as server, Store(path) as store:
        llm = Batch("gpt-4o-mini", base_url=server.url, api_key="sk-0123456789")
        with pytest.raises(KeyboardInterrupt):
            ask(chosen.slots, llm, check=reply_problem, store=store, on_progress=look_in)
        ((run,), (batch,)) = seen[0]["running"], seen[0]["batches"]
        assert (run["process"], run["done"], run["planned"]) == (os.getpid(), 0, len(chosen.slots))
        assert (batch["id"], batch["status"], batch["requests"]) == ("batch_0", "in_progress", len(chosen.slots))
        code, out, _ = synthkit("status", path)
        assert code == 0 and "batch_0, gpt-4o-mini: in_progress" in out and "nobody waits for these batches" in out
        server.batches["batch_0"]["ending"] = "completed"
        with pytest.warns(UserWarning, match="earlier run"):
            ask(chosen.slots, llm, check=reply_problem, store=store)
    code, out, _ = synthkit("status", path, "--json")
    (said,) = json.loads(out)
    assert (said["replies"], said["no_use"], said["running"], said["batches"]) == (len(chosen.slots), 0, [], [])
    assert said["usd"] is None  # the provider of this test calls its model by a name without a price
    code, _, err = synthkit("status", tmp_path / "none.sqlite")
    assert code == 1 and "no such store" in err and not (tmp_path / "none.sqlite").exists()


def test_status_counts_batches_at_half_the_price(cafe, tmp_path):
    slots = plan(cafe, strategy="zero_shot", n=10).slots
    with Store(tmp_path / "s.sqlite") as store:
        for slot in slots[:2]:
            store.put(slot, "gpt-4o-mini", Reply("x", "gpt-4o-mini-2024-07-18", Usage(1_000_000, 1_000_000)))
        assert read_status(store.path)["usd"] == pytest.approx(1.5)
        with store.transaction() as database:
            row = ["t", "b", "gpt-4o-mini", "gpt-4o-mini", "completed", 1, 1, 0, 0.0, 1_000_000, 1_000_000, ""]
            database.execute(f"INSERT INTO batches VALUES ({', '.join('?' * 12)})", row)
        assert read_status(store.path)["usd"] == pytest.approx(1.125)
