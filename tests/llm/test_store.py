"""The store: what was committed stays, and what goes wrong is said with its fix."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import threading
from dataclasses import replace

import pytest
from support.replies import as_reply

from synthkit.core import claims
from synthkit.core import storage as database
from synthkit.core.claims import Claims
from synthkit.core.errors import SynthkitError
from synthkit.llm import store as module
from synthkit.llm.client import LLM
from synthkit.llm.request import Reply, Usage
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan


@pytest.fixture
def slots(cafe):
    return plan(cafe, strategy="zero_shot", n=100).slots


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "replies.sqlite"


def reply(text="hello there"):
    return Reply(as_reply([text]), "m-2026", Usage(12, 34, True), "stop")


def test_a_reply_comes_back_as_it_was(path, slots):
    with Store(path) as store:
        assert store.put(slots[0], "m", reply()) == reply()
        assert store.get(slots[0], "m") == reply()
        assert store.get(slots[0], "another") is None
        assert store.get(replace(slots[0], attempt=1), "m") is None
    with Store(path) as store:
        assert store.get(slots[0], "m") == reply()
        assert repr(store).endswith("1 replies")


def test_the_first_reply_under_a_key_stays_and_is_what_put_returns(path, slots):
    with Store(path) as store, Store(path) as other:
        store.put(slots[0], "m", reply("first"))
        assert other.put(slots[0], "m", reply("second")) == reply("first")


def test_a_lone_surrogate_is_stored_as_a_question_mark(path, slots):
    with Store(path) as store:
        assert store.put(slots[0], "m", Reply("a\ud800b", "m", Usage(1, 1))).content == "a?b"


def test_many_threads_write_in_groups_and_lose_nothing(path, slots):
    with Store(path) as store:
        threads = [threading.Thread(target=lambda s=s: store.put(s, "m", reply(str(s.slot)))) for s in slots]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert len(store) == len(slots)
        assert store.get(slots[7], "m") == reply("7")


@pytest.mark.skipif(os.name == "nt", reason="file modes of POSIX")
def test_only_the_owner_can_read_it(path, slots):
    with Store(path) as store:
        store.put(slots[0], "m", reply())
        modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {0o600}


def test_a_full_disk_is_said_and_what_was_paid_for_is_written_when_there_is_room(path, slots):
    store = Store(path)
    store.put(slots[0], "m", reply())
    store._db.execute(f"PRAGMA max_page_count={store._db.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(SynthkitError, match="disk is full.*make room and run this again"):
        store.put(slots[1], "m", reply("x" * 50_000))
    store.close()
    with Store(path) as store:
        store.put(slots[2], "m", reply())
        assert len(store) == 3
        assert store.get(slots[1], "m") == reply("x" * 50_000)


def test_a_locked_store_is_said(path, slots, monkeypatch):
    monkeypatch.setattr(database, "_LOCKED", 0.1)
    with Store(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SynthkitError, match="nother process has held it"):
            store.put(slots[0], "m", reply())
        other.execute("ROLLBACK")
        other.close()
        assert store.put(slots[1], "m", reply()) == reply()


@pytest.mark.parametrize("content", [b"this is not a database " * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_file_is_said_and_left_alone(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(SynthkitError, match="cannot use .*replies.sqlite"):
        Store(path)
    assert path.read_bytes() == content


def test_a_fresh_store_asks_anew_and_its_replies_are_read_from_then_on(path, slots):
    with Store(path) as store:
        store.put(slots[0], "m", reply("old"))
    with Store(path, fresh=True) as store:
        assert store.get(slots[0], "m") is None
        assert store.put(slots[0], "m", reply("new")) == reply("new")
    with Store(path) as store:
        assert store.get(slots[0], "m") == reply("new")
        assert len(store) == 2  # the old one is history


def test_replies_of_one_model_name_at_two_addresses_are_two_models_replies(path, slots):
    here, there = LLM("m", base_url="localhost:8080/v1"), LLM("m", base_url="http://model.local:8080/v1")
    same = LLM("m", base_url=" http://127.0.0.1:8080/v1/ ", max_tokens=9, timeout=5)
    thinks = LLM("m", base_url="localhost:8080/v1", reasoning_effort="high")
    with Store(path) as store:
        store.put(slots[0], here, reply())
        assert store.get(slots[0], same) == reply()  # a limit or a spelling is how one asks
        assert store.get(slots[0], there) is store.get(slots[0], thinks) is store.get(slots[0], "m") is None
    assert slots[0].key(LLM("m", api_key="sk-0123456789")) == slots[0].key("m")  # OpenAI's own, as before


def test_a_claim_stands_while_its_owner_lives_and_ends_with_it(path, monkeypatch):
    with Store(path) as store:
        first, second = Claims(store), Claims(store)
        assert first.take(["a", "b"]) == {"a", "b"}
        assert second.take(["b", "c"]) == {"c"}
        assert second.held(["a", "b", "c"]) == {"a", "b"}
        first.release(["a"])
        assert second.take(["a", "b"]) == {"a"}
        monkeypatch.setattr(claims, "LEASE", -1.0)  # no sign of life
        assert second.held(["b"]) == set()
        assert second.take(["b"]) == {"b"}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the super-user may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_said(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(SynthkitError, match="SYNTHKIT_HOME"):
        Store(tmp_path / "replies.sqlite")


def test_a_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "home").write_text("")
    with pytest.raises(SynthkitError, match="SYNTHKIT_HOME"):
        Store(tmp_path / "home" / "replies.sqlite")


def test_a_network_file_system_gets_no_wal(path, slots, monkeypatch):
    monkeypatch.setattr(database, "on_network", lambda path: True)
    with Store(path) as store:
        assert store.read("PRAGMA journal_mode") == [("delete",)]
        assert store.put(slots[0], "m", reply()) == reply()
    monkeypatch.undo()
    with Store(path) as store:
        assert store.read("PRAGMA journal_mode") == [("wal",)]
        assert len(store) == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the mount table of Linux")
def test_the_file_system_is_read_from_the_mount_table(tmp_path):
    assert not database.on_network(tmp_path)


def test_a_store_of_before_is_read_on(path, slots):
    path.parent.mkdir()
    old = sqlite3.connect(path)
    old.execute(module._SCHEMA.replace(", problem TEXT NOT NULL DEFAULT ''", ""))
    old.commit()
    old.close()
    with Store(path) as store:
        store.put(slots[0], "m", reply())
        assert len(store) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_worker_can_go_on_with_the_store(path, slots):
    with Store(path) as store:
        store.put(slots[0], "m", reply())
        child = os.fork()
        if not child:
            os._exit(0 if len(store) == 1 and store.put(slots[1], "m", reply()) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert len(store) == 2
