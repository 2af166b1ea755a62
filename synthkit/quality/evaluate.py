"""One report: a dozen lines, each number beside its control, and tables of the rows behind them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.core import withheld
from synthkit.core.embedding import embed
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.language import embedder_for, foreign, language_of, main_language
from synthkit.core.progress import bar
from synthkit.core.rows import need_columns, row_ids
from synthkit.core.stats import Interval, one_thread
from synthkit.core.text import fold
from synthkit.quality import usefulness
from synthkit.quality.alignment import NEIGHBOURS, PERMUTATIONS, mmd
from synthkit.quality.bias import bias
from synthkit.quality.controls import LARGE, REPEATS, Halves, middle, reach
from synthkit.quality.diversity import overused
from synthkit.quality.fidelity import off_register, register
from synthkit.quality.privacy import privacy
from synthkit.quality.regions import ByLabel, Reached
from synthkit.quality.registry import METRICS, MMD, SMALLEST, Metric, measured
from synthkit.quality.report import Draft, Line, Report, exact
from synthkit.seeds.gate import Gate
from synthkit.tasks.splits import task_of

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.seeds.seeds import Seeds

SHOWN = 500  # rows a side from which a bar is shown: a short run leaves no trace of one in a notebook
JUDGED = 2000  # texts whose language is looked at
MOST = 5000  # rows a side: beyond it no number moves, and a matrix of distances takes a gigabyte
READ = 50_000  # rows a side that are read: of more as many, drawn at random


class Overused(NamedTuple):
    """An opening or a phrase, how many synthetic and real texts have it, and some of the synthetic ones."""

    kind: str
    words: str
    synthetic: int
    real: int
    ids: str


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
    second half's place. Below m = 50 only diversity and length are given. Of more than 50,000 rows as many are read.

    `seeds` (what prompts showed, or might) add the privacy section, against `holdout`, real rows that no prompt held
    (default: `seeds.rest`), and the macro-F1 to expect of a classifier trained on the rows. `metrics="bias"` adds the
    bias section; `slices` names a column of the real rows by which a classifier trained on the synthetic ones is
    scored. `embedder` is a name as in `embed`, or a function from texts to unit vectors, shape (n, d). Vectors of
    different embedders do not compare.

    >>> from synthkit.core.rows import make_rows
    >>> real = make_rows({"text": [f"the lamp number {i} is late" for i in range(20)], "label": ["late", "other"] * 10})
    >>> report = evaluate(real.select(range(8)), real, embedder="lsa")
    >>> report.m, report.get("length (words)").synthetic.value
    (8, 6.0)
    """
    need_columns("synthetic=", synthetic)
    need_columns("real=", real)
    for name in [metrics] if isinstance(metrics, str) else metrics:
        if name not in ("bias", "all"):
            raise unknown("metric", name, ["bias", "all"])
    draft, sizes = Draft(), (len(synthetic), len(real))
    synthetic, real = (
        _some_rows(draft, name, rows, random_state) for name, rows in (("synthetic", synthetic), ("real", real))
    )
    m = min(len(real) // 2, len(synthetic), MOST)
    if m < 2:
        raise SynthkitError(
            f"{len(synthetic)} synthetic and {len(real)} real rows: too few to say anything; a report needs 2 and 4"
        )
    language, language_notes = language_of(list(real["text"]), task_of(real))
    vectors, called = _embedder(embedder or embedder_for(language), list(real["text"]))
    halves = Halves(real, synthetic, vectors(list(real["text"])), vectors(list(synthetic["text"])), m, random_state)
    usable = _usable(draft, halves)
    ids = row_ids(real, "real"), row_ids(synthetic, "synthetic")
    with one_thread() if m < LARGE else nullcontext():
        _on_the_cuts(draft, halves, usable, *ids, progress)
    draft.tables["overused"] = [
        Overused(kind, phrase, len(where), count, ", ".join(str(ids[1][i]) for i in where[:3]))
        for kind, phrase, where, count in overused(halves.synthetic.tokens, halves.real.tokens)
    ]
    _texts(draft, halves)
    if seeds is not None:
        rows = getattr(seeds, "rows", seeds)
        need_columns("seeds=", rows)
        held_out = holdout if holdout is not None else getattr(seeds, "rest", None)
        if held_out is not None and len(held_out):
            need_columns("holdout=", held_out)
        gate = next((g for g in map(Gate.of, (seeds, real, synthetic)) if g.task), None)
        privacy(draft, synthetic, rows, held_out, vectors, gate=gate, random_state=random_state)
        _usefulness(draft, halves, rows, vectors, called)
        if set(real["text"]) <= set(rows["text"]):
            draft.note("the real rows are the seeds themselves: copying them flatters the alignment")
    bias(draft, synthetic, real, halves, vectors, slices=slices, whole=bool(metrics))
    tables = {name: tuple(rows) for name, rows in draft.tables.items()}
    lines, notes = tuple(draft.lines), tuple(draft.notes)
    return Report(lines, m, *sizes, called, notes, tables, _samples(halves), "; ".join(language_notes))


def _some_rows(draft: Draft, name: str, rows: Dataset, random_state: int) -> Dataset:
    if len(rows) <= READ:
        return rows
    draft.note(f"{READ:,} of {len(rows):,} {name} rows, drawn at random, are read in place of all")
    return rows.select(np.sort(np.random.default_rng(random_state).permutation(len(rows))[:READ]))


def _embedder(embedder, texts: list[str]):
    """Return (a function from texts to vectors that refuses NaN, its name)."""
    name = getattr(embedder, "__name__", "given") if callable(embedder) else embedder

    def vectors(some: list[str]) -> np.ndarray:
        out = np.asarray(embedder(some) if callable(embedder) else embed(some, embedder=name, fit_on=texts))
        if out.ndim != 2 or len(out) != len(some):
            raise SynthkitError(
                f"embedder {name!r}: expected one vector a text, shape ({len(some)}, d); got {out.shape}"
            )
        if len(bad := np.flatnonzero(~np.isfinite(out).all(axis=1))):
            raise SynthkitError(
                f"embedder {name!r} gave {len(bad)} vectors with NaN or infinity, the first for "
                f"{withheld.shown(some[bad[0]])[:60]!r}; "
                "remove those texts or name another embedder"
            )
        return out.astype(np.float32)

    return vectors, name


def _usable(draft: Draft, halves: Halves) -> dict[str, Metric]:
    """Return the metrics that these rows allow; the notes say which they do not, and why."""
    out = dict(METRICS)
    synthetic, real = Counter(halves.synthetic.labels.tolist()), Counter(halves.real.labels.tolist())
    why = ""
    if not synthetic.keys() & real.keys():
        why = (
            f"no label in common (synthetic: {_some(synthetic)}; real: {_some(real)}); spell them alike if they mean "
            "the same"
        )
    elif len(real) < 2 or real.most_common(2)[1][1] * 2 * halves.m < 4 * real.total():
        why = f"the real rows hold hardly any label but {real.most_common(1)[0][0]!r}"
    else:
        if missing := real.keys() - synthetic.keys():
            rows = sum(real[label] for label in missing)
            draft.note(f"no synthetic row of {_some(missing)}: {rows:,} of {real.total():,} real rows")
        if strange := synthetic.keys() - real.keys():
            rows = sum(synthetic[label] for label in strange)
            draft.note(f"{rows} synthetic rows carry labels that no real row has: {_some(strange)}")
    if halves.m < SMALLEST:
        draft.note(
            f"{halves.m} rows a side: fewer than {SMALLEST}, so no fidelity and no alignment numbers; look at the map"
        )
        out = {name: metric for name, metric in out.items() if metric.small}
    if why and any(metric.labels for metric in out.values()):
        draft.note(f"label fidelity is left out: {why}")
        out = {name: metric for name, metric in out.items() if not metric.labels}
    frequent = sum(count * halves.m > 2 * NEIGHBOURS * real.total() for count in real.values())
    if any("label by label" in name for name in out) and not frequent:
        draft.note(f"no label has {2 * NEIGHBOURS} of {halves.m} real rows: nothing is said label by label")
        out = {name: metric for name, metric in out.items() if "label by label" not in name}
    return out


def _some(names) -> str:
    return ", ".join(map(repr, sorted(names)[:3])) + (" ..." if len(names) > 3 else "")


def _on_the_cuts(draft: Draft, halves: Halves, metrics: dict[str, Metric], real_ids, ids, progress: bool) -> None:
    """Measure every metric on every cut; one pass, so that no matrix outlives its cut."""
    values, controls = defaultdict(list), defaultdict(list)
    enough = halves.m >= SMALLEST
    reached = Reached(len(real_ids), len(ids), by_label="coverage, label by label" in metrics)
    tested = _mmd(halves) if enough else None
    shown = progress and halves.m >= SHOWN
    for number, split in enumerate(bar(halves, total=len(halves), progress=shown, desc="evaluate", unit="cut")):
        for name, (value, control) in measured(metrics, number, split).items():
            values[name].append(value)
            controls[name].append(control)
        if enough:
            reached.add(split)
    for name, metric in metrics.items():
        if name == "precision" and tested:
            draft.lines.append(tested)
        cuts = f"{len(values[name])} random halves of the real rows, without replacement; brackets: mean +- 2.8 sd"
        value, control = middle(values[name]), reach(controls[name])
        draft.lines.append(Line(metric.section, name, value, control, metric.better, f"{cuts} of the halves"))
    if enough:
        draft.tables["by label"] = reached.labels(halves.real, halves.synthetic) if reached.by_label else []
        draft.tables["not covered"] = reached.uncovered(halves.real, real_ids)
        draft.tables["nothing real"] = reached.unsupported(halves.synthetic, ids)
        _labels_outside(draft, [line for line in draft.tables["by label"] if line.outside])


def _labels_outside(draft: Draft, outside: list[ByLabel]) -> None:
    """Name the labels that are covered worst, unless they are missing altogether, which was said."""
    for what in ("coverage", "precision"):
        some = [x for x in outside if x.synthetic and what in x.outside]
        shown = [f"{x.label!r} {getattr(x, what):.2f} (real {getattr(x, f'{what}_of_real').value:.2f})" for x in some]
        if shown:
            more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
            draft.note(f"{what} below what other real rows have: {', '.join(shown[:3])}{more}")


def _mmd(halves: Halves) -> Line:
    """One cut at random, not by label: only rows that may change places can be permuted."""
    rng = halves.randomness(REPEATS)
    first, second = np.split(rng.permutation(len(halves.real.texts))[: 2 * halves.m], 2)
    some = rng.permutation(len(halves.synthetic.texts))[: halves.m]
    value, p, _ = mmd(halves.real.vectors[first], halves.synthetic.vectors[some])
    usual, _, null = mmd(halves.real.vectors[first], halves.real.vectors[second])
    method = (
        f"unbiased, Gaussian kernel of median width, one cut; p: {PERMUTATIONS} permutations of the rows over the two "
        "sides; brackets: all and 97.5 % of those of two real halves"
    )
    ends = usual, min(float(null.min()), value), float(np.quantile(null, 0.975))
    control = Interval(*(1000 * x for x in ends))
    return Line("alignment", MMD, exact(1000 * value), control, "near 0", method, p)


def _usefulness(draft: Draft, halves: Halves, few, vectors, called: str) -> None:
    """Add the expected score: of the synthetic rows, and of as many real ones in their place."""
    if called != "minilm":
        draft.note(f"no expected macro-F1: it is validated on MiniLM vectors, not on {called!r}")
        return
    split = halves.draw(0)
    rest = halves.randomness(REPEATS + 1).permutation(np.setdiff1d(halves.real.where, split.second.where))
    known = set(few["text"])
    rest = [int(i) for i in rest if halves.real.texts[i] not in known][: usefulness.MOST]
    real = vectors(list(few["text"])), list(few["label"]), halves.real.vectors[rest]
    values = []
    for side in (halves.synthetic, split.second):
        try:
            usefulness.need(side.labels.tolist(), real[1], len(rest))
        except SynthkitError as error:
            draft.note(f"no expected macro-F1: {error}")
            return
        values.append(usefulness.expected(usefulness.agreement(side.vectors, side.labels, *real)))
    method = (
        f"how a classifier of the rows agrees with one of {len(few)} labelled real rows on {len(rest)} others, "
        "calibrated by benchmarks/report.py; brackets: nine of ten errors on datasets left out; control: real rows"
    )
    draft.lines.append(Line("usefulness", "expected macro-F1 (TSTR)", *values, "higher", method))


def _texts(draft: Draft, halves: Halves) -> None:
    """Note habits that differ, copies, repeats and languages."""
    synthetic, real = halves.synthetic.texts, halves.real.texts
    draft.tables["register"] = habits = register(synthetic, real)
    if off := off_register(habits):
        shown = ", ".join(f"{s.value} {s.synthetic:.2f} (real {s.real:.2f})" for s in off[:3])
        draft.note(f"register: {len(off)} of {len(habits)} habits differ; {shown}")
    known, folded = {fold(t) for t in real}, [fold(t) for t in synthetic]
    if same := sum(t in known for t in folded):
        draft.note(f"{same} synthetic texts also stand, word for word, among the real rows")
    if again := len(folded) - len(set(folded)):
        draft.note(f"{again} synthetic texts repeat another one word for word")
    language, synthetic_language = main_language(real), main_language(synthetic)
    if language != synthetic_language:
        draft.note(
            f"the synthetic texts look like {synthetic_language!r}, the real ones like {language!r}: words do not "
            "compare, and the sentence model reads English"
        )
    elif other := len(foreign(synthetic[:JUDGED], language)):
        usual, n = len(foreign(real[:JUDGED], language)), min(JUDGED, len(synthetic))
        if other / n > 0.02 + 2 * usual / min(JUDGED, len(real)):
            draft.note(f"{other} of {n:,} synthetic texts are not in {language!r} (real: {usual})")


def _samples(halves: Halves) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    split = halves.draw(0)
    lengths = tuple(np.array([len(t) for t in side.tokens]) for side in (halves.synthetic, halves.real))
    near = tuple(split.across(side).min(axis=0) for side in (split.synthetic, split.second))
    return {"words a text": lengths, "nearest real row": near}
