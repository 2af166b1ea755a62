"""What a run may cost: estimated before, capped during, reported after. Prices are never guessed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from synthkit.errors import SynthkitError
from synthkit.llm.request import Request, Usage, estimate_tokens
from synthkit.results import Result

# US dollars for a million tokens (in, out). Vendors change prices: check theirs, and add or overrule an entry with
# PRICES["model"] = (in, out) or SYNTHKIT_PRICE="in,out" for the model at hand. Noted November 2026.
PRICES: dict[str, tuple[float, float]] = {"gpt-4o": (2.50, 10.00), "gpt-4o-mini": (0.15, 0.60)}
EXPECTED_SHARE = 0.25  # of a reply's max_tokens that it takes on average (recorded replies: 0.15 to 0.35)


def price(model: str | None) -> tuple[float, float] | None:
    """Return dollars for a million tokens (in, out) of `model`, or None where they are not known."""
    given = os.environ.get("SYNTHKIT_PRICE")
    if given:
        try:
            into, out = (float(x) for x in given.split(","))
        except ValueError:
            raise SynthkitError(f"SYNTHKIT_PRICE={given!r}: expected two numbers, as 0.15,0.60") from None
        return into, out
    return PRICES.get(model or "")


def most_tokens(request: Request) -> tuple[int, int]:
    """Return an upper bound of the tokens of a request: (UTF-8 bytes of the prompt, max_tokens)."""
    body = sum(len(m["content"].encode("utf-8", "replace")) + 16 for m in request.messages)
    return body + len(str(request.schema)), request.max_tokens


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
    def of(cls, slots: Sequence[Request], first_wave: int, model: str | None) -> Estimate:
        """Return the estimate for a plan's requests, of which the first `first_wave` are certain."""
        now = slots[:first_wave]
        tokens_in = sum(estimate_tokens(m["content"]) + 4 for r in now for m in r.messages)
        tokens_out = sum(ceil(r.max_tokens * EXPECTED_SHARE) for r in now)
        most = [most_tokens(r) for r in slots]
        rate = price(model)
        return cls(
            requests=len(now),
            requests_most=len(slots),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            tokens_in_most=sum(a for a, _ in most),
            tokens_out_most=sum(b for _, b in most),
            usd=rate and (tokens_in * rate[0] + tokens_out * rate[1]) / 1e6,
            usd_most=rate and sum(a * rate[0] + b * rate[1] for a, b in most) / 1e6,
            model=model,
        )

    def summary(self) -> str:
        if self.usd is not None:
            cost = f"about ${self.usd:.2f}, at most ${self.usd_most:.2f}"
        else:
            cost = f"price of {self.model!r} unknown" if self.model else "name a model= for dollars"
        return f"Estimate: {self.requests} requests (at most {self.requests_most}), {cost}"

    def to_frame(self):
        import pandas as pd

        def usd(value):
            return "unknown" if value is None else f"{value:.4f}"

        return pd.DataFrame(
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


class Budget:
    """A hard cap for one dataset: what it has taken, stored replies of earlier runs included, never passes it.

    A request is started only when its upper bound still fits, so a run that ends at the cap is a prefix of the plan.
    """

    def __init__(self, *, usd: float | None = None, requests: int | None = None, tokens: int | None = None):
        caps = {"usd": usd, "requests": requests, "tokens": tokens}
        self.caps = {name: cap for name, cap in caps.items() if cap is not None}
        if not self.caps:
            raise SynthkitError("Budget() needs a cap: usd=, requests= or tokens=")
        for name, cap in self.caps.items():
            if not isinstance(cap, (int, float)) or not cap > 0:
                raise SynthkitError(f"Budget({name}={cap!r}): expected a number above 0")
        self.spent = {"usd": 0.0, "requests": 0, "tokens": 0}
        self._reserved: dict[int, dict] = {}

    def __repr__(self) -> str:
        return "Budget: " + ", ".join(f"{self.spent[k]:,.6g} of {cap:,.6g} {k}" for k, cap in self.caps.items())

    def check_price(self, model: str) -> None:
        """Refuse a cap in dollars for a model whose price is not known."""
        if "usd" in self.caps and price(model) is None:
            raise SynthkitError(
                f"Budget(usd=...): the price of {model!r} is not known and never guessed. Set SYNTHKIT_PRICE to its "
                "dollars for a million tokens in and out, as 0.15,0.60, or cap with requests= or tokens="
            )

    def reserve(self, request: Request, model: str) -> bool:
        """Set the most that `request` can take aside; False, and nothing is set aside, where it does not fit."""
        need = _cost(Usage(*most_tokens(request)), model)
        held = self._reserved.values()
        for name, cap in self.caps.items():
            if self.spent[name] + sum(h[name] for h in held) + need[name] > cap:
                return False
        self._reserved[id(request)] = need
        return True

    def settle(self, request: Request, usage: Usage | None, model: str) -> None:
        """Book what `request` really took (None: it was never sent or not billed) and free what was set aside."""
        self._reserved.pop(id(request), None)
        if usage is not None:
            for name, amount in _cost(usage, model).items():
                self.spent[name] += amount


def _cost(usage: Usage, model: str) -> dict[str, float]:
    into, out = price(model) or (0.0, 0.0)
    usd = (usage.prompt * into + usage.completion * out) / 1e6
    return {"usd": usd, "requests": 1, "tokens": usage.prompt + usage.completion}
