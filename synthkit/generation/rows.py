"""Synthetic rows: the text, and where it came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from synthkit.core.text import tidy
from synthkit.llm.request import Reply, Request

if TYPE_CHECKING:
    from datasets import Dataset

COLUMNS = ("id", "text", "label", "strategy", "attributes", "demo_ids", "model", "request_key", "slot", "iteration")


def make_row(
    request: Request, reply: Reply, place: int, number: int, text: str, source, probability: str | None
) -> dict:
    """Return one synthetic row with its lineage: the text at a place of the reply, which is `number` of its slot.

    Its attributes carry the `probability` that the model stated.
    """
    attributes = request.attributes[place - 1] if request.attributes else {}
    if probability is not None:
        attributes = {**attributes, "probability": probability}
    return {
        "id": f"{request.strategy}-r{request.random_state}-s{request.slot:04d}-{number}",
        "text": text,
        "label": request.label,
        "strategy": request.strategy,
        "attributes": json.dumps(attributes, sort_keys=True, ensure_ascii=False),
        "demo_ids": json.dumps(list(request.demo_ids)),
        "model": tidy(reply.model or source.model),
        "request_key": request.key(source),
        "slot": request.slot,
        "iteration": 0,
    }


def synthetic_rows(rows: list[dict]) -> Dataset:
    """Return rows as a Dataset of the synthetic schema: strings, but for `slot` and `iteration` (int64)."""
    from datasets import Dataset, Features, Value

    kinds = {name: Value("int64" if name in ("slot", "iteration") else "string") for name in COLUMNS}
    return Dataset.from_dict({name: [r[name] for r in rows] for name in COLUMNS}, features=Features(kinds))
