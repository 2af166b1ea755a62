"""What is measured between clouds of vectors, against the packages of the authors and plain implementations."""

import numpy as np
import pytest
from support.rows import cloud

from synthkit.core.errors import SynthkitError
from synthkit.quality.alignment import distances, frechet, mauve, mmd, precision
from synthkit.quality.fidelity import Judge, knn_fidelity


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


def test_frechet_is_the_distance_of_two_gaussians():
    from scipy.linalg import sqrtm
    from sklearn.covariance import ledoit_wolf

    x, y = cloud(200, 1), cloud(200, 2, 1)
    (a, _), (b, _) = ledoit_wolf(x.astype(float)), ledoit_wolf(y.astype(float))
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert frechet(x, y) == pytest.approx(expected, rel=1e-4)
    assert frechet(x, x) == pytest.approx(0, abs=1e-6)
    with pytest.raises(SynthkitError, match="20 rows a side, at least 24 needed"):
        frechet(x[:20], y)


def test_mauve_is_that_of_its_authors_or_says_how_to_get_it():
    try:
        import mauve as package
    except ImportError:
        with pytest.raises(SynthkitError, match="pip install mauve-text"):
            mauve(cloud(60, 1), cloud(60, 2))
        return
    x, y = cloud(100, 1), cloud(100, 2)
    assert mauve(x, y) == package.compute_mauve(x, y, seed=1, verbose=False).mauve


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
    judge = Judge(x, labels)
    assert judge.pvi(x, labels).mean() > 0.5 > judge.pvi(x, shuffled).mean()
    own = distances(x, x)
    assert knn_fidelity(own, labels, labels) > 0.9
    assert knn_fidelity(own, shuffled, labels) < 0.6
    assert np.isnan(judge.pvi(x[:1], ["c"])[0])
    assert judge.log2(x[:1], ["c"])[0] == pytest.approx(np.log2(0.5 / 3))
