"""How many planted copies of test rows does `compare` refuse, and how many honest rows?

SYNTHKIT_REALDATA=FOLDER python benchmarks/leakage.py        (about a minute)

Of each way of editing 300 test rows are planted among 3,000 train rows, then 30 among 300; the last column asks of each
copy alone. Below them: what is refused of the train rows themselves, by kind; read them with `--show`.
"""

import re
import sys
from collections import Counter

import numpy as np
import pandas as pd

import synthkit as sk
from synthkit.comparison.leakage import Guard
from synthkit.core.copies import KINDS
from synthkit.core.rows import make_rows
from synthkit.core.text import words

SETS = ("clinc150_domains", "banking77", "movie_review_sentences")
HONEST, PLANTED = 3000, 300
PREFIXES = ("please tell me ", "so here goes: ", "hello there, ", "in my opinion ")
SENTENCES = (
    "I would be glad about a quick answer today.",
    "That is all I wanted to say about it.",
    "We talked about this last week at home.",
)


def typo(tokens, rng):
    i = rng.choice([i for i, w in enumerate(tokens) if len(w) > 2] or [0])
    word, at, letter = tokens[i], rng.integers(len(tokens[i])), "abcdefghijklmnopqrstuvwxyz"[rng.integers(26)]
    edits = (word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :])
    return [*tokens[:i], edits[rng.integers(3)], *tokens[i + 1 :]]


def other_word(tokens, rng, vocabulary):
    i = rng.integers(len(tokens))
    return [*tokens[:i], vocabulary[rng.integers(len(vocabulary))], *tokens[i + 1 :]]


def swapped(tokens, rng):
    i = rng.integers(max(1, len(tokens) - 1))
    return [*tokens[:i], *tokens[i : i + 2][::-1], *tokens[i + 2 :]]


def edits(vocabulary) -> dict:
    """Return ways of editing a text, by name: functions of the text and a generator."""

    def of_words(edit):
        return lambda text, rng: " ".join(edit(text.split(), rng))

    return {
        "1 typo": of_words(typo),
        "2 typos": of_words(lambda tokens, rng: typo(typo(tokens, rng), rng)),
        "1 word replaced": of_words(lambda tokens, rng: other_word(tokens, rng, vocabulary)),
        "neighbours swapped": of_words(swapped),
        "prefix added": lambda text, rng: PREFIXES[rng.integers(len(PREFIXES))] + text,
        "a sentence behind": lambda text, rng: f"{text} {SENTENCES[rng.integers(len(SENTENCES))]}",
        "capitals": lambda text, rng: text.upper(),
        "punctuation": lambda text, rng: re.sub(r"(\w) ", r"\1, ", text) + "!!",
        "zero-width": lambda text, rng: "\u200b".join(text),
        "look-alike letters": lambda text, rng: text.translate(str.maketrans("aeopcx", "аеорсх")),
    }


def rows(texts):
    return make_rows({"id": [f"r{i}" for i in range(len(texts))], "text": texts, "label": ["a"] * len(texts)})


def caught(guard, honest, copies) -> float:
    refused = guard.clean("arm", rows([*honest, *copies]), ["a"])[1]
    return sum(int(r.id[1:]) >= len(honest) for r in refused) / len(copies)


def measure(name: str) -> tuple[list[dict], str]:
    task, rng = sk.load_task(name), np.random.default_rng(0)
    train, test = list(task.splits.train["text"]), list(task.splits.test["text"])
    honest = [train[i] for i in rng.permutation(len(train))[:HONEST]]
    vocabulary = sorted({w for text in honest for w in words(text)})
    guard, table = Guard(rows(test)), []
    for kind, edit in edits(vocabulary).items():
        copies = [edit(test[i], rng) for i in rng.permutation(len(test))[:PLANTED]]
        few = [caught(guard, honest[30 * i : 30 * i + 300], copies[30 * i : 30 * i + 30]) for i in range(10)]
        alone = np.mean([guard.twin(text) is not None for text in copies])
        many = caught(guard, honest, copies)
        table.append({"set": name, "planted": kind, "300 in 3,300": many, "30 in 330": np.mean(few), "alone": alone})
    refused = guard.clean("honest", rows(honest), ["a"])[1]
    sizes = {}
    for n in (100, 1000):
        arms = [[train[i] for i in rng.permutation(len(train))[:n]] for _ in range(20)]
        found = [sum(r.how in KINDS for r in guard.clean("honest", rows(arm), ["a"])[1]) for arm in arms]
        sizes[f"arms of {n:,}"] = round(float(np.mean(found)) / n * HONEST, 1)
    said = f"{name}: {len(refused)} of {HONEST:,} train rows refused {dict(Counter(r.how for r in refused))}; "
    said += f"by the kinds that honest rows show, of {HONEST:,}: {sizes}"
    if "--show" in sys.argv[1:]:
        said += "".join(f"\n    {r.how}: {honest[int(r.id[1:])]} | {test[int(r.twin[1:])]}" for r in refused)
    return table, said


if __name__ == "__main__":
    found = [measure(name) for name in SETS]
    frame = pd.DataFrame([row for table, _ in found for row in table]).round(3)
    print(frame.pivot(index="planted", columns="set").reindex(list(edits([]))).to_string(), "\n")
    print("\n".join(said for _, said in found))
