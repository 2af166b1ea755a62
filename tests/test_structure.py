"""The shape of the package: who may import whom, what a bare import costs, how long a module may be."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import synthkit

ROOT = Path(synthkit.__file__).parent
ORDER = ["core", "tasks", "llm", "seeds", "prompts", "quality"]
ORDER += ["generation", "comparison", "refinement", "views", "cli"]
MODULES = sorted(p.relative_to(ROOT) for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py")
NAMES = [".".join(("synthkit", *p.with_suffix("").parts)).removesuffix(".__init__") for p in MODULES]


def imports_of(tree: ast.AST):
    """Yield every module that code imports, wherever it stands in it, but not what only type checkers read."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            yield from (f"{node.module}.{a.name}" for a in node.names)
        yield from imports_of(node)


def import_graph(sources: dict[str, str]) -> dict[str, set[str]]:
    """Return which of the modules each one imports; `sources` holds their code by dotted name."""
    graph = {}
    for name, code in sources.items():
        found = {i if i in sources else i.rpartition(".")[0] for i in imports_of(ast.parse(code))}
        graph[name] = found & sources.keys() - {name}
    return graph


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of more than one module (Tarjan 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(name):
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            component = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            found.extend([component] * (len(component) > 1))

    for name in sorted(graph):
        if name not in index:
            visit(name)
    return found


def climbs(graph: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Return the imports of a folder that stands above the importer's own."""

    def place(name):
        folder = name.split(".")[1]
        return ORDER.index(folder) if folder in ORDER else len(ORDER)

    return sorted((name, other) for name, others in graph.items() for other in others if place(other) > place(name))


GRAPH = import_graph({name: (ROOT / p).read_text(encoding="utf-8") for name, p in zip(NAMES, MODULES, strict=True)})


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
    assert len([p for p in MODULES if len(p.parts) == 1]) + 1 <= 3


def test_the_plain_import_of_the_package_is_for_the_command_line_and_the_version():
    users = [
        str(path)
        for path in MODULES
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and any(a.name == "synthkit" for a in node.names)
    ]
    assert {Path(user).parts[0] for user in users} == {"cli"}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_module_is_longer_than_320_lines(path):
    lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
    assert lines <= 320, f"{path} has {lines} lines: which of its ideas deserves a module?"


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
