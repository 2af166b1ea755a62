"""What became of requests, and what a set of answers says about the model and its endpoint."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from synthkit.llm.request import Reply, Request

Attempt = tuple[Request, Reply, str | None]  # what was asked, what came, what is wrong with it


@dataclass(frozen=True)
class Answer:
    """What became of a request: the reply of the last attempt, or none and why; all attempts, earlier runs' too.

    `not_asked`: the budget came first, or the run was stopped.
    """

    request: Request
    reply: Reply | None
    problems: tuple[str, ...] = ()
    not_asked: bool = False
    replies: tuple[Attempt, ...] = ()


@dataclass(frozen=True)
class Status:
    """Where a run is: for the progress bar."""

    done: int
    in_flight: int
    retries: int
    usd: float
    tokens: int


def with_reason(answers: list[Answer], reason: str) -> list[Answer]:
    """Return answers of which one at least says why the run stopped: without it a next wave would go on."""
    faulty = [i for i, a in enumerate(answers) if a.problems]
    if not faulty or any(answers[i].problems[-1].startswith("not asked") for i in faulty):
        return answers
    last = max(faulty, key=lambda i: (answers[i].reply is not None, i))  # a failure keeps its own reason
    named = replace(answers[last], problems=(*answers[last].problems, f"not asked again: {reason}"))
    return [*answers[:last], named, *answers[last + 1 :]]


def from_store(answers: Iterable[Answer]) -> str:
    """Return how many replies an earlier call had paid for, whose they are and from when, '' where there are none."""
    old = [a.reply for a in answers if a.reply is not None and a.reply.stored is not None]
    if not old:
        return ""
    names = ", ".join(name for name, _ in Counter(r.model for r in old).most_common(3))
    days = sorted({time.strftime("%Y-%m-%d", time.localtime(r.stored)) for r in old})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"{len(old)} {'reply' if len(old) == 1 else 'replies'} from the store, by {names}, {when}"


def changed_model(answers: Iterable[Answer]) -> str | None:
    """Return a warning where stored replies and new ones come from models that call themselves differently."""
    replies = [reply for a in answers for _, reply, problem in a.replies if not problem]
    old, new = ({r.model for r in replies if (r.stored is not None) == stored} for stored in (True, False))
    if not old or not new or old & new:
        return None
    return (
        f"replies in the store came from {', '.join(sorted(old))}; the endpoint answers as {', '.join(sorted(new))} "
        "now. Both are in these rows; store=sk.Store(fresh=True) asks for all of them anew"
    )


def same_answers(answers: Iterable[Answer]) -> str | None:
    """Return a warning when one prompt gets one answer at a temperature above 0."""
    seen: dict[str, list[str]] = {}
    for request, reply, _ in (attempt for a in answers for attempt in a.replies):
        if request.temperature > 0 and reply.content:
            seen.setdefault(request.prompt_key, []).append(reply.content)
    chances = sum(len(contents) - 1 for contents in seen.values())
    repeats = sum(len(contents) - len(set(contents)) for contents in seen.values())
    if repeats < 2 or 2 * repeats < chances:
        return None
    return (
        f"the same prompt got the same answer {repeats} of {chances} times although the temperature is above 0: the "
        "endpoint probably ignores temperature and samples greedily (`transformers serve` does), or a cache before it "
        "answers. Expect duplicates; an attributed strategy varies the prompt"
    )


def useless(attempts: Sequence[Attempt], limit: int) -> str:
    """Return what is wrong with a model whose replies are all of no use: the first of them, and what may mend it."""
    _, reply, _ = attempts[0]
    counted = ", ".join(f"{reason} ({n})" for reason, n in Counter(p for *_, p in attempts).most_common(2))
    words = " ".join(reply.content.split())
    began = f"began {words[:160]!r}" if words else "held no text"
    ended = f"ended at {reply.usage.completion:,} tokens with finish_reason {reply.finish_reason!r}"
    ended += ", and was thinking" if reply.thinking else ""
    cut = sum(r.finish_reason == "length" for _, r, _ in attempts) * 2 >= len(attempts)
    if any(r.thinking for _, r, _ in attempts) and (cut or not words):
        fix = (
            f"The model spends its tokens on thinking: turn that off (reasoning_effort, or extra_body such as "
            f'{{"chat_template_kwargs": {{"enable_thinking": false}}}}), or give it room with max_tokens={4 * limit}'
        )
    elif cut:
        fix = f"The replies do not fit: give them room with max_tokens={2 * limit}, or ask for fewer texts at a time"
    elif any(r.finish_reason in ("refusal", "content_filter") for _, r, _ in attempts):
        fix = "The model, or a filter before it, refuses this task: take another model, or word the task otherwise"
    else:
        fix = "The model does not write what it is asked for: take a larger one, or one tuned to follow instructions"
    what = f"{len(attempts)} replies, and none of use: {counted}"
    return f"{what}. The first {began}, {ended}. {fix}. Then run this again"
