"""`synthkit try`: one request, and what this endpoint can and cannot do, before money is spent."""

from __future__ import annotations

import time
import warnings
from typing import Annotated

import typer

from synthkit.cli.live import Live, say, spoken, with_live_options
from synthkit.core.errors import SynthkitError


@with_live_options
def try_(
    task: Annotated[str, typer.Argument(metavar="TASK", help="whose first request is sent")] = "feedback",
    live: Live = None,
) -> None:
    """Send one request to the live model, and say in ten lines what comes back and at what price."""
    import synthkit as sk
    from synthkit.generation.ledger import FEWEST_TOKENS
    from synthkit.generation.parsing import best_attempt, reply_problem
    from synthkit.llm.budget import cost, price
    from synthkit.llm.engine import ask
    from synthkit.seeds.gate import Gate

    the_task, model = sk.load_task(task), live.source("live")
    request = sk.plan(the_task, strategy="zero_shot", n=5).slots[0]
    began = time.monotonic()
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        (answer,) = ask([request], model, check=reply_problem, gate=Gate(the_task).requests, budget=live.budget())
    seconds = time.monotonic() - began
    for note in notes:
        say(f"note: {spoken(str(note.message))}")
    if not answer.replies:
        raise SynthkitError(f"{model.address}: {answer.problems[-1]}")
    _, reply, texts, _ = best_attempt(answer)
    usages = [r.usage for _, r, _ in answer.replies]
    spent = sum(cost(usage, model)["usd"] for usage in usages)
    rate = price(model)
    words_sent = sum(len(m["content"].split()) for m in request.messages)
    counted = "counted by the endpoint" if not reply.usage.estimated else "estimated: it counts none"
    whole = reply.usage.prompt >= FEWEST_TOKENS * words_sent
    cut = "" if whole else f"; fewer than the {words_sent} words sent: it cuts prompts off"
    bad = [problem for *_, problem in answer.replies if problem]
    lines = {
        "endpoint": model.address,
        "model": f"{model.model}, answers as {reply.model}" if reply.model != model.model else model.model,
        "form of replies": f"{model.form.output}, limit as {model.form.limit}"
        + ("" if model.form.temperature else ", its own temperature"),
        "time": f"{seconds:.1f} s, {len(answer.replies)} tries",
        "texts": f"{len(texts)} of {request.count}" + (f"; no use: {', '.join(bad)}" if bad else ""),
        "the first": (texts or {0: f"none; the reply begins {reply.content[:60]!r}"})[min(texts or {0: ""})][:90],
        "ended": reply.finish_reason
        + (" (at the token limit: --max-tokens)" if reply.finish_reason == "length" else ""),
        "tokens": f"{reply.usage.prompt:,} in, {reply.usage.completion:,} out, {counted}{cut}",
        "price": "not known: --budget-requests, --budget-tokens, or SYNTHKIT_PRICE"
        if rate is None
        else f"${spent:.4f} for this, about ${40 * spent:.2f} for 200 rows",
    }
    for what, said in lines.items():
        print(f"{what:<16} {said}")
    if not texts:
        raise SynthkitError("no text could be read; see above what came")
    print(f"{'next':<16} synthkit generate {task} --llm live --n 20")
