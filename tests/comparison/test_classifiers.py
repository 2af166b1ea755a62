"""What a student is trained with: its settings come from the rows it is given, and a shortcut changes no answer."""

import importlib.util

import numpy as np
import pytest
from support.rows import invent

from synthkit.comparison import classifiers as students
from synthkit.comparison.classifiers import FIXED, GRID, STUDENTS, choose_c
from synthkit.core.errors import SynthkitError

TEXTS = list(invent(60, 7)["text"])


@pytest.mark.parametrize("name", ["tfidf_lr", "minilm_lr"])
def test_few_rows_are_rotated_and_the_answers_are_those_of_the_plain_fit(name, monkeypatch):
    rows = invent(80, 1)
    student = STUDENTS[name](TEXTS, "lsa")
    quick = student.fit_predict(rows["text"], rows["label"])
    monkeypatch.setattr(students, "DENSE_ROWS", 0)
    plain = student.fit_predict(rows["text"], rows["label"])
    assert (quick.labels == plain.labels).all()
    assert quick.parameters == plain.parameters


@pytest.mark.parametrize("name", ["tfidf_lr", "minilm_lr"])
def test_a_refit_on_all_rows_predicts_what_the_fit_does_and_one_on_other_rows_does_not(name):
    rows = invent(40, 1)
    resamples = [np.arange(40), np.arange(4)]
    found = STUDENTS[name](TEXTS, "lsa").fit_predict(rows["text"], rows["label"], resamples)
    assert (found.refits[0] == found.labels).all()
    assert (found.refits[1] != found.labels).any()


def test_c_is_small_where_labels_are_noise_and_larger_where_they_are_not():
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    clear = rng.normal(size=(120, 5)) + 4 * y[:, None]
    noise = rng.normal(size=(120, 30))
    assert choose_c(noise, y)[0] == GRID[0]
    assert choose_c(clear, y)[0] > GRID[0]
    assert choose_c(clear, y) == choose_c(clear, y)


def test_too_few_rows_of_a_label_mean_a_fixed_c_that_says_so():
    y = np.array([0] * 10 + [1] * 4)
    c, said = choose_c(np.random.default_rng(0).normal(size=(14, 3)), y)
    assert c == FIXED
    assert said == "C = 10 (fixed: a label has fewer than 5 rows)"


def test_settings_of_a_large_arm_are_chosen_on_some_of_its_rows_of_every_label():
    y = np.array([0] * 5000 + [1] * 8)
    some = students._some(y)
    assert len(some) <= students.MOST_ROWS + students.FOLDS
    assert (y[some] == 1).sum() >= students.FOLDS


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed")
def test_without_torch_the_fine_tuned_student_names_the_install_line():
    with pytest.raises(SynthkitError, match=r"needs torch and transformers: pip install torch transformers"):
        STUDENTS["finetune"](TEXTS, "minilm").fit_predict(["a", "b"], ["x", "y"])


def test_a_fine_tuned_transformer_learns_in_a_few_steps(monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from synthkit.comparison import finetune

    if finetune.weights_folder() is None:
        pytest.skip("the MiniLM weights are not installed")
    monkeypatch.setattr(finetune, "STEPS", 25)
    rows, test = invent(60, 1), invent(40, 7)
    student = STUDENTS["finetune"](list(test["text"]), "minilm")
    first = student.fit_predict(rows["text"], rows["label"])
    assert np.mean(first.labels == np.array(test["label"])) > 0.9
    assert (student.fit_predict(rows["text"], rows["label"]).labels == first.labels).all()
    assert first.parameters == "25 steps of 16, learning rate 0.0002"
