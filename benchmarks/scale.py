"""How time and memory grow with the rows: each size in a process of its own, beside what one would use instead.

    python benchmarks/scale.py                     all of it: a table, scale.json and scale.png (half an hour)
    python benchmarks/scale.py embed evaluate      these again, and the picture with what scale.json has of the rest

A curve ends before a size that would take more than LIMIT seconds of the processor, as the sizes before it say. Times
are processor time of one thread, so that a busy machine counts little; memory is the most that the process had.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LIMIT = 160.0
SIZES = [1_000, 10_000, 100_000, 1_000_000]
EVALUATED = [1_000, 10_000, 50_000]  # a report of more reads so many, drawn at random
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
        return (noise / np.linalg.norm(noise, axis=1, keepdims=True)).astype(np.float32)

    synthetic, real = rows(n, 6), rows(n, 7)
    return lambda: sk.evaluate(synthetic, real, embedder=vectors, progress=False)


WORK = {
    "read a CSV": (load, "pandas.read_csv", load_pandas),
    "near-duplicates": (near, "datasketch", near_datasketch),
    "near-duplicates, templated": (near_template, "datasketch", near_template_datasketch),
    "runs shared with n other texts": (runs, "", None),
    "run shared, one word n times": (runs_repeated, "difflib", runs_repeated_difflib),
    "personal data": (personal, "", None),
    "personal data, n colons": (personal_colons, "", None),
    "embed": (embed, "sentence-transformers", embed_sentence_transformers),
    "evaluate n beside n": (evaluate, "", None),
}


def measured(what: str, n: int) -> dict | None:
    """Return processor seconds and peak memory (GB) of a function of this file at a size, in a process of its own."""
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, HERE, "--one", what, str(n)], capture_output=True, text=True, env=alone)
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


def curve(function) -> dict[int, dict]:
    """Return what each size takes, by size, as long as the next is expected to take less than LIMIT."""
    out: dict[int, dict] = {}
    for n in EVALUATED if function is evaluate else SIZES:
        if len(out) > 1:
            (small, first), (large, last) = list(out.items())[-2:]
            slope = np.log(max(last["seconds"], 0.1) / max(first["seconds"], 0.1)) / np.log(large / small)
            if last["seconds"] * (n / large) ** max(slope, 1) > LIMIT:
                break
        if (point := measured(function.__name__, n)) is None:
            break
        out[n] = point
    return out


def main(chosen: list[str]) -> None:
    kept = HERE.with_suffix(".json")
    curves = json.loads(kept.read_text()) if kept.exists() else {}
    for name in [n for n in WORK if not chosen or any(c in n for c in chosen)]:
        ours, other, theirs = WORK[name]
        for who, function in (("synthkit", ours), (other, theirs)):
            if function and (points := curve(function)):
                curves.setdefault(name, {})[who] = points
            told = curves.get(name, {}).get(who, {}).items() if function else ()
            line = "  ".join(f"{int(n):,}: {p['seconds']:.2f} s {p['memory']:.2f} GB" for n, p in told)
            print(f"{name:<32}{who:<22}{line or 'not installed'}" * bool(function), flush=True)
        kept.write_text(json.dumps(curves, indent=1) + "\n")
    picture(curves)


def picture(curves: dict) -> None:
    """Draw seconds by size, a panel a kind of work, with the memory at the end of each curve."""
    from PIL import Image

    from synthkit.core.figures import BLUE, GREY, closed, grid, ruled

    names = [name for name in WORK if name in curves]
    figure, axes = grid(-(-len(names) // 3), 3, 2.7)
    for axis, name in zip(axes, names, strict=False):
        for who, points in curves[name].items():
            colour, marker, below = (BLUE, "o", -8) if who == "synthkit" else (GREY, "^", 2)
            sizes, seconds = [int(n) for n in points], [max(p["seconds"], 1e-3) for p in points.values()]
            axis.plot(sizes, seconds, color=colour, marker=marker, ms=5, label=who)
            memory, at = f"{list(points.values())[-1]['memory']:.1f} GB", (sizes[-1], seconds[-1])
            axis.annotate(memory, at, (6, below), textcoords="offset points", fontsize=8, color=colour)
        axis.set(xscale="log", yscale="log", xlim=(700, 2e7), ylim=(1e-3, 1e4), xticks=SIZES)
        axis.set_title(name, fontsize=10)
        axis.axhline(60, color=GREY, lw=0.8, ls=":")
        ruled(axis, "y")
        axis.legend(fontsize=8, loc="upper left")
    for axis in axes[: len(names) : 3]:
        axis.set_ylabel("seconds (dotted: a minute)", fontsize=9)
    for axis in axes[len(names) :]:
        axis.set_axis_off()
    closed(figure).savefig(HERE.with_suffix(".png"))
    with Image.open(HERE.with_suffix(".png")) as drawn:
        drawn.convert("RGB").quantize(32).save(HERE.with_suffix(".png"), optimize=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--one", what, n]:
            one(what, int(n))
        case chosen:
            main(chosen)
