"""Rebuild notebooks/*.ipynb from notebooks/src/*.py: execute, keep the headline outputs, strip everything else.

python notebooks/build.py            rebuild all
python notebooks/build.py 02 05      rebuild these
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import nbformat
from nbstripout import strip_output

from synthkit.cli.notebook import METADATA, execute

HERE = Path(__file__).resolve().parent


def strip(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the notebook with the outputs of `keep_output` cells and nothing that differs from run to run."""
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook = strip_output(notebook, keep_output=False, keep_count=False, keep_id=False)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        outputs = [o for o in cell.get("outputs", []) if not (o.output_type == "stream" and o.name == "stderr")]
        for output in outputs:
            output.pop("metadata", None) if output.output_type == "stream" else output.update(metadata={})
        if cell.cell_type == "code":
            cell.outputs = outputs
    nbformat.validate(notebook)
    return notebook


def main(chosen: list[str]) -> None:
    os.environ.setdefault("TQDM_DISABLE", "1")
    for source in sorted((HERE / "src").glob("*.py")):
        if chosen and not source.name.startswith(tuple(chosen)):
            continue
        start = time.monotonic()
        notebook = strip(execute(source))
        target = HERE / f"{source.stem}.ipynb"
        target.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
        print(f"{target.name}: {time.monotonic() - start:.0f} s, {target.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
