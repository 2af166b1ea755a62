"""An invented hotel's guest book: three labels of two subjects each, and a model that knows some of them."""

from __future__ import annotations

import csv

import numpy as np

from support.replies import as_reply
from synthkit.core.text import words
from synthkit.tasks.task import load_task

YAML = """
name: hotel
domain: Short remarks that guests of a small hotel leave.
text_kind: guest remark
length: {max_words: 40}
labels:
  food: what there is to eat and drink
  room: the room and what is in it
  place: the house around it and how to get there
source: {train: train.csv, validation: validation.csv, test: test.csv}
"""
SUBJECTS = {
    "food": {
        "soup": "the {b} soup tasted of {a} and came in a {c} bowl",
        "breakfast": "breakfast buffet with {a} bread and {b} eggs until {c}",
    },
    "room": {
        "wifi": "wifi password failed on my {c} and the router showed {a} {b}",
        "pillow": "pillow felt {a} so I slept {b} on a {c} mattress",
    },
    "place": {
        "parking": "parking garage was {a} and the barrier {b} at {c}",
        "garden": "garden path with {a} roses and a {b} pond by the {c}",
    },
}
WORDS = {
    "a": [
        "salty",
        "stale",
        "green",
        "heavy",
        "empty",
        "yellow",
        "noisy",
        "bitter",
        "damp",
        "plain",
        "dusty",
        "sweet",
    ],
    "b": [
        "lentil",
        "broken",
        "barely",
        "lukewarm",
        "open",
        "tomato",
        "narrow",
        "twice",
        "frozen",
        "quiet",
        "leek",
        "boiled",
    ],
    "c": [
        "phone",
        "noon",
        "blue",
        "laptop",
        "seven",
        "tablet",
        "chipped",
        "gate",
        "dawn",
        "steel",
        "wooden",
        "corner",
    ],
}


def text(label: str, subject: str, number: int) -> str:
    """Return remark `number` on a subject; different numbers give different words."""
    rng = np.random.default_rng([number, len(subject)])
    return SUBJECTS[label][subject].format(**{k: some[int(rng.integers(len(some)))] for k, some in WORDS.items()})


def real_rows(part: str, each: int) -> list[list[str]]:
    start = {"train": 1000, "validation": 2000, "test": 3000}[part]
    return [
        [f"{part}-{subject}-{i}", text(label, subject, start + i), label]
        for label, subjects in SUBJECTS.items()
        for subject in subjects
        for i in range(each)
    ]


def write_hotel(folder):
    """Write the task into a folder and load it: 12, 10 and 8 rows a subject."""
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(YAML, encoding="utf-8")
    for part, each in (("train", 12), ("validation", 10), ("test", 8)):
        with (folder / f"{part}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["id", "text", "label"], *real_rows(part, each)])
    return load_task(folder)


def turn(request) -> str:
    """The part of a prompt that a strategy wrote."""
    return request.messages[-1]["content"].split("# Your turn\n")[1]


def writes(known, *, dress=lambda text, request: text):
    """Return a script: on `label` it writes about the subjects in `known[label]`, or about those a prompt names."""

    def script(request):
        mine = SUBJECTS[request.label]
        said = set(words(turn(request)))
        named = [s for s, sentence in mine.items() if said & {w for w in words(sentence) if len(w) > 5}]
        subjects = named or known[request.label]
        numbers = [10 * request.slot + i for i in range(request.count)]
        texts = [text(request.label, subjects[i % len(subjects)], n) for i, n in enumerate(numbers)]
        return as_reply([dress(t, request) for t in texts])

    return script
