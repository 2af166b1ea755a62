"""What predicts, before anybody trains for real, how a classifier trained on a set does on real rows?

SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py sets FILE     build graded sets, measure them, write FILE
python benchmarks/report.py validate FILE                          rank correlations, datasets and families left out
python benchmarks/report.py constants FILE                         what synthkit/quality/usefulness.py holds
SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py planted [TASK ...]  which line moves when a fault is planted
SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py real [TASK]   reports of a task's recordings against its real rows
SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py speed         the report at 2,000 and 10,000 rows a side

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
from synthkit.quality.alignment import c2st, distances, mmd, reached
from synthkit.quality.diversity import distinct, vendi
from synthkit.quality.fidelity import knn_fidelity
from synthkit.quality.usefulness import MOST, WEIGHTS, signals

TASKS = ["feedback", "clinc150_domains", "pros_cons", "sms_spam", "movie_review_sentences", "banking77", "dbpedia14"]
POOL, TEST, N, K = 3000, 1500, 200, 10


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


def other_signals(vectors, tokens, labels, few_vectors, few_labels, unlabelled, unlabelled_tokens) -> dict[str, float]:
    """Signals that the estimate does not join: they rank no better, or turn their sign from kind to kind of set."""
    rng, labels, few_labels = np.random.default_rng(0), np.asarray(labels), np.asarray(few_labels)
    trained, few = LabelClassifier(vectors, labels), LabelClassifier(few_vectors, few_labels)
    n, bits = min(len(vectors), len(unlabelled)), np.log2(len(few.labels))
    some, real = rng.permutation(len(vectors))[:n], rng.permutation(len(unlabelled))[:n]
    small, small_real = some[:50], real[:50]
    agreed = []
    for _ in range(3):  # how often classifiers of two halves of the set agree (Jiang et al. 2022, arXiv 2106.13799)
        order = rng.permutation(len(labels))
        order = order[np.argsort(labels[order], kind="stable")]
        parts = order[::2], order[1::2]
        if all(len(set(labels[part].tolist())) > 1 for part in parts):
            one, other = (LabelClassifier(vectors[part], labels[part]).predict(unlabelled) for part in parts)
            agreed.append((one == other).mean())
    return {
        "probe macro-F1": macro_f1(few_labels, trained.predict(few_vectors)),
        "probe log-likelihood": 1 + trained.log2(few_vectors, few_labels).mean() / bits,
        "agreement": float((trained.predict(unlabelled) == few.predict(unlabelled)).mean()),
        "label fidelity (PVI)": 1 + few.log2(vectors, labels).mean() / bits,
        "label fidelity (kNN)": knn_fidelity(distances(vectors, few_vectors), labels, few_labels),
        "Vendi, 50 rows": np.log(vendi(vectors[small]) / vendi(unlabelled[small_real])),
        "Vendi, all rows": np.log(vendi(vectors[some]) / vendi(unlabelled[real])),
        "distinct-2, 50 rows": np.log(
            max(1e-3, distinct([tokens[i] for i in small]))
            / max(1e-3, distinct([unlabelled_tokens[i] for i in small_real]))
        ),
        "MMD": -mmd(unlabelled[real], vectors[some], permutations=1)[0],
        "C2ST": -c2st(unlabelled[real], vectors[some]),
        **{n: float(x.mean()) for n, x in zip(("coverage", "precision"), reached(unlabelled, vectors), strict=True)},
        "agreement of two halves": float(np.mean(agreed)) if agreed else 0.5,
        "vocabulary": float(np.log(len({w for text in tokens for w in text}))),
    }


def inside(x, y) -> float:
    """Macro-F1 of cross-validation within the set itself: what is often shown in place of a test on real rows."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = min(5, np.unique(y, return_counts=True)[1].min())
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
            ours, theirs = free[: len(free) // 2], free[len(free) // 2 :][:MOST]
            made, unlabelled = pool.select(ours), pool.select(theirs)
            few_x, few_y = sk.embed(seeds.rows["text"]), np.asarray(seeds.rows["label"])
            unlabelled_x, test_x = sk.embed(unlabelled["text"]), sk.embed(test["text"])
            unlabelled_words = [words(t) for t in unlabelled["text"]]
            own = (list(made["text"]), np.asarray(made["label"]), sk.embed(made["text"]))
            for family, kind, texts, labels in graded_sets(task, seeds, *own, rng):
                x = sk.embed(texts)
                truth = macro_f1(test["label"], student(x, labels).predict(test_x))
                tokens = [words(t) for t in texts]
                values = signals(x, labels, few_x, few_y, unlabelled_x)
                values |= other_signals(x, tokens, labels, few_x, few_y, unlabelled_x, unlabelled_words)
                values |= {"TF-IDF probe": word_probe(texts, labels, seeds.rows)}
                values |= {"rows": len(x), "cross-validated inside": inside(x, labels)}
                what = {"task": name, "state": state, "family": family, "set": kind, "truth": truth}
                done.append(what | {k: float(v) for k, v in values.items()})
            few = macro_f1(test["label"], student(few_x, few_y).predict(test_x))
            print(f"{name}, draw {state}: few real rows {few:.3f}, {time.monotonic() - start:.0f} s", flush=True)
        out.write_text(json.dumps(done, indent=0))


RIDGE = 20.0
SPOILED = ("subsampled", "label noise", "duplicated", "topic-dropped", "cut short")
OUTSIDE = ("task", "state", "family", "set", "truth", "group", "rows", "cross-validated inside")
VOTE = ("agreement, macro-F1", "TF-IDF probe", "coverage", "vocabulary")  # whose ranks are averaged, beside the others


def table_of(path: str):
    import pandas as pd

    data = pd.DataFrame(json.loads(Path(path).read_text()))
    data["group"] = data["task"] + data["state"].astype(str)
    return data


def logit(p):
    p = np.clip(p, 0.02, 0.98)
    return np.log(p) - np.log(1 - p)


def fitted(data, names):
    """Return (means, standard deviations, weights, intercept) of a ridge regression on the logit of macro-F1."""
    x, y = data[names], logit(data["truth"].to_numpy())
    mean, sd = x.mean(), x.std()
    z = ((x - mean) / sd).to_numpy()
    weights = np.linalg.solve(z.T @ z + RIDGE * np.eye(len(names)), z.T @ (y - y.mean()))
    return mean, sd, weights, float(y.mean())


def left_out(data, names, *, families: bool = True):
    """Return the expected macro-F1 of every set, from sets of other datasets and of other families of set alone."""
    out = np.empty(len(data))
    for task in data["task"].unique():
        for family in data["family"].unique() if families else [None]:
            mine = (data["task"] == task).to_numpy() & ((data["family"] == family).to_numpy() | (not families))
            others = (data["task"] != task) & ((data["family"] != family) | (not families))
            if mine.any():
                mean, sd, weights, start = fitted(data[others], names)
                out[mine] = 1 / (1 + np.exp(-(((data.loc[mine, names] - mean) / sd).to_numpy() @ weights + start)))
    return out


def correlation(data, column: str) -> float:
    """Return Spearman's correlation with the truth within a draw of a dataset, the mean over all of them."""
    from scipy.stats import spearmanr

    each = [spearmanr(x[column], x["truth"])[0] for _, x in data.groupby("group") if len(x) > 4 and x[column].std() > 0]
    return float(np.mean(each)) if each else float("nan")


def validate(path: str) -> None:
    """Print how each signal, and what joins them, ranks the sets of families that nothing was fitted on."""
    data = table_of(path)
    signal_names = [c for c in data if c not in OUTSIDE]
    data["joined"] = left_out(data, list(WEIGHTS))
    data["joined, all signals"] = left_out(data, signal_names)
    data["joined, families not left out"] = left_out(data, list(WEIGHTS), families=False)
    data["mean rank of four"] = data.groupby("group")[list(VOTE)].rank().mean(axis=1)
    made = ~data["family"].isin(SPOILED)
    recorded = data["family"].str.startswith("recorded")
    parts = {
        "all": data,
        "spoiled": data[~made],
        "generated": data[made],
        "an LLM's": data[recorded],
        "an LLM's, all rows": data[recorded & data["set"].str.endswith("1/1")],
    }
    joined = [c for c in data if c.startswith(("joined", "mean rank"))]
    rows = {c: [correlation(x, c) for x in parts.values()] for c in (*joined, *signal_names, *OUTSIDE[-2:])}
    print(f"{len(data)} sets of {data['task'].nunique()} datasets; Spearman's correlation with macro-F1 on test rows")
    print(f"| signal | {' | '.join(f'{k} ({len(x)})' for k, x in parts.items())} |\n|{' --- |' * (len(parts) + 1)}")
    for c in sorted(rows, key=lambda c: (c not in joined, -rows[c][2])):
        print(f"| {c} | {' | '.join(f'{v:.2f}' for v in rows[c])} |")
    error = data["joined"] - data["truth"]
    print(f"\noff by {error.abs().mean():.3f} on average, nine of ten sets by {error.abs().quantile(0.9):.3f} or less")
    print("a dataset:", error.abs().groupby(data["task"]).mean().round(3).to_dict())
    print("a family (above 0: expected too much):", error.groupby(data["family"]).mean().round(3).to_dict())


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
    """Time a report at 2,000 and 10,000 rows a side, vectors given, and embedding beside sentence-transformers."""
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
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        print("sentence-transformers is not installed: no rate to stand beside")
        return
    from synthkit.core.embedding import MiniLM, weights_folder

    texts = list(load("clinc150_domains").splits.train["text"][:1000]) + list(
        load("dbpedia14").splits.train["text"][:300]
    )
    ours, theirs = MiniLM(weights_folder()), SentenceTransformer(os.environ["MINILM_FOLDER"], device="cpu")
    rates = {"ours": [], "theirs": []}
    for _ in range(3):
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
    data, names = table_of(path), list(WEIGHTS)
    reach = float(np.quantile(np.abs(logit(left_out(data, names)) - logit(data["truth"].to_numpy())), 0.9))
    mean, sd, weights, start = fitted(data, names)
    print("WEIGHTS: dict[str, tuple[float, float, float]] = {")
    for name, w in zip(names, weights, strict=True):
        print(f'    "{name}": ({mean[name]:.4f}, {sd[name]:.4f}, {w:.4f}),')
    print(f"}}\nINTERCEPT, REACH = {start:.4f}, {reach:.4f}")


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
