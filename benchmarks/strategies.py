"""Ways of asking and filters at equal requests on CLINC150's domains: chosen on validation rows, scored once on test.

SYNTHKIT_REALDATA=FOLDER python benchmarks/strategies.py choose     all single strategies and mixes, on validation
SYNTHKIT_REALDATA=FOLDER python benchmarks/strategies.py filters    what the filters add, on validation
SYNTHKIT_REALDATA=FOLDER python benchmarks/strategies.py test       the primary contrast and the table, on test

The primary contrast, stated before test was looked at: the mix chosen on validation (among those with three recorded
generations), with the default filters, against zero_shot without any, each with the same few real rows, the first
200 rows each, macro-F1 of logistic regression on MiniLM vectors. Everything else is exploratory.
"""

import sys
from itertools import combinations

import synthkit as sk
from synthkit.generation.annotate import annotate

TASK = "clinc150_domains"
SINGLE = ["zero_shot", "attributed", "persona", "verbalized_sampling", "boundary"]
THRICE = SINGLE[:4]  # recorded in three generations
MIXES = [list(some) for size in (2, 3, 4) for some in combinations(THRICE, size)]
CHOSEN = ["zero_shot", "attributed"]
REQUESTS, GENERATIONS = 52, 3


def make(task, strategy, *, filters=None, generations=GENERATIONS):
    """Return generations of all recorded requests; `filters` is None (default) or []."""
    made = []
    for state in range(generations):
        chosen = sk.plan(task, strategy=strategy, requests=REQUESTS, surplus=0, random_state=state)
        made.append(sk.generate(chosen, filters=filters, progress=False))
    return made


def show(result, other, arms=None):
    print(result.summary(), "\n")
    print(result.to_frame().to_string(index=False), "\n")
    print(result.contrasts(other, arms=arms).to_frame().to_string(index=False), "\n")


def choose(task):
    result = sk.compare_strategies(task, [*SINGLE, *MIXES], generations=GENERATIONS)
    show(result, "zero_shot")
    mixes = ["+".join(m) for m in MIXES]
    print("chosen:", max(mixes, key=lambda name: result.score(f"real_few+{name}").value))


def filters(task):
    ways = {}
    for strategy in ("zero_shot", "attributed"):
        ways[f"{strategy}, no filter"] = make(task, strategy, filters=[])
        ways[f"{strategy}, default"] = make(task, strategy)
    boundary = make(task, "boundary", generations=1)
    ways["boundary, default"] = boundary
    ways["boundary, relabelled"] = [annotate(g, progress=False) for g in boundary]
    result = sk.compare_strategies(task, ways)
    show(result, "zero_shot, no filter")
    print(result.contrasts("attributed, no filter").to_frame().to_string(index=False))
    for name, made in ways.items():
        print(f"\n{name}: {'; '.join(str(g.ledger.dropped) + (g.ledger.note and ' - ' + g.ledger.note) for g in made)}")


def test(task):
    mix = f"a mix of {'+'.join(CHOSEN)}, filtered"
    ways = {"zero_shot, unfiltered": make(task, "zero_shot", filters=[]), mix: make(task, CHOSEN)}
    primary = sk.compare_strategies(task, ways, on="test")
    print("primary contrast")
    show(primary, "zero_shot, unfiltered")
    print("exploratory")
    explored = sk.compare_strategies(task, [*SINGLE, CHOSEN, SINGLE], generations=GENERATIONS, on="test")
    show(explored, "zero_shot")


if __name__ == "__main__":
    {"choose": choose, "filters": filters, "test": test}[sys.argv[1]](sk.load_task(TASK))
