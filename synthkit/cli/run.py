"""`synthkit run`: from seeds to a verdict; `synthkit reproduce`: a saved verdict again, line by line."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import options as shared
from synthkit.cli.live import Live, end_short, spoken, with_attributes, with_live_options
from synthkit.core.errors import SynthkitError
from synthkit.core.exports import write_private


@with_live_options
def run(
    task: shared.TaskName,
    strategy: shared.Strategy = "outright",
    n: shared.Rows = 200,
    per_label: Annotated[int | None, typer.Option(help="rows of each label, in place of --n")] = None,
    k: Annotated[int, typer.Option(help="real rows a label")] = 10,
    annotate: Annotated[
        int, typer.Option(min=0, help="raw rows the model labels, where the task has some; 0: none")
    ] = 240,
    random_state: shared.State = 0,
    generations: Annotated[int, typer.Option(help="how often to generate, with random_state counting up")] = 1,
    llm: shared.Source = "recorded",
    student: shared.Students = None,
    out: Annotated[Path, typer.Option(help="folder of the report")] = Path("reports"),
    as_json: shared.Json = False,
    live: Live = None,
) -> None:
    """From seeds to a verdict: generate, look, compare, and write reports/TASK.html and a manifest to do it again."""
    import synthkit as sk
    from synthkit.comparison.experiment import Experiment, result_json
    from synthkit.prompts.plan import seeds_for
    from synthkit.tasks.task import bundled_tasks
    from synthkit.views.map import MAP_ROWS
    from synthkit.views.page import render_page

    out = shared.folder(out)
    source, budget = live.source(llm), live.budget()
    # proposals would not be there when the run is reproduced
    the_task, strategy = with_attributes(sk.load_task(task), strategy, source, budget, propose=False)
    name = task if task in bundled_tasks() else f"./{os.path.relpath(the_task.folder)}"  # no whole path
    states = tuple(range(random_state, random_state + max(1, generations)))
    students = {"students": tuple(student)} if student else {}
    experiment = Experiment(
        name, strategy, n, per_label, k, random_states=states, llm=llm, annotate=annotate, **students
    )
    shared.tell(the_task.splits.repairs)
    shared.say(f"1/6  seeds: {k} real rows a label")
    seeds = sk.load_seeds(the_task, k=k)
    try:
        annotated = experiment.annotation(the_task, llm=source, budget=budget, progress=not as_json)
    except SynthkitError as error:
        annotated = shared.say(f"     no raw rows are labelled: {spoken(str(error))}")
    if annotated is None:
        experiment = replace(experiment, annotate=0)
    else:
        shared.say(f"     {annotated.summary()}")
    times = f", {generations} times" if generations > 1 else ""
    shared.say(f"2/6  generate: {n if not per_label else f'{per_label} a label'} rows by {strategy}, {llm}{times}")
    experiment = replace(experiment, pool=the_task.splits.unlabelled is not None)
    several = experiment.generations(the_task, llm=source, budget=budget, progress=not as_json)
    made = several[0]
    if not all(len(g.rows) for g in several):
        raise SynthkitError(f"no synthetic row was kept ({made.ledger.summary()}); nothing to compare")
    for g in several:
        if g.ledger.shortfall:
            shared.say(f"     short of rows: {g.ledger.shortfall}")
    shared.say("3/6  evaluate: synthetic beside real")
    report = sk.evaluate(made.rows, seeds.rest if len(seeds.rest) else seeds.rows, seeds=seeds)
    shared.say("4/6  compare: train on each arm, test on rows nobody saw")
    comparison = experiment.comparison(several, annotated, progress=not as_json)
    figures = [
        ("macro-F1 of each arm with its 95 % interval", comparison.plot()),
        ("each quality metric of the synthetic rows beside that of real rows", report.plot()),
    ]
    on_map = seeds.rest if len(seeds.rest) >= MAP_ROWS else seeds.rows
    if len(on_map) >= MAP_ROWS:
        shared.say("5/6  draw the map (the first time about 20 seconds)")
        arm_map = sk.plot_map(on_map, {strategy: made.rows})
        figures.insert(1, ("map of synthetic rows among real rows, one panel a label", arm_map))
    else:
        shared.say(f"5/6  no map: it needs {MAP_ROWS} real rows beside the test rows")
    page, table, result = (out / f"{the_task.name}.{kind}" for kind in ("html", "csv", "json"))
    write_private(page, render_page(made, comparison, report, figures, student=comparison.student))
    made.to_csv(table)
    write_private(result, result_json(experiment, several, comparison, annotated, llm=source))
    plain = llm == "recorded" and "+" not in strategy and seeds_for(the_task, strategy, k=k, llm=llm) is None
    bundled = plain and random_state == 0 and not per_label and len(seeds.rest) >= MAP_ROWS
    lesson = _lesson(out, the_task, {"TASK": name, "STRATEGY": strategy, "N": n, "K": k}) if bundled else None
    if as_json:
        print(result.read_text(encoding="utf-8"))
        end_short(*several)
        return
    print(f"\n{comparison.summary()}\n\n{comparison.to_frame().to_string(index=False)}\n\n{comparison.verdict()}\n")
    for note in comparison.notes:
        print(f"Note: {note}.")
    print("\nLook next, in this order:")
    files = {page: "all of this on one page, in a browser", table: "the rows"}
    files |= {result: f"every number; to check it: synthkit reproduce {result}"}
    files |= {lesson: "notebook 00, executed"} if lesson else {}
    for path, what in {**files, "notebooks/": "the lessons: make lab"}.items():
        print(f"  {path!s:<32} {what}")
    end_short(*several)


def _lesson(out: Path, task, parameters: dict) -> Path | None:
    """Execute notebook 00 for the task into the report's folder; None where no lessons stand beside the package."""
    from synthkit.cli.notebook import LESSONS, execute

    source = LESSONS / "src" / "00_start_here.py"
    if not source.is_file():
        return None
    import nbformat

    shared.say("6/6  run notebook 00 from top to bottom")
    name, whole = parameters["TASK"], str(task.folder.resolve())  # a notebook runs in its own folder
    notebook = execute(source, {**parameters, "TASK": whole if name.startswith(".") else name}, progress=True)
    shared.say("")
    target = out / f"{task.name}.ipynb"
    written = nbformat.writes(notebook).replace(*(json.dumps(n, ensure_ascii=False)[1:-1] for n in (whole, name)))
    write_private(target, written + "\n")
    return target


def reproduce(
    result: Annotated[Path, typer.Argument(metavar="RESULT.json", help="what `synthkit run` wrote")],
    task: Annotated[str | None, typer.Option(help="the task's folder, where it is not where it was")] = None,
    as_json: shared.Json = False,
) -> None:
    """Do a saved comparison again, asking no model, and say of each line: same, within 0.002, or different."""
    from synthkit.comparison.experiment import reproduce

    done = reproduce(result, task=task, progress=not as_json)
    if as_json:
        print(json.dumps([line._asdict() for line in done.lines], indent=1))
    else:
        print(f"{done.to_frame().to_string(index=False)}\n\n{done.summary()}")
    if not done.holds:
        raise typer.Exit(1)


def compare(
    arms: Annotated[list[str], typer.Argument(metavar="NAME=FILE.csv ...")],
    test: Annotated[Path, typer.Option(metavar="T.csv", help="real rows to score on")],
    embedder: Annotated[str | None, typer.Option(help="minilm, lsa, openai:MODEL, st:MODEL")] = None,
    student: shared.Students = None,
    primary: Annotated[str | None, typer.Option(metavar="NAME,OTHER", help="the contrast stated beforehand")] = None,
    as_json: shared.Json = False,
) -> None:
    """Train on each CSV, test on real rows: macro-F1 and accuracy with 95 % intervals."""
    import synthkit as sk

    named = {}
    for arm in arms:
        name, eq, path = arm.partition("=")
        if not eq or not name or not path:
            raise SynthkitError(f"{arm!r}: expected NAME=FILE.csv, as few=seeds.csv")
        if name in named:
            raise SynthkitError(f"{arm!r}: the name {name!r} stands twice; give each file its own")
        named[name] = shared.read_rows(path)
    pair = tuple(primary.split(",")) if primary else None
    if pair and len(pair) != 2:
        raise SynthkitError(f"--primary {primary}: expected two names, as both,few")
    chosen = {"students": student} if student else {}
    tested = shared.read_rows(test)
    done = sk.compare(named, test=tested, embedder=embedder, primary=pair, progress=not as_json, **chosen)
    if as_json:
        print(done.to_json())
        return
    print(f"{done.summary()}\n\n{done.to_frame().to_string(index=False)}")
    for note in done.notes:
        print(f"Note: {note}.")
    if done.primary:
        print(f"\n{done.contrasts().to_frame().to_string(index=False)}")
