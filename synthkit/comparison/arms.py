"""What a comparison trains on: arms, each a number of training sets with where they come from."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from synthkit.comparison.leakage import refuse_leak
from synthkit.comparison.pseudo_labels import PSEUDO, pseudo_labelled
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import bare, make_rows, need_columns
from synthkit.core.text import fold
from synthkit.generation.baselines import baseline_rows
from synthkit.seeds.seeds import Seeds, load_seeds

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.generation.annotate import Annotation
    from synthkit.generation.generate import Generation
    from synthkit.generation.ledger import Ledger
    from synthkit.tasks.task import Task

DRAWS = 5
MOST_SIZED = 4000  # rows of an arm of more real rows
SAME_UNIT = 0.1  # of their rows that two draws or generations share where they are one


@dataclass(frozen=True)
class Arm(Sequence):
    """Training sets of one arm: set i is of `units[i]`, (generation, draw of the real rows).

    `real` counts the different real rows behind a set: trained on, shown in prompts or asked for advice. `sampled` is
    False where what all sets share is no sample, as the words of a prompt: its luck is then in no interval. `requests`
    and `tokens` are what a set cost at a model, where arms of different cost stand side by side.
    """

    sets: tuple[Dataset, ...]
    units: tuple[tuple[int, int], ...]
    real: int | None = None
    sampled: bool = True
    requests: int = 0
    tokens: int = 0

    def __len__(self) -> int:
        return len(self.sets)

    def __getitem__(self, i):
        return self.sets[i]


def as_arm(name: str, rows) -> Arm:
    """Return rows as an arm: one set, or a list of them, which are then draws."""
    if isinstance(rows, Arm):
        return rows
    sets = tuple(rows) if isinstance(rows, (list, tuple)) else (rows,)
    if not sets:
        raise SynthkitError(f"arm {name!r}: expected rows, or a list of them; got an empty list")
    return Arm(sets, tuple((0, i) for i in range(len(sets))))


def numbered(arms: Mapping[str, Arm], sets: Mapping[str, Sequence]) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return the units of each arm, numbered so that the same draw or generation has one number in all arms.

    A unit goes by the rows (`sets`: texts and labels of each arm's sets) that no other unit of its arm has. Units of
    two arms are the same where each shares a tenth of them with a different one of the other's. A unit without rows of
    its own keeps its number.
    """
    known: list[list[list[tuple[int, set]]]] = [[], []]  # generations and draws: the numbered units of earlier arms
    out, free = {}, [0, 0]
    for name, arm in arms.items():
        rows = [set(zip(*one, strict=True)) for one in sets[name]]
        columns = []
        for column in (0, 1):
            which = [unit[column] for unit in arm.units]
            several = sorted(set(which))
            held = {u: set().union(*(r for r, w in zip(rows, which, strict=True) if w == u)) for u in several}
            alone = {u: held[u] - set().union(*(held[v] for v in several if v != u)) for u in several}
            number = {u: u for u in several}
            if len(several) > 1 and all(alone.values()):
                same = next((m for units in known[column] if (m := _same(alone, units))), None)
                number = same or {u: free[column] + i for i, u in enumerate(several)}
                known[column].append([(number[u], alone[u]) for u in several])
            free[column] = max(free[column], *(n + 1 for n in number.values()))
            columns.append([number[w] for w in which])
        out[name] = tuple(zip(*columns, strict=True))
    return out


def _same(units: dict[int, set], others: list[tuple[int, set]]) -> dict[int, int] | None:
    if len(units) != len(others):
        return None
    found = {}
    for unit, rows in units.items():
        number, shared = max(((n, len(rows & r) / min(len(rows), len(r))) for n, r in others), key=lambda x: x[1])
        if shared >= SAME_UNIT:
            found[unit] = number
    return found if len(set(found.values())) == len(units) else None


def standard_arms(
    made: Generation | Sequence[Generation],
    *,
    k: int = 10,
    draws: int = DRAWS,
    annotated: Annotation | None = None,
    pool: Dataset | None = None,
) -> dict[str, Arm]:
    """Return the arms of the kit's headline.

    `real_few` is drawn `draws` times (k rows a label, random_state 0, 1, ...); where the prompts showed seeds, those
    are its draws, and `synthetic` counts them as real rows used. `ngram` is fitted on each draw and left out where too
    little of it is kept. `description` is what the prompts themselves say about each label, cut into phrases: what of
    the gain needs no language model. `synthetic_few` is as many synthetic rows as `real_few` has, where there are more.
    Several generations are crossed with the draws. `real_20`, `real_40`, `real_80` have more real rows a label, as far
    as there are some: what the synthetic ones are worth is read off them. With `annotated` (`sk.annotate`) raw rows
    that a model labelled are trained on too, alone and beside the others; `real_few+mixed` costs as many requests as
    `synthetic`: the annotated rows, and those of the first synthetic ones that the other requests brought.
    With a `pool` of raw texts the fullest arm stands there with them as well, under pseudo-labels that no model gives.

    >>> import synthkit as sk
    >>> made = sk.generate(sk.load_task("feedback"), n=20, progress=False)
    >>> arms = standard_arms(made, draws=2)
    >>> len(arms["real_few+synthetic"]), arms["real_few"].real
    (2, 60)
    """
    generations = as_generations(made)
    task = generations[0].plan.task
    few, pairs, shown = paired(generations, k, draws)
    every = [(0, d) for d in range(len(few))]
    real, synthetic = len(few[0].rows), [bare(g.rows) for g in generations]
    phrases = description_rows(task, attributes=any(r.attributes for r in generations[0].plan.slots))

    def both(sets: Iterable[Dataset], units: Sequence[tuple[int, int]], sampled: bool = True) -> Arm:
        whole = tuple(joined(few[d].rows, s) for s, (_, d) in zip(sets, units, strict=True))
        return Arm(whole, tuple(units), real, sampled)

    arms = {"real_few": Arm(tuple(s.rows for s in few), tuple(every), real)}
    fitted = {d: baseline_rows(task, s, n=len(synthetic[0]), random_state=d) for d, s in enumerate(few)}
    # of very few or very short seeds the baseline can only repeat them, and too little of it is kept
    if enough := {d: rows for d, rows in fitted.items() if len(set(rows["label"])) > 1}:
        arms["ngram"] = Arm(tuple(enough.values()), tuple((0, d) for d in enough), real)
    described = set(phrases["label"]) == set(task.labels)
    if described:
        arms["description"] = Arm((phrases,), ((0, 0),), 0, sampled=False)
    else:
        warnings.warn(f"task {task.name!r} does not say what its labels mean: no arm of descriptions", stacklevel=2)
    if min(map(len, synthetic)) > real:
        some = tuple(_some(synthetic[g], k, [g, d]) for g, d in pairs)
        arms["synthetic_few"] = Arm(some, tuple(pairs), real if shown else 0)
    units = pairs if shown else [(g, 0) for g in range(len(generations))]
    cost = _mean_cost([g.ledger for g in generations])
    arms["synthetic"] = Arm(tuple(g.rows for g in generations), tuple(units), real if shown else 0, True, *cost)
    if described:
        arms["real_few+description"] = both([phrases] * len(few), every, sampled=False)
    together = both([synthetic[g] for g, _ in pairs], pairs)
    arms["real_few+synthetic"] = replace(together, requests=cost[0], tokens=cost[1])
    if annotated is not None:
        if not hasattr(annotated, "right"):
            raise SynthkitError(f"annotated={type(annotated).__name__}: expected what sk.annotate or sk.refine returns")
        arms |= annotated_arms(annotated, generations, few, pairs, phrases if described else None)
    if pool is not None:
        pool = getattr(pool, "rows", pool)  # what load_rows returned
        need_columns("pool=", pool, ("text",))
        fullest = "real_few+synthetic" + "+annotated" * (annotated is not None)
        more = _with_pseudo_labels(arms[fullest], pool)
        arms |= {f"{fullest}{PSEUDO}": more} if len(more[0]) > len(arms[fullest][0]) else {}
    arms |= {f"real_{n}": Arm(sets, tuple(every), n * len(task.labels)) for n, sets in more_real(task, k, len(few))}
    arms["real_full"] = Arm((task.splits.train,), ((0, 0),), len(task.splits.train))
    return arms


def _with_pseudo_labels(arm: Arm, pool: Dataset) -> Arm:
    sets = tuple(pseudo_labelled(s, pool, random_state=d) for s, (_, d) in zip(arm.sets, arm.units, strict=True))
    return replace(arm, sets=sets, real=arm.real + len(sets[0]) - len(arm.sets[0]))


def annotated_arms(
    annotated: Annotation,
    generations: Sequence[Generation],
    few: Sequence[Seeds],
    pairs: Sequence[tuple[int, int]],
    phrases: Dataset | None,
) -> dict[str, Arm]:
    """Return the arms of raw rows that a model labelled, each with what it cost; a seed among them is in once."""
    synthetic, labelled = [bare(g.rows) for g in generations], bare(annotated.rows)
    known = [set(map(fold, s.rows["text"])) for s in few]
    texts = [fold(text) for text in labelled["text"]]
    beside = [labelled.select([i for i, t in enumerate(texts) if t not in seen]) for seen in known]
    added = [joined(s.rows, rows) for s, rows in zip(few, beside, strict=True)]
    shown = annotated.examples.rows if annotated.examples else few[0].rows.select([])
    refuse_leak(shown, generations[0].plan.task.splits.test)
    others = set(map(fold, shown["text"])).difference(texts)  # real rows that the model saw, and gave no label
    real = len(few[0].rows) + len(beside[0]) + max(len(others - seen) for seen in known)
    asked, tokens = _mean_cost([annotated.ledger])
    asks, spent = _mean_cost([g.ledger for g in generations])
    left = max(0.0, 1 - asked / asks) if asks else 0.0  # of the requests of a generation, once rows are annotated
    parts = [rows.select(range(round(left * len(rows)))) for rows in synthetic]
    every = tuple((0, d) for d in range(len(few)))

    def beside_synthetic(some: Sequence[Dataset], share: float, more: Dataset | None = None) -> Arm:
        sets = [joined(added[d], some[g]) for g, d in pairs]
        sets = [joined(rows, more) for rows in sets] if more else sets
        return Arm(tuple(sets), tuple(pairs), real, True, asked + round(share * asks), tokens + round(share * spent))

    arms = {"annotated": Arm((labelled,), ((0, 0),), len(labelled) + len(others), True, asked, tokens)}
    arms["real_few+annotated"] = Arm(tuple(added), every, real, True, asked, tokens)
    if left:
        arms["real_few+mixed"] = beside_synthetic(parts, left)
    arms["real_few+synthetic+annotated"] = beside_synthetic(synthetic, 1.0)
    if phrases is not None:
        arms["real_few+synthetic+annotated+description"] = beside_synthetic(synthetic, 1.0, phrases)
    return arms


def _mean_cost(ledgers: Sequence[Ledger]) -> tuple[int, int]:
    """Return requests answered and tokens in and out, means."""
    counts = [(one.answered, one.tokens_in + one.tokens_out) for one in ledgers]
    return tuple(round(x) for x in np.mean(counts, axis=0))


def more_real(task: Task, k: int, draws: int) -> Iterator[tuple[int, tuple[Dataset, ...]]]:
    """Yield (rows a label, draws of so many) for twice, four and eight times k, as far as there are some."""
    for n in (2 * k, 4 * k, 8 * k):
        if n * len(task.labels) > MOST_SIZED:
            return
        try:
            yield n, tuple(load_seeds(task, k=n, random_state=i).rows for i in range(draws))
        except SynthkitError:  # a label has not as many
            return


def as_generations(made: Generation | Sequence[Generation]) -> list[Generation]:
    """Return one generation or several as a list; anything else is an error."""
    generations = list(made) if isinstance(made, (list, tuple)) else [made]
    if not generations or not all(hasattr(g, "plan") and hasattr(g, "rows") for g in generations):
        got = type(generations[0]).__name__ if generations else "an empty list"
        raise SynthkitError(f"expected what sk.generate(...) returns, or a list of it; got {got}")
    return generations


def paired(generations: Sequence[Generation], k: int, draws: int) -> tuple[list[Seeds], list[tuple[int, int]], bool]:
    """Return (draws of real rows, which (generation, draw) meet, whether the prompts showed these draws).

    A generation whose prompts showed real rows meets those and no others; else every one meets every draw.
    """
    task, shown = generations[0].plan.task, [g.plan.seeds for g in generations]
    if not any(shown):
        few = [load_seeds(task, k=k, random_state=i) for i in range(draws)]
        return few, [(g, d) for g in range(len(generations)) for d in range(draws)], False
    if not all(shown) or {s.k for s in shown} != {k}:
        ks = sorted({s.k if s else 0 for s in shown})
        raise SynthkitError(
            f"k={k}: the prompts of these rows showed {', '.join(map(str, ks))} real rows a label; compare with as many"
        )
    few, pairs = {}, []
    for g, seeds in enumerate(shown):
        if generations[g].model != "ngram":
            refuse_leak(seeds.rows, task.splits.test)
        ids = tuple(seeds.rows["id"])
        few.setdefault(ids, seeds)
        pairs.append((g, list(few).index(ids)))
    return list(few.values()), pairs, True


def joined(one: Dataset, other: Dataset) -> Dataset:
    from datasets import concatenate_datasets

    return concatenate_datasets([bare(one), bare(other)])


def _some(rows: Dataset, k: int, random_state: Sequence[int]) -> Dataset:
    """Return k rows a label drawn at random, all of a label that has fewer."""
    rng, labels = np.random.default_rng(random_state), np.asarray(rows["label"])
    taken = [rng.permutation(np.flatnonzero(labels == label))[:k] for label in sorted(set(labels))]
    return rows.select(np.sort(np.concatenate(taken)))


def description_rows(task: Task, *, attributes: bool = False) -> Dataset:
    """Return the phrases of each label's description (and of its own attribute values) as rows of that label."""
    phrases = [(p.strip(), label) for label, meaning in task.labels.items() for p in re.split(r" - |[,;]", meaning)]
    if attributes:
        for values in task.attributes.values():
            if isinstance(values, dict):
                phrases += [(value, label) for label, some in values.items() for value in some]
    phrases = [(text, label) for text, label in dict.fromkeys(phrases) if len(text) > 1]
    texts, labels = ([pair[i] for pair in phrases] for i in (0, 1))
    return make_rows({"id": [f"phrase-{i}" for i in range(len(texts))], "text": texts, "label": labels})
