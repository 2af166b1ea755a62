"""What every result shows of itself: one line in a terminal, a small table in a notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthkit.core import withheld

if TYPE_CHECKING:
    import pandas as pd

_STYLE = (
    "border-collapse:collapse;font-size:var(--jp-content-font-size1,14px);color:var(--jp-content-font-color1,inherit)"
)
# a caption is read without scrolling on a phone
_CAPTION = "text-align:left;padding:.3em 0;position:sticky;left:0;max-width:min(100%,88vw)"
_CELL = "padding:.25em .7em;border-bottom:1px solid var(--jp-border-color2,#ddd);text-align:left;vertical-align:top"


def table_html(frame: pd.DataFrame, caption: str, *, rows: int = 40) -> str:
    """Return `frame` as a captioned, escaped HTML table without its index; at most `rows` rows are shown."""
    cut = frame.head(rows).map(_shown)
    head = "".join(f'<th scope="col" style="{_CELL}">{html.escape(str(c))}</th>' for c in cut.columns)
    body = "".join("<tr>" + "".join(map(_td, row)) + "</tr>" for row in cut.itertuples(index=False, name=None))
    more = f" (first {rows} of {len(frame):,} rows)" if len(frame) > rows else ""
    title = f'<caption style="{_CAPTION}">{html.escape(withheld.shown(caption) + more)}</caption>'
    return f'<table style="{_STYLE}">{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _shown(value: object) -> object:
    return withheld.shown(value) if isinstance(value, str) else value


def _td(value: object) -> str:
    text = _cell(value)
    wide = ";min-width:11em" if len(text) > 60 else ""  # a text that is squeezed makes its row a tower
    return f'<td style="{_CELL}{wide}">{html.escape(text)}</td>'


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.3f}"
    return "" if value is None else str(value)


def frame_of(rows, columns=None) -> pd.DataFrame:
    """Return rows, or columns by name, as a frame, of a sensitive task without its words: a cell that ends in one shows
    it. Pandas is loaded when a frame is asked for and not before."""
    import pandas as pd

    frame = pd.DataFrame(rows, columns=columns)
    return frame.map(_shown) if withheld.active() else frame


def table(frame: pd.DataFrame, caption: str = "") -> Table:
    """Return a frame that shows itself as a captioned, escaped table without its index.

    >>> import pandas as pd
    >>> table(pd.DataFrame({"label": ["menu"], "rows": [3]}), "Rows a label")
    Rows a label
    label  rows
     menu     3
    """
    return Table(frame, caption)


class Result:
    """Mixin of the frozen result dataclasses: subclasses give `summary()` (one line) and `to_frame()`."""

    def summary(self) -> str:
        raise TypeError(f"{type(self).__name__} has no summary()")

    def to_frame(self) -> pd.DataFrame:
        raise TypeError(f"{type(self).__name__} has no to_frame()")

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return table_html(self.to_frame(), self.summary())


@dataclass(frozen=True, repr=False)
class Table(Result):
    """A frame with a caption."""

    frame: pd.DataFrame
    caption: str

    def summary(self) -> str:
        return self.caption

    def to_frame(self) -> pd.DataFrame:
        return self.frame

    def __repr__(self) -> str:
        return f"{self.caption}\n{self.frame.map(_shown).to_string(index=False, max_colwidth=60)}"
