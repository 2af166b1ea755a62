"""The package as it stands: who imports whom, circles, sizes. Run as a script it prints the figures.

python tests/support/structure.py
"""

from __future__ import annotations

import ast
import importlib.util
from collections import Counter
from pathlib import Path

ROOT = Path(importlib.util.find_spec("synthkit").origin).parent
ORDER = ["core", "tasks", "llm", "seeds", "prompts", "quality"]
ORDER += ["generation", "tuning", "comparison", "refinement", "views", "cli"]
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


def lines_of(path: Path) -> int:
    return len((ROOT / path).read_text(encoding="utf-8").splitlines())


def folder_lines() -> Counter:
    """Return the lines of each folder, "" for the modules that stand flat."""
    sizes = Counter()
    for path in MODULES:
        sizes[path.parts[0] if len(path.parts) > 1 else ""] += lines_of(path)
    return sizes


def flat_modules() -> list[str]:
    return sorted(p.name for p in ROOT.glob("*.py"))


def main() -> None:
    import synthkit

    lengths = {str(p): lines_of(p) for p in MODULES}
    longest = max(lengths, key=lengths.get)
    between = {(a.split(".")[1], b.split(".")[1]) for a, some in GRAPH.items() for b in some} - {(f, f) for f in ORDER}
    print(f"modules {len(MODULES) + 1}, flat {len(flat_modules())}, lines {sum(lengths.values()):,}")
    print(f"longest module {longest}: {lengths[longest]}")
    print(f"circles {len(circles(GRAPH))}, imports of a folder above {len(climbs(GRAPH))}")
    print(f"arrows between folders {len(between)}, between modules {sum(map(len, GRAPH.values()))}")
    print(f"public names {len(synthkit.__all__) - 1}")
    for folder, lines in sorted(folder_lines().items(), key=lambda pair: ORDER.index(pair[0]) if pair[0] else -1):
        print(f"  {folder or '(flat)':12}{lines:6,}")


if __name__ == "__main__":
    main()
