"""How time and memory grow with the rows: each size in a process of its own, beside what one would use instead.

    python benchmarks/scale.py                     a table, and benchmarks/scale.png
    python benchmarks/scale.py embed evaluate      these alone
    python benchmarks/scale.py --workers 100000    so many requests by one worker, then by two shards (ten minutes)

A curve ends with the first size that takes more than LIMIT seconds of the processor. Times are processor time of all
threads, so that a busy machine does not count; on idle cores embedding is faster by the number of its threads.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

LIMIT = 60.0
SIZES = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
HERE = Path(__file__)


def texts(n: int, seed: int = 0, words: int = 20) -> list[str]:
    """Return invented texts of words as frequent as Zipf's law has them."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    lexicon = np.array(["".join(rng.choice(letters, size)) for size in rng.integers(2, 9, 20_000)])
    chances = 1 / np.arange(5, 20_005)
    chosen = lexicon[rng.choice(20_000, (n, words), p=chances / chances.sum())]
    return [" ".join(some) for some in chosen]


def templated(n: int) -> list[str]:
    names, codes = texts(n, 1, 1), np.random.default_rng(2).integers(10**5, 10**6, n)
    form = "dear {} {} your one time code is {} do not share it with anyone"
    return [form.format(name, n, code) for name, n, code in zip(names, range(n), codes, strict=True)]


def rows(n: int, seed: int):
    from synthkit.core.rows import make_rows

    return make_rows({"text": texts(n, seed), "label": [f"label {i % 5}" for i in range(n)]})


def load(n, folder):
    import synthkit as sk

    path = written(n, folder)
    return lambda: sk.load_rows(path)


def load_pandas(n, folder):
    import pandas as pd

    path = written(n, folder)
    return lambda: pd.read_csv(path)


def written(n, folder):
    path = folder / "rows.csv"
    if not path.exists():
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *((t, f"label {i % 5}") for i, t in enumerate(texts(n)))])
    return path


def near(n, folder, some=texts):
    from synthkit.core.duplicates import NearIndex

    given = some(n)

    def run():
        index = NearIndex()
        for i, text in enumerate(given):
            if index.nearest(text) is None:
                index.add(text, i)

    return run


def near_template(n, folder):
    return near(n, folder, templated)


def near_datasketch(n, folder, some=texts):
    from datasketch import MinHash, MinHashLSH

    from synthkit.core.text import shingles

    given = some(n)

    def run():
        index = MinHashLSH(threshold=0.8, num_perm=64)
        for i, text in enumerate(given):
            sketch = MinHash(num_perm=64)
            sketch.update_batch([s.encode() for s in shingles(text)])
            if not index.query(sketch):
                index.insert(i, sketch)

    return run


def near_template_datasketch(n, folder):
    return near_datasketch(n, folder, templated)


def runs(n, folder):
    from synthkit.core.duplicates import OverlapIndex

    given, others = texts(n), texts(n, 5)

    def run():
        index = OverlapIndex(others, range(n), floor=8)
        for text in given:
            index.longest(text)

    return run


def runs_repeated(n, folder):
    from synthkit.core.duplicates import OverlapIndex

    return lambda: OverlapIndex(["na " * n], ["a"], floor=8).longest("na " * n)


def runs_repeated_difflib(n, folder):
    from difflib import SequenceMatcher

    return lambda: SequenceMatcher(None, ["na"] * n, ["na"] * n, autojunk=False).find_longest_match()


def personal(n, folder):
    from synthkit.seeds.anonymizer import find_personal

    find_personal("warm up")
    given = texts(n)
    return lambda: [find_personal(t) for t in given]


def personal_colons(n, folder):
    from synthkit.seeds.anonymizer import find_personal

    find_personal("warm up")
    return lambda: find_personal(":" * n)


def embed(n, folder):
    from synthkit.core.embedding import _minilm

    model, given = _minilm(), texts(n, words=6)  # invented words have three or four pieces each
    return lambda: model(given)


def embed_sentence_transformers(n, folder):
    from sentence_transformers import SentenceTransformer

    from synthkit.core.embedding import weights_folder

    model, given = SentenceTransformer(str(weights_folder()), device="cpu"), texts(n, words=6)
    return lambda: model.encode(given, show_progress_bar=False)


def evaluate(n, folder):
    import synthkit as sk

    rng = np.random.default_rng(3)
    centres = rng.normal(size=(5, 384))

    def vectors(some):
        noise = np.random.default_rng(len(some)).normal(size=(len(some), 384)) + centres[np.arange(len(some)) % 5]
        return noise / np.linalg.norm(noise, axis=1, keepdims=True)

    synthetic, real = rows(n, 6), rows(n, 7)
    return lambda: sk.evaluate(synthetic, real, embedder=vectors, progress=False)


WORK = {
    "read a CSV": (load, "pandas.read_csv", load_pandas),
    "near-duplicates": (near, "datasketch", near_datasketch),
    "near-duplicates, one template": (near_template, "datasketch", near_template_datasketch),
    "shared runs, n texts beside n": (runs, "", None),
    "shared run, one word n times": (runs_repeated, "difflib", runs_repeated_difflib),
    "personal data": (personal, "", None),
    "personal data, n colons": (personal_colons, "", None),
    "embed": (embed, "sentence-transformers", embed_sentence_transformers),
    "evaluate n beside n, vectors given": (evaluate, "", None),
}


def measured(what: str, n: int) -> dict | None:
    """Return processor seconds and peak memory (GB) of a function of this file at a size, in a process of its own."""
    done = subprocess.run([sys.executable, HERE, "--one", what, str(n)], capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


def one(what: str, n: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = globals()[what](n, Path(folder))
        start = time.process_time()
        run()
        seconds = time.process_time() - start
    print(json.dumps({"seconds": round(seconds, 3), "memory": peak()}))


def peak() -> float:
    """Return the most memory this process had, in GB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6), 2)


def shard(which: str, n: int, url: str, path: str) -> None:
    """Ask a shard of n requests in this process, and print what it took."""
    import synthkit as sk
    from synthkit.cli.stores import ask_shard

    plan = sk.plan(sk.load_task("feedback"), strategy="attributed", n=5 * n, surplus=0)
    llm, wall, cpu = sk.LLM("m", base_url=url, api_key="k", concurrency=64), time.perf_counter(), time.process_time()
    with warnings.catch_warnings(), sk.Store(path) as store:
        warnings.simplefilter("ignore")  # prompts that happen to be the same get the same answer from this server
        answered = ask_shard(plan, which, llm=llm, store=store, progress=False).answered
    taken = {"answered": answered, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps(taken | {"memory": peak()}))


def workers(n: int) -> None:
    """Ask n requests of a server on loopback by one worker, then by two at once; both must store the same replies."""
    from engine import Server

    import synthkit as sk

    server, stored = Server(), []
    with tempfile.TemporaryDirectory() as folder:
        for count in (1, 2):
            server.set(steady=True)
            paths = [f"{folder}/{i}-of-{count}.sqlite" for i in range(1, count + 1)]
            command = [sys.executable, HERE, "--shard"]
            more = [[f"{i}/{count}", str(n), server.url, path] for i, path in enumerate(paths, 1)]
            running = [subprocess.Popen([*command, *m], stdout=subprocess.PIPE, text=True) for m in more]
            done = [json.loads(p.communicate()[0].splitlines()[-1]) for p in running]
            start = time.perf_counter()
            with sk.Store(f"{folder}/{count}.sqlite") as store:
                store.merge(*paths)
                merged = time.perf_counter() - start
                rows = store.read("SELECT key, content, prompt_tokens, completion_tokens FROM replies ORDER BY key")
            stored.append(hashlib.sha256(repr(rows).encode()).hexdigest())
            wall, cpu = max(d["wall"] for d in done), sum(d["cpu"] for d in done)
            memory = max(d["memory"] for d in done)
            rate = f"{len(rows) / wall:.0f} a s, {1000 * cpu / n:.2f} ms of CPU each"
            print(
                f"{count} worker(s): {len(rows):,} of {n:,} in {wall:.0f} s, {rate}, {memory:.2f} GB a worker", end="; "
            )
            print(f"merged in {merged:.1f} s; load {os.getloadavg()[0]:.1f}", flush=True)
    server.close()
    print("the same replies" if stored[0] == stored[1] else "OTHER REPLIES")


def curve(function) -> dict[int, dict]:
    out = {}
    for n in SIZES:
        point = measured(function.__name__, n)
        if point is None:
            break
        out[n] = point
        if point["seconds"] > LIMIT / 4:  # the next size takes three times as long or more
            break
    return out


def main(chosen: list[str]) -> None:
    from synthkit.core.figures import BLUE, GREY, closed, grid, theme

    names = [n for n in WORK if not chosen or any(c in n for c in chosen)]
    curves = {}
    for name in names:
        ours, other, theirs = WORK[name]
        for who, function in (("synthkit", ours), (other, theirs)):
            if function:
                curves[name, who] = curve(function)
                points = "  ".join(
                    f"{n:,}: {p['seconds']:.2f} s {p['memory']:.1f} GB" for n, p in curves[name, who].items()
                )
                print(f"{name:<36}{who:<22}{points or 'not installed'}", flush=True)
    theme()
    figure, axes = grid(-(-len(names) // 3), min(3, len(names)), 3.2)
    for axis, name in zip(axes, names, strict=False):
        for who, colour, marker in (("synthkit", BLUE, "o"), (WORK[name][1], GREY, "^")):
            if points := curves.get((name, who)):
                seconds = [max(p["seconds"], 1e-3) for p in points.values()]
                axis.plot(list(points), seconds, color=colour, marker=marker, label=who)
        axis.set(xscale="log", yscale="log", title=name, xlabel="n", ylabel="seconds")
        axis.legend(fontsize=8)
    for axis in axes[len(names) :]:
        axis.set_axis_off()
    if not chosen:
        closed(figure).savefig(HERE.with_suffix(".png"))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--one", what, n]:
            one(what, int(n))
        case ["--shard", which, n, url, path]:
            shard(which, int(n), url, path)
        case ["--workers", n]:
            workers(int(n))
        case chosen:
            main(chosen)
