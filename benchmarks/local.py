"""What the small model on this machine (`llm="local"`) writes: texts a minute, kept by the filters, labels that hold.

    python benchmarks/local.py [TASK] [--texts N]    prints; needs the extra `local`
    python benchmarks/local.py --record              400 texts of `feedback`, into data/feedback/recordings/local

Labels are judged by a classifier of all train rows, which the model did not see, and by one of the seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from importlib.metadata import version

import numpy as np

import synthkit as sk
from synthkit.core.classifier import fit_labels
from synthkit.llm.engine import ask
from synthkit.prompts.local import Local, seeds_hash

parser = argparse.ArgumentParser()
parser.add_argument("task", nargs="?", default="feedback")
parser.add_argument("--texts", type=int, default=60)
parser.add_argument("--record", action="store_true")
given = parser.parse_args()

task = sk.load_task(given.task)
seeds = sk.load_seeds(task)
plan = sk.plan(task, seeds, strategy="zero_shot", n=400 if given.record else given.texts, surplus=0)
source = Local(task, seeds)
began, worked = time.monotonic(), time.process_time()
answers = ask(plan.slots, source, check=lambda request, reply: None)
seconds, worked = time.monotonic() - began, time.process_time() - worked
found = [(a.request.label, item["text"]) for a in answers for item in json.loads(a.reply.content)["texts"]]
labels, texts = np.array([label for label, _ in found]), [text for _, text in found]
asked = sum(r.count for r in plan.slots)
print(f"{source.model}, {len(texts)} texts of {asked} asked for")
print(f"{60 * len(texts) / seconds:.0f} texts a minute, {60 * len(texts) / worked:.0f} a minute of processor time")
for name, rows in (("the seeds", seeds.rows), ("all train rows", task.splits.train)):
    judge = fit_labels(rows)
    holds = judge.labels[judge.probabilities(texts).argmax(axis=1)] == labels
    print(f"labels that hold, by a classifier of {name}: {holds.mean():.2f} (its own accuracy {judge.accuracy:.2f})")

if given.record:
    folder = task.recordings / "local"
    folder.mkdir(exist_ok=True)
    body = {"object": "chat.completion", "model": source.model}
    requests, replies = [], []
    for request, reply in ((a.request, a.reply) for a in answers):
        requests.append({"custom_id": request.custom_id, "prompt_key": request.prompt_key})
        message = {"role": "assistant", "content": reply.content}
        usage = {"prompt_tokens": reply.usage.prompt, "completion_tokens": reply.usage.completion}
        choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
        response = {"status_code": 200, "body": {**body, "choices": [choice], "usage": usage}}
        replies.append({"custom_id": request.custom_id, "response": response})
    for name, lines in (("requests", requests), ("replies", replies)):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8", newline="\n")
    facts = {
        "model": source.model,
        "runtime": f"xllamacpp {version('xllamacpp')}",
        "seeds": seeds_hash(seeds),
        "made": f"{len(texts)} texts of {asked} in {seconds / 60:.0f} minutes on {os.cpu_count()} loaded cores",
    }
    (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
else:
    made = sk.generate(plan, llm="local", progress=False)
    print(made.ledger)
