"""One run of many requests: started in slot order, never above the cap, each reply kept before it is used."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from synthkit.core.errors import SynthkitError
from synthkit.llm.budget import Hold, cost
from synthkit.llm.endpoint import NoReply
from synthkit.llm.request import Reply, Request

_IN_A_ROW = 20  # requests without a reply, one after another, that end a run

Attempt = tuple[Request, Reply, str | None]  # what was asked, what came, what is wrong with it


@dataclass(frozen=True)
class Answer:
    """What became of a request: the reply of the last attempt, or none and why; `not_asked` where the cap came first.

    `replies` are those of all attempts: all of them were paid for.
    """

    request: Request
    reply: Reply | None
    problems: tuple[str, ...] = ()
    not_asked: bool = False
    replies: tuple[Attempt, ...] = ()


@dataclass(frozen=True)
class Status:
    """Where a run is: for the progress bar."""

    done: int
    in_flight: int
    retries: int
    usd: float
    tokens: int


class Run:
    """One call of `ask`, on its own loop in its own thread."""

    def __init__(self, requests, source, check, store, budget):
        self.requests, self.source, self.check, self.store, self.budget = requests, source, check, store, budget
        self.came: deque[Answer] = deque()
        self.error: BaseException | None = None
        self.done = 0
        self._answers: list[Answer | None] = [None] * len(requests)
        self._session = None
        self._capped = False
        self._fruitless = 0  # requests without a reply since the last one with
        self._usd, self._tokens = 0.0, 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def __call__(self) -> None:
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        except BaseExceptionGroup as group:
            self.error = _first(group)
        except BaseException as error:
            self.error = error

    def stop(self) -> None:
        """End the run from another thread; what came is kept."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)

    def answers(self) -> list[Answer]:
        reason = ("not asked: the budget ends here",)
        return [a or Answer(r, None, reason, True) for a, r in zip(self._answers, self.requests, strict=True)]

    def status(self) -> Status:
        pace, retries = getattr(self._session, "pace", None), getattr(self._session, "retries", {})
        in_flight = pace.in_flight if pace else 0
        return Status(self.done, in_flight, sum(retries.copy().values()), self._usd, self._tokens)

    def notes(self) -> list[str]:
        same = _same_answers(self._answers) if hasattr(self.source, "session") else None
        return [*getattr(self._session, "notes", ()), *([same] if same else [])]

    async def _main(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._settled = asyncio.Event()
        self._running, self._alone = 0, False
        stored = self._stored()
        waiting = [i for i, attempts in enumerate(stored) if not self._settles(attempts)]
        for index in range(waiting[0] if waiting else len(stored)):
            self._finish(index, stored[index])
        if not waiting:  # a finished run opens no client
            return
        session = self.source.session() if hasattr(self.source, "session") else nullcontext()
        async with session as self._session, asyncio.TaskGroup() as group:
            await self._dispatch(waiting[0], stored, group)

    def _stored(self) -> list[list[Attempt]]:
        """Return the attempts of each request that the store has, and book them: earlier runs count."""
        stored: list[list[Attempt]] = [[] for _ in self.requests]
        if self.store is None or self.store.empty:
            return stored
        model = self.source.model
        keys = [r.key(model) for r in self.requests]
        known = self.store.get_many(keys)
        for key, request, attempts in zip(keys, self.requests, stored, strict=True):
            reply = known.get(key)
            while reply is not None:
                if self.budget:
                    self.budget.book(request, reply, model)
                attempts.append((request, reply, self.check(request, reply)))
                request = request.next_attempt()
                reply = None if self._settles(attempts) else self.store.get(request, model)
        return stored

    def _settles(self, attempts: list[Attempt]) -> bool:
        return bool(attempts) and (not attempts[-1][2] or len(attempts) >= self.source.attempts)

    async def _dispatch(self, start: int, stored: list[list[Attempt]], group: asyncio.TaskGroup) -> None:
        """Start the requests from slot `start` on, in order, until they or the budget end."""
        # a live model's own pace says how many are asked; beside them others wait for another try or are being stored
        places = 2 if hasattr(self.source, "session") else 1
        window = asyncio.Semaphore(places * self.source.concurrency)
        for index, request in enumerate(self.requests[start:], start):
            attempts = stored[index]
            if self._settles(attempts):
                self._finish(index, attempts)
                continue
            await window.acquire()
            hold = await self._afford(request, self.source.attempts - len(attempts)) if self.budget else None
            if self._capped:
                if attempts:
                    self._finish(index, attempts, "not asked again: the budget ends here")
                break
            self._running += 1
            task = group.create_task(self._one(index, request, attempts, hold))
            task.add_done_callback(lambda _: window.release())

    async def _afford(self, request: Request, tries: int) -> Hold | None:
        """Set money aside for all tries of a request: the cap then falls where it would fall one by one.

        Where the rest does not do for all, the request is asked alone, and each try has to fit.
        """
        while not self._capped:
            if not (self._alone and self._running):
                self._alone = False
                if hold := self.budget.reserve(request, self.source.model, tries):
                    return hold
                if not self._running:
                    self._alone = True
                    hold = self.budget.reserve(request, self.source.model)
                    self._capped = hold is None
                    return hold
            self._settled.clear()
            await self._settled.wait()
        return None

    async def _one(self, index: int, request: Request, attempts: list[Attempt], hold: Hold | None) -> None:
        """Ask for one slot, attempt after attempt, until a reply is good or the attempts or the budget end."""
        ending = None
        try:
            while not self._settles(attempts):
                if hold and not hold.room():
                    self._capped, ending = True, "not asked again: the budget ends here"
                    break
                request = attempts[-1][0].next_attempt() if attempts else request
                reply = await self._ask(request, hold)
                attempts.append((request, reply, self.check(request, reply)))
            self._fruitless = 0
        except NoReply as error:
            ending = str(error)
            self._fruitless += 1
            if self._fruitless >= _IN_A_ROW:
                raise SynthkitError(
                    f"no reply to {self._fruitless} requests in a row: {error}. Replies that came before are "
                    f"{'in the store: run this again to go on' if self.store is not None else 'not stored'}"
                ) from None
        finally:
            if hold:
                hold.free()
            self._running -= 1
            self._settled.set()
        self._finish(index, attempts, ending)

    async def _ask(self, request: Request, hold: Hold | None) -> Reply:
        """Ask the model; return the reply that is in the store then."""

        def lost():
            if hold and not hold.lost():
                raise NoReply("the budget has no room for another try")

        model = self.source.model
        if self._session is None:
            reply = await self.source.complete(request)
        else:
            reply = await self._session.complete(request, lost)
        if hold:
            self.budget.book(request, reply, model)
            hold.free(1)
        spent = cost(reply.usage, model)
        self._usd, self._tokens = self._usd + spent["usd"], self._tokens + spent["tokens"]
        if self.store is not None:
            problem = self.check(request, reply) or ""
            reply = await asyncio.wrap_future(self.store.submit(request, model, reply, problem))
        return reply

    def _finish(self, index: int, attempts: list[Attempt], ending: str | None = None) -> None:
        request, reply = attempts[-1][:2] if attempts else (self.requests[index], None)
        problems = [problem for *_, problem in attempts if problem] + ([ending] if ending else [])
        self._answers[index] = Answer(request, reply, tuple(problems), replies=tuple(attempts))
        self.done += reply is not None
        self.came.append(self._answers[index])


def _first(group: BaseExceptionGroup) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _same_answers(answers: Sequence[Answer | None]) -> str | None:
    """Return a warning when one prompt gets one answer at a temperature above 0."""
    seen: dict[str, list[str]] = {}
    for request, reply, _ in (attempt for a in answers if a for attempt in a.replies):
        if request.temperature > 0 and reply.content:
            seen.setdefault(request.prompt_key, []).append(reply.content)
    chances = sum(len(contents) - 1 for contents in seen.values())
    repeats = sum(len(contents) - len(set(contents)) for contents in seen.values())
    if repeats < 2 or 2 * repeats < chances:
        return None
    return (
        f"the same prompt got the same answer {repeats} of {chances} times although the temperature is above 0: the "
        "endpoint probably ignores temperature and samples greedily (`transformers serve` does), or a cache before it "
        "answers. Expect duplicates; an attributed strategy varies the prompt"
    )
