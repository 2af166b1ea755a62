"""What a run may cost: estimated before, capped during, reported after. Prices are never guessed."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result
from synthkit.llm.request import Reply, Request, Usage, estimate_tokens

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
        if not (0 <= into < float("inf") and 0 <= out < float("inf")):
            raise SynthkitError(f"SYNTHKIT_PRICE={given!r}: expected two numbers of 0 or more")
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

    A request is started only when the most it can take still fits, so a run that ends at the cap is a prefix of the
    plan.
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
        self._held = dict.fromkeys(self.spent, 0.0)
        self._booked: set[str] = set()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "Budget: " + ", ".join(f"{self.spent[k]:,.6g} of {cap:,.6g} {k}" for k, cap in self.caps.items())

    def check_price(self, model: str) -> None:
        """Refuse a cap in dollars for a model whose price is not known."""
        if "usd" in self.caps and price(model) is None:
            raise SynthkitError(
                f"Budget(usd=...): the price of {model!r} is not known and never guessed. Set SYNTHKIT_PRICE to its "
                "dollars for a million tokens in and out, as 0.15,0.60, or cap with requests= or tokens="
            )

    def reserve(self, request: Request, model: str, tries: int = 1) -> Hold | None:
        """Set aside the most that `tries` tries of `request` can take; None, and nothing set aside, if too much."""
        need = cost(Usage(*most_tokens(request)), model)
        with self._lock:
            for name, cap in self.caps.items():
                if self.spent[name] + self._held[name] + tries * need[name] > cap * (1 + 1e-12):
                    return None
            self._hold(need, tries)
        return Hold(self, request, model, tries)

    def book(self, request: Request, reply: Reply, model: str) -> None:
        """Count a reply, once however often it is read back from the store."""
        key = request.key(model)
        used = reply.usage
        if used.estimated:  # an estimate may be too low: the cap takes the bound
            most = most_tokens(request)
            used = Usage(most[0], min(most[1], len(reply.content.encode("utf-8", "replace"))))
        with self._lock:
            if key not in self._booked:
                self._booked.add(key)
                self._spend(cost(used, model))

    def _spend(self, amounts: dict) -> None:
        for name, amount in amounts.items():
            self.spent[name] += amount

    def _hold(self, need: dict, tries: int) -> None:
        for name, amount in need.items():
            self._held[name] = max(0.0, self._held[name] + tries * amount)


@dataclass
class Hold:
    """What is set aside for the tries of one request that are still to come."""

    budget: Budget
    request: Request
    model: str
    tries: int

    def free(self, tries: int | None = None) -> None:
        """Give back what was set aside for some tries, all by default."""
        self._use(self.tries if tries is None else tries, spent=False)

    def lost(self) -> bool:
        """Count a try that came to nothing at the most it can have cost; return whether there is room for another."""
        self._use(1, spent=True)
        return self.room()

    def room(self) -> bool:
        """Return whether one more try is set aside, or can be."""
        if not self.tries and self.budget.reserve(self.request, self.model):
            self.tries = 1
        return self.tries > 0

    def _use(self, tries: int, *, spent: bool) -> None:
        need = cost(Usage(*most_tokens(self.request)), self.model)
        with self.budget._lock:
            self.budget._hold(need, -tries)
            if spent:
                self.budget._spend(need)
        self.tries -= tries


def cost(usage: Usage, model: str) -> dict[str, float]:
    """Return what a request took: dollars (0 where the price is not known), requests, tokens."""
    into, out = price(model) or (0.0, 0.0)
    usd = (usage.prompt * into + usage.completion * out) / 1e6
    return {"usd": usd, "requests": 1, "tokens": usage.prompt + usage.completion}
