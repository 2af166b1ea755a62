"""The layers of `synthkit.core.minilm` with their gradient, so that they can be trained without another package.

Every function is pure and written against `xp`: numpy, or a module like it that can compile them (jax.numpy).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthkit.core.minilm import HEADS, SIZE

SCALE = np.float32((SIZE // HEADS) ** -0.5)
EACH = 12  # arrays of a layer: weights and biases of four products and two norms, in the order of `MiniLM.parameters`


def loss_gradient(parameters: list, x, mask, y, share, xp=np) -> tuple:
    """Return (loss, its gradient by `parameters`) of texts: cross-entropy of a linear head on their unit vectors.

    `x` holds embedded word pieces, (texts, pieces, 384), `mask` which of them are there, `y` class numbers and `share`
    what each text counts for. `parameters` are those of the layers and then the head's weights and bias.
    """
    *layers, weights, bias = parameters
    unit, length, kept = unit_vectors(layers, x, mask, xp)
    logits = unit @ weights + bias
    logits = logits - logits.max(axis=-1, keepdims=True)
    p = xp.exp(logits)
    p = p / p.sum(axis=-1, keepdims=True)
    right = xp.arange(weights.shape[1]) == y[:, None]
    loss = -(share * xp.log(xp.maximum((p * right).sum(axis=-1), 1e-12))).sum()
    d = share[:, None] * (p - right)
    head = [unit.T @ d, d.sum(axis=0)]
    d = d @ weights.T
    d = (d - unit * (d * unit).sum(axis=-1, keepdims=True)) / length
    d = (d / mask.sum(axis=1, keepdims=True))[:, None, :] * mask[:, :, None]
    d, gradient = d.reshape(-1, SIZE), []
    for i in reversed(range(len(kept))):
        d, found = _layer_back(layers[EACH * i : EACH * (i + 1)], d, kept[i], mask, xp)
        gradient = found + gradient
    return loss, gradient + head


def embedded(tables: tuple, ids, xp=np):
    """Return word pieces as the first layer takes them, (texts, pieces, 384): `tables` are those of `MiniLM.tables`."""
    words, places, weight, bias = tables
    return _norm(words[ids] + places[: ids.shape[1]], weight, bias, xp)[0]


def padded(pieces: Sequence[list[int]], width: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return word pieces as ids and which of them are there, (texts, `width` or the longest)."""
    ids = np.zeros((len(pieces), width or max(map(len, pieces))), dtype=np.int32)
    mask = np.zeros(ids.shape, dtype=np.float32)
    for row, there, some in zip(ids, mask, pieces, strict=True):
        row[: len(some)], there[: len(some)] = some, 1
    return ids, mask


def unit_vectors(layers: list, x, mask, xp=np) -> tuple:
    """Return unit vectors of texts, the length of their means, and what each layer's gradient is computed from."""
    inner, kept = x.reshape(-1, SIZE), []
    for i in range(0, len(layers), EACH):
        inner, cache = _layer(layers[i : i + EACH], inner, mask, xp)
        kept.append(cache)
    mean = (inner.reshape(x.shape) * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    length = xp.sqrt((mean * mean).sum(axis=-1, keepdims=True) + 1e-12)
    return mean / length, length, kept


def _layer(w: list, x, mask, xp) -> tuple:
    texts, pieces = mask.shape
    qkv = (x @ w[0] + w[1]).reshape(texts, pieces, 3, HEADS, -1).transpose(2, 0, 3, 1, 4)
    query, key, value = qkv
    scores = (query @ key.transpose(0, 1, 3, 2)) * SCALE + (mask[:, None, None, :] - 1) * np.float32(1e9)
    scores = xp.exp(scores - scores.max(axis=-1, keepdims=True))
    attention = scores / scores.sum(axis=-1, keepdims=True)
    mixed = (attention @ value).transpose(0, 2, 1, 3).reshape(-1, SIZE)
    middle, first = _norm(x + mixed @ w[2] + w[3], w[4], w[5], xp)
    u = middle @ w[6] + w[7]
    below = _below(u, xp)
    active = u * below
    out, second = _norm(middle + active @ w[8] + w[9], w[10], w[11], xp)
    return out, (x, query, key, value, attention, mixed, middle, first, u, below, active, second)


def _layer_back(w: list, d, kept: tuple, mask, xp) -> tuple:
    """Return the gradient by a layer's input and by its parameters, from that by its output."""
    x, query, key, value, attention, mixed, middle, first, u, below, active, second = kept
    d, *norm2 = _norm_back(d, w[10], second)
    outer = [active.T @ d, d.sum(axis=0)]
    # the derivative of x times the normal distribution's share below x
    slope = below + u * (xp.exp(u * u * np.float32(-0.5)) * np.float32((2 * np.pi) ** -0.5))
    d_inner = (d @ w[8].T) * slope
    inner = [middle.T @ d_inner, d_inner.sum(axis=0)]
    d, *norm1 = _norm_back(d + d_inner @ w[6].T, w[4], first)
    output = [mixed.T @ d, d.sum(axis=0)]
    texts, pieces = mask.shape
    d_mixed = (d @ w[2].T).reshape(texts, pieces, HEADS, -1).transpose(0, 2, 1, 3)
    d_scores = d_mixed @ value.transpose(0, 1, 3, 2)
    d_scores = attention * (d_scores - (d_scores * attention).sum(axis=-1, keepdims=True)) * SCALE
    parts = [d_scores @ key, d_scores.transpose(0, 1, 3, 2) @ query, attention.transpose(0, 1, 3, 2) @ d_mixed]
    d_qkv = xp.stack(parts).transpose(1, 3, 0, 2, 4).reshape(-1, 3 * SIZE)
    return d + d_qkv @ w[0].T, [x.T @ d_qkv, d_qkv.sum(axis=0), *output, *norm1, *inner, *outer, *norm2]


def _norm(x, weight, bias, xp) -> tuple:
    centred = x - x.mean(axis=-1, keepdims=True)
    inverse = 1 / xp.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(1e-12))
    z = centred * inverse
    return z * weight + bias, (z, inverse)


def _norm_back(d, weight, kept) -> tuple:
    z, inverse = kept
    by_weight, by_bias, d = (d * z).sum(axis=0), d.sum(axis=0), d * weight
    d = inverse * (d - d.mean(axis=-1, keepdims=True) - z * (d * z).mean(axis=-1, keepdims=True))
    return d, by_weight, by_bias


def _below(u, xp):
    """Return the normal distribution's share below `u`, by a hyperbolic tangent: to about 2e-4 (Page 1977)."""
    return np.float32(0.5) * (1 + xp.tanh(u * (1 + np.float32(0.044715) * u * u) * np.float32((2 / np.pi) ** 0.5)))
