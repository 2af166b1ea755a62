"""Do the intervals of `compare` cover what they say? A/A tests and known gains on real predictions, truth known.

SYNTHKIT_REALDATA=FOLDER python benchmarks/intervals.py          fits once (minutes, kept in CACHE), then simulates
SYNTHKIT_REALDATA=FOLDER python benchmarks/intervals.py 1000     with 1,000 repeats a cell in place of 400

A population of fits is made of real train rows: draws of ten rows a label, and "generations", each 100 rows from a
random half of a label's topics, so that generations differ by more than their rows. A repeat takes a few of each and
test rows with replacement; the truth is the score of all fits on all test rows (0 for A/A). A perfect interval is 1.96
standard deviations of the estimates to either side.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import synthkit as sk
from synthkit.core.stats import Fits, estimate, one_thread, score

CACHE = Path(os.environ.get("SYNTHKIT_INTERVALS", "intervals_cache"))
SETS = ("clinc150_domains", "movie_review_sentences")
DRAWS = GENERATIONS = 36
K, ROWS, REFITS, POOL = 10, 100, 10, 4000


def fit_predict(x, y, tested):
    """Return class numbers of `tested` by the student's own classifier, C = 10."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10, max_iter=2000, class_weight="balanced").fit(x, y).predict(tested).astype(np.uint8)


def some_of_each(y, k, rng):
    return np.concatenate([rng.permutation(np.flatnonzero(y == c))[:k] for c in range(y.max() + 1)])


def again(where, y, rng):
    """Return row numbers drawn with replacement, label by label."""
    return np.concatenate([rng.choice(where[y[where] == c], (y[where] == c).sum()) for c in np.unique(y[where])])


def population(name: str) -> dict[str, np.ndarray]:
    """Return predictions of every fit on the test rows: by draw, by generation, by both, and of refits."""
    path = CACHE / f"{name}.npz"
    if path.is_file():
        return dict(np.load(path))
    from sklearn.cluster import KMeans

    task = sk.load_task(name)
    labels = sorted(task.labels)
    rng = np.random.default_rng(0)
    train, test = task.splits.train, task.splits.test
    test = test.select(np.sort(rng.permutation(len(test))[:POOL]))
    x, tested = sk.embed(train["text"], embedder="minilm"), sk.embed(test["text"], embedder="minilm")
    y, truth = (np.searchsorted(labels, rows["label"]) for rows in (train, test))
    topic = np.zeros(len(y), dtype=int)
    with one_thread():
        for c in range(len(labels)):
            of = np.flatnonzero(y == c)
            topic[of] = KMeans(12, n_init=1, random_state=0).fit_predict(x[of])
    draws = [some_of_each(y, K, np.random.default_rng([1, d])) for d in range(DRAWS)]
    generations = []
    for g in range(GENERATIONS):
        rng = np.random.default_rng([2, g])
        seen = np.stack([rng.permutation(12) < 6 for _ in labels])[y, topic]
        where = np.flatnonzero(seen)
        generations.append(where[some_of_each(y[where], ROWS // len(labels), rng)])

    def fits(*sets):
        return np.stack([fit_predict(x[s], y[s], tested) for s in sets])

    with one_thread():
        out = {"truth": truth, "draws": fits(*draws), "generations": fits(*generations)}
        print(name, "single sets done", file=sys.stderr, flush=True)
        out["both"] = np.stack([fits(*(np.concatenate([d, g]) for d in draws)) for g in generations])
        print(name, "both done", file=sys.stderr, flush=True)
        rngs = [np.random.default_rng([3, i]) for i in range(DRAWS)]
        out["draws again"] = np.stack(
            [fits(*(again(d, y, r) for _ in range(REFITS))) for d, r in zip(draws, rngs, strict=True)]
        )
        # a generation's rows again beside each draw, twice: five draws have ten
        out["both again"] = np.stack(
            [
                [fits(*(np.concatenate([d, again(rows, y, rngs[g])]) for _ in range(REFITS // 5))) for d in draws]
                for g, rows in enumerate(generations)
            ]
        )
        every = np.arange(len(y))
        out["full"] = fits(every, *(again(every, y, rngs[0]) for _ in range(3)))
    CACHE.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **out)
    return out


def designs(p: dict, items: np.ndarray, rng: np.random.Generator):
    """Yield (design, arms as (weight, Fits), which truth) of one repeat."""
    one, both = p["draws"][:, items], p["both"][:, :, items]
    again, both_again = p["draws again"][:, :, items], p["both again"][:, :, :, items]
    d, g = rng.integers(0, DRAWS, 10), rng.integers(0, GENERATIONS, 6)  # as from a population without end
    five, crossed = [(0, i) for i in range(5)], [(i, j) for i in range(3) for j in range(5)]

    def draws(which, start=0):
        return Fits(one[which], [(0, start + i) for i in range(5)])

    def generations(which, start=0):
        return Fits(both[np.ix_(which, d[:5])].reshape(15, -1), [(start + i, j) for i, j in crossed])

    def single(i):
        return Fits(one[[i]], ((0, 0),), again[i], (0,) * REFITS)

    def generation(i):
        times = REFITS // 5
        return Fits(both[i, d[:5]], five, both_again[i, d[:5]].reshape(REFITS, -1), tuple(np.repeat(range(5), times)))

    yield "5 draws each, A/A", [(1, draws(d[:5])), (-1, draws(d[5:], 5))], "none"
    yield "3 generations x 5 draws, A/A", [(1, generations(g[:3])), (-1, generations(g[3:], 3))], "none"
    yield "3 x 5 against 5 draws: gain", [(1, generations(g[:3])), (-1, draws(d[:5]))], "gain"
    yield "1 x 5 each, A/A", [(1, generation(g[0])), (-1, generation(g[1]))], "none"
    yield "1 x 5 against 5 draws: gain", [(1, generation(g[0])), (-1, draws(d[:5]))], "gain"
    yield "one set each, A/A", [(1, single(d[0])), (-1, single(d[1]))], "none"
    yield "5 draws: one score", [(1, draws(d[:5]))], "few"
    yield "3 x 5: one score", [(1, generations(g[:3]))], "both"
    few, more, full = draws(d[:5]), generations(g[:3]), Fits(p["full"][:1, items])
    gap = estimate(p["truth"][items], [(1, full), (-1, few)], what="macro_f1").value
    closed = estimate(p["truth"][items], [(1, more), (-1, few)]).value / gap
    yield "3 x 5: gap closed", [(1 / gap, more), ((closed - 1) / gap, few), (-closed / gap, full)], "closed"


def truths(p: dict, what) -> dict[str, float]:
    def mean(fits):
        return float(np.mean([score(p["truth"], f, what) for f in fits.reshape(-1, fits.shape[-1])]))

    few, both, full = mean(p["draws"]), mean(p["both"]), mean(p["full"][:1])
    gain = both - few
    return {"none": 0.0, "gain": gain, "few": few, "both": both, "closed": gain / (full - few)}


def simulate(name: str, n: int, repeats: int, what="macro_f1") -> list[dict]:
    """Return coverage and width of every design, beside a perfect interval."""
    p = population(name)
    true, found = truths(p, what), {}
    for r in range(repeats):
        rng = np.random.default_rng([5, r])
        items = rng.integers(0, len(p["truth"]), n)
        for design, parts, which in designs(p, items, rng):
            if which == "closed" and what != "macro_f1":
                continue
            e = estimate(p["truth"][items], parts, what)
            if which == "closed":
                # the weights make a sum of nothing: the value is the ratio itself
                e = e._replace(value=-parts[2][0] * 1 / parts[0][0])
            low, high = e.interval()[1:]
            found.setdefault(design, []).append((e.value, low <= true[which] <= high, high - low))
    rows = []
    for design, some in found.items():
        values, covered, width = (np.array(x, dtype=float) for x in zip(*some, strict=True))
        perfect = 2 * 1.96 * values.std(ddof=1)
        rows.append(
            {
                "set": name,
                "n": n,
                "score": what,
                "design": design,
                "covered": covered.mean(),
                "width": width.mean() / perfect,
            }
        )
    return rows


if __name__ == "__main__":
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    table = []
    for name in SETS:
        for n in (200, 1000):
            for what in ("macro_f1", "accuracy"):
                table += simulate(name, n, repeats, what)
    frame = pd.DataFrame(table).round(3)
    print(
        frame.pivot_table(
            index=["score", "design"], columns=["set", "n"], values=["covered", "width"], sort=False
        ).to_string()
    )
