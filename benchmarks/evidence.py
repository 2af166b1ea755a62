"""The evidence table: what synthetic rows are worth on five real sets, each arm beside what needs no language model.

SYNTHKIT_REALDATA=FOLDER python benchmarks/evidence.py            measures what evidence.json lacks, prints the tables
SYNTHKIT_REALDATA=FOLDER python benchmarks/evidence.py --check    measures all anew: same, within 0.002, different
Names of tasks behind it restrict either to those.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import synthkit as sk
from synthkit.comparison.arms import Arm, description_rows, joined, more_real
from synthkit.comparison.comparison import Comparison
from synthkit.comparison.experiment import DIFFERENT, rests_on, same_lines, score_lines, versions
from synthkit.core.embedding import embed
from synthkit.core.rows import bare
from synthkit.generation.baselines import augment, baseline_rows
from synthkit.generation.generate import Generation

WHERE = Path(__file__).with_name("evidence.json")
PROTOCOL = 2  # a number to raise when the arms or their scoring change: older figures are then measured anew
K, DRAWS, N, EACH = 10, 5, 200, 4
OTHER_K = (5, 50)  # real rows a label at which the gain is measured too
STUDENT = "minilm_lr"
STATES = {
    "clinc150_domains": (0, 1, 2),
    "pros_cons": (0, 1, 2),
    "movie_review_sentences": (0,),
    "banking77": (0,),
    "dbpedia14": (0,),
}
PRIMARY = ("real_few+chosen", "real_few")
PAIRS = [
    ("zero_shot", "real_few"),
    ("attributed", "real_few"),
    ("chosen", "real_few"),
    ("chosen", "eda"),
    ("chosen", "label names"),
    ("zero_shot", "description"),
    ("attributed", "description, attributes"),
    ("real_few+chosen", "real_few+description"),
    ("real_few+chosen", "real_few+description, attributes"),
    ("real_full", "real_few+chosen"),
    *((f"{k} real+chosen", f"{k} real") for k in OTHER_K),
]
ROWS = {
    "majority": "the commonest label",
    "label names": "nearest label name, nothing trained",
    "real_few": "10 real a label",
    "eda": "EDA of those",
    "real_few+eda": "10 real + EDA of those",
    "ngram": "n-gram model of those",
    "description": "the prompt's words: descriptions",
    "description, attributes": "the prompt's words: with attributes",
    "zero_shot": "synthetic, `zero_shot`",
    "attributed": "synthetic, `attributed`",
    "chosen": "**synthetic, mix chosen on validation**",
    "real_few+description": "10 real + descriptions",
    "real_few+description, attributes": "10 real + with attributes",
    "real_few+chosen": "**10 real + chosen**",
    "5 real": "5 real a label",
    "5 real+chosen": "5 real a label + chosen",
    "50 real": "50 real a label",
    "50 real+chosen": "50 real a label + chosen",
    "real_full": "all real",
}


class Commonest:
    """Says the commonest label of its training rows; of equals the first by name."""

    def fit(self, texts, labels):
        names, counts = np.unique(labels, return_counts=True)
        self.label = names[counts.argmax()]
        return self

    def predict(self, texts):
        return np.repeat(self.label, len(texts))


class NearestName:
    """Says the label whose name is nearest in sentence vectors: nothing is trained, whatever rows it is given."""

    def __init__(self, names):
        self.names = np.asarray(names)
        self.vectors = embed([name.replace("_", " ") for name in names])

    def fit(self, texts, labels):
        return self

    def predict(self, texts):
        return self.names[(embed(texts) @ self.vectors.T).argmax(axis=1)]


def generations(task, strategy: str) -> list[Generation]:
    """Return the recorded generations of a task by one strategy."""
    many = len(task.labels) * 5 > N  # a request asks for one label, so 77 labels need more than 200 texts
    size = {"per_label": dict.fromkeys(task.labels, EACH)} if many else {"n": N}
    plans = [sk.plan(task, strategy=strategy, random_state=s, surplus=0.3, **size) for s in STATES[task.name]]
    return [sk.generate(p, progress=False) for p in plans]


def mixed(zero: list[Generation], attributed: list[Generation]) -> dict[str, list]:
    """Return the candidates: either strategy, half of each (labels in proportion), all of both; a set a generation."""
    half = [joined(_half(a.rows, 0), _half(b.rows, 1)) for a, b in zip(zero, attributed, strict=True)]
    both = [joined(a.rows, b.rows) for a, b in zip(zero, attributed, strict=True)]
    single = {"zero_shot": zero, "attributed": attributed}
    return {**{name: [bare(g.rows) for g in made] for name, made in single.items()}, "half of each": half, "both": both}


def _half(rows, which: int):
    seen, taken = {}, []
    for i, label in enumerate(rows["label"]):
        seen[label] = seen.get(label, which) + 1
        if seen[label] % 2:
            taken.append(i)
    return rows.select(taken)


def choose(task, few, candidates) -> tuple[str, list[dict], Arm, Arm]:
    """Return the mix with the best macro-F1 together with the few real rows on validation, and its two arms."""
    arms, real = {}, K * len(task.labels)
    for name, sets in candidates.items():
        pairs = crossed(len(sets), len(few))
        whole = tuple(joined(few[d].rows, sets[g]) for g, d in pairs)
        arms[name] = Arm(whole, tuple(pairs), real)
    scored = sk.compare(arms, test=task.splits.validation, students=[STUDENT])
    tried = [{"mix": name, "macro_f1": scored.get(name).macro_f1._asdict()} for name in arms]
    mix = max(tried, key=lambda t: t["macro_f1"]["value"])["mix"]
    sets = candidates[mix]
    return mix, tried, Arm(tuple(sets), tuple((g, 0) for g in range(len(sets))), 0), arms[mix]


def crossed(generations: int, draws: int) -> list[tuple[int, int]]:
    return [(g, d) for g in range(generations) for d in range(draws)]


def measure(task, made: dict[str, list[Generation]]) -> dict:
    """Return everything the table needs of one task, as plain data."""
    few = [sk.load_seeds(task, k=K, random_state=i) for i in range(DRAWS)]
    mix, tried, alone, with_few = choose(task, few, mixed(made["zero_shot"], made["attributed"]))
    say(f"    on validation: {mix}")
    real, every = K * len(task.labels), tuple((0, d) for d in range(DRAWS))
    n = len(made["zero_shot"][0].rows)
    ngram = [baseline_rows(task, s, n=n, random_state=i) for i, s in enumerate(few)]
    eda = [augment(s, n=n, random_state=i) for i, s in enumerate(few)]
    words = {
        "description": description_rows(task),
        "description, attributes": description_rows(task, attributes=True),
    }
    arms = {
        "real_few": Arm(tuple(s.rows for s in few), every, real),
        "eda": Arm(tuple(eda), every, real),
        "real_few+eda": Arm(tuple(joined(s.rows, a) for s, a in zip(few, eda, strict=True)), every, real),
        "ngram": Arm(tuple(ngram), every, real),
        **{name: Arm((rows,), ((0, 0),), 0, sampled=False) for name, rows in words.items()},
        **{name: Arm(tuple(g.rows for g in gs), tuple((g, 0) for g in range(len(gs))), 0) for name, gs in made.items()},
        "chosen": alone,
        **{
            f"real_few+{name}": Arm(tuple(joined(s.rows, r) for s in few), every, real, sampled=False)
            for name, r in words.items()
        },
        "real_few+chosen": with_few,
        "real_full": Arm((task.splits.train,), ((0, 0),), len(task.splits.train)),
    }
    arms |= other_k(task, alone)
    arms |= {f"real_{n}": Arm(sets, every, n * len(task.labels)) for n, sets in more_real(task, K, DRAWS)}
    scored = sk.compare(arms, test=task.splits.test, students=[STUDENT], task=task, primary=PRIMARY)
    scored = with_floors(scored, task)
    closed = {arm: scored.gap_closed(arm) for arm in ("zero_shot", "attributed", "chosen", "real_few+chosen")}
    agreement, measured = _agreement(task, made), {s.arm for s in scored.scores}
    out = json.loads(scored.to_json())
    return {
        "chosen": {"mix": mix, "tried": tried},
        "validation_rows": len(task.splits.validation),
        "notes": list(scored.notes),
        "scores": out["scores"],
        "contrasts": scored.contrasts([p for p in PAIRS if {*p} <= measured]).to_frame().to_dict("records"),
        "worth": str(scored.worth(PRIMARY[0]) or ""),
        "gap_closed": {arm: c and c._asdict() for arm, c in closed.items()},
        "label_holds": agreement,
        "refused": len(scored.refused),
        "cost": {name: [_cost(g) for g in gs] for name, gs in made.items()},
    }


def other_k(task, chosen: Arm) -> dict[str, Arm]:
    """Return fewer and more real rows a label, alone and with the chosen rows."""
    out = {}
    for k in OTHER_K:
        try:
            few = [sk.load_seeds(task, k=k, random_state=i).rows for i in range(DRAWS)]
        except sk.SynthkitError as error:
            say(f"    {k} real a label left out: {error}")
            continue
        real = k * len(task.labels)
        pairs = crossed(len(chosen.sets), DRAWS)
        both = tuple(joined(few[d], chosen.sets[g]) for g, d in pairs)
        out[f"{k} real"] = Arm(tuple(few), tuple((0, d) for d in range(DRAWS)), real)
        out[f"{k} real+chosen"] = Arm(both, tuple(pairs), real)
    return out


def with_floors(scored: Comparison, task) -> Comparison:
    """Return the comparison with two floors that are not the student's, scored on the same test rows."""
    for name, floor in (("label names", NearestName(list(task.labels))), ("majority", Commonest())):
        arm = {name: Arm((task.splits.train,), ((0, 0),), sampled=name == "majority")}
        alone = sk.compare(arm, test=task.splits.test, students={STUDENT: floor}, progress=False)
        first = alone.scores[0]._replace(
            **({"rows": 0, "settings": ("nothing trained",)} if name != "majority" else {})
        )
        scored = replace(scored, scores=(first, *scored.scores), fits={**scored.fits, **alone.fits})
    return scored


def _agreement(task, made) -> dict[str, float]:
    """Return how often a classifier trained on all real rows gives the label that was asked for (TRTS accuracy)."""
    out = {}
    for name, gs in made.items():
        pool = gs[0].rows
        for g in gs[1:]:
            pool = joined(pool, g.rows)
        scored = sk.compare({"real": task.splits.train}, test=pool, students=[STUDENT], progress=False)
        out[name] = scored.get("real").accuracy._asdict()
    return out


def _cost(g: Generation) -> dict:
    ledger = g.ledger
    return {
        "requests": ledger.planned,
        "texts": ledger.asked,
        "kept": ledger.kept,
        "tokens": ledger.tokens_in + ledger.tokens_out,
    }


def tables(found: dict[str, dict]) -> str:
    """Return the tables as Markdown: scores, cost, contrasts."""
    names = [name for name in STATES if name in found]
    head = []
    for name in names:
        labels = found[name]["labels"]
        many = len(STATES[name])
        runs = f"{many} generations" if many > 1 else "one generation"
        head.append(f"{name}: {labels} labels, {found[name]['test_rows']:,} test rows, {runs}")
    lines = ["| macro-F1 [95 %] (rows) | " + " | ".join(head) + " |", "|---" * (len(names) + 1) + "|"]
    for arm, title in ROWS.items():
        scores = [_score(found[name], arm) for name in names]
        cells = [f"{_shown(s['macro_f1'])} ({s['rows']:,})" if s else "" for s in scores]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    closed = [found[n]["gap_closed"]["real_few+chosen"] for n in names]
    cells = [f"{c['value']:.0%} [{c['low']:.0%}, {c['high']:.0%}]" if c else "no gap to close" for c in closed]
    lines.append("| gap to all real closed by 10 real + chosen | " + " | ".join(cells) + " |")
    if any("worth" in found[n] for n in names):
        worth = [found[n].get("worth", "") for n in names]
        lines.append("| chosen is worth, in real rows a label beyond the 10 | " + " | ".join(worth) + " |")
    lines.append("| chosen, and what a generation of it took | " + " | ".join(_took(found[n]) for n in names) + " |")
    lines += ["", "| a generation | requests | tokens (estimated) | rows kept | label holds |", "|---" * 5 + "|"]
    for name in names:
        for strategy, costs in found[name]["cost"].items():
            mean = {key: np.mean([c[key] for c in costs]) for key in costs[0]}
            lines.append(
                f"| {name}, `{strategy}` | {mean['requests']:.0f} | {mean['tokens']:,.0f} | {mean['kept']:.0f} | "
                f"{found[name]['label_holds'][strategy]['value']:.2f} |"
            )
    lines += ["", "| difference in macro-F1 [95 %], p | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for contrast in [f"{a} - {b}" for a, b in (PRIMARY, *PAIRS)]:
        cells = []
        for name in names:
            c = next((c for c in found[name]["contrasts"] if c["contrast"] == contrast), None)
            p = c and (c["p"] if c["corrected p"] == "primary" else c["corrected p"])
            cells.append(f"{c['macro-F1 difference [95 %]']}, {p}" if c else "")
        lines.append(f"| {contrast} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _took(task: dict) -> str:
    """Return the mix that validation rows chose, and what a generation of it asked for."""
    mix = task["chosen"]["mix"]
    parts = [mix] if mix in task["cost"] else list(task["cost"])
    requests, tokens = (
        sum(np.mean([c[key] for c in task["cost"][p]]) for p in parts) for key in ("requests", "tokens")
    )
    return f"{mix}: {requests:.0f} requests, {tokens:,.0f} tokens"


def _score(task: dict, arm: str) -> dict | None:
    return next((s for s in task["scores"] if s["arm"] == arm), None)


def _shown(f1: dict) -> str:
    return f"{f1['value']:.3f} [{f1['low']:.3f}, {f1['high']:.3f}]"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    check = "--check" in sys.argv[1:]
    wanted = [name for name in STATES if name in sys.argv[1:]] or list(STATES)
    saved = json.loads(WHERE.read_text(encoding="utf-8")) if WHERE.is_file() else {"tasks": {}}
    wrong = 0
    for name in wanted:
        task = sk.load_task(name)
        made = {strategy: generations(task, strategy) for strategy in ("zero_shot", "attributed")}
        rests = {f"{s}: {what}": h for s, gs in made.items() for what, h in rests_on(gs).items()}
        rests["protocol"] = str(PROTOCOL)
        old = saved["tasks"].get(name)
        if check and not old:
            say(f"{name}: nothing to check, it is not in {WHERE.name}")
            continue
        if old and old["rests on"] == rests and not check:
            say(f"{name}: measured before")
            continue
        start = time.perf_counter()
        say(f"{name}: {', '.join(str(len(g.rows)) for gs in made.values() for g in gs)} synthetic rows")
        new = {
            "rests on": rests,
            "versions": versions(),
            "labels": len(task.labels),
            "test_rows": len(task.splits.test),
            **measure(task, made),
        }
        say(f"    {time.perf_counter() - start:.0f} s")
        if check:
            lines = [
                *same_lines("", old["rests on"], rests),
                *score_lines(old["scores"], new["scores"]),
            ]
            for line in lines:
                print(f"{line.verdict:<12} {name}: {line.what}: {line.saved} -> {line.now}")
            wrong += sum(line.verdict == DIFFERENT for line in lines)
        else:
            saved["tasks"][name] = new
            WHERE.write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")
    if check:
        print(f"{wrong} lines are different")
        return int(wrong > 0)
    print(tables(saved["tasks"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
