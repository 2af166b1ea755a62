"""`synthkit refine`: labels for raw texts in several goes, each time for those that are unsure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli.annotate import report, texts_of
from synthkit.cli.live import Live, with_live_options
from synthkit.cli.options import Examples, Json, Source, State, TaskName, table


@with_live_options
def refine(
    task: TaskName,
    file: Annotated[Path | None, typer.Option(help="texts; default: the task's unlabelled")] = None,
    encoding: Annotated[str | None, typer.Option(help="of the file, where it cannot be told")] = None,
    synthetic: Annotated[Path | None, typer.Option(help="synthetic rows that the student knows as well (CSV)")] = None,
    n: Annotated[int, typer.Option("--n", help="texts an iteration")] = 80,
    iterations: Annotated[int, typer.Option("--iterations", "--rounds", help="at the most")] = 3,
    k: Annotated[int, typer.Option("--k", help="labelled rows a label to start from")] = 10,
    examples: Examples = False,
    random_state: State = 0,
    llm: Source = "recorded",
    out: Annotated[Path | None, typer.Option(help="CSV to write (default: TASK-refined.csv)")] = None,
    as_json: Json = False,
    live: Live = None,
) -> None:
    """Let a model label raw texts in several iterations, each time those that a student of the labels is unsure of."""
    import synthkit as sk

    the_task, source = sk.load_task(task), live.source(llm)
    out = table(out or Path(f"{the_task.name}-refined.csv"))
    pool = texts_of(file, the_task, encoding)
    rows = sk.load_rows(synthetic, labels=the_task.labels).rows if synthetic else None
    size = {"n": n, "iterations": iterations, "random_state": random_state}
    asked = {"llm": source, "budget": live.budget(), "progress": not as_json}
    seeds = sk.load_seeds(the_task, k=k)
    asked["examples"] = seeds if examples else None
    done = sk.refine(the_task, seeds, synthetic=rows, pool=pool, **size, **asked)
    report(done, out, as_json, iterations=done.to_frame())
