"""all-MiniLM-L6-v2 (Wang et al. 2020; sentence-transformers) in numpy: texts to vectors without torch.

Texts are packed one after the other, with next to no padding, and every large product is one of TILE rows on one
thread: a text has the same vector, to the bit, in whatever company it comes. Threads share out the batches.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np

from synthkit.core.errors import SynthkitError
from synthkit.core.stats import thread_pools

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LONGEST = 256  # word pieces of a text that are read, as in sentence-transformers
SIZE, HEADS, LAYERS = 384, 12, 6
TILE = 288  # rows of a product: what the next step needs is still in the processor's cache
BATCH = 7 * TILE  # word pieces worked on together, at the least one text
# x times the normal distribution's share below x is x (1 + tanh(x p(x^2))) / 2, to 4e-6, by a polynomial p of degree 4;
# of STRETCH x it has the leading coefficient 1, and the others are these
STRETCH = 1.13670179e-06 ** (1 / 9)
SHARE = [c / STRETCH**n for c, n in ((-3.09159845e-05, 7), (-1.22956352e-04, 5), (3.64651767e-02, 3), (0.79782986, 1))]


class MiniLM:
    """A six-layer BERT, mean pooling, unit length; 384 dimensions."""

    def __init__(self, folder: Path):
        from safetensors.numpy import load
        from tokenizers import Tokenizer

        data = (folder / "model.safetensors").read_bytes()
        if hashlib.sha256(data).hexdigest() != SHA256:
            raise SynthkitError(f"{folder / 'model.safetensors'} is not all-MiniLM-L6-v2 (sha256 differs)")
        w = {name: np.asarray(values, dtype=np.float32) for name, values in load(data).items()}
        self._words = w["embeddings.word_embeddings.weight"] + w["embeddings.token_type_embeddings.weight"][0]
        self._places = w["embeddings.position_embeddings.weight"]
        self._norm = w["embeddings.LayerNorm.weight"], w["embeddings.LayerNorm.bias"]
        self._layers = [_Layer(w, f"encoder.layer.{i}.") for i in range(LAYERS)]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Return the unit vectors of texts, shape (n, 384), float32."""
        out = np.empty((len(texts), SIZE), dtype=np.float32)
        for where, vectors in self.batches(texts):
            out[where] = vectors
        return out

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the word pieces of texts, by number."""
        return [e.ids for e in self._tokenizer.encode_batch(list(texts))]

    @property
    def tables(self) -> tuple[np.ndarray, ...]:
        """The vectors of word pieces and of places, and the weights and biases of their norm."""
        return self._words, self._places, *self._norm

    def parameters(self) -> list[np.ndarray]:
        """Return copies of the layers' weights and biases, as `synthkit.core.transformer` trains them."""
        out = []
        for layer in self._layers:
            (first, second), scale = layer.norms, np.ones(3 * SIZE, dtype=np.float32)
            scale[:SIZE] = (SIZE // HEADS) ** 0.5  # is in the queries' weights here, and not there
            qkv, inner = [part * scale for part in layer.qkv], [part / np.float32(STRETCH) for part in layer.inner]
            outer = layer.outer[0] * np.float32(2 * STRETCH), layer.outer[1].copy()
            out += [*qkv, *(part.copy() for part in (*layer.mixed, *first)), *inner, *outer]
            out += [part.copy() for part in second]
        return out

    def batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], np.ndarray]]:
        """Yield (positions, their vectors) as they are ready, texts of like length together."""
        blas = thread_pools().select(user_api="blas")
        threads = max([library["num_threads"] for library in blas.info()], default=1)
        ids = self.pieces(texts)
        share = -(-sum(map(len, ids)) // threads // TILE) * TILE  # of one thread, where there are few
        groups, size, most = [], BATCH, min(BATCH, max(share, TILE))
        for i in sorted(range(len(ids)), key=lambda i: len(ids[i])):
            if size + len(ids[i]) > most:
                groups.append([])
                size = 0
            groups[-1].append(i)
            size += len(ids[i])
        with blas.limit(limits=1), ThreadPoolExecutor(threads) as pool:
            try:
                done = pool.map(lambda some: self._vectors([ids[i] for i in some]), groups)
                yield from zip(groups, done, strict=True)
            finally:
                pool.shutdown(cancel_futures=True)

    def _vectors(self, ids: list[list[int]]) -> np.ndarray:
        """Return the vectors of texts in the order of their lengths."""
        widths, counts = np.unique([len(some) for some in ids], return_counts=True)
        period, alike, rows = _period(), [], 0
        for width, count in zip(widths.tolist(), counts.tolist(), strict=True):
            padded = -(-width // period) * period
            alike.append((slice(rows, rows + count * padded), count, width))
            rows += count * padded
        rows = -(-rows // TILE) * TILE
        x, start = np.zeros((rows, SIZE), dtype=np.float32), 0
        for part, count, width in alike:
            words = self._words[np.array(ids[start : start + count])]
            np.add(words, self._places[:width], out=x[part].reshape(count, -1, SIZE)[:, :width])
            start += count
        _normalise(x, *self._norm)
        room = [np.zeros(shape, np.float32) for shape in ((rows, 3 * SIZE), (rows, SIZE), (TILE, 4 * SIZE))]
        for layer in self._layers:
            layer(x, alike, *room)
        means = [x[part].reshape(count, -1, SIZE)[:, :width].mean(axis=1) for part, count, width in alike]
        pooled = np.concatenate(means)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)


@lru_cache(maxsize=1)
def _period() -> int:
    """Return the number p for which a product computes the rows 0, p, 2p ... of a tile alike, to the bit.

    Most kernels do so with every row (1). That of OpenBLAS for processors without AVX-512 changes the order of its sums
    from one six rows to the next (12). Texts that begin at such rows have the same vector wherever they stand.
    """
    rng = np.random.default_rng(0)
    row, weights = (rng.normal(size=shape).astype(np.float32) for shape in ((1, SIZE), (SIZE, 3 * SIZE)))
    rows = np.repeat(row, TILE, axis=0) @ weights
    fitting = (p for p in range(1, TILE) if TILE % p == 0 and (rows[p:] == rows[:-p]).all())
    return next(fitting, TILE)


class _Layer:
    def __init__(self, w: dict[str, np.ndarray], at: str):
        def linear(*names):
            weights = [np.concatenate([w[f"{at}{n}.{kind}"] for n in names]) for kind in ("weight", "bias")]
            return np.ascontiguousarray(weights[0].T), weights[1]

        self.qkv = linear(*(f"attention.self.{name}" for name in ("query", "key", "value")))
        self.qkv[0][:, :SIZE] *= np.float32((SIZE // HEADS) ** -0.5)
        self.qkv[1][:SIZE] *= np.float32((SIZE // HEADS) ** -0.5)
        self.mixed, self.inner, self.outer = map(
            linear, ("attention.output.dense", "intermediate.dense", "output.dense")
        )
        for part in self.inner:
            part *= np.float32(STRETCH)
        self.outer[0][:] /= np.float32(2 * STRETCH)
        self.norms = [
            (w[f"{at}{n}.LayerNorm.weight"], w[f"{at}{n}.LayerNorm.bias"]) for n in ("attention.output", "output")
        ]

    def __call__(self, x, alike, qkv, mixed, inner) -> None:
        """Do the layer in place: `alike` has (rows, texts, length) for each length, the rest is room to work in."""
        tiles = [slice(start, start + TILE) for start in range(0, len(x), TILE)]
        for tile in tiles:
            np.matmul(x[tile], self.qkv[0], out=qkv[tile])
            qkv[tile] += self.qkv[1]
        for part, count, width in alike:
            heads = qkv[part].reshape(count, -1, 3, HEADS, SIZE // HEADS)[:, :width]
            query, key, value = heads.transpose(2, 0, 3, 1, 4)
            scores = query @ key.transpose(0, 1, 3, 2)
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= np.einsum("...j->...", scores)[..., None]
            heads = mixed[part].reshape(count, -1, HEADS, SIZE // HEADS)[:, :width]
            np.matmul(scores, value, out=heads.transpose(0, 2, 1, 3))
        added = np.empty((TILE, SIZE), dtype=np.float32)
        for tile in tiles:
            np.matmul(mixed[tile], self.mixed[0], out=added)
            _add(x[tile], added, self.mixed[1], self.norms[0])
            np.matmul(x[tile], self.inner[0], out=inner)
            inner += self.inner[1]
            _gelu(inner)
            np.matmul(inner, self.outer[0], out=added)
            _add(x[tile], added, self.outer[1], self.norms[1])


def _add(x: np.ndarray, added: np.ndarray, bias: np.ndarray, norm) -> None:
    added += bias
    x += added
    _normalise(x, *norm)


def _normalise(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> None:
    x -= np.einsum("ij->i", x)[:, None] / np.float32(SIZE)
    x *= 1 / np.sqrt(np.einsum("ij,ij->i", x, x)[:, None] / np.float32(SIZE) + np.float32(1e-12))
    x *= weight
    x += bias


def _gelu(x: np.ndarray, rows: int = 24) -> None:
    """Put x (1 + tanh(...)), see `SHARE`, in the place of a stretched `x`, shape (n, d); the next weights halve it.

    A few rows at a time, so that they stay in the cache: several times as fast as scipy's.
    """
    square, t = (np.empty((rows, x.shape[1]), dtype=np.float32) for _ in range(2))
    for start in range(0, len(x), rows):
        part = x[start : start + rows]
        np.multiply(part, part, out=square)
        np.add(square, np.float32(SHARE[0]), out=t)
        for a in SHARE[1:]:
            t *= square
            t += np.float32(a)
        t *= part
        np.tanh(t, out=t)
        t += 1
        part *= t
