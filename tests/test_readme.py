"""The README keeps its word: its code runs, its commands exist, its links lead somewhere."""

import importlib.util
import json
import re
from pathlib import Path

from typer.testing import CliRunner

import synthkit as sk
from synthkit.cli.app import app
from synthkit.core.stats import Interval

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LESSON = (ROOT / "notebooks" / "src" / "05_downstream_classifiers.py").read_text(encoding="utf-8")


def test_the_ten_lines_run(capsys):
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    assert len([line for line in block.splitlines() if line and not line.startswith("import")]) <= 10
    exec(compile(block, "README.md", "exec"), {})
    assert "stand-in test rows" in capsys.readouterr().out


def test_every_command_and_option_exists():
    known = "run|reproduce|generate|refine|init|try|check|anonymize|evaluate|compare|doctor|weights|recordings [a-z]+"
    for words, rest in re.findall(rf"synthkit ({known})([^`\n#]*)", README):
        said = CliRunner().invoke(app, [*words.split(), "--help"], env={"COLUMNS": "200"}).output
        assert "Usage" in said
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in said, f"{words} {option}"


def test_links_and_modules_named_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).exists(), target
    package = ROOT / "synthkit"
    for module in re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", README):
        assert (package / module).exists() or (ROOT / module).exists(), module
    for module in re.findall(r"`([a-z_]+\.py)`", README):
        assert list(package.rglob(module)), module


def test_every_name_in_the_readme_is_public_and_todays():
    names = set(re.findall(r"\bsk\.([A-Za-z_]+)", README))
    assert len(names) > 15
    assert names <= {*sk.__all__}


def test_the_table_of_real_sets_holds_what_was_measured():
    measured = json.loads((ROOT / "benchmarks" / "evidence.json").read_text(encoding="utf-8"))["tasks"]
    arms = ("real_few", "real_few+plain", "real_few+chosen", "real_few+chosen+more annotated", "real_full")
    scores = [{s["arm"]: Interval(**s["macro_f1"]) for s in task["scores"]} for task in measured.values()]
    rows = [line.split(" | ")[1:] for line in README.splitlines() if re.match(r"\| [a-z ].*\| 0\.\d+ \[", line)]
    assert sorted(rows) == sorted([*(str(s[arm]) for arm in arms[:-1]), f"{s[arms[-1]]} |"] for s in scores)


def test_the_table_in_the_lesson_is_the_one_that_was_measured():
    folder = ROOT / "benchmarks"
    spec = importlib.util.spec_from_file_location("evidence", folder / "evidence.py")
    evidence = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(evidence)
    found = json.loads((folder / "evidence.json").read_text(encoding="utf-8"))["tasks"]
    table, *_ = evidence.tables(found).split("\n\n")
    assert len(table.splitlines()) > 20
    assert all(f"# {row}" in LESSON for row in table.splitlines())


def test_the_task_in_the_readme_works_as_it_stands(tmp_path):
    import yaml

    from synthkit.prompts.plan import plan
    from synthkit.tasks.task import load_task

    (block,) = re.findall(r"```yaml\n(.*?)```", README, flags=re.S)
    (tmp_path / "task.yaml").write_text(block, encoding="utf-8")
    labels = list(yaml.safe_load(block)["labels"])
    for part in ("train", "test"):
        rows = [f"{part} ticket number {i} about {labels[i % 2]},{labels[i % 2]}" for i in range(10)]
        (tmp_path / f"{part}.csv").write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    task = load_task(tmp_path)
    assert len(task.splits.test) == 10 and len(task.splits.validation) == 2
    assert f"with the label `{labels[1]}`" in plan(task, strategy="zero_shot", n=10).show(1)
