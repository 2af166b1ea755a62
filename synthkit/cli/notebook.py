"""Run a lesson without a browser, and say where it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError

if TYPE_CHECKING:
    from nbformat import NotebookNode

# a kernel warns of loopback without encryption, and sends what a cell prints in pieces
_SETTINGS = {"extra_arguments": ["--IPKernelApp.log_level=ERROR"], "coalesce_streams": True}
STARTS = 3  # of a kernel, before it is given up
LESSONS = Path(__file__).resolve().parent.parent.parent / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(
    source: Path, parameters: dict | None = None, *, more: Sequence[NotebookNode] = (), progress: bool = False
) -> NotebookNode:
    """Return the notebook of a py:percent file, run from top to bottom where it will stand.

    `parameters` are set after the cell tagged `parameters`; a name that the cell does not set is left out. The cells of
    `more` are run after its own. A cell that fails is an error that names the notebook, the cell and the reason.
    """
    import jupytext
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = jupytext.read(source)
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        if parameters and "parameters" in cell.metadata.get("tags", []):
            known = {k: v for k, v in parameters.items() if f"{k} = " in cell.source}
            cell.source += "".join(f"\n{name} = {value!r}" for name, value in known.items())
    notebook.cells += more
    folder = source.resolve().parent  # run where the notebook stands, not its text
    at = {"metadata": {"path": str(folder.parent if folder.name == "src" else folder)}}
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    for start in range(STARTS):
        client = NotebookClient(notebook, timeout=600, resources=at, **_SETTINGS)
        if progress:
            client.on_cell_start = lambda cell, cell_index: _say(source, code, cell_index)
        try:
            client.execute(env={**os.environ, "TQDM_DISABLE": "1"})  # a bar would be kept as 0 %
            break
        except CellExecutionError as error:
            raise SynthkitError(f"{source.name}: a cell failed: {error.ename}: {error.evalue}") from None
        except RuntimeError as error:  # two kernels that start at once may choose the same port; no cell has run
            if "died before replying" not in str(error) or start == STARTS - 1:
                raise
    return notebook


def _say(source: Path, code: list[int], index: int) -> None:
    if index in code:
        print(
            f"\r     {source.stem}: cell {code.index(index) + 1} of {len(code)} ", end="", file=sys.stderr, flush=True
        )
