"""What a filter is: it looks at a row and returns why the row should go, or None.

A filter is a `Filter`, or a function of a row that returns None or what it saw. One's own stand in `filters=` of
`sk.generate`; those of every run in `default_filters` of `generation/filters.py`. A row has the columns of generated
rows: id, text, label, strategy, attributes and demo_ids (JSON).

>>> import synthkit as sk
>>> def a_question(row):
...     return row["text"].endswith("?") and row["text"][-20:]
>>> task = sk.load_task("feedback")
>>> made = sk.generate(task, n=10, filters=[*sk.default_filters(task), a_question], progress=False)
>>> made.filters[-1], any(text.endswith("?") for text in made.rows["text"])
('a question', False)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from synthkit.core import withheld
from synthkit.core.errors import SynthkitError

if TYPE_CHECKING:
    from synthkit.prompts.plan import Plan


class Drop(NamedTuple):
    """Why a row should go: the filter's name and what it saw (the twin, the words copied)."""

    reason: str
    evidence: str


class Filter:
    """What all filters share: `begin` comes once a run, `check` and `keep` once a row.

    A filter without a `keep` of its own judges each row by itself: the order of the rows does not matter to it.
    """

    name = "filter"
    note = ""  # what the ledger should say about it, as that it is off and why

    def begin(self, plan: Plan) -> None:
        """Look at what the prompts show."""

    def check(self, row: dict) -> Drop | None:
        """Return why the row should go, or None."""
        raise SynthkitError(
            f"filter {self.name!r} has no check(row): expected one that returns why the row goes, or None"
        )

    def keep(self, row: dict) -> None:
        """Remember a row that is kept."""


class FunctionFilter(Filter):
    """A function as a filter: named as it is; what it returns, where that is not empty, is the evidence."""

    def __init__(self, function: Callable[[dict], object]):
        name = getattr(function, "__name__", type(function).__name__)  # a partial, an object with __call__
        self.name, self._function = name.replace("_", " "), function

    def check(self, row: dict) -> Drop | None:
        seen = self._function(row)
        return seen if isinstance(seen, Drop) else Drop(self.name, str(seen)) if seen else None


def as_filters(some: Iterable) -> list[Filter]:
    """Return filters, functions made into some. What a filter remembers it keeps: a second run repeats no kept row."""
    if not isinstance(some, Iterable):
        raise SynthkitError(
            f"filters: expected a list of filters and functions of a row, got {some!r}; put it into [ ]"
        )
    some = list(some)
    for f in some:
        if isinstance(f, type) or not (isinstance(f, Filter) or callable(f)):
            raise SynthkitError(f"filters: {f!r} is neither a filter, made as Length(task) is, nor a function of a row")
    return [f if isinstance(f, Filter) else FunctionFilter(f) for f in some]


def apply(row: dict, filters: Sequence[Filter]) -> list[Drop]:
    """Return every filter's verdict on `row`, the deciding one first; a row without any is kept and remembered."""
    verdicts = []
    for f in filters:
        with named(f, [row]):
            verdicts += filter(None, [f.check(row)])
    for f in [] if verdicts else filters:
        with named(f, [row]):
            f.keep(row)
    return verdicts


@contextmanager
def named(f: Filter, rows: Sequence[dict]) -> Iterator[None]:
    """Turn whatever a filter's own code raises into an error that names the filter and the row."""
    try:
        yield
    except SynthkitError:
        raise
    except Exception as error:
        where = f"{len(rows):,} rows" if rows else "the plan"
        if len(rows) == 1:
            where = f"row {rows[0]['id']} ({withheld.shown(rows[0]['text'])[:60]!r})"
        raise SynthkitError(
            f"filter {f.name!r} failed on {where}: {type(error).__name__}: {withheld.shown(str(error))}. Mend it and "
            "run again: what a model has answered is not asked again"
        ) from error
