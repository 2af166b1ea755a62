"""What is measured between clouds of vectors, against the packages of the authors and plain implementations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rows import cloud

from synthkit.core.classifier import LabelClassifier
from synthkit.core.text import words
from synthkit.quality.alignment import distances, mmd, radii, reached, within_labels
from synthkit.quality.fidelity import knn_fidelity
from synthkit.quality.regions import FILLER, describe


def coverage(real, synthetic, **given):
    return reached(real, synthetic, **given)[0].mean()


def precision(real, synthetic):
    return reached(real, synthetic)[1].mean()


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_precision_agrees_with_the_package_of_its_authors(shift, capsys):
    import prdc

    real, synthetic = cloud(150, 1), cloud(150, 2, shift)
    expected = prdc.compute_prdc(real.astype(np.float64), synthetic.astype(np.float64), nearest_k=5)["precision"]
    assert precision(real, synthetic) == pytest.approx(expected, abs=1e-9)


def test_precision_of_a_copy_is_whole_and_of_something_else_nothing():
    assert precision(cloud(60, 1), cloud(60, 1)) == 1
    assert precision(cloud(60, 1, shift=20), cloud(60, 2, shift=-20)) == 0


def plain_mmd(x, y, width):
    def kernel(a, b):
        return np.exp(-(distances(a, b) ** 2) / (2 * width**2))

    n, m = len(x), len(y)
    a, b = kernel(x, x), kernel(y, y)
    return (a.sum() - np.trace(a)) / n / (n - 1) + (b.sum() - np.trace(b)) / m / (m - 1) - 2 * kernel(x, y).mean()


def test_mmd_is_the_unbiased_estimate():
    x, y = cloud(90, 1), cloud(70, 2, 1)
    both = np.concatenate([x, y])
    width = np.median(distances(both, both)[np.triu_indices(len(both), 1)])
    assert mmd(x, y)[0] == pytest.approx(plain_mmd(x, y, width), abs=1e-5)


def test_the_test_of_mmd_finds_a_shift_and_keeps_its_level():
    assert mmd(cloud(100, 1), cloud(100, 2, 1.5))[1] < 0.01
    p = np.array([mmd(cloud(40, 2 * i), cloud(40, 2 * i + 1), permutations=99)[1] for i in range(60)])
    assert (p < 0.05).mean() < 0.15
    assert 0.3 < p.mean() < 0.7


def test_neighbours_vote_for_a_label():
    real = np.array([[0.0], [0.1], [0.2], [1.0], [1.1], [1.2]])
    labels = ["a"] * 3 + ["b"] * 3
    asked = np.array([[0.05], [1.05], [1.15]])
    assert knn_fidelity(distances(asked, real), ["a", "b", "a"], labels, k=3) == pytest.approx(2 / 3)
    assert knn_fidelity(distances(asked, real), ["unknown"] * 3, labels, k=3) == 0
    # one vote each: the nearest counts
    assert knn_fidelity(distances(np.array([[0.7]]), real), ["b"], labels, k=2) == 1
    tie = np.array([[0.0], [0.3], [0.5]])
    assert knn_fidelity(distances(np.array([[0.2]]), tie), ["b"], ["a", "b", "c"], k=3) == 1


def test_shuffled_labels_lose_their_fidelity():
    rng = np.random.default_rng(0)
    labels = np.array(["a", "b"] * 100)
    x = cloud(200, 1)
    x[labels == "b", 1] += 1
    shuffled = rng.permutation(labels)
    classifier = LabelClassifier(x, labels)
    assert classifier.pvi(x, labels).mean() > 0.5 > classifier.pvi(x, shuffled).mean()
    own = distances(x, x)
    assert knn_fidelity(own, labels, labels) > 0.9
    assert knn_fidelity(own, shuffled, labels) < 0.6
    assert np.isnan(classifier.pvi(x[:1], ["c"])[0])


def test_coverage_within_labels_sees_a_class_that_another_one_stands_in_for():
    real, labels = cloud(120, 1), np.array(["a", "b"] * 60)
    near = cloud(120, 2)
    assert coverage(real, near, labels=(labels, labels)) == pytest.approx(coverage(real, near), abs=0.1)
    assert coverage(real, near, labels=(labels, ["a"] * 120)) == pytest.approx(0.5, abs=0.05)


def test_coverage_within_labels_is_the_mean_of_each_label_by_itself():
    real, near, labels = cloud(90, 1), cloud(90, 2, 0.5), np.array(["a", "b", "b"] * 30)
    alone = [coverage(real[labels == x], near[labels == x]) * (labels == x).sum() for x in "ab"]
    assert coverage(real, near, labels=(labels, labels)) == pytest.approx(sum(alone) / 90)


def test_a_ball_reaches_no_farther_than_to_the_rows_of_its_label():
    x = np.array([[0.0], [0.1], [5.0], [9.0]])
    among = within_labels(distances(x, x), ["a", "a", "a", "b"], ["a", "a", "a", "b"])
    assert radii(among, k=1) == pytest.approx([0.1, 0.1, 4.9, 0], abs=1e-6)
    assert radii(among, k=3) == pytest.approx([5, 4.9, 5, 0], abs=1e-6)


NOUNS = st.sampled_from(["kettle", "parcel", "need", "refund", "driver", "box", "the", "label", "late", "cat"])
TEXTS = st.lists(st.lists(NOUNS, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=6)


@given(st.dictionaries(st.sampled_from("abc"), TEXTS, min_size=1))
def test_words_that_describe_a_group_stand_in_two_of_its_texts_or_more(groups):
    for name, terms in describe(groups).items():
        assert len(terms) <= 4
        for term in terms:
            assert sum(term in words(t) for t in groups[name]) >= 2
            assert term not in FILLER
            assert not any(term != other and term.startswith(other) for other in terms)
