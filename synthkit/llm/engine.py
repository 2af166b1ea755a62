"""Ask many requests at once, in slot order, never above the cap, until Ctrl-C; a reply is kept before it is used."""

from __future__ import annotations

import asyncio
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from synthkit.core.errors import SynthkitError
from synthkit.llm.answers import Answer, Attempt, Status, changed_model, same_answers, useless, with_reason
from synthkit.llm.budget import Budget, Hold, cost, most_tokens
from synthkit.llm.endpoint import NoReply
from synthkit.llm.request import Reply, Request
from synthkit.llm.slots import Slots
from synthkit.llm.store import Store

STAYS = ("recorded", "ngram", "trained", "local")  # sources whose prompts never leave this machine
_TICK = 0.1  # seconds between two looks at the run from outside
_IN_A_ROW, _AT_FIRST = 20, 5  # requests without a reply, one after another, that end a run; where none ever came
_USELESS, _USELESS_LATER = 20, 60  # replies of no use in a row that end a run; after a useful one
_CAPPED = "the budget ended here"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with what is safe and how to go on."""


def ask(
    requests: Sequence[Request],
    source,
    *,
    check: Callable[[Request, Reply], str | None],
    gate: Callable[[Sequence[Request]], None] | None = None,
    store: Store | None = None,
    budget: Budget | None = None,
    on_progress: Callable[[Status], None] | None = None,
) -> list[Answer]:
    """Return one Answer a request, in order.

    `check` says what is wrong with a reply, None for one of use. Others are asked for again while attempts are left,
    and once more by a later call: they are history. Where nothing of use comes the run stops: the rest is `not_asked`,
    with the reason among its problems. What makes the user wait is a warning at once.

    Before anything is sent `gate` looks at all requests and may refuse; what is recorded or made here leaves nothing.
    Runs on a loop and in a thread of its own, so that a notebook cell can call it; `on_progress` runs in the caller's.
    """
    if gate is not None and getattr(source, "name", "") not in STAYS:
        gate(requests)
    if budget:
        budget.check_price(source)
    run = _Run(Slots(list(requests), source, check, store, budget))
    thread = threading.Thread(target=run, name="synthkit-llm", daemon=True)
    thread.start()

    def report():
        if on_progress:
            on_progress(run.status())
        for note in run.news():
            warnings.warn(note, stacklevel=_level_outside())

    try:
        while thread.is_alive():
            thread.join(_TICK)
            report()
        report()
    except BaseException as error:
        run.stop()
        thread.join(0.8)
        if isinstance(error, KeyboardInterrupt):
            kept = "are in the store: run this again and only the rest is asked" if store is not None else "came"
            came = sum(answer.reply is not None for answer in run.answers())
            raise Interrupted(f"stopped; {came} of {len(requests)} replies {kept}") from None
        raise
    if run.error:
        raise run.error
    return run.answers()


def _level_outside() -> int:
    """Return the stack level, for who calls this, of the line outside the package that began it all."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("synthkit."):
        level, frame = level + 1, frame.f_back
    return level


class _Run:
    """One call of `ask`, on its own loop in its own thread."""

    def __init__(self, slots: Slots):
        self.slots, self.requests, self.source = slots, slots.requests, slots.source
        self.store, self.budget = slots.store, slots.budget
        self.batched = getattr(slots.source, "batched", False)
        self.error: BaseException | None = None
        self._answers: list[Answer | None] = [None] * len(self.requests)
        self._session = None
        self._notes: dict[str, None] = {}
        self._heard: set[str] = set()
        self._capped, self._stopped = False, ""
        self._fruitless = 0  # requests without a reply since the last one with
        self._any_use = any(attempts and not attempts[-1][2] for attempts in slots.attempts)
        self._of_no_use: list[Attempt] = []  # replies since the last useful one
        self._usd, self._tokens = 0.0, 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def __call__(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            self.error = None if isinstance(error, asyncio.CancelledError) else error

    def stop(self) -> None:
        """End the run from another thread; what came is kept."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)

    def answers(self) -> list[Answer]:
        reason = (f"not asked: {self._stopped or _CAPPED}",)
        out = [a or Answer(r, None, reason, True) for a, r in zip(self._answers, self.requests, strict=True)]
        return with_reason(out, self._stopped) if self._stopped else out

    def status(self) -> Status:
        in_flight, retries = self._session.traffic() if self._session else (0, 0)
        return Status(sum(a is not None for a in self._answers), in_flight, retries, self._usd, self._tokens)

    def news(self) -> list[str]:
        """Return what the user should hear and has not heard yet."""
        new = [n for n in (*getattr(self._session, "notes", {}).copy(), *self._notes.copy()) if n not in self._heard]
        self._heard.update(new)
        return new

    async def _main(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._settled = asyncio.Event()
        self._running, self._alone = 0, False
        waiting = [i for i in range(len(self.requests)) if not self.slots.is_settled(i)]
        for index in range(waiting[0] if waiting else len(self.requests)):
            self._finish(index)
        if not waiting:  # a finished run opens no client
            return
        session = self.source.session(self.store) if hasattr(self.source, "session") else nullcontext()
        async with session as self._session, self.slots.shared(), asyncio.TaskGroup() as group:
            await self._dispatch(waiting[0], group)
        if self._session:
            if self._of_no_use and not self._any_use and not self._stopped:
                self._say_useless()
            answers = [a for a in self._answers if a]
            self._notes |= dict.fromkeys(n for n in (same_answers(answers), changed_model(answers)) if n)

    async def _dispatch(self, start: int, group: asyncio.TaskGroup) -> None:
        """Start the requests from slot `start` on, in order, until they or the budget end."""
        # a live model's own pace says how many are asked; beside them others wait for another try or are being stored
        places = 2 if self._session else 1
        window = asyncio.Semaphore(places * self.source.concurrency)
        for index, request in enumerate(self.requests[start:], start):
            if not self.slots.is_settled(index):
                await self.slots.claim(index)
            if self.slots.is_settled(index):
                self._finish(index)
                continue
            await window.acquire()
            while self.budget and self._running and not self.budget.knows(self.source):
                await self._another_settles()  # the first reply shows what this endpoint bills
            # of a batch one try each, as many as fit: what was set aside for more would wait for a day
            tries = 1 if self.batched else self.slots.tries(index)
            hold = await self._afford(request, tries) if self.budget else None
            if self._stopped or self._capped:
                if hold:
                    hold.free()
                if self.slots.attempts[index]:
                    self._finish(index, f"not asked again: {self._stopped or _CAPPED}")
                break
            self._running += 1
            task = group.create_task(self._one(index, hold))
            task.add_done_callback(lambda _: window.release())

    async def _another_settles(self) -> None:
        self._settled.clear()
        await self._settled.wait()

    async def _afford(self, request: Request, tries: int) -> Hold | None:
        """Set money aside for all tries of a request: the cap then falls where it would fall one by one.

        Where the rest does not do for all, the request is asked alone, and each try has to fit.
        """
        while not self._capped:
            if not (self._alone and self._running):
                self._alone = False
                if hold := self.budget.reserve(request, self.source, tries):
                    return hold
                if not self._running:
                    self._alone = True
                    hold = self.budget.reserve(request, self.source)
                    self._capped = hold is None
                    return hold
            await self._another_settles()
        return None

    async def _one(self, index: int, hold: Hold | None) -> None:
        """Ask for one slot, attempt after attempt, until a reply is good or the attempts or the budget end."""
        attempts, ending = self.slots.attempts[index], None
        try:
            while not self.slots.is_settled(index):
                if self._stopped:
                    ending = f"not asked: {self._stopped}"
                    break
                if not self.slots.is_mine(index):
                    await self.slots.news(index)
                    continue
                if hold and not hold.room():
                    self._capped, ending = True, f"not asked again: {_CAPPED}"
                    break
                attempts.append(await self._ask(self.slots.next_request(index), hold))
                self._judge(attempts[-1])
            self._fruitless = 0
        except NoReply as error:
            ending = str(error)
            self._fruitless += not self.batched  # what comes together says nothing by its order
            if self._fruitless >= (_IN_A_ROW if getattr(self._session, "answered", True) else _AT_FIRST):
                self._end(f"no reply to {self._fruitless} requests in a row: {error}")
        except SynthkitError as error:
            ending = str(error)
            self._end(ending)
        except asyncio.CancelledError:
            if not self._stopped:
                raise
            ending = f"not asked: {self._stopped}"
        finally:
            if hold:
                hold.free()
            self._running -= 1
            self._settled.set()
        if ending and not self._stopped:
            await self.slots.give_up(index)
        if attempts or not self._stopped or not ending.startswith("not asked"):
            self._finish(index, ending)

    def _judge(self, attempt: Attempt) -> None:
        """Stop a run in which one reply after another is of no use."""
        if not attempt[2]:
            self._any_use, self._of_no_use = True, []
            if self._session:
                self._session.pace.may_grow = True
            return
        self._of_no_use.append(attempt)
        if len(self._of_no_use) == (_USELESS_LATER if self._any_use else _USELESS) and self._session:
            self._stop(self._say_useless())

    def _say_useless(self) -> str:
        reason = useless(self._of_no_use, most_tokens(self._of_no_use[0][0], self.source)[1])
        self._notes[reason] = None
        return reason

    def _end(self, reason: str) -> None:
        """Stop with what came, if anything of use did; else the reason is an error."""
        if not self._any_use:
            raise SynthkitError(reason)
        self._notes[f"stopped: {reason}"] = None
        self._stop(reason)

    def _stop(self, reason: str) -> None:
        """Ask nothing more; what is on the wire is waited for."""
        self._stopped = self._stopped or reason
        self.slots.wake()
        if self._session:
            self._session.close()

    async def _ask(self, request: Request, hold: Hold | None) -> Attempt:
        """Ask the model; return the reply that is in the store then."""

        def lost():
            if hold and not hold.lost():
                raise NoReply("the budget has no room for another try")

        if self._session is None:
            reply = await self.source.complete(request)
        else:
            reply = await self._session.complete(request, lost)
        if hold:
            self.budget.book(request, reply, self.source)
            hold.free(1)
        spent = cost(reply.usage, self.source)
        self._usd, self._tokens = self._usd + spent["usd"], self._tokens + spent["tokens"]
        problem = self.slots.check(request, reply)
        if self.store is not None:
            kept = await asyncio.wrap_future(self.store.submit(request, self.source, reply, problem or ""))
            if kept != reply:  # another process was quicker, or a character had no UTF-8
                reply, problem = kept, self.slots.check(request, kept)
        return request, reply, problem

    def _finish(self, index: int, ending: str | None = None) -> None:
        attempts = self.slots.attempts[index]
        request, reply = attempts[-1][:2] if attempts else (self.requests[index], None)
        problems = [problem for *_, problem in attempts if problem] + ([ending] if ending else [])
        self._answers[index] = Answer(request, reply, tuple(problems), replies=tuple(attempts))
