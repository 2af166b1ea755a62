"""The linear and the fine-tuned student on five real sets: what each learns from texts and from labelled raw rows.

SYNTHKIT_REALDATA=FOLDER python benchmarks/students.py [TASK ...]    half an hour to an hour of one core a task
python benchmarks/students.py feedback    the fits of lesson 05 and of `run feedback --students finetune`, to ship

Written down beforehand in protocol.md. Both students are the package's own, `students=["minilm_lr", "finetune"]`: every
fit is kept in SYNTHKIT_HOME as it comes, so the same command goes on where it was stopped, and a task whose fits are
all kept takes a minute. students.json holds what was scored; the tables are printed from it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import evidence
import numpy as np

import synthkit as sk
from synthkit.comparison import finetune
from synthkit.comparison.arms import Arm, joined
from synthkit.comparison.experiment import Experiment
from synthkit.core.rows import bare
from synthkit.core.stats import estimate

WHERE = Path(__file__).with_name("students.json")
TASKS = ("pros_cons", "movie_review_sentences", "clinc150_domains", "dbpedia14", "banking77")  # short texts first
DRAWS, FULL, EACH_GO = 3, 2400, 240
MOST_TESTED, LONG = 2000, {"dbpedia14": 1000}  # test rows; predicting long texts takes as long as training on them
LINEAR, TUNED = "minilm_lr", "finetune"
TEXTS, CHOSEN = "real_few+outright", "real_few+outright+720 chosen"
PAIRS = (
    (TEXTS, "real_few"),
    (TEXTS, "real_few+plain"),
    (CHOSEN, TEXTS),
    (CHOSEN, "real_few+outright+720 random"),
    ("real_full", CHOSEN),
)
AIMS = {TEXTS: 0.85, CHOSEN: 0.95}  # of the gap, by the fine-tuned student, mean of the sets


def arms_of(task) -> dict[str, Arm]:
    """Return the arms: ten real rows a label, what is put beside them, and all real rows, FULL at the most."""
    made = {}
    for strategy in ("plain", "outright"):
        plan = sk.plan(task, strategy=strategy, requests=evidence.REQUESTS[task.name], surplus=0)
        made[strategy] = bare(sk.generate(plan, progress=False).rows)
    texts = made["outright"]
    made["outright+720 random"] = joined(texts, evidence.annotated(task, evidence.MORE))
    made["outright+720 chosen"] = joined(texts, sk.refine(task, synthetic=texts, n=EACH_GO, progress=False).rows)
    few, units = evidence.draws_of(task)[:DRAWS], tuple((0, d) for d in range(DRAWS))
    arms = {"real_few": Arm(tuple(few), units)}
    arms |= {f"real_few+{how}": Arm(tuple(joined(some, more) for some in few), units) for how, more in made.items()}
    train = task.splits.train
    full = [train.shuffle(seed=d).select(range(min(FULL, len(train)))) for d in range(DRAWS)]
    return arms | {"real_full": Arm(tuple(full), units)}


def measure(task) -> dict:
    """Return scores of both students by arm, the gap each closes, and paired differences, as plain data."""
    test = task.splits.test.shuffle(seed=0)
    test = test.select(range(min(LONG.get(task.name, MOST_TESTED), len(test))))
    students = [LINEAR, TUNED]
    found = sk.compare(arms_of(task), test=test, students=students, task=task, primary=PAIRS[0])
    arms: dict[str, dict] = {}
    for s in found.scores:
        f1, few, full = (found.get(arm, s.student).macro_f1.value for arm in (s.arm, "real_few", "real_full"))
        line = {"macro-F1": list(np.round(s.macro_f1, 4)), "gap closed": round((f1 - few) / (full - few), 3)}
        interval = found.gap_closed(s.arm, s.student)
        line["gap closed [95 %]"] = str(interval or "the gap itself is within noise")
        arms.setdefault(s.arm, {"rows": s.rows})[s.student] = line | {"settings": list(s.settings)}
    for arm in arms:
        parts = [(1, found.fits[arm, TUNED]), (-1, found.fits[arm, LINEAR]._replace(refits=None, beside=()))]
        arms[arm]["finetune - minilm_lr"] = str(estimate(found.truth, parts).interval())
    pairs = {f"{a} - {b}": {s: str(found.difference(a, b, s)) for s in students} for a, b in PAIRS}
    return {"test_rows": len(test), "labels": len(task.labels), "arms": arms, "differences": pairs}


def tables(saved: dict[str, dict]) -> str:
    """Return macro-F1 and the share of the gap closed by student, arm and set, their means, and the differences."""
    lines = []
    for student in (LINEAR, TUNED):
        lines += ["", f"| {student} | " + " | ".join(saved) + " | mean gap closed |", "|---" * (len(saved) + 2) + "|"]
        for arm in next(iter(saved.values()))["arms"]:
            of = [one["arms"][arm][student] for one in saved.values()]
            cells = [f"{line['macro-F1'][0]:.3f} ({line['gap closed']:.2f})" for line in of]
            mean = float(np.mean([line["gap closed"] for line in of]))
            aim = f", aim {AIMS[arm]}" if student == TUNED and arm in AIMS else ""
            lines.append(f"| {arm} | " + " | ".join(cells) + f" | {mean:.2f}{aim} |")
    for name, one in saved.items():
        lines += ["", name, *(f"  {pair}: {found}" for pair, found in one["differences"].items())]
        lines += [f"  {arm}, finetune - minilm_lr: {line['finetune - minilm_lr']}" for arm, line in one["arms"].items()]
    return "\n".join(lines)


def record() -> None:
    """Write the predictions of what lesson 05 and `synthkit run feedback` compare to the task's recordings."""
    task, kept, asked = sk.load_task("feedback"), finetune.kept, []
    finetune.kept = lambda key: asked.append(key) or kept(key)
    lesson = sk.generate(task, strategy="zero_shot", n=200, progress=False)
    sk.compare(sk.standard_arms(lesson), test=task.splits.test, students=[TUNED], task=task)
    run = Experiment(task.name, students=(TUNED,), annotate=evidence.LABELLED)
    run.comparison(run.generations(task), run.annotation(task))
    fits = {key: kept(key) for key in asked}
    lines = [{"key": key, "parameters": how, "predicted": labels.tolist()} for key, (labels, how) in fits.items()]
    file = task.recordings / "finetuned.jsonl"
    file.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines), encoding="utf-8")


def main() -> None:
    saved = json.loads(WHERE.read_text(encoding="utf-8")) if WHERE.is_file() else {}
    for name in [name for name in TASKS if name in sys.argv[1:]] or TASKS:
        saved[name] = measure(sk.load_task(name))
        WHERE.write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")
        print(f"{name} is scored", flush=True)
    print(tables({name: saved[name] for name in TASKS if name in saved}))


if __name__ == "__main__":
    record() if sys.argv[1:] == ["feedback"] else main()
