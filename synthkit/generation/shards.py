"""One plan, many workers: each asks its share of the requests into a store of its own."""

from __future__ import annotations

import re
from dataclasses import replace

from synthkit.core.errors import SynthkitError
from synthkit.generation.ledger import Ledger, requests_ledger
from synthkit.generation.parsing import reply_problem
from synthkit.generation.source import asking
from synthkit.llm.budget import Budget
from synthkit.llm.store import Store
from synthkit.prompts.plan import Plan


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


def ask_shard(
    plan: Plan, shard: str, *, llm, store: Store, budget: Budget | None = None, progress: bool = True
) -> Ledger:
    """Ask every sixteenth request of a plan's first wave (`shard="3/16"`); return the ledger of these requests.

    `Store.merge` joins the stores, and `generate(plan, store=...)` on the result filters and counts all texts together
    and asks what is missing: the rows are those of one worker that asked everything. `budget` is this shard's own.
    """
    number, of = read_shard(shard)
    requests = plan.slots[number - 1 : plan.first_wave : of]
    with asking(plan.task, llm, f"shard {number}/{of}", store=store, budget=budget, progress=progress) as answers_to:
        answers = answers_to(requests, reply_problem)
    ledger = requests_ledger(answers, llm)
    problems = [a.problems[-1] for a in answers if a.reply is None and a.problems]
    return replace(ledger, note=problems[-1]) if problems else ledger
