"""Work spread over workers and days: a shard's share of the requests, `synthkit merge`, `synthkit status`."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli.live import SHORT, spoken
from synthkit.cli.options import Json, say
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


def tell_stored(plan, store, source) -> None:
    """Say how many of a plan's requests a store answers: before others, perhaps all, are asked and paid for."""
    wave = plan.slots[: plan.first_wave]
    known = len(store.get_many([request.key(source) for request in wave]))
    others = f"; {len(wave) - known:,} are asked now, of {source.address}" if known < len(wave) else ""
    none = f" (what it holds was asked otherwise: another plan, model or address than {source.identity!r})"
    say(f"{store.path} answers {known:,} of {len(wave):,} requests{none * (not known and len(store) > 0)}{others}")


def merge(
    stores: Annotated[list[Path], typer.Argument(metavar="STORE...", help="files that shards wrote")],
    into: Annotated[Path, typer.Option(metavar="STORE", help="the file that takes them in; made where there is none")],
) -> None:
    """Join the stores of shards into one; run `synthkit generate TASK --store STORE` on it next."""
    from synthkit.llm.store import Store

    with Store(into) as store:
        print(f"{store.merge(*stores):,} new replies from {len(stores)} stores; {into} holds {len(store):,}")


def status(
    stores: Annotated[
        list[Path] | None, typer.Argument(metavar="[STORE...]", help="default: the store at home")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what runs, what waits and what it cost, as the stores have it: from another terminal, or the next day."""
    from synthkit.core.storage import home

    found = [read_status(path) for path in stores or [home() / "replies.sqlite"]]
    if as_json:
        print(json.dumps(found, indent=1))
        return
    for each in found:
        print(f"{each['store']}: {each['replies']:,} replies of use, {each['no_use']:,} of no use")
        usd = "price not known" if each["usd"] is None else f"${each['usd']:,.4f} at list prices"
        print(f"  took      {each['tokens_in']:,} tokens in, {each['tokens_out']:,} out, {usd}")
        for run in each["running"]:
            where = f"process {run['process']} on {run['machine']}, seen {run['seconds']:.0f} s ago"
            print(f"  running   {run['done']:,} of {run['planned']:,} requests of its wave, {where}")
        for batch in each["batches"]:
            state = f"{batch['status']} when last looked, {batch['done']:,} of {batch['requests']:,} done"
            failed = f", {batch['failed']:,} failed" if batch["failed"] else ""
            print(f"  batch     {batch['id'] or 'being sent'}, {batch['model']}: {state}{failed}, sent {batch['sent']}")
        if each["batches"] and not each["running"]:
            print("  nobody waits for these batches: run the same command or cell again to collect them")


def read_status(path: Path) -> dict:
    """Return what a store tells of its replies, of who is asking, and of batches that were not collected."""
    from synthkit.core.claims import living
    from synthkit.llm.budget import price
    from synthkit.llm.store import Store

    if not path.is_file():
        folder = "a folder: name the files in it" if path.is_dir() else "nothing was asked with it yet"
        raise SynthkitError(f"no such store: {path} ({folder})")
    with Store(path) as store:
        counts = "sum(problem = ''), sum(problem != ''), sum(prompt_tokens), sum(completion_tokens)"
        by_model = store.read(f"SELECT model, {counts} FROM replies GROUP BY model")
        halved = store.read("SELECT model, -0.5 * sum(tokens_in), -0.5 * sum(tokens_out) FROM batches GROUP BY model")
        columns = ("id", "model", "status", "requests", "done", "failed", "created")
        waiting = store.read(f"SELECT {', '.join(columns)} FROM batches WHERE asked != '' ORDER BY created")
        running = living(store)
    tokens = [(model, into, out) for model, _, _, into, out in by_model]
    rates = {model: price(model) for model, *_ in (*by_model, *halved)}
    usd = None
    if all(rates.values()):
        usd = sum((rates[m][0] * into + rates[m][1] * out) / 1e6 for m, into, out in (*tokens, *halved))
    batches = [dict(zip(columns, row, strict=True)) for row in waiting]
    for batch in batches:
        batch["sent"] = time.strftime("%Y-%m-%d %H:%M", time.localtime(batch.pop("created")))
    good, bad, into, out = (sum(row[i] for row in by_model) for i in range(1, 5))
    sums = {"replies": good, "no_use": bad, "tokens_in": into, "tokens_out": out, "usd": usd}
    return {"store": str(path), **sums, "running": running, "batches": batches}
