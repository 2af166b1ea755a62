"""Read rows one by one: keep, drop, relabel, comment; doubtful ones first, saved as it goes, joined with others."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.jsonl import read_jsonl
from synthkit.core.results import Result, frame_of
from synthkit.core.rows import need_columns, unique_ids
from synthkit.generation.annotate import under_label
from synthkit.generation.generate import Generation
from synthkit.generation.rows import synthetic_rows
from synthkit.tasks.splits import task_of

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

DROPPED = "(dropped)"  # in the place of a label
REASON = "dropped by a reader"


class Review(Result):
    """Decisions of one reader or of several about rows. What nobody has read stays as it is.

    `keep`, `drop` and `relabel` take an id (that of `current` where none is given) and write it to the file at once.
    `order` has the ids, those first whose label a classifier of all the rows doubts most; `guess` is its label.
    """

    def __init__(self, made: Dataset | Generation, labels: Sequence[str], file: Path | None, others: Sequence[Path]):
        self.made, self.file = made, file
        rows = made.rows if isinstance(made, Generation) else made
        self.labels = list(dict.fromkeys([*labels, *sorted(set(rows["label"]))]))  # a row can be kept as it is
        self.rows: dict[str, dict] = dict(zip(unique_ids("rows", rows, "row"), rows, strict=True))
        self.read: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)  # reader: id: label or DROPPED, comment
        self.reader = file.stem if file else ""
        for path in [file] if file and file.exists() else others:
            reader = path.stem if path.stem not in self.read else str(path)
            for line in read_jsonl(path):
                self._decide(reader, line["id"], line["label"], line.get("comment", ""))
        self.order, self.guess = _doubtful_first(rows, list(self.rows))

    def _decide(self, reader: str, row_id: str, label: str, comment: str) -> None:
        if row_id not in self.rows:
            raise unknown("row", row_id, self.rows)
        if label not in (DROPPED, *self.labels):
            raise unknown("label", label, self.labels)
        self.read[reader][row_id] = (label, comment)

    @property
    def current(self) -> str | None:
        """The first row that this reader has not read; None when all are."""
        return next((i for i in self.order if i not in self.read[self.reader]), None)

    def keep(self, row_id: str | None = None, *, comment: str = "") -> None:
        """Keep a row as it is."""
        row_id = row_id or self.current
        self._save(row_id, self.rows[row_id]["label"] if row_id in self.rows else "", comment)

    def drop(self, row_id: str | None = None, *, comment: str = "") -> None:
        """Drop a row."""
        self._save(row_id or self.current, DROPPED, comment)

    def relabel(self, label: str, row_id: str | None = None, *, comment: str = "") -> None:
        """Give a row another label."""
        self._save(row_id or self.current, label, comment)

    def _save(self, row_id: str | None, label: str, comment: str) -> None:
        if self.file is None:
            raise SynthkitError("reviews that were joined are not changed: review(rows, file=...) is one reader's")
        if row_id is None:
            raise SynthkitError("every row has been read")
        self._decide(self.reader, row_id, label, comment)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        line = {"id": row_id, "label": label, "comment": comment}
        self.file.touch()
        self.file.chmod(0o600)  # comments quote rows
        with self.file.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def decisions(self) -> dict[str, str]:
        """Return the label, or DROPPED, of each row that was read; a row between evenly split readers is not in it."""
        votes = defaultdict(Counter)
        for read in self.read.values():
            for row_id, (label, _) in read.items():
                votes[row_id][label] += 1
        top = {row_id: counts.most_common(2) for row_id, counts in votes.items()}
        return {i: most[0][0] for i, most in top.items() if len(most) == 1 or most[0][1] > most[1][1]}

    def result(self) -> Dataset | Generation:
        """Return what was given without the rows that were dropped, the others under the labels that readers gave.

        A generation says in its ledger how many were dropped, and in a row's attributes which label was asked for.
        """
        decided = self.decisions()
        label_of = {i: decided.get(i, row["label"]) for i, row in self.rows.items()}
        if not isinstance(self.made, Generation):
            kept = [n for n, label in enumerate(label_of.values()) if label != DROPPED]
            labels = [label for label in label_of.values() if label != DROPPED]
            rows = self.made.select(kept)
            return rows.remove_columns("label").add_column("label", labels) if labels else rows
        rows = [under_label(row, label_of[i]) for i, row in self.rows.items() if label_of[i] != DROPPED]
        said = {i: read[i] for read in self.read.values() for i in read if read[i][0] == DROPPED == label_of[i]}
        names = ("id", "label", "text")
        drops = [
            {**{k: self.rows[i][k] for k in names}, "reason": REASON, "evidence": said[i][1], "also": ""} for i in said
        ]
        gone = ((REASON, len(drops)),) if drops else ()
        ledger = replace(self.made.ledger, kept=len(rows), dropped=(*self.made.ledger.dropped, *gone))
        ledger.check()
        return replace(self.made, rows=synthetic_rows(rows), ledger=ledger, drops=(*self.made.drops, *drops))

    def summary(self) -> str:
        decided, readers = self.decisions(), [r for r, read in self.read.items() if read]
        dropped = sum(label == DROPPED for label in decided.values())
        changed = sum(label not in (DROPPED, self.rows[i]["label"]) for i, label in decided.items())
        split = len({i for read in self.read.values() for i in read}) - len(decided)
        tie = f", {split} undecided between readers" if split else ""
        return (
            f"Review by {', '.join(readers) or 'nobody yet'}: {len(decided) + split} of {len(self.rows)} rows read, "
            f"{dropped} dropped, {changed} relabelled{tie}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a decision: reader, id, label before and after, the classifier's guess, comment, text."""
        lines = [
            (reader, i, self.rows[i]["label"], label, self.guess.get(i, ""), comment, self.rows[i]["text"])
            for reader, read in self.read.items()
            for i, (label, comment) in read.items()
        ]
        return frame_of(lines, ["reader", "id", "before", "after", "classifier", "comment", "text"])

    def agreement(self) -> pd.DataFrame:
        """Return one row a pair of readers: rows both read, share decided alike, Cohen's kappa (1960; NaN where one
        label is all there is)."""
        import pandas as pd

        lines = []
        for one, other in combinations([r for r in self.read if self.read[r]], 2):
            both = sorted(self.read[one].keys() & self.read[other].keys())
            pairs = [(self.read[one][i][0], self.read[other][i][0]) for i in both]
            alike, left, right = (
                sum(a == b for a, b in pairs),
                Counter(a for a, _ in pairs),
                Counter(b for _, b in pairs),
            )
            chance = sum(left[x] * right[x] for x in left) / len(pairs) ** 2 if pairs else 1.0
            kappa = (alike / len(pairs) - chance) / (1 - chance) if chance < 1 else float("nan")
            lines.append((one, other, len(pairs), alike / len(pairs) if pairs else float("nan"), kappa))
        return pd.DataFrame(lines, columns=["reader", "other", "rows", "alike", "kappa"])

    def _ipython_display_(self) -> None:
        from IPython.display import display

        from synthkit.views.review_widget import ReviewWidget

        display(ReviewWidget(self).widget if self.file else self.to_frame())


def review(
    rows: Dataset | Generation,
    *,
    file: str | Path | None = None,
    join: Sequence[str | Path] = (),
    labels: Sequence[str] | None = None,
) -> Review:
    """Return a review of rows: in a notebook it shows itself, one row at a time.

    What is decided goes to `file` at once (JSONL; its name is the reader's), and the same call goes on from there. The
    file holds ids, labels and comments, no texts. `join` are files of several readers, read together: `.agreement()`,
    and `.result()` by majority. `labels` are those to choose from; without them those of the task or of the rows.

    >>> from synthkit.core.rows import make_rows
    >>> rows = make_rows({"id": ["a", "b"], "text": ["late again", "lovely"], "label": ["delivery", "delivery"]})
    >>> import tempfile
    >>> ana = review(rows, file=Path(tempfile.mkdtemp()) / "ana.jsonl", labels=["delivery", "praise"])
    >>> ana.keep("a")
    >>> ana.relabel("praise", "b")
    >>> ana
    Review by ana: 2 of 2 rows read, 0 dropped, 1 relabelled
    >>> ana.result()["label"][:]
    ['delivery', 'praise']
    """
    join = [join] if isinstance(join, (str, Path)) else join
    if (file is None) == (not join):
        raise SynthkitError(
            "review(rows, file='ana.jsonl') is one reader's, review(rows, join=[...]) is several together"
        )
    if not isinstance(rows, Generation):
        rows = getattr(rows, "rows", rows)  # as what load_rows and annotate returned has
        need_columns("rows", rows)
    if file and Path(file).is_dir():
        raise SynthkitError(f"file={str(file)!r} is a folder; name a file in it, as {Path(file) / 'ana.jsonl'}")
    for path in map(Path, join):
        if not path.is_file():
            raise SynthkitError(f"join: no such file: {path}")
    task = rows.plan.task if isinstance(rows, Generation) else task_of(rows)
    return Review(rows, labels or (task.labels if task else ()), Path(file) if file else None, [Path(p) for p in join])


def _doubtful_first(rows: Dataset, ids: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the ids, least fitting label first for a classifier that did not see the row, and that one's labels."""
    import numpy as np

    from synthkit.core.classifier import LEAST_ROWS, cross_validated
    from synthkit.core.embedding import default_embedder, embed

    names, y = np.unique(rows["label"], return_inverse=True)
    if len(names) < 2 or np.bincount(y).min() < LEAST_ROWS:
        return ids, {}
    texts = list(rows["text"])
    unseen = cross_validated(embed(texts, embedder=default_embedder(), fit_on=texts), y)
    order = np.argsort(unseen[np.arange(len(y)), y], kind="stable")
    guesses = [str(names[c]) for c in unseen.argmax(axis=1)]
    return [ids[i] for i in order], dict(zip(ids, guesses, strict=True))
