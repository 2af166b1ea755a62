"""What predicts, before anybody trains for real, how a classifier trained on a set does on real rows?

SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py sets FILE     build graded sets, measure them, write FILE
python benchmarks/report.py validate FILE                          rank correlations, datasets and families left out
python benchmarks/report.py constants FILE                         what synthkit/quality/usefulness.py holds
SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py planted [TASK ...]  which line moves when a fault is planted
SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py real [TASK]   reports of a task's recordings against its real rows
SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py speed         the report at 2,000 and 10,000 rows a side
SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py embedding     beside sentence-transformers (OMP_NUM_THREADS=2)

Every set is made from a task's train rows or recordings. A measure sees the set, ten labelled real rows a label and
unlabelled real rows that no set was made of; the truth is macro-F1 on test rows of logistic regression on MiniLM
vectors.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

import synthkit as sk
from synthkit.core.classifier import LabelClassifier
from synthkit.core.rows import make_rows
from synthkit.core.stats import one_thread
from synthkit.core.text import words
from synthkit.generation.baselines import augment
from synthkit.quality.alignment import c2st, reached
from synthkit.quality.diversity import vendi
from synthkit.quality.usefulness import MOST, agreement

TASKS = ["feedback", "clinc150_domains", "pros_cons", "sms_spam", "movie_review_sentences", "dbpedia14"]
POOL, TEST, N, K = 3000, 1500, 200, 10
SIGNAL = "agreement, macro-F1, the surer the more"


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
    of_label = {
        name: [w for t, y in zip(few.rows["text"], few.rows["label"], strict=True) if y == name for w in words(t)]
        for name in names
    }
    for length in (1, 4):
        some = [str(names[i % len(names)]) for i in range(N)]
        yield (
            "bare words",
            f"{length} of the seeds",
            [" ".join(rng.choice(of_label[y], length)) for y in some],
            np.asarray(some),
        )
    made = sk.generate(
        sk.plan(task, few, strategy="zero_shot", n=N, surplus=1.0), llm="ngram", filters=[], progress=False
    ).rows
    yield "ngram", "of the seeds", list(made["text"])[:N], np.asarray(made["label"])[:N]
    if task.recordings and (task.recordings / "requests.jsonl").exists():
        yield from recorded_sets(task, seeds)


def recorded_sets(task, seeds):
    from synthkit.llm.recorded import Recorded
    from synthkit.prompts.registry import STRATEGIES, get_strategy

    shown = sk.anonymize(seeds, progress=False).seeds
    for strategy, _, state, _ in Recorded(task.recordings).counts():
        if strategy not in STRATEGIES:  # answers about labels and attributes
            continue
        given = shown if get_strategy(strategy).shows_seeds else None
        try:
            rows = sk.generate(sk.plan(task, given, strategy=strategy, n=N, random_state=state), progress=False).rows
        except sk.SynthkitError as error:
            print(f"{task.name}, {strategy}: {error}", file=sys.stderr)
            continue
        if len(set(rows["label"])) > 1:
            for share in (1, 2, 4):  # all, half, a quarter of the rows
                some = rows.select(range(len(rows) // share))
                if len(set(some["label"])) == len(task.labels):
                    yield f"recorded: {strategy}", f"{state}, 1/{share}", list(some["text"]), np.asarray(some["label"])


def student(x, y):
    from sklearn.linear_model import LogisticRegression

    with one_thread():
        return LogisticRegression(C=10, max_iter=1000, class_weight="balanced").fit(x, y)


def macro_f1(truth, guess) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(truth, guess, average="macro"))


def word_probe(texts, labels, few) -> float:
    """Macro-F1 on the labelled real rows of logistic regression on the TF-IDF of words: it sees what vectors do not."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    tfidf = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = student(tfidf.fit_transform(texts), labels)
    return macro_f1(few["label"], model.predict(tfidf.transform(few["text"])))


def other_signals(vectors, labels, few_vectors, few_labels, unlabelled) -> dict[str, float]:
    """Signals beside the one that the estimate stands on."""
    rng, labels, few_labels = np.random.default_rng(0), np.asarray(labels), np.asarray(few_labels)
    trained, few = LabelClassifier(vectors, labels), LabelClassifier(few_vectors, few_labels)
    n, bits = min(len(vectors), len(unlabelled)), np.log2(len(few.labels))
    some, real = rng.permutation(len(vectors))[:n], rng.permutation(len(unlabelled))[:n]
    pseudo, predicted = few.predict(unlabelled), trained.predict(unlabelled)
    certainty = few.probabilities(unlabelled).max(axis=1)
    sure = certainty >= np.median(certainty)
    return {
        "agreement": float((predicted == pseudo).mean()),
        "agreement where sure": float((predicted == pseudo)[sure].mean()),
        "agreement, macro-F1": macro_f1(pseudo, predicted),
        "agreement where sure, macro-F1": macro_f1(pseudo[sure], predicted[sure]),
        "pseudo-label log-likelihood": np.nanmean(trained.pvi(unlabelled, pseudo)) / bits,
        "certainty": float(trained.probabilities(unlabelled).max(axis=1).mean()),
        "probe: macro-F1 on the few": macro_f1(few_labels, trained.predict(few_vectors)),
        "label fidelity (PVI)": np.nanmean(few.pvi(vectors, labels)) / bits,
        "Vendi": np.log(vendi(vectors[some]) / vendi(unlabelled[real])),
        "C2ST, reversed": -c2st(unlabelled[real], vectors[some]),
        "coverage": float(reached(unlabelled, vectors)[0].mean()),
    }


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
            ours, theirs = free[: len(free) // 2], free[len(free) // 2 :][:MOST]
            made, unlabelled = pool.select(ours), pool.select(theirs)
            few_x, few_y = sk.embed(seeds.rows["text"]), np.asarray(seeds.rows["label"])
            unlabelled_x, test_x = sk.embed(unlabelled["text"]), sk.embed(test["text"])
            own = (list(made["text"]), np.asarray(made["label"]), sk.embed(made["text"]))
            for family, kind, texts, labels in graded_sets(task, seeds, *own, rng):
                x = sk.embed(texts)
                truth = macro_f1(test["label"], student(x, labels).predict(test_x))
                values = {SIGNAL: agreement(x, labels, few_x, few_y, unlabelled_x)}
                values |= other_signals(x, labels, few_x, few_y, unlabelled_x)
                values |= {"TF-IDF probe": word_probe(texts, labels, seeds.rows), "rows": len(x)}
                what = {"task": name, "state": state, "family": family, "set": kind, "truth": truth}
                done.append(what | {k: float(v) for k, v in values.items()})
            few = macro_f1(test["label"], student(few_x, few_y).predict(test_x))
            print(f"{name}, draw {state}: few real rows {few:.3f}, {time.monotonic() - start:.0f} s", flush=True)
        out.write_text(json.dumps(done, indent=0))


SPOILED = ("subsampled", "label noise", "duplicated", "topic-dropped", "cut short")
OUTSIDE = ("task", "state", "family", "set", "truth", "group")


def table_of(path: str):
    import pandas as pd

    data = pd.DataFrame(json.loads(Path(path).read_text()))
    data["group"] = data["task"] + data["state"].astype(str)
    return data


def logit(p):
    p = np.clip(p, 0.02, 0.98)
    return np.log(p) - np.log(1 - p)


def line(data, signal: str):
    """Return (slope and intercept of the logit of macro-F1, what nine in ten errors are within, both left out)."""
    x, y = data[signal].to_numpy(), logit(data["truth"].to_numpy())
    errors = np.empty(len(data))
    for (task, family), mine in data.groupby(["task", "family"]).indices.items():
        others = ((data["task"] != task) & (data["family"] != family)).to_numpy()
        errors[mine] = np.abs(np.polyval(np.polyfit(x[others], y[others], 1), x[mine]) - y[mine])
    return np.polyfit(x, y, 1), float(np.quantile(errors, 0.9))


def left_out(data, signal: str):
    """Return (expected macro-F1, whether nine in ten held it) of every set, by other datasets and other families."""
    value, held = np.empty(len(data)), np.empty(len(data), bool)
    for (task, family), mine in data.groupby(["task", "family"]).indices.items():
        fitted, reach = line(data[(data["task"] != task) & (data["family"] != family)], signal)
        logits = np.polyval(fitted, data[signal].to_numpy()[mine])
        value[mine] = 1 / (1 + np.exp(-logits))
        held[mine] = np.abs(logits - logit(data["truth"].to_numpy()[mine])) <= reach
    return value, held


def correlation(data, column: str) -> float:
    """Return Spearman's correlation with the truth within a draw of a dataset, the mean over all of them."""
    from scipy.stats import spearmanr

    each = [spearmanr(x[column], x["truth"])[0] for _, x in data.groupby("group") if len(x) > 4 and x[column].std() > 0]
    return float(np.mean(each)) if each else float("nan")


def validate(path: str) -> None:
    """Print of each signal how it ranks sets, and how far off a line through it is, datasets and families left out."""
    data = table_of(path)
    made, recorded = ~data["family"].isin(SPOILED), data["family"].str.startswith("recorded")
    parts = {
        "all": data.index == data.index,
        "spoiled": ~made,
        "generated": made,
        "an LLM's": recorded,
        "an LLM's, all rows": recorded & data["set"].str.endswith("1/1"),
    }
    print(f"{len(data)} sets of {data['task'].nunique()} datasets; Spearman with macro-F1 on test rows, then")
    print("the mean error of a line through the signal, that of nine in ten, and the share within its nine in ten\n")
    print(f"| signal | {' | '.join(f'{k} ({sum(of)})' for k, of in parts.items())} | off by | 9 in 10 | held |")
    print(f"|{' --- |' * (len(parts) + 4)}")
    for name in sorted((c for c in data if c not in OUTSIDE), key=lambda c: -correlation(data, c)):
        value, held = left_out(data, name)
        error = np.abs(value - data["truth"])
        ranks = " | ".join(f"{correlation(data[of], name):.2f}" for of in parts.values())
        print(f"| {name} | {ranks} | {error.mean():.3f} | {error.quantile(0.9):.3f} | {held.mean():.2f} |")
    data["error"], data["held"] = left_out(data, SIGNAL)
    data["error"] -= data["truth"]
    for by in ("task", "family"):
        groups = data.groupby(by)
        print(f"\n{SIGNAL}, by {by}: mean error (above 0: expected too much), its size, share held, Spearman")
        for name, some in groups:
            error = f"{some['error'].mean():+.3f}, {some['error'].abs().mean():.3f}, {some['held'].mean():.2f}"
            print(f"  {name} ({len(some)}): {error}, {correlation(some, SIGNAL):.2f}")


GERMAN = (
    ["der Brief", "das Paket", "die Rechnung", "der Zug", "das Konto", "die Karte", "der Film", "das Auto"],
    ["kam am Montag", "war gestern", "ist schon wieder", "blieb die ganze Woche", "wurde heute früh"],
    ["viel zu spät", "nicht zu finden", "in Ordnung", "kaputt", "ohne ein Wort verschwunden", "doppelt so teuer"],
    ["und niemand hat es erklärt", "und ich weiß nicht warum", "aber das macht nichts", "obwohl ich darum bat"],
)


def planted_sets(texts, labels, vectors, rng):
    """Yield (fault, texts, labels) of real rows in the place of synthetic ones, with one fault planted in each."""
    from sklearn.cluster import KMeans

    names, counts = np.unique(labels, return_counts=True)
    first, second = names[np.argsort(-counts, kind="stable")[:2]]
    mine = np.flatnonzero(labels == first)
    topic = mine[KMeans(2, n_init=4, random_state=0).fit_predict(vectors[mine]) == 0]
    some = rng.permutation(len(texts))[: len(texts) // 10]

    def without(rows):
        left = np.setdiff1d(np.arange(len(texts)), rows)
        return [texts[i] for i in left], labels[left]

    german = texts.copy()
    for i in some:
        german[i] = " ".join(str(rng.choice(part)) for part in GERMAN)
    swapped = labels.copy()
    swapped[labels == first], swapped[labels == second] = second, first
    yield "nothing", texts, labels
    yield f"no row of {first}", *without(mine)
    yield f"half of the topics of {first} gone", *without(topic)
    yield "a tenth in another language", german, labels
    yield f"{first} and {second} swapped", texts, swapped
    yield "one source's style", [t.lower().rstrip(".!?") + " tbh" for t in texts], labels
    yield "a tenth of the labels wrong", texts, np.where(np.isin(np.arange(len(texts)), some), names[::-1][:1], labels)
    yield "30 rows, repeated", [texts[i % 30] for i in range(len(texts))], labels[np.arange(len(texts)) % 30]


def planted(*names: str, rows: int = 600) -> None:
    """Print which lines of the report move, and what it says first, when a fault is planted in real rows."""
    import pandas as pd

    for name in names or ("clinc150_domains", "movie_review_sentences", "feedback"):
        task, rng = load(name), np.random.default_rng(0)
        train = task.splits.train
        order = rng.permutation(len(train))
        half = train.select(order[: min(rows, len(train) // 3)])
        real = train.select(order[len(half) : 3 * len(half)])
        table, notes = {}, {}
        for fault, texts, labels in planted_sets(
            list(half["text"]), np.asarray(half["label"]), sk.embed(half["text"]), rng
        ):
            set_ = make_rows({"text": list(texts), "label": [str(label) for label in labels]})
            report = sk.evaluate(set_, real, progress=False)
            table[fault] = {x.metric: x.outside for x in report.lines}
            regions = len(report.tables["not covered"]), len(report.tables["nothing real"])
            table[fault] |= {"regions not covered, nothing real": f"{regions[0]}, {regions[1]}"}
            notes[fault] = [report.summary().rpartition("; ")[2], *report.notes]
        print(f"\n== {name}: {len(half)} rows beside {len(real)}\n{pd.DataFrame(table).to_string()}")
        for fault, said in notes.items():
            print(fault, *said, sep="\n    ")


def speed() -> None:
    """Time a report at 2,000 and 10,000 rows a side, vectors given."""
    import resource

    for n in (2_000, 10_000):
        rng = np.random.default_rng(0)
        words_of = [[f"word{i}x{j}" for j in range(400)] for i in range(10)]

        def invented(count, words_of=words_of, rng=rng):
            labels = [i % 10 for i in range(count)]
            texts = [" ".join(rng.choice(words_of[i], 12)) for i in labels]
            return make_rows({"text": texts, "label": [f"label {i}" for i in labels]}), labels

        (one, a), (other, b) = invented(n), invented(n)
        centres = rng.normal(size=(10, 384))
        x = (centres[a + b] + 1.5 * rng.normal(size=(2 * n, 384))).astype(np.float32)
        known = dict(zip([*one["text"], *other["text"]], x / np.linalg.norm(x, axis=1, keepdims=True), strict=True))
        wall, cpu = time.perf_counter(), time.process_time()
        sk.evaluate(one, other, embedder=lambda texts, known=known: np.stack([known[t] for t in texts]))
        took = time.perf_counter() - wall, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        load = os.getloadavg()[0]
        print(
            f"{n:,} against {n:,}: {took[0]:.1f} s, {took[1]:.1f} s of CPU, {peak:.2f} GB, load {load:.1f}", flush=True
        )


def embedding() -> None:
    """Print texts a second of the sentence model beside sentence-transformers, by turns, one process."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        print("sentence-transformers is not installed: no rate to stand beside")
        return
    from synthkit.core.embedding import MiniLM, weights_folder

    texts = list(load("clinc150_domains").splits.train["text"][:1000]) + list(
        load("dbpedia14").splits.train["text"][:300]
    )
    ours, theirs = MiniLM(weights_folder()), SentenceTransformer(str(weights_folder()), device="cpu")
    rates = {"ours": [], "theirs": []}
    for _ in range(5):
        for name, model in (("ours", ours), ("theirs", theirs.encode)):
            start = time.perf_counter()
            out = model(texts)
            rates[name].append(len(texts) / (time.perf_counter() - start))
            assert len(out) == len(texts)
    middle = {name: float(np.median(r)) for name, r in rates.items()}
    print(f"embedding {len(texts):,} texts: {middle}, ratio {middle['ours'] / middle['theirs']:.2f}")


def real(name: str = "clinc150_domains") -> None:
    """Print what the report says of each way of asking, against real rows, and the macro-F1 on validation rows."""
    task = load(name)
    seeds = sk.load_seeds(task, k=K)
    out, notes = {}, {}
    for way in ("zero_shot", "attributed"):
        made = sk.generate(sk.plan(task, strategy=way, n=N), progress=False)
        report = sk.evaluate(made.rows, seeds.rest, seeds=seeds, metrics="bias")
        out[way] = report.to_frame().set_index("metric")["synthetic"]
        out[f"control of {way}"] = report.to_frame().set_index("metric")["control"]
        arms = sk.compare({way: made.rows}, test=task.splits.validation, students=["minilm_lr"], progress=False)
        out[way]["macro-F1 on validation rows"] = str(arms.get(way, "minilm_lr").macro_f1)
        notes[way] = report.notes
        for table in ("not covered", "nothing real", "overused", "swaps"):
            frame = report.table(table)
            print(f"\n{way}, {table}\n{frame.drop(columns=[c for c in ('example', 'ids') if c in frame])}")
    import pandas as pd

    print(pd.DataFrame(out).fillna("").to_string(), notes, sep="\n")


def constants(path: str) -> None:
    """Print what synthkit/quality/usefulness.py holds."""
    (slope, intercept), reach = line(table_of(path), SIGNAL)
    print(f"SLOPE, INTERCEPT, REACH = {slope:.4f}, {intercept:.4f}, {reach:.4f}")


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "sets":
        measure_sets(Path(rest[0]), rest[1:] or TASKS)
    elif what == "validate":
        validate(rest[0])
    elif what == "real":
        real(*rest)
    elif what == "constants":
        constants(rest[0])
    elif what == "planted":
        planted(*rest)
    elif what == "speed":
        speed()
    elif what == "embedding":
        embedding()
