"""A bar is there for who waits, and nowhere else."""

import sys

import pytest

from synthkit.core.progress import bar


@pytest.mark.parametrize(
    "progress, disabled, shown", [(True, "", True), (True, "0", True), (True, "1", False), (False, "", False)]
)
def test_a_bar_is_shown_unless_the_call_or_the_environment_says_no(monkeypatch, progress, disabled, shown):
    monkeypatch.setenv("TQDM_DISABLE", disabled)
    with bar(total=2, progress=progress) as steps:
        assert steps.disable is not shown


@pytest.mark.parametrize("terminal, seconds", [(True, 0.1), (False, 30)])
def test_a_log_file_gets_few_states_of_a_bar(monkeypatch, terminal, seconds):
    monkeypatch.setenv("TQDM_DISABLE", "")
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with bar(total=2, progress=True) as steps:
        assert steps.mininterval == seconds
