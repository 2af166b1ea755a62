"""What was asked, what came, what stayed: every request and every text is somewhere; and what looks wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

from synthkit.core.language import foreign
from synthkit.core.results import Result
from synthkit.llm.answers import Answer
from synthkit.llm.budget import price
from synthkit.tasks.task import Task

if TYPE_CHECKING:
    import pandas as pd

FEWEST_TOKENS = 0.9  # a word: an endpoint that counts fewer has not read the whole prompt
LOOKED_AT, ALARMING = 200, 0.2  # texts whose language is looked at; the share in another one that is said


@dataclass(frozen=True, repr=False)
class Ledger(Result):
    """What was asked, what came, what stayed. `check()` holds: every request and every text is somewhere.

    Requests: planned = answered + failed + not_asked; `failures` says why, `faulty` which replies were no use and why.
    Texts: asked = parsed + short + unparsable; parsed = kept + dropped. `lacking` is (label, kept, its share) of each
    label that has far less than its share of the rows.
    """

    planned: int = 0
    answered: int = 0
    failed: int = 0
    not_asked: int = 0
    failures: tuple[tuple[str, int], ...] = ()
    replies: int = 0
    faulty: tuple[tuple[str, int], ...] = ()
    asked: int = 0
    parsed: int = 0
    short: int = 0
    unparsable: int = 0
    kept: int = 0
    dropped: tuple[tuple[str, int], ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_estimated: bool = False
    usd: float | None = None
    note: str = ""
    lacking: tuple[tuple[str, int, int], ...] = ()

    @property
    def shortfall(self) -> str:
        """Which labels lack rows, in words; empty where none does."""
        return ", ".join(f"{label}: {kept} of {share} rows" for label, kept, share in self.lacking)

    def check(self) -> None:
        """Raise AssertionError if anything is unaccounted for."""
        assert self.planned == self.answered + self.failed + self.not_asked, self
        assert self.failed == sum(n for _, n in self.failures), self
        assert self.replies - sum(n for _, n in self.faulty) <= self.answered <= self.replies, self
        assert self.asked == self.parsed + self.short + self.unparsable, self
        assert self.parsed == self.kept + sum(n for _, n in self.dropped), self

    def summary(self) -> str:
        gone = sum(n for _, n in self.dropped)
        counts = f"Ledger: {self.answered} replies, {self.parsed} texts, {gone} dropped, {self.kept} kept"
        return " - ".join(filter(None, [counts, "; ".join(filter(None, [self.note, self.shortfall]))]))

    def to_frame(self) -> pd.DataFrame:
        """Return the ledger as rows of (step, count)."""
        import pandas as pd

        mark = " (estimated)" if self.tokens_estimated else ""
        lines = [
            ("requests planned", self.planned),
            ("  answered", self.answered),
            ("  failed", self.failed),
            *((f"    {reason}", count) for reason, count in self.failures),
            ("  not asked (cap)", self.not_asked),
            ("replies, of all attempts", self.replies),
            *((f"  no use: {reason}", count) for reason, count in self.faulty),
            ("texts asked for", self.asked),
            ("  in unparsable replies", self.unparsable),
            ("  fewer than asked", self.short),
            ("  parsed", self.parsed),
            *((f"    dropped: {reason}", count) for reason, count in self.dropped),
            ("    kept", self.kept),
            *((f"    lacks: {label}", share - kept) for label, kept, share in self.lacking),
            (f"tokens in{mark}", self.tokens_in),
            (f"tokens out{mark}", self.tokens_out),
            ("US dollars", "unknown" if self.usd is None else f"{self.usd:.4f}"),
        ]
        return pd.DataFrame(lines, columns=["step", "count"])

    def plot(self, beside: Mapping[str, Ledger] | None = None):
        """Return a waterfall: texts asked for, lost on the way, kept; ledgers `beside` it, by name, on one scale."""
        from synthkit.generation.plots import plot_ledger

        beside = beside or {}
        named = beside if any(other is self for other in beside.values()) else {"": self, **beside}
        return plot_ledger({name: ledger.to_frame() for name, ledger in named.items()})


def requests_ledger(answers: Sequence[Answer], source) -> Ledger:
    """Return the ledger of requests and what came of them; their texts are still to be counted."""
    tried = [attempt for a in answers for attempt in a.replies]
    failed = [a for a in answers if a.reply is None and not a.not_asked]
    tokens_in, tokens_out = sum(r.usage.prompt for _, r, _ in tried), sum(r.usage.completion for _, r, _ in tried)
    rate = price(source)
    return Ledger(
        planned=len(answers),
        answered=sum(a.reply is not None for a in answers),
        failed=len(failed),
        not_asked=sum(a.reply is None and a.not_asked for a in answers),
        failures=_tally(a.problems[-1].partition(": ")[0].partition(" (")[0] for a in failed),
        replies=len(tried),
        faulty=_tally(problem for *_, problem in tried if problem),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_estimated=any(r.usage.estimated for _, r, _ in tried),
        usd=rate and (tokens_in * rate[0] + tokens_out * rate[1]) / 1e6,
    )


def _tally(reasons: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(reasons).items()))


def added(ledger: Ledger, more: Ledger) -> Ledger:
    """Return a ledger with the requests of another beside its own."""
    counts = ("planned", "answered", "failed", "not_asked", "replies", "tokens_in", "tokens_out")
    return replace(
        ledger,
        **{name: getattr(ledger, name) + getattr(more, name) for name in counts},
        failures=tuple(sorted((Counter(dict(ledger.failures)) + Counter(dict(more.failures))).items())),
        faulty=tuple(sorted((Counter(dict(ledger.faulty)) + Counter(dict(more.faulty))).items())),
        tokens_estimated=ledger.tokens_estimated or more.tokens_estimated,
        usd=None if ledger.usd is None or more.usd is None else ledger.usd + more.usd,
    )


def whole(ledgers: Sequence[Ledger]) -> Ledger:
    """Return the ledger of parts that follow each other: requests and texts of all, the last one's note."""
    counts = {name: [getattr(x, name) for x in ledgers] for name in ("asked", "parsed", "short", "unparsable", "kept")}
    dropped = sum((Counter(dict(x.dropped)) for x in ledgers), Counter())
    return replace(
        reduce(added, ledgers),
        **{name: sum(values) for name, values in counts.items()},
        dropped=tuple(sorted(dropped.items())),
        note=ledgers[-1].note,
    )


def suspicions(answers: Sequence[Answer], rows: Sequence[dict], task: Task) -> list[str]:
    """Return what should be said of a live run beside its counts."""
    out, language = [], task.language.partition("-")[0].casefold()
    texts = [row["text"] for row in rows[:LOOKED_AT]]
    others = Counter(foreign(texts, language).values())
    if others.total() > ALARMING * len(texts):
        few = f"{others.total()} of {len(texts)} texts"
        out.append(f"{few} are not in the task's language ({language}) but mostly in {others.most_common(1)[0][0]}")
    counted = [(a.request, r.usage.prompt) for a in answers for _, r, _ in a.replies if not r.usage.estimated]
    sent = [(tokens, sum(len(m["content"].split()) for m in request.messages)) for request, tokens in counted]
    cut = [(tokens, words) for tokens, words in sent if tokens < FEWEST_TOKENS * words]
    if len(cut) > len(sent) / 2:
        out.append(
            f"the endpoint read {cut[0][0]} tokens of a prompt of {cut[0][1]} words: it cuts prompts off. Give it a "
            "longer context (Ollama: num_ctx, llama.cpp: -c, vLLM: --max-model-len)"
        )
    return out
