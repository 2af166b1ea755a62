"""How many requests are on the wire at once: as many as the endpoint copes with, found out by watching it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from dataclasses import dataclass
from math import inf, log, sqrt

_REMEMBERED, _REST = 20, 50  # replies that say what a window is worth, and before a larger one is tried again
_OVERHEAD = 0.05  # seconds of a reply that say nothing: below them it is this machine that is slow
_WATCHED = 20  # requests looked back on: a single refusal among them is chance, half of them is a closed door


@dataclass(slots=True)
class Try:
    """One request on the wire; `beside`: how many others were in flight when it was sent."""

    epoch: int
    beside: int
    sent: float
    refused: bool = False


class Pace:
    """A window that grows while replies come, shrinks to what is in flight when requests are refused, and recovers.

    It doubles every round trip up to what was last known to work (`_proven`) and feels its way one by one above that,
    the more rarely the more often it was refused there. When half of the latest requests are refused, everybody waits
    for as long as the endpoint asked. Where replies take longer in proportion to how many are in flight, it is the
    smallest window that gets as many replies a second. `rpm` and `tpm` space the requests evenly.
    """

    def __init__(self, most: int, *, start: int | None = None, rpm: float | None = None, tpm: float | None = None):
        self.most, self.limit = most, min(start or most, most)
        self.in_flight = 0
        self._rpm, self._tpm = rpm, tpm
        self._proven: float = inf
        self._gap = 1  # round trips before each step above _proven
        self._credit = 0.0
        self._epoch = 0  # counts the cuts: only requests sent after the last one say whether it was enough
        self._served = self._serving = False  # a request of this epoch, of the one before the cut, was answered
        self._doors, self._shut_at = 0, 0.0  # doors shut in a row, when the last one was
        self._recent: deque[Try] = deque(maxlen=_WATCHED)
        # by the bits of how many were in flight: replies, mean and variance of their log seconds (see _learn)
        self._seen: dict[int, list[float]] = {}
        self.may_grow = False  # not before a reply was of use: replies of none are paid for too
        self._replies = 0
        self._open_at = self._next_at = 0.0  # when the endpoint's pause ends, when rpm and tpm allow the next
        self._waiting: deque[tuple[asyncio.Future, int]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def enter(self, tokens: int) -> Try:
        """Wait for a place in the window, in turn; `tokens` is the most that the request may take."""
        if self._waiting or not self._grant(tokens):
            place = asyncio.get_running_loop().create_future()
            self._waiting.append((place, tokens))
            self._wake()
            await place
        sent = Try(self._epoch, self.in_flight - 1, time.monotonic())
        self._recent.append(sent)
        return sent

    def answered(self, sent: Try) -> None:
        """Note a reply: the window may grow."""
        self._doors = 0
        self._learn(sent)
        if (enough := self._enough(2.0)) < self.limit:
            self.limit, self._credit = enough, 0
        elif sent.epoch == self._epoch:
            self._served = True
            if self.may_grow and self.limit < min(self.most, self._enough(1.0)):
                self._grow()
        elif self._proven == inf:  # it goes on serving what it did not refuse: this many it copes with
            self._proven = self.limit
        self.leave()

    def refused(self, sent: Try, wait: float | None) -> None:
        """Note that the endpoint is busy (429) and asks to wait: `wait` seconds, None where it does not say."""
        sent.refused = True
        refused = sum(t.refused for t in self._recent)
        late = sent.sent < self._shut_at  # the door has been shut since: this one adds nothing but its count
        if (late or refused > 1) and self.in_flight - 1 < self.limit:
            self._cut(sent, max(1, self.in_flight - 1))
        if not late and 2 * refused >= len(self._recent):
            backoff = min(20.0, 0.5 * 1.5 ** min(self._doors, 20)) * random.uniform(0.8, 1.2)
            self._doors += 1
            self._shut_at = time.monotonic()
            self._recent.clear()
            self.pause(backoff if wait is None else wait)
        self.leave()

    def timed_out(self, sent: Try) -> None:
        """Note that no answer came in time: perhaps too many are asked at once, where none ever came two are."""
        if sent.epoch == self._epoch:
            self._cut(sent, min(max(1, self.limit // 2), self._enough(1.0)) if self._replies else 1)
        self.leave()

    def leave(self) -> None:
        """Give a place back without a word on how the endpoint copes."""
        self.in_flight -= 1
        self._wake()

    def pause(self, seconds: float) -> None:
        """Send nothing for a while."""
        self._open_at = max(self._open_at, time.monotonic() + seconds)

    def unused(self, tokens: int) -> None:
        """Give back what a request reserved of the tokens a minute and did not take."""
        if self._tpm:
            self._next_at -= max(0, tokens) * 60 / self._tpm
            self._set_timer()

    def _learn(self, sent: Try) -> None:
        """Note how long a reply took beside so many; now and then forget what larger windows were worth."""
        window, took = sent.beside + 1, time.monotonic() - sent.sent
        seen = self._seen.setdefault(window.bit_length(), [0, 0.0, 0.0])
        seen[0] = min(seen[0] + 1, _REMEMBERED)
        # halfway between a time that stays the same, which falls here, and one that grows in proportion, which rises
        more = log(took + _OVERHEAD) - log(window) / 2 - seen[1]
        seen[1] += more / seen[0]
        seen[2] += (more * more * (1 - 1 / seen[0]) - seen[2]) / seen[0]
        self._replies += 1
        if self._replies % _REST == 0:
            self._seen = {bits: s for bits, s in self._seen.items() if bits <= self.limit.bit_length()}

    def _enough(self, errors: float) -> float:
        """Return the least window above which replies only queue, as sure as so many standard errors make it."""
        least = inf
        for few, (n, fast, spread) in self._seen.items():
            for many, (m, slow, other) in self._seen.items():
                error = sqrt((n * spread + m * other + 0.2) / (n + m) * (1 / n + 1 / m))
                if many > few and n + m >= 2 * errors and slow - fast > errors * error:
                    least = min(least, int(0.7 * 2 ** ((few + many) / 2)))  # between the two
        return least

    def _grow(self) -> None:
        below = self.limit < self._proven
        self._credit += 1 if below else 1 / (self.limit * self._gap)
        if self._credit >= 1 and self._replies >= min(4, self.limit):  # the first ones say how it copes
            if not below:
                self._proven, self._gap = self.limit, max(1, self._gap // 2)
            self.limit, self._credit = min(self.most, self.limit + int(self._credit)), 0

    def _cut(self, sent: Try, limit: int) -> None:
        if sent.epoch == self._epoch:
            self._epoch += 1
            self._serving, self._served = self._served, False
            if self._serving:
                self._gap = min(64, 4 * self._gap) if abs(limit - self._proven) <= 2 else 1
        if self._serving:  # it answers, but not so many; while it answers nobody, what was known before stands
            self._proven = limit
        self.limit, self._credit = limit, 0

    def _grant(self, tokens: int) -> bool:
        now = time.monotonic()
        if self.in_flight >= self.limit or now < max(self._open_at, self._next_at):
            return False
        self.in_flight += 1
        if self._rpm or self._tpm:
            spacing = max(60 / self._rpm if self._rpm else 0, tokens * 60 / self._tpm if self._tpm else 0)
            self._next_at = max(self._next_at, now - 0.1) + spacing
        return True

    def _wake(self) -> None:
        while self._waiting:
            place, tokens = self._waiting[0]
            if not place.done():
                if not self._grant(tokens):
                    break
                place.set_result(None)
            self._waiting.popleft()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        wait = max(self._open_at, self._next_at) - time.monotonic()
        if self._waiting and self.in_flight < self.limit:
            self._timer = asyncio.get_running_loop().call_later(max(0, wait), self._wake)
