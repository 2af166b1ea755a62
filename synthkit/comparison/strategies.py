"""Which way of asking gives better training data, for the same seeds, model and number of requests?"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.comparison.arms import Arm, as_arm, description_rows, joined
from synthkit.comparison.classifiers import STUDENTS
from synthkit.comparison.compare import compare
from synthkit.comparison.comparison import STUDENT, Comparison
from synthkit.core.embedding import default_embedder, embed
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.results import Result, Table, frame_of
from synthkit.core.stats import Interval, one_thread
from synthkit.core.text import fold
from synthkit.generation.baselines import augment, baseline_rows
from synthkit.generation.filters import SeedCopy
from synthkit.generation.generate import Generation, generate
from synthkit.prompts.plan import plan, seeds_for
from synthkit.prompts.registry import get_strategy
from synthkit.quality.controls import Halves
from synthkit.quality.registry import METRICS, SMALLEST, measured
from synthkit.seeds.seeds import Seeds, load_seeds

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from synthkit.tasks.task import Task

REQUESTS, ROWS, DRAWS = 52, 200, 5
REAL = "real rows, as many"
MEASURES = ("distinct-2", "Vendi score", "C2ST accuracy", "coverage")  # of `evaluate`
WORDS = ("description", "attribute values")  # of the prompts themselves: rows that are no sample
BASELINES = (*WORDS, "eda", "ngram")  # what needs no model


class Entry(NamedTuple):
    """One way of asking: what its requests brought, and what its first rows are like. Means over its generations.

    `distinct_2`, `vendi`, `c2st` and `coverage` are the numbers of `evaluate` for these rows beside the real rows that
    no prompt held; the last two are nan for fewer than 50 rows. `agreement`: how often a classifier trained on all real
    train rows gives the label that was asked for (Ye et al. 2022). `memorized`: share of all its texts that copy a
    seed; `in_train`: of its rows, those that stand word for word in train.
    """

    strategy: str
    generations: int
    requests: float
    texts: float
    kept: float
    tokens: float
    rows: float
    distinct_2: float
    vendi: float
    c2st: float
    coverage: float
    agreement: float
    memorized: float = 0.0
    in_train: float = 0.0


@dataclass(frozen=True, repr=False)
class StrategyComparison(Result):
    """Ways of asking at equal requests (yield, cost) and equal rows (everything else), and the classifiers' scores."""

    task: str
    entries: tuple[Entry, ...]
    control: Entry
    comparison: Comparison
    made: dict[str, tuple[Generation, ...]]
    rows: int
    scored_on: str

    def summary(self) -> str:
        estimated = any(g.ledger.tokens_estimated for some in self.made.values() for g in some)
        return (
            f"StrategyComparison: {len(self.entries)} ways of asking for {self.task!r}, the first {self.rows} rows of "
            f"each, scored on {self.comparison.test_rows:,} {self.scored_on} rows; 95 % intervals "
            f"{self.comparison.covers}; tokens "
            f"{'estimated at four bytes each' if estimated else 'as the endpoint counts them'}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a way of asking, real rows and baselines: yield, cost, quality, macro-F1 alone and both."""
        out = []
        for e in self.entries:
            both = {"macro-F1 alone": self.score(e.strategy), "with real_few": self.score(f"real_few+{e.strategy}")}
            cost = {"kept of": f"{e.kept:.0f} of {e.texts:.0f}", "tokens a row": f"{e.tokens / max(1, e.kept):.0f}"}
            copied = {"memorized": f"{e.memorized:.3f}", "in train": f"{e.in_train:.3f}"}
            asked = f"{e.strategy} ({e.generations} generations)" if e.generations > 1 else e.strategy
            out.append({"asked by": asked, **cost, **_quality(e), **copied, **both})
        out.append({"asked by": REAL, **_quality(self.control)})
        for arm in BASELINES:
            if any(s.arm == arm for s in self.comparison.scores):
                both = {"macro-F1 alone": self.score(arm), "with real_few": self.score(f"real_few+{arm}")}
                out.append({"asked by": f"{arm} (baseline)", **both})
        few = self.comparison.get("real_few", STUDENT)
        out.append({"asked by": f"real_few ({few.rows} rows)", "macro-F1 alone": str(few.macro_f1)})
        return frame_of([{k: str(v) for k, v in line.items()} for line in out]).fillna("")

    def score(self, arm: str) -> Interval:
        """Return the macro-F1 of an arm, such as "zero_shot" or "real_few+zero_shot"."""
        return self.comparison.get(arm, STUDENT).macro_f1

    def best(self) -> str:
        """Return the way of asking with the highest macro-F1 together with real_few: choose on validation rows."""
        return max(self.entries, key=lambda e: self.score(f"real_few+{e.strategy}").value).strategy

    def contrasts(self, other: str = "zero_shot", *, arms: Sequence[str] | None = None) -> Table:
        """Return ways of asking (all of them) against `other`, each with real_few; p is corrected by Holm for them."""
        names = [e.strategy for e in self.entries]
        if strange := {other, *(arms or ())} - set(names):
            raise unknown("way of asking", min(strange), names)
        pairs = [(f"real_few+{arm}", f"real_few+{other}") for arm in arms or names if arm != other]
        return self.comparison.contrasts(pairs, student=STUDENT)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know: rows refused, a famous benchmark, as of any comparison."""
        return self.comparison.notes

    def _repr_html_(self) -> str:
        return super()._repr_html_() + "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)

    def plot(self):
        """Return a figure: macro-F1 with real_few against tokens a kept row, a dot and interval a way of asking."""
        from synthkit.comparison.plots import plot_strategies

        return plot_strategies(self)


def _quality(e: Entry) -> dict[str, str]:
    three = {"distinct-2": e.distinct_2, "Vendi": e.vendi, "C2ST": e.c2st, "coverage": e.coverage}
    three["label holds"] = e.agreement
    return {k: "" if v != v else f"{v:.1f}" if k == "Vendi" else f"{v:.3f}" for k, v in three.items()}


def compare_strategies(
    task: Task,
    strategies: Sequence[str | Sequence[str]] | Mapping[str, Generation | Sequence[Generation]],
    *,
    seeds: Seeds | None = None,
    requests: int = REQUESTS,
    rows: int = ROWS,
    generations: int = 1,
    on: str = "validation",
    filters=None,
    llm="recorded",
    random_state: int = 0,
    progress: bool = True,
) -> StrategyComparison:
    """Return ways of asking side by side: each a strategy, or a list of them that share the requests (a mix).

    Each makes the same number of `requests`, in up to `generations` generations (fewer where no more are recorded);
    yield and tokens count all of them, everything else the first `rows` kept in slot order. `on` names the real rows
    that classifiers are scored on: choose on "validation", report on "test". `filters` is None (the default ones), []
    or a function `(task, seeds) -> filters`. Instead of strategies, generations already made may be given by name: with
    other filters, relabelled, by different models. Strategies that show seeds use one draw of them, and then `real_few`
    is that draw alone for all; else there are five draws, or one a generation, paired with it. Baselines: the phrases
    of label descriptions and of attribute values as rows, EDA, an n-gram model.

    Example (half a minute; lesson 02 runs it):

        ways = sk.compare_strategies(task, ["zero_shot", "attributed", ["zero_shot", "attributed"]])
        ways.best()
    """
    if on not in ("validation", "test"):
        raise unknown("on", on, ["validation", "test"])
    if not strategies:
        raise SynthkitError("strategies=[]: expected at least one name")
    if isinstance(strategies, Mapping):
        made = {name: (g,) if isinstance(g, Generation) else tuple(g) for name, g in strategies.items()}
        with_seeds = [g for some in made.values() for g in some if g.plan.seeds]
        shown = [g.plan.seeds for g in with_seeds if any(r.demo_ids for r in g.plan.slots)]
        first = seeds or (shown[0] if shown else load_seeds(task))
    else:
        ways = {"+".join(names): names for names in ([s] if isinstance(s, str) else list(s) for s in strategies)}
        first = seeds or load_seeds(task)
        states = range(random_state, random_state + generations)
        asked = (states, first, requests, filters, llm, progress)
        made = {way: _generations(task, names, *asked) for way, names in ways.items()}
        shown = [True for names in ways.values() for name in names if get_strategy(name).shows_seeds]
    several = max(len(some) for some in made.values())
    draws = 1 if shown else several if several > 1 else DRAWS
    few = [first] if shown else [load_seeds(task, k=first.k, random_state=i) for i in range(draws)]
    if empty := [way for way, some in made.items() if not all(len(g.rows) for g in some)]:
        raise SynthkitError(f"no row was kept of {', '.join(empty)}; look at a generation's ledger for the reason")
    sets = {way: [g.rows.select(range(min(rows, len(g.rows)))) for g in some] for way, some in made.items()}
    entries, control = _entries(made, sets, task, first)
    eda = [augment(s, n=rows, random_state=i) for i, s in enumerate(few)]
    ngram = [baseline_rows(task, s, n=rows, random_state=i) for i, s in enumerate(few)]
    alone = {**sets, "description": [description_rows(task)], "eda": eda}
    if set(alone["description"][0]["label"]) != set(task.labels):
        del alone["description"]
    if any(r.attributes for some in made.values() for r in some[0].plan.slots) and task.attributes:
        alone["attribute values"] = [description_rows(task, attributes=True)]
    if all(len(set(some["label"])) > 1 for some in ngram):
        alone["ngram"] = ngram
    real = [s.rows for s in few]
    arms = {"real_few": as_arm("real_few", real)}
    for name, some in alone.items():
        n = len(some)
        units = [(i, 0) if name in sets else (0, i) for i in range(n)]
        both = [joined(r, some[i % n]) for i, r in enumerate(real)]
        pairs = [(i % n if name in sets else 0, i) for i in range(len(real))]
        arms[name] = Arm(tuple(some), tuple(units), sampled=name not in WORDS)
        arms[f"real_few+{name}"] = Arm(tuple(both), tuple(pairs), sampled=name not in WORDS)
    asked = {"students": [STUDENT], "random_state": random_state, "task": task, "progress": progress}
    scored = compare(arms, test=getattr(task.splits, on), **asked)
    return StrategyComparison(task.name, entries, control, scored, made, rows, on)


def _generations(task, names, states, seeds, requests, filters, llm, progress) -> tuple[Generation, ...]:
    """Return the generations of a way of asking, as many as are recorded: with the same requests, filters and model."""
    made: list[Generation] = []
    for state in states:
        shown = seeds_for(task, names, seeds=seeds)
        chosen = plan(task, shown, strategy=names, requests=requests, surplus=0, random_state=state)
        these = filters(task, seeds) if callable(filters) else filters
        try:
            made.append(generate(chosen, llm=llm, filters=these, progress=progress))
        except SynthkitError:
            if not made or llm != "recorded":
                raise
            break  # no more generations are recorded
    return tuple(made)


def _entries(
    made: Mapping[str, Sequence[Generation]], sets: Mapping[str, Sequence[Dataset]], task: Task, seeds: Seeds
) -> tuple[tuple[Entry, ...], Entry]:
    """Return what each way is like (`sets`: its first rows, a set a generation), and real rows in its place.

    Only train and validation rows are looked at.
    """
    train, validation = task.splits.train, task.splits.validation
    asked = [*validation["text"], *(t for some in sets.values() for rows in some for t in rows["text"])]
    student = STUDENTS[STUDENT](asked, default_embedder())
    predicted = iter(student.fit_predict(train["text"], train["label"]).labels)
    right = _agreement(predicted, validation["label"])
    known, reference = {fold(t) for t in train["text"]}, seeds.rest if len(seeds.rest) else seeds.rows
    entries, controls = [], []
    for way, some in made.items():
        of_each = []
        for g, rows in zip(some, sets[way], strict=True):
            texts, copied = [*g.rows["text"], *(d["text"] for d in g.drops)], SeedCopy(g.plan.seeds or seeds)
            copied.begin(g.plan)
            tokens = g.ledger.tokens_in + g.ledger.tokens_out
            like, control = _measured(rows, reference)
            controls.append(control)
            memorized = np.mean([copied.check({"text": t}) is not None for t in texts])
            in_train = np.mean([fold(t) in known for t in rows["text"]])
            counts = (g.ledger.planned, g.ledger.asked, g.ledger.kept, tokens, len(rows))
            of_each.append((*counts, *like, _agreement(predicted, rows["label"]), memorized, in_train))
        entries.append(Entry(way, len(some), *np.mean(of_each, axis=0).tolist()))
    size = min(len(reference) // 2, max(len(rows) for some in sets.values() for rows in some))
    return tuple(entries), Entry(REAL, 1, 0, 0, 0, 0, size, *controls[0], right)


def _agreement(predicted: Iterator[str], labels: Sequence[str]) -> float:
    """Return how often the next predictions are these labels."""
    return float(np.mean([next(predicted) == label for label in labels]))


def _measured(rows: Dataset, reference: Dataset) -> tuple[list[float], list[float]]:
    """Return MEASURES of rows and of as many real ones, as `evaluate` takes them: means over halves of real rows."""
    texts = list(reference["text"]), list(rows["text"])
    vectors = [embed(some, embedder=default_embedder(), fit_on=texts[0]) for some in texts]
    halves = Halves(reference, rows, *vectors, min(len(reference) // 2, len(rows)))
    some = {name: METRICS[name] for name in MEASURES if METRICS[name].small or halves.m >= SMALLEST}
    with one_thread():
        cuts = [measured(some, number, split) for number, split in enumerate(halves)]
    values = [[cut[name] for cut in cuts if name in cut] or [(nan, nan)] for name in MEASURES]
    return tuple([float(np.mean([pair[side] for pair in pairs])) for pairs in values] for side in (0, 1))
