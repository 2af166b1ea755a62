"""The student that trains MiniLM: it learns what a linear one cannot, the same way each time, and stops in time."""

import json

import numpy as np
import pytest
from support.rows import invent

from synthkit.comparison import classifiers, finetune
from synthkit.comparison.classifiers import STUDENTS
from synthkit.comparison.finetune import BATCH, EVERY, FIRST, LEARNT, LEAST, MOST, PASSES, batches, finished
from synthkit.core.embedding import weights_folder
from synthkit.tasks.task import bundled_tasks


@pytest.mark.skipif(weights_folder() is None, reason="the MiniLM weights are not installed")
def test_it_learns_labels_that_no_line_parts_and_does_so_again(tmp_path, monkeypatch):
    monkeypatch.setattr(finetune, "LEAST", 20)
    texts = [" ".join(text.split()[:4]) for text in invent(24, 3)["text"]]
    labels = np.random.default_rng(1).permutation(["odd", "even"] * 12)
    linear = STUDENTS["minilm_lr"](texts, "minilm").fit_predict(texts, labels)
    student = STUDENTS["finetune"](texts, "minilm")
    found = student.fit_predict(texts, labels)
    assert (found.labels == labels).mean() > 0.95 > (linear.labels == labels).mean()
    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path))  # where nothing is kept of the first time
    assert (student.fit_predict(texts, labels).labels == found.labels).all()
    assert found.parameters.endswith("steps of 16, learning rate 0.0001")


def test_every_row_is_seen_before_any_is_seen_again():
    some, seen = batches(40), []
    while len(seen) < 80:
        seen += next(some)
    assert sorted(seen[:40]) == sorted(seen[40:80]) == list(range(40))
    assert seen[:40] != seen[40:80]


def test_training_stops_when_nothing_is_left_to_learn_or_enough_was_tried():
    learnt, learning = [0.0] * MOST, [0.5] * MOST

    def steps(losses, rows):
        return next(s for s in range(1, MOST + 1) if finished(s, losses[:s], rows))

    assert steps(learnt, LEAST * BATCH // FIRST) == LEAST
    assert steps(learnt, 800) == -(-FIRST * 800 // BATCH // EVERY) * EVERY  # not before every row was seen thrice
    assert steps(learnt, 5000) == MOST
    assert steps(learning, 20) == LEAST
    assert steps(learning, 400) == -(-PASSES * 400 // BATCH // EVERY) * EVERY
    assert steps(learning, 5000) == MOST
    late = [1.0] * 95 + [LEARNT / 2] * MOST
    assert steps(late, 500) == 95 + EVERY + (-95 - EVERY) % EVERY


def test_a_fit_that_was_done_is_not_done_again_and_other_rows_are(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path))
    monkeypatch.setattr(classifiers, "embed", lambda texts, **_: np.eye(len(texts)))
    done = []

    def trained(texts, y, head, test_texts):
        done.append(list(texts))
        return np.array([1, 0]), "two steps"

    monkeypatch.setattr(finetune, "fine_tuned", trained)
    student = STUDENTS["finetune"](["a pear", "a saw"], "minilm")
    texts, labels = ["figs", "plums", "nails"], ["food", "food", "tools"]
    first, again = student.fit_predict(texts, labels), student.fit_predict(texts, labels)
    assert list(first.labels) == list(again.labels) == ["tools", "food"]
    assert (again.parameters, len(done)) == ("two steps", 1)
    student.fit_predict(texts, ["food", "tools", "tools"])
    STUDENTS["finetune"](["a pear", "a nail"], "minilm").fit_predict(texts, labels)
    assert len(done) == 3
    kept = next((tmp_path / "finetuned").iterdir())
    assert all(word not in kept.read_text() for word in ("figs", "food", "pear"))
    for file in (tmp_path / "finetuned").iterdir():
        file.write_text(file.read_text()[:9])  # a run was killed while it wrote
    student.fit_predict(texts, labels)
    assert len(done) == 4


def test_recorded_fits_of_a_shipped_task_are_found():
    file = bundled_tasks()["feedback"] / "recordings" / "finetuned.jsonl"
    for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
        predicted, parameters = finetune.kept(line["key"])
        assert predicted.tolist() == line["predicted"] and set(line["predicted"]) <= set(range(6))
        assert f"of {BATCH}" in parameters
