"""What a student is trained with: its settings come from the rows it is given, and a shortcut changes no answer."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from support.rows import invent

from synthkit.comparison import classifiers as students
from synthkit.comparison.classifiers import FIXED, GRID, STUDENTS, choose_c, linear_head

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


def test_a_linear_head_says_what_logistic_regression_does():
    rng = np.random.default_rng(0)
    for classes in (2, 3):
        y = np.arange(60) % classes
        x = rng.normal(size=(60, 5)) + np.eye(5)[y]
        weights, biases = linear_head(x, y)
        assert weights.shape == (5, classes)
        model = LogisticRegression(C=FIXED, class_weight="balanced").fit(x, y)
        assert ((x @ weights + biases).argmax(axis=1) == model.predict(x)).all()
