"""Metrics on sets whose answer is known, against the packages of their authors, and beside their controls."""

import json

import numpy as np
import pytest
from support.rows import WORDS, cloud, invent

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.quality.alignment import c2st, reached
from synthkit.quality.controls import LARGE, Halves, stratified
from synthkit.quality.diversity import compression_ratio, distinct, vendi
from synthkit.quality.evaluate import evaluate
from synthkit.quality.privacy import COPIED
from synthkit.seeds.seeds import Seeds


def test_vendi_counts_how_many_rows_differ():
    eye = np.eye(10, dtype=np.float32)
    assert vendi(eye) == pytest.approx(10)
    assert vendi(np.repeat(eye[:1], 10, axis=0)) == pytest.approx(1)
    assert vendi(np.repeat(eye[:5], 2, axis=0)) == pytest.approx(5)


def coverage(real, synthetic, **given):
    return reached(real, synthetic, **given)[0].mean()


@pytest.mark.parametrize(("n", "d"), [(20, 50), (80, 12)])
def test_vendi_agrees_with_the_package_of_its_authors(n, d):
    from vendi_score import vendi as reference

    x = cloud(n, 1, d=d)
    assert vendi(x) == pytest.approx(reference.score_K(x.astype(np.float64) @ x.T.astype(np.float64)), rel=1e-4)


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_coverage_agrees_with_the_package_of_its_authors(shift, capsys):
    import prdc

    real, synthetic = cloud(150, 1), cloud(150, 2, shift)
    expected = prdc.compute_prdc(real.astype(np.float64), synthetic.astype(np.float64), nearest_k=5)["coverage"]
    assert coverage(real, synthetic) == pytest.approx(expected, abs=1e-9)


def test_coverage_of_a_copy_is_whole_and_of_something_else_nothing():
    real = cloud(60, 1)
    assert coverage(real, real.copy()) == 1.0
    assert coverage(cloud(60, 1, shift=20), cloud(60, 2, shift=-20)) == 0.0


def test_a_classifier_tells_two_clouds_apart_and_one_cloud_not():
    assert c2st(cloud(150, 1, 9), cloud(150, 2, -9)) > 0.99
    assert c2st(cloud(400, 1), cloud(400, 2)) == pytest.approx(0.5, abs=0.07)
    assert c2st(cloud(150, 1), cloud(150, 1)) <= 0.5


def test_distinct_is_the_share_of_new_pairs_of_words():
    assert distinct(["a b c", "d e f"]) == 1.0
    assert distinct(["a b c"] * 4) == 0.25
    assert distinct(["one"]) == 0.0
    assert distinct(["a b c d", "a b c d"], budget=4) == 1.0
    assert distinct(["a b c d", "a b"], budget=6) == 0.75


def test_repetition_compresses_better():
    varied = list(invent(50, 1)["text"])
    assert compression_ratio(varied[:1] * 50) > 3 * compression_ratio(varied)
    assert compression_ratio([]) == 0.0
    assert compression_ratio(varied, budget=400) < compression_ratio(varied)


@pytest.fixture(scope="module")
def alike():
    return evaluate(invent(200, 2), invent(200, 1), embedder="lsa")


def test_rows_of_one_distribution_look_like_their_control(alike):
    assert alike.m == 100
    for line in alike.lines:
        assert line.control.low <= line.synthetic.value <= line.control.high, line.metric
    assert alike.get("C2ST accuracy").control.value == pytest.approx(0.5, abs=0.06)


def test_a_set_without_variety_stands_out_in_every_line():
    real = invent(200, 1)
    poor = make_rows({"text": ["my old hull was new", "the crust is old"] * 60, "label": ["boats", "bread"] * 60})
    report = evaluate(poor, real, embedder="lsa")
    for metric, worse in [("distinct-2", -1), ("compression ratio", 1), ("Vendi score", -1), ("coverage", -1)]:
        line = report.get(metric)
        assert worse * (line.synthetic.value - line.control.value) > 0.05, metric
    assert report.get("C2ST accuracy").synthetic.value > 0.95


def test_a_copy_of_the_real_rows_is_called_one():
    real = invent(120, 1)
    report = evaluate(real, real, embedder="lsa")
    assert "120 synthetic texts also stand, word for word, among the real rows" in report.notes
    assert report.get("coverage").synthetic.value > report.get("coverage").control.value


def test_a_planted_copy_of_a_seed_is_the_longest_run():
    real, made = invent(140, 1), invent(60, 2).to_list()
    seeds = Seeds(real.select(range(20)), real.select(range(20, 140)), k=10, random_state=0)
    clean = evaluate(make_rows(columns(made)), seeds.rest, seeds=seeds, embedder="lsa")
    made[7]["text"] = "so then " + seeds.rows["text"][3]
    planted = evaluate(make_rows(columns(made)), seeds.rest, seeds=seeds, embedder="lsa")
    assert planted.get(COPIED).synthetic.value == 1 / 60
    assert planted.table("copies")["seed"][0] == seeds.rows["id"][3]
    assert planted.table("copies")["words"][0] == len(seeds.rows["text"][3].split())
    assert clean.get(COPIED).synthetic.value == clean.get(COPIED).control.value == 0


def columns(rows):
    return {key: [r[key] for r in rows] for key in rows[0]}


def test_few_rows_give_a_picture_and_no_alignment_number():
    report = evaluate(invent(40, 2), invent(200, 1), embedder="lsa")
    small = ["distinct-2", "self-repetition", "compression ratio", "Vendi score", "length (words)"]
    assert [line.metric for line in report.lines] == small
    assert "40 rows a side: fewer than 50" in report.notes[0]


def test_when_the_seeds_are_the_reference_the_report_says_so():
    real = invent(40, 1)
    seeds = Seeds(real, real.select([]), k=20, random_state=0)
    report = evaluate(invent(40, 2), real, seeds=seeds, embedder="lsa")
    assert any("the real rows are the seeds themselves" in note for note in report.notes)
    assert report.get(COPIED).control is None


def test_the_same_call_gives_the_same_report(alike):
    assert evaluate(invent(200, 2), invent(200, 1), embedder="lsa").to_json() == alike.to_json()


def test_a_report_is_a_dozen_lines_of_three_sections_and_reads_as_text_table_and_json(alike):
    frame = alike.to_frame()
    assert list(frame.columns) == ["section", "metric", "synthetic", "control", "outside", "better"]
    assert frame["section"].value_counts().to_dict() == {"diversity": 4, "fidelity": 4, "alignment": 6}
    assert repr(alike).startswith("Report: 200 synthetic against 200 real rows, 100 a side, vectors: lsa; ")
    assert "coverage" in repr(alike) and "<caption" in alike._repr_html_()
    said = json.loads(alike.to_json())
    assert [x["metric"] for x in said["lines"]] == list(frame["metric"])
    assert said["lines"][0]["method"].startswith("20 random halves of the real rows, without replacement")
    assert set(alike.methods()["metric"]) == set(frame["metric"])
    with pytest.raises(SynthkitError, match="did you mean 'coverage'"):
        alike.get("covrage")
    with pytest.raises(SynthkitError, match="did you mean 'register'"):
        alike.table("registers")


@pytest.mark.parametrize("bad", [["a list"], make_rows({"text": ["a"]})])
def test_what_is_not_rows_is_refused(bad):
    with pytest.raises(SynthkitError, match="synthetic="):
        evaluate(bad, invent(20, 1), embedder="lsa")


def test_too_few_rows_to_say_anything_are_refused():
    with pytest.raises(SynthkitError, match="1 synthetic and 40 real rows"):
        evaluate(invent(1, 2), invent(40, 1), embedder="lsa")


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("labels", [["a"] * 70 + ["b"] * 30, [f"l{i}" for i in range(100)], ["a"] * 99 + ["b"]])
def test_halves_are_disjoint_of_equal_size_and_hold_the_labels_in_their_shares(labels, parts):
    drawn = stratified(labels, 40, parts, np.random.default_rng(0))
    assert [len(part) for part in drawn] == [40] * parts
    everything = np.concatenate(drawn)
    assert len(set(everything.tolist())) == 40 * parts
    for part in drawn:
        for label in set(labels):
            share = 40 * labels.count(label) / 100
            assert abs([labels[i] for i in part].count(label) - share) <= 2


def test_large_sets_are_cut_half_as_often():
    rows = make_rows({"text": ["a", "b"] * 4, "label": ["x", "y"] * 4})
    vectors = np.eye(8, dtype=np.float32)
    assert [len(Halves(rows, rows, vectors, vectors, m)) for m in (4, LARGE - 1, LARGE)] == [20, 20, 10]


def test_many_rare_labels_do_not_empty_the_halves():
    words = {f"topic {i}": WORDS["boats"] for i in range(150)}
    report = evaluate(invent(150, 2, words), invent(300, 1, words), embedder="lsa")
    assert report.get("C2ST accuracy").control.value == pytest.approx(0.5, abs=0.1)
