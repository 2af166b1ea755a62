"""What privacy by noisy votes costs: ε against macro-F1 of a classifier on real test rows, beside rows drawn at random.

Candidates are recorded rows of one strategy; 2,000 real train rows vote; 200 are kept; a linear classifier on MiniLM
vectors learns from those alone. Figures are means of eight draws, with their standard error.

SYNTHKIT_REALDATA=FOLDER python benchmarks/privacy.py
"""

from __future__ import annotations

import math
import os
import tempfile

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

import synthkit as sk

SETS = {"clinc150_domains": "attributed", "pros_cons": "attributed"}
EPSILONS = (0.5, 1, 2, 4, 8, 10_000)
VOTERS, KEPT, TESTED, DRAWS = 2_000, 200, 1_500, 8


def candidates(task, strategy: str):
    """Return the recorded rows of a strategy, of three generations, each text once."""
    from datasets import concatenate_datasets

    made = [
        sk.generate(task, strategy=strategy, n=n, random_state=state, progress=False).rows
        for state, n in ((0, 200), (1, 200), (2, 200))
    ]
    pool = concatenate_datasets(made)
    first = {text: i for i, text in reversed(list(enumerate(pool["text"])))}
    return pool.select(sorted(first.values()))


def score(rows, test, vectors) -> float:
    """Return macro-F1 on the test rows of a classifier that learns from `rows`."""
    student = LogisticRegression(C=10, max_iter=2_000).fit(sk.embed(list(rows["text"])), rows["label"])
    return float(f1_score(test["label"], student.predict(vectors), average="macro"))


def said(values: list[float]) -> str:
    """Return the mean with its standard error."""
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1) / math.sqrt(len(values)):.3f}"


def at_random(pool, rng):
    """Return `KEPT` candidates, as many of each label."""
    given, labels = np.array(pool["label"]), sorted(set(pool["label"]))
    share = {label: KEPT // len(labels) + (i < KEPT % len(labels)) for i, label in enumerate(labels)}
    return pool.select([int(i) for x in labels for i in rng.permutation(np.flatnonzero(given == x))[: share[x]]])


def main() -> None:
    for name, strategy in SETS.items():
        task = sk.load_task(name)
        pool, rng = candidates(task, strategy), np.random.default_rng(0)
        train, test = task.splits.train, task.splits.test
        voters = train.select(rng.permutation(len(train))[:VOTERS].tolist())
        test = test.select(rng.permutation(len(test))[:TESTED].tolist())
        vectors = sk.embed(list(test["text"]))
        print(f"\n== {name}: {len(pool)} {strategy} rows, {len(voters)} voters, {KEPT} kept, {len(test)} test rows")
        print(f"{'at random':<12}{said([score(at_random(pool, rng), test, vectors) for _ in range(DRAWS)])}")
        for epsilon in EPSILONS:
            chosen = [
                sk.private_select(pool, voters, epsilon=epsilon, n=KEPT, random_state=draw)
                for draw in range(DRAWS if epsilon < 1_000 else 1)
            ]
            scores = [score(c.rows, test, vectors) for c in chosen]
            shown = said(scores) if len(scores) > 1 else f"{scores[0]:.3f}"
            print(f"{'no noise' if epsilon > 1_000 else f'ε {epsilon:g}':<12}{shown}   σ {chosen[0].sigma:.2f}")
        print(f"{'whole pool':<12}{score(pool, test, vectors):.3f}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:  # an account of its own
        os.environ["SYNTHKIT_HOME"] = folder
        main()
