"""The engine: one plan and one store give one set of rows, whatever happens on the way there."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fault_server import FaultServer
from support.replies import distinct_texts

from synthkit.generation.generate import generate
from synthkit.llm.budget import Budget
from synthkit.llm.client import LLM
from synthkit.llm.endpoint import NoReply
from synthkit.llm.recorded import parse_id
from synthkit.llm.request import Reply, Usage
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan

TESTS = Path(__file__).parent.parent


class Weather:
    """A source whose replies depend on the request alone, good or bad, and come in any order."""

    name = model = "weather"
    attempts = 3

    def __init__(self, *, concurrency=1, faults=0.0, order=0):
        self.concurrency, self.faults, self.rng, self.asked = concurrency, faults, random.Random(order), []
        self.silent = []

    async def complete(self, request):
        self.asked.append(request.identity)
        for _ in range(self.rng.randrange(4) if self.concurrency > 1 else 0):
            await asyncio.sleep(0)
        dice = int(hashlib.sha256(repr(request.identity[1:]).encode()).hexdigest()[:8], 16) / 16**8
        usage = Usage(10 + request.slot % 7, 20 + request.slot % 5)
        if dice < self.faults / 6:
            self.silent.append(request.identity)
            raise NoReply("HTTP 500: out")
        bad = ["", "no JSON here", '{"texts": [{"number": 1, "text": "only one of them"}]}']
        content = bad[int(dice * 1000) % 3] if dice < self.faults else distinct_texts(request)
        return Reply(content, self.model, usage)


def rows_of(made):
    made.ledger.check()
    return made.rows.to_dict(), made.ledger


def slots_of(store, where, least=1):
    """The slots with at least so many stored replies of a kind."""
    names = store.read(f"SELECT custom_id FROM replies WHERE {where}")
    counts = Counter(parse_id(name)["slot"] for (name,) in names)
    return [slot for slot, count in counts.items() if count >= least]


caps = st.one_of(st.none(), st.integers(1, 40))


@given(faults=st.sampled_from([0, 0.1, 0.5, 0.9]), concurrency=st.integers(2, 8), order=st.integers(0, 99), cap=caps)
def test_the_order_of_replies_does_not_change_the_rows(cafe, faults, concurrency, order, cap):
    def run(**source):
        budget = Budget(requests=cap) if cap else None
        made = generate(
            plan(cafe, strategy="zero_shot", n=40), llm=Weather(faults=faults, **source), budget=budget, progress=False
        )
        assert not cap or budget.spent["requests"] <= cap
        return rows_of(made)

    assert run() == run(concurrency=concurrency, order=order)


@settings(max_examples=20)
@given(kept=st.sets(st.integers(0, 40)), faults=st.sampled_from([0, 0.3, 0.6]), order=st.integers(0, 99))
def test_a_kill_at_any_moment_and_a_restart_do_not_change_the_rows(cafe, kept, faults, order):
    chosen = plan(cafe, strategy="zero_shot", n=40)
    with tempfile.TemporaryDirectory() as folder:
        whole, part = Store(Path(folder) / "whole.sqlite"), Store(Path(folder) / "part.sqlite")
        expected = rows_of(generate(chosen, llm=Weather(faults=faults), store=whole, progress=False))
        rows = enumerate(whole.read("SELECT * FROM replies ORDER BY custom_id"))
        committed = [part._submit(row) for number, row in rows if number in kept]  # before the run was killed
        [future.result() for future in committed]
        given_up = set(slots_of(part, "problem != ''", least=Weather.attempts)) - set(slots_of(part, "problem = ''"))
        source = Weather(faults=faults, concurrency=5, order=order)
        resumed = rows_of(generate(chosen, llm=source, store=part, progress=False))
        gave_text = set(slots_of(part, "problem = ''"))
        again = Weather(faults=faults)
        repeated = rows_of(generate(chosen, llm=again, store=part, progress=False))
        whole.close(), part.close()
    assert resumed == expected or given_up  # what had come to nothing before the kill is asked anew
    assert len(source.asked) == len(set(source.asked))
    assert not {identity[2] for identity in again.asked} & gave_text  # asked again is what never gave a text
    assert len(repeated[0]["text"]) >= len(expected[0]["text"])


@given(cap=st.integers(1, 30), faults=st.sampled_from([0, 0.3]), order=st.integers(0, 99))
def test_a_cap_gives_a_prefix_of_the_plan(cafe, cap, faults, order):
    chosen = plan(cafe, strategy="zero_shot", n=100)
    every = generate(chosen, llm=Weather(faults=faults), progress=False)
    source, budget = Weather(faults=faults, concurrency=6, order=order), Budget(requests=cap)
    capped = generate(chosen, llm=source, budget=budget, progress=False)
    capped.ledger.check()
    texts = list(capped.rows["text"])
    assert texts == list(every.rows["text"])[: len(texts)] or faults  # a capped slot may hold fewer of its texts
    slots = sorted({identity[2] for identity in source.asked})
    first = [slot for slot in slots if slot < chosen.first_wave]
    assert first == list(range(len(first)))  # after it come the slots of labels that lack
    assert slots == first or len(first) == chosen.first_wave
    assert budget.spent["requests"] <= cap


def test_it_works_in_a_script_a_running_loop_two_threads_and_a_worker(cafe, tmp_path):
    store, chosen, made = Store(tmp_path / "r.sqlite"), plan(cafe, strategy="zero_shot", n=40), {}

    def work(name, llm):
        made[name] = generate(
            plan(cafe, strategy="zero_shot", n=40, random_state=len(name)), llm=llm, store=store, progress=False
        )

    async def cell(llm):
        return generate(chosen, llm=llm, store=store, progress=False)

    with FaultServer(latency=0.01) as server:
        llm = LLM("m", base_url=server.url)
        assert len(generate(chosen, llm=llm, store=store, progress=False).rows) == 40
        assert len(asyncio.run(cell(llm)).rows) == 40
        threads = [threading.Thread(target=work, args=(name, llm)) for name in ("a", "bb")]
        [t.start() for t in threads]
        [t.join(20) for t in threads]
        assert [len(m.rows) for m in made.values()] == [40, 40]
        assert server.requests == 24
    store.close()


SCRIPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
sys.path.insert(0, {tests!r})
from pathlib import Path
from support.cafe import write_task
from synthkit.generation.generate import generate
from synthkit.llm.client import LLM
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan
from synthkit.tasks.task import load_task
task = load_task(write_task(Path({folder!r}) / "cat_cafe"))
llm = LLM("m", base_url={url!r}, concurrency=8)
made = generate(plan(task, strategy="zero_shot", n={n}), llm=llm, store=Store({store!r}), progress=False)
print(len(made.rows), made.ledger.replies)
"""


@pytest.fixture
def process(tmp_path):
    """Start a generation in a process of its own."""

    def start(server, n=500):
        values = {"tests": str(TESTS), "folder": str(tmp_path), "store": str(tmp_path / "r.sqlite")}
        script = SCRIPT.format(url=server.url, n=n, **values)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([sys.executable, "-c", script], **pipes)

    return start


@pytest.fixture
def resume(cafe, tmp_path):
    """Run the same generation again, in this process; return (rows, replies)."""

    def run(server, n=500):
        llm = LLM("m", base_url=server.url, concurrency=8)
        with Store(tmp_path / "r.sqlite") as store:
            made = generate(plan(cafe, strategy="zero_shot", n=n), llm=llm, store=store, progress=False)
        return len(made.rows), made.ledger.replies

    return run


def wait_for(server, requests, process):
    while server.served < requests:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_stops_within_a_second_keeps_what_came_and_says_how_to_go_on(process, resume, tmp_path):
    with FaultServer(latency=0.2) as server:
        first = process(server)
        wait_for(server, 20, first)
        pressed = time.monotonic()
        first.send_signal(signal.SIGINT)
        said = first.communicate(timeout=10)[1]
        assert time.monotonic() - pressed < 3  # with the end of the interpreter
        assert "run this again and only the rest is asked" in said
        with Store(tmp_path / "r.sqlite") as store:
            kept = len(store)
        assert kept >= 20 - 8  # all but what was on its way
        before = server.requests
        assert resume(server) == (500, 100)
        assert server.requests - before == 100 - kept


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_kill_9_loses_no_reply_that_came_and_repeats_only_what_was_in_flight(process, resume):
    with FaultServer(latency=0.05) as server:
        first = process(server)
        wait_for(server, 50, first)
        first.kill()
        first.communicate()
        assert resume(server) == (500, 100)
        assert server.requests <= 100 + 2 * 8  # in flight, or not yet committed


def test_two_processes_on_one_store_end_with_the_same_rows(process, resume, tmp_path):
    with FaultServer(latency=0.01) as server:
        both = [process(server, n=300) for _ in range(2)]
        outs = [p.communicate(timeout=30) for p in both]
        assert [out.split()[0] for out, _ in outs] == ["300", "300"], outs
        assert server.requests == 60  # no slot is paid for twice
        assert resume(server, n=300) == (300, 60)
        assert server.requests == 60
    with Store(tmp_path / "r.sqlite") as store:
        assert len(store) == 60


def test_progress_shows_requests_in_flight_retries_and_cost(cafe, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SYNTHKIT_PRICE", "1,1")
    with FaultServer(latency=0.3) as server, Store(tmp_path / "r.sqlite") as store:
        generate(plan(cafe, strategy="zero_shot", n=120), llm=LLM("m", base_url=server.url, concurrency=4), store=store)
        shown = capsys.readouterr().err
        assert "in flight" in shown
        assert "retries" in shown
        assert "$0.0" in shown
        generate(
            plan(cafe, strategy="zero_shot", n=120), llm=LLM("m", base_url=server.url), store=store, progress=False
        )
        assert capsys.readouterr() == ("", "")
