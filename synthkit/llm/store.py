"""Every reply a live model gave, committed before it is used: a killed run loses nothing and asks nothing twice."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from pathlib import Path

from synthkit.errors import SynthkitError
from synthkit.llm.request import Reply, Request, Usage

_SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, custom_id TEXT NOT NULL, model TEXT NOT NULL, content TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, estimated INTEGER NOT NULL,
    finish_reason TEXT NOT NULL, created REAL NOT NULL
) WITHOUT ROWID
"""


def home() -> Path:
    """Return the folder of the store and of cached vectors: SYNTHKIT_HOME, or ~/.synthkit."""
    return Path(os.environ.get("SYNTHKIT_HOME") or Path.home() / ".synthkit").expanduser()


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """Open (and make) a SQLite file that only its owner can read; an unusable place is an error with the fix."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        connection = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(schema)
    except (OSError, sqlite3.Error) as error:
        raise SynthkitError(
            f"cannot write to {path} ({getattr(error, 'strerror', None) or error}). "
            "Set SYNTHKIT_HOME to a folder you may write to"
        ) from None
    return connection


class Store:
    """Replies by request key, in one SQLite file that several processes may share."""

    def __init__(self, path: str | Path | None = None):
        self.path = Path(path) if path else home() / "replies.sqlite"
        self._db = open_database(self.path, _SCHEMA)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._db.execute("SELECT count(*) FROM replies").fetchone()[0]

    def get(self, request: Request, model: str) -> Reply | None:
        """Return the stored reply of `model` to this request, or None."""
        with self._lock:
            row = self._db.execute(
                "SELECT content, model, prompt_tokens, completion_tokens, estimated, finish_reason "
                "FROM replies WHERE key = ?",
                (request.key(model),),
            ).fetchone()
        return row and Reply(row[0], row[1], Usage(row[2], row[3], bool(row[4])), row[5])

    def put(self, request: Request, model: str, reply: Reply) -> None:
        """Commit one reply; the first one stored under a key stays."""
        content = reply.content.encode("utf-8", "replace").decode("utf-8")
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    request.key(model),
                    request.custom_id,
                    reply.model,
                    content,
                    reply.usage.prompt,
                    reply.usage.completion,
                    int(reply.usage.estimated),
                    reply.finish_reason,
                    time.time(),
                ),
            )
            self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()
