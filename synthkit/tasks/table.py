"""Cells as they come, column by column, with the number of each row in its source and a list of what was mended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from synthkit.core import withheld
from synthkit.core.errors import SynthkitError
from synthkit.core.text import tidy

LEFT_OUT = "left out"


class Repair(NamedTuple):
    """What was guessed, mended or left out: where (row as counted in the source), what, the value, what to do.

    `harmless` repairs (a byte order mark, the separator) change no row; `strict=True` lets them pass.
    """

    source: str
    row: int | None
    column: str
    what: str
    value: str
    fix: str
    harmless: bool = False


class Table:
    """Columns of cells (texts, numbers, lists, None for what is missing) and the number of each row in the source."""

    def __init__(self, name: str):
        self.name = name
        self.columns: dict[str, list] = {}
        self.numbers: list[int] = []
        self.repairs: list[Repair] = []
        self.sensitive: dict | None = None  # the task.yaml of the sensitive task that the source belongs to

    def note(self, what: str, value: object, fix: str, *, row=None, column="", harmless=False) -> None:
        short = tidy(str(value))
        short = short if len(short) <= 100 else short[:97] + "..."
        repair = Repair(self.name, row, column, what, short, fix, harmless)
        self.repairs.append(without_words(repair) if self.sensitive else repair)

    def no_rows(self) -> SynthkitError:
        """Return the error of a table that has no rows, or none left: the first that was left out says why."""
        out = next((r for r in self.repairs if r.what == LEFT_OUT), None)
        why = f" left. Row {out.row}: {out.value}. {out.fix}" if out else ""
        return SynthkitError(f"{self.name} has no rows{why}")

    def fill(self, records: Sequence[dict], numbers: Sequence[int]) -> Table:
        """Take records as they come; a column that one of them lacks is missing there."""
        self.numbers = list(numbers)
        for name in dict.fromkeys(name for r in records for name in r):
            self.columns[str(name)] = [r.get(name) for r in records]
        return self

    def keep(self, positions: Sequence[int]) -> None:
        """Keep only the rows at these positions."""
        self.numbers = [self.numbers[i] for i in positions]
        self.columns = {name: [values[i] for i in positions] for name, values in self.columns.items()}

    def leave_out(self, reasons: dict[int, tuple[str, str]], *, column: str) -> None:
        """Leave rows out by position; `reasons` holds for each what stood there and what to do."""
        for i, (value, fix) in reasons.items():
            self.note(LEFT_OUT, value, fix, row=self.numbers[i], column=column)
        if reasons:
            self.keep([i for i in range(len(self.numbers)) if i not in reasons])


def without_words(repair: Repair) -> Repair:
    """Return a repair in a sensitive table without the row's words and its id; what patterns find goes everywhere."""
    if repair.row is None or repair.value.startswith("["):
        return repair._replace(value=withheld.shown(repair.value), fix=withheld.shown(repair.fix))
    return repair._replace(value=f"[{len(repair.value.split())} words]", what=repair.what.partition(" '")[0])


def unique_names(source: str, names: Sequence[object]) -> list[str]:
    """Return column names as texts; a name that stands twice is refused."""
    texts = [str(name) for name in names]
    if len(set(texts)) != len(texts):
        raise SynthkitError(f"{source}: a column name stands twice in: {', '.join(texts)}. Rename one")
    return texts


def as_text(value: object) -> str:
    """Return a cell as a text; what is missing is empty, what is nested is JSON."""
    if isinstance(value, str):
        return str(value)
    if is_missing(value):
        return ""
    if hasattr(value, "tolist"):  # numpy's arrays and numbers
        value = value.tolist()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (list, dict, tuple, set)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def is_missing(value: object) -> bool:
    """Return whether a cell holds nothing: None, NaN, NaT, NA, a null of Arrow."""
    if value is None:
        return True
    if isinstance(value, (str, list, dict, tuple)) or hasattr(value, "__array__") and getattr(value, "shape", ()):
        return False
    try:
        return bool(value != value)  # NaN and NaT differ from themselves
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"
