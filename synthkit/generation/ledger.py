"""What was asked, what came, what stayed: a count in which every request and every text is somewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthkit.core.results import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Ledger(Result):
    """What was asked, what came, what stayed. `check()` holds: every request and every text is somewhere.

    Requests: planned = answered + failed + not_asked; `failures` says why, `faulty` which replies were no use and why.
    Texts: asked = parsed + short + unparsable; parsed = kept + dropped.
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

    def check(self) -> None:
        """Raise AssertionError if anything is unaccounted for."""
        assert self.planned == self.answered + self.failed + self.not_asked, self
        assert self.failed == sum(n for _, n in self.failures), self
        assert self.replies - sum(n for _, n in self.faulty) <= self.answered <= self.replies, self
        assert self.asked == self.parsed + self.short + self.unparsable, self
        assert self.parsed == self.kept + sum(n for _, n in self.dropped), self

    def summary(self) -> str:
        gone = sum(n for _, n in self.dropped)
        note = f" - {self.note}" if self.note else ""
        return f"Ledger: {self.answered} replies, {self.parsed} texts, {gone} dropped, {self.kept} kept{note}"

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
            (f"tokens in{mark}", self.tokens_in),
            (f"tokens out{mark}", self.tokens_out),
            ("US dollars", "unknown" if self.usd is None else f"{self.usd:.4f}"),
        ]
        return pd.DataFrame(lines, columns=["step", "count"])
