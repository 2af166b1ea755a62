"""`synthkit recordings`: write out what has no recorded reply, file what came back, say what there is."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli.options import most_seeds
from synthkit.core.errors import SynthkitError
from synthkit.core.exports import write_private
from synthkit.core.results import frame_of

app = typer.Typer(no_args_is_help=True, help="Replies that are shipped with a task.")


@app.command()
def pending(
    task: Annotated[str, typer.Argument(metavar="TASK", help="a shipped task or a folder")],
    strategy: Annotated[str, typer.Option(help="a strategy")] = "outright",
    n: Annotated[int, typer.Option("--n", help="synthetic rows")] = 200,
    random_state: Annotated[int, typer.Option(help="which random generation")] = 0,
    relabel: Annotated[bool, typer.Option("--relabel", help="ask for the labels of that generation's rows")] = False,
    annotate: Annotated[int, typer.Option(help="ask for the labels of so many unlabelled rows instead")] = 0,
    model: Annotated[str, typer.Option(help="model named in the Batch file")] = "any",
    out: Annotated[Path | None, typer.Option(help="file to write (default: standard output)")] = None,
) -> None:
    """Write the requests that have no recorded reply, as OpenAI Batch input."""
    import synthkit as sk
    from synthkit.prompts.batch import export_pending
    from synthkit.prompts.plan import seeds_for
    from synthkit.seeds.gate import Gate

    the_task = sk.load_task(task)
    if annotate:
        _outside(out)
        asked = _annotation(the_task, annotate, random_state)
    else:
        plan = sk.plan(the_task, seeds_for(the_task, strategy), strategy=strategy, n=n, random_state=random_state)
        asked = _relabelling(plan) if relabel else plan.slots
    lines = export_pending(asked, the_task.recordings, gate=Gate(the_task).requests, model=model)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    if out:
        write_private(out, text)
    else:
        sys.stdout.write(text)
    where = f"; written to {out}" if out else ""
    print(f"{len(lines)} of {len(asked)} requests have no recording{where}", file=sys.stderr)


@app.command("import")
def import_(
    task: Annotated[str, typer.Argument(metavar="TASK", help="a shipped task or a folder")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Batch output (JSONL)")],
    requests: Annotated[Path | None, typer.Option(help="Batch input that was exported")] = None,
) -> None:
    """File replies (OpenAI Batch output) with a task. Replies to other prompts than today's are left out and listed."""
    import synthkit as sk
    from synthkit.core.jsonl import read_jsonl
    from synthkit.generation.label_requests import bare_reply
    from synthkit.llm.recorded import SHOWS_TEXTS, batch_line, parse_id
    from synthkit.prompts.batch import import_batch

    the_task, answered, slots = sk.load_task(task), read_jsonl(file), defaultdict(set)
    for line in [] if requests else answered:
        parts = parse_id(str(line.get("custom_id")))
        name = SHOWS_TEXTS if parts["strategy"].startswith(SHOWS_TEXTS) else parts["strategy"]
        slots[name, parts["random_state"]].add(parts["slot"])
    again = (r for (name, state), numbers in slots.items() for r in _requests(the_task, name, state, numbers))
    asked = read_jsonl(requests) if requests else [batch_line(r, "any") for r in again]
    known = {a["custom_id"]: a for a in asked if a["custom_id"].startswith(SHOWS_TEXTS)}
    answered = [bare_reply(known[a["custom_id"]], a) if a.get("custom_id") in known else a for a in answered]
    added, problems = import_batch(asked, answered, the_task.recordings)
    print(f"{added} of {len(answered)} replies filed in {the_task.recordings}")
    for problem in problems:
        print(f"  left out: {problem}")
    if problems and not added:
        raise SynthkitError("nothing was filed")


@app.command()
def status(task: Annotated[str, typer.Argument(metavar="TASK", help="a shipped task or a folder")]) -> None:
    """Print what is recorded: strategy, version of its prompt, generation, replies."""
    import synthkit as sk
    from synthkit.llm.recorded import Recorded

    counts = Recorded(sk.load_task(task).recordings).counts()
    if not counts:
        print(f"nothing is recorded for {task}")
        return
    print(frame_of(counts, columns=["strategy", "version", "random_state", "replies"]).to_string(index=False))


def _requests(task, name: str, random_state: int, slots: set[int]):
    """Return what is asked today in these slots of a strategy, or for labels."""
    import synthkit as sk
    from synthkit.generation.label_requests import BATCH, PREFIX
    from synthkit.llm.recorded import SHOWS_TEXTS
    from synthkit.prompts.plan import seeds_for, slot_request
    from synthkit.prompts.registry import get_strategy

    if name == SHOWS_TEXTS:
        return _annotation(task, BATCH * (max(slots) + 1), random_state)
    of = name.removeprefix(PREFIX)
    shown = seeds_for(task, of)
    if name != of:
        return _relabelling(sk.plan(task, shown, strategy=of, n=200, random_state=random_state))
    return [slot_request(task, shown, get_strategy(of), slot, random_state) for slot in sorted(slots)]


def _relabelling(plan):
    """Return the requests for the labels of all texts that the plan's recorded slots bring and the filters keep."""
    import synthkit as sk
    from synthkit.generation.label_requests import relabel_requests

    whole = replace(plan, n=sum(r.count for r in plan.slots))
    return relabel_requests(sk.generate(whole, progress=False))


def _annotation(task, n: int, random_state: int):
    """Return the requests for the labels of n unlabelled rows picked at random, with those that check the labels."""
    import synthkit as sk
    from synthkit.generation.label_requests import annotate_requests

    if task.splits.unlabelled is None:
        raise SynthkitError(f"task {task.name!r} has no unlabelled rows: name a file of them in task.yaml, unlabelled:")
    picked = sk.pick(task.splits.unlabelled, n, random_state=random_state)
    parts = annotate_requests(picked, task, seeds=most_seeds(task), random_state=random_state)
    return [request for part in parts for request in part]


def _outside(out: Path | None) -> None:
    """Refuse to write raw texts among the files of the project itself."""
    from synthkit.tasks.task import bundled_tasks

    project = next(iter(bundled_tasks().values())).parent.parent
    if out is None or out.resolve().is_relative_to(project):
        raise SynthkitError("--annotate writes raw texts: name a file outside the project with --out")
