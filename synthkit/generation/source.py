"""Who answers, and how requests are asked: through the gate, within the budget, with a bar, into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.progress import bar as progress_bar
from synthkit.llm.answers import Answer, Status
from synthkit.llm.batch import Batch
from synthkit.llm.budget import Budget
from synthkit.llm.client import LLM
from synthkit.llm.engine import ask
from synthkit.llm.ngram import NGram
from synthkit.llm.recorded import Recorded
from synthkit.llm.request import Request
from synthkit.llm.store import Store
from synthkit.prompts.local import local_source
from synthkit.seeds.gate import Gate
from synthkit.tasks.task import Task

SOURCES = ("recorded", "ngram", "local", "live", "batch")


def make_source(llm, task: Task, seeds=None, *, known: Sequence[str] = SOURCES):
    """Return what answers: one of the names that are `known` here, an `LLM`, or anything that completes requests."""
    if isinstance(llm, LLM) or hasattr(llm, "complete"):
        return llm
    name, colon, path = str(llm).partition(":")
    if name not in known or (colon and name != "local"):
        raise unknown("llm", llm, known)
    if name == "local":
        return local_source(task, seeds, path)
    if llm == "ngram":
        return NGram(seeds, max_words=task.max_words)
    return LLM() if llm == "live" else Batch() if llm == "batch" else Recorded(task.recordings)


@contextmanager
def asking(
    task: Task, source, what: str, *, store: Store | None, budget: Budget | None, progress: bool
) -> Iterator[Callable[[Sequence[Request], Callable], list[Answer]]]:
    """Yield a function that asks requests, each reply held against a check, with one bar for all of them.

    A live model's replies go to the store at home where none is given.
    """
    if store is not None and not isinstance(store, Store):
        raise SynthkitError(f"store={store!r}: expected a store, as sk.Store({str(store)!r})")
    if budget is not None and not isinstance(budget, Budget):
        raise SynthkitError(f"budget={budget!r}: expected a budget, as sk.Budget(requests=20) or sk.Budget(usd=2)")
    kept = Store() if hasattr(source, "identity") and store is None else store
    # a short run shows no bar and leaves no trace of one in a kept notebook
    bar = progress_bar(total=0, desc=what, unit="request", progress=progress)

    def answers_to(requests: Sequence[Request], check: Callable) -> list[Answer]:
        before, bar.total = bar.n, bar.total + len(requests)
        return ask(
            requests,
            source,
            check=check,
            gate=Gate(task).requests,
            store=kept,
            budget=budget,
            on_progress=lambda status: _show(bar, before, status),
        )

    try:
        with bar:
            yield answers_to
    finally:
        if kept is not None and store is None:
            kept.close()


def _show(bar, before: int, status: Status) -> None:
    cost = f"${status.usd:.4f}" if status.usd else f"{status.tokens:,} tokens"
    # refresh=False: a refresh draws the bar before its delay is over, and then close() does not wipe it
    bar.set_postfix_str(f"{status.in_flight} in flight, {status.retries} retries, {cost}", refresh=False)
    bar.update(before + status.done - bar.n)
