"""What predicts, before anybody trains for real, how a classifier trained on a set does on real rows?

SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py sets FILE     build graded sets, measure them, write FILE
python benchmarks/report.py validate FILE                          rank correlations, one dataset left out at a time
SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py speed         the report at 2,000 and 10,000 rows a side

Every set is made from a task's train rows or recordings. A measure sees the set, ten labelled real rows a label and
unlabelled real rows that no set was made of; the truth is macro-F1 on test rows of logistic regression on MiniLM vectors.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

import synthkit as sk
from synthkit.baselines import augment
from synthkit.metrics.alignment import c2st, covered, distances, mmd, radii, supported
from synthkit.metrics.diversity import distinct, self_repetition, vendi
from synthkit.metrics.fidelity import knn_fidelity
from synthkit.rows import make_rows
from synthkit.stats import one_thread

TASKS = "feedback clinc150_domains pros_cons sms_spam movie_review_sentences banking77 dbpedia14".split()
POOL, TEST, N, K = 3000, 1500, 200, 10
SMALL = 50  # rows at which diversity is compared


def load(name: str):
    own = Path(os.environ["SYNTHKIT_REALDATA"]) / name
    return sk.load_task(own if name == "sms_spam" else name)


def stratified(labels: np.ndarray, n: int, rng) -> np.ndarray:
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    places = ((np.arange(n) + rng.random()) * len(order) / n).astype(int)
    return order[np.minimum(places, len(order) - 1)]


def graded_sets(task, seeds, texts, labels, vectors, rng):
    """Yield (family, name, texts, labels) of sets whose worth is graded by how they were spoiled."""
    from sklearn.cluster import KMeans

    names = np.unique(labels)

    def take(where):
        return [texts[i] for i in where], labels[where]

    def noisy(share):
        some, own = take(stratified(labels, N, rng))
        flipped = own.copy()
        for i in rng.permutation(len(own))[: int(share * len(own))]:
            flipped[i] = rng.choice(names[names != own[i]])
        return some, flipped

    clusters = np.zeros(len(labels), dtype=int)
    for name in names:
        where = np.flatnonzero(labels == name)
        if len(where) >= 16:
            clusters[where] = KMeans(8, n_init=2, random_state=0).fit_predict(vectors[where])
    for n in (25, 50, 100, 200, 400):
        for again in range(2):
            if n <= len(texts) and n >= len(names):
                yield "subsampled", f"{n} rows, {again}", *take(stratified(labels, n, rng))
    for share in (0.1, 0.2, 0.3, 0.45, 0.6):
        yield "label noise", f"{share:.0%}", *noisy(share)
    for distinct_rows in (20, 40, 80, 120):
        if distinct_rows >= len(names):
            where = stratified(labels, distinct_rows, rng)
            yield "duplicated", f"{distinct_rows} of {N}", *take(rng.choice(where, N))
    for kept in (1, 2, 4):
        own = np.isin(clusters, rng.permutation(8)[:kept])
        where = np.flatnonzero(own)
        if len(where) >= 30 and len(set(labels[where])) > 1:
            size = min(N, len(where))
            yield "topic-dropped", f"{kept} of 8", *take(where[stratified(labels[where], size, rng)])
    for length in (2, 4, 8):
        some, own = take(stratified(labels, N, rng))
        yield "cut short", f"{length} words", [" ".join(t.split()[:length]) for t in some], own
    few = sk.load_seeds(task, k=K, random_state=0)
    eda = augment(few, n=N)
    yield "eda", "of the seeds", list(eda["text"]), np.asarray(eda["label"])
    made = sk.generate(sk.plan(task, few, n=N, surplus=1.0), llm="ngram", filters=[], progress=False).rows
    yield "ngram", "of the seeds", list(made["text"])[:N], np.asarray(made["label"])[:N]
    if task.recordings and (task.recordings / "requests.jsonl").exists():
        yield from recorded_sets(task, seeds)


def recorded_sets(task, seeds):
    from synthkit.llm.recorded import Recorded
    from synthkit.strategies import get_strategy

    shown = sk.anonymize(seeds, progress=False).seeds
    for strategy, _, state, _ in Recorded(task.recordings).counts():
        given = shown if get_strategy(strategy).shows_seeds else None
        try:
            rows = sk.generate(
                sk.plan(task, given, strategy=strategy, n=N, random_state=state), progress=False
            ).rows
        except sk.SynthkitError as error:
            print(f"{task.name}, {strategy}: {error}", file=sys.stderr)
            continue
        if len(set(rows["label"])) > 1:
            yield "recorded", f"{strategy} {state}", list(rows["text"]), np.asarray(rows["label"])
            half = rows.select(range(len(rows) // 2))
            yield "recorded", f"{strategy} {state}, half", list(half["text"]), np.asarray(half["label"])


def student(x, y):
    from sklearn.linear_model import LogisticRegression

    with one_thread():
        return LogisticRegression(C=10, max_iter=1000, class_weight="balanced").fit(x, y)


def macro_f1(truth, guess) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(truth, guess, average="macro"))


def likelihood(model, x, y) -> np.ndarray:
    """log2 p(label | text); a label that the model was never shown gets half of an even guess."""
    p, known = model.predict_proba(x), model.classes_
    at = np.minimum(np.searchsorted(known, y), len(known) - 1)
    own = np.where(known[at] == y, p[np.arange(len(p)), at], 0.5 / (len(known) + 1))
    return np.log2(np.maximum(own, 1e-6))


def measures(x, y, texts, few_x, few_y, unlabelled, rng) -> dict[str, float]:
    model, judge = student(x, y), student(few_x, few_y)
    n = min(len(x), len(unlabelled))
    own, other = x[rng.permutation(len(x))[:n]], unlabelled[rng.permutation(len(unlabelled))[:n]]
    reach, across = radii(distances(unlabelled, unlabelled)), distances(unlabelled, x)
    small = rng.permutation(len(x))[:SMALL]
    pseudo, p = judge.predict(unlabelled), judge.predict_proba(unlabelled)
    sure = p.max(axis=1) >= np.median(p.max(axis=1))
    folds = min(5, np.unique(y, return_counts=True)[1].min())
    guess = model.predict(unlabelled)
    return {
        "probe macro-F1": macro_f1(few_y, model.predict(few_x)),
        "probe log-likelihood": float(likelihood(model, few_x, few_y).mean()),
        "agreement on unlabelled rows": float((guess == pseudo).mean()),
        "agreement, macro-F1": macro_f1(pseudo, guess),
        "agreement on the surer half": float((guess == pseudo)[sure].mean()),
        "unlabelled log-likelihood": float(likelihood(model, unlabelled, pseudo).mean()),
        "certainty on unlabelled rows": float(model.predict_proba(unlabelled).max(axis=1).mean()),
        "agreement of two halves": halves_agree(x, y, unlabelled, rng),
        "agreement with spread labels": float((guess == spread_labels(few_x, few_y, unlabelled)).mean()),
        "label fidelity (PVI)": float(likelihood(judge, x, y).mean() + np.log2(len(judge.classes_))),
        "label fidelity (kNN)": knn_fidelity(distances(x, few_x), y, few_y),
        "Vendi score, 50 rows": vendi(x[small]),
        "Vendi score, all rows": vendi(x),
        "distinct-2, 50 rows": distinct([texts[i] for i in small]),
        "self-repetition, 50 rows": -self_repetition([texts[i] for i in small]),
        "MMD to unlabelled": -mmd(other, own, permutations=1)[0],
        "C2ST to unlabelled": -c2st(other, own) if n >= 10 else np.nan,
        "coverage of unlabelled": float(covered(reach, across).mean()),
        "precision": float(supported(reach, across).mean()),
        "rows": len(x),
        "cross-validated inside": inside(x, y, folds),
    }


def halves_agree(x, y, unlabelled, rng, times: int = 3) -> float:
    """How often students of two halves of the set give an unlabelled row the same label (Jiang et al. 2022)."""
    said = []
    for _ in range(times):
        where = stratified(y, len(y), rng)
        parts = where[::2], where[1::2]
        if all(len(set(y[p])) > 1 for p in parts):
            one, other = (student(x[p], y[p]).predict(unlabelled) for p in parts)
            said.append((one == other).mean())
    return float(np.mean(said)) if said else float("nan")


def spread_labels(few_x, few_y, unlabelled) -> np.ndarray:
    """Labels of the few, spread over a graph of nearest rows to the unlabelled ones (Zhou et al. 2004)."""
    key = few_x.tobytes()[:4096] + unlabelled.tobytes()[:4096]
    if key not in _SPREAD:
        from sklearn.semi_supervised import LabelSpreading

        names = np.unique(few_y)
        y = np.concatenate([np.searchsorted(names, few_y), np.full(len(unlabelled), -1)])
        model = LabelSpreading(kernel="knn", n_neighbors=10, alpha=0.5).fit(np.concatenate([few_x, unlabelled]), y)
        _SPREAD[key] = names[model.transduction_[len(few_y) :]]
    return _SPREAD[key]


_SPREAD: dict[bytes, np.ndarray] = {}


def inside(x, y, folds: int) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    if folds < 2:
        return float("nan")
    with one_thread():
        cv = StratifiedKFold(folds, shuffle=True, random_state=0)
        return macro_f1(y, cross_val_predict(LogisticRegression(C=10, max_iter=1000), x, y, cv=cv))


def measure_sets(out: Path, tasks) -> None:
    done = json.loads(out.read_text()) if out.exists() else []
    for name in tasks:
        if any(r["task"] == name for r in done):
            continue
        start = time.monotonic()
        task = load(name)
        rng = np.random.default_rng(0)
        train, test = task.splits.train, task.splits.test
        pool = train.select(rng.permutation(len(train))[:POOL])
        test = test.select(rng.permutation(len(test))[:TEST])
        for state in range(2):  # two draws of what is at hand
            rng = np.random.default_rng([1, state])
            seeds = sk.load_seeds(task, k=K, random_state=state)
            drawn = set(seeds.rows["id"])
            free = rng.permutation([i for i, row in enumerate(pool["id"]) if row not in drawn])
            ours, theirs = free[: len(free) // 2], free[len(free) // 2 :][:1000]
            made, unlabelled = pool.select(ours), pool.select(theirs)
            few_x, few_y = sk.embed(seeds.rows["text"]), np.asarray(seeds.rows["label"])
            unlabelled_x, test_x = sk.embed(unlabelled["text"]), sk.embed(test["text"])
            own = (list(made["text"]), np.asarray(made["label"]), sk.embed(made["text"]))
            for family, kind, texts, labels in graded_sets(task, seeds, *own, rng):
                x = sk.embed(texts)
                truth = macro_f1(test["label"], student(x, labels).predict(test_x))
                values = measures(x, labels, texts, few_x, few_y, unlabelled_x, np.random.default_rng(0))
                done.append({"task": name, "state": state, "family": family, "set": kind, "truth": truth, **values})
            few = macro_f1(test["label"], student(few_x, few_y).predict(test_x))
            print(f"{name}, draw {state}: few real rows {few:.3f}, {time.monotonic() - start:.0f} s", flush=True)
        out.write_text(json.dumps(done, indent=0))


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "sets":
        measure_sets(Path(rest[0]), rest[1:] or TASKS)
