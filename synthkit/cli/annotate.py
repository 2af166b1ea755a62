"""`synthkit annotate`: labels for raw texts, by a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli.live import Live, spoken, with_live_options
from synthkit.cli.options import Examples, Json, Source, most_seeds, table, tell
from synthkit.core import withheld
from synthkit.core.errors import SynthkitError
from synthkit.core.exports import write_csv


@with_live_options
def annotate(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="texts; default: the task's unlabelled")] = None,
    task: Annotated[str, typer.Option(help="a shipped task or a folder: its labels and what they mean")] = "",
    n: Annotated[int | None, typer.Option("--n", help="so many of them, picked at random (default: all)")] = None,
    encoding: Annotated[str | None, typer.Option(help="of the file, where it cannot be told")] = None,
    examples: Examples = False,
    llm: Source = "recorded",
    out: Annotated[Path | None, typer.Option(help="CSV to write (default: TASK-annotated.csv)")] = None,
    as_json: Json = False,
    live: Live = None,
) -> None:
    """Let a model label raw texts, and say how far its labels can be trusted; write them as CSV."""
    import synthkit as sk

    if not task:
        raise SynthkitError("--task is missing: which task's labels? A shipped one, or a folder with a task.yaml")
    the_task, source = sk.load_task(task), live.source(llm)
    out = table(out or Path(f"{the_task.name}-annotated.csv"))
    rows = texts_of(file, the_task, encoding)
    seeds = most_seeds(the_task) if the_task.source else None
    rows = rows if n is None else sk.pick(rows, n)
    if examples and seeds is None:
        raise SynthkitError(f"--examples: task {the_task.name!r} has no labelled rows to show")
    asked = {"llm": source, "budget": live.budget(), "progress": not as_json}
    done = sk.annotate(rows, the_task, seeds=seeds, examples=seeds if examples else None, **asked)
    report(done, out, as_json)


def texts_of(file: Path | None, task, encoding: str | None):
    """Return the raw texts of a file, or those of the task."""
    import synthkit as sk

    if file:
        loaded = sk.load_rows(file, labelled=False, encoding=encoding)
        tell(loaded.repairs)
        return loaded.rows
    if not task.source or task.splits.unlabelled is None:
        raise SynthkitError(f"which texts? Name a file, or `unlabelled:` in the task.yaml of {task.name!r}")
    return task.splits.unlabelled


def report(done, where: Path, as_json: bool, *, iterations=None) -> None:
    """Write the rows that got a label; print what was asked, what came, and how far the labels can be trusted."""
    rows = done.rows.to_pandas()
    write_csv(where, rows.assign(text=rows["text"].map(withheld.shown)))  # of a sensitive task ids do
    frame, gone = done.ledger.to_frame(), done.dropped()["reason"].value_counts()
    ledger = dict(zip(frame["step"].str.strip(), map(str, frame["count"]), strict=True))
    if as_json:
        checks = {"seeds right": done.right, "asked again the same": done.agreed}
        checks |= {} if iterations is None else {"iterations": iterations.to_dict("records")}
        print(json.dumps({"file": str(where), "rows": len(done.rows), **checks, "ledger": ledger}, indent=1))
        return
    if iterations is not None:
        print(f"{iterations.to_string(index=False)}\n")
    print(f"{frame.to_string(index=False)}\n\n{spoken(done.summary())}")
    for reason, count in gone.items():
        print(f"  without a label: {count}, {reason}")
    print(f"written to {where}")
