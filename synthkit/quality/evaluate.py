"""One report: a dozen lines, each number beside its control, and tables of the rows behind them; more by name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.core.embedding import default_embedder, embed
from synthkit.core.errors import SynthkitError
from synthkit.core.language import foreign, main_language
from synthkit.core.rows import need_columns, row_ids
from synthkit.core.stats import Interval, one_thread
from synthkit.core.text import fold
from synthkit.quality import audit, usefulness
from synthkit.quality.alignment import PERMUTATIONS, mmd
from synthkit.quality.bias import Share, shares
from synthkit.quality.controls import LARGE, REPEATS, Halves, middle, reach
from synthkit.quality.diversity import overused
from synthkit.quality.fidelity import register
from synthkit.quality.lines import Findings, Line, exact
from synthkit.quality.regions import Reached
from synthkit.quality.registry import METRICS, MMD, SMALLEST, Metric, chosen
from synthkit.quality.report import Report
from synthkit.seeds.gate import Gate
from synthkit.seeds.profile import HABITS

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.seeds.seeds import Seeds

SHOWN = 500  # rows a side from which a bar is shown: a short run leaves no trace of one in a notebook
JUDGED = 2000  # texts whose language is looked at


class Overused(NamedTuple):
    """An opening or a phrase, and how many synthetic and real texts have it."""

    kind: str
    words: str
    synthetic: int
    real: int


def evaluate(
    synthetic: Dataset,
    real: Dataset,
    *,
    seeds: Seeds | Dataset | None = None,
    holdout: Dataset | None = None,
    metrics: str | Sequence[str] = (),
    slices: str | None = None,
    embedder: str | Callable | None = None,
    random_state: int = 0,
    progress: bool = True,
) -> Report:
    """Return diversity, fidelity and alignment of `synthetic` against `real` rows (`text`, `label`), with controls.

    Twenty times (ten from 2,000 rows a side) the real rows are cut at random into halves of m = min(N/2, n synthetic)
    rows, stratified by label. The control compares half with half; the synthetic value is m synthetic rows in the
    second half's place. Below m = 50 only diversity and length are given.

    `seeds` (what prompts showed, or might) add the privacy section, against `holdout`, real rows that no prompt held
    (default: `seeds.rest`), and the macro-F1 to expect of a classifier trained on the rows. `metrics` adds to the
    dozen, by name ("MAUVE", "self-BLEU" ...), by section ("bias") or "all"; `slices` names a column of the real rows
    by which a classifier trained on the synthetic ones is scored. `embedder` is a name as in `embed`, or a function
    from texts to unit vectors, shape (n, d). Vectors of different embedders do not compare.
    """
    need_columns("synthetic=", synthetic)
    need_columns("real=", real)
    names, sections = chosen(metrics)
    m = min(len(real) // 2, len(synthetic))
    if m < 2:
        raise SynthkitError(
            f"{len(synthetic)} synthetic and {len(real)} real rows: too few to say anything; a report needs 2 and 4"
        )
    vectors, called = _embedder(embedder, [*real["text"], *synthetic["text"]])
    found = Findings()
    halves = Halves(real, synthetic, vectors(list(real["text"])), vectors(list(synthetic["text"])), m, random_state)
    usable = _usable(found, halves, names)
    ids = row_ids(real, "real"), row_ids(synthetic, "synthetic")
    with one_thread() if m < LARGE else nullcontext():
        _on_the_cuts(found, halves, usable, *ids, progress)
    found.tables["overused"] = [Overused(*x) for x in overused(halves.synthetic.tokens, halves.real.tokens)]
    found.tables["register"] = _register(found, halves)
    _texts(found, halves)
    if seeds is not None:
        rows = getattr(seeds, "rows", seeds)
        need_columns("seeds=", rows)
        held_out = holdout if holdout is not None else getattr(seeds, "rest", None)
        if held_out is not None and len(held_out):
            need_columns("holdout=", held_out)
        gate = next((g for g in map(Gate.of, (seeds, real, synthetic)) if g.task), None)
        audit.privacy(found, synthetic, rows, held_out, vectors, gate=gate, random_state=random_state)
        _usefulness(found, halves, rows, vectors, called)
        if set(real["text"]) <= set(rows["text"]):
            found.note("the real rows are the seeds themselves: copying them flatters the alignment")
    audit.bias(found, synthetic, real, halves, vectors, slices=slices, whole="bias" in sections)
    tables = {name: tuple(rows) for name, rows in found.tables.items()}
    samples = _samples(halves)
    return Report(tuple(found.lines), m, len(synthetic), len(real), called, tuple(found.notes), tables, samples)


def _embedder(embedder, texts: list[str]):
    """Return (a function from texts to vectors that refuses NaN, its name)."""
    name = getattr(embedder, "__name__", "given") if callable(embedder) else embedder or default_embedder()

    def vectors(some: list[str]) -> np.ndarray:
        out = np.asarray(embedder(some) if callable(embedder) else embed(some, embedder=name, fit_on=texts))
        if out.ndim != 2 or len(out) != len(some):
            raise SynthkitError(
                f"embedder {name!r}: expected one vector a text, shape ({len(some)}, d); got {out.shape}"
            )
        if len(bad := np.flatnonzero(~np.isfinite(out).all(axis=1))):
            raise SynthkitError(
                f"embedder {name!r} gave {len(bad)} vectors with NaN or infinity, the first for {some[bad[0]][:60]!r}; "
                "remove those texts or name another embedder"
            )
        return out.astype(np.float32)

    return vectors, name


def _usable(found: Findings, halves: Halves, names: list[str]) -> dict[str, Metric]:
    """Return the metrics that these rows allow; the notes say which they do not, and why."""
    out = {name: METRICS[name] for name in names}
    if halves.m < SMALLEST:
        found.note(
            f"{halves.m} rows a side: fewer than {SMALLEST}, so no fidelity and no alignment numbers; look at the map"
        )
        out = {name: metric for name, metric in out.items() if metric.small}
    made, own = Counter(halves.synthetic.labels.tolist()), Counter(halves.real.labels.tolist())
    why = ""
    if not made.keys() & own.keys():
        why = (
            f"no label in common (synthetic: {_some(made)}; real: {_some(own)}); spell them alike if they mean the same"
        )
    elif len(own) < 2 or own.most_common(2)[1][1] * 2 * halves.m < 4 * own.total():
        why = f"the real rows hold hardly any label but {own.most_common(1)[0][0]!r}"
    elif strange := sum(n for label, n in made.items() if label not in own):
        found.note(f"{strange} synthetic rows carry labels that no real row has: {_some(made.keys() - own.keys())}")
    if why and any(metric.labels for metric in out.values()):
        found.note(f"label fidelity is left out: {why}")
        out = {name: metric for name, metric in out.items() if not metric.labels}
    if "Fréchet distance" in out and halves.m < halves.real.vectors.shape[1]:
        d = halves.real.vectors.shape[1]
        found.note(f"no Fréchet distance: {halves.m} rows a side, at least {d} needed, one a dimension of the vectors")
        del out["Fréchet distance"]
    return out


def _some(names) -> str:
    return ", ".join(repr(n) for n in sorted(names)[:3]) + (" ..." if len(names) > 3 else "")


def _on_the_cuts(found: Findings, halves: Halves, metrics: dict[str, Metric], real_ids, ids, progress: bool) -> None:
    """Measure every metric on every cut; one pass, so that no matrix outlives its cut."""
    from tqdm.auto import tqdm

    values, controls = defaultdict(list), defaultdict(list)
    enough = halves.m >= SMALLEST
    reached = Reached(len(real_ids), len(ids))
    tested = _mmd(halves) if enough else None
    hidden = not progress or halves.m < SHOWN
    bar = tqdm(halves, total=len(halves), desc="evaluate", unit="cut", leave=False, disable=hidden)
    for number, draw in enumerate(bar):
        for name, metric in metrics.items():
            if number < metric.cuts:
                controls[name].append(metric.measure(draw, draw.second))
                values[name].append(metric.measure(draw, draw.synthetic))
        if enough:
            reached.add(draw)
    for name, metric in metrics.items():
        if name == "precision" and tested:
            found.lines.append(tested)
        cuts = (
            f"{len(values[name])} random halves of the real rows, without replacement; brackets: mean +- 2.8 sd of the "
            "halves"
        )
        value, control = middle(values[name]), reach(controls[name])
        found.lines.append(Line(metric.section, name, value, control, metric.better, cuts))
    if enough:
        found.tables["not covered"] = reached.uncovered(halves.real, real_ids)
        found.tables["nothing real"] = reached.unsupported(halves.synthetic, ids)


def _mmd(halves: Halves) -> Line:
    """One cut at random, not by label: only rows that may change places can be permuted."""
    rng = halves.randomness(REPEATS)
    first, second = np.split(rng.permutation(len(halves.real.texts))[: 2 * halves.m], 2)
    made = rng.permutation(len(halves.synthetic.texts))[: halves.m]
    value, p, _ = mmd(halves.real.vectors[first], halves.synthetic.vectors[made])
    usual, _, null = mmd(halves.real.vectors[first], halves.real.vectors[second])
    method = (
        f"unbiased, Gaussian kernel of median width, one cut; p: {PERMUTATIONS} permutations of the rows over the two "
        "sides; brackets: all and 97.5 % of those of two real halves"
    )
    ends = usual, min(float(null.min()), value), float(np.quantile(null, 0.975))
    control = Interval(*(1000 * x for x in ends))
    return Line("alignment", MMD, exact(1000 * value), control, "near 0", method, p)


def _usefulness(found: Findings, halves: Halves, few, vectors, called: str) -> None:
    """Add the expected score: of the synthetic rows, and of as many real ones in their place."""
    if called != "minilm":
        found.note(f"no expected macro-F1: it is validated on MiniLM vectors, not on {called!r}")
        return
    draw = halves.draw(0)
    rest = halves.randomness(REPEATS + 1).permutation(np.setdiff1d(halves.real.where, draw.second.where))
    known = set(few["text"])
    rest = [int(i) for i in rest if halves.real.texts[i] not in known][: usefulness.MOST]
    unlabelled = halves.real.vectors[rest], [halves.real.tokens[i] for i in rest]
    few_vectors, few_labels = vectors(list(few["text"])), list(few["label"])
    values = []
    for side in (halves.synthetic, draw.second):
        try:
            usefulness.need(side.labels.tolist(), few_labels, len(rest))
        except SynthkitError as error:
            found.note(f"no expected macro-F1: {error}")
            return
        own = side.vectors, side.tokens, side.labels
        values.append(usefulness.expected(usefulness.signals(*own, few_vectors, few_labels, *unlabelled)))
    method = (
        f"{len(usefulness.WEIGHTS)} signals from {len(few)} labelled and {len(rest)} unlabelled real rows, joined as "
        "benchmarks/report.py validates; brackets: nine of ten errors on datasets left out; control: real rows"
    )
    found.lines.append(Line("usefulness", "expected macro-F1 (TSTR)", *values, "higher", method))


def _register(found: Findings, halves: Halves) -> list[Share]:
    """Return the habits of the texts, and note the widest gap that is no accident."""
    made, own = register(halves.synthetic.texts), register(halves.real.texts)
    out = []
    for i, (column, _, _) in enumerate(HABITS):
        pair = ([str(v) for v in side[:, i]] for side in (made, own))
        yes = [s for s in shares(column, *pair) if s.value == "True"]
        out += [s._replace(of="habit", value=column) for s in yes]
    out.sort(key=lambda s: -abs(s.difference.value))
    sure = [s for s in out if s.p < 0.05 / len(HABITS)]
    if sure:
        told = ", ".join(f"{s.value} {s.synthetic:.2f} (real {s.real:.2f})" for s in sure[:3])
        found.note(f"register: {len(sure)} of {len(HABITS)} habits differ; {told}")
    return out


def _texts(found: Findings, halves: Halves) -> None:
    """Note copies, repeats and languages."""
    made, own = halves.synthetic.texts, halves.real.texts
    known, folded = {fold(t) for t in own}, [fold(t) for t in made]
    if same := sum(t in known for t in folded):
        found.note(f"{same} synthetic texts also stand, word for word, among the real rows")
    if again := len(folded) - len(set(folded)):
        found.note(f"{again} synthetic texts repeat another one word for word")
    ours, theirs = main_language(own), main_language(made)
    if ours != theirs:
        found.note(
            f"the synthetic texts look like {theirs!r}, the real ones like {ours!r}: words do not compare, and the "
            "sentence model reads English"
        )
    elif other := len(foreign(made[:JUDGED], ours)):
        usual = len(foreign(own[:JUDGED], ours))
        if other / min(JUDGED, len(made)) > 0.02 + 2 * usual / min(JUDGED, len(own)):
            found.note(f"{other} of {min(JUDGED, len(made)):,} synthetic texts are not in {ours!r} (real: {usual})")


def _samples(halves: Halves) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    draw = halves.draw(0)
    lengths = tuple(np.array([len(t) for t in side.tokens]) for side in (halves.synthetic, halves.real))
    near = tuple(draw.across(side).min(axis=0) for side in (draw.synthetic, draw.second))
    return {"words a text": lengths, "nearest real row": near}
