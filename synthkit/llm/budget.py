"""What a run may cost: estimated before, capped during, reported after. Prices are never guessed."""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from dataclasses import dataclass
from math import ceil, inf

from synthkit.core.errors import SynthkitError
from synthkit.llm.request import Reply, Request, Usage

# US dollars for a million tokens (in, out), as price lists of 2026 gave them, noted in November (Gemini: for prompts up
# to 200,000 tokens). Vendors change prices: check theirs, and add or overrule an entry with PRICES["model"] = (in, out)
# or SYNTHKIT_PRICE="in,out" for the model at hand. A name that goes on with a date or "latest" is the same model.
PRICES: dict[str, tuple[float, float]] = {
    "gpt-4o": (2.50, 10.00),
    **dict.fromkeys(("gpt-5", "gpt-5.1", "gemini-2.5-pro"), (1.25, 10.00)),
    **dict.fromkeys(("gpt-4.1", "o3"), (2.00, 8.00)),
    **dict.fromkeys(("gpt-4.1-nano", "gemini-2.5-flash-lite"), (0.10, 0.40)),
    "gpt-4o-mini": (0.15, 0.60),
    "gpt-4.1-mini": (0.40, 1.60),
    "gpt-5-mini": (0.25, 2.00),
    "gpt-5-nano": (0.05, 0.40),
    "gpt-5.2": (1.75, 14.00),
    "gpt-5.4": (2.50, 15.00),
    "o4-mini": (1.10, 4.40),
    "gemini-2.5-flash": (0.30, 2.50),
    "claude-haiku-4-5": (1.00, 5.00),
    "claude-sonnet-4-5": (3.00, 15.00),
}
_DATED = re.compile(r"-(\d{8}|\d{4}-\d\d-\d\d|latest)$")


def price(source) -> tuple[float, float] | None:
    """Return dollars for a million tokens (in, out) of a model's name or an `LLM`; None where they are not known."""
    share, given = getattr(source, "discount", 1.0), os.environ.get("SYNTHKIT_PRICE")
    if given:
        with suppress(ValueError):
            into, out = (float(x) for x in given.split(","))
            if 0 <= into < inf and 0 <= out < inf:
                return share * into, share * out
        raise SynthkitError(f"SYNTHKIT_PRICE={given!r}: expected two numbers of 0 or more, as 0.15,0.60")
    if getattr(source, "local", False):
        return 0.0, 0.0
    name = getattr(source, "model", source) or ""
    listed = PRICES.get(name) or PRICES.get(undated(name))
    return listed and (share * listed[0], share * listed[1])


def undated(model: str) -> str:
    """Return a model's name without the date or "latest" it goes on with."""
    return _DATED.sub("", model)


def most_tokens(request: Request, source=None) -> tuple[int, int]:
    """Return an upper bound of the tokens of a request: (UTF-8 bytes of the prompt, the limit that is sent with it)."""
    body = sum(len(m["content"].encode("utf-8", "replace")) + 16 for m in request.messages)
    return body + len(str(request.schema)), getattr(source, "max_tokens", None) or request.max_tokens


class Budget:
    """A hard cap for one dataset on what is billed: what it has taken, stored replies of earlier runs included.

    A request is started only when the most it can take still fits (the prompt's bytes and the token limit), so a run
    that ends at the cap is a prefix of the plan. The first reply, for which nothing else is in flight, shows whether an
    endpoint bills more (hidden thinking, a limit that is not heeded): then its bound is what it was seen to bill.

    >>> Budget(usd=2.50, requests=200)
    Budget: 0 of 2.5 usd, 0 of 200 requests
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
        self._beyond: dict[str, tuple[float, float]] = {}  # model -> how many times the bound a reply took, in and out
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "Budget: " + ", ".join(f"{self.spent[k]:,.6g} of {cap:,.6g} {k}" for k, cap in self.caps.items())

    def check_price(self, source) -> None:
        """Refuse a cap in dollars for a model whose price is not known."""
        if "usd" in self.caps and price(source) is None:
            raise SynthkitError(
                f"Budget(usd=...): the price of {source.model!r} is not known and never guessed. Set SYNTHKIT_PRICE to "
                "its dollars for a million tokens in and out, as 0.15,0.60, or cap with requests= or tokens="
            )

    def knows(self, source) -> bool:
        """Return whether a reply has shown what this model bills; of batches the bound is taken at its word."""
        return source.model in self._beyond or getattr(source, "batched", False)

    def reserve(self, request: Request, source, tries: int = 1) -> Hold | None:
        """Set aside the most that some tries of `request` can take; None, and nothing set aside, if too much."""
        most = zip(most_tokens(request, source), self._beyond.get(source.model, (1.0, 1.0)), strict=True)
        need = cost(Usage(*(ceil(tokens * more) for tokens, more in most)), source)
        with self._lock:
            for name, cap in self.caps.items():
                if self.spent[name] + self._held[name] + tries * need[name] > cap * (1 + 1e-12):
                    return None
            self._hold(need, tries)
        return Hold(self, request, source, tries, need)

    def book(self, request: Request, reply: Reply, source) -> None:
        """Count a reply, once however often it is read back from the store."""
        key, used, most = request.key(source), reply.usage, most_tokens(request, source)
        if used.estimated:  # an estimate may be too low: the cap takes the bound
            used = Usage(most[0], min(most[1], len(reply.content.encode("utf-8", "replace"))))
        with self._lock:
            if key not in self._booked:
                self._booked.add(key)
                self._spend(cost(used, source))
                into, out = self._beyond.get(source.model, (1.0, 1.0))
                self._beyond[source.model] = max(into, used.prompt / most[0]), max(out, used.completion / most[1])

    def take(self, key: str, what: str, usd: float | None, tokens: int) -> None:
        """Count the most that something else than a request can cost, once under its key; refuse what does not fit."""
        need = {"usd": usd, "requests": 0, "tokens": tokens}
        with self._lock:
            for name, cap in self.caps.items() if key not in self._booked else ():
                if need[name] is None:
                    raise SynthkitError(f"Budget(usd=...): what {what} costs is not known and never guessed: tokens=")
                if self.spent[name] + self._held[name] + need[name] > cap * (1 + 1e-12):
                    raise SynthkitError(f"{what}: at most {need[name]:,.6g} {name} more do not fit into {self!r}")
            if key not in self._booked:
                self._booked.add(key)
                self._spend({name: amount or 0 for name, amount in need.items()})

    def correct(self, key: str, usd: float | None, tokens: int, price: float | None, used: int) -> None:
        """Put what was billed in the place of the most that `take` counted, once."""
        with self._lock:
            if f"{key} billed" not in self._booked:
                self._booked.add(f"{key} billed")
                self._spend({"usd": used * (price or 0) / 1e6 - (usd or 0), "tokens": used - tokens})

    def _spend(self, amounts: dict) -> None:
        for name, amount in amounts.items():
            self.spent[name] += amount

    def _hold(self, need: dict, tries: int) -> None:
        for name, amount in need.items():
            self._held[name] = max(0.0, self._held[name] + tries * amount)


@dataclass
class Hold:
    """What is set aside for the tries of one request that are still to come: `need` for each."""

    budget: Budget
    request: Request
    source: object
    tries: int
    need: dict[str, float]

    def free(self, tries: int | None = None, *, spent: bool = False) -> None:
        """Give back what was set aside for some tries, all by default; those that are `spent` count at that."""
        tries = self.tries if tries is None else tries
        with self.budget._lock:
            self.budget._hold(self.need, -tries)
            if spent:
                self.budget._spend(self.need)
        self.tries -= tries

    def lost(self) -> bool:
        """Count a try that came to nothing at the most it can have cost; return whether there is room for another."""
        self.free(1, spent=True)
        return self.room()

    def room(self) -> bool:
        """Return whether one more try is set aside, or can be."""
        if not self.tries and (more := self.budget.reserve(self.request, self.source)):
            self.tries, self.need = 1, more.need
        return self.tries > 0


def cost(usage: Usage, source) -> dict[str, float]:
    """Return what a request took: dollars (0 where the price is not known), requests, tokens."""
    into, out = price(source) or (0.0, 0.0)
    usd = (usage.prompt * into + usage.completion * out) / 1e6
    return {"usd": usd, "requests": 1, "tokens": usage.prompt + usage.completion}
