"""Figures hold what they promise, are closed, and draw any name as it is written."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from support.results import result
from support.rows import invent

from synthkit.comparison.compare import compare
from synthkit.comparison.plots import plot_comparison
from synthkit.core import figures
from synthkit.core.errors import SynthkitError
from synthkit.core.figures import COLOURS, theme
from synthkit.core.rows import make_rows
from synthkit.generation.ledger import Ledger
from synthkit.quality.evaluate import evaluate
from synthkit.quality.plots import plot_report
from synthkit.views import map as maps
from synthkit.views.map import map_coordinates, plot_map

REAL = invent(60, 1)


@pytest.fixture(autouse=True)
def flat_map(monkeypatch):
    """Put two columns of the vectors in the place of UMAP, which compiles for ten seconds; count the calls."""
    calls = []

    def project(vectors, n_real, random_state):
        calls.append((len(vectors), n_real, random_state))
        return vectors[:, :2].copy()

    monkeypatch.setattr(maps, "_umap", project)
    return calls


def drawn(figure):
    """Draw the figure, which must be closed, and return all its words."""
    assert plt.get_fignums() == []
    figure.savefig(io.BytesIO(), format="png")
    return [t.get_text() for t in figure.findobj(lambda a: hasattr(a, "get_text"))]


def test_a_map_has_a_panel_a_label_with_every_row_in_it():
    synthetic = invent(20, 2)
    figure = plot_map(REAL, synthetic, embedder="lsa")
    panels = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert [axis.get_title(loc="left") for axis in panels] == ["boats", "bread"]
    for axis in panels:
        everyone, own, made = [c for c in axis.get_children() if isinstance(c, PathCollection)]
        assert [len(c.get_offsets()) for c in (everyone, own, made)] == [60, 30, 10]
    assert {"real", "synthetic"} <= set(drawn(figure))


def test_coordinates_are_computed_once_and_kept(flat_map):
    arms = {"one": invent(12, 3), "two": invent(8, 4)}
    first = map_coordinates(REAL, arms, embedder="lsa", random_state=5)
    second = map_coordinates(REAL, arms, embedder="lsa", random_state=5)
    assert flat_map == [(80, 60, 5)]
    assert first[2].keys() == {"one", "two"}
    assert [len(xy) for xy in first[2].values()] == [12, 8]
    assert (first[1] == second[1]).all()
    map_coordinates(REAL, arms, embedder="lsa", random_state=6)
    assert len(flat_map) == 2


def test_many_labels_share_one_panel():
    words = {f"label {i}": ["some", "words", "here", "and", "there"] for i in range(maps.PANELS + 1)}
    figure = plot_map(invent(64, 1, words), invent(20, 2, words), embedder="lsa")
    assert [a.get_title(loc="left") for a in figure.axes if a.get_title(loc="left")] == ["all labels"]


def test_a_map_of_too_few_rows_or_too_many_arms_is_refused():
    with pytest.raises(SynthkitError, match="at least 20 real rows; got 10"):
        plot_map(invent(10, 1), invent(10, 2), embedder="lsa")
    with pytest.raises(SynthkitError, match="5 arms on one map: at most 4"):
        plot_map(REAL, {str(i): invent(10, i) for i in range(5)}, embedder="lsa")


@pytest.mark.parametrize("name", ["$x$ and $y", "a_b^c \\frac{", "<b>&amp;", "жалоба ä", "شكوى", "fine ☺"])
@pytest.mark.filterwarnings("error:Glyph")
def test_a_name_is_drawn_as_it_is_written(name):
    rows = make_rows({"text": list(REAL["text"]), "label": [name if x == "boats" else "bread" for x in REAL["label"]]})
    said = drawn(plot_map(rows, {name: rows}, embedder="lsa"))
    assert name.replace("$", r"\$") in said
    drawn(plot_comparison(result(**{name: 0.5, "other": 0.6})))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("投诉", "6295.8BC9"),
        ("शिकायत ok", "936.93F.915.93E.…ok"),
        ("안녕하세요여러분", "C548.B155.D558.C138.…B7EC.BD84"),
    ],
)
@pytest.mark.filterwarnings("error:Glyph")
def test_a_name_that_no_font_can_write_is_drawn_by_number_with_a_warning(name, shown, monkeypatch):
    figures._covered.cache_clear()
    monkeypatch.setattr(figures, "_families", lambda: ["DejaVu Sans"])
    rows = make_rows({"text": list(REAL["text"]), "label": [name if x == "boats" else "bread" for x in REAL["label"]]})
    with pytest.warns(UserWarning, match="no installed font can write .* Install one, as Noto Sans"):
        assert drawn(plot_map(rows, {name: rows}, embedder="lsa")).count(shown) >= 2
    with pytest.warns(UserWarning, match="no installed font"):
        drawn(plot_comparison(result(**{name: 0.5, "other": 0.6})))
    with pytest.warns(UserWarning, match="no installed font"):
        drawn(plot_report(evaluate(rows, rows, embedder="lsa")))
    figures._covered.cache_clear()


def test_an_installed_font_is_used_for_what_the_first_one_lacks(monkeypatch):
    from matplotlib.font_manager import FontEntry, fontManager

    figures._families.cache_clear()
    monkeypatch.setattr(fontManager, "ttflist", [*fontManager.ttflist, FontEntry(name="Noto Sans CJK JP")])
    assert figures._families() == ["DejaVu Sans", "Noto Sans CJK JP"]
    figures._families.cache_clear()


def test_a_comparison_is_drawn_with_its_values_and_arms():
    said = drawn(plot_comparison(result(real_few=0.612, synthetic=0.7, real_full=0.8)))
    assert {"0.612", "0.700", "0.800"} <= set(said)
    assert "real_few\n10 rows" in said
    assert any("300 real test rows" in t for t in said)


def test_labels_are_drawn_before_and_after_with_their_number():
    test = invent(40, 9)
    compared = compare(
        {"few": invent(6, 1), "many": invent(60, 2)},
        test=test,
        students=["tfidf_lr"],
        primary=("many", "few"),
        progress=False,
    )
    (axis,) = compared.plot("classes").axes
    assert [t.get_text() for t in axis.get_yticklabels()] in (
        ["boats (20)", "bread (20)"],
        ["bread (20)", "boats (20)"],
    )
    assert {t.get_text() for t in axis.get_legend().get_texts()} == {"few", "many"}
    with pytest.raises(SynthkitError, match="unknown view 'class' - did you mean 'classes'"):
        compared.plot("class")


def test_a_report_is_drawn_as_four_figures_with_every_line_and_its_value():
    said = drawn(plot_report(evaluate(invent(100, 2), invent(100, 1), embedder="lsa")))
    assert {"distinct-2", "Vendi score", "coverage", "synthetic", "control", "share of each label"} <= set(said)


def test_a_ledger_is_drawn_with_what_was_lost():
    ledger = Ledger(
        planned=4, answered=4, asked=20, parsed=17, short=3, kept=12, dropped=(("near-duplicate", 5),), replies=4
    )
    ledger.check()
    figure = ledger.plot()
    assert {"asked for", "fewer than asked", "near-duplicate", "kept", "20", "3", "5", "12"} <= set(drawn(figure))
    bars = [(p.get_x(), p.get_width()) for p in figure.axes[0].patches]
    assert bars == [(0, 20), (17, 3), (12, 5), (0, 12)]


def test_ledgers_beside_each_other_are_drawn_once_each_under_their_names():
    few, many = (Ledger(asked=5 * n, parsed=5 * n, kept=5 * n) for n in (1, 3))
    titles = [
        [a.get_title(loc="left") for a in few.plot(beside).axes] for beside in ({"many": many}, {"a": many, "b": few})
    ]
    assert titles == [["", "many"], ["a", "b"]]


def test_the_theme_uses_the_four_colours_that_can_be_told_apart():
    theme()
    assert [to_hex(c["color"]) for c in plt.rcParams["axes.prop_cycle"]] == [c.lower() for c in COLOURS]
    assert len(set(COLOURS)) == 4
    for colour in COLOURS:  # 3:1 against white, WCAG 2.2
        r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (r, g, b)]
        assert 1.05 / (float(np.dot([0.2126, 0.7152, 0.0722], linear)) + 0.05) >= 3.0
