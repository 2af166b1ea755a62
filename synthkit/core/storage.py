"""SQLite files that only their owner can read, that several processes share, and that say what is wrong with them."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from synthkit.core.errors import SynthkitError

_LOCKED = 30.0  # seconds to wait for another process
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "beegfs", "gpfs", "fuse.sshfs"}


def home() -> Path:
    """Return the folder of the store and of cached vectors: SYNTHKIT_HOME, or ~/.synthkit."""
    return Path(os.environ.get("SYNTHKIT_HOME") or Path.home() / ".synthkit").expanduser()


def salt() -> bytes:
    """Return this machine's 32 secret bytes, made at the first call; where they cannot be kept, new ones."""
    path, fresh = home() / "salt", os.urandom(32)
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"salt.{os.getpid()}.{fresh[:4].hex()}")
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(fresh)
            with suppress(FileExistsError):  # another process was first: whole, since a link appears at once
                os.link(part, path)
            part.unlink()
        return path.read_bytes()
    except OSError:
        return fresh


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """Open (and make) a SQLite file that only its owner can read; an unusable place is an error with the fix."""
    connection = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_LOCKED, check_same_thread=False, isolation_level=None)
        network = on_network(path)  # WAL needs memory shared by all processes, which a network file system has not
        patiently(connection, f"PRAGMA journal_mode={'DELETE' if network else 'WAL'}")
        connection.execute(f"PRAGMA synchronous={'FULL' if network else 'NORMAL'}")
        patiently(connection, "BEGIN IMMEDIATE")  # a statement that begins by reading would not wait for its turn
        for statement in schema.split(";"):
            connection.execute(statement)
        connection.execute("COMMIT")
    except (OSError, sqlite3.Error) as error:
        if connection:
            connection.close()
        raise database_error(path, error) from None
    return connection


def patiently(connection: sqlite3.Connection, statement: str) -> None:
    """Execute a statement that SQLite may refuse at once, instead of waiting, while another process is at work."""
    end = time.monotonic() + _LOCKED
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
        time.sleep(random.uniform(0.002, 0.02))


def on_network(path: Path) -> bool:
    """Return whether `path` lies on a network file system, as far as the system tells (Linux, UNC paths of Windows)."""
    resolved = path.resolve()
    if str(resolved).startswith("\\\\"):
        return True
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    mounts = (line.split()[1:3] for line in lines)
    _, kind = max(((len(at), kind) for at, kind in mounts if resolved.is_relative_to(at)), default=(0, ""))
    return kind in _NETWORK


def database_error(path: Path, error: Exception) -> SynthkitError:
    """Return what went wrong with a SQLite file, and the way out."""
    said = getattr(error, "strerror", None) or str(error)
    if "full" in said:
        advice = "the disk is full: make room and run this again; what was committed is safe"
    elif "locked" in said or "busy" in said:
        advice = f"another process has held it for {_LOCKED:g} s: wait for it or end it, then run this again"
    elif "malformed" in said or "not a database" in said:
        advice = f"the file is damaged: move {path.name} aside and run this again (`sqlite3 FILE .recover` may save it)"
    else:
        advice = "set SYNTHKIT_HOME to a folder you may write to"
    return SynthkitError(f"cannot use {path} ({said}). {advice[0].upper()}{advice[1:]}")
