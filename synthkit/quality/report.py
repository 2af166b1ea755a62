"""What a report says and how it shows itself: lines, tables behind them, a page."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.core import withheld
from synthkit.core.errors import unknown
from synthkit.core.exports import write_private
from synthkit.core.html import document, image
from synthkit.core.results import Result, frame_of, table_html
from synthkit.core.stats import Interval

if TYPE_CHECKING:
    import pandas as pd

# what a table behind the lines holds, in the order in which a saved report shows them
TABLES = {
    "by label": "coverage and precision of each label, and what other real rows have",
    "overused": "openings and phrases that synthetic texts have more often than real ones, beyond both intervals",
    "register": "habits of the texts: share of synthetic and of real ones that have each",
    "not covered": "regions of real rows that synthetic rows of their label reach less than other real rows do",
    "nothing real": "regions of synthetic rows with fewer real rows of their label around than other real rows have",
    "copies": "the longest runs of words shared with a seed",
    "copied rows": "rows that copy a seed, as the filter of memorized seeds would say",
    "personal data": "personal data of the seeds, found again",
    "label shares": "how often each label is met",
    "groups": "P(label | group named) - P(label | not named)",
    "swaps": "labels that change when the people in a text do",
    "slices": "accuracy by slice of a classifier trained on each",
}


class Line(NamedTuple):
    """A metric of the synthetic rows, and its control: what real rows give in their place, or chance."""

    section: str
    metric: str
    synthetic: Interval
    control: Interval | None
    better: str
    method: str
    p: float | None = None

    @property
    def outside(self) -> str:
        """Return "above" or "below" where the synthetic value lies outside the control's brackets."""
        if self.control is None or self.control.low <= self.synthetic.value <= self.control.high:
            return ""
        return "above" if self.synthetic.value > self.control.high else "below"


@dataclass
class Draft:
    """A report under way, filled section by section. A table is a list of named tuples of one kind."""

    lines: list[Line] = field(default_factory=list)
    tables: dict[str, list] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add a sentence for the reader."""
        self.notes.append(text)


def exact(value: float) -> Interval:
    """Return a value that needs no interval."""
    return Interval(float(value), float(value), float(value))


@dataclass(frozen=True, repr=False)
class Report(Result):
    """Lines of synthetic rows beside their controls, at `m` rows a side; `notes` say what was left out and why.

    `tables` holds the rows behind the lines (see `table`), `samples` what the figure draws.
    """

    lines: tuple[Line, ...]
    m: int
    synthetic_rows: int
    real_rows: int
    embedder: str
    notes: tuple[str, ...] = ()
    tables: dict[str, tuple] = field(default_factory=dict, compare=False)
    samples: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, compare=False)
    language: str = ""  # what does not carry over to the language of the rows

    def summary(self) -> str:
        with_control = [x for x in self.lines if x.control is not None]
        outside = sum(bool(x.outside) for x in with_control)
        labels = [x for x in self.tables.get("by label", ()) if x.outside]
        named = ""
        if missing := [x.label for x in labels if not x.synthetic]:
            named = f"; no row of {', '.join(map(repr, missing[:3]))}{' ...' if len(missing) > 3 else ''}"
        elif labels:
            worst, what = labels[0], labels[0].outside.partition(",")[0]
            named = f"; worst label: {worst.label!r}, {what} {getattr(worst, what):.2f}"
        return (
            f"Report: {self.synthetic_rows:,} synthetic against {self.real_rows:,} real rows, {self.m:,} a side, "
            f"vectors: {self.embedder}; {outside} of {len(with_control)} lines outside what real rows give{named}"
        ) + (f"; {self.language}" if self.language else "")

    def to_frame(self) -> pd.DataFrame:
        """Return one row a metric: section, value, control, where it lies outside the control, which way is better."""
        rows = [
            (x.section, x.metric, f"{x.synthetic}{_p(x.p)}", str(x.control or ""), x.outside, x.better)
            for x in self.lines
        ]
        return frame_of(rows, ["section", "metric", "synthetic", "control", "outside", "better"])

    def get(self, metric: str) -> Line:
        """Return the line of a metric."""
        for line in self.lines:
            if line.metric == metric:
                return line
        raise unknown("metric", metric, [x.metric for x in self.lines])

    def table(self, name: str) -> pd.DataFrame:
        """Return the rows behind the lines: "overused", "not covered", "nothing real", "label shares" and others."""
        if name not in self.tables:
            raise unknown("table", name, self.tables)
        rows = self.tables[name]
        return frame_of([{k: _plain(v) for k, v in row._asdict().items()} for row in rows])

    def methods(self) -> pd.DataFrame:
        """Return one row a metric: how it and its interval were computed."""
        return frame_of([(x.metric, x.method) for x in self.lines], ["metric", "method"])

    def plot(self):
        """Return one page: the table, each line against its control, labels, lengths, nearest real rows."""
        from synthkit.quality.plots import plot_report

        return plot_report(self)

    def __repr__(self) -> str:
        notes = "".join(f"\n- {note}" for note in self.notes)
        return f"{self.summary()}\n\n{self._calm().to_string(index=False)}{notes}"

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return table_html(self._calm(), self.summary()) + (f"<ul>{notes}</ul>" if notes else "")

    def _calm(self) -> pd.DataFrame:
        """The frame with each section named once."""
        frame = self.to_frame()
        return frame.assign(section=frame["section"].where(~frame["section"].duplicated(), ""))

    def to_json(self) -> str:
        """Return lines with their methods, notes and tables as JSON."""
        lines = [
            {**x._asdict(), "synthetic": x.synthetic._asdict(), "control": x.control and x.control._asdict()}
            for x in self.lines
        ]
        facts = {"m": self.m, "synthetic_rows": self.synthetic_rows, "real_rows": self.real_rows}
        tables = {name: json.loads(self.table(name).to_json(orient="records")) for name in self.tables}
        facts |= {"embedder": self.embedder, "notes": list(self.notes), "lines": lines, "tables": tables}
        return json.dumps(facts, indent=1, ensure_ascii=False)

    def save(self, path, *, title: str = "Quality report") -> None:
        """Write the report as one HTML file that loads nothing and runs nothing; it prints well."""
        parts = [
            f"<h1>{html.escape(title)}</h1>",
            self._repr_html_(),
            image(self.plot(), "each metric against its control, labels, lengths and nearest real rows"),
            *(
                f"<h2>{html.escape(name.capitalize())}</h2>{table_html(self.table(name), TABLES.get(name, name))}"
                for name in sorted(self.tables, key=lambda n: [*TABLES, n].index(n))
                if len(self.tables[name])
            ),
            f"<h2>How each number was made</h2>{table_html(self.methods(), 'metric and method')}",
        ]
        write_private(path, document(title, parts))


def _p(p: float | None) -> str:
    return "" if p is None else f", p = {p:.3f}"


def _plain(value: object) -> object:
    value = str(value) if isinstance(value, tuple) else value
    return withheld.shown(value) if isinstance(value, str) else value
