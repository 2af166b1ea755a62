"""Processes that share a store do not pay twice: a slot is claimed before it is asked, others' slots are waited for."""

from __future__ import annotations

import asyncio
import random

from synthkit.core.claims import Claims

BEAT = 10.0  # seconds between two signs of life
_CHUNK = 64  # slots claimed at a time
_POLL = 0.25  # seconds between two looks for what another process is asking for


class Sharing:
    """A run's side of a shared store: slots are claimed before they are asked, others' slots are waited for."""

    def __init__(self, store, keys: list[str]):
        self._claims, self._store, self._keys = Claims(store), store, keys
        self._asked_to = 0  # slots below this one were claimed, or found claimed
        self._mine: set[str] = set()
        self._awaited: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(work()) for work in (self._beat, self._watch)]

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._claims.release()

    def wake(self) -> None:
        """Let nobody wait any longer."""
        while self._awaited:
            self._awaited.popitem()[1].set()

    async def claim(self, index: int, settled) -> list[int]:
        """Claim a slot and the next ones that are not `settled(i)`; return those that were claimed just now."""
        if index < self._asked_to:
            return []
        self._asked_to = index + _CHUNK
        part = [i for i in range(index, min(self._asked_to, len(self._keys))) if not settled(i)]
        self._mine |= await asyncio.to_thread(self._claims.take, [self._keys[i] for i in part])
        return part

    def mine(self, index: int) -> bool:
        return self._keys[index] in self._mine

    async def news(self, index: int) -> None:
        """Wait until another process has stored something for a slot, or has given it up; then try to claim it."""
        key = self._keys[index]
        await self._awaited.setdefault(key, asyncio.Event()).wait()
        self._mine |= await asyncio.to_thread(self._claims.take, [key])

    async def give_up(self, index: int) -> None:
        """Leave a slot that got no reply to whoever wants to try."""
        await asyncio.to_thread(self._claims.release, [self._keys[index]])

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            await asyncio.to_thread(self._claims.beat)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(random.uniform(0.8, 1.2) * _POLL)
            if keys := list(self._awaited):
                ready = set(keys) - self._claims.held(keys) | set(self._store.get_many(keys))
                for key in ready & self._awaited.keys():
                    self._awaited.pop(key).set()
