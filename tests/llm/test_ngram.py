"""The classical baseline writes from the seeds of a label, and of nothing else."""

import asyncio
import json
from dataclasses import dataclass
from types import SimpleNamespace

from synthkit.core.rows import make_rows
from synthkit.llm.ngram import NGram


@dataclass
class Asked:
    label: str
    count: int = 5
    random_state: int = 0
    slot: int = 0
    attempt: int = 0


def texts_of(model, label, slot=0):
    reply = asyncio.run(model.complete(Asked(label, slot=slot)))
    return [item["text"] for item in json.loads(reply.content)["texts"]]


def fitted(**texts):
    pairs = [(t, label) for label, some in texts.items() for t in some]
    rows = make_rows(
        {"id": list(map(str, range(len(pairs)))), "text": [t for t, _ in pairs], "label": [x for _, x in pairs]}
    )
    return NGram(SimpleNamespace(rows=rows))


def test_a_label_without_seeds_gets_no_texts():
    model = fitted(menu=["the tea was cold", "the soup was warm"])
    assert texts_of(model, "cats") == []
    assert len(texts_of(model, "menu")) == 5


def test_texts_are_made_of_the_words_of_the_seeds():
    model = fitted(menu=["the tea was cold", "the soup was warm"], cats=["the cat was shy"])
    made = {t for slot in range(20) for t in texts_of(model, "menu", slot)}
    assert {w for t in made for w in t.split()} <= {"the", "tea", "was", "cold", "soup", "warm", "cat", "shy"}
    assert "the tea was warm" in made


def test_a_script_without_blanks_is_written_letter_by_letter():
    seeds = ["猫咪非常可爱", "咖啡非常好喝", "蛋糕非常好吃"]
    made = {t for slot in range(20) for t in texts_of(fitted(menu=seeds), "menu", slot)}
    assert not any(" " in t for t in made)
    assert made - set(seeds)
