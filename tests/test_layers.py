"""The shape of the package: who may import whom, what a bare import costs, how long a module may be."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import synthkit

ROOT = Path(synthkit.__file__).parent
LEVELS = [
    ["errors", "results", "document", "text", "rows", "tables", "sources", "hub", "task", "stats"],
    ["embedding", "llm"],
    [
        *("seeds", "checks", "profiling", "cells", "labelcheck", "anonymizer", "names", "surrogates"),
        *("strategies", "planning"),
    ],
    ["filters", "vector_filters", "baselines", "ledger", "replies", "generation", "relabelling", "proposals"],
    [
        *("metrics", "students", "finetune", "guards", "arms", "contrasts", "verdict", "comparison", "curves"),
        *("judging", "contest", "reproduce", "reference", "diagnosis", "levers", "decisions", "refinement", "loop"),
    ],
    ["style", "plots", "page", "card", "checkup", "notebook", "inspection"],
    ["widgets", "cli_shared", "cli_recordings", "cli_evaluate", "cli_run", "cli_refine", "cli", "__main__"],
]
LEVEL = {name: level for level, names in enumerate(LEVELS) for name in names}
MODULES = sorted(p.relative_to(ROOT) for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py")
NAMES = [".".join(("synthkit", *p.with_suffix("").parts)).removesuffix(".__init__") for p in MODULES]


def level_of(dotted):
    part = dotted.removeprefix("synthkit").removeprefix(".").partition(".")[0]
    return LEVEL[part] if part else None


def imports_of(path):
    """Yield (module, line, name of the function it stands in) of every import that is not for type checkers alone."""

    def visit(node, function):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            function = node.name
        if isinstance(node, ast.Import):
            yield from ((a.name, node.lineno, function) for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            yield node.module, node.lineno, function
        for child in ast.iter_child_nodes(node):
            yield from visit(child, function)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")), None)


def test_every_module_has_a_level():
    assert {p.parts[0].removesuffix(".py") for p in MODULES} <= set(LEVEL)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_go_down_a_level_or_stay(path):
    own = LEVEL[path.parts[0].removesuffix(".py")]
    for module, line, function in imports_of(ROOT / path):
        if not module.startswith("synthkit."):
            continue  # the package itself (`from synthkit import __version__`) is on no level
        drawn_later = function == "plot" and module == "synthkit.plots"
        assert level_of(module) <= own or drawn_later, f"{path}:{line} imports {module} from a level above"


def test_the_plain_import_of_the_package_is_for_the_command_line_and_the_version():
    users = [
        str(path)
        for path in MODULES
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and any(a.name == "synthkit" for a in node.names)
    ]
    own = {f"cli_{name}.py" for name in ("evaluate", "recordings", "refine", "run", "shared")}
    assert set(users) <= {"cli.py", *own}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_module_is_longer_than_350_lines(path):
    lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
    assert lines <= 350, f"{path} has {lines} lines: which of its ideas deserves a module?"


def test_every_public_name_stays_the_same_object_once_all_modules_are_loaded():
    first = {name: getattr(synthkit, name) for name in synthkit.__all__}
    for name in NAMES:
        if not name.endswith("__main__"):
            importlib.import_module(name)
    for name, value in first.items():
        assert getattr(synthkit, name) is value
        assert type(value).__name__ != "module"
    assert set(synthkit.__all__) <= set(dir(synthkit))


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


def test_loading_a_task_pulls_neither_models_nor_figures():
    loaded = in_a_process("import sys, synthkit as sk; sk.load_task('feedback'); print(*sys.modules)")
    assert not {"sklearn", "matplotlib", "openai", "umap", "torch"} & set(loaded)


def test_the_map_library_is_off_the_import_path():
    loaded = in_a_process("import sys, synthkit as sk; sk.plot_map, sk.evaluate, sk.compare; print(*sys.modules)")
    assert not {"umap", "numba", "torch"} & set(loaded)
