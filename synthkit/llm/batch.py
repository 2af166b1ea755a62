"""A model asked by the Batch API: half the price, an answer within a day, and nothing is lost by walking away."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace

from synthkit.core.errors import SynthkitError
from synthkit.llm.batch_api import CHAT, MISSES, Provider, read_line
from synthkit.llm.client import LLM
from synthkit.llm.endpoint import Form, NoReply, Passing
from synthkit.llm.request import Reply, Request
from synthkit.llm.store import Store

LINES, BYTES = 50_000, 200_000_000  # that a provider takes in one file
QUIET = 2.0  # seconds without a new request after which those that wait are sent
POLL = 30.0  # seconds between two looks at what is on its way
LOOKS = 120  # at a batch whose status is not known, in a row
TRIES = 5  # of one request
_TICK = 0.1
_ENDED = {"completed", "failed", "expired", "cancelled"}
_GOES_ON = {"validating", "in_progress", "finalizing", "cancelling"}
_NOBODY = SimpleNamespace(messages=())  # asked for a reply that nobody in this run waits for


class Batch(LLM):
    """A model behind OpenAI's Batch API, for `llm=`: half the price (estimate and cap count so), replies within a day.

    Requests go out in files of up to 50,000; what must be asked again, and top-ups, go out in further ones. Batches are
    noted in the store: end the kernel, run the same call tomorrow, and it goes on. A cap near the estimate sends
    several smaller ones, one after another. Replies are stored as those of `LLM(model)` and count for it.
    `SYNTHKIT_PRICE` is the price without the discount.

    >>> import synthkit as sk
    >>> sk.Batch("gpt-4o-mini", api_key="sk-...")
    Batch('gpt-4o-mini', base_url=None)
    """

    batched = True
    discount = 0.5

    def __init__(
        self,
        model: str | None = None,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        max_tokens: int | None = None,
        reasoning_effort: str | None = None,
        extra_body: dict | None = None,
    ):
        how = {"max_tokens": max_tokens, "reasoning_effort": reasoning_effort, "extra_body": extra_body}
        super().__init__(model, base_url=base_url, api_key=api_key, concurrency=LINES, **how)

    @asynccontextmanager
    async def session(self, store: Store | None = None):
        """Hold one client open for a run; what it yields answers requests."""
        if store is None:
            raise SynthkitError("a Batch keeps its batches in a store: pass store=sk.Store()")
        async with self._client() as (_, client):
            session = _Session(self, client, store)
            task = asyncio.create_task(session.work())
            try:
                yield session
            finally:
                task.cancel()
                session.file_away()


@dataclass
class _Sent:
    """One batch: what it asks by custom_id (with the key of the stored reply), and how far it is."""

    token: str
    id: str
    asked: dict[str, str]
    form: Form
    status: str = "sending"
    done: int = 0
    came: list[tuple[str, Reply]] | None = None  # replies by their keys, once it has ended
    misses: int = 0  # looks at which something billed was not there


class _Session:
    """One run's talk with a provider of batches."""

    def __init__(self, llm: Batch, client, store: Store):
        self._llm, self._store = llm, store
        self.notes: dict[str, None] = {}
        self._provider = Provider(llm, client, self.notes)
        self.pace = SimpleNamespace(may_grow=True)
        self.answered, self._handed_in = 0, 0.0
        self._waiting: dict[str, tuple[Request, asyncio.Future]] = {}
        self._unasked: dict[str, Reply] = {}
        self._queue: list[str] = []
        self._tries: Counter = Counter()
        self._lines, self._most = LINES, 10**9  # in a file, files at once: less where a limit was met
        self._fault, self._closing = None, False
        mine = "SELECT token, id, asked FROM batches WHERE identity = ? AND asked != ''"
        rows = store.read(mine, [llm.identity])
        self._under_way = {token: _Sent(token, id, json.loads(asked), llm.form) for token, id, asked in rows}
        if rows:
            known = f"{self.traffic()[0]:,} requests of an earlier run are on their way in {len(rows)} batches"
            self.notes[known] = None

    async def complete(self, request: Request, lost=None) -> Reply:
        """Return the reply, hours later. Raises NoReply for this request, SynthkitError where none would be answered.

        `lost` is not called: what a batch does not answer is not billed.
        """
        if self._fault:
            raise self._fault
        name = request.custom_id
        if name in self._unasked:  # came in a batch of an earlier run, before it was asked for here
            return self._unasked.pop(name)
        if name not in self._waiting:
            self._waiting[name] = request, asyncio.get_running_loop().create_future()
            self._enqueue(name)
        return await self._waiting[name][1]

    def traffic(self) -> tuple[int, int]:
        """Return how many requests are at the provider, and how many were sent again."""
        return sum(len(b.asked) - b.done for b in self._under_way.copy().values()), self._tries.total()

    def close(self) -> None:
        """Send nothing more, and have the provider stop; what is answered by then comes."""
        self._closing = True
        while self._queue:
            self._waiting.pop(self._queue.pop())[1].set_exception(NoReply("not sent"))

    async def work(self) -> None:
        """Send what waits and look what came, until cancelled."""
        looked = 0.0
        try:
            while True:
                now = time.monotonic()
                if self._queue and (now - self._handed_in > QUIET or len(self._queue) >= self._lines):
                    await self._send()
                if now - looked > POLL:
                    for batch in list(self._under_way.values()):
                        await self._look(batch)
                    looked = time.monotonic()
                await asyncio.sleep(_TICK)
        except Exception as error:
            self._fault = error if isinstance(error, SynthkitError) else SynthkitError(f"batches: {error!r}")
            self._queue.clear()
            for _, future in self._waiting.values():
                if not future.done():
                    future.set_exception(self._fault)

    def _enqueue(self, name: str) -> None:
        if not any(name in batch.asked for batch in self._under_way.values()):
            self._queue.append(name)
            self._handed_in = time.monotonic()

    async def _send(self) -> None:
        """Send what waits, in as many files as the limits ask for and allow."""
        count = files = 0
        while self._queue and len(self._under_way) < self._most:
            lines, size = {}, 0
            for name in self._queue[: self._lines]:
                request, _ = self._waiting[name]
                line = {"custom_id": name, "method": "POST", "url": CHAT}
                line["body"] = self._llm.body(request, self._llm.form)
                data = json.dumps(line).encode() + b"\n"
                size += len(data)
                if size > BYTES and lines:
                    break
                lines[name] = data
            self._queue = self._queue[len(lines) :]
            keys = {name: self._waiting[name][0].key(self._llm) for name in lines}
            batch = _Sent(uuid.uuid4().hex, "", keys, self._llm.form)
            self._under_way[batch.token] = batch
            # noted before it is sent: a process that dies in between finds it again by its token
            row = (batch.token, "", self._llm.identity, self._llm.model, "sending", len(keys), 0, 0, time.time(), 0, 0)
            self._write(f"INSERT INTO batches VALUES ({'?, ' * 11}?)", *row, json.dumps(keys))
            try:
                self._took(batch, await self._provider.send(b"".join(lines.values()), batch.token))
            except Passing:  # whether it was taken the next look finds out
                return
            count, files = count + len(lines), files + 1
        if count:
            files = f"{files} batch{'es' * (files > 1)}"
            went = f"{count:,} request{'s' * (count > 1)} went to {self._llm.address} in {files}"
            self.notes[f"{went}, back within 24 hours. You may end this: the same call goes on from there"] = None

    def _took(self, batch: _Sent, info) -> None:
        counts = info.request_counts
        batch.id, batch.status = info.id, info.status
        batch.done = counts.completed + counts.failed if counts else 0
        now = (batch.id, batch.status, counts.completed if counts else 0, counts.failed if counts else 0)
        self._write("UPDATE batches SET id = ?, status = ?, done = ?, failed = ? WHERE token = ?", *now, batch.token)

    async def _look(self, batch: _Sent) -> None:
        """See how far a batch is, and take in what came of it."""
        try:
            info = await self._provider.look(batch.id, batch.token)
            if info is not None:
                self._took(batch, info)
                if self._closing and info.status in ("validating", "in_progress"):
                    await self._provider.cancel(batch.id)
            if info is None or info.status in _ENDED:
                lines = [] if info is None else await self._provider.lines(info)
                lost = self._lost(batch, info, lines)
                batch.misses += bool(lost)
                if lost and batch.misses < MISSES:
                    return
                if info or not lost:
                    await self._collect(batch, info, lines)
                if lost:
                    raise SynthkitError(lost)
                return
            batch.misses = 0 if info.status in _GOES_ON else batch.misses + 1
            if batch.misses:
                words = f"{self._llm.address} says {info.status[:80]!r} of batch {info.id}, a status not known here"
                if batch.misses > LOOKS:
                    raise SynthkitError(f"{words}, for {LOOKS * POLL / 60:g} minutes. The same call looks at it again")
                self.notes[f"{words}. Looking on for {LOOKS * POLL / 60:g} minutes; Ctrl-C ends it"] = None
        except Passing:
            return

    def _lost(self, batch: _Sent, info, lines: list[dict]) -> str:
        """Return what is wrong where less is there than the provider has billed: that is not asked again unseen."""
        if info is None:
            gone = f"{self._llm.address} has no batch {batch.id}: is this the key of the project that sent it? If it is"
            return f"{gone} gone for good, synthkit merge this store into a new one and use that" * bool(batch.id)
        billed = info.request_counts.completed if info.request_counts else 0
        missing = billed - len(batch.asked.keys() & {line.get("custom_id") for line in lines})
        words = f"batch {batch.id} answered {billed:,} requests, and its files at {self._llm.address} lack {missing:,}"
        return f"{words} of them. Run this again and these are asked, and paid for, anew" if missing > 0 else ""

    async def _collect(self, batch: _Sent, info, lines: list[dict]) -> None:
        """Hand replies to who waits for them; once they are stored, the rest is asked again, or its faults are told."""
        by_name = {line.get("custom_id"): line for line in reversed(lines)}
        batch.came, others = [], []
        for name, key in batch.asked.items():  # in the order asked, whatever order they came in
            request, future = self._waiting.get(name, (None, None))
            reply = read_line(by_name.get(name), request or _NOBODY, batch.form, self._llm)
            if isinstance(reply, Exception):
                others.append((name, reply))
                continue
            self.answered += 1
            self._waiting.pop(name, None)
            if future is None:  # nobody of this run asks for it (yet); it is paid for all the same
                self._unasked[name] = reply
                self._store.keep(key, name, reply)
            elif not future.done():
                future.set_result(reply)
            batch.came.append((key, reply))
        while batch.token in self._under_way:
            self.file_away()
            await asyncio.sleep(_TICK)
        if info and info.status == "failed":
            self._failed(batch, info)
        for name, fault in others:
            self._settle(name, fault, counts=batch.status != "failed")

    def file_away(self) -> None:
        """Have done with batches that ended and whose replies are in the store."""
        for batch in [b for b in self._under_way.values() if b.came is not None]:
            if len(self._store.get_many([key for key, _ in batch.came])) == len(batch.came):
                used = [reply.usage for _, reply in batch.came]
                row = (sum(u.prompt for u in used), sum(u.completion for u in used), batch.token)
                self._write("UPDATE batches SET tokens_in = ?, tokens_out = ?, asked = '' WHERE token = ?", *row)
                del self._under_way[batch.token]

    def _failed(self, batch: _Sent, info) -> None:
        """Ask for less at once where too much was on its way; else say what the provider did not like."""
        problems = (info.errors.data if info.errors else None) or []
        words = "; ".join(p.message or p.code or "" for p in problems[:3]) or "no reason given"
        others = sum(bool(b.id) for b in self._under_way.values())
        full = any(w in f"{p.code} {p.message}" for p in problems for w in ("token_limit", "nqueued token", "too_"))
        if not full or not others and len(batch.asked) == 1:
            raise SynthkitError(self._llm._scrub(f"{self._llm.address} did not take batch {info.id}: {words}"))
        self._most, self._lines = max(1, others), self._lines if others else len(batch.asked) // 2
        self.notes[f"{self._llm.address} takes less at once ({words}): smaller batches, or fewer at a time"] = None

    def _settle(self, name: str, fault: Exception, *, counts: bool) -> None:
        """Ask again where that may help; else tell who waits."""
        if name not in self._waiting or self._waiting[name][1].done():
            return
        if isinstance(fault, Passing):
            self._tries[name] += counts
            if self._tries[name] <= TRIES and not self._closing:
                self._enqueue(name)
                return
            fault = NoReply(f"{fault} (tried {self._tries[name]} times)")
        elif self.answered and getattr(fault, "spares_others", False):
            fault = NoReply(str(fault))
        self._waiting.pop(name)[1].set_exception(fault)

    def _write(self, sql: str, *values) -> None:
        with self._store.transaction() as database:
            database.execute(sql, values)
