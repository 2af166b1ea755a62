"""Which requests a run is asking: processes that share a store do not pay twice for the same reply."""

from __future__ import annotations

import asyncio
import os
import platform
import random
import time
import uuid
from collections.abc import Iterable

LEASE = 30.0  # seconds without a sign of life after which a run's claims are void
BEAT = 10.0  # seconds between two signs of life
_CHUNK = 64  # slots claimed at a time
_POLL = 0.25  # seconds between two looks for what another process is asking for
SCHEMA = """
CREATE TABLE IF NOT EXISTS owners (owner TEXT PRIMARY KEY, seen REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID
"""


class Claims:
    """The claims of one run on the slots (by the key of their first attempt) that it asks for."""

    def __init__(self, store):
        self._store = store
        self._owner = f"{_machine()} {os.getpid()} {uuid.uuid4().hex[:12]}"

    def take(self, keys: list[str]) -> set[str]:
        """Claim slots; return those that are this run's now: a claim of a living run stands."""
        with self._store.transaction() as database:
            self._sign(database)
            for owner, seen in database.execute("SELECT owner, seen FROM owners").fetchall():
                if owner != self._owner and _dead(owner, seen):
                    database.execute("DELETE FROM claims WHERE owner = ?", [owner])
                    database.execute("DELETE FROM owners WHERE owner = ?", [owner])
            database.executemany("INSERT OR IGNORE INTO claims VALUES (?, ?)", [(key, self._owner) for key in keys])
            return {key for key, owner in self._of(database.execute, keys) if owner == self._owner}

    def held(self, keys: list[str]) -> set[str]:
        """Return which of these slots another living run has claimed."""
        owners = dict(self._store.read("SELECT owner, seen FROM owners"))
        claimed = self._of(self._store.read, keys)
        return {k for k, o in claimed if o != self._owner and o in owners and not _dead(o, owners[o])}

    def beat(self) -> None:
        """Give a sign of life."""
        with self._store.transaction() as database:
            self._sign(database)

    def release(self, keys: Iterable[str] | None = None) -> None:
        """Give up claims, all by default."""
        with self._store.transaction() as database:
            if keys is None:
                database.execute("DELETE FROM claims WHERE owner = ?", [self._owner])
                database.execute("DELETE FROM owners WHERE owner = ?", [self._owner])
            else:
                database.executemany("DELETE FROM claims WHERE key = ? AND owner = ?", [(k, self._owner) for k in keys])

    def _sign(self, database) -> None:
        database.execute("INSERT OR REPLACE INTO owners VALUES (?, ?)", [self._owner, time.time()])

    @staticmethod
    def _of(execute, keys: list[str]) -> list[tuple[str, str]]:
        found = []
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            found += execute(f"SELECT key, owner FROM claims WHERE key IN ({','.join('?' * len(part))})", part)
        return found


def _machine() -> str:
    """Return a name for the world in which this process has its number: a container may share the host's name."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return f"{platform.node()}{space}".replace(" ", "_")


def _dead(owner: str, seen: float) -> bool:
    if time.time() - seen > LEASE:
        return True
    machine, number, _ = owner.split(" ")
    if os.name == "nt" or machine != _machine():  # os.kill of Windows ends what it is asked about
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


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
