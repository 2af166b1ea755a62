"""How many real rows would the filter with vectors drop as twins by meaning?

SYNTHKIT_REALDATA=FOLDER python benchmarks/filters.py        (about a minute; train rows, no test row)
"""

import numpy as np
import pandas as pd

import synthkit as sk
from synthkit.core.text import words
from synthkit.generation.filter import apply
from synthkit.generation.filters import ExactDuplicate, NearDuplicate
from synthkit.generation.vector_filters import SameMeaning, twin_threshold

ROWS, DRAWS = 200, 20
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


if __name__ == "__main__":
    tasks = [sk.load_task(name) for name in ("clinc150_domains", "banking77", "feedback")]
    print(f"real rows dropped as twins by meaning, {DRAWS} draws of {ROWS}:")
    print(pd.DataFrame([dropped_in_draws(t) for t in tasks]).round(4).to_string(index=False), "\n")
    for t in tasks:
        print(f"{t.name}: {twins_in_train(t):.3f} of {len(t.splits.train):,} train rows have a twin among the others")
