"""What the anonymizer finds and misses, what the checks find, and how long 10,000 texts take. Figures only.

SYNTHKIT_REALDATA=FOLDER python benchmarks/seeds.py
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter

import numpy as np

import synthkit as sk
from synthkit.core.rows import make_rows
from synthkit.seeds.name_lexicon import first_names
from synthkit.tasks.task import bundled_tasks

REAL = ["banking77", "clinc150_domains", "movie_review_sentences", "pros_cons", "dbpedia14"]
# names are found by cues; the cues were written with one half of the texts in view, batches 01, 03, 05 ...
SEEN = "batches that the cues were written on"


def measured(rows, there, patterns, *, only=None) -> None:
    """Print recall and precision by type; `there` are the true spans."""
    found = [f for f in sk.anonymize(rows, patterns=patterns, progress=False).findings if only is None or only(f.id)]
    there = [t for t in there if only is None or only(t["id"])]

    def meets(t, f):
        return t["id"] == f.id and f.start < t["end"] and t["start"] < f.end

    print(f"{'type':<15} there found exact recall | reported false")
    for kind in sorted({t["type"] for t in there} | {f.type for f in found}):
        mine = [t for t in there if t["type"] == kind]
        said = [f for f in found if f.type == kind]
        hit = [t for t in mine if any(meets(t, f) for f in found)]
        exact = [t for t in mine if any((t["id"], t["start"], t["end"]) == (f.id, f.start, f.end) for f in found)]
        false = [f for f in said if not any(meets(t, f) for t in there)]
        recall = f"{len(hit) / len(mine):.2f}" if mine else "-"
        print(f"{kind:<15} {len(mine):>5} {len(hit):>5} {len(exact):>5} {recall:>6} | {len(said):>8} {len(false):>5}")
        for t in mine:
            if t not in hit:
                print(f"    missed: {t['id']} [{t['start']}, {t['end']})")


def renamed(rows, there, random_state: int = 0):
    """Return the texts with every true name replaced by one of the lexicon, and where those stand."""
    rng = np.random.default_rng(random_state)
    lexicon = sorted(first_names())
    texts, spans = dict(zip(rows["id"], rows["text"], strict=True)), []
    for row_id in {t["id"] for t in there}:
        shift = 0
        for t in sorted((t for t in there if t["id"] == row_id), key=lambda t: t["start"]):
            start, end = t["start"] + shift, t["end"] + shift
            if t["type"] == "PERSON":
                old = texts[row_id][start:end].split()
                new = " ".join(lexicon[rng.integers(len(lexicon))].capitalize() for _ in old)
                texts[row_id] = texts[row_id][:start] + new + texts[row_id][end:]
                shift, end = shift + len(new) - (end - start), start + len(new)
            spans.append({**t, "start": start, "end": end})
    columns = {"id": list(rows["id"]), "text": [texts[i] for i in rows["id"]], "label": list(rows["label"])}
    return make_rows(columns), spans


def main() -> None:
    task = sk.load_task("feedback")
    rows = task.splits.train
    lines = (bundled_tasks()["feedback"] / "personal_data.jsonl").read_text(encoding="utf-8").splitlines()
    there = list(map(json.loads, lines))
    for title, only in [
        ("all", None),
        (SEEN, lambda i: int(i.split("-")[1]) % 2 == 1),
        ("the other half", lambda i: int(i.split("-")[1]) % 2 == 0),
    ]:
        print(f"\n== feedback, {title}: names out of the lexicon")
        measured(rows, there, task.patterns, only=only)
    print("\n== feedback, every name replaced by one of the lexicon")
    measured(*renamed(rows, there), task.patterns)
    if not os.environ.get("SYNTHKIT_REALDATA"):
        print("\nSYNTHKIT_REALDATA is not set: no real sets")
        return
    print("\n== finds in a thousand test rows of the real sets (all but dbpedia14 should hold hardly any)")
    for name in REAL:
        some = sk.load_task(name).splits.test
        found = Counter(f.type for f in sk.anonymize(some, progress=False).findings)
        print(f"{name:<24}", {kind: round(1000 * n / len(some), 1) for kind, n in sorted(found.items())})
    print("\n== checks of train, validation and test")
    for name in REAL:
        task = sk.load_task(name)
        start = time.perf_counter()
        done = sk.check(task, progress=False)
        took = time.perf_counter() - start
        print(f"{name}: {done.size:,} rows, {took:.0f} s ({took * 10_000 / done.size:.0f} s for 10,000)")
        for c in done.checks:
            if c.rows or c.note:
                print(f"    {c.name}: {len(c.rows):,} ({len(c.rows) / done.size:.2%}) {c.note}")
        print("    confused:", ", ".join(f"{a} / {b} {n}" for a, b, n in done.confused[:3]))
    print("\n== 5 % of the labels of clinc150_domains' train flipped at random: are they found?")
    rows = sk.load_task("clinc150_domains").splits.train
    rng = np.random.default_rng(0)
    names = sorted(set(rows["label"]))
    labels, flipped = list(rows["label"]), set()
    for i in rng.permutation(len(rows))[: len(rows) // 20]:
        labels[i] = [n for n in names if n != labels[i]][rng.integers(len(names) - 1)]
        flipped.add(rows["id"][int(i)])
    noisy = make_rows({"id": list(rows["id"]), "text": list(rows["text"]), "label": labels})
    said = set(sk.check(noisy, progress=False).get("probable label errors")["id"])
    print(f"{len(flipped)} flipped, {len(said)} reported, {len(said & flipped)} of them flipped:", end=" ")
    print(f"precision {len(said & flipped) / len(said):.2f}, recall {len(said & flipped) / len(flipped):.2f}")
    texts = make_rows({"text": list(rows["text"])[:10_000], "label": list(rows["label"])[:10_000]})
    start = time.perf_counter()
    sk.anonymize(texts, progress=False)
    print(f"\n== 10,000 short texts anonymised in {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
