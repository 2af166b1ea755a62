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
    known = "run|reproduce|generate|evaluate|compare|doctor|weights|recordings [a-z]+"
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
    assert len(rows) == 7 and all(f"# {row}" in lesson for row in rows)


def test_the_task_in_the_readme_works_as_it_stands(tmp_path):
    import yaml

    from synthkit.planning import plan
    from synthkit.task import load_task

    (block,) = re.findall(r"```yaml\n(.*?)```", README, flags=re.S)
    (tmp_path / "task.yaml").write_text(block, encoding="utf-8")
    labels = list(yaml.safe_load(block)["labels"])
    for part in ("train", "test"):
        rows = [f"{part} ticket number {i} about {labels[i % 2]},{labels[i % 2]}" for i in range(10)]
        (tmp_path / f"{part}.csv").write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    task = load_task(tmp_path)
    assert len(task.splits.test) == 10 and len(task.splits.validation) == 2
    assert f"with the label `{labels[1]}`" in plan(task, n=10).show(1)
