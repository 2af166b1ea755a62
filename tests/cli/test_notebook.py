"""A lesson is run although its kernel dies at the start, as when two choose the same port."""

import nbclient
import pytest

from synthkit.cli.notebook import execute


def kernel_that_starts_at(monkeypatch, which):
    starts = []

    def start(client, env):
        starts.append(client)
        if len(starts) < which:
            raise RuntimeError("Kernel died before replying to kernel_info")
        client.nb.cells[0].outputs = ["ran"]

    monkeypatch.setattr(nbclient.NotebookClient, "execute", start)
    return starts


@pytest.fixture
def lesson(tmp_path):
    file = tmp_path / "lesson.py"
    file.write_text("# %%\n1 + 1\n")
    return file


def test_a_kernel_that_dies_at_its_start_is_started_again(monkeypatch, lesson):
    starts = kernel_that_starts_at(monkeypatch, 2)
    assert execute(lesson).cells[0].outputs == ["ran"]
    assert len(starts) == 2


def test_a_kernel_that_never_starts_is_an_error(monkeypatch, lesson):
    starts = kernel_that_starts_at(monkeypatch, 99)
    with pytest.raises(RuntimeError, match="died"):
        execute(lesson)
    assert len(starts) == 3
