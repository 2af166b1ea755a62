"""One file, many processes: whoever opens it first, everybody gets in."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest

from synthkit.core import storage
from synthkit.core.errors import SynthkitError

OPEN_AT_ONCE = """
import sys
from pathlib import Path
from synthkit.core.storage import open_database, patiently
print("ready", flush=True)
sys.stdin.readline()
db = open_database(Path(sys.argv[1]), "CREATE TABLE IF NOT EXISTS a (x); CREATE TABLE IF NOT EXISTS b (x)")
patiently(db, "BEGIN IMMEDIATE")
db.execute("INSERT INTO a VALUES (?)", sys.argv[2:])
db.execute("COMMIT")
"""


def test_thirty_processes_open_one_new_file_at_once_and_all_get_in(tmp_path):
    path, pipes = tmp_path / "new" / "replies.sqlite", dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "-c", OPEN_AT_ONCE, str(path)]
    processes = [subprocess.Popen([*command, str(i)], text=True, **pipes) for i in range(30)]
    assert {p.stdout.readline() for p in processes} == {"ready\n"}
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert errors == [""] * 30
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(DISTINCT x) FROM a").fetchone() == (30,)


def test_a_file_that_another_process_holds_for_good_is_said_to_be_held(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "_LOCKED", 0.1)
    path = tmp_path / "replies.sqlite"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SynthkitError, match=r"nother process has held it for 0.1 s"):
        storage.open_database(path, "CREATE TABLE IF NOT EXISTS a (x)")
    holder.execute("ROLLBACK")
    holder.close()
    storage.open_database(path, "CREATE TABLE IF NOT EXISTS a (x)").close()
