"""An invented hotel's guest book: three labels of two subjects each, and a model that tells them apart."""

from __future__ import annotations

import csv
import json
import re

import numpy as np

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


def write_hotel(folder, *, unlabelled: bool = False):
    """Write the task into a folder and load it: 12, 10 and 8 rows a subject, those of train as raw texts as well."""
    folder.mkdir(parents=True)
    yaml = YAML.replace("source: {", "source: {unlabelled: train, ") if unlabelled else YAML
    (folder / "task.yaml").write_text(yaml, encoding="utf-8")
    for part, each in (("train", 12), ("validation", 10), ("test", 8)):
        with (folder / f"{part}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["id", "text", "label"], *real_rows(part, each)])
    return load_task(folder)


def labeller(request) -> str:
    """A model that reads the texts in a prompt and gives each the label that it was written for."""
    asked = map(json.loads, re.findall(r'^{"number".*}$', request.messages[-1]["content"], flags=re.M))
    return json.dumps({"texts": [{"number": a["number"], "label": label_of(a["text"])} for a in asked]})


def label_of(text: str) -> str:
    return next(label for label, subjects in SUBJECTS.items() if any(subject in text for subject in subjects))
