"""A whole comparison as an experiment: done, written down with what it rested on, done again and checked."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from synthkit.comparison.arms import DRAWS, standard_arms
from synthkit.comparison.compare import compare
from synthkit.comparison.comparison import Comparison
from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result, frame_of
from synthkit.generation.annotate import Annotation, annotate
from synthkit.generation.generate import Generation, generate
from synthkit.generation.pick import pick
from synthkit.llm.client import LLM
from synthkit.llm.recorded import Recorded
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan, reads_seeds, seeds_for
from synthkit.seeds.seeds import load_seeds
from synthkit.tasks.task import Task, load_task

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

CLOSE = 0.002
SAME, NEAR, DIFFERENT, NEW = "same", f"within {CLOSE}", "different", "not saved then"
INTERVALS = "Student's t, variance by test rows, draws and generations"  # how they are computed, in a manifest
PACKAGES = ("synthkit", "numpy", "scipy", "scikit-learn", "datasets", "tokenizers")


@dataclass(frozen=True)
class Experiment:
    """What is decided before anything is asked: the same experiment and the same replies give the same comparison."""

    task: str
    strategy: str = "outright"
    n: int = 200
    per_label: int | None = None  # rows of each label; n is then their sum
    k: int = 10
    draws: int = DRAWS
    random_states: tuple[int, ...] = (0,)
    llm: str = "recorded"
    students: tuple[str, ...] = ("tfidf_lr", "minilm_lr")
    annotate: int = 0  # raw rows of the task, picked at random, that the model labels
    pool: bool = False  # whether its raw rows also stand in an arm under labels that no model gives

    def generations(self, task: Task, *, llm=None, store=None, budget=None, progress: bool = True) -> list[Generation]:
        """Return the synthetic sets, one a random state."""
        shown = seeds_for(task, self.strategy, k=self.k, llm=self.llm)
        each = dict.fromkeys(task.labels, self.per_label) if self.per_label else None
        asked = {"strategy": self.strategy.split("+"), "n": None if each else self.n, "per_label": each}
        plans = [plan(task, shown, random_state=state, **asked) for state in self.random_states]
        return [generate(p, llm=llm or self.llm, store=store, budget=budget, progress=progress) for p in plans]

    def annotation(self, task: Task, *, llm=None, store=None, budget=None, progress: bool = True) -> Annotation | None:
        """Return raw rows of the task under a model's labels; None where it has none, or no model is asked."""
        pool = task.splits.unlabelled
        if not self.annotate or pool is None or reads_seeds(self.llm):
            return None
        asked = {"llm": llm or self.llm, "store": store, "budget": budget, "progress": progress}
        return annotate(pick(pool, self.annotate), task, seeds=load_seeds(task, k=self.k), **asked)

    def comparison(
        self, made: Sequence[Generation], annotated: Annotation | None = None, *, progress: bool = True
    ) -> Comparison:
        """Return how the standard arms do on the task's test rows."""
        task = made[0].plan.task
        pool = task.splits.unlabelled if self.pool else None
        arms = standard_arms(made, k=self.k, draws=self.draws, annotated=annotated, pool=pool)
        return compare(arms, test=task.splits.test, students=self.students, task=task, progress=progress)


def result_json(
    experiment: Experiment,
    made: Sequence[Generation],
    comparison: Comparison,
    annotated: Annotation | None = None,
    *,
    llm=None,
) -> str:
    """Return a comparison as JSON, its manifest first: all that doing it again needs, and what it rested on."""
    manifest = {"experiment": asdict(experiment), "intervals": INTERVALS}
    manifest |= {"answered by": llm.identity} if hasattr(llm, "identity") else {}
    manifest |= {"rests on": rests_on(made, annotated, pool=experiment.pool), "versions": versions()}
    return json.dumps({"manifest": manifest, **json.loads(comparison.to_json())}, indent=1) + "\n"


def versions() -> dict[str, str]:
    """Return the versions of Python, the system and the packages that numbers depend on."""
    out = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            out[name] = version(name)
    return out


def rests_on(made: Sequence[Generation], annotated: Annotation | None = None, *, pool: bool = False) -> dict[str, str]:
    """Return hashes of the real rows, and of each generation's plan, replies used and rows kept."""
    task, out = made[0].plan.task, {}
    recorded = Recorded(task.recordings)
    for role in ("train", "validation", "test"):
        out[f"{role} rows"] = rows_hash(getattr(task.splits, role))
    if pool:
        out["raw rows"] = _hash(task.splits.unlabelled["text"])
    if annotated is not None:
        out["annotated rows"] = rows_hash(annotated.rows)
    for g in made:
        state = g.plan.random_state
        out[f"plan, random_state {state}"] = _hash(r.prompt_key for r in g.plan.slots)
        out[f"synthetic rows, random_state {state}"] = rows_hash(g.rows)
        out[f"model, random_state {state}"] = g.model
        replies = [recorded.get(r) for r in g.plan.slots[: g.ledger.planned]]
        if all(replies):
            out[f"recorded replies, random_state {state}"] = _hash(r.content for r in replies)
    return out


def rows_hash(rows: Dataset) -> str:
    """Return a hash of texts and labels in order."""
    return _hash(f"{label}\0{text}" for text, label in zip(rows["text"], rows["label"], strict=True))


def _hash(parts: Iterable[str]) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part.encode("utf-8", "replace") + b"\1")
    return whole.hexdigest()[:16]


class Line(NamedTuple):
    """One thing that was written down, what it is now, and: same, within 0.002, or different."""

    what: str
    saved: str
    now: str
    verdict: str


@dataclass(frozen=True, repr=False)
class Reproduction(Result):
    """A saved comparison done again, line by line."""

    lines: tuple[Line, ...]
    comparison: Comparison

    @property
    def holds(self) -> bool:
        """Whether every score came out again, to 0.002 or better; versions may differ."""
        return not any(line.verdict == DIFFERENT for line in self.lines if line.what.startswith("score"))

    def summary(self) -> str:
        counts = {v: sum(line.verdict == v for line in self.lines) for v in (SAME, NEAR, DIFFERENT)}
        counted = ", ".join(f"{count} {v}" for v, count in counts.items())
        return f"Reproduction: {counted}; the scores {'hold' if self.holds else 'do NOT hold'}"

    def to_frame(self) -> pd.DataFrame:
        """Return one line a version, a hash and a score."""
        return frame_of(self.lines, columns=Line._fields)


def reproduce(saved: str | Path | dict, *, task: str | None = None, progress: bool = True) -> Reproduction:
    """Return a saved comparison done again from its manifest and held against what was saved.

    No model is asked: replies come from the recordings or from this machine's store, and are an error where they are
    missing. `task` names the task's folder where it is not where it was.
    """
    result = saved if isinstance(saved, dict) else _read(Path(saved))
    try:
        manifest = result["manifest"]
        then, rested = manifest["versions"], manifest["rests on"]
        old = [s for s in result["scores"] if not s["arm"].endswith("(TRTS)")]  # no comparison has those any more
        experiment = _experiment(manifest["experiment"] if "experiment" in manifest else manifest["recipe"])
    except (KeyError, TypeError, AttributeError) as error:
        raise SynthkitError(
            f"saved= is no result with a manifest ({error}): `synthkit run TASK` writes one, reports/TASK.json"
        ) from None
    the_task = load_task(task or experiment.task)
    models = sorted({v for k, v in rested.items() if k.startswith("model")})
    if experiment.llm == "live":
        with Store() as store:
            asked = {"llm": _Stored(models[0], manifest.get("answered by")), "store": store, "progress": progress}
            annotated, made = experiment.annotation(the_task, **asked), experiment.generations(the_task, **asked)
    else:
        annotated = experiment.annotation(the_task, progress=progress)
        made = experiment.generations(the_task, progress=progress)
    comparison = experiment.comparison(made, annotated, progress=progress)
    rests = rests_on(made, annotated, pool=experiment.pool)
    method = manifest.get("intervals", "percentiles of a bootstrap")
    lines = [*same_lines("version of ", then, versions()), *same_lines("", rested, rests)]
    lines += same_lines("", {"sentence vectors": result["embedder"]}, {"sentence vectors": comparison.embedder})
    lines += same_lines("", {"intervals": method}, {"intervals": INTERVALS})
    scores = json.loads(comparison.to_json())["scores"]
    return Reproduction((*lines, *score_lines(old, scores, ends=method == INTERVALS)), comparison)


def _experiment(written: dict) -> Experiment:
    """Return the experiment of a manifest, an older one too."""
    given = {k: tuple(v) if isinstance(v, list) else v for k, v in written.items()}
    if select := given.pop("select", None):
        raise SynthkitError(f"saved= was made with select={select!r}, which is gone: it raised no score")
    return Experiment(**given)


class _Stored:
    """Stands where a live model stood and asks nobody: what the store lacks is an error."""

    name, attempts, concurrency = LLM.name, LLM.attempts, 1

    def __init__(self, model: str, identity: str | None):
        self.model, self.identity = model, identity  # what its replies are stored under, where that is not the name

    async def complete(self, request):
        raise SynthkitError(
            f"the reply to {request.custom_id} by {self.model} is not in this machine's store, and reproduce asks no "
            "model. Run it where it was run, or set SYNTHKIT_HOME to a folder with its replies.sqlite"
        )


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SynthkitError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise SynthkitError(f"{path} is not JSON: {error}") from None


def same_lines(prefix: str, saved: dict[str, str], now: dict[str, str]) -> list[Line]:
    """Return a line for each name in either: same or different."""
    return [
        Line(f"{prefix}{name}", old, new, SAME if old == new else DIFFERENT)
        for name in dict.fromkeys([*saved, *now])
        for old, new in [(saved.get(name, "-"), now.get(name, "-"))]
    ]


def score_lines(saved: Sequence[dict], now: Sequence[dict], *, ends: bool = True) -> list[Line]:
    """Return a line for each arm, student and score: value and both ends of its interval against what was saved.

    With `ends=False` values alone count, where the two intervals were computed in different ways.
    """
    new = {(s["arm"], s["student"]): s for s in now}
    compared = ("value", "low", "high") if ends else ("value",)
    lines = []
    for old in saved:
        found = new.pop((old["arm"], old["student"]), None)
        for name in ("macro_f1", "accuracy"):
            what = f"score {old['arm']}, {old['student']}, {name}"
            if found is None:
                lines.append(Line(what, _shown(old[name]), "-", DIFFERENT))
                continue
            far = max(abs(old[name][end] - found[name][end]) for end in compared)
            verdict = SAME if far < 1e-6 else NEAR if far <= CLOSE else DIFFERENT
            lines.append(Line(what, _shown(old[name]), _shown(found[name]), verdict))
    lines += [Line(f"score {arm}, {student}", "-", "new", NEW) for arm, student in new]
    return lines


def _shown(interval: dict) -> str:
    return f"{interval['value']:.4f} [{interval['low']:.4f}, {interval['high']:.4f}]"
