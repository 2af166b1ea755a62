"""The command line, called in this process."""

import sys

import pytest

from synthkit.cli import app as cli


@pytest.fixture
def synthkit(monkeypatch, capsys, tmp_path):
    """Run the command line in this process, in a folder of the test's own; return (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["synthkit", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return run
