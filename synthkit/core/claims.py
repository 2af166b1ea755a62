"""Claims on the keys of a shared SQLite file, which end with the process that made them."""

from __future__ import annotations

import os
import platform
import time
import uuid
from collections.abc import Iterable

LEASE = 30.0  # seconds without a sign of life after which claims are void
SCHEMA = """
CREATE TABLE IF NOT EXISTS owners (owner TEXT PRIMARY KEY, seen REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (owner TEXT PRIMARY KEY, planned INTEGER NOT NULL, done INTEGER NOT NULL) WITHOUT ROWID
"""


class Claims:
    """The claims of one owner; `store` gives it a `transaction()` and a `read(sql, values)`.

    Who looks in from outside sees how many of the `planned` are done.
    """

    def __init__(self, store, planned: int = 0):
        self._store, self._planned, self._done = store, planned, 0
        self._owner = f"{_machine()} {os.getpid()} {uuid.uuid4().hex[:12]}"

    def take(self, keys: list[str]) -> set[str]:
        """Claim keys; return those that are this owner's now: a claim of a living owner stands."""
        with self._store.transaction() as database:
            self._sign(database)
            for owner, seen in database.execute("SELECT owner, seen FROM owners").fetchall():
                if owner != self._owner and _dead(owner, seen):
                    database.execute("DELETE FROM claims WHERE owner = ?", [owner])
                    database.execute("DELETE FROM owners WHERE owner = ?", [owner])
                    database.execute("DELETE FROM runs WHERE owner = ?", [owner])
            database.executemany("INSERT OR IGNORE INTO claims VALUES (?, ?)", [(key, self._owner) for key in keys])
            return {key for key, owner in self._of(database.execute, keys) if owner == self._owner}

    def held(self, keys: list[str]) -> set[str]:
        """Return which of these keys another living owner has claimed."""
        owners = dict(self._store.read("SELECT owner, seen FROM owners"))
        claimed = self._of(self._store.read, keys)
        return {k for k, o in claimed if o != self._owner and o in owners and not _dead(o, owners[o])}

    def beat(self, done: int) -> None:
        """Give a sign of life, and say how much is done."""
        self._done = done
        with self._store.transaction() as database:
            self._sign(database)

    def release(self, keys: Iterable[str] | None = None) -> None:
        """Give up claims, all by default."""
        with self._store.transaction() as database:
            if keys is None:
                database.execute("DELETE FROM claims WHERE owner = ?", [self._owner])
                database.execute("DELETE FROM owners WHERE owner = ?", [self._owner])
                database.execute("DELETE FROM runs WHERE owner = ?", [self._owner])
            else:
                database.executemany("DELETE FROM claims WHERE key = ? AND owner = ?", [(k, self._owner) for k in keys])

    def _sign(self, database) -> None:
        database.execute("INSERT OR REPLACE INTO owners VALUES (?, ?)", [self._owner, time.time()])
        database.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", [self._owner, self._planned, self._done])

    @staticmethod
    def _of(execute, keys: list[str]) -> list[tuple[str, str]]:
        found = []
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            found += execute(f"SELECT key, owner FROM claims WHERE key IN ({','.join('?' * len(part))})", part)
        return found


def living(store) -> list[dict]:
    """Return who is at work on a store: process, machine, how many are done of how many, seconds since a sign."""
    rows = store.read("SELECT owner, seen, planned, done FROM owners JOIN runs USING (owner) ORDER BY seen")
    alive = [(owner.split(" "), seen, planned, done) for owner, seen, planned, done in rows if not _dead(owner, seen)]
    return [
        {"process": int(p), "machine": m.partition("pid:[")[0], "planned": n, "done": d, "seconds": time.time() - seen}
        for (m, p, _), seen, n, d in alive
    ]


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
