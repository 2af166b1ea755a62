"""A request and its reply: the two things that every source of replies agrees on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Request:
    """One question to a model: the prompt, who asks (strategy, random state, slot, attempt) and what each text is for.

    `attributes` holds one dict a text asked for; `demo_ids` the ids of the real rows that the prompt shows, or
    whose words it tells.
    """

    messages: tuple[dict, ...]
    schema: dict
    strategy: str
    version: int
    random_state: int
    slot: int
    label: str
    count: int
    max_tokens: int
    temperature: float = 1.0
    attempt: int = 0
    attributes: tuple[dict, ...] = field(default=())
    demo_ids: tuple[str, ...] = field(default=())

    @cached_property
    def prompt_key(self) -> str:
        """SHA-256 of what the model sees: messages, schema and sampling parameters, in canonical JSON."""
        sampling = {"temperature": self.temperature, "max_completion_tokens": self.max_tokens}
        return sha256_json({"messages": list(self.messages), "schema": self.schema, "sampling": sampling})

    @property
    def identity(self) -> tuple[str, int, int, int]:
        """What recordings are looked up by: another model's name does not stale them."""
        return self.prompt_key, self.random_state, self.slot, self.attempt

    def key(self, source) -> str:
        """Return the key of the stored reply: the identity and who answers (a model's name, or a source's identity)."""
        return sha256_json([*self.identity, getattr(source, "identity", None) or getattr(source, "model", source)])

    @property
    def custom_id(self) -> str:
        """A readable id for Batch files: strategy-v1-r0-s0017-a0-1f2e3d4c5b6a."""
        place = f"r{self.random_state}-s{self.slot:04d}-a{self.attempt}"
        return f"{self.strategy}-v{self.version}-{place}-{self.prompt_key[:12]}"

    def body(self, model: str) -> dict:
        """Return the body of a chat completion request."""
        schema = {"name": "texts", "strict": True, "schema": self.schema}
        return {
            "model": model,
            "messages": list(self.messages),
            "response_format": {"type": "json_schema", "json_schema": schema},
            "temperature": self.temperature,
            "max_completion_tokens": self.max_tokens,
        }


@dataclass(frozen=True)
class Usage:
    """Tokens in and out; `estimated` when the source did not count them."""

    prompt: int
    completion: int
    estimated: bool = False


@dataclass(frozen=True)
class Reply:
    """What a model answered, word for word.

    `thinking`: whether it thought before, as far as its endpoint tells; `stored`: when it came, where it is read back.
    """

    content: str
    model: str
    usage: Usage
    finish_reason: str = "stop"
    thinking: bool = field(default=False, compare=False)
    stored: float | None = field(default=None, compare=False)


def sha256_json(value: object) -> str:
    """Return the SHA-256 of `value` as canonical JSON (sorted keys, no spaces, UTF-8)."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def estimate_tokens(text: str) -> int:
    """Return a rough count: a token per four UTF-8 bytes, rounded up (the usual rule of thumb for English)."""
    return -(-len(text.encode("utf-8", "replace")) // 4)
