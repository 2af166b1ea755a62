"""What a report is made of: lines, tables behind them, and notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from synthkit.core.stats import Interval


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
class Findings:
    """Filled section by section. A table is a list of named tuples of one kind."""

    lines: list[Line] = field(default_factory=list)
    tables: dict[str, list] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add a sentence for the reader."""
        self.notes.append(text)


def exact(value: float) -> Interval:
    """Return a value that needs no interval."""
    return Interval(float(value), float(value), float(value))
