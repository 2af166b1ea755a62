"""What the commands that may ask a live model share: its options, its budget, attributes that are missing."""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, get_type_hints

import typer

from synthkit.cli.options import say
from synthkit.core.errors import SynthkitError

SHORT = 3  # exit code: written, but a label has far fewer rows than its share
_SPOKEN = {  # what errors say to somebody in Python, and what it is here
    r"(?:llm=)?sk\.LLM\b(?:\([^)]*\))?": "--llm live (OPENAI_BASE_URL, SYNTHKIT_MODEL)",
    r"llm='([^']+)'": r"--llm \1",
    r"llm=\"(\w+)\"": r"--llm \1",
    r"Budget\((usd|requests|tokens)=([^)]*)\)": r"--budget-\1 \2",
    r"\b(?:pass )?api_key=": "OPENAI_API_KEY",
    r"\b(?:pass )?base_url=": "OPENAI_BASE_URL=",
    r"LLM\('([\w.-]+)'\)": r"SYNTHKIT_MODEL=\1",
    r"\b(usd|requests|tokens)=": r"--budget-\1 ",
    r"\b(max_tokens|reasoning_effort|extra_body|timeout|concurrency|shard)=": r"--\1 ",
    r"plan with a higher surplus=": "ask for more rows with --n",
    r", seeds=sk\.load_seeds\(task\)|, e\.g\. seeds=sk\.load_seeds\(task\)": ", with --k",
}


@dataclass(frozen=True)
class Live:
    """The options of a live model, and what its replies may cost."""

    budget_usd: Annotated[float | None, typer.Option(help="stop before this many dollars")] = None
    budget_requests: Annotated[int | None, typer.Option(help="stop before this many requests")] = None
    budget_tokens: Annotated[int | None, typer.Option(help="stop before this many tokens")] = None
    max_tokens: Annotated[int | None, typer.Option(help="live: tokens a reply may have, thinking included")] = None
    timeout: Annotated[float | None, typer.Option(help="live: seconds that a reply may take")] = None
    concurrency: Annotated[int | None, typer.Option(help="live: requests at a time")] = None
    reasoning_effort: Annotated[str | None, typer.Option(help="live: none, low, medium, high: what it takes")] = None
    extra_body: Annotated[str | None, typer.Option(help='live: JSON sent along, as {"think": false}')] = None

    def budget(self):
        """Return a budget, or None where no limit is set."""
        from synthkit.llm.budget import Budget

        caps = {"usd": self.budget_usd, "requests": self.budget_requests, "tokens": self.budget_tokens}
        caps = {name: cap for name, cap in caps.items() if cap is not None}
        return Budget(**caps) if caps else None

    def source(self, llm: str):
        """Return what answers: the model, where `llm` is live; else the name. Its options are refused for others."""
        options = {"max_tokens", "timeout", "concurrency", "reasoning_effort", "extra_body"}
        given = {name: value for name in sorted(options) if (value := getattr(self, name)) is not None}
        takes = {"live": options, "batch": options - {"timeout", "concurrency"}}.get(llm, set())
        if foreign := [name for name in given if name not in takes]:
            raise SynthkitError(f"--{foreign[0].replace('_', '-')} is for --llm live; here it is --llm {llm}")
        if not takes:
            return llm
        from synthkit.llm.batch import Batch
        from synthkit.llm.client import LLM

        if "extra_body" in given:
            try:
                given["extra_body"] = json.loads(given["extra_body"])
            except ValueError:
                raise SynthkitError(
                    f"--extra-body {given['extra_body']}: expected JSON, as '{{\"think\": false}}'"
                ) from None
        return (LLM if llm == "live" else Batch)(**given)


def with_live_options(command: Callable) -> Callable:
    """Give a command the options of a live model; it gets them as one argument, `live`."""
    hints = get_type_hints(Live, include_extras=True)
    parameters = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "live"]
    more = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hints[f.name])
        for f in fields(Live)
    ]

    @functools.wraps(command)
    def wrapper(**given):
        live = Live(**{f.name: given.pop(f.name) for f in fields(Live)})
        return command(**given, live=live)

    wrapper.__signature__ = inspect.Signature([p.replace(kind=p.KEYWORD_ONLY) for p in parameters] + more)
    wrapper.__annotations__ = {p.name: p.annotation for p in (*parameters, *more)}
    del wrapper.__wrapped__
    return wrapper


def with_attributes(task, strategy: str, source, budget, *, propose: bool = True):
    """Return a task and a strategy that go together: missing attributes are proposed, or done without."""
    import synthkit as sk

    names = strategy.split("+")
    if "attributed" not in names or task.attributes:
        return task, strategy
    if propose and hasattr(source, "session"):
        say(f"task {task.name!r} has no attributes: {source.model} is asked to propose some")
        try:
            proposed = sk.propose_attributes(task, llm=source, budget=budget, progress=False)
        except SynthkitError as error:
            say(f"it did not: {spoken(str(error))}")
        else:
            count = len(proposed.to_frame())
            say(f"{count} values; to keep and edit them, put this into task.yaml:\n{proposed.to_yaml()}")
            return proposed.use(), strategy
    without = "+".join(name for name in names if name != "attributed") or "outright"
    say(f"task {task.name!r} has no `attributes:` in its task.yaml, so no `attributed`: {without} it is")
    return task, without


def spoken(message: str) -> str:
    """Return a message to somebody who works in Python as one to somebody at a terminal.

    >>> spoken("no reply came in time: raise timeout=, or cap with tokens=")
    'no reply came in time: raise --timeout, or cap with --budget-tokens'
    """
    for pattern, words in _SPOKEN.items():
        message = re.sub(pattern, words, message)
    message = re.sub(r"--[a-z]+(?:_[a-z]+)+", lambda m: m.group().replace("_", "-"), message)
    return re.sub(r"(--[a-z-]+) +(?=[,.;:)]| |$)", r"\1", message)


def end_short(*generations) -> None:
    """Name the labels that lack rows; end with exit code 3 unless the n-gram model wrote them, which often repeats."""
    short = "; ".join(g.ledger.shortfall for g in generations if g.ledger.shortfall)
    if short:
        say(f"short of rows: {short}")
        if any(g.model != "ngram" for g in generations):
            raise typer.Exit(SHORT)
