"""The loop against one shot of as many requests, by iteration: validation, rows it never saw, and test once at the end.

SYNTHKIT_REALDATA=FOLDER python benchmarks/refinement.py [feedback] [clinc150_domains]
"""

import sys

import numpy as np
import pandas as pd

import synthkit as sk
from synthkit.core.duplicates import NearIndex
from synthkit.core.rows import bare, sample
from synthkit.refinement.diagnosis import Reference
from synthkit.refinement.proposals import LEVERS

ITERATIONS, DRAWS = 3, 5
TASKS = {"feedback": (None, [0]), "clinc150_domains": (500, [0, 1, 2])}  # validation rows used (None: all), loops
UNSEEN = 1000  # train rows that coverage is counted on


def loops(task, validation, states):
    """Return the loops (all iterations, whatever the stop rule says), and what else is recorded for all states."""
    settings = {"patience": None, "progress": False}
    looped = [sk.refine(task, None, validation, iterations=ITERATIONS, random_state=i, **settings) for i in states]
    others = {}
    for lever in LEVERS:
        rest = {"levers": [name for name in LEVERS if name != lever], "baseline": False, **settings}
        try:
            off = [sk.refine(task, None, validation, iterations=ITERATIONS, random_state=i, **rest) for i in states]
            others[f"loop without {lever}"] = off
        except sk.SynthkitError:
            pass  # not recorded
    return looped, others


def by_iteration(looped, unseen):
    """Return validation macro-F1 and coverage of rows that the loop never saw, means over the loops."""
    out = []
    for n, shots in enumerate(zip(*[r.one_shot for r in looped], strict=True)):
        turns = [r.iterations[n] for r in looped]
        row = {"requests": turns[0].requests}
        for name, side in (("loop", turns), ("one shot", shots)):
            row[f"{name}: rows"] = np.mean([len(x.rows) for x in side])
            row[f"{name}: validation F1"] = np.mean([x.macro_f1.value for x in side])
            row[f"{name}: coverage, unseen"] = np.mean([unseen.near(x.rows)[0].mean() for x in side])
        row["stops here"] = sum(bool(t.gain) and _would_stop(r, n) for r, t in zip(looped, turns, strict=True))
        out.append(row)
    return pd.DataFrame(out)


def _would_stop(result, n):
    gains = [i.gain for i in result.iterations[1 : n + 1]][-2:]
    return len(gains) == 2 and all(g.low <= 0 for g in gains)


def test_arms(task, looped, others):
    """Return every arm that is scored on the test rows: each side alone and with few real rows, at every iteration."""
    from datasets import concatenate_datasets

    few = [sk.load_seeds(task, random_state=i).rows for i in range(DRAWS)]

    def with_few(sets):
        return [concatenate_datasets([bare(rows), bare(sets[i % len(sets)])]) for i, rows in enumerate(few)]

    sides = {}
    for n, shot in enumerate(looped[0].one_shot):
        sides[f"one shot, {shot.requests}"] = [r.one_shot[n].rows for r in looped]
        sides[f"loop, {shot.requests}"] = [r.iterations[n].rows for r in looped]
    end = looped[0].iterations[-1].requests
    sides.update({f"{name}, {end}": [r.rows for r in results] for name, results in others.items()})
    sides[f"one shot and the loop's words, {end}"] = [
        concatenate_datasets([bare(r.one_shot[-1].rows), r.words]) for r in looped
    ]
    used = bare(looped[0].validation)
    last = {name: sides[name] for name in (f"one shot, {end}", f"loop, {end}")}
    return {
        "real_few": few,
        **sides,
        **{f"real_few + {name}": with_few(sets) for name, sets in sides.items()},
        "validation": [used],
        **{f"validation + {n}": [concatenate_datasets([used, bare(x)]) for x in sets] for n, sets in last.items()},
    }


def repeats(task, looped):
    """Return how many rows (nearly) are a real row of each split: the loop's own ones, one shot's, and train's."""
    splits = {name: getattr(task.splits, name) for name in ("train", "validation", "test")}
    added = [row["text"] for r in looped for row in r.rows if row["iteration"] > 0]
    sides = {"loop, added": added, "one shot": [t for r in looped for t in r.one_shot[-1].rows["text"]]}
    out = []
    for name, rows in splits.items():
        index = NearIndex()
        index.extend(rows["text"], rows["id"])
        shares = {side: np.mean([index.nearest(t) is not None for t in texts]) for side, texts in sides.items()}
        out.append({"split": name, "rows": len(rows), **shares})
    return pd.DataFrame(out)


def main(names):
    for name in names:
        task = sk.load_task(name)
        size, states = TASKS[name]
        validation = sample(task.splits.validation, size or len(task.splits.validation))
        looped, others = loops(task, validation, states)
        print(f"\n== {name}: {len(states)} loops of {ITERATIONS} iterations, {len(validation)} validation rows\n")
        for result in looped:
            print(result.reading())
        unseen = Reference(sample(task.splits.train, min(UNSEEN, len(task.splits.train))))
        print("\n", by_iteration(looped, unseen).round(3).to_string(index=False), "\n")
        print(repeats(task, looped).round(3).to_string(index=False), "\n")
        scored = sk.compare(
            test_arms(task, looped, others),
            test=task.splits.test,
            students=["minilm_lr"],
            task=task,
            progress=False,
        )
        print(scored.summary())
        print(scored.to_frame().to_string(index=False), "\n")
        ends = [r.requests for r in looped[0].one_shot]
        for n in ends[1:]:
            for few in ("", "real_few + "):
                print(
                    f"{few}loop - one shot, {n} requests: {scored.difference(f'{few}loop, {n}', f'{few}one shot, {n}')}"
                )
        words = f"one shot and the loop's words, {ends[-1]}"
        print(f"loop - {words}: {scored.difference(f'loop, {ends[-1]}', words)}")
        for other in others:
            print(f"loop - {other}: {scored.difference(f'loop, {ends[-1]}', f'{other}, {ends[-1]}')}")
        for other in ("validation", f"validation + one shot, {ends[-1]}"):
            print(f"validation + loop - {other}: {scored.difference(f'validation + loop, {ends[-1]}', other)}")


if __name__ == "__main__":
    main(sys.argv[1:] or list(TASKS))
