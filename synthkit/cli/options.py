"""What the commands share: reading rows, saying what was repaired, writing files."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from synthkit.core.errors import SynthkitError

REPAIRS_SHOWN = 10

TaskName = Annotated[
    str, typer.Argument(metavar="TASK", help="a shipped task (synthkit doctor lists them) or a folder")
]
Strategy = Annotated[str, typer.Option(help="a strategy, or several that share the requests: zero_shot+persona")]
Rows = Annotated[int, typer.Option("--n", help="synthetic rows")]
State = Annotated[int, typer.Option(help="which random generation")]
Source = Annotated[
    str,
    typer.Option("--llm", help="recorded, ngram, local, live (OPENAI_BASE_URL, SYNTHKIT_MODEL) or batch: half price"),
]
Examples = Annotated[bool, typer.Option("--examples", help="show the model the labelled rows nearest to the texts")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Students = Annotated[
    list[str] | None,
    typer.Option(
        "--students",
        "--student",
        callback=lambda given: _students(given or ()),
        help="tfidf_lr,minilm_lr,finetune: one or several; finetune takes a minute or two a fit",
    ),
]


def _students(given) -> list[str]:
    """Return the names, each of a student that there is: earlier steps may cost money, and the last one uses them."""
    names = [name.strip() for part in given for name in part.split(",")]
    if names:
        from synthkit.comparison.classifiers import as_students

        as_students(names)
    return names


def read_rows(path: str | Path):
    """Return the rows of a table, and say what was repaired in it."""
    import synthkit as sk

    loaded = sk.load_rows(path)
    tell(loaded.repairs)
    return loaded.rows


def tell(repairs) -> None:
    """What was repaired in the source goes to the error stream, the first of it; rows with one fault are one line."""
    rows: dict[tuple, list] = {}
    for r in repairs:
        rows.setdefault((r.source, r.what, r.value, r.fix), []).append(r.row)
    for (source, what, value, fix), numbers in list(rows.items())[:REPAIRS_SHOWN]:
        numbers = [str(n) for n in numbers if n is not None]
        more = f" and {len(numbers) - 5:,} more" if len(numbers) > 5 else ""
        row = f", row{'s' * (len(numbers) > 1)} {', '.join(numbers[:5])}{more}" if numbers else ""
        say(f"{source}{row}: {what}: {value}." + (f" {fix}" if fix not in ("", "nothing") else ""))
    if len(rows) > REPAIRS_SHOWN:
        say(f"... and {len(rows) - REPAIRS_SHOWN:,} more repairs")


def folder(path: Path) -> Path:
    """Return a folder that can be written to, made if need be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        (path / ".write").touch()
        (path / ".write").unlink()
    except OSError as error:
        raise SynthkitError(f"cannot write to {path}: {error.strerror}. Name another folder with --out") from None
    return path


def table(path: Path) -> Path:
    """Return a file that can be written to, its folder made if need be: known before anything is asked."""
    folder(path.parent)
    try:
        there = path.is_dir()
    except OSError as error:  # a name too long for the disk
        raise SynthkitError(f"cannot write to {str(path)[:80]}...: {error.strerror}. Name another file") from None
    if there:
        raise SynthkitError(f"cannot write to {path}: it is a folder. Name a file in it with --out")
    return path


def say(text: str) -> None:
    """Print to the error stream: progress and remarks, never results."""
    print(text, file=sys.stderr, flush=True)


def most_seeds(task):
    """Return up to ten labelled rows a label, fewer where one has fewer, for checks alone; None where one has none."""
    import synthkit as sk

    for k in (10, 5, 2, 1):
        with suppress(SynthkitError):
            return sk.load_seeds(task, k=k)
    return None
