"""One self-contained HTML page of a run: verdict, figures, report, ledger, rows. No script, no network, prints well."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from synthkit.core.html import document, image
from synthkit.core.results import table_html

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from synthkit.comparison.comparison import Comparison
    from synthkit.generation.generate import Generation
    from synthkit.quality.evaluate import Report


_STAND_IN = (
    '<p class="note">Stand-in: the "real" rows of this task were written for the kit by the same kind of author as '
    "the synthetic ones. Expect it to flatter; a task with real rows gives the answer that counts.</p>"
)


def render_page(
    made: Generation, comparison: Comparison, report: Report, figures: Sequence[tuple[str, Figure]], *, student: str
) -> str:
    """Return the page as HTML. `figures` are (alternative text, figure); the first stands below the comparison."""
    task = made.plan.task
    images = [image(figure, alt) for alt, figure in figures]
    sample = made.rows.select(range(min(12, len(made.rows)))).to_pandas()[["label", "text"]]
    parts = [
        f"<h1>{html.escape(task.title or task.name)}: can a language model write the training data?</h1>",
        _STAND_IN if task.stand_in else "",
        f'<p class="verdict">{html.escape(comparison.verdict(student))}</p>',
        table_html(comparison.to_frame(), comparison.summary()),
        images[0],
        *_contrasts(comparison),
        *(f"<p>{html.escape(note[0].upper() + note[1:])}.</p>" for note in comparison.notes),
        _refused(comparison),
        "<h2>Synthetic among real rows</h2>",
        images[1],
        "<h2>Quality, beside what real rows of the same number give</h2>",
        report._repr_html_(),
        *images[2:],
        "<h2>What was asked, what came, what stayed</h2>",
        table_html(made.ledger.to_frame(), made.summary()),
        "<h2>The first synthetic rows</h2>",
        table_html(sample, f"{len(sample)} of {len(made.rows)}, in slot order"),
        _settings(made, comparison),
    ]
    return document(f"synthkit: {task.name}", parts)


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
