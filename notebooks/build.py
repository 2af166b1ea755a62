"""Rebuild notebooks/*.ipynb from notebooks/src/*.py: execute, keep the headline outputs, strip everything else.

python notebooks/build.py            rebuild all
python notebooks/build.py 02 05      rebuild these
python notebooks/build.py --text 02  only words changed: run nothing, take the kept outputs over
"""

from __future__ import annotations

import ast
import base64
import io
import re
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbstripout import strip_output
from PIL import Image

from synthkit.cli.notebook import METADATA, execute

HERE = Path(__file__).resolve().parent
STUB = ["exercise", "raises-exception"]  # a wrong answer does not end "Run All"


def strip(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the notebook with the outputs of `keep_output` cells and nothing that differs from run to run."""
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook = strip_output(notebook, keep_output=False, keep_count=False, keep_id=False)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        outputs = [o for o in cell.get("outputs", []) if not (o.output_type == "stream" and o.name == "stderr")]
        for output in outputs:
            alt = output.pop("metadata", {}).get("image/png", {}).get("alt")
            if output.output_type != "stream":
                output.metadata = nbformat.from_dict({"image/png": {"alt": alt}} if alt else {})
        if cell.cell_type == "code":
            cell.outputs = outputs
    for cell, after in zip(notebook.cells, notebook.cells[1:], strict=False):
        sentence = re.match(r"\*Figure: (.+?)\*(\n|$)", after.source, flags=re.DOTALL)
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = smaller(output.data["image/png"])
                if sentence:  # what a screen reader says in the picture's place; `captioned` has said it already
                    output.metadata["image/png"] = {"alt": " ".join(sentence[1].split())}
    nbformat.validate(notebook)
    return notebook


def smaller(png: str) -> str:
    """Return a picture (base64) with 128 colours: half the bytes, and no difference to see in dots and lines."""
    picture = Image.open(io.BytesIO(base64.b64decode(png)))
    if picture.mode == "P":
        return png
    out = io.BytesIO()
    picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode() + "\n"


def reworded(source: Path) -> nbformat.NotebookNode:
    """Return the notebook of a text whose kept cells are as they were, with their outputs as they stand."""
    before = nbformat.read(HERE / f"{source.stem}.ipynb", as_version=4)
    outputs = {cell.source: cell.outputs for cell in before.cells if cell.get("outputs")}
    notebook = jupytext.read(source)
    for cell in notebook.cells:
        if "keep_output" in cell.metadata.get("tags", []):
            if cell.source not in outputs:
                raise SystemExit(f"{source.name}: a cell with a kept output changed; build it without --text")
            cell.outputs = outputs[cell.source]
    return notebook


def participant(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a lesson as participants get it: each solution a stub, with the solution folded below its check."""
    cells, solution = [], None
    for cell in nbformat.from_dict(notebook).cells:
        tags = cell.metadata.get("tags", [])
        if "solution" in tags:
            solution, cell.source, cell.metadata["tags"] = cell.source, stub(cell.source), STUB
        cells.append(cell)
        if "check" in tags and solution:
            folded = f"<details><summary>A solution</summary>\n\n```python\n{solution}\n```\n\n</details>"
            cells.append(nbformat.v4.new_markdown_cell(folded, id=f"solution-{len(cells)}"))
            solution = None
    return nbformat.from_dict({**notebook, "cells": cells})


def stub(solution: str) -> str:
    """Return what a participant starts from: the lines above `# your turn`, and each name below it without its value.

    >>> print(stub("rows = seeds.rows\\n# your turn\\ndef loud(row):\\n    return 'A' in row"))
    rows = seeds.rows
    # your turn
    def loud(row):
        ...
    """
    given, _, rest = solution.rpartition("# your turn\n")
    lines = [*given.splitlines(), "# your turn"]
    for node in ast.parse(rest).body:
        if isinstance(node, ast.FunctionDef):
            lines += [f"@{ast.unparse(decorator)}" for decorator in node.decorator_list]
            lines += [f"def {node.name}({ast.unparse(node.args)}):", "    ..."]
        elif isinstance(node, ast.Assign):
            lines += [f"{ast.unparse(target)} = ..." for target in node.targets if isinstance(target, ast.Name)]
    return "\n".join(lines)


def main(chosen: list[str]) -> None:
    words_only = "--text" in chosen
    chosen = [name for name in chosen if name != "--text"]
    for source in sorted((HERE / "src").glob("*.py")):
        if chosen and not source.name.startswith(tuple(chosen)):
            continue
        start = time.monotonic()
        notebook = strip(reworded(source) if words_only else execute(source))
        target = HERE / f"{source.stem}.ipynb"
        target.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
        print(f"{target.name}: {time.monotonic() - start:.0f} s, {target.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
