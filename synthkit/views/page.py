"""One self-contained HTML page of a run: the answer and figures; report, ledger, rows folded. No script, no network."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from synthkit.comparison.worth import disagreement, headline
from synthkit.core.html import document, image
from synthkit.core.results import table_html

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from synthkit.comparison.comparison import Comparison
    from synthkit.generation.generate import Generation
    from synthkit.quality.evaluate import Report


ROWS = 1_000  # on the page at the most
ARMS = (
    "Each line is what a classifier learnt from: real_few are the few real rows, synthetic the generated ones, "
    "description the words of the prompt, annotated raw rows under a model's labels, real_full all of train. Macro-F1 "
    "is the mean of the labels' F1, 1 at best."
)
_STAND_IN = (
    '<p class="note">Stand-in: the "real" rows of this task were written for the kit by the same kind of author as '
    "the synthetic ones. Expect it to flatter; a task with real rows gives the answer that counts.</p>"
)


def render_page(
    made: Generation, comparison: Comparison, report: Report, figures: Sequence[tuple[str, Figure]], *, student: str
) -> str:
    """Return the page as HTML: the answer, its figure, then what stands behind both, folded.

    `figures` are (alternative text, figure): the comparison's first, the report's last, a map between them or none.
    """
    task, verdict = made.plan.task, comparison.verdict(student)
    plain = headline(comparison, student) + disagreement(comparison, student)  # the verdict begins with it
    arms, *maps, quality = (image(figure, alt) for alt, figure in figures)
    rows = made.rows.select(range(min(ROWS, len(made.rows)))).to_pandas()[["label", "text"]]
    first = f" (the first {len(rows):,} of {len(made.rows):,})" if len(rows) < len(made.rows) else ""
    parts = [
        f"<h1>{html.escape(task.title or task.name)}: can a language model write the training data?</h1>",
        _STAND_IN if task.stand_in else "",
        f'<p class="verdict">{html.escape(plain)}</p>',
        arms,
        f"<p>{ARMS}</p>",
        *(f"<p>{html.escape(note[0].upper() + note[1:])}.</p>" for note in comparison.notes),
        _folded(
            "The scores in words and numbers",
            f"<p>{html.escape(verdict.removeprefix(plain).strip())}</p>",
            table_html(comparison.to_frame(), comparison.summary()),
            *_contrasts(comparison),
            _refused(comparison),
        ),
        *("<h2>Synthetic among real rows</h2>" for _ in maps),
        *maps,
        "<h2>Quality, beside what real rows of the same number give</h2>",
        quality,
        *(f"<p>{html.escape(note[0].upper() + note[1:])}.</p>" for note in report.notes),
        _folded("The report, line by line", table_html(report.to_frame(), report.summary())),
        "<h2>The rows</h2>",
        f"<p>{html.escape(made.summary())}</p>",
        _folded("What was asked, what came, what stayed", table_html(made.ledger.to_frame(), "texts by their end")),
        _folded(f"All rows, in slot order{first}: search them with your browser", table_html(rows, "", rows=ROWS)),
        _settings(made, comparison),
    ]
    return document(f"synthkit: {task.name}", parts)


def _folded(title: str, *parts: str) -> str:
    return f"<details><summary>{html.escape(title)}</summary>\n{''.join(parts)}</details>"


def _contrasts(comparison: Comparison) -> list[str]:
    if not comparison.fits or not comparison.primary:
        return []
    tables = [comparison.contrasts(), comparison.per_class()]
    changed = f"<p>{html.escape(comparison.errors().summary())}.</p>"
    return [*(table_html(t.to_frame(), t.summary()) for t in tables), changed]


def _refused(comparison: Comparison) -> str:
    if not comparison.refused:
        return ""
    some = "; ".join(f"{r.arm}: {r.id} repeats {r.twin} ({r.similarity:.2f})" for r in comparison.refused[:5])
    more = f"; and {len(comparison.refused) - 5} more" if len(comparison.refused) > 5 else ""
    return f"<p>Refused: {html.escape(some + more)}.</p>"


def _settings(made: Generation, comparison: Comparison) -> str:
    from synthkit import __version__

    trained = ", or MiniLM trained on the arm (finetune)" * any(s.student == "finetune" for s in comparison.scores)
    facts = (
        f"synthkit {__version__}; task {made.plan.task.name} (rows: {made.plan.task.licence}); "
        f"strategy {made.plan.strategy}; model {made.model}; random_state {made.plan.random_state}; "
        f"vectors {comparison.embedder}; "
        "students: balanced logistic regression, its C chosen by cross-validation on an arm's own rows, on TF-IDF of "
        f"word 1-2-grams (tfidf_lr) or sentence vectors (minilm_lr){trained}. {comparison.summary()}."
    )
    return f"<footer>{html.escape(facts)}</footer>"
