"""Which raw texts should a model label: random ones, or in a few goes those that a student is unsure of?

SYNTHKIT_REALDATA=FOLDER python benchmarks/refinement.py [validation|test] [hidden] [TASK ...]    some minutes a task

240 of the 720 rows that were labelled for `evidence.py`, at random or chosen, beside ten real rows a label, without and
with texts by `outright`; all 720, and 720 that a student chose from the whole pool, each with and without the rest of
the pool under pseudo-labels; see protocol.md. With `hidden` as if the model had labelled the whole pool and met every
label: 240 or 720 of thousands. The student is logistic regression at C = 10; intervals cover test rows and five draws
of the real rows.
"""

import sys

import evidence
import numpy as np

import synthkit as sk
from synthkit.comparison.arms import joined
from synthkit.comparison.pseudo_labels import pseudo_labelled
from synthkit.core.classifier import LabelClassifier
from synthkit.core.embedding import embed
from synthkit.core.rows import bare
from synthkit.core.stats import Fits, estimate

WAYS = {"random": ("random", 1), "unsure in 3 goes": ("unsure", 3)}
EACH_GO = 240  # of the 720 rows that are chosen from the whole pool
DRAWN = tuple((0, draw) for draw in range(evidence.DRAWS))
TRIED = {"unsure at once": ("unsure", 1), "uncovered in 3 goes": ("uncovered", 3)}  # on validation rows alone


def chosen(pool, student, by, size, goes, state):
    """Return the student's rows and `size` of a labelled pool, chosen in so many goes, which it learns in between."""
    for _ in range(goes):
        student = joined(student, sk.pick(pool, size // goes, by=by, student=student, random_state=state))
    return student


def arms_of(task, ways, hidden):
    """Yield (name, a set a draw, the arm it is held against) of each arm."""
    made = sk.plan(task, strategy="outright", requests=evidence.REQUESTS[task.name], surplus=0)
    texts = bare(sk.generate(made, progress=False).rows)
    pool = bare(task.splits.train if hidden else evidence.annotated(task, evidence.MORE))
    refined = None if hidden else bare(sk.refine(task, synthetic=texts, n=EACH_GO, progress=False).rows)
    few = [bare(rows) for rows in evidence.draws_of(task)]
    for beside, known in (("", few), ("texts + ", [joined(rows, texts) for rows in few])):
        yield f"{beside}real_few", known, None
        for size in (evidence.LABELLED, evidence.MORE)[: 1 + hidden]:
            for name, (by, goes) in ways.items():
                sets = [chosen(pool, rows, by, size, goes, d) for d, rows in enumerate(known)]
                yield f"{beside}{size} {name}", sets, f"{beside}{size} random"
        if not hidden:
            for name, labelled, against in (("720 random", pool, None), ("720 unsure", refined, f"{beside}720 random")):
                whole = [joined(rows, labelled) for rows in known]
                yield f"{beside}{name}", whole, against
                more = [pseudo_labelled(rows, task.splits.unlabelled, random_state=d) for d, rows in enumerate(whole)]
                yield f"{beside}{name} + pseudo-labels", more, f"{beside}{name}"
    yield "real_full", [task.splits.train] * len(few), None


def main(names, part, hidden):
    closed = []
    for name in names:
        task = sk.load_task(name)
        real, fits = getattr(task.splits, part), {}
        labels = sorted(task.labels)
        truth, tested = np.searchsorted(labels, real["label"]), embed(real["text"])
        f1, shares = {}, {}
        print(f"\n== {name}, {len(real):,} {part} rows", flush=True)
        for arm, sets, against in arms_of(task, WAYS if part == "test" else WAYS | TRIED, hidden):
            once = sets[:1] if arm == "real_full" else sets
            predicted = [LabelClassifier(embed(s["text"]), s["label"]).predict(tested) for s in once]
            fits[arm] = Fits(np.searchsorted(labels, np.stack(predicted * (len(sets) // len(once)))), DRAWN)
            f1[arm] = estimate(truth, [(1, fits[arm])]).interval().value
            ahead = against not in (None, arm) and estimate(truth, [(1, fits[arm]), (-1, fits[against])]).interval()
            print(f"{arm:<36}{f1[arm]:.3f}  {ahead or ''}", flush=True)
        shares = {arm: (f1[arm] - f1["real_few"]) / (f1["real_full"] - f1["real_few"]) for arm in f1}
        closed.append(shares)
        print("gap closed:", {arm: round(share, 2) for arm, share in shares.items()}, flush=True)
    print("\nmean gap closed:", {arm: round(float(np.mean([c[arm] for c in closed])), 2) for arm in closed[0]})


if __name__ == "__main__":
    given = sys.argv[1:]
    tasks = [a for a in given if a in evidence.STATES] or list(evidence.STATES)
    main(tasks, "test" if "test" in given else "validation", "hidden" in given)
