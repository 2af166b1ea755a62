"""The reply engine beside what a user would write instead: an `openai` client, a semaphore and a JSONL file.

`python benchmarks/engine.py` prints a table (six minutes). The server is on loopback in a process of its own;
every client run is a new process, timed after its imports.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
N, IN_FLIGHT, LATENCY = 2000, 64, 0.2
IDEAL = -(-N // IN_FLIGHT) * LATENCY


class Server:
    """The fault server in its own process, set anew for each scenario."""

    def __init__(self):
        command = [sys.executable, "-m", "support.fault_server"]
        self.process = subprocess.Popen(command, text=True, cwd=ROOT / "tests", **PIPES)
        self.url = self.process.stdout.readline().strip()
        self.base = self.url.removesuffix("/v1")

    def set(self, **behaviour) -> None:
        data = json.dumps(behaviour).encode()
        urllib.request.urlopen(urllib.request.Request(self.base + "/reset", data, method="POST")).read()

    def stats(self) -> dict:
        return json.loads(urllib.request.urlopen(self.base + "/stats").read())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(5)


def requests(n: int):
    from synthkit.prompts.plan import plan
    from synthkit.tasks.task import load_task

    return plan(load_task("feedback"), strategy="zero_shot", n=5 * n, surplus=0).slots


async def by_hand(url: str, n: int, out: str) -> int:
    """What a careful user writes: one client, a semaphore, a line a reply; what fails is left out."""
    from openai import AsyncOpenAI, OpenAIError

    window, good = asyncio.Semaphore(IN_FLIGHT), 0
    async with AsyncOpenAI(api_key="k", base_url=url) as client:
        with open(out, "a", encoding="utf-8") as file:

            async def one(request):
                nonlocal good
                async with window:
                    try:
                        reply = await client.chat.completions.create(**request.body("m"))
                        texts = json.loads(reply.choices[0].message.content)["texts"]
                    except (OpenAIError, ValueError):
                        return
                file.write(json.dumps({"slot": request.slot, "texts": texts}) + "\n")
                good += 1

            await asyncio.gather(*(one(r) for r in requests(n)))
    return good


def client(who: str, url: str, n: int, out: str) -> None:
    """Run one client in this process and print what it took."""
    import openai  # noqa: F401  what both stand on is imported before the clock starts

    from synthkit.generation.parsing import reply_problem
    from synthkit.llm.client import LLM
    from synthkit.llm.engine import ask
    from synthkit.llm.store import Store

    slots = requests(n)
    cpu, wall = time.process_time(), time.perf_counter()
    if who == "hand":
        good = asyncio.run(by_hand(url, n, out))
    else:
        store = Store(out)
        llm = LLM("m", base_url=url, concurrency=IN_FLIGHT)
        answers = ask(slots, llm, check=reply_problem, store=store)
        good = sum(a.reply is not None and reply_problem(a.request, a.reply) is None for a in answers)
        assert len(store) >= good
        store.close()
    taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "good": good}
    sys.stdout.write(json.dumps(taken) + "\n")


def start(who: str, server: Server, out: str, n: int = N) -> subprocess.Popen:
    command = [sys.executable, __file__, who, server.url, str(n), out]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OPENAI_API_KEY": "k"})


def run(who: str, server: Server, out: str, n: int = N) -> dict:
    output = start(who, server, out, n).communicate()[0]
    return json.loads(output or '{"wall": NaN, "cpu": NaN, "good": 0}')


def repeated(server: Server, folder: Path, repeats: int, **behaviour) -> dict[str, dict]:
    """Return the medians of each client over alternating runs."""
    runs: dict[str, list[dict]] = {"hand": [], "ours": []}
    for i in range(repeats):
        for who, done in runs.items():
            server.set(**behaviour)
            done.append(run(who, server, str(folder / f"{who}{i}{behaviour}.out")))
    return {w: {k: statistics.median(r[k] for r in done) for k in done[0]} for w, done in runs.items()}


def line(what: str, hand: str, ours: str, target: str) -> None:
    print(f"| {what} | {hand} | {ours} | {target} |", flush=True)


def main(only: str = "") -> None:
    server, folder = Server(), Path(tempfile.mkdtemp())
    print(f"{N} requests, {IN_FLIGHT} in flight, load {os.getloadavg()[0]:.1f}\n")
    line("", "hand-written loop", "synthkit", "target")
    line("---", "---", "---", "---")
    try:
        for name, scenario in SCENARIOS.items():
            if only in name:
                scenario(server, Path(tempfile.mkdtemp(dir=folder)))
    finally:
        server.close()


def latency(server, folder):
    took = repeated(server, folder, 3, latency=LATENCY)
    shown = [f"{took[w]['wall'] / IDEAL:.2f} x, {took[w]['good']:.0f} rows" for w in ("hand", "ours")]
    line(f"200 ms replies: wall against the ideal {IDEAL:.1f} s", *shown, "<= 1.08 x")


def cpu(server, folder):
    took = repeated(server, folder, 3)
    shown = [f"{took[w]['cpu'] / took['hand']['cpu']:.2f} ({took[w]['cpu'] / N * 1000:.2f} ms)" for w in took]
    line("0 ms replies: CPU a row", *shown, "<= 0.45")


def faults(server, folder):
    took = repeated(server, folder, 3, latency=LATENCY)["ours"]["wall"]
    faulty = repeated(server, folder, 3, latency=LATENCY, faults=0.1)
    shown = [f"{faulty[w]['good']:.0f} rows, {faulty[w]['wall'] / took:.2f} x" for w in ("hand", "ours")]
    line("10 % mixed faults, 200 ms: rows, wall against ours without faults", *shown, "2000 rows, <= 1.3 x")


def busy(server, folder):
    n, most = N, 16
    for asked in (None, 1):
        shown = []
        for who in ("hand", "ours"):
            server.set(latency=LATENCY, most=most, retry_after=asked)
            took = run(who, server, str(folder / f"{who}{asked}"), n)
            share = took["good"] / took["wall"] / (most / LATENCY)
            shown.append(f"{share:.0%}, {took['good']} of {n} rows, {server.stats()['refused']} refusals")
        after = f"Retry-After: {asked}" if asked else "no Retry-After"
        line(f"429 above {most} in flight ({after}): share of what {most} could do", *shown, ">= 90 %")


def storm(server, folder):
    n, shown = 3000, []
    for who in ("hand", "ours"):
        server.set(latency=LATENCY, storm=[2, 7], retry_after=1)
        took = run(who, server, str(folder / who), n)
        stats = server.stats()
        after = sorted(t - stats["began"] - 7 for t in stats["times"] if t - stats["began"] > 7)
        full = 0.8 * IN_FLIGHT / LATENCY
        back = [t for i, t in enumerate(after[: -int(full) or None]) if after[i + int(full)] - t <= 1]
        seconds = f"{back[0]:.1f} s" if back else "never"
        shown.append(f"{seconds}, {took['good']} of {n} rows, {stats['refused']} refusals")
    line("a 5 s storm of 429: back at 80 % of the full rate after", *shown, "<= 5 s")


def killed(server, folder):
    shown = []
    for who in ("hand", "ours"):
        server.set(latency=LATENCY)
        first = start(who, server, str(folder / who))
        while server.stats()["served"] < N / 2:
            time.sleep(0.05)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        time.sleep(2 * LATENCY)
        took = run(who, server, str(folder / who))
        shown.append(f"{took['good']} rows, {server.stats()['requests'] - N} requests repeated")
    line("kill -9 half way, run again", *shown, "none lost, only what was in flight repeated")


def again(server, folder):
    server.set()
    run("ours", server, str(folder / "ours"))
    asked = server.stats()["requests"]
    walls = [run("ours", server, str(folder / "ours"))["wall"] for _ in range(3)]
    more = server.stats()["requests"] - asked
    ours = f"{statistics.median(walls):.3f} s, {more} requests"
    line("the identical run again", "asks all again", ours, "<= 0.15 s, no request")


SCENARIOS = {f.__name__: f for f in (latency, cpu, faults, busy, storm, killed, again)}

if __name__ == "__main__":
    if len(sys.argv) == 5:
        client(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        main(*sys.argv[1:2])
