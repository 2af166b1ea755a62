"""A row at a time, by keys or by clicks: the view of a review."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from synthkit.core import withheld

if TYPE_CHECKING:
    import ipywidgets

    from synthkit.views.review import Review


class ReviewWidget:
    """The text, its label and the classifier's, and a box for keys: k keeps, d drops, a number gives that label."""

    def __init__(self, review: Review):
        import ipywidgets as w

        self.review = review
        self.screen = w.HTML(layout=w.Layout(min_height="9em"))
        self.progress = w.IntProgress(max=len(review.order), description="read", layout=w.Layout(width="24em"))
        self.count = w.Label()
        self.key = w.Text(description="key", placeholder="k, d or a number", layout=w.Layout(width="20em"))
        self.comment = w.Text(description="comment", layout=w.Layout(width="34em"))
        self.keep = w.Button(description="keep (k)")
        self.drop = w.Button(description="drop (d)")
        self.labels = [w.Button(description=f"{n} {label}") for n, label in enumerate(review.labels, 1)]
        self.key.observe(self._typed, "value")
        for button, act in [(self.keep, review.keep), (self.drop, review.drop)]:
            button.on_click(lambda _, act=act: self._do(act))
        for button, label in zip(self.labels, review.labels, strict=True):
            button.on_click(lambda _, label=label: self._do(review.relabel, label))
        self._show()

    @property
    def widget(self) -> ipywidgets.VBox:
        """The whole as one widget."""
        import ipywidgets as w

        wrap = w.Layout(flex_flow="row wrap")
        rows = [w.HBox([self.progress, self.count]), self.screen, w.HBox([self.key, self.comment], layout=wrap)]
        return w.VBox([*rows, w.HBox([self.keep, self.drop, *self.labels], layout=wrap)])

    def _typed(self, change) -> None:
        typed = change["new"].strip()
        if not typed:
            return
        # of more than nine labels the first digit may be half of a number
        whole = len(str(len(self.labels))) == len(typed)
        if typed in ("k", "d"):
            self._do(self.review.keep if typed == "k" else self.review.drop)
        elif typed.isdigit() and whole and 1 <= int(typed) <= len(self.labels):
            self._do(self.review.relabel, self.review.labels[int(typed) - 1])
        elif not (typed.isdigit() and not whole):
            self.key.value = ""

    def _do(self, act, *arguments) -> None:
        self.key.value, comment, self.comment.value = "", self.comment.value, ""
        if self.review.current:
            act(*arguments, comment=comment)
        self._show()

    def _show(self) -> None:
        review, row_id = self.review, self.review.current
        self.progress.value = len(review.read[review.reader])
        self.count.value = f"{self.progress.value} of {len(review.order)}"
        if row_id is None:
            self.screen.value = f"<p>{html.escape(review.summary())}</p>"
            return
        row, guess = review.rows[row_id], review.guess.get(row_id)
        other = f" &middot; a classifier says <b>{html.escape(guess)}</b>" if guess and guess != row["label"] else ""
        text = html.escape(withheld.shown(row["text"]))
        self.screen.value = (
            f"<p><b>{html.escape(row['label'])}</b>{other}</p>"
            f'<p role="region" aria-label="text" style="white-space:pre-wrap;font-size:1.15em">{text}</p>'
        )
