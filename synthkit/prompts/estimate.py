"""What a plan is expected to take, before anything is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from synthkit.core.results import Result, frame_of
from synthkit.llm.budget import most_tokens, price
from synthkit.llm.request import Request, estimate_tokens

EXPECTED_SHARE = 0.25  # of a reply's max_tokens that it takes on average (recorded replies: 0.15 to 0.35)


@dataclass(frozen=True, repr=False)
class Estimate(Result):
    """What a plan is expected to take, and the most it can take when every top-up is asked and every limit is met."""

    requests: int
    requests_most: int
    tokens_in: int
    tokens_out: int
    tokens_in_most: int
    tokens_out_most: int
    usd: float | None
    usd_most: float | None
    model: str | None

    @classmethod
    def of(cls, slots: Sequence[Request], first_wave: int, source) -> Estimate:
        """Return the estimate for a plan's requests, of which the first `first_wave` are certain."""
        now = slots[:first_wave]
        tokens_in = sum(estimate_tokens(m["content"]) + 4 for r in now for m in r.messages)
        tokens_out = sum(ceil(r.max_tokens * EXPECTED_SHARE) for r in now)
        most = [most_tokens(r, source) for r in slots]
        rate = price(source)
        return cls(
            requests=len(now),
            requests_most=len(slots),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            tokens_in_most=sum(a for a, _ in most),
            tokens_out_most=sum(b for _, b in most),
            usd=rate and (tokens_in * rate[0] + tokens_out * rate[1]) / 1e6,
            usd_most=rate and sum(a * rate[0] + b * rate[1] for a, b in most) / 1e6,
            model=getattr(source, "model", source),
        )

    def summary(self) -> str:
        if self.usd is not None:
            cost = f"about ${self.usd:.2f}, at most ${self.usd_most:.2f}"
        else:
            cost = f"price of {self.model!r} unknown" if self.model else "name a model= for dollars"
        return f"Estimate: {self.requests} requests (at most {self.requests_most}), {cost}"

    def to_frame(self):
        def usd(value):
            return "unknown" if value is None else f"{value:.4f}"

        return frame_of(
            {
                "": ["requests", "tokens in (estimated)", "tokens out (estimated)", "US dollars"],
                "expected": [f"{self.requests:,}", f"{self.tokens_in:,}", f"{self.tokens_out:,}", usd(self.usd)],
                "at most": [
                    f"{self.requests_most:,}",
                    f"{self.tokens_in_most:,}",
                    f"{self.tokens_out_most:,}",
                    usd(self.usd_most),
                ],
            }
        )
