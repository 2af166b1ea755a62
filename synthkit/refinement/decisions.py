"""What a recorded loop decided, kept beside its replies: another machine's rounding must not change a prompt."""

from __future__ import annotations

from pathlib import Path

from synthkit.core.errors import SynthkitError
from synthkit.core.jsonl import read_jsonl, write_jsonl
from synthkit.llm.request import sha256_json

FILE = "decisions.jsonl"


class Decisions:
    """Decisions of loops by what they were made from; a decision met for the first time is remembered, not written."""

    def __init__(self, folder: Path | None):
        self.path = folder / FILE if folder else None
        known = read_jsonl(self.path) if self.path and self.path.exists() else []
        self._known = {line["made_from"]: line for line in known}

    def get(self, made_from: object, what: str, decide, **where) -> list:
        """Return the decision made from these things: the one known, else what `decide()` returns (JSON values)."""
        key = sha256_json([what, made_from])
        if key not in self._known:
            self._known[key] = {"made_from": key, "what": what, **where, "decision": decide()}
        return self._known[key]["decision"]

    def save(self) -> Path:
        """Write all decisions, in an order of their own; return the file."""
        if self.path is None:
            raise SynthkitError("this task has no folder to keep decisions in")
        lines = sorted(
            self._known.values(), key=lambda d: (d["random_state"], d["iteration"], d["what"], d["made_from"])
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_jsonl(self.path, lines)
        return self.path
