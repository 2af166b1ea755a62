"""What are raw rows worth that a model labelled, beside generated ones and beside as many requests for one kind?

python benchmarks/annotate.py [--strategy plain] [TASK ...]    about two minutes a task; real rows: SYNTHKIT_REALDATA

Test rows are scored once an arm; nothing here chooses anything. For each task: how many hidden labels the model met,
each arm with its cost and the share of the gap between few and all real rows that it closes, and the contrasts.
"""

from __future__ import annotations

import argparse
import re

import synthkit as sk

TASKS = ("clinc150_domains", "dbpedia14", "banking77", "pros_cons", "movie_review_sentences")
ROWS = 240  # raw ones, and generated ones
COLUMNS = ["trained on", "rows", "real rows", "requests", "tokens", "macro-F1 [95 %]"]


def main(tasks: list[str], strategy: str) -> None:
    for name in tasks:
        task = sk.load_task(name)
        made = sk.generate(task, strategy=strategy, n=ROWS, progress=False)
        picked = sk.pick(task.splits.unlabelled, ROWS)
        annotated = sk.annotate(picked, task, seeds=sk.load_seeds(task), progress=False)
        truth = dict(zip(task.splits.train["id"], task.splits.train["label"], strict=True))
        right = sum(truth[row["id"]] == row["label"] for row in annotated.rows)
        arms = sk.standard_arms(made, annotated=annotated)
        arms = {a: arm for a, arm in arms.items() if not re.match(r"ngram|synthetic_few|description|real_\d", a)}
        found = sk.compare(arms, test=task.splits.test, students=["minilm_lr"], task=task, progress=False)
        print(f"\n{name}, {strategy}: {right} of {len(annotated.rows)} hidden labels met\n{annotated}")
        frame = found.to_frame()[COLUMNS]
        closed = {arm: found.gap_closed(arm) for arm in arms if arm not in ("real_few", "real_full")}
        frame["gap closed"] = [str(closed.get(arm.split(" ")[0]) or "") for arm in frame["trained on"]]
        print(f"{frame.to_string(index=False)}\n\n{found.contrasts().to_frame().to_string(index=False)}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("tasks", nargs="*", default=list(TASKS))
    parser.add_argument("--strategy", default="zero_shot")
    given = parser.parse_args()
    main(given.tasks, given.strategy)
