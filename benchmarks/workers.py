"""One plan asked by one worker, by two, by sixteen shards and over Ray: the same rows, and what each way costs.

    python benchmarks/workers.py            100,000 rows (half an hour); another number for fewer
    python benchmarks/workers.py million    1,000,000 texts through near-duplicates and the report

The endpoint stands on loopback in a process of its own and answers at once, so what is timed is this side alone. Its
answers depend on the prompt, and every prompt of this plan is another one. Two shards run at a time.
"""

from __future__ import annotations

import hashlib
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
    """Ask a shard of the plan ("3/16"), or ask what is missing and filter ("all"); print what it took."""
    from scale import peak

    import synthkit as sk
    from synthkit.cli.stores import ask_shard

    chosen = the_plan(n)
    llm, wall, cpu = sk.LLM("m", base_url=url, api_key="k", concurrency=64), time.perf_counter(), time.process_time()
    with warnings.catch_warnings(), sk.Store(path) as store:
        warnings.simplefilter("ignore")
        before = peak()
        if how == "all":
            rows = sk.generate(chosen, llm=llm, store=store, progress=False).rows
            out = {"memory": peak(), "rows": len(rows), "digest": digest(rows)}
        else:
            out = {"asked": ask_shard(chosen, how, llm=llm, store=store, progress=False).answered}
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps({"memory": peak(), "before": before} | out | took))


def digest(rows) -> str:
    return hashlib.sha256(json.dumps(rows.to_list(), sort_keys=True).encode()).hexdigest()[:12]


def started(*arguments) -> dict:
    done = subprocess.run([sys.executable, HERE, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main(n: int) -> None:
    import synthkit as sk

    serving = subprocess.Popen([sys.executable, HERE, "--serve"], stdin=-1, stdout=-1, text=True)
    url, requests = serving.stdout.readline().strip(), n / 5
    print(f"{n:,} rows, {requests:,.0f} requests; load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        whole = started("--work", "all", n, url, f"{folder}/one.sqlite")
        show("one worker, asked and filtered", whole, requests)
        for shards in (2, 16):
            paths = [f"{folder}/{i}-of-{shards}.sqlite" for i in range(1, shards + 1)]
            begun = time.perf_counter()
            with ThreadPoolExecutor(2) as two:
                jobs = [("--work", f"{i}/{shards}", n, url, path) for i, path in enumerate(paths, 1)]
                done = list(two.map(lambda job: started(*job), jobs))
            asked = {
                "wall": time.perf_counter() - begun,
                "cpu": sum(d["cpu"] for d in done),
                "memory": max(d["memory"] for d in done),
            }
            show(f"{shards} shards, two at a time, asked", asked, requests)
            begun = time.perf_counter()
            with sk.Store(f"{folder}/{shards}.sqlite") as store:
                store.merge(*paths)
            print(f"  merged in {time.perf_counter() - begun:.1f} s")
            again = started("--work", "all", n, url, f"{folder}/{shards}.sqlite")
            show("  filtered", again, requests)
            print("  the same rows" if again["digest"] == whole["digest"] else "  OTHER ROWS", flush=True)
    serving.stdin.close()


def show(what: str, took: dict, requests: float) -> None:
    rate, cpu = requests / took["wall"], 1000 * took["cpu"] / requests
    print(
        f"{what:<34}{took['wall']:6.0f} s {rate:6.0f} requests/s {cpu:6.2f} ms of CPU each {took['memory']:5.2f} GB",
        took.get("before", ""),
        flush=True,
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--serve"]:
            serve()
        case ["--work", how, n, url, path]:
            work(how, int(n), url, path)
        case [n]:
            main(int(n))
        case _:
            main(100_000)
