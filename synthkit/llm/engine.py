"""Ask many requests at once: from a script, a notebook cell or a worker, with Ctrl-C at any time."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence

from synthkit.llm.budget import Budget
from synthkit.llm.request import Reply, Request
from synthkit.llm.run import Answer, Run, Status
from synthkit.llm.store import Store

__all__ = ["Answer", "Interrupted", "Status", "ask"]

STAYS = ("recorded", "ngram")  # sources whose prompts never leave this machine
_TICK = 0.1  # seconds between two looks at the run from outside


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with what is safe and how to go on."""


def ask(
    requests: Sequence[Request],
    source,
    *,
    check: Callable[[Request, Reply], str | None],
    gate: Callable[[Sequence[Request]], None] | None = None,
    store: Store | None = None,
    budget: Budget | None = None,
    on_answer: Callable[[Answer], None] | None = None,
    on_progress: Callable[[Status], None] | None = None,
) -> list[Answer]:
    """Return one Answer a request, in order. A reply that fails `check` is asked again while attempts are left.

    Before anything is sent `gate` looks at all requests and may refuse; what is recorded or made here leaves nothing.
    Runs on an event loop of its own in a thread of its own, so a notebook cell can call it while its loop is running.
    `on_answer` and `on_progress` are called in the caller's thread.
    """
    if gate is not None and getattr(source, "name", "") not in STAYS:
        gate(requests)
    if budget:
        budget.check_price(source.model)
    run = Run(list(requests), source, check, store, budget)
    thread = threading.Thread(target=run, name="synthkit-llm", daemon=True)
    thread.start()

    def report():
        while run.came and on_answer:
            on_answer(run.came.popleft())
        if on_progress:
            on_progress(run.status())

    try:
        while thread.is_alive():
            thread.join(_TICK)
            report()
        report()
    except BaseException as error:
        run.stop()
        thread.join(0.8)
        if isinstance(error, KeyboardInterrupt):
            kept = "are in the store: run this again and only the rest is asked" if store is not None else "came"
            raise Interrupted(f"stopped; {run.done} of {len(requests)} replies {kept}") from None
        raise
    for note in run.notes():
        warnings.warn(note, stacklevel=4)  # where generate() was called
    if run.error:
        raise run.error
    return run.answers()
