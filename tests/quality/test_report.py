"""The report as a document, and its answers to bad input."""

import json
from collections import Counter

import numpy as np
import pytest
from support.html import Page
from support.replies import HOSTILE
from support.rows import FILLER, cloud, invent

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.core.text import tidy
from synthkit.quality.evaluate import evaluate


@pytest.fixture(scope="module")
def hostile():
    evil = "<script>alert('x')</script> | **b** $x$"
    real = make_rows({"text": [f"{evil} {t}" for t in invent(120, 1)["text"]], "label": [evil, "bread"] * 60})
    texts = [tidy(f"{HOSTILE[i % len(HOSTILE)]} {t}") for i, t in enumerate(invent(100, 2)["text"])]
    made = make_rows({"text": texts, "label": [evil, "bread"] * 50})
    return evaluate(made, real, seeds=real, embedder="lsa", metrics="bias")


def test_a_saved_report_is_one_page_that_loads_nothing(hostile, tmp_path):
    where = tmp_path / "report.html"
    hostile.save(where, title="<b>mine</b>")
    page = Page(where.read_text(encoding="utf-8"))
    assert not {"script", "link", "iframe", "b"} & set(page.tags)
    assert page.tags.count("h1") == 1 and len(page.images) == 1 and page.images[0]["alt"]
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    for words in ("<b>mine</b>", "C2ST accuracy", "How each number was made", "<script>alert('x')</script>"):
        assert words in page.text


def test_hostile_words_stay_words_in_the_notebook_and_in_json(hostile):
    assert "<script>" not in hostile._repr_html_()
    assert json.loads(hostile.to_json())["lines"]


def test_a_report_that_cannot_be_written_says_so(hostile, tmp_path):
    with pytest.raises(SynthkitError, match="cannot write"):
        hostile.save(tmp_path / "absent" / "report.html")


def given(texts):
    """Vectors from outside: each text's own, always the same."""
    return np.concatenate([cloud(1, len(t) + sum(map(ord, t))) for t in texts])


def test_vectors_may_come_from_outside_and_nan_is_refused_with_its_text():
    report = evaluate(invent(60, 2), invent(120, 1), embedder=given)
    assert report.embedder == "given"
    bad = invent(60, 2)["text"][7]

    def broken(texts):
        return np.array([np.full(24, np.nan) if t == bad else v for t, v in zip(texts, given(texts), strict=True)])

    with pytest.raises(SynthkitError, match=r"gave 1 vectors with NaN or infinity, the first for .*remove those texts"):
        evaluate(invent(60, 2), invent(120, 1), embedder=broken)
    with pytest.raises(SynthkitError, match=r"expected one vector a text, shape \(120, d\); got \(3, 24\)"):
        evaluate(invent(60, 2), invent(120, 1), embedder=lambda texts: given(texts)[:3])


def test_one_row_is_refused():
    with pytest.raises(SynthkitError, match="1 synthetic and 40 real rows: too few"):
        evaluate(invent(1, 2), invent(40, 1), embedder="lsa")


def test_of_more_rows_than_are_read_a_random_part_stands_for_all_and_that_is_said(monkeypatch):
    real, synthetic = invent(160, 1), invent(160, 2)
    whole = evaluate(synthetic, real, embedder=given, progress=False)
    assert not any("drawn at random" in note for note in whole.notes)
    monkeypatch.setattr("synthkit.quality.evaluate.READ", 120)
    read = []
    part = evaluate(synthetic, real, embedder=lambda texts: (read.append(len(texts)), given(texts))[1], progress=False)
    assert max(read) == 120 and part.m == 60
    assert (part.synthetic_rows, part.real_rows) == (160, 160) == (whole.synthetic_rows, whole.real_rows)
    assert sum("120 of 160 " in note and "drawn at random" in note for note in part.notes) == 2


def test_one_class_leaves_label_fidelity_out_and_says_so():
    real = make_rows({"text": list(invent(120, 1)["text"]), "label": ["boats"] * 120})
    report = evaluate(invent(60, 2), real, embedder="lsa", metrics="bias")
    assert "label fidelity is left out: the real rows hold hardly any label but 'boats'" in report.notes
    assert not any("label fidelity" in line.metric for line in report.lines)
    assert any("one label only: no student" in note for note in report.notes)


def test_no_label_in_common_is_named():
    words = {"Boats": FILLER, "Bread": FILLER}
    report = evaluate(invent(60, 2, words), invent(120, 1), embedder="lsa")
    assert any("no label in common (synthetic: 'Boats', 'Bread'; real: 'boats', 'bread')" in n for n in report.notes)


def test_a_label_that_no_real_row_has_is_counted():
    made = make_rows({"text": list(invent(60, 2)["text"]), "label": ["boats", "bread", "other"] * 20})
    report = evaluate(made, invent(120, 1), embedder="lsa")
    assert "20 synthetic rows carry labels that no real row has: 'other'" in report.notes
    assert np.isfinite(report.get("label fidelity (PVI, bits)").synthetic.value)


def test_two_languages_are_named():
    german = ["das Boot liegt im Hafen und niemand weiß warum es so lange da liegt"] * 60
    made = make_rows({"text": [f"{t} {i}" for i, t in enumerate(german)], "label": ["boats", "bread"] * 30})
    english = [f"the boat lies in the harbour and nobody knows why it has been there {i}" for i in range(120)]
    real = make_rows({"text": english, "label": ["boats", "bread"] * 60})
    report = evaluate(made, real, embedder="lsa")
    assert any("look like 'de', the real ones like 'en'" in note for note in report.notes)
    mixed = make_rows({"text": [*made["text"][:20], *english[:40]], "label": ["boats", "bread"] * 30})
    assert any("20 of 60 synthetic texts are not in 'en'" in n for n in evaluate(mixed, real, embedder="lsa").notes)


def test_the_bias_section_comes_by_name():
    real, synthetic = invent(160, 1), invent(80, 2)
    report = evaluate(synthetic, real, embedder="lsa", metrics="bias")
    assert Counter(line.section for line in report.lines)["bias"] >= 1
    for line in report.lines:
        assert not line.outside or line.metric == "label skew", line
    with pytest.raises(SynthkitError, match="unknown metric 'FID'"):
        evaluate(synthetic, real, embedder="lsa", metrics="FID")


def test_a_region_that_the_generator_misses_is_listed_with_its_rows():
    words = {
        "boats": ["hull", "mast", "sail", "anchor", "rope", "deck"],
        "bread": ["flour", "yeast", "crust", "oven", "dough"],
        "birds": ["wing", "beak", "nest", "feather", "egg", "song"],
    }
    real = invent(300, 1, words)
    made = invent(300, 2, words).filter(lambda r: r["label"] != "birds")
    odd = make_rows(
        {"text": [f"invoice tax receipt account {i % 7} ledger" for i in range(60)], "label": ["boats"] * 60}
    )
    from datasets import concatenate_datasets

    report = evaluate(concatenate_datasets([made.select_columns(["text", "label"]), odd]), real, embedder="lsa")
    missed, strange = report.table("not covered"), report.table("nothing real")
    assert set(missed["label"]) == {"birds"}
    assert missed["ids"][0].startswith("1-")
    assert "invoice" in strange["example"][0] and strange["reached"][0] < 0.2


def test_both_sides_of_one_distribution_stay_inside_their_controls_nearly_always():
    outside = [
        bool(line.outside)
        for state in range(6)
        for line in evaluate(invent(100, 2 * state + 50), invent(200, 2 * state + 51), embedder="lsa").lines
    ]
    assert np.mean(outside) < 0.12
