"""Faults planted in a set that is otherwise like the real rows: the line that should move does, and says it first."""

import numpy as np
import pytest
from support.rows import FILLER, invent

from synthkit.core.rows import make_rows
from synthkit.quality.evaluate import evaluate

TOPICS = {
    "boats": (["hull", "mast", "sail", "anchor", "keel"], ["ferry", "ticket", "harbour", "captain", "crossing"]),
    "bread": (["flour", "yeast", "dough", "crumb", "loaf"], ["toaster", "butter", "jam", "slice", "plate"]),
    "birds": (["nest", "egg", "feather", "beak", "wing"], ["feeder", "seed", "winter", "window", "robin"]),
}


def rows_of(state, n=240, *, without=()):
    """Rows of two topics a label; `without` holds (label, topic) pairs that nobody writes about."""
    rng = np.random.default_rng(state)
    texts, labels = [], []
    for i in range(n):
        label, topic = list(TOPICS)[i % 3], i // 3 % 2
        if (label, topic) in without:
            topic = 1 - topic
        if (label, topic) not in without:
            some = [*rng.choice(TOPICS[label][topic], 3, replace=False), *rng.choice(FILLER, 4)]
            texts.append(" ".join(rng.permutation(some)))
            labels.append(label)
    return texts, labels


def report_of(texts, labels):
    real = dict(zip(("text", "label"), rows_of(1, 480), strict=True))
    return evaluate(make_rows({"text": texts, "label": labels}), make_rows(real), embedder="lsa", progress=False)


def outside(report):
    return {line.metric for line in report.lines if line.outside}


def test_nothing_planted_moves_next_to_nothing_and_no_label():
    report = report_of(*rows_of(2))
    assert len(outside(report)) <= 2
    assert not any(line.outside for line in report.tables["by label"])
    assert report.tables["not covered"] == report.tables["nothing real"] == ()


def test_a_missing_class_is_said_in_the_first_line_and_the_first_note():
    report = report_of(*rows_of(2, without={("birds", 0), ("birds", 1)}))
    assert report.summary().endswith("no row of 'birds'")
    assert report.notes[0] == "no synthetic row of 'birds': 160 of 480 real rows"
    line = report.get("coverage, label by label")
    assert line.outside == "below" and line.synthetic.value < 0.75
    assert report.table("by label")["label"][0] == "birds"
    assert {region.label for region in report.tables["not covered"]} == {"birds"}


def test_half_of_a_topic_missing_is_a_label_that_is_covered_by_half():
    report = report_of(*rows_of(2, without={("bread", 1)}))
    assert "worst label: 'bread', coverage 0." in report.summary()
    by_label = report.tables["by label"][0]
    assert by_label.label == "bread" and 0.3 < by_label.coverage < 0.7 < by_label.coverage_of_real.low
    assert report.notes[0].startswith("coverage below what other real rows have: 'bread' 0.")
    holes = report.tables["not covered"]
    assert holes and all(hole.label == "bread" for hole in holes)
    assert all(set(hole.terms.split(", ")) & set(TOPICS["bread"][1]) for hole in holes)


def test_two_labels_swapped_lose_their_fidelity_and_their_neighbours():
    texts, labels = rows_of(2)
    turned = [{"boats": "birds", "birds": "boats"}.get(label, label) for label in labels]
    report = report_of(texts, turned)
    assert {"label fidelity (kNN)", "label fidelity (PVI, bits)", "coverage, label by label"} <= outside(report)
    assert "precision, label by label" in outside(report)
    assert {line.label for line in report.tables["by label"] if line.outside} == {"boats", "birds"}
    assert not {"coverage", "precision", "C2ST accuracy"} & outside(report)


def test_a_tenth_in_another_language_is_counted():
    texts, labels = rows_of(2)
    for i in range(0, len(texts), 10):
        texts[i] = f"der Vogel saß am {i}. Morgen ganz allein auf dem Dach und niemand wusste warum"
    english = [f"and it was said again that {t} by the end of the day" for t in texts if not t.startswith("der")]
    german = iter([t for t in texts if t.startswith("der")])
    spoken = iter(english)
    mixed = [next(german) if t.startswith("der") else next(spoken) for t in texts]
    real = [f"and it was said again that {t} by the end of the day" for t in rows_of(1, 480)[0]]
    rows = make_rows({"text": mixed, "label": labels}), make_rows({"text": real, "label": rows_of(1, 480)[1]})
    report = evaluate(*rows, embedder="lsa", progress=False)
    assert any(note.startswith("24 of 240 synthetic texts are not in 'en'") for note in report.notes)
    assert {"fluency (bits a word)", "precision"} <= outside(report)


def test_the_style_of_one_source_is_a_register_that_is_off():
    texts, labels = rows_of(2)
    report = report_of([f"{t.capitalize()}! Thanks" for t in texts], labels)
    habits = {s.value for s in report.tables["register"] if s.p < 0.05 and abs(s.difference.value) > 0.5}
    assert {"exclamation", "politeness", "starts lower-case"} <= habits
    assert any(note.startswith("register: ") for note in report.notes)
    assert "fluency (bits a word)" in outside(report)


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_wrong_labels_move_precision_within_labels_and_no_distance(share):
    texts, labels = rows_of(2)
    rng = np.random.default_rng(0)
    names = list(TOPICS)
    wrong = [names[(names.index(y) + 1) % 3] if rng.random() < share else y for y in labels]
    report = report_of(texts, wrong)
    assert "precision, label by label" in outside(report) and "label fidelity (kNN)" in outside(report)
    assert not {"precision", "coverage", "C2ST accuracy"} & outside(report)


def test_labels_with_few_rows_are_not_spoken_of_and_nothing_breaks():
    words = {f"topic {i}": FILLER for i in range(90)}
    report = evaluate(invent(180, 2, words), invent(360, 1, words), embedder="lsa", progress=False)
    assert any("nothing is said label by label" in note for note in report.notes)
    assert report.tables["by label"] == ()
