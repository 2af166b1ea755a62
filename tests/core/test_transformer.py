"""The layers that can be trained are those that embed, and their gradient is the slope of their loss."""

import numpy as np
import pytest

from synthkit.core.embedding import _minilm, weights_folder
from synthkit.core.minilm import SIZE
from synthkit.core.transformer import EACH, embedded, loss_gradient, padded, unit_vectors

TEXTS = ["a late parcel", "cold", "the third lamp that came without a bulb, and nobody answers", "soup, again!"]


@pytest.mark.skipif(weights_folder() is None, reason="the MiniLM weights are not installed")
def test_the_layers_give_the_vectors_of_minilm():
    model = _minilm()
    ids, mask = padded(model.pieces(TEXTS))
    found, *_ = unit_vectors(model.parameters(), embedded(model.tables, ids), mask)
    assert np.allclose(found, model(TEXTS), atol=1e-3)


def test_the_gradient_is_the_slope_of_the_loss_by_every_parameter():
    rng = np.random.default_rng(0)
    shapes = [(SIZE, 3 * SIZE), (3 * SIZE,), (SIZE, SIZE), (SIZE,), (SIZE,), (SIZE,)]
    shapes += [(SIZE, 4 * SIZE), (4 * SIZE,), (4 * SIZE, SIZE), (SIZE,), (SIZE,), (SIZE,)]
    assert len(shapes) == EACH
    parameters = [rng.normal(size=s) / 20 + (i in (4, 10)) for i, s in enumerate(shapes)]
    parameters += [rng.normal(size=(SIZE, 3)) * 3, rng.normal(size=3)]
    _, mask = padded([[1, 2, 3, 4], [5], [6, 7]])
    given = (
        rng.normal(size=(*mask.shape, SIZE)),
        mask.astype(np.float64),
        np.array([0, 2, 1]),
        np.array([0.2, 0.5, 0.3]),
    )
    _, gradient = loss_gradient(parameters, *given)
    for i, part in enumerate(parameters):
        along, step = rng.normal(size=part.shape), 1e-6
        ends = [
            loss_gradient([*parameters[:i], part + s * along, *parameters[i + 1 :]], *given)[0] for s in (-step, step)
        ]
        slope = (ends[1] - ends[0]) / (2 * step)
        assert np.vdot(gradient[i], along) == pytest.approx(slope, rel=0.02, abs=1e-5), i
