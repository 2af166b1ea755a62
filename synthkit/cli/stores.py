"""Work that is spread over many workers: a shard's share of the requests, and `synthkit merge`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli.live import SHORT, spoken
from synthkit.cli.options import say


def run_shard(plan, shard: str, source, store: Path | None, budget, as_json: bool) -> None:
    """Ask a shard of a plan and say what came; exit code 3 where something is missing."""
    from synthkit.generation.shards import ask_shard, read_shard
    from synthkit.llm.store import Store

    number, of = read_shard(shard)
    where = store or Path(f"{plan.task.name}-{plan.strategy}-{number}-of-{of}.sqlite")
    with Store(where) as kept:
        ledger = ask_shard(plan, shard, llm=source, store=kept, budget=budget, progress=not as_json)
    counts = {"planned": ledger.planned, "answered": ledger.answered, "usd": ledger.usd}
    if as_json:
        print(json.dumps({"store": str(where), "shard": f"{number}/{of}", **counts}))
    else:
        print(f"{ledger.answered} of {ledger.planned} requests of shard {number}/{of} answered, in {where}")
    if ledger.answered < ledger.planned:
        say(f"run it again for the rest: {spoken(ledger.note)}")
        raise typer.Exit(SHORT)


def merge(
    stores: Annotated[list[Path], typer.Argument(metavar="STORE...", help="files that shards wrote")],
    into: Annotated[Path, typer.Option(metavar="STORE", help="the file that takes them in; made where there is none")],
) -> None:
    """Join the stores of shards into one; run `synthkit generate TASK --store STORE` on it next."""
    from synthkit.llm.store import Store

    with Store(into) as store:
        print(f"{store.merge(*stores):,} new replies from {len(stores)} stores; {into} holds {len(store):,}")
