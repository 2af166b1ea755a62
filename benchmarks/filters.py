"""How many real rows would the filters with vectors drop? Twins by meaning, and labels that are not believed.

SYNTHKIT_REALDATA=FOLDER python benchmarks/filters.py        (about a minute; validation and train rows, no test row)
"""

import numpy as np
import pandas as pd

import synthkit as sk
from synthkit.core import classifier as labelcheck
from synthkit.core.text import words
from synthkit.generation.filter import apply
from synthkit.generation.filters import ExactDuplicate, NearDuplicate
from synthkit.generation.vector_filters import SameMeaning, twin_threshold

ROWS, DRAWS, SAMPLE = 200, 20, 600
LENGTHS = [(1, 5), (6, 10), (11, 20), (21, 999)]


def distinct_rows(rows: list[dict]) -> list[dict]:
    """Return the rows that are no exact or near duplicate of an earlier one."""
    filters = [ExactDuplicate(), NearDuplicate()]
    return [r for r in rows if not apply(r, filters)]


def dropped_in_draws(task) -> dict:
    """Return the share of rows that are dropped as another's twin in draws of 200 train rows, by number of words."""
    train, seen, lost = list(task.splits.train), [], []
    for i in range(DRAWS):
        order = np.random.default_rng(i).permutation(len(train))[:ROWS]
        rows = distinct_rows([train[int(j)] for j in order])
        same = SameMeaning()
        same.prepare(rows)
        seen += rows
        lost += [r for r in rows if apply(r, [same])]
    shares = {"task": task.name, "all": len(lost) / len(seen)}
    for low, high in LENGTHS:
        count = [sum(low <= len(words(r["text"])) <= high for r in some) for some in (lost, seen)]
        shares[f"{low}-{high} words"] = count[0] / count[1] if count[1] >= 100 else float("nan")
    return shares


def twins_in_train(task) -> float:
    """Return the share of all train rows that have a twin among all the others."""
    rows = distinct_rows(list(task.splits.train))
    vectors = sk.embed([r["text"] for r in rows])
    lengths = np.array([len(words(r["text"])) for r in rows])
    lowest = np.array([twin_threshold(n) for n in range(lengths.max() + 1)])
    found = 0
    for start in range(0, len(rows), 1000):
        cosines = vectors[start : start + 1000] @ vectors.T
        shorter = np.minimum(lengths[start : start + 1000, None], lengths[None])
        cosines[np.arange(len(cosines)), start + np.arange(len(cosines))] = -1
        found += int((cosines >= lowest[shorter]).any(axis=1).sum())
    return found / len(rows)


def label_check(task, state: int, shrunk: int) -> dict:
    """Return how many validation rows the label check drops under their own label, another one, the likeliest other."""
    labelcheck.SHRUNK = shrunk
    model = labelcheck.fit_labels(sk.load_seeds(task, random_state=state).rows)
    validation = task.splits.validation
    order = np.random.default_rng(0).permutation(len(validation))[:SAMPLE]
    texts, labels = ([validation[c][int(i)] for i in order] for c in ("text", "label"))
    rng, names = np.random.default_rng(1), np.array(model.labels)
    y = np.searchsorted(names, labels)
    p = model.probabilities(texts)
    p[np.arange(len(y)), y] = -1
    given = {"own": y, "random other": (y + rng.integers(1, len(names), len(y))) % len(names), "likeliest": p.argmax(1)}
    out = {"task": task.name, "draw": state, "shrunk": shrunk, "its accuracy": model.accuracy}
    for what, which in given.items():
        asked = names[which].tolist()
        least = np.array([model.thresholds[n] for n in asked])
        out[f"dropped, {what}"] = float((model.pvi(texts, asked) < least).mean())
    return out


if __name__ == "__main__":
    tasks = [sk.load_task(name) for name in ("clinc150_domains", "banking77", "feedback")]
    print(f"real rows dropped as twins by meaning, {DRAWS} draws of {ROWS}:")
    print(pd.DataFrame([dropped_in_draws(t) for t in tasks]).round(4).to_string(index=False), "\n")
    for t in tasks:
        print(f"{t.name}: {twins_in_train(t):.3f} of {len(t.splits.train):,} train rows have a twin among the others")
    print("\nlabel check, fitted on 10 seeds a label: share of real validation rows that it drops")
    print("(thresholds of the label's own seeds, and shrunk to that of all seeds as the filter does)")
    ways = (0, labelcheck.SHRUNK)
    rows = [label_check(t, i, shrunk) for t in tasks for shrunk in ways for i in range(3)]
    print(pd.DataFrame(rows).round(3).to_string(index=False))
