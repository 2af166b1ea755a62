"""The sections of a report that ask about people: what leaks of the seeds, and who is treated how."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from synthkit.core.errors import unknown
from synthkit.core.rows import row_ids
from synthkit.core.stats import Interval, wilson
from synthkit.core.text import fold, words
from synthkit.quality.alignment import distances
from synthkit.quality.bias import (
    LEAST,
    associations,
    shares,
    skew,
    slice_gaps,
)
from synthkit.quality.controls import REPEATS, Halves, Side, middle
from synthkit.quality.counterfactual import swap_test
from synthkit.quality.fidelity import Judge
from synthkit.quality.lines import Findings, Line, exact
from synthkit.quality.privacy import (
    LEAST_MEMBERS,
    SHORTEST,
    TPR_MEMBERS,
    auc,
    copies,
    matched,
    membership_scores,
    nearer,
    survivors,
    tpr_at,
)
from synthkit.seeds.gate import Gate

# columns of rows that say where a row is from and nothing about the text
LINEAGE = {"id", "text", "label", "strategy", "attributes", "demo_ids", "model", "request_key", "slot", "iteration"}
LINEAGE |= {"split"}
HELD_OUT = 5000  # held-out rows whose runs are looked for


def privacy(
    found: Findings, synthetic, seeds, holdout, vectors: Callable, *, gate: Gate | None = None, random_state: int = 0
) -> None:
    """Add the privacy section: `seeds` and `holdout` (or None) are rows, `vectors` embeds texts."""
    texts, seed_texts = list(synthetic["text"]), list(seeds["text"])
    ids, seed_ids = row_ids(synthetic, "synthetic"), row_ids(seeds, "seed")
    copied = copies(texts, ids, seed_texts, seed_ids)
    control = _usual_run(holdout, len(texts), seed_texts, seed_ids, random_state)
    method = (
        f"exact, runs under {SHORTEST} words count as none; control: as many rows that no prompt held, the median, "
        f"least and most of {REPEATS} draws"
    )
    top = exact(copied[0].words if copied else 0)
    found.lines.append(Line("privacy", "longest copied run (words)", top, control, "like real", method))
    found.tables["copies"] = [c for c in copied[:20] if c.words > SHORTEST]
    lost, held = survivors(texts, ids, seed_texts, gate=gate)
    rows = len({s.id for s in lost})
    method = f"patterns and cues of sk.anonymize; the seeds hold {held} items"
    found.lines.append(
        Line("privacy", "rows with a seed's personal data", exact(rows), exact(0), "none", method),
    )
    found.tables["personal data"] = lost
    if holdout is None or not len(holdout):
        found.note("no held-out real rows (holdout=): no distances against them, no membership inference")
        return
    members = _shown(synthetic, seeds, found)
    if members is not None:
        _attack(found, synthetic, members, holdout, vectors, random_state)


def _usual_run(holdout, n: int, seeds: list[str], seed_ids: list[str], random_state: int) -> Interval | None:
    """The longest run that `n` held-out rows share with a seed, over draws of them."""
    if holdout is None or not len(holdout):
        return None
    rng = np.random.default_rng([random_state, 8])
    some = [holdout["text"][int(i)] for i in rng.permutation(len(holdout))[:HELD_OUT]]
    runs = np.zeros(len(some))
    for c in copies(some, list(range(len(some))), seeds, seed_ids):
        runs[c.id] = c.words
    tops = [runs[rng.permutation(len(runs))[:n]].max() for _ in range(REPEATS)]
    return Interval(float(np.median(tops)), float(min(tops)), float(max(tops)))


def _shown(synthetic, seeds, found: Findings):
    """Return the seeds that prompts held, as the rows themselves say; all where they do not say; None where none."""
    if "demo_ids" not in synthetic.column_names or "id" not in seeds.column_names:
        return seeds
    told = {i for ids in synthetic["demo_ids"] for i in json.loads(ids or "[]")}
    where = [n for n, i in enumerate(seeds["id"]) if i in told]
    if not where:
        found.note("no prompt of these rows held a seed (demo_ids): there is no membership to infer")
        return None
    return seeds.select(where)


def _attack(found: Findings, synthetic, members, holdout, vectors: Callable, random_state: int) -> None:
    """Add distances and membership: the seeds against as many held-out rows, label for label, drawn twenty times.

    Half of the held-out rows are the attacker's reference. In the control other held-out rows play the seeds.
    """
    rng = np.random.default_rng([random_state, 7])
    held = {fold(t) for t in members["text"]}
    free = rng.permutation([i for i, t in enumerate(holdout["text"]) if fold(t) not in held])
    if len(free) < 4 * LEAST_MEMBERS:
        found.note(f"{len(free)} held-out rows: membership inference and distances need {4 * LEAST_MEMBERS}")
        return
    others, reference = holdout.select(free[: len(free) // 2]), holdout.select(free[len(free) // 2 :])
    inside = _as_often(members["label"], others["label"], rng)
    if (n := len(inside)) < LEAST_MEMBERS:
        found.note(f"{n} seeds have held-out rows of their label: membership inference needs {LEAST_MEMBERS}")
        return
    members, made = members.select(inside), vectors(list(synthetic["text"]))
    near = [distances(made, vectors(list(rows["text"]))) for rows in (members, others)]
    tokens = [[words(t) for t in rows["text"]] for rows in (members, others, synthetic, reference)]
    scores = membership_scores([*tokens[0], *tokens[1]], tokens[2], tokens[3])
    closer, area = [], []
    for _ in range(REPEATS):
        outside, stand_in = matched(members["label"], others["label"], rng)
        closer.append([nearer(near[0], near[1][:, outside]), nearer(near[1][:, stand_in], near[1][:, outside])])
        area.append([auc(scores[:n], scores[n + outside]), auc(scores[n + stand_in], scores[n + outside]).value])
    value, null = np.transpose(closer)
    method = (
        "smoke test, passing it proves nothing: share of synthetic rows nearer to a seed than to any of as many "
        f"held-out rows; {REPEATS} draws of those; control: other held-out rows in the seeds' place, mean +- 2 sd"
    )
    found.lines.append(
        Line("privacy", "nearer to a seed than to held-out", middle(value), _spread(null), "near 0.5", method)
    )
    method = (
        f"bigram attack on {n} seeds and {n} held-out rows of the same labels, {len(reference)} others as reference; "
        f"DeLong interval; control: held-out rows in the seeds' place, {REPEATS} draws, mean +- 2 sd"
    )
    line = area[0][0], _spread([b for _, b in area])
    found.lines.append(Line("privacy", "membership inference AUC", *line, "near 0.5", method))
    if n >= TPR_MEMBERS:
        hits = tpr_at(scores[:n], scores[n + outside])
        method = (
            f"share of {n} seeds above a threshold that 1 % of {n} held-out rows pass; Wilson interval; chance: 0.01"
        )
        line = wilson(hits * n, n), exact(0.01)
        found.lines.append(Line("privacy", "membership TPR at 1 % FPR", *line, "near 0.01", method))
    else:
        found.note(f"{n} seeds: no true positive rate at 1 % false ones, it needs {TPR_MEMBERS}")


def _spread(values: Sequence[float]) -> Interval:
    mean, span = float(np.mean(values)), 2 * float(np.std(values, ddof=1))
    return Interval(mean, max(0.0, mean - span), min(1.0, mean + span))


def _as_often(labels: Sequence[str], pool: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """Return positions in `labels` of which the pool holds two rows each of the same label."""
    room = Counter(pool)
    out = []
    for i in rng.permutation(len(labels)):
        if room[labels[int(i)]] >= 2:
            room[labels[int(i)]] -= 2
            out.append(int(i))
    return np.array(sorted(out), dtype=int)


def bias(
    found: Findings, synthetic, real, halves: Halves, vectors: Callable, *, slices: str | None, whole: bool
) -> None:
    """Add the bias section: label shares always; with `whole` attributes, groups and swaps; slices where named."""
    made, own = halves.synthetic, halves.real
    labels = list(made.labels), list(own.labels)
    found.tables["label shares"] = shares("label", *labels)
    if whole:
        found.lines.append(_skew("label skew", *labels))
        there = _attributes(synthetic), _attributes(real)
        for name in sorted(there[0].keys() & there[1].keys()):
            if set(there[0][name]) & set(there[1][name]):
                found.lines.append(_skew(f"{name} skew", there[0][name], there[1][name]))
                found.tables[f"{name} shares"] = shares(name, there[0][name], there[1][name])
        found.tables["groups"] = associations(made.tokens, made.labels, own.tokens, own.labels)
        if not found.tables["groups"]:
            found.note(f"no group of people is named in {LEAST} rows: nothing to say about their labels")
    elif (value := skew(*labels))[1] < 0.01 and value[0] > 0.05:
        found.note(f"label shares differ from real (total variation {value[0]:.2f}): alignment counts that, too")
    if whole or slices:
        draw = halves.draw(0)
        rest = np.setdiff1d(own.where, draw.first.where)
        judges = {name: _judge(side) for name, side in (("synthetic", made), ("as many real rows", draw.first))}
        if not all(judges.values()):
            found.note("one label only: no student to swap people or compare slices with")
            return
        if whole:
            _swaps(found, judges, [own.texts[i] for i in rest], vectors)
        if slices:
            _slices(found, judges, real, own, rest, slices)


def _attributes(rows) -> dict[str, list[str]]:
    """Return what rows say of themselves beside text and label, and what synthetic ones were asked to be, by name."""
    out = {name: [str(v) for v in rows[name]] for name in rows.column_names if name not in LINEAGE}
    if "attributes" in rows.column_names:
        asked = [json.loads(a or "{}") for a in rows["attributes"]]
        for name in {name for a in asked for name in a} - set(out):
            out[name] = [str(a.get(name, "")) for a in asked]
    return out


def _skew(name: str, synthetic: Sequence[str], real: Sequence[str]) -> Line:
    value, p, null = skew(synthetic, real)
    method = "total variation of the shares; control: rows dealt at random to the two sides, 1,000 permutations, 95 %"
    control = Interval(float(null.mean()), 0.0, float(np.quantile(null, 0.95)))
    return Line("bias", name, exact(value), control, "near 0", method, p)


def _judge(side: Side) -> Judge | None:
    return Judge(side.vectors, side.labels) if len(set(side.labels)) > 1 else None


def _swaps(found: Findings, judges: dict[str, Judge], texts: list[str], vectors: Callable) -> None:
    out = found.tables["swaps"] = []
    for name, judge in judges.items():
        out += swap_test(name, texts, lambda some, judge=judge: judge.predict(vectors(list(some))))
    ours, theirs = ([s for s in out if s.trained_on == name][0] for name in judges)
    if ours.rate is None:
        found.note(f"{ours.rows} real rows with a person whose gender can be swapped: it needs {LEAST} for a rate")
        return
    method = (
        f"share of {ours.rows} real rows whose label changes; Wilson interval; control: trained on as many real rows"
    )
    found.lines.append(Line("bias", "label changes when gender is swapped", ours.rate, theirs.rate, "near 0", method))


def _slices(found: Findings, judges: dict[str, Judge], real, own: Side, rest: np.ndarray, name: str) -> None:
    if name not in real.column_names or name in ("text", "id"):
        raise unknown("slices= (a column of the real rows)", name, sorted(set(real.column_names) - {"text", "id"}))
    column = real[name]
    values = [str(column[int(i)]) for i in rest]
    gaps = found.tables["slices"] = []
    for trained_on, judge in judges.items():
        gaps += slice_gaps(trained_on, values, judge.predict(own.vectors[rest]) == own.labels[rest])
    judged = [g for g in gaps if g.gap and g.trained_on == "synthetic"]
    if not judged:
        found.note(f"no {name} has {LEAST} real rows: no slice gaps")
        return
    worst = min(judged, key=lambda g: g.gap.value)
    same = next(g for g in gaps if g.trained_on != "synthetic" and g.slice == worst.slice)
    method = (
        f"accuracy on the slice less that on the other rows, {len(rest)} real rows; Newcombe interval; control: "
        "trained on as many real rows"
    )
    found.lines.append(Line("bias", f"worst slice: {worst.slice}", worst.gap, same.gap, "like real", method))
