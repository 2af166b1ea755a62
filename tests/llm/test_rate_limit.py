"""How many are on the wire at once, against servers whose time passes at once: no clock, no socket."""

import asyncio
import math
import random
import selectors
from types import SimpleNamespace

import pytest

from synthkit.llm import rate_limit
from synthkit.llm.rate_limit import Pace


class Hurried(selectors.DefaultSelector):
    """Waits for nothing: what a loop would have slept is added to its time."""

    now = 0.0

    def select(self, timeout=None):
        self.now += timeout or 0.0
        return super().select(0)


@pytest.fixture
def run(monkeypatch):
    """Send requests to a server that works on `slots` at a time; return (seconds, tries, windows that were seen)."""

    def go(requests, *, slots, seconds=10.0, start=8, timeout=120.0, spread=0.0, seed=0):
        selector, rng, windows = Hurried(), random.Random(seed), []
        loop = asyncio.SelectorEventLoop(selector)
        loop.time = lambda: selector.now
        monkeypatch.setattr(rate_limit, "time", SimpleNamespace(monotonic=loop.time))

        async def main():
            pace, busy = Pace(64, start=start), asyncio.Semaphore(slots)
            pace.may_grow = True

            async def work():
                async with busy:
                    await asyncio.sleep(seconds * math.exp(rng.gauss(0, spread)))

            async def ask():
                while True:
                    sent = await pace.enter(1)
                    windows.append(pace.limit)
                    try:  # the server works on what nobody waits for any more
                        await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(work())), timeout)
                    except TimeoutError:
                        pace.timed_out(sent)
                    else:
                        return pace.answered(sent)

            await asyncio.gather(*(ask() for _ in range(requests)))
            return selector.now

        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(main()), len(windows), windows

    return go


@pytest.mark.parametrize("start", [1, 8])
@pytest.mark.parametrize("seconds", [1.0, 10.0, 16.0])
def test_a_server_that_answers_one_at_a_time_gets_one_or_two_and_loses_no_time(run, seconds, start):
    took, tries, windows = run(60, slots=1, seconds=seconds, start=start)
    assert took <= 1.15 * 60 * seconds
    assert max(windows[30:48]) <= 2  # later it is tried again with more
    assert max(windows) <= 9 and tries <= 1.1 * 60


def test_a_server_whose_replies_differ_in_length_and_queue_is_found_out_as_well_but_for_bad_luck(run):
    runs = [run(60, slots=1, spread=0.4, seed=seed) for seed in range(12)]
    assert sum(sorted(windows[30:50])[10] <= 4 for *_, windows in runs) >= 11
    assert max(tries for _, tries, _ in runs) <= 1.2 * 60


@pytest.mark.parametrize(("slots", "rows"), [(4, 200), (16, 600)])
def test_a_server_of_several_slots_is_kept_busy_and_not_flooded(run, slots, rows):
    took, _, windows = run(rows, slots=slots)
    assert took <= 1.1 * rows / slots * 10
    assert slots <= sorted(windows)[rows // 2] <= 4 * slots


@pytest.mark.parametrize("start", [1, 8])
def test_a_server_that_takes_any_number_gets_as_many_as_are_allowed_after_a_few_round_trips(run, start):
    took, tries, windows = run(400, slots=10**6, start=start)
    doublings = math.log2(64 / start)
    assert windows[-1] == 64 and tries == 400
    assert took <= 10 * (math.ceil(400 / 64) + doublings)


def test_replies_of_very_different_length_do_not_pass_for_a_queue(run):
    last = [run(400, slots=10**6, spread=0.5, seed=seed)[2][-1] for seed in range(8)]
    assert sorted(last)[1] == 64
