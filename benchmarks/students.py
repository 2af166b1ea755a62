"""The linear and the fine-tuned student on five real sets: what each learns from real and from synthetic rows.

SYNTHKIT_REALDATA=FOLDER python benchmarks/students.py prepare FILE.npz [TASK ...]   arms to plain arrays, about 30 MB
python benchmarks/students.py score FILE.npz OUT [SECONDS]    chooses the rate on validation rows (OUT/rule.json), then
                                                  trains on every arm; goes on where it was stopped
SYNTHKIT_REALDATA=FOLDER python benchmarks/students.py report OUT [TASK ...]    both students' tables and verdicts

`score` wants jax and a graphics card, and neither the rows nor most of the package: it trains the parameters
of `synthkit.comparison.finetune` by its rule, many arms at once. MiniLM travels in half precision.
Fine-tuned scores in students.json of arms of more than 320 rows are older than the rule's first three passes.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

from synthkit.comparison import finetune
from synthkit.core.transformer import embedded, loss_gradient, unit_vectors

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # others may be on the card
WHERE = Path(__file__).with_name("students.json")
K, DRAWS, FULL, TEST, VALIDATION = 10, 5, 2400, 2000, 500
STATES = {
    "feedback": 1,
    "movie_review_sentences": 1,
    "pros_cons": 3,
    "clinc150_domains": 3,
    "dbpedia14": 1,
    "banking77": 1,
}
REQUESTS = {"clinc150_domains": 30, "dbpedia14": 28, "banking77": 77, "pros_cons": 24, "movie_review_sentences": 24}
MIXES = ("plain", "outright", "zero_shot", "plain+outright", "outright+zero_shot", "plain+outright+zero_shot")
MIXES += ("zero_shot+attributed",)
CLASSES, TOGETHER, LOOKS = (
    77,
    32,
    (40, 60, 100, 160, 200, 300),
)  # the most; fits at a time; steps after which validation rows are predicted
PREFERRED = ("real_few+plain+outright", "real_few+zero_shot+attributed")
VARIANTS = [(rate, frozen) for frozen in (0, 3) for rate in (5e-5, 1e-4, 2e-4)]  # frozen: of the layers, the lowest


def arms_of(task) -> dict:
    """Return the arms: real rows in several sizes, and what of the recorded strategies there is, alone and beside."""
    import synthkit as sk
    from synthkit.comparison.arms import Arm, joined, more_real

    if task.name == "feedback":  # what lesson 05 and `synthkit run feedback` compare: to be recorded
        return sk.standard_arms(sk.generate(task, strategy="zero_shot", n=200, progress=False))
    few, real = [sk.load_seeds(task, k=K, random_state=d).rows for d in range(DRAWS)], K * len(task.labels)
    every = tuple((0, d) for d in range(DRAWS))
    train = task.splits.train.shuffle(seed=0)
    arms = {"real_few": Arm(tuple(few), every, real)}
    arms["real_full"] = Arm((train.select(range(min(FULL, len(train)))),), ((0, 0),))
    made = {}
    for strategy in ("plain", "outright", "zero_shot", "attributed"):
        size = {"requests": REQUESTS[task.name], "surplus": 0}
        if strategy in ("zero_shot", "attributed"):
            each = dict.fromkeys(task.labels, 4)
            size = {"per_label": each, "surplus": 0.3} if len(task.labels) > 40 else {"n": 200, "surplus": 0.3}
        for state in range(STATES[task.name]):
            try:
                chosen = sk.plan(task, strategy=strategy, random_state=state, **size)
                rows = sk.generate(chosen, progress=False).rows
                made.setdefault(strategy, []).append(rows)
            except sk.SynthkitError as error:
                print(f"{task.name}: no {strategy}, random_state {state}: {str(error)[:80]}", flush=True)
                break
    for mix in MIXES:
        if set(mix.split("+")) <= made.keys():
            sets = [_joined(parts) for parts in zip(*(made[part] for part in mix.split("+")), strict=False)]
            crossed = [(g, d) for g in range(len(sets)) for d in range(DRAWS)]
            arms[f"real_few+{mix}"] = Arm(tuple(joined(few[d], sets[g]) for g, d in crossed), tuple(crossed), real)
            arms[mix] = Arm(tuple(sets), tuple((g, 0) for g in range(len(sets))), 0)
    return arms | {f"real_{n}": Arm(sets, every, n * len(task.labels)) for n, sets in more_real(task, K, DRAWS)}


def _joined(parts):
    from synthkit.comparison.arms import joined

    out = parts[0]
    for part in parts[1:]:
        out = joined(out, part)
    return out


def compared(task, students):
    """Return the comparison of a task's arms on up to TEST of its test rows."""
    import synthkit as sk

    test = task.splits.test
    if len(test) > TEST:
        test = test.shuffle(seed=0).select(range(TEST))
    primary = ("real_few+plain", "real_few")
    arms = arms_of(task)
    primary = primary if primary[0] in arms else None
    return sk.compare(arms, test=test, students=students, task=task, primary=primary, progress=False), test


def key_of(texts, labels) -> str:
    return hashlib.sha256("\1".join(f"{b}\0{a}" for a, b in zip(texts, labels, strict=True)).encode()).hexdigest()[:16]


def student(answer, name: str = "finetune") -> str:
    """Make `answer(key, texts, labels, test_texts, refit) -> labels or None` the student of a name; return the name."""
    from synthkit.comparison.classifiers import STUDENTS, Predictions, Student

    def maker(test_texts, embedder):
        def fit_predict(texts, labels, resamples):
            found = answer(key_of(texts, labels), texts, labels, test_texts, False)
            refits = []
            for rows in resamples:
                some = [texts[i] for i in rows]
                refits.append(answer(key_of(some, labels[rows]), some, labels[rows], test_texts, True))
            if not refits or any(r is None for r in refits):
                return Predictions(found, name)
            return Predictions(found, name, np.stack(refits))

        return Student(fit_predict)

    STUDENTS[name] = maker
    return name


def prepare(file: str, names: list[str]) -> None:
    import synthkit as sk
    from synthkit.core.embedding import _minilm

    model, out = _minilm(), {}
    words, places, *norm = model.tables
    for name in names or STATES:
        task, jobs, pool, order = sk.load_task(name), {}, {}, []
        labels = sorted(set(task.splits.test["label"]))

        def positions(texts, pool=pool):
            return np.array([pool.setdefault(text, len(pool)) for text in texts], dtype=np.uint16)

        def keep(key, texts, given, test_texts, again, known=(name, jobs, labels, positions, order)):
            name, jobs, labels, positions, order = known
            jobs.setdefault(key, (positions(texts), np.searchsorted(labels, given), again))
            order += [key] * (not again)
            out[f"{name}/test"] = positions(test_texts)  # the test rows, and behind them what TRTS asks
            return np.repeat(labels[0], len(test_texts))

        student(keep)
        found, test = compared(task, ["finetune"])
        validation = task.splits.validation.shuffle(seed=0)
        validation = validation.select(range(min(VALIDATION, len(validation))))
        out[f"{name}/validation"] = positions(validation["text"])
        for role, rows in {"test": test, "validation": validation}.items():
            out[f"{name}/{role} y"] = np.searchsorted(labels, rows["label"]).astype(np.uint8)
        for key, (rows, y, again) in jobs.items():
            out[f"{name}/{'refit' if again else 'fit'}/{key}"] = np.stack([rows, y.astype(np.uint16)])
        keys = iter(order)
        arms = {s.arm: [next(keys) for _ in found.fits[s.arm, s.student].units] for s in found.scores}
        out[f"{name}/arms"] = np.array(json.dumps(arms))
        pieces = finetune.cut(model, list(pool))
        out[f"{name}/lengths"] = np.array([len(p) for p in pieces], dtype=np.uint8)
        out[f"{name}/pieces"] = np.concatenate(pieces).astype(np.uint16)
        print(name, len(pool), "texts", len(jobs), "fits and refits of", *arms, flush=True)
    used = np.unique(np.concatenate([v for k, v in out.items() if k.endswith("/pieces")]))
    out["used"], out["words"] = used, words[used].astype(np.float16)
    for i, array in enumerate([places[: finetune.LONGEST], *norm, *model.parameters()]):
        out[f"model/{i}"] = array.astype(np.float16)
    np.savez_compressed(file, **out)
    print(f"{Path(file).stat().st_size / 2**20:.0f} MiB")


class Card:
    """Many fits at a time on a graphics card: parameters, and Adam's memories, with the fits as the first axis."""

    def __init__(self, data):
        import jax
        import jax.numpy as jnp

        self.jax, self.jnp = jax, jnp
        arrays = [data[f"model/{i}"].astype(np.float32) for i in range(sum(k.startswith("model/") for k in data))]
        words = np.zeros((int(data["used"].max()) + 1, arrays[0].shape[1]), np.float32)
        words[data["used"]] = data["words"]
        self.tables, self.layers = (jnp.asarray(words), *map(jnp.asarray, arrays[:3])), arrays[3:]
        self.train = jax.jit(jax.vmap(self._train, in_axes=(0, 0, (0, None), 0)), donate_argnums=0)
        self.vectors = jax.jit(lambda layers, ids, mask: unit_vectors(layers, self._x(ids), mask, jnp)[0])

    def _x(self, ids):
        return embedded(self.tables, ids, self.jnp)

    def _train(self, state, batch, sizes, live):
        jnp = self.jnp

        def step(state, given):
            (ids, mask, y, share), (size, new) = given
            p, means, squares, averages = state
            loss, g = loss_gradient(p, self._x(ids), mask, y, share, jnp)
            means = [finetune.MEANS * m + (1 - finetune.MEANS) * x for m, x in zip(means, g, strict=True)]
            squares = [finetune.SQUARES * s + (1 - finetune.SQUARES) * x * x for s, x in zip(squares, g, strict=True)]
            moved = zip(p, means, squares, live, strict=True)
            p = [x - on * size * m / (jnp.sqrt(s) + 1e-8) for x, m, s, on in moved]
            return (p, means, squares, [a + new * (x - a) for a, x in zip(averages, p, strict=True)]), loss

        return self.jax.lax.scan(step, state, (batch, sizes))


class Set:
    """One set of rows as arrays: word pieces of its texts, rows of its fits, padded to the longest text."""

    def __init__(self, data, name: str, card: Card):
        self.name, self.card = name, card
        lengths = data[f"{name}/lengths"].astype(int)
        # one width and one number of classes for all sets: compiled once
        self.mask = (np.arange(finetune.LONGEST) < lengths[:, None]).astype(np.float32)
        self.ids = np.zeros(self.mask.shape, np.int32)
        self.ids[self.mask > 0] = data[f"{name}/pieces"]
        self.jobs = {"fit": {}, "refit": {}}
        for k in (k for k in data if k.startswith(f"{name}/") and k.count("/") == 2):
            self.jobs[k.split("/")[1]][k.split("/")[2]] = data[k].astype(int)
        self.arms = json.loads(str(data[f"{name}/arms"]))
        self.roles = {
            role: (data[f"{name}/{role}"].astype(int), data[f"{name}/{role} y"]) for role in ("test", "validation")
        }
        self.vectors = self.embedded(card.layers, np.arange(len(lengths)))

    def embedded(self, layers: list, rows: np.ndarray, size: int = 512) -> np.ndarray:
        """Return the unit vectors of texts, by the layers given."""
        filled = np.resize(rows, -(-len(rows) // size) * size).reshape(-1, size)
        found = [self.card.vectors(layers, self.ids[some], self.mask[some]) for some in filled]
        return np.concatenate([np.asarray(some) for some in found])[: len(rows)]

    def heads(self, jobs: list[np.ndarray]) -> list:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        with ProcessPoolExecutor(16, get_context("spawn")) as pool:
            return list(pool.map(_head, [(self.vectors[job[0]], job[1], CLASSES) for job in jobs]))

    def fit(self, jobs: list[np.ndarray], heads: list, variants: list, most: int, looks=()) -> dict:
        """Return losses, and each fit's own end; without `looks` class numbers of test rows there, else at `looks`
        those of validation rows. `variants` are (rate, layers that stay as they are) of each fit.
        """
        jnp, n = self.card.jnp, len(jobs)
        jobs, heads, variants = ([*some, *[some[-1]] * (TOGETHER - n)] for some in (jobs, heads, variants))
        start = [np.repeat(p[None], TOGETHER, axis=0) for p in self.card.layers]
        start += [np.stack([head[i] for head in heads]) for i in (0, 1)]
        state = tuple([jnp.array(p) if i in (0, 3) else jnp.zeros(p.shape) for p in start] for i in range(4))
        live = [np.array([i >= 12 * frozen for _, frozen in variants], np.float32) for i in range(len(start))]
        rates = np.array([rate / finetune.RATE for rate, _ in variants])[:, None]
        weights = [finetune.balanced(np.unique(job[1], return_inverse=True)[1]) for job in jobs]
        orders = [finetune.batches(job.shape[1]) for job in jobs]
        losses, ends, out = np.zeros((n, 0)), {}, {}
        for first in range(1, most + 1, finetune.EVERY):
            steps = range(first, first + finetune.EVERY)
            batches = [np.array([next(order) for _ in steps]) for order in orders]
            rows, y = (np.stack([job[i][b] for job, b in zip(jobs, batches, strict=True)]) for i in (0, 1))
            share = np.stack([w[b] for w, b in zip(weights, batches, strict=True)])
            share = (share / share.sum(axis=-1, keepdims=True)).astype(np.float32)
            sizes = (rates * np.array([finetune.step_size(s) for s in steps])).astype(np.float32)
            new = np.array([finetune.fresh(s) for s in steps])
            state, loss = self.card.train(state, (self.ids[rows], self.mask[rows], y, share), (sizes, new), live)
            losses, last = np.concatenate([losses, np.asarray(loss)[:n]], axis=1), steps[-1]
            if last in looks:
                out[f"validation {last}"] = [self.predicted(state[3], i, "validation") for i in range(n)]
            for i in range(n):
                if i not in ends and finetune.finished(last, losses[i], jobs[i].shape[1]):
                    ends[i] = last
                    if not looks:
                        out[f"test {i}"] = self.predicted(state[3], i, "test")
            if len(ends) == n and not looks:
                break
        return out | {"losses": losses, "ends": [ends.get(i, most) for i in range(n)]}

    def predicted(self, parameters: list, i: int, role: str) -> np.ndarray:
        *layers, weights, bias = [some[i] for some in parameters]
        vectors = self.embedded(layers, self.roles[role][0])
        return (vectors @ np.asarray(weights) + np.asarray(bias)).argmax(axis=1)

    def f1(self, predicted: np.ndarray, role: str) -> float:
        from sklearn.metrics import f1_score

        truth = self.roles[role][1]
        return float(f1_score(truth, predicted[: len(truth)], average="macro"))


def _head(given: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and biases of the linear classifier that a fit starts from; a class without rows is never said."""
    from synthkit.comparison.classifiers import linear_head

    x, y, classes = given
    there, y = np.unique(y, return_inverse=True)
    weights, biases = np.zeros((x.shape[1], classes), np.float32), np.full(classes, -1e9, np.float32)
    weights[:, there], biases[there] = linear_head(x, y)
    return weights, biases


def tune(sets: list[Set], out: Path) -> None:
    """Print macro-F1 on validation rows of a few fits by rate, frozen layers and steps; write down the best variant."""
    found = []
    for some in sets:
        both = next(m for m in (*PREFERRED, "real_few+synthetic") if m in some.arms)
        chosen = {arm: some.arms[arm][:2] for arm in ("real_few", both, "real_full")}
        jobs = [some.jobs["fit"][k] for keys in chosen.values() for k in keys]
        heads = some.heads(jobs)
        fits = [(i, v) for v in VARIANTS for i in range(len(jobs))]
        given = [jobs[i] for i, _ in fits], [heads[i] for i, _ in fits], [v for _, v in fits]
        trained = some.fit(*given, max(LOOKS), LOOKS)
        arms = [arm for arm, keys in chosen.items() for _ in keys]
        for n, (i, (rate, frozen)) in enumerate(fits):
            f1 = [round(some.f1(trained[f"validation {look}"][n], "validation"), 4) for look in LOOKS]
            at = max(i for i, look in enumerate(LOOKS) if look <= trained["ends"][n])
            line = {"set": some.name, "arm": arms[i], "rate": rate, "frozen": frozen, "end": trained["ends"][n]}
            found.append(
                line | {"f1 at end": f1[at], "f1": f1, "loss": np.round(trained["losses"][n][::10], 3).tolist()}
            )
            print(json.dumps(found[-1]), flush=True)
    mean = {v: np.mean([line["f1 at end"] for line in found if (line["rate"], line["frozen"]) == v]) for v in VARIANTS}
    best = max(mean, key=mean.get)
    print({str(v): round(float(m), 4) for v, m in mean.items()}, "best", best, flush=True)
    (out / "tune.json").write_text(json.dumps(found))
    (out / "rule.json").write_text(json.dumps(best))


def score(file: str, out: Path, seconds: float) -> None:
    """Train on every arm, those with luck drawn again last; write test predictions as they come."""
    (card, data), until = loaded(file), time.perf_counter() + seconds
    sets, rule = [Set(data, name, card) for name in STATES if f"{name}/arms" in data], out / "rule.json"
    print(f"{time.perf_counter() - until + seconds:.0f} s to the vectors", flush=True)
    if not rule.is_file():
        tune(sets, out)
        print(f"{time.perf_counter() - until + seconds:.0f} s to the rule", flush=True)
    variant = tuple(json.loads(rule.read_text()))
    for kind in ("fit", "refit"):
        for some in sets:
            keys = sorted(some.jobs[kind], key=lambda k: some.jobs[kind][k].shape[1])
            for first in range(0, len(keys), TOGETHER):
                group, where = keys[first : first + TOGETHER], out / f"{some.name}-{kind}-{first:03}.npz"
                if where.is_file():
                    continue
                if time.perf_counter() > until:
                    print("time is up; the same command goes on here", flush=True)
                    return
                start = time.perf_counter()
                jobs = [some.jobs[kind][k] for k in group]
                heads = some.heads(jobs)
                trained = some.fit(jobs, heads, [variant] * len(jobs), finetune.MOST)
                tested = some.vectors[some.roles["test"][0]]
                linear = np.stack([(tested @ w + b).argmax(axis=1) for w, b in heads])
                predicted = np.stack([trained[f"test {i}"] for i in range(len(group))])
                saved = {"keys": np.array(group), "finetune": predicted, "linear": linear}
                np.savez_compressed(where, **{k: v.astype(np.uint8) if v.ndim == 2 else v for k, v in saved.items()})
                print(
                    f"{where.name}: {len(jobs)} fits, to step {max(trained['ends'])}, "
                    f"{time.perf_counter() - start:.1f} s",
                    flush=True,
                )
            if kind == "fit":
                show(some, out)


def show(some: Set, out: Path) -> None:
    """Print mean macro-F1 and the gap closed by arm, of both students (the linear one at C = 10), and save them."""
    saved, lines = predictions(out, some.name), {}
    for arm, keys in some.arms.items():
        lines[arm] = {s: float(np.mean([some.f1(saved[k][s], "test") for k in keys])) for s in ("linear", "finetune")}
    for arm, f1 in lines.items():
        gap = {s: lines["real_full"][s] - lines["real_few"][s] for s in f1}
        closed = {s: f"{(f1[s] - lines['real_few'][s]) / gap[s]:.0%}" for s in f1}
        print(some.name, arm, {s: f"{f1[s]:.3f} ({closed[s]})" for s in f1}, flush=True)
    (out / f"{some.name}.json").write_text(json.dumps(lines, indent=1))


def predictions(out: Path, name: str) -> dict[str, dict[str, np.ndarray]]:
    found = {}
    for file in sorted(out.glob(f"{name}-*.npz")):
        with np.load(file) as saved:
            given = {what: saved[what] for what in ("linear", "finetune")}
            found |= {k: {what: v[i] for what, v in given.items()} for i, k in enumerate(saved["keys"].tolist())}
    return found


def loaded(file: str) -> tuple[Card, dict]:
    with np.load(file) as saved:
        data = dict(saved)
    return Card(data), data


def report(out: Path, names: list[str]) -> None:
    """Print both students' scores, worth and verdicts with intervals, and write them beside this file."""
    import synthkit as sk

    saved = json.loads(WHERE.read_text(encoding="utf-8")) if WHERE.is_file() else {}
    for name in names or [name for name in STATES if predictions(out, name)]:
        task, known, recorded = sk.load_task(name), predictions(out, name), {}
        labels = np.array(sorted(set(task.splits.test["label"])))

        def replay(key, texts, given, test_texts, again, known=(known, recorded, labels), student="finetune"):
            known, recorded, labels = known
            if key not in known:
                if not again:
                    raise SystemExit(f"{len(texts)} rows were not scored: other recordings than at `prepare`?")
                return None
            names, y = np.unique(given, return_inverse=True)
            if student == "finetune":
                predicted = np.searchsorted(names, labels[known[key][student]]).tolist()
                parameters = f"{finetune.LEAST} to {finetune.MOST} steps of {finetune.BATCH}"
                key = finetune.kept_key(texts, y, test_texts)
                recorded[key] = {"parameters": parameters, "predicted": predicted}
            return labels[known[key][student]]

        students = [student(partial(replay, student="linear"), "linear"), student(replay)]
        found, _ = compared(task, students)
        if name == "feedback":  # its rows are the kit's own: the lesson's fits are shipped
            lines = [json.dumps({"key": key, **line}, separators=(",", ":")) for key, line in recorded.items()]
            (task.recordings / "finetuned.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        arms = [arm for arm in dict.fromkeys(s.arm for s in found.scores) if arm.startswith("real_few+")]
        saved[name] = {"test_rows": found.test_rows, "labels": len(labels), "arms": {}}
        for s in found.scores:
            saved[name]["arms"].setdefault(s.arm, {"rows": s.rows})[s.student] = list(s.macro_f1)
        for arm, student_ in ((arm, student_) for arm in arms for student_ in students):
            closed, worth = found.gap_closed(arm, student_), found.worth(arm, student=student_)
            added = found.difference(arm, "real_few", student_)
            line = {"added": str(added), "gap closed": str(closed or ""), "worth": str(worth or "")}
            saved[name]["arms"][arm][f"{student_}, beside the few"] = line
            print(name, arm, student_, line, flush=True)
        WHERE.write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    what, *rest = sys.argv[1:] or ["help"]
    if what == "prepare":
        prepare(rest[0], rest[1:])
    elif what == "score":
        out = Path(rest[1])
        out.mkdir(parents=True, exist_ok=True)
        score(rest[0], out, float(rest[2]) if rest[2:] else 1e9)
    elif what == "report":
        report(Path(rest[0]), rest[1:])
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
