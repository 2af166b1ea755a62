"""One request under the lens: the exact prompt, its size, what came back and what became of it."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.figures import GREEN, GREY, VERMILION
from synthkit.core.results import Result, frame_of
from synthkit.generation.generate import Generation, generate
from synthkit.generation.parsing import number_texts, parse_reply
from synthkit.llm.budget import Budget
from synthkit.llm.recorded import Recorded
from synthkit.llm.request import Request
from synthkit.prompts.plan import Plan, prompt_tokens
from synthkit.prompts.prompt import TURN, turn_of

if TYPE_CHECKING:
    import pandas as pd

    from synthkit.llm.client import LLM

_PRE = (
    "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;padding:.6em .8em;margin:.2em 0 .8em;"
    "background:var(--jp-layout-color2,#f3f3f3);color:var(--jp-content-font-color1,inherit);"
    "font-size:var(--jp-code-font-size,13px)"
)
_ROW = "line-height:1.4;display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start"
_COLUMN = "flex:1 1 22em;min-width:0"
_CARD = "margin-bottom:.7em;padding-left:.3em;border-bottom:1px solid var(--jp-border-color2,#ddd)"
_SOFT = "color:var(--jp-content-font-color2,#555)"


@dataclass(frozen=True, repr=False)
class RequestView(Result):
    """A request, its recorded texts by number (none where it was not recorded), and each text's fate."""

    request: Request
    texts: dict[int, str]
    fates: dict[int, str]
    model: str

    def summary(self) -> str:
        r = self.request
        came = f"{len(self.texts)} texts by {self.model}" if self.texts else "no recorded reply to this prompt"
        return (
            f"Request of slot {r.slot} ({r.strategy}, {r.label}): about {prompt_tokens(r):,} tokens in, "
            f"{r.max_tokens:,} out at most; {came}"
        )

    @property
    def prompt(self) -> str:
        """The very words that are sent."""
        return "\n\n".join(f"[{m['role']}]\n{m['content']}" for m in self.request.messages)

    @property
    def turn(self) -> str:
        """What the strategy wrote: the part below what all requests of a task share, without how to answer."""
        return turn_of(self.request)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a text: number, what was asked of it, the text, its fate."""
        wishes = {n: "; ".join(asked.values()) for n, asked in enumerate(self.request.attributes, 1)}
        rows = [(n, wishes.get(n, ""), text, self.fates.get(n, "")) for n, text in self.texts.items()]
        return frame_of(rows, ["n", "asked for", "text", "fate"])

    def _repr_html_(self) -> str:
        shared, turn = self.prompt.split(TURN, 1) if TURN in self.prompt else ("", self.prompt)
        folded = (
            f"<details><summary>what every request of this task begins with ({len(shared.split())} words)</summary>"
            f'<pre style="{_PRE}">{html.escape(shared.rstrip())}</pre></details>'
            if shared
            else ""
        )
        words = f'<pre role="region" aria-label="prompt" style="{_PRE}">{html.escape(turn)}</pre>'
        return (
            f'<p style="margin:.3em 0"><b>{html.escape(self.summary())}</b></p><div style="{_ROW}">'
            f'<div style="{_COLUMN}">{folded}{words}</div><div style="{_COLUMN}">{self._replies()}</div></div>'
        )

    def _replies(self) -> str:
        if not self.texts:
            return "<p>Nobody has answered this prompt yet. A live model would: <code>llm=sk.LLM(...)</code>.</p>"
        cards = []
        for row in self.to_frame().itertuples(index=False):
            number, asked, text, fate = (html.escape(str(v)) for v in row)
            colour = GREEN if fate == "kept" else VERMILION if fate.count(":") else GREY
            end = f'<span style="color:{colour}">&#9679; {fate}</span>' if fate else ""
            cards.append(
                f'<li style="{_CARD}" value="{number}"><small style="{_SOFT}">{asked} {end}</small>'
                f'<div style="white-space:pre-wrap">{text}</div></li>'
            )
        return f'<ol style="margin:0;padding-left:1.6em" aria-label="replies">{"".join(cards)}</ol>'


def matching(plan: Plan, label: str, attribute: str | None = None) -> list[Request]:
    """Return the plan's requests for a label and, where it is given, for an attribute value."""
    if label not in plan.task.labels:
        raise unknown("label", label, plan.task.labels)
    mine = [r for r in plan.slots if r.label == label]
    return [r for r in mine if attribute is None or any(attribute in a.values() for a in r.attributes)]


def inspect_request(
    plan: Plan, *, label: str, attribute: str | None = None, number: int = 0, made: Generation | None = None
) -> RequestView:
    """Return the `number`-th request of a plan for a label (and an attribute value): prompt, size, recorded reply.

    With `made`, the plan's generation, every text says whether it was kept or why it was dropped.

    >>> from synthkit.prompts.plan import plan
    >>> from synthkit.tasks.task import load_task
    >>> view = inspect_request(plan(load_task("feedback"), n=20), label="delivery")
    >>> view.prompt.splitlines()[0]
    '[system]'
    """
    found = matching(plan, label, attribute)
    if not 0 <= number < len(found):
        of = f"{label!r}" + (f" with {attribute!r}" if attribute else "")
        raise SynthkitError(f"number={number}: the plan has {len(found)} requests for {of}, numbered from 0")
    request = found[number]
    reply = Recorded(plan.task.recordings).get(request)
    items = parse_reply(reply) if reply else None
    texts = number_texts(items, request.count) if items else {}
    return RequestView(request, texts, _fates(request, texts, made), reply.model if reply else "")


def ask_edited(
    plan: Plan, request: Request, turn: str, *, llm: str | LLM = "recorded", budget: Budget | None = None
) -> RequestView:
    """Return what comes back when `turn` stands in the place of a request's own: texts, and what filters do with them.

    The rows would be those of a strategy `edited`. Unchanged words are the request itself, which may be recorded;
    others are asked of a live model (at most three attempts, unless `budget` says otherwise) or of "ngram" or "local".

    >>> from synthkit.prompts.plan import plan
    >>> from synthkit.tasks.task import load_task
    >>> planned = plan(load_task("feedback"), n=20)
    >>> ask_edited(planned, planned.slots[0], turn_of(planned.slots[0])).fates[1]
    'kept'
    """
    edited = request
    if turn.strip() != turn_of(request).strip():
        own = request.messages[-1]["content"]
        words = own.replace(turn_of(request), turn.strip(), 1)
        messages = (*request.messages[:-1], {**request.messages[-1], "content": words})
        edited = replace(request, messages=messages, strategy="edited", version=1, attributes=())
    alone = replace(plan, strategy=edited.strategy, slots=(edited,), n=edited.count, wanted=None)
    made = generate(alone, llm=llm, budget=budget or Budget(requests=3), progress=False)
    found = [*made.rows, *made.drops]
    texts = {int(row["id"].rsplit("-", 1)[1]): row["text"] for row in found}
    return RequestView(edited, dict(sorted(texts.items())), _fates(edited, texts, made), made.model)


def _fates(request: Request, texts: dict[int, str], made: Generation | None) -> dict[int, str]:
    if made is None:
        return {}
    kept = set(made.rows["id"])
    dropped = {d["id"]: f"{d['reason']}: {d['evidence']}" for d in made.drops}
    ids = {n: f"{request.strategy}-r{request.random_state}-s{request.slot:04d}-{n}" for n in texts}
    return {n: "kept" if i in kept else dropped.get(i, "not needed") for n, i in ids.items()}
