"""What a model says: well-behaved, scripted, hostile, filed as recordings."""

from __future__ import annotations

import hashlib
import json

from synthkit.llm.recorded import (
    batch_line,
)
from synthkit.prompts.batch import import_batch


class Scripted:
    """A source of replies that says what a test tells it to: `script(request)` returns the content, or a Reply."""

    name = model = "scripted"
    concurrency = attempts = 1

    def __init__(self, script):
        self.script, self.asked = script, []

    async def complete(self, request):
        from synthkit.llm.request import Reply, Usage

        self.asked.append(request)
        said = self.script(request)
        return said if isinstance(said, Reply) else Reply(said, self.model, Usage(10, 20))


def as_reply(texts) -> str:
    """Return texts as the JSON that a prompt asks for."""
    return json.dumps({"texts": [{"number": i, "text": t} for i, t in enumerate(texts, 1)]})


def distinct_texts(request) -> str:
    """A well-behaved script: texts that share hardly a word with each other or with any seed."""
    return as_reply([_number_words(request.slot * 10 + i) for i in range(request.count)])


_SYLLABLES = ["ba", "du", "fi", "go", "ke", "lo", "mi", "na", "pu", "ra"]


def _number_words(number: int) -> str:

    digits = str(int(hashlib.sha256(str(number).encode()).hexdigest(), 16))
    return " ".join("".join(_SYLLABLES[int(d)] for d in digits[i : i + 3]) for i in range(0, 24, 3))


def file_replies(requests, folder, task=distinct_texts):
    asked = [batch_line(r, "any") for r in requests]
    answered = [batch_answer(r.custom_id, task(r)) for r in requests]
    return import_batch(asked, answered, folder)


def batch_answer(custom_id, content):
    body = {"model": "scribe", "choices": [{"message": {"role": "assistant", "content": content}}]}
    return {"custom_id": custom_id, "response": {"status_code": 200, "body": body}}


HOSTILE = [
    "<script>alert('x')</script> & <b>bold</b>",
    "half an emoji \ud83d and a NUL \x00 here",
    "\u202ereversed\u202c by marks, \u200fright to left",
    "quotes \"double\", 'single', a comma,\nand a new line",
    "=cmd|' /C calc'!A0 {{7*7}} ${PATH} %s",
]
