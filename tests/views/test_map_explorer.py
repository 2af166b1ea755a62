"""The map to hover over: every text stands in it, escaped, and what is near comes from vectors and not from places."""

import numpy as np
import pytest

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.views import map as maps
from synthkit.views.map_explorer import explore_map

CATS = [f"the {c} cat sleeps on the {p}" for c in ("old", "grey", "small", "wild") for p in ("sofa", "roof", "mat")]
CARS = [f"the {c} car stops at the {p}" for c in ("red", "new", "slow", "loud") for p in ("bridge", "light", "gate")]
REAL = make_rows({"id": [f"r{i}" for i in range(24)], "text": CATS + CARS, "label": ["cats"] * 12 + ["cars"] * 12})
MADE = make_rows(
    {"id": ["s0", "s1"], "text": ["the old cat sleeps on the sofa!", "a <b>cat</b> & a kitten"], "label": ["cats"] * 2}
)


@pytest.fixture(autouse=True)
def flat(monkeypatch):
    monkeypatch.setattr(maps, "_umap", lambda vectors, n, state: np.arange(2 * len(vectors)).reshape(-1, 2) * 1.0)


def test_nearest_is_a_text_of_the_same_label_on_the_other_side():
    frame = explore_map(REAL, MADE, embedder="lsa").to_frame().set_index("id")
    assert frame.loc["s0", "nearest"] == "r0" and frame.loc["r0", "nearest"] == "s0"
    assert frame.loc["s0", "similarity"] > 0.9
    assert (frame.loc["r12":"r23", "nearest"] == "").all()


def test_holes_are_the_real_texts_that_nothing_synthetic_is_near():
    holes = explore_map(REAL, MADE, embedder="lsa").holes(12)
    assert set(holes["label"]) == {"cars"}


def test_places_go_from_0_to_1_and_a_rectangle_gives_its_texts():
    seen = explore_map(REAL, MADE, embedder="lsa")
    frame = seen.to_frame()
    assert frame[["x", "y"]].min().tolist() == [0, 0] and frame[["x", "y"]].max().tolist() == [1, 1]
    assert list(seen.within((0.9, 1), (0.9, 1))["id"])[-1] == "s1"


@pytest.mark.parametrize("by", ["source", "label", "nearest"])
def test_every_text_can_be_read_and_none_is_markup(by):
    shown = explore_map(REAL, {"few": MADE}, by=by, embedder="lsa")._repr_html_()
    assert shown.count("<title>") == 26 and "a &lt;b&gt;cat&lt;/b&gt; &amp; a kitten" in shown
    assert "<script" not in shown and "http" not in shown


def test_another_colouring_names_those_there_are():
    with pytest.raises(SynthkitError, match="unknown by 'sources' - did you mean 'source'"):
        explore_map(REAL, MADE, by="sources", embedder="lsa")
