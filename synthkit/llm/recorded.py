"""Replies collected earlier, shipped with a task and looked up by the exact prompt they answered.

A recording is two files in OpenAI's Batch format, joined by `custom_id`: `requests.jsonl` (what was asked) and
`replies.jsonl` (what came back). Of a request that shows raw texts, for a model to label, only the prompt key is kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from synthkit.core.errors import SynthkitError
from synthkit.core.jsonl import read_jsonl
from synthkit.llm.request import Reply, Request, Usage, sha256_json

SHOWS_TEXTS = "annotate"  # how the strategies of such requests begin
_ID = re.compile(r"(?P<strategy>\w+)-v(?P<version>\d+)-r(?P<random_state>\d+)-s(?P<slot>\d+)-a(?P<attempt>\d+)-\w{12}")


class Recorded:
    """Recorded replies of one task; answers requests that were recorded and no others."""

    name = "recorded"
    concurrency = 1
    attempts = 1  # what was recorded is what there is

    def __init__(self, folder: Path | None):
        self.folder = folder
        self._replies: dict[tuple, Reply] = {}
        self._asked: dict[tuple, dict[str, int]] = {}  # (strategy, random_state, slot, attempt): prompt_key -> version
        for entry, answer in joined(folder):
            key, parts = entry.get("prompt_key") or prompt_key(entry["body"]), parse_id(entry["custom_id"])
            where = (parts["random_state"], parts["slot"], parts["attempt"])
            self._replies[key, *where] = to_reply(answer)
            self._asked.setdefault((parts["strategy"], *where), {})[key] = parts["version"]

    def __len__(self) -> int:
        return len(self._replies)

    @property
    def model(self) -> str:
        """The model that answered (several: joined by +)."""
        return "+".join(sorted({r.model for r in self._replies.values()})) or "recorded"

    def covered(self, requests: Sequence[Request]) -> Sequence[Request]:
        """Return the leading requests that have a recording.

        Raises SynthkitError, naming the ways on, when the first has none or when one was recorded for another prompt.
        """
        for i, request in enumerate(requests):
            if self.get(request) is None:
                recorded_before = request.slot > 0 and self._asked_at(request, request.slot - 1)
                if self.stale(request) or not recorded_before:
                    raise self._missing(request)
                return requests[:i]
        return requests

    def _asked_at(self, request: Request, slot: int) -> dict[str, int] | None:
        return self._asked.get((request.strategy, request.random_state, slot, request.attempt))

    def _missing(self, request: Request) -> SynthkitError:
        what = f"no recorded reply to this prompt ({request.strategy}, random_state {request.random_state})"
        known = sorted({strategy for strategy, *_ in self._asked if not strategy.startswith(SHOWS_TEXTS)})
        if request.strategy not in known:
            what += f"; recorded here: {', '.join(known) or 'nothing'}"
        if self.stale(request):
            what = f"the recording of {request.strategy}, slot {request.slot} answered another prompt"
        ways, ngram, write = "Three", "llm='ngram' is the offline baseline; ", "recordings pending` writes the requests"
        if request.strategy.startswith(SHOWS_TEXTS):
            what = f"no recorded labels of these texts ({request.strategy}, slot {request.slot})"
            ways, ngram = "Two", ""
            write = "recordings pending TASK --annotate N` writes the requests for N unlabelled rows of a task"
        return SynthkitError(
            f"{what}. {ways} ways on: llm=sk.LLM(model, base_url=...) asks a live model; {ngram}`synthkit {write} out, "
            "`recordings import` files the replies"
        )

    async def complete(self, request: Request) -> Reply:
        if (reply := self.get(request)) is None:
            raise self._missing(request)
        return reply

    def counts(self) -> list[tuple[str, int, int, int]]:
        """Return (strategy, version, random_state, replies) of what is recorded."""
        asked = self._asked.items()
        found = Counter((what, version, state) for (what, state, *_), keys in asked for version in keys.values())
        return [(*what, count) for what, count in sorted(found.items())]

    def get(self, request: Request) -> Reply | None:
        """Return the recorded reply to exactly this request, or None."""
        return self._replies.get(request.identity)

    def stale(self, request: Request) -> bool:
        """Return whether there is a recording of this slot, but of another prompt."""
        asked = self._asked_at(request, request.slot)
        return asked is not None and request.prompt_key not in asked


def prompt_key(body: dict) -> str:
    """Return the prompt key of a recorded request body: what `Request.prompt_key` gives for the same prompt."""
    sampling = {k: body[k] for k in ("temperature", "max_completion_tokens")}
    schema = body["response_format"]["json_schema"]["schema"]
    return sha256_json({"messages": body["messages"], "schema": schema, "sampling": sampling})


def parse_id(custom_id: str) -> dict:
    """Return the parts of a custom_id: strategy, version, random_state, slot, attempt."""
    match = _ID.fullmatch(custom_id)
    if not match:
        raise SynthkitError(f"custom_id {custom_id!r} is not one of ours, as zero_shot-v1-r0-s0017-a0-1f2e3d4c5b6a")
    return {k: v if k == "strategy" else int(v) for k, v in match.groupdict().items()}


def to_reply(line: dict) -> Reply:
    """Return the Reply in one line of Batch output."""
    body = line["response"]["body"]
    choice, usage = body["choices"][0], body.get("usage") or {}
    return Reply(
        content=choice["message"]["content"] or "",
        model=body.get("model", "unknown"),
        usage=Usage(usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0), bool(usage.get("estimated"))),
        finish_reason=choice.get("finish_reason") or "stop",
    )


def batch_line(request: Request, model: str) -> dict:
    """Return a request as one line of Batch input."""
    where = {"custom_id": request.custom_id, "method": "POST", "url": "/v1/chat/completions"}
    return {**where, "body": request.body(model)}


def kept_line(line: dict) -> dict:
    """Return a line of Batch input as a recording keeps it: without its words, where it shows raw texts."""
    if "body" not in line or not parse_id(line["custom_id"])["strategy"].startswith(SHOWS_TEXTS):
        return line
    return {"custom_id": line["custom_id"], "prompt_key": prompt_key(line["body"])}


def batch_files(folder: Path) -> tuple[Path, Path]:
    """Return where a recording's requests and replies stand."""
    return folder / "requests.jsonl", folder / "replies.jsonl"


def joined(folder: Path | None) -> list[tuple[dict, dict]]:
    """Return the requests of a recording that have a reply, each with its reply."""
    if folder is None or not (folder / "requests.jsonl").exists():
        return []
    asked, answered = batch_files(folder)
    answers = {a["custom_id"]: a for a in read_jsonl(answered)}
    return [(e, answers[e["custom_id"]]) for e in read_jsonl(asked) if e["custom_id"] in answers]
