"""Does it matter that twelve requests were answered in one context? The same 24 requests, answered one a context.

python benchmarks/contexts.py

Prints diversity of both sets of replies at equal requests, before any filter: distinct-2 of equally many words and the
Vendi score of equally many texts. Both depend on size, so the difference over 200 random halves of the requests (mean
and 95 % range) stands for itself.
"""

import numpy as np
import pandas as pd

import synthkit as sk
from synthkit.core.jsonl import read_jsonl
from synthkit.core.text import fold, words
from synthkit.generation.parsing import number_texts, parse_reply
from synthkit.llm.recorded import Recorded, to_reply
from synthkit.quality.diversity import distinct, vendi

TASK, STRATEGY, REQUESTS, HALVES = "clinc150_domains", "zero_shot", 24, 200


def texts_of(replies, requests):
    """Return the texts of each request, a list of lists."""
    return [list(number_texts(parse_reply(replies[r.custom_id]), r.count).values()) for r in requests]


def diversity(sets, which):
    """Return (distinct-2, Vendi) of each set of replies for the requests numbered `which`."""
    chosen = [[t for i in which for t in texts[i]] for texts in sets]
    count = min(map(len, chosen))
    budget = min(sum(len(words(t)) for t in some) for some in chosen)
    return np.array([(distinct(some, budget=budget), vendi(sk.embed(some[:count]))) for some in chosen])


if __name__ == "__main__":
    task = sk.load_task(TASK)
    recorded = Recorded(task.recordings)
    alone = {line["custom_id"]: to_reply(line) for line in read_jsonl(task.recordings / "single_context.jsonl")}
    requests = sk.plan(task, strategy=STRATEGY, n=5 * REQUESTS, surplus=0).slots
    requests = [r for r in requests if r.custom_id in alone]
    together = {r.custom_id: recorded.get(r) for r in requests}
    sets = [texts_of(together, requests), texts_of(alone, requests)]
    values = diversity(sets, range(len(requests)))
    halves = [
        diversity(sets, np.random.default_rng(i).permutation(len(requests))[: len(requests) // 2])
        for i in range(HALVES)
    ]
    apart = np.array([h[1] - h[0] for h in halves])
    low, high = np.quantile(apart, [0.025, 0.975], axis=0)
    doubles = [sum(map(len, texts)) - len({fold(t) for some in texts for t in some}) for texts in sets]
    print(f"{STRATEGY}, {len(requests)} requests; exact doubles {doubles[0]}, {doubles[1]}")
    lines = [
        {
            "metric": name,
            "12 a context": values[0, m],
            "1 a context": values[1, m],
            "over halves": f"{apart[:, m].mean():.3f} [{low[m]:.3f}, {high[m]:.3f}]",
        }
        for m, name in enumerate(("distinct-2", "Vendi"))
    ]
    print(pd.DataFrame(lines).round(3).to_string(index=False))
