"""What is known of each request of a run, and who asks it: processes that share a store do not pay twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from synthkit.core.claims import Claims
from synthkit.llm.answers import Attempt
from synthkit.llm.request import Request

BEAT = 10.0  # seconds between two signs of life
_CHUNK = 64  # slots claimed at a time
_POLL = 0.25  # seconds between two looks for what another process is asking for


class Slots:
    """The attempts at each request, whether they settle it, and where there is a store, whose it is to ask.

    Only a reply of use, one that passes `check`, settles a slot for good. A later call asks the others again: in rounds
    of as many attempts as the source has, so that a run killed in the middle of a round ends as if it had not been.
    """

    def __init__(self, requests: list[Request], source, check, store=None, budget=None):
        self.requests, self.source, self.check, self.store, self.budget = requests, source, check, store, budget
        self.attempts: list[list[Attempt]] = [[] for _ in requests]
        self._most = [source.attempts] * len(requests)
        self._claims: Claims | None = None
        self._claimed_to = 0  # slots below this one were claimed, or found claimed
        self._mine: set[str] = set()
        self._awaited: dict[str, asyncio.Event] = {}
        if store is not None and not store.empty:
            self._read(range(len(requests)))
            for index, attempts in enumerate(self.attempts):
                if attempts and attempts[-1][2] and not getattr(source, "batched", False):  # nobody waits a day for it
                    self._most[index] = (len(attempts) // source.attempts + 1) * source.attempts

    def _read(self, indices: Iterable[int]) -> None:
        """Add what the store has beyond the attempts that are known, and book it: earlier runs count."""
        following = {i: self.next_request(i) for i in indices}
        keys = {i: request.key(self.source) for i, request in following.items()}
        known = self.store.get_many(list(keys.values()))
        for index, request in following.items():
            reply = known.get(keys[index])
            while reply is not None:
                if self.budget:
                    self.budget.book(request, reply, self.source)
                problem = self.check(request, reply)
                self.attempts[index].append((request, reply, problem))
                if not problem:
                    break
                request = self.next_request(index)
                reply = self.store.get(request, self.source)

    def next_request(self, index: int) -> Request:
        """Return what to ask next for a slot."""
        last = self.attempts[index][-1][0] if self.attempts[index] else None
        return replace(last, attempt=last.attempt + 1) if last else self.requests[index]

    def is_settled(self, index: int) -> bool:
        return bool(self.attempts[index]) and (not self.attempts[index][-1][2] or self.tries(index) <= 0)

    def tries(self, index: int) -> int:
        """Return how many more attempts this call may make."""
        return self._most[index] - len(self.attempts[index])

    @asynccontextmanager
    async def shared(self):
        """Claim slots in the store before they are asked, for as long as this is open."""
        if self.store is None:
            yield
            return
        self._keys = [request.key(self.source) for request in self.requests]
        self._claims = Claims(self.store, len(self.requests))
        tasks = [asyncio.create_task(work()) for work in (self._beat, self._watch)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            self._claims.release()

    async def claim(self, index: int) -> None:
        """Claim a slot and the next ones; another process may have been quicker, and stored something for them."""
        if self._claims and index >= self._claimed_to:
            self._claimed_to = index + _CHUNK
            part = [i for i in range(index, min(self._claimed_to, len(self._keys))) if not self.is_settled(i)]
            self._mine |= await asyncio.to_thread(self._claims.take, [self._keys[i] for i in part])
            self._read(part)

    def is_mine(self, index: int) -> bool:
        return not self._claims or self._keys[index] in self._mine

    async def news(self, index: int) -> None:
        """Wait until another process has stored something for a slot, or has given it up; then try to claim it."""
        key = self._keys[index]
        await self._awaited.setdefault(key, asyncio.Event()).wait()
        self._mine |= await asyncio.to_thread(self._claims.take, [key])
        self._read([index])

    async def give_up(self, index: int) -> None:
        """Leave a slot that got no reply to whoever wants to try."""
        if self._claims:
            await asyncio.to_thread(self._claims.release, [self._keys[index]])

    def wake(self) -> None:
        """Let nobody wait any longer."""
        while self._awaited:
            self._awaited.popitem()[1].set()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            await asyncio.to_thread(lambda: self._claims.beat(sum(map(self.is_settled, range(len(self.requests))))))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(random.uniform(0.8, 1.2) * _POLL)
            if keys := list(self._awaited):
                ready = set(keys) - self._claims.held(keys) | set(self.store.get_many(keys))
                for key in ready & self._awaited.keys():
                    self._awaited.pop(key).set()
