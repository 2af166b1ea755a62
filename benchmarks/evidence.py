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
from functools import reduce
from itertools import combinations
from math import ceil
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
PROTOCOL = 3  # a number to raise when the arms or their scoring change: older figures are then measured anew
K, DRAWS, EACH, LABELLED, MORE = 10, 5, 4, 240, 720
OTHER_K = (5, 50)  # real rows a label at which the gain is measured too
STUDENT = "minilm_lr"
REQUESTS = {"clinc150_domains": 30, "dbpedia14": 28, "banking77": 77, "pros_cons": 24, "movie_review_sentences": 24}
STATES = {
    "clinc150_domains": (0, 1, 2),
    "pros_cons": (0, 1, 2),
    "movie_review_sentences": (0,),
    "banking77": (0,),
    "dbpedia14": (0,),
}
PARTS = ("plain", "outright", "zero_shot")  # what a mix is made of; see protocol.md
MIXES = [mix for size in (1, 2, 3) for mix in combinations(PARTS, size)]
TIE = 0.01  # of the gap closed: below it the mix with fewer requests is taken
PRIMARY = ("real_few+chosen", "real_few+plain")
PAIRS = [
    ("real_few+chosen", "real_few"),
    ("real_few+chosen", "real_few+description"),
    ("real_few+chosen+description", "real_few+chosen"),
    ("real_few+annotated", "real_few"),
    ("real_few+annotated", "real_few+chosen"),
    ("real_few+chosen+annotated", "real_few+chosen"),
    ("real_few+chosen+annotated", "real_few+annotated"),
    ("real_few+chosen+more annotated", "real_few+more annotated"),
    ("chosen", "real_few"),
    ("chosen", "eda"),
    *((part, "description") for part in PARTS),
    ("real_full", "real_few+chosen"),
    ("real_full", "real_few+chosen+more annotated"),
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
    "plain": "synthetic, `plain`",
    "outright": "synthetic, `outright`",
    "zero_shot": "synthetic, `zero_shot`",
    "chosen": "**synthetic, mix chosen on the other sets**",
    "annotated": "240 real rows labelled by the model",
    "real_few+description": "10 real + descriptions",
    "real_few+plain": "10 real + `plain`",
    "real_few+outright": "10 real + `outright`",
    "real_few+zero_shot": "10 real + `zero_shot`",
    "real_few+chosen": "**10 real + chosen**",
    "real_few+chosen+description": "10 real + chosen + descriptions",
    "real_few+annotated": "10 real + 240 labelled by the model",
    "real_few+chosen+annotated": "**10 real + chosen + 240 labelled**",
    "real_few+more annotated": "10 real + 720 labelled by the model",
    "real_few+chosen+more annotated": "**10 real + chosen + 720 labelled**",
    "5 real": "5 real a label",
    "5 real+chosen": "5 real a label + chosen",
    "50 real": "50 real a label",
    "50 real+chosen": "50 real a label + chosen",
    "real_full": "all real",
}
DRAWN = {
    "real_few": "10 real a label",
    "real_few+plain": "+ one plain sentence",
    "real_few+chosen": "+ texts, the chosen way",
    "real_few+chosen+more annotated": "+ 720 raw texts, labelled",
    "real_full": "all of train",
}
CLOSED = ("plain", "chosen", "annotated", "real_few+plain", "real_few+chosen", "real_few+annotated")
CLOSED += ("real_few+chosen+annotated", "real_few+more annotated", "real_few+chosen+more annotated")


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
    """Return the recorded generations of a task by one strategy: as many requests as were recorded."""
    out = []
    for state in STATES[task.name]:
        size = {"requests": REQUESTS[task.name]} if strategy != "zero_shot" else {"n": 200}
        if strategy == "zero_shot" and len(task.labels) > 40:  # a request asks for one label
            size = {"per_label": dict.fromkeys(task.labels, EACH)}
        surplus = 0 if strategy != "zero_shot" else 0.3
        chosen = sk.plan(task, strategy=strategy, random_state=state, surplus=surplus, **size)
        out.append(sk.generate(chosen, progress=False))
    return out


def annotated(task, n: int):
    """Return `n` unlabelled real rows, at random, under the model's labels: twenty a request."""
    return sk.annotate(sk.pick(task.splits.unlabelled, n, by="random"), task, progress=False).rows


def right(task, rows) -> str:
    """Return how many of the model's labels are the ones that were hidden from it."""
    true = dict(zip(task.splits.train["id"], task.splits.train["label"], strict=True))
    hits = sum(true[i] == label for i, label in zip(rows["id"], rows["label"], strict=True))
    return f"{hits} of {len(rows)}"


def mixed(made: dict[str, list[Generation]], mix: tuple[str, ...]) -> list:
    """Return the rows of a mix, whole generations together: a set a generation."""
    return [reduce(joined, (bare(g.rows) for g in parts)) for parts in zip(*(made[part] for part in mix), strict=True)]


def on_validation(task, made: dict[str, list[Generation]]) -> dict[str, dict]:
    """Return macro-F1 on validation rows and the share of the gap closed by each mix beside the few real rows."""
    few = draws_of(task)
    arms = {"real_few": Arm(tuple(few), tuple((0, d) for d in range(DRAWS)), K * len(task.labels))}
    arms |= {"+".join(mix): beside(few, mixed(made, mix)) for mix in MIXES}
    arms["real_full"] = Arm((task.splits.train,), ((0, 0),), len(task.splits.train))
    scored = sk.compare(arms, test=task.splits.validation, students=[STUDENT], progress=False)
    f1 = {name: scored.get(name).macro_f1.value for name in arms}
    gap = f1["real_full"] - f1["real_few"]
    requests = {"+".join(mix): sum(made[part][0].ledger.planned for part in mix) for mix in MIXES}
    return {
        name: {"macro_f1": f1[name], "gap_closed": (f1[name] - f1["real_few"]) / gap, "requests": number}
        for name, number in requests.items()
    }


def choose(found: dict[str, dict]) -> str:
    """Return the mix that closes most of the gap on validation rows of these sets (a tie: the fewer requests)."""
    mean = {"+".join(mix): np.mean([tried["+".join(mix)]["gap_closed"] for tried in found.values()]) for mix in MIXES}
    cost = {name: sum(tried[name]["requests"] for tried in found.values()) for name in mean}
    best = max(mean.values())
    return min((name for name in mean if mean[name] > best - TIE), key=lambda name: (cost[name], -mean[name]))


def draws_of(task, k: int = K) -> list:
    return [sk.load_seeds(task, k=k, random_state=i).rows for i in range(DRAWS)]


def beside(few: list, sets: list, *more) -> Arm:
    """Return the arm of few real rows with each generation, and with whatever else every set gets."""
    pairs = crossed(len(sets), len(few))
    whole = (reduce(joined, (few[d], sets[g], *more)) for g, d in pairs)
    return Arm(tuple(whole), tuple(pairs), K * len(few[0].unique("label")))


def crossed(generations: int, draws: int) -> list[tuple[int, int]]:
    return [(g, d) for g in range(generations) for d in range(draws)]


def measure(task, made: dict[str, list[Generation]], mix: str) -> dict:
    """Return everything the table needs of one task, as plain data; `mix` was chosen on the other tasks."""
    seeds = [sk.load_seeds(task, k=K, random_state=i) for i in range(DRAWS)]
    few, real, every = [s.rows for s in seeds], K * len(task.labels), tuple((0, d) for d in range(DRAWS))
    sets = mixed(made, tuple(mix.split("+")))
    n = len(made["zero_shot"][0].rows)
    ngram = [baseline_rows(task, s, n=n, random_state=i) for i, s in enumerate(seeds)]
    eda = [augment(s, n=n, random_state=i) for i, s in enumerate(seeds)]
    words, labelled, more = description_rows(task), annotated(task, LABELLED), annotated(task, MORE)
    arms = {
        "real_few": Arm(tuple(few), every, real),
        "eda": Arm(tuple(eda), every, real),
        "real_few+eda": Arm(tuple(joined(f, a) for f, a in zip(few, eda, strict=True)), every, real),
        "ngram": Arm(tuple(ngram), every, real),
        "description": Arm((words,), ((0, 0),), 0, sampled=False),
        **{name: Arm(tuple(g.rows for g in gs), tuple((g, 0) for g in range(len(gs))), 0) for name, gs in made.items()},
        "chosen": Arm(tuple(sets), tuple((g, 0) for g in range(len(sets))), 0),
        "annotated": Arm((labelled,), ((0, 0),), len(labelled)),
        "real_few+description": replace(beside(few, [words]), sampled=False),
        **{f"real_few+{part}": beside(few, mixed(made, (part,))) for part in PARTS},
        "real_few+chosen": beside(few, sets),
        "real_few+chosen+description": beside(few, sets, words),
        "real_few+annotated": replace(beside(few, [labelled]), real=real + len(labelled)),
        "real_few+chosen+annotated": replace(beside(few, sets, labelled), real=real + len(labelled)),
        "real_few+more annotated": replace(beside(few, [more]), real=real + len(more)),
        "real_few+chosen+more annotated": replace(beside(few, sets, more), real=real + len(more)),
        "real_full": Arm((task.splits.train,), ((0, 0),), len(task.splits.train)),
    }
    arms |= other_k(task, arms["chosen"])
    arms |= {f"real_{n}": Arm(sets, every, n * len(task.labels)) for n, sets in more_real(task, K, DRAWS)}
    scored = sk.compare(arms, test=task.splits.test, students=[STUDENT], task=task, primary=PRIMARY)
    scored = with_floors(scored, task)
    closed = {arm: scored.gap_closed(arm) for arm in CLOSED}
    measured, out = {s.arm for s in scored.scores}, json.loads(scored.to_json())
    return {
        "chosen": mix,
        "validation_rows": len(task.splits.validation),
        "notes": list(scored.notes),
        "scores": out["scores"],
        "contrasts": scored.contrasts([p for p in PAIRS if {*p} <= measured]).to_frame().to_dict("records"),
        "worth": {arm: str(scored.worth(arm) or "") for arm in ("real_few+chosen", "real_few+chosen+more annotated")},
        "gap_closed": {arm: c and c._asdict() for arm, c in closed.items()},
        "label_holds": _agreement(task, made),
        "annotated": right(task, more),
        "refused": len(scored.refused),
        "cost": {name: [_cost(g) for g in gs] for name, gs in made.items()},
    }


def other_k(task, chosen: Arm) -> dict[str, Arm]:
    """Return fewer and more real rows a label, alone and with the chosen rows."""
    out = {}
    for k in OTHER_K:
        try:
            few = draws_of(task, k)
        except sk.SynthkitError as error:
            say(f"    {k} real a label left out: {error}")
            continue
        real = k * len(task.labels)
        out[f"{k} real"] = Arm(tuple(few), tuple((0, d) for d in range(DRAWS)), real)
        out[f"{k} real+chosen"] = replace(beside(few, list(chosen.sets)), real=real)
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
    """Return how often a classifier trained on all real rows gives the label that was asked for."""
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
    for arm in CLOSED:
        closed = [found[n]["gap_closed"][arm] for n in names]
        cells = [f"{c['value']:.0%} [{c['low']:.0%}, {c['high']:.0%}]" if c else "no gap to close" for c in closed]
        lines.append(f"| gap to all real closed by {ROWS[arm].strip('*')} | " + " | ".join(cells) + " |")
    for arm in ("real_few+chosen", "real_few+chosen+more annotated"):
        worth = [found[n]["worth"][arm] for n in names]
        title = f"{ROWS[arm].strip('*')}: worth, in real rows a label beyond the 10"
        lines.append(f"| {title} | " + " | ".join(worth) + " |")
    for key, title in (("chosen", "chosen on the other sets"), ("annotated", "labels by the model that are true")):
        lines.append(f"| {title} | " + " | ".join(found[n][key] for n in names) + " |")
    asked = [sum(found[n]["cost"][part][0]["requests"] for part in found[n]["chosen"].split("+")) for n in names]
    cells = [f"{texts} + {ceil(MORE / 20) + 2}" for texts in asked]  # 40 of the rows are asked about twice
    lines.append("| requests: for the chosen texts + for 720 labels | " + " | ".join(cells) + " |")
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


def picture(found: dict[str, dict]) -> None:
    """Draw the README's columns: macro-F1 with its interval, a panel a set, and the reach from ten rows to all."""
    from PIL import Image

    from synthkit.core.figures import BLUE, GREY, closed, grid, ruled

    figure, axes = grid(1, len(found), 1, size=(11, 2.6))
    for axis, (name, task) in zip(axes, found.items(), strict=True):
        for row, arm in enumerate(DRAWN):
            f1, colour = _score(task, arm)["macro_f1"], GREY if row in (0, len(DRAWN) - 1) else BLUE
            axis.plot([f1["low"], f1["high"]], [row, row], color=colour, lw=2, solid_capstyle="round")
            axis.plot(f1["value"], row, "o", color=colour, ms=6)
        axis.set_title(name.replace("_", " "), fontsize=9)
        axis.set_yticks(range(len(DRAWN)), DRAWN.values() if axis is axes[0] else [""] * len(DRAWN), fontsize=9)
        axis.set_ylim(len(DRAWN) - 0.5, -0.5)
        axis.locator_params(axis="x", nbins=4)
        axis.tick_params(axis="x", labelsize=8)
        ruled(axis, "x")
    figure.supxlabel("macro-F1 on real test rows, with 95 % interval", fontsize=9)
    closed(figure).savefig(WHERE.with_suffix(".png"), dpi=110)
    with Image.open(WHERE.with_suffix(".png")) as drawn:
        drawn.convert("RGB").quantize(32).save(WHERE.with_suffix(".png"), optimize=True)


def _score(task: dict, arm: str) -> dict | None:
    return next((s for s in task["scores"] if s["arm"] == arm), None)


def _shown(f1: dict) -> str:
    return f"{f1['value']:.3f} [{f1['low']:.3f}, {f1['high']:.3f}]"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    check = "--check" in sys.argv[1:]
    wanted = [name for name in STATES if name in sys.argv[1:]] or list(STATES)
    saved = json.loads(WHERE.read_text(encoding="utf-8")) if WHERE.is_file() else {}
    saved = {"validation": {}, "tasks": {}, **saved}
    tasks = {name: sk.load_task(name) for name in STATES}
    made = {name: {part: generations(task, part) for part in PARTS} for name, task in tasks.items()}
    rests = {name: _rests_on(tasks[name], gs) for name, gs in made.items()}
    for name, task in tasks.items():  # the mix of one set is chosen on the four others
        if (saved["validation"].get(name) or {}).get("rests on") != rests[name]:
            say(f"{name}: validation rows")
            saved["validation"][name] = {"rests on": rests[name], "tried": on_validation(task, made[name])}
    tried = {name: v["tried"] for name, v in saved["validation"].items()}
    saved["default"] = choose(tried)
    _save(saved, check)
    wrong = 0
    for name in wanted:
        old, mix = saved["tasks"].get(name), choose({other: tried[other] for other in tried if other != name})
        if check and not old:
            say(f"{name}: nothing to check, it is not in {WHERE.name}")
            continue
        if old and old["rests on"] == rests[name] and old["chosen"] == mix and not check:
            say(f"{name}: measured before")
            continue
        start, task = time.perf_counter(), tasks[name]
        say(f"{name}: {', '.join(str(len(g.rows)) for gs in made[name].values() for g in gs)} synthetic rows")
        new = {
            "rests on": rests[name],
            "versions": versions(),
            "labels": len(task.labels),
            "test_rows": len(task.splits.test),
            **measure(task, made[name], mix),
        }
        say(f"    {time.perf_counter() - start:.0f} s")
        if check:
            lines = [*same_lines("", old["rests on"], rests[name]), *score_lines(old["scores"], new["scores"])]
            for line in lines:
                print(f"{line.verdict:<12} {name}: {line.what}: {line.saved} -> {line.now}")
            wrong += sum(line.verdict == DIFFERENT for line in lines)
        else:
            saved["tasks"][name] = new
            _save(saved)
    if check:
        print(f"{wrong} lines are different")
        return int(wrong > 0)
    print(tables(saved["tasks"]))
    if len(saved["tasks"]) == len(STATES):
        picture(saved["tasks"])
    print(f"\nchosen on all five sets: {saved['default']}")
    return 0


def _rests_on(task, made) -> dict[str, str]:
    rests = {f"{s}: {what}": h for s, gs in made.items() for what, h in rests_on(gs).items()}
    return {**rests, "protocol": str(PROTOCOL)}


def _save(saved: dict, check: bool = False) -> None:
    if not check:
        WHERE.write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
