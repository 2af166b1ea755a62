"""A cat café: an invented task of three labels, eight train and four test rows each."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

# A cat café: three labels, eight train and four test rows each.
TRAIN = {
    "animals": [
        "the ginger tom slept on my coat for an hour",
        "Is the one-eyed kitten still looking for a home?",
        "two of the cats were fighting behind the counter",
        "lovely calm animals, you can tell they are cared for",
        "my daughter was scratched by the grey one",
        "Which breed is the huge fluffy cat by the window?",
        "please wash their blankets, it smells near the basket",
        "I came for Biscuit and he ignored me all afternoon",
    ],
    "menu": [
        "the carrot cake was dry but the tea made up for it",
        "do you have anything without gluten?",
        "four fifty for a small hot chocolate is steep",
        "best cinnamon bun in town, still warm",
        "My toast arrived burnt on one side.",
        "more savoury things please, not only cake",
        "oat milk should not cost extra",
        "the soup of the day was lentil and very good",
    ],
    "visits": [
        "can we book a table for six on Sunday morning?",
        "we waited outside in the rain although we had a slot",
        "Is an hour the longest one can stay?",
        "closed on Mondays, which the door does not say",
        "too crowded at weekends, nobody finds a chair",
        "the stairs make it impossible with a pram",
        "Parking nearby is easy after five",
        "turned away because our booking was under another name",
    ],
}


TEST = {
    "animals": [
        "the black cat jumped straight onto my lap",
        "Are the kittens allowed to be fed by guests?",
        "one of the animals looked ill and sneezed a lot",
        "a shy tabby hid under the sofa the whole time",
    ],
    "menu": [
        "the scones were fresh and the jam home made",
        "coffee was cold when it reached us",
        "is there a vegan lunch?",
        "prices of the cakes went up again",
    ],
    "visits": [
        "we could not find the entrance from the square",
        "how early must a party of ten reserve?",
        "open until eight in summer, perfect for us",
        "our time was cut short by twenty minutes",
    ],
}


TASK_YAML = """
name: cat_cafe
title: Guests of a cat café
domain: Short remarks that guests of a cat café leave in its guest book.
text_kind: guest book remark
length: {max_words: 40}
labels:
  animals: the cats themselves
  menu: what there is to eat and drink, and what it costs
  visits: booking, opening hours, access, how long one may stay
attributes:
  about:
    animals: [a cat that ignores everyone, a kitten, a scratch]
    menu: [cake, a drink, the price]
    visits: [a booking, the stairs, the queue]
  form: [a question, a few words, one grumpy sentence, a polite note]
source: {train: train.csv, test: test.csv}
"""


def write_csv(path: Path, rows: list[list[str]], header=("id", "text", "label")) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


LABEL_OF = {text: label for rows in (TRAIN, TEST) for label, texts in rows.items() for text in texts}


def annotator(request) -> str:
    """A model that reads the texts in a prompt and gives each its true label."""
    asked = map(json.loads, re.findall(r'^{"number".*}$', request.messages[-1]["content"], flags=re.M))
    return json.dumps({"texts": [{"number": a["number"], "label": LABEL_OF[a["text"]]} for a in asked]})


def write_task(folder: Path, *, yaml: str = TASK_YAML) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.yaml").write_text(yaml, encoding="utf-8")
    for part, texts in {"train": TRAIN, "test": TEST}.items():
        rows = [[f"{part}-{label}-{i}", t, label] for label, some in texts.items() for i, t in enumerate(some)]
        write_csv(folder / f"{part}.csv", rows)
    return folder
