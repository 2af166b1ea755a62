"""`synthkit evaluate`: the quality report of a synthetic table beside a real one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli.options import Json, read_rows


def evaluate(
    synthetic: Annotated[Path, typer.Argument(metavar="SYN.csv")],
    real: Annotated[Path, typer.Option(metavar="REAL.csv", help="real rows to stand beside")],
    seeds: Annotated[Path | None, typer.Option(metavar="SEEDS.csv", help="real rows that prompts showed")] = None,
    holdout: Annotated[Path | None, typer.Option(metavar="HELD.csv", help="real rows that no prompt held")] = None,
    metrics: Annotated[str, typer.Option(help="bias adds that section")] = "",
    slices: Annotated[str | None, typer.Option(help="a column of the real rows to compare accuracy by")] = None,
    html: Annotated[Path | None, typer.Option(metavar="REPORT.html", help="write the whole report as a page")] = None,
    embedder: Annotated[str | None, typer.Option(help="minilm, lsa, openai:MODEL, st:MODEL")] = None,
    as_json: Json = False,
) -> None:
    """Print how good a synthetic table is: each number beside what real rows give in the same place."""
    import synthkit as sk

    sections = [name.strip() for name in metrics.split(",") if name.strip()]
    behind = {"seeds": seeds and read_rows(seeds), "holdout": holdout and read_rows(holdout)}
    asked = {"metrics": sections, "slices": slices, "embedder": embedder, "progress": not as_json, **behind}
    report = sk.evaluate(read_rows(synthetic), read_rows(real), **asked)
    if html:
        report.save(html, title=f"{synthetic.name} beside {real.name}")
    print(report.to_json() if as_json else report)
    if html and not as_json:
        print(f"\nwritten to {html}")
