"""`synthkit refine`: run the loop, or write out what it would ask next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli.live import Live, end_short, with_attributes, with_live_options
from synthkit.cli.options import Json, State, TaskName
from synthkit.core.exports import write_private


@with_live_options
def refine(
    task: TaskName,
    iterations: Annotated[int, typer.Option("--iterations", "--rounds", help="at the most")] = 3,
    requests: Annotated[int, typer.Option(help="requests an iteration")] = 12,
    start: Annotated[int, typer.Option(help="requests of the plain mix to start from")] = 24,
    strategy: Annotated[str, typer.Option(help="that mix")] = "zero_shot+attributed",
    validation_rows: Annotated[
        int | None, typer.Option(help="real rows that judge (default: all of validation)")
    ] = None,
    levers: Annotated[str | None, typer.Option(help="only these, as topics+phrases (default: all)")] = None,
    random_state: State = 0,
    llm: Annotated[str, typer.Option(help="recorded or live (OPENAI_BASE_URL, SYNTHKIT_MODEL)")] = "recorded",
    baseline: Annotated[bool, typer.Option(help="ask as many requests in one shot, to compare with")] = True,
    out: Annotated[Path | None, typer.Option(help="CSV of the rows to write")] = None,
    export: Annotated[
        Path | None, typer.Option(help="write the first requests without a recorded reply here (Batch input) and stop")
    ] = None,
    as_json: Json = False,
    live: Live = None,
) -> None:
    """Generate, diagnose against validation rows, adjust, repeat, beside one shot; exit code 3: a label lacks rows."""
    import synthkit as sk
    from synthkit.core.rows import sample

    source, budget = live.source(llm), live.budget()
    the_task, strategy = with_attributes(sk.load_task(task), strategy, source, budget)
    real = the_task.splits.validation
    settings = {"strategy": strategy.split("+"), "start": start, "requests": requests, "random_state": random_state}
    settings |= {"llm": source, "budget": budget, "progress": not as_json}
    settings["levers"] = None if levers is None else levers.split("+") if levers else []
    validation = real if validation_rows is None else sample(real, validation_rows)
    if export:
        _export(sk.Loop(the_task, None, validation, **settings), iterations, export)
        return
    result = sk.refine(the_task, None, validation, iterations=iterations, baseline=baseline, **settings)
    if out:
        result.generation.to_csv(out)
    frame = result.to_frame()
    if as_json:
        facts = {"task": the_task.name, "real_rows": result.real_rows, "stopped": result.stopped}
        print(json.dumps({**facts, "iterations": frame.to_dict("records"), "reading": result.reading()}, indent=1))
    else:
        print(f"{result.summary()}\n\n{frame.to_string(index=False)}\n\n{result.reading()}")
    end_short(result.generation)


def _export(loop, iterations: int, path: Path) -> None:
    """Make the iterations that are recorded; write the requests of the first that is not, and the decisions so far."""
    lines = []
    while not lines and len(loop.iterations) <= iterations:
        upcoming = loop.diagnose()
        lines = upcoming.pending()
        if not lines:
            upcoming.apply()
    write_private(path, "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines))
    kept = loop.decisions.save()
    number = upcoming.number
    print(f"{len(lines)} requests of iteration {number} have no recording; written to {path}, decisions to {kept}")
    if lines:
        print(f"then: synthkit recordings import {loop.task.name} ANSWERED.jsonl --requests {path}")
