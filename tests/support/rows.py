"""Invented labelled rows and clouds of vectors."""

from __future__ import annotations

import numpy as np

from synthkit.core.rows import make_rows

_BOATS = "hull mast sail anchor rope deck harbour keel rudder tide crew buoy galley oar wake"


_BREAD = "flour yeast crust oven dough loaf salt rye crumb sourdough baker slice toast bun knead"


_FILLER = "the a my our this one very quite old new was is seems looks never always today again with and"


WORDS = {"boats": _BOATS.split(" "), "bread": _BREAD.split(" ")}


FILLER = _FILLER.split(" ")


def invent(n, state, words=WORDS):
    """n invented rows, labels in turn; the same state gives the same rows."""
    rng = np.random.default_rng(state)
    labels = [list(words)[i % len(words)] for i in range(n)]
    texts = [
        " ".join(rng.permutation([*rng.choice(words[label], 5), *rng.choice(FILLER, rng.integers(3, 9))]))
        for label in labels
    ]
    return make_rows({"id": [f"{state}-{i}" for i in range(n)], "text": texts, "label": labels})


def cloud(n, state, shift=0.0, d=24):
    x = np.random.default_rng(state).normal(size=(n, d)).astype(np.float32)
    x[:, 0] += shift
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def row(text, name="r"):
    return {"id": name, "text": text, "label": "animals"}
