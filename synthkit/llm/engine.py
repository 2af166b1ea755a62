"""Ask many requests at once: in slot order, never above the cap, each reply kept before it is used."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from synthkit.errors import SynthkitError
from synthkit.llm.budget import Budget
from synthkit.llm.client import NoReply
from synthkit.llm.request import Reply, Request
from synthkit.llm.store import Store


@dataclass(frozen=True)
class Answer:
    """What became of a request: the reply of the last attempt, or none and why; `not_asked` where the cap came first."""

    request: Request
    reply: Reply | None
    problems: tuple[str, ...] = ()
    not_asked: bool = False


def ask(
    requests: Sequence[Request],
    source,
    *,
    check: Callable[[Request, Reply], str | None],
    store: Store | None = None,
    budget: Budget | None = None,
    on_answer: Callable[[Answer], None] = lambda answer: None,
) -> list[Answer]:
    """Return one Answer a request, in order. A reply that fails `check` is asked again while attempts are left.

    Runs on an event loop of its own in a thread of its own, so a notebook cell can call it while its loop is running.
    """
    if budget:
        budget.check_price(source.model)
    outcome: dict = {}

    def run():
        try:
            outcome["answers"] = asyncio.run(_ask_all(requests, source, check, store, budget, on_answer, stop))
        except BaseException as error:
            outcome["error"] = error

    stop = threading.Event()
    thread = threading.Thread(target=run, name="synthkit-llm", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.2)
    except KeyboardInterrupt:
        stop.set()
        thread.join(5)
        raise
    if "error" in outcome:
        raise outcome["error"]
    return outcome["answers"]


async def _ask_all(requests, source, check, store, budget, on_answer, stop) -> list[Answer]:
    answers: list[Answer | None] = [None] * len(requests)
    window = asyncio.Semaphore(source.concurrency)
    running: set[asyncio.Task] = set()
    capped = False

    async def one(index: int, request: Request):
        try:
            answers[index] = await _answer(request, source, check, store, budget)
            on_answer(answers[index])
        finally:
            window.release()

    session = source.session() if hasattr(source, "session") else nullcontext()
    async with session:
        try:
            for index, request in enumerate(requests):
                await window.acquire()
                stored = store.get(request, source.model) if store else None
                while budget and not stored and not budget.reserve(request, source.model):
                    if not running:
                        capped = True
                        break
                    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                _raise_first(running)
                if capped or stop.is_set():
                    break
                task = asyncio.create_task(one(index, request))
                running.add(task)
                task.add_done_callback(
                    lambda t: running.discard(t) if not t.cancelled() and not t.exception() else None
                )
            while running:
                done, _ = await asyncio.wait(running, timeout=0.2, return_when=asyncio.FIRST_EXCEPTION)
                _raise_first(done)
                running -= done
                if stop.is_set():
                    break
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
    return [
        a or Answer(r, None, ("not asked: the budget ends here",), not_asked=True)
        for a, r in zip(answers, requests, strict=True)
    ]


def _raise_first(tasks) -> None:
    for task in tasks:
        if task.done() and not task.cancelled() and task.exception():
            raise task.exception()


async def _answer(request, source, check, store, budget) -> Answer:
    problems: list[str] = []
    best: tuple[Request, Reply] | None = None
    while True:
        reply = store.get(request, source.model) if store else None
        if reply is None:
            try:
                reply = await source.complete(request)
            except NoReply as error:
                _settle(budget, request, None, source.model)
                return Answer(*(best or (request, None)), (*problems, str(error)))
            except SynthkitError:
                _settle(budget, request, None, source.model)
                raise
            if store:
                store.put(request, source.model, reply)
        _settle(budget, request, reply.usage, source.model)
        problem = check(request, reply)
        if problem is None:
            return Answer(request, reply, tuple(problems))
        problems.append(problem)
        best = (request, reply)
        if len(problems) >= source.attempts:
            return Answer(request, reply, tuple(problems))
        request = request.next_attempt()
        known = store.get(request, source.model) if store else None
        if budget and known is None and not budget.reserve(request, source.model):
            return Answer(*best, (*problems, "not asked again: the budget ends here"))


def _settle(budget, request, usage, model) -> None:
    if budget:
        budget.settle(request, usage, model)
