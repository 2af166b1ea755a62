"""Every reply a live model gave, committed before it is used: a killed run loses nothing and asks nothing twice."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

from synthkit.core.claims import SCHEMA as CLAIMS
from synthkit.core.errors import SynthkitError
from synthkit.core.storage import database_error, home, open_database, patiently
from synthkit.llm.request import Reply, Request, Usage

_SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, custom_id TEXT NOT NULL, model TEXT NOT NULL, content TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, estimated INTEGER NOT NULL,
    finish_reason TEXT NOT NULL, created REAL NOT NULL, problem TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
"""
_BATCHES = """
CREATE TABLE IF NOT EXISTS batches (
    token TEXT PRIMARY KEY, id TEXT NOT NULL, identity TEXT NOT NULL, model TEXT NOT NULL, status TEXT NOT NULL,
    requests INTEGER NOT NULL, done INTEGER NOT NULL, failed INTEGER NOT NULL, created REAL NOT NULL,
    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, asked TEXT NOT NULL
) WITHOUT ROWID;
"""
_COLUMNS = "content, model, prompt_tokens, completion_tokens, estimated, finish_reason, created"
_MERGE = """
INSERT OR REPLACE INTO replies SELECT new.* FROM other.replies AS new LEFT JOIN replies AS old USING (key)
WHERE old.key IS NULL OR (new.created, new.content) < (old.created, old.content)
"""
_LINGER = 0.002  # seconds that a commit waits for company
_unsaved: dict[Path, list[tuple]] = {}  # rows that could not be written: kept in memory for the next Store of this file


class Store:
    """Replies by request key, in one SQLite file that as many processes as you like may share.

    Replies that were no use are kept too, with their `problem`, as history: they were paid for, and a later call asks
    again. `fresh=True` leaves aside what was stored before it was opened: everything is asked anew, and later runs
    without it read the new replies.

    >>> import tempfile
    >>> import synthkit as sk
    >>> sk.Store(tempfile.mkdtemp() + "/replies.sqlite")  # doctest: +ELLIPSIS
    Store('.../replies.sqlite'): 0 replies
    """

    def __init__(self, path: str | Path | None = None, *, fresh: bool = False):
        self.path = Path(path).expanduser() if path else home() / "replies.sqlite"
        self._since = time.time() if fresh else 0.0
        self._open()

    def _open(self) -> None:
        self._pid = os.getpid()
        self._lock, self._queue_lock = threading.Lock(), threading.Lock()
        self._pending: list[tuple[tuple, Future]] = []
        self._last: Future | None = None
        self._db = open_database(self.path, _SCHEMA + _BATCHES + CLAIMS)
        self._add_problem()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="synthkit-store")
        for row in _unsaved.pop(self.path, []):
            self._submit(row)

    def _add_problem(self) -> None:
        """Give a file of the first release the column that it lacks."""
        if "problem" in [row[1] for row in self.read("PRAGMA table_info(replies)")]:
            return
        with self.transaction() as database:
            if "problem" not in [row[1] for row in database.execute("PRAGMA table_info(replies)")]:
                database.execute("ALTER TABLE replies ADD COLUMN problem TEXT NOT NULL DEFAULT ''")

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r}): {len(self)} replies"

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def __bool__(self) -> bool:
        return True  # an empty store is a store

    def __len__(self) -> int:
        if self._last and os.getpid() == self._pid:
            wait([self._last])  # what was handed in counts, also where a run has just broken off
        return self.read("SELECT count(*) FROM replies WHERE problem = ''")[0][0]

    @property
    def empty(self) -> bool:
        """Whether nothing was ever stored: then no request needs to be looked up."""
        return not self.read("SELECT 1 FROM replies LIMIT 1")

    def get(self, request: Request, model) -> Reply | None:
        """Return the stored reply of `model` (its name, or the `LLM`) to this request, or None."""
        key = request.key(model)
        return self.get_many([key]).get(key)

    def get_many(self, keys: list[str]) -> dict[str, Reply]:
        """Return the stored replies among `keys`."""
        found = {}
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            marks = ",".join("?" * len(part))
            select = f"SELECT key, {_COLUMNS} FROM replies WHERE created >= {self._since!r} AND key IN ({marks})"
            for key, *row in self.read(select, part):
                found[key] = _reply(row)
        return found

    def put(self, request: Request, model, reply: Reply, problem: str = "") -> Reply:
        """Commit one reply and return what is stored: the first reply under a key stays."""
        return self.submit(request, model, reply, problem).result()

    def submit(self, request: Request, model, reply: Reply, problem: str = "") -> Future[Reply]:
        """Hand one reply to the writer; the future holds what is stored, once it is committed."""
        return self._submit(_row(request.key(model), request.custom_id, reply, problem))

    def keep(self, key: str, custom_id: str, reply: Reply) -> Future[Reply]:
        """Hand in a reply of which only the key of its request is known."""
        return self._submit(_row(key, custom_id, reply, ""))

    def close(self) -> None:
        """Commit what is waiting and close the file."""
        self._writer.shutdown(wait=True)
        self._db.close()

    def merge(self, *paths: str | Path) -> int:
        """Take in the replies of other stores, which stay as they are; return how many good ones are new here.

        Of two replies to one request the earlier stays: the same in whatever order stores are merged, and how often.
        """
        before = len(self)
        for path in map(Path, paths):
            if not path.is_file():
                raise SynthkitError(f"no such store: {path}{' (a folder: name the files in it)' * path.is_dir()}")
            if path.samefile(self.path):
                continue
            Store(path).close()  # brings a file of the first release up to date, and what a killed run left behind
            with self._lock:
                try:
                    self._db.execute("ATTACH ? AS other", [str(path.expanduser())])
                    try:
                        with self._begun() as database:
                            database.execute(_MERGE)
                    finally:
                        self._db.execute("DETACH other")
                except sqlite3.Error as error:
                    raise database_error(path, error) from None
        return len(self) - before

    def read(self, sql: str, values: Iterable = ()) -> list[tuple]:
        """Return the rows of a query."""
        if os.getpid() != self._pid:  # a forked worker: connections do not survive a fork
            self._open()
        with self._lock:
            try:
                return self._db.execute(sql, tuple(values)).fetchall()
            except sqlite3.Error as error:
                raise database_error(self.path, error) from None

    def _submit(self, row: tuple) -> Future[Reply]:
        if os.getpid() != self._pid:
            self._open()
        future: Future[Reply] = Future()
        future.set_running_or_notify_cancel()  # a run that is stopped does not take back what came
        with self._queue_lock:
            self._pending.append((row, future))
            self._last = future
            first = len(self._pending) == 1
        if first:
            self._writer.submit(self._flush)
        return future

    def _flush(self) -> None:
        time.sleep(_LINGER)
        with self._queue_lock:
            batch, self._pending = self._pending, []
        try:
            with self._lock:
                replies = self._write([row for row, _ in batch])
        except Exception as error:
            fault = database_error(self.path, error)
            _unsaved.setdefault(self.path, []).extend(row for row, _ in batch)
            for _, future in batch:
                future.set_exception(fault)
            return
        for (_, future), reply in zip(batch, replies, strict=True):
            future.set_result(reply)

    def _write(self, rows: list[tuple]) -> list[Reply]:
        stored, marks = [], ",".join("?" * len(rows[0]))
        with self._begun() as database:
            for row in rows:
                if self._since:  # what was there before this store was opened makes room, and stays as history
                    archive = "UPDATE replies SET key = key || ' ' || created WHERE key = ? AND created < ?"
                    database.execute(archive, (row[0], self._since))
                new = database.execute(f"INSERT OR IGNORE INTO replies VALUES ({marks})", row).rowcount
                select = f"SELECT {_COLUMNS} FROM replies WHERE key = ?"
                found = None if new else database.execute(select, row[:1]).fetchone()
                stored.append(_reply(found or (row[3], row[2], *row[4:8], None)))
        return stored

    @contextmanager
    def transaction(self):
        """Hold the file for some statements that belong together."""
        if os.getpid() != self._pid:
            self._open()
        with self._lock:
            try:
                with self._begun() as database:
                    yield database
            except sqlite3.Error as error:
                raise database_error(self.path, error) from None

    @contextmanager
    def _begun(self):
        patiently(self._db, "BEGIN IMMEDIATE")
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def _row(key: str, custom_id: str, reply: Reply, problem: str) -> tuple:
    content = reply.content.encode("utf-8", "replace").decode("utf-8")  # lone surrogates have no UTF-8
    counts = (reply.usage.prompt, reply.usage.completion, int(reply.usage.estimated))
    return key, custom_id, reply.model, content, *counts, reply.finish_reason, time.time(), problem


def _reply(row) -> Reply:
    return Reply(row[0], row[1], Usage(row[2], row[3], bool(row[4])), row[5], stored=row[6])
