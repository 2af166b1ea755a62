"""The README keeps its word: its code runs, its commands exist, its links lead somewhere."""

import re
from pathlib import Path

from typer.testing import CliRunner

from synthkit.cli import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_ten_lines_run(capsys):
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    assert len([line for line in block.splitlines() if line and not line.startswith("import")]) <= 10
    exec(compile(block, "README.md", "exec"), {})
    assert "stand-in test rows" in capsys.readouterr().out


def test_every_command_and_option_exists():
    known = "run|generate|evaluate|compare|doctor|weights|recordings [a-z]+"
    for words, rest in re.findall(rf"synthkit ({known})([^`\n#]*)", README):
        said = CliRunner().invoke(app, [*words.split(), "--help"], env={"COLUMNS": "200"}).output
        assert "Usage" in said
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in said, f"{words} {option}"


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_table_of_real_rows_is_the_one_in_the_lesson():
    rows = [line for line in README.splitlines() if line.startswith("|") and "[" in line and "0." in line]
    lesson = (ROOT / "notebooks" / "src" / "05_downstream_classifiers.py").read_text(encoding="utf-8")
    assert len(rows) == 5 and all(f"# {row}" in lesson for row in rows)
