"""Which way of asking gives better training data, for the same seeds, model and number of requests?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.anonymizer import anonymize
from synthkit.baselines import augment
from synthkit.comparison import Comparison, bare, compare
from synthkit.embedding import default_embedder
from synthkit.errors import SynthkitError, unknown
from synthkit.generation import Generation, generate
from synthkit.metrics.report import evaluate
from synthkit.planning import TEXTS_A_REQUEST, plan
from synthkit.results import Result
from synthkit.seeds import Seeds, load_seeds
from synthkit.stats import Interval, holm, two_sided
from synthkit.strategies import get_strategy
from synthkit.students import STUDENTS

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from synthkit.task import Task

REQUESTS, ROWS, DRAWS = 52, 200, 5
STUDENT = "minilm_lr"


class Entry(NamedTuple):
    """One way of asking: what its requests brought, and what its first rows are like."""

    strategy: str
    requests: int
    texts: int
    kept: int
    tokens: int
    rows: int
    distinct_2: float
    vendi: float
    c2st: float | None
    coverage: float | None
    agreement: float


class Contrast(NamedTuple):
    """A paired difference in macro-F1, its p value (bootstrap, two-sided) and that value after Holm's correction."""

    arm: str
    other: str
    difference: Interval
    p: float
    holm: float


@dataclass(frozen=True, repr=False)
class StrategyComparison(Result):
    """Ways of asking at equal requests (yield, cost) and equal rows (everything else), and the classifiers' scores."""

    task: str
    entries: tuple[Entry, ...]
    comparison: Comparison
    made: dict[str, Generation]
    requests: int
    rows: int
    scored_on: str
    draws: int

    def summary(self) -> str:
        return (
            f"StrategyComparison: {len(self.entries)} ways of asking for {self.task!r}, {self.requests} requests and "
            f"the first {self.rows} rows each, scored on {self.comparison.test_rows:,} {self.scored_on} rows; "
            f"95 % intervals cover those rows and {self.draws} draw{'s' if self.draws > 1 else ''} of the real rows, "
            "not the generator"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a way of asking, then the baselines: yield, cost, quality, macro-F1 alone, with real_few."""
        import pandas as pd

        out = []
        for e in self.entries:
            out.append(
                {
                    "asked by": e.strategy,
                    "kept of": f"{e.kept} of {e.texts}",
                    "tokens a row": f"{e.tokens / max(1, e.kept):.0f}",
                    "distinct-2": f"{e.distinct_2:.3f}",
                    "Vendi": f"{e.vendi:.1f}",
                    "C2ST": "" if e.c2st is None else f"{e.c2st:.3f}",
                    "coverage": "" if e.coverage is None else f"{e.coverage:.3f}",
                    "label holds": f"{e.agreement:.3f}",
                    "rows": e.rows,
                    "macro-F1 alone": str(self._f1(e.strategy)),
                    "with real_few": str(self._f1(f"real_few+{e.strategy}")),
                }
            )
        for arm in ("eda", "ngram"):
            if any(s.arm == arm for s in self.comparison.scores):
                rows = self.comparison.get(arm, STUDENT).rows
                both = str(self._f1(f"real_few+{arm}"))
                out.append({"asked by": arm, "rows": rows, "macro-F1 alone": str(self._f1(arm)), "with real_few": both})
        few = self.comparison.get("real_few", STUDENT)
        out.append({"asked by": "real_few", "rows": few.rows, "macro-F1 alone": str(few.macro_f1)})
        return pd.DataFrame(out).fillna("")

    def _f1(self, arm: str) -> Interval:
        return self.comparison.get(arm, STUDENT).macro_f1

    def best(self) -> str:
        """Return the way of asking with the highest macro-F1 together with real_few: choose on validation rows."""
        return max(self.entries, key=lambda e: self._f1(f"real_few+{e.strategy}").value).strategy

    def contrasts(self, other: str = "zero_shot") -> pd.DataFrame:
        """Return every way of asking against `other`, each with real_few: exploratory, so p is corrected by Holm."""
        import pandas as pd

        names = [e.strategy for e in self.entries]
        if other not in names:
            raise unknown("way of asking", other, names)
        arms = [name for name in names if name != other]
        pairs = [(f"real_few+{arm}", f"real_few+{other}") for arm in arms]
        p = [two_sided(self.comparison.resampled[a, STUDENT] - self.comparison.resampled[b, STUDENT]) for a, b in pairs]
        rows = [
            Contrast(arm, other, self.comparison.difference(a, b, STUDENT), value, corrected)
            for arm, (a, b), value, corrected in zip(arms, pairs, p, holm(p), strict=True)
        ]
        frame = pd.DataFrame(rows, columns=Contrast._fields)
        return frame.assign(difference=[str(c.difference) for c in rows])

    def plot(self):
        """Return a figure: macro-F1 with real_few and tokens a row, a dot and interval a way of asking."""
        from synthkit.plots import plot_contest

        return plot_contest(self)


def compare_strategies(
    task: Task,
    strategies: Sequence[str | Sequence[str]],
    *,
    seeds: Seeds | None = None,
    requests: int = REQUESTS,
    rows: int = ROWS,
    on: str = "validation",
    filters=None,
    llm="recorded",
    random_state: int = 0,
    progress: bool = True,
) -> StrategyComparison:
    """Return ways of asking side by side: each a strategy, or a list of them that share the requests (a mix).

    Each makes the same number of `requests`; yield and tokens count all of them, everything else the first `rows` kept
    in slot order. `on` names the real rows that classifiers are scored on: choose on "validation", report on "test".
    `filters` is None (the default ones), [] (keep all) or a function `(task, seeds) -> filters`. "label holds" is how
    often a classifier trained on all real train rows gives the label that was asked for (Ye et al. 2022). Strategies
    that show seeds use one draw of them, and then `real_few` is that draw alone for all.
    """
    if on not in ("validation", "test"):
        raise unknown("on", on, ["validation", "test"])
    ways = {"+".join(names): names for names in ([s] if isinstance(s, str) else list(s) for s in strategies)}
    if not ways:
        raise SynthkitError("strategies=[]: expected at least one name")
    shows = {way: any(get_strategy(name).shows_seeds for name in names) for way, names in ways.items()}
    first = seeds or load_seeds(task)
    few = [first] if any(shows.values()) else [load_seeds(task, k=first.k, random_state=i) for i in range(DRAWS)]
    shown = anonymize(first).seeds if any(shows.values()) and not first.anonymized else first
    made = {}
    for way, names in ways.items():
        chosen = plan(
            task,
            shown if shows[way] else None,
            strategy=names,
            n=requests * TEXTS_A_REQUEST,
            surplus=0,
            random_state=random_state,
        )
        these = filters(task, first) if callable(filters) else filters
        made[way] = generate(chosen, llm=llm, filters=these, progress=progress)
    sets = {way: g.rows.select(range(min(rows, len(g.rows)))) for way, g in made.items()}
    entries = tuple(_entry(way, made[way], sets[way], task, first, requests) for way in ways)
    real = [s.rows for s in few]
    eda = [augment(s, n=rows, random_state=i) for i, s in enumerate(few)]
    ngram = [
        generate(plan(task, s, n=rows, random_state=i, surplus=1.0), llm="ngram", progress=False).rows
        for i, s in enumerate(few)
    ]
    alone = {**{way: [some] for way, some in sets.items()}, "eda": eda}
    if all(len(set(some["label"])) > 1 for some in ngram):
        alone["ngram"] = ngram
    arms = {"real_few": real, **alone, **{f"real_few+{arm}": _with(real, some) for arm, some in alone.items()}}
    scored = compare(
        arms,
        test=getattr(task.splits, on),
        students=[STUDENT],
        random_state=random_state,
        stand_in=task.stand_in,
        progress=progress,
    )
    return StrategyComparison(task.name, entries, scored, made, requests, rows, on, len(few))


def _with(real: list[Dataset], sets: list[Dataset]) -> list[Dataset]:
    from datasets import concatenate_datasets

    return [concatenate_datasets([bare(r), bare(sets[i % len(sets)])]) for i, r in enumerate(real)]


def _entry(way: str, made: Generation, rows: Dataset, task: Task, seeds: Seeds, requests: int) -> Entry:
    reference = seeds.rest if len(seeds.rest) else seeds.rows
    report = evaluate(rows, reference)
    value = {line.metric: line.synthetic.value for line in report.lines}
    train = task.splits.train
    predicted = STUDENTS[STUDENT](rows["text"], default_embedder())(train["text"], train["label"])
    return Entry(
        way,
        requests,
        made.ledger.asked,
        made.ledger.kept,
        made.ledger.tokens_in + made.ledger.tokens_out,
        len(rows),
        value["distinct-2"],
        value["Vendi score"],
        value.get("C2ST accuracy"),
        value.get("coverage"),
        float(np.mean(np.asarray(predicted) == np.asarray(rows["label"]))),
    )
