"""One plan asked by one worker, by two, by sixteen shards and over Ray: the same rows, and what each way costs.

    python benchmarks/workers.py            100,000 rows (half an hour); another number for fewer
    python benchmarks/workers.py requests   100,000 requests by two workers
    python benchmarks/workers.py million    1,000,000 texts through near-duplicates and the report

The endpoint stands on loopback in a process of its own and answers at once, so what is timed is this side alone. Its
answers depend on the prompt, and every prompt of this plan is another one. Two shards run at a time.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__)
sys.path.insert(0, str(HERE.parent.parent / "tests"))
WORDS = ["".join(random.Random(i).choices("aeioulnrstdm", k=3 + i % 6)) for i in range(20_000)]


def the_plan(n: int):
    """Return a plan of n rows in which no two prompts are the same."""
    import synthkit as sk
    from synthkit.prompts.prompt import Prompt

    @sk.register
    def numbered(task, seeds, label, count, rng):
        return Prompt(f"Write {count} texts about case {rng.integers(1 << 40)}.")

    return sk.plan(sk.load_task("feedback"), strategy="numbered", n=n)


def serve() -> None:
    """Answer until the input closes."""
    from support.fault_server import FaultServer, completion

    def answer(number, body):
        draw = random.Random(body["messages"][-1]["content"])
        return completion(
            json.dumps({"texts": [{"number": i, "text": " ".join(draw.choices(WORDS, k=15))} for i in range(1, 6)]})
        )

    with FaultServer(answer) as server:
        server.keep = False
        print(server.url, flush=True)
        sys.stdin.read()


def work(how: str, n: int, url: str, path: str) -> None:
    """Ask a shard of the plan ("3/16"), ask what is missing and filter ("all"), or do both over Ray; print the cost."""
    from scale import peak

    import synthkit as sk
    from synthkit.cli.stores import ask_shard

    chosen = the_plan(n)
    llm, wall, cpu = sk.LLM("m", base_url=url, api_key="k", concurrency=64), time.perf_counter(), time.process_time()
    rows = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if how == "ray":
            from synthkit import cluster

            rows = cluster.generate(chosen, llm=llm, folder=path, workers=2).rows
        else:
            with sk.Store(path) as store:
                if how == "all":
                    rows = sk.generate(chosen, llm=llm, store=store, progress=False).rows
                else:
                    ask_shard(chosen, how, llm=llm, store=store, progress=False)
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "memory": peak()}
    made = json.dumps(rows.to_list(), sort_keys=True) if rows else ""
    print(json.dumps(took | {"digest": hashlib.sha256(made.encode()).hexdigest()[:12]}))


def million(n: int) -> None:
    """Take near-duplicates out of n texts, one in ten of them an edited copy of an earlier one, and report on them."""
    import numpy as np
    from scale import peak

    import synthkit as sk
    from synthkit.core.duplicates import NearIndex
    from synthkit.core.rows import make_rows

    draw, texts, copies, gone = random.Random(0), [], 0, 0
    for i in range(n):
        words = draw.choices(WORDS, k=15)
        if i % 10 == 9:
            words = draw.choice(texts).split()
            words[draw.randrange(len(words))] = "edited"
            copies += 1
        texts.append(" ".join(words))
    print(f"{n:,} texts, {copies:,} of them copies but for a word: {peak():.2f} GB", flush=True)
    index, cpu = NearIndex(), time.process_time()
    for i, text in enumerate(texts):
        if index.nearest(text) is None:
            index.add(text, i)
        else:
            gone += 1
    cpu = time.process_time() - cpu
    print(f"near-duplicates: {gone:,} found, {cpu:.0f} s of CPU, {peak():.2f} GB", flush=True)
    del index
    rows, made = make_rows({"text": texts, "label": [f"label {i % 5}" for i in range(n)]}), np.random.default_rng(0)
    centres = made.normal(size=(5, 384))

    def vectors(some):
        noise = np.random.default_rng(len(some)).normal(size=(len(some), 384)) + centres[np.arange(len(some)) % 5]
        return noise / np.linalg.norm(noise, axis=1, keepdims=True)

    cpu = time.process_time()
    report = sk.evaluate(rows, rows, embedder=vectors, progress=False)
    print(f"report, vectors given: {time.process_time() - cpu:.0f} s of CPU, {peak():.2f} GB; {report.notes[0]}")


def started(*arguments) -> dict:
    done = subprocess.run([sys.executable, HERE, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main(n: int, alone: bool = False) -> None:
    import synthkit as sk

    serving = subprocess.Popen([sys.executable, HERE, "--serve"], stdin=-1, stdout=-1, text=True)
    url, requests = serving.stdout.readline().strip(), n / 5
    print(f"{n:,} rows, {requests:,.0f} requests; load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        if alone:
            in_shards(2, n, url, folder)
            serving.stdin.close()
            return
        whole = started("--work", "all", n, url, f"{folder}/one.sqlite")
        show("one worker, asked and filtered", whole, requests)
        for shards in (2, 16):
            paths = in_shards(shards, n, url, folder)
            with sk.Store(f"{folder}/{shards}.sqlite") as store:
                store.merge(*paths)
            again = started("--work", "all", n, url, f"{folder}/{shards}.sqlite")
            show(f"  merged, filtered: {same(again, whole)}", again, requests)
        if importlib.util.find_spec("ray"):
            over_ray = started("--work", "ray", n, url, f"{folder}/ray")
            show(f"two workers of Ray: {same(over_ray, whole)}", over_ray | {"cpu": float("nan")}, requests)
    serving.stdin.close()


def in_shards(shards: int, n: int, url: str, folder: str) -> list[str]:
    """Ask a plan of n rows in so many shards, two at a time; print the cost, return the stores."""
    paths = [f"{folder}/{i}-of-{shards}.sqlite" for i in range(1, shards + 1)]
    jobs = [("--work", f"{i}/{shards}", n, url, path) for i, path in enumerate(paths, 1)]
    begun = time.perf_counter()
    with ThreadPoolExecutor(2) as two:
        done = list(two.map(lambda job: started(*job), jobs))
    cpu, memory = sum(d["cpu"] for d in done), max(d["memory"] for d in done)
    asked = {"wall": time.perf_counter() - begun, "cpu": cpu, "memory": memory}
    show(f"{shards} shards, two at a time, asked", asked, n / 5)
    return paths


def same(made: dict, whole: dict) -> str:
    return "the same rows" if made["digest"] == whole["digest"] else "OTHER ROWS"


def show(what: str, took: dict, requests: float) -> None:
    rate, cpu = requests / took["wall"], 1000 * took["cpu"] / requests
    costs = f"{took['wall']:6.0f} s {rate:6.0f} requests/s {cpu:6.2f} ms of CPU each {took['memory']:5.2f} GB"
    print(f"{what:<36}{costs}", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--serve"]:
            serve()
        case ["--work", how, n, url, path]:
            work(how, int(n), url, path)
        case ["requests"]:
            main(500_000, alone=True)
        case ["million"]:
            million(1_000_000)
        case [n]:
            main(int(n))
        case _:
            main(100_000)
