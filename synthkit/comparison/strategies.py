"""Which way of asking gives better training data, for the same seeds, model and number of requests?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from synthkit.comparison.arms import description_rows
from synthkit.comparison.augmentation import augment
from synthkit.comparison.compare import compare
from synthkit.comparison.comparison import Comparison
from synthkit.comparison.judging import REAL, STUDENT, Entry, judge
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.results import Result
from synthkit.core.rows import bare
from synthkit.core.stats import Interval, holm, two_sided
from synthkit.generation.generate import Generation, generate
from synthkit.prompts.plan import TEXTS_A_REQUEST, plan
from synthkit.prompts.registry import get_strategy
from synthkit.seeds.anonymizer import anonymize
from synthkit.seeds.seeds import Seeds, load_seeds

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from synthkit.tasks.task import Task

REQUESTS, ROWS, DRAWS = 52, 200, 5
BASELINES = ("description", "attribute values", "eda", "ngram")  # what the prompts say, and what needs no model


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
    control: Entry
    comparison: Comparison
    made: dict[str, tuple[Generation, ...]]
    rows: int
    scored_on: str
    draws: int

    def summary(self) -> str:
        several = any(e.generations > 1 for e in self.entries)
        covered = "of each generation where a way has several" if several else "but not the generator"
        estimated = any(g.ledger.tokens_estimated for some in self.made.values() for g in some)
        return (
            f"StrategyComparison: {len(self.entries)} ways of asking for {self.task!r}, the first {self.rows} rows of "
            f"each, scored on {self.comparison.test_rows:,} {self.scored_on} rows; 95 % intervals cover those rows, "
            f"{self.draws} draw{'s' if self.draws > 1 else ''} of the real rows, {covered}; tokens "
            f"{'estimated at four bytes each' if estimated else 'as the endpoint counts them'}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a way of asking, real rows and baselines: yield, cost, quality, macro-F1 alone and both."""
        import pandas as pd

        out = []
        for e in self.entries:
            both = {"macro-F1 alone": self._f1(e.strategy), "with real_few": self._f1(f"real_few+{e.strategy}")}
            cost = {"kept of": f"{e.kept:.0f} of {e.texts:.0f}", "tokens a row": f"{e.tokens / max(1, e.kept):.0f}"}
            copied = {"memorized": f"{e.memorized:.3f}", "in train": f"{e.in_train:.3f}"}
            asked = f"{e.strategy} ({e.generations} generations)" if e.generations > 1 else e.strategy
            out.append({"asked by": asked, **cost, **_quality(e), **copied, **both})
        out.append({"asked by": REAL, **_quality(self.control)})
        for arm in BASELINES:
            if any(s.arm == arm for s in self.comparison.scores):
                both = {"macro-F1 alone": self._f1(arm), "with real_few": self._f1(f"real_few+{arm}")}
                out.append({"asked by": f"{arm} (baseline)", **both})
        few = self.comparison.get("real_few", STUDENT)
        out.append({"asked by": f"real_few ({few.rows} rows)", "macro-F1 alone": str(few.macro_f1)})
        return pd.DataFrame(out).fillna("")

    def _f1(self, arm: str) -> str:
        return str(self.score(arm))

    def score(self, arm: str) -> Interval:
        """Return the macro-F1 of an arm, such as "zero_shot" or "real_few+zero_shot"."""
        return self.comparison.get(arm, STUDENT).macro_f1

    def best(self) -> str:
        """Return the way of asking with the highest macro-F1 together with real_few: choose on validation rows."""
        return max(self.entries, key=lambda e: self.score(f"real_few+{e.strategy}").value).strategy

    def contrasts(self, other: str = "zero_shot", *, arms: Sequence[str] | None = None) -> pd.DataFrame:
        """Return ways of asking (all of them) against `other`, each with real_few; p is corrected by Holm for them."""
        import pandas as pd

        names = [e.strategy for e in self.entries]
        for name in (other, *(arms or ())):
            if name not in names:
                raise unknown("way of asking", name, names)
        arms = [name for name in arms or names if name != other]
        pairs = [(f"real_few+{arm}", f"real_few+{other}") for arm in arms]
        p = [two_sided(self.comparison.resampled[a, STUDENT] - self.comparison.resampled[b, STUDENT]) for a, b in pairs]
        rows = [
            Contrast(arm, other, self.comparison.difference(a, b, STUDENT), value, corrected)
            for arm, (a, b), value, corrected in zip(arms, pairs, p, holm(p), strict=True)
        ]
        frame = pd.DataFrame(rows, columns=Contrast._fields)
        return frame.assign(difference=[str(c.difference) for c in rows])

    def plot(self):
        """Return a figure: macro-F1 with real_few against tokens a kept row, a dot and interval a way of asking."""
        from synthkit.comparison.plots_strategies import plot_contest

        return plot_contest(self)


def _quality(e: Entry) -> dict[str, str]:
    return {
        "distinct-2": f"{e.distinct_2:.3f}",
        "Vendi": f"{e.vendi:.1f}",
        "C2ST": "" if e.c2st != e.c2st else f"{e.c2st:.3f}",
        "coverage": "" if e.coverage != e.coverage else f"{e.coverage:.3f}",
        "label holds": f"{e.agreement:.3f}",
    }


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
    """
    if on not in ("validation", "test"):
        raise unknown("on", on, ["validation", "test"])
    if not strategies:
        raise SynthkitError("strategies=[]: expected at least one name")
    if isinstance(strategies, Mapping):
        made = {name: (g,) if isinstance(g, Generation) else tuple(g) for name, g in strategies.items()}
        shown = [g.plan.seeds for some in made.values() for g in some if any(r.demo_ids for r in g.plan.slots)]
        first = seeds or (shown[0] if shown else load_seeds(task))
    else:
        ways = {"+".join(names): names for names in ([s] if isinstance(s, str) else list(s) for s in strategies)}
        first = seeds or load_seeds(task)
        states = range(random_state, random_state + generations)
        make = _Maker(task, first, requests, filters, llm, progress)
        made = {way: make(names, states) for way, names in ways.items()}
        shown = [True for names in ways.values() for name in names if get_strategy(name).shows_seeds]
    several = max(len(some) for some in made.values())
    draws = 1 if shown else several if several > 1 else DRAWS
    few = [first] if shown else [load_seeds(task, k=first.k, random_state=i) for i in range(draws)]
    if empty := [way for way, some in made.items() if not all(len(g.rows) for g in some)]:
        raise SynthkitError(f"no row was kept of {', '.join(empty)}; look at a generation's ledger for the reason")
    sets = {way: [g.rows.select(range(min(rows, len(g.rows)))) for g in some] for way, some in made.items()}
    entries, control = judge(made, sets, task, first)
    eda = [augment(s, n=rows, random_state=i) for i, s in enumerate(few)]
    ngram = [
        generate(plan(task, s, n=rows, random_state=i, surplus=1.0), llm="ngram", progress=False).rows
        for i, s in enumerate(few)
    ]
    alone = {**sets, "description": [description_rows(task)], "eda": eda}
    if any(r.attributes for some in made.values() for r in some[0].plan.slots) and task.attributes:
        alone["attribute values"] = [description_rows(task, attributes=True)]
    if all(len(set(some["label"])) > 1 for some in ngram):
        alone["ngram"] = ngram
    real = [s.rows for s in few]
    both = {f"real_few+{arm}": _with(real, some) for arm, some in alone.items()}
    scored = compare(
        {"real_few": real, **alone, **both},
        test=getattr(task.splits, on),
        students=[STUDENT],
        random_state=random_state,
        stand_in=task.stand_in,
        progress=progress,
    )
    return StrategyComparison(task.name, entries, control, scored, made, rows, on, len(few))


@dataclass
class _Maker:
    """Makes the generations of a way of asking: all with the same requests, filters and model."""

    task: Task
    seeds: Seeds
    requests: int
    filters: object
    llm: object
    progress: bool

    def __call__(self, names: list[str], states: Sequence[int]) -> tuple[Generation, ...]:
        shows = any(get_strategy(name).shows_seeds for name in names)
        hidden = self.seeds if self.seeds.anonymized or not shows else anonymize(self.seeds, progress=False).seeds
        made = []
        for state in states:
            chosen = plan(
                self.task,
                hidden if shows else None,
                strategy=names,
                n=self.requests * TEXTS_A_REQUEST,
                surplus=0,
                random_state=state,
            )
            these = self.filters(self.task, self.seeds) if callable(self.filters) else self.filters
            try:
                made.append(generate(chosen, llm=self.llm, filters=these, progress=self.progress))
            except SynthkitError:
                if not made or self.llm != "recorded":
                    raise
                break  # no more generations are recorded
        return tuple(made)


def _with(real: list[Dataset], sets: list[Dataset]) -> list[Dataset]:
    from datasets import concatenate_datasets

    return [concatenate_datasets([bare(r), bare(sets[i % len(sets)])]) for i, r in enumerate(real)]
