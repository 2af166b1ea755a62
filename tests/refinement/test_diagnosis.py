"""What is missing is told in single words that several real rows share, and only where it is beyond doubt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hotel import SUBJECTS, real_rows, text
from support.rows import invent

from synthkit.comparison.strategies import MEASURES, _measured
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.core.text import words
from synthkit.quality.evaluate import evaluate
from synthkit.quality.fidelity import off_register
from synthkit.quality.regions import FILLER, describe
from synthkit.refinement.diagnosis import Reference, diagnose

NOUNS = st.sampled_from(["kettle", "parcel", "need", "refund", "driver", "box", "the", "label", "late", "cat"])
TEXTS = st.lists(st.lists(NOUNS, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=6)


def rows(triples):
    ids, texts, labels = zip(*triples, strict=True)
    return make_rows({"id": list(ids), "text": list(texts), "label": list(labels)})


FEW = [("food", "soup"), ("room", "wifi"), ("room", "pillow")]
REAL = rows(real_rows("validation", 10))
ALIKE = rows(real_rows("test", 10))


@given(st.dictionaries(st.sampled_from("abc"), TEXTS, min_size=1))
def test_words_that_describe_a_group_stand_in_two_of_its_texts_or_more(groups):
    for name, terms in describe(groups).items():
        assert len(terms) <= 4
        for term in terms:
            assert sum(term in words(t) for t in groups[name]) >= 2
            assert term not in FILLER
            assert not any(term != other and term.startswith(other) for other in terms)


def test_real_rows_in_the_place_of_synthetic_ones_lack_nothing():
    found = diagnose(ALIKE, REAL, embedder="lsa")
    assert {f.kind for f in found.findings} <= {"missed"}
    assert sum(f.rows for f in found.get("missed")) <= 0.15 * len(REAL)
    assert found.coverage > 0.8


def test_rows_about_one_subject_only_leave_the_others_uncovered():
    half = rows(
        [
            (f"s{label}{i}", text(label, list(some)[0], 500 + i), label)
            for label, some in SUBJECTS.items()
            for i in range(10)
        ]
    )
    found = diagnose(half, REAL, embedder="lsa")
    assert {f.label for f in found.get("missed")} == set(SUBJECTS)
    assert found.coverage < 0.7
    named = {w for f in found.get("missed") for w in f.terms}
    assert named & {"breakfast", "pillow", "garden"}
    assert {row_id.split("-")[0] for f in found.get("missed") for row_id in f.ids} == {"validation"}


def test_a_diagnosis_is_the_same_twice_and_shows_itself():
    found, again = (diagnose(ALIKE, REAL, embedder="lsa") for _ in range(2))
    assert found.findings == again.findings
    assert "60 synthetic rows against 60 real ones" in repr(found)
    assert list(found.to_frame().columns) == ["finding", "label", "rows", "evidence"]


def test_openings_count_once_a_row_and_name_the_label_they_mostly_stand_in():
    opened = [(i, f"so basically {t}" if label == "room" else t, label) for i, t, label in ALIKE.to_pandas().values]
    (found,) = diagnose(rows(opened), REAL, embedder="lsa").get("overused")
    assert (found.terms, found.label, found.rows) == (("so basically",), "room", 20)
    assert "opens 33.3% of the rows, of the real ones 0.0%" in found.evidence


def test_a_reference_is_worked_out_once_and_serves_many():
    reference = Reference(REAL, embedder="lsa")
    assert diagnose(ALIKE, reference).findings == diagnose(ALIKE, REAL, embedder="lsa").findings
    assert sum(len(part) for part, _ in reference.groups) == len(REAL)


def test_sides_that_share_no_two_labels_are_refused():
    other = make_rows({"text": ["a b", "c d"], "label": ["x", "y"]})
    with pytest.raises(SynthkitError, match="share 0 label"):
        diagnose(other, REAL, embedder="lsa")
    with pytest.raises(SynthkitError, match="synthetic=: no column 'label'"):
        diagnose(make_rows({"text": ["a"]}), REAL, embedder="lsa")


def test_rows_without_ids_have_numbers():
    bare = REAL.remove_columns("id")
    few = rows([(f"s{i}", text(label, subject, i), label) for i, (label, subject) in enumerate(FEW)])
    found = diagnose(few, bare, embedder="lsa")
    assert all(i.startswith("row-") for f in found.get("missed") for i in f.ids)


def test_whoever_is_asked_gives_one_answer():
    real = rows(real_rows("validation", 40))
    known = [("food", "soup"), ("food", "breakfast"), ("room", "wifi"), ("place", "garden")]
    texts = [(text(*known[i % 4], 700 + i), known[i % 4][0]) for i in range(160)]
    synthetic = rows([(f"s{i}", f"well then {t}" if i % 3 else t, label) for i, (t, label) in enumerate(texts)])
    report = evaluate(synthetic, real, embedder="lsa", progress=False)
    found = diagnose(synthetic, real, embedder="lsa")
    assert report.get("coverage").synthetic.value == found.coverage < 0.8
    assert report.tables["by label"] == found.by_label
    assert report.tables["not covered"] == found.not_covered != ()
    assert {region.label for region in found.not_covered} == {"room", "place"}
    assert {f.label for f in found.get("missed")} >= {region.label for region in found.not_covered}
    assert [phrase.words for phrase in report.tables["overused"]] == [f.terms[0] for f in found.get("overused")] != []
    off = [
        f"{s.value}: {s.synthetic:.0%}, of the real rows {s.real:.0%}" for s in off_register(report.tables["register"])
    ]
    assert [f.evidence for f in found.get("off register") if "half have" not in f.evidence] == off


def test_ways_of_asking_are_covered_as_the_report_says(monkeypatch):
    monkeypatch.setattr("synthkit.comparison.strategies.default_embedder", lambda: "lsa")
    real, synthetic = invent(200, 1), invent(120, 2)
    values, control = _measured(synthetic, real)
    report = evaluate(synthetic, real, embedder="lsa", progress=False)
    assert values == [pytest.approx(report.get(name).synthetic.value) for name in MEASURES]
    assert control == [pytest.approx(report.get(name).control.value) for name in MEASURES]
