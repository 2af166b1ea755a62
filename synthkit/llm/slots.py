"""What is known of each request of a run: its attempts, earlier calls' and this one's."""

from __future__ import annotations

from collections.abc import Iterable

from synthkit.llm.answers import Attempt
from synthkit.llm.request import Request


class Slots:
    """The attempts at each request, and whether they settle it.

    Only a reply of use, one that passes `check`, settles a slot for good. A later call asks the others again: in rounds
    of as many attempts as the source has, so that a run killed in the middle of a round ends as if it had not been.
    """

    def __init__(self, requests: list[Request], source, check, store=None, budget=None):
        self.requests, self.source, self.check, self.store, self.budget = requests, source, check, store, budget
        self.attempts: list[list[Attempt]] = [[] for _ in requests]
        self._most = [source.attempts] * len(requests)
        if store is not None and not store.empty:
            self.read(range(len(requests)))
            for index, attempts in enumerate(self.attempts):
                if attempts and attempts[-1][2]:
                    self._most[index] = (len(attempts) // source.attempts + 1) * source.attempts

    def read(self, indices: Iterable[int]) -> None:
        """Add what the store has beyond the attempts that are known, and book it: earlier runs count."""
        following = {i: self.next_request(i) for i in indices}
        keys = {i: request.key(self.source) for i, request in following.items()}
        known = self.store.get_many(list(keys.values()))
        for index, request in following.items():
            reply = known.get(keys[index])
            while reply is not None:
                if self.budget:
                    self.budget.book(request, reply, self.source)
                problem = self.check(request, reply)
                self.attempts[index].append((request, reply, problem))
                if not problem:
                    break
                request = self.next_request(index)
                reply = self.store.get(request, self.source)

    def next_request(self, index: int) -> Request:
        """Return what to ask next for a slot."""
        attempts = self.attempts[index]
        return attempts[-1][0].next_attempt() if attempts else self.requests[index]

    def is_settled(self, index: int) -> bool:
        attempts = self.attempts[index]
        return bool(attempts) and (not attempts[-1][2] or len(attempts) >= self._most[index])

    def tries(self, index: int) -> int:
        """Return how many more attempts this call may make."""
        return self._most[index] - len(self.attempts[index])
