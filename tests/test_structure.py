"""The shape of the package: who may import whom, what a bare import costs, how long a module may be."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.structure import (
    GRAPH,
    MODULES,
    NAMES,
    ORDER,
    ROOT,
    circles,
    climbs,
    flat_modules,
    folder_lines,
    import_graph,
    lines_of,
)

import synthkit


def test_no_modules_import_each_other_in_a_circle():
    assert circles(GRAPH) == []


def test_a_folder_imports_only_from_those_below_it():
    assert climbs(GRAPH) == []


def test_an_import_that_runs_back_up_would_be_seen():
    lazy = "def plot():\n    from synthkit.views import page\n"
    graph = import_graph({"synthkit.core.a": lazy, "synthkit.views.page": "from synthkit.core.a import plot"})
    assert circles(graph) == [["synthkit.core.a", "synthkit.views.page"]]
    assert climbs(graph) == [("synthkit.core.a", "synthkit.views.page")]


def test_every_folder_has_its_place_in_the_order():
    folders = {p.parts[0] for p in MODULES if len(p.parts) > 1}
    assert folders == set(ORDER)
    assert len(flat_modules()) <= 3


def test_a_folder_is_a_walk_not_a_city():
    assert {folder: lines for folder, lines in folder_lines().items() if lines > 2560} == {}


def test_the_public_names_fit_on_a_page():
    assert len(synthkit.__all__) - 1 <= 36


def test_the_plain_import_of_the_package_is_for_the_command_line_and_the_version():
    users = [
        str(path)
        for path in MODULES
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and any(a.name == "synthkit" for a in node.names)
    ]
    assert {Path(user).parts[0] for user in users} == {"cli"}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_module_is_longer_than_300_lines(path):
    lines = lines_of(path)
    assert lines <= 300, f"{path} has {lines} lines: which of its ideas deserves a module?"


def test_every_public_name_stays_the_same_object_once_all_modules_are_loaded():
    first = {name: getattr(synthkit, name) for name in synthkit.__all__}
    for name in NAMES:
        if not name.endswith("__main__"):
            importlib.import_module(name)
    for name, value in first.items():
        assert getattr(synthkit, name) is value
        assert type(value).__name__ != "module"
    assert set(synthkit.__all__) <= set(dir(synthkit))


def test_an_old_name_still_works_and_names_the_new_one(monkeypatch):
    monkeypatch.setitem(synthkit._RENAMED, "load_a_task", "load_task")
    with pytest.warns(DeprecationWarning, match="sk.load_a_task is now sk.load_task"):
        assert synthkit.load_a_task is synthkit.load_task
    assert set(synthkit._RENAMED.values()) <= set(synthkit.__all__)
    for name, (_, now) in synthkit._MOVED.items():
        with pytest.warns(DeprecationWarning, match=f"sk.{name} is now {re.escape(now)}"):
            assert callable(getattr(synthkit, name))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'generat'"):
        _ = synthkit.generat


def in_a_process(code):
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split()


def test_the_bare_import_pulls_nothing_heavy():
    heavy = {"numpy", "pandas", "datasets", "sklearn", "matplotlib", "openai", "yaml"}
    assert not heavy & set(in_a_process("import sys, synthkit; print(*sys.modules)"))


def test_the_terminal_answers_before_anything_heavy_is_there():
    loaded = in_a_process("import sys, synthkit.cli.app; print(*sys.modules)")
    assert not {"numpy", "pandas", "datasets", "sklearn", "openai", "faker", "pydantic"} & set(loaded)


def test_loading_a_task_pulls_neither_models_nor_figures():
    loaded = in_a_process("import sys, synthkit as sk; sk.load_task('feedback'); print(*sys.modules)")
    assert not {"sklearn", "matplotlib", "openai", "umap", "torch"} & set(loaded)


def test_the_map_library_is_off_the_import_path():
    loaded = in_a_process("import sys, synthkit as sk; sk.plot_map, sk.evaluate, sk.compare; print(*sys.modules)")
    assert not {"umap", "numba", "torch"} & set(loaded)
