"""Work that is spread over many workers: a shard's share of the requests, and `synthkit merge`."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli.live import SHORT, spoken
from synthkit.cli.options import say
from synthkit.core.errors import SynthkitError


def read_shard(shard: str) -> tuple[int, int]:
    """Return which shard of how many.

    >>> read_shard("3/16")
    (3, 16)
    """
    match = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", shard, flags=re.ASCII)
    number, of = (int(x) for x in match.groups()) if match else (0, 0)
    if not 1 <= number <= of:
        raise SynthkitError(f"shard={shard!r}: expected which of how many, from 1/16 to 16/16")
    return number, of


def ask_shard(plan, shard: str, *, llm, store, budget=None, progress: bool = True):
    """Ask every sixteenth request of a plan's first wave (`shard="3/16"`); return the ledger of these requests.

    `Store.merge` joins the stores, and `generate(plan, store=...)` on the result filters and counts all texts together
    and asks what is missing: the rows are those of one worker that asked everything. `budget` is this shard's own.
    """
    from synthkit.generation.ledger import requests_ledger
    from synthkit.generation.parsing import reply_problem
    from synthkit.generation.source import asking

    number, of = read_shard(shard)
    requests = plan.slots[number - 1 : plan.first_wave : of]
    with asking(plan.task, llm, f"shard {number}/{of}", store=store, budget=budget, progress=progress) as answers_to:
        answers = answers_to(requests, reply_problem)
    ledger = requests_ledger(answers, llm)
    problems = [a.problems[-1] for a in answers if a.reply is None and a.problems]
    return replace(ledger, note=problems[-1]) if problems else ledger


def run_shard(plan, shard: str, source, store: Path | None, budget, as_json: bool) -> None:
    """Ask a shard of a plan and say what came; exit code 3 where something is missing."""
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
