"""Real rows as a reference for synthetic ones: their regions in words, their reach, what they are like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.comparison.classifiers import STUDENTS
from synthkit.core.classifier import LabelModel, fit_labels
from synthkit.core.embedding import default_embedder, embed
from synthkit.core.rows import need_columns
from synthkit.core.stats import one_thread
from synthkit.core.text import words
from synthkit.quality.alignment import NEIGHBOURS
from synthkit.seeds.checks import LEAST_ROWS
from synthkit.seeds.gate import Gate
from synthkit.seeds.profile import CARRIED, Profile, class_terms, profile

if TYPE_CHECKING:
    from datasets import Dataset

STUDENT = "minilm_lr"
REGION = 5  # real rows that a region has on average
TERMS = 4  # words that describe a region at the most
CARRIED_SHARE, LIFT = 0.3, 5  # of a region's rows that carry such a word; how much more frequent it is in them
# words that say nothing about a subject, beyond the usual stop words
FILLER = frozenset(
    [
        *("ask", "asked", "asking", "does", "doing", "dont", "going", "good", "help", "hey", "im", "just"),
        *("know", "let", "like", "maybe", "need", "okay", "please", "really", "right", "say", "says"),
        *("supposed", "tell", "thing", "things", "try", "want", "way"),
    ]
)


class Look(NamedTuple):
    """What synthetic rows reach of the reference.

    `covered`: real rows with a synthetic row of their label inside their k-NN ball; `near`: synthetic rows inside such
    a ball; `predicted`: the real rows' labels by a classifier trained on the synthetic rows.
    """

    covered: np.ndarray
    near: np.ndarray
    predicted: np.ndarray


class Reference:
    """Real rows (`text`, `label`) that synthetic ones are held against; what depends on them alone is done once."""

    def __init__(self, real: Dataset, *, embedder: str | None = None, random_state: int = 0):
        need_columns("real=", real)
        self.rows, self.embedder, self.random_state = real, embedder or default_embedder(), random_state
        self.ids = list(real["id"]) if "id" in real.column_names else [f"row-{i}" for i in range(len(real))]
        self.texts, self.labels = list(real["text"]), np.asarray(real["label"])
        self.names = sorted(set(real["label"]))
        self.vectors = self.embed(self.texts)
        self.plain = np.array(Gate.of(real).plain(self.texts), dtype=object)
        self._student = STUDENTS[STUDENT](self.texts, self.embedder)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts in the space of the reference."""
        return embed(texts, embedder=self.embedder, fit_on=self.texts)

    @cached_property
    def like(self) -> Profile:
        """What the real rows are like."""
        return profile(self.rows, embedder=self.embedder, random_state=self.random_state)

    @cached_property
    def label_model(self) -> LabelModel | None:
        """A classifier of the real labels; None where there are too few rows, or where it cannot be trusted."""
        if len(self.names) < 2 or min(Counter(self.labels).values()) < LEAST_ROWS:
            return None
        model = fit_labels(self.rows, embedder=self.embedder)
        return model if model.trusted else None

    @cached_property
    def regions(self) -> list[tuple[str, np.ndarray, tuple[str, ...]]]:
        """(label, positions of its rows, the words that tell them from all others) of each k-means cluster a label."""
        from sklearn.cluster import KMeans

        groups: dict[str, np.ndarray] = {}
        for label in self.names:
            mine = np.flatnonzero(self.labels == label)
            k = max(1, len(mine) // REGION)
            with one_thread():
                parts = KMeans(k, n_init=10, random_state=self.random_state).fit_predict(self.vectors[mine])
            groups.update({f"{label} {p}": mine[parts == p] for p in range(k)})
        terms = describe({name: list(self.plain[where]) for name, where in groups.items()})
        return [(str(self.labels[where[0]]), where, terms[name]) for name, where in groups.items() if len(where)]

    @cached_property
    def _radius(self) -> np.ndarray:
        """The cosine to the k-th nearest other row of the label, shape (n,)."""
        out = np.ones(len(self.texts))
        for label in self.names:
            mine = np.flatnonzero(self.labels == label)
            if len(mine) > 1:
                own = np.sort(self.vectors[mine] @ self.vectors[mine].T, axis=1)
                out[mine] = own[:, -1 - min(NEIGHBOURS, len(mine) - 1)]
        return out.round(6)

    def look(self, synthetic: Dataset) -> Look:
        """Return which real rows are covered, which synthetic ones have real rows near, and how real rows are read."""
        vectors, labels = self.embed(synthetic["text"]), np.asarray(synthetic["label"])
        covered, near = np.zeros(len(self.texts), dtype=bool), np.zeros(len(synthetic), dtype=bool)
        for label in self.names:
            mine, theirs = np.flatnonzero(self.labels == label), np.flatnonzero(labels == label)
            if len(theirs):
                inside = (self.vectors[mine] @ vectors[theirs].T).round(6) >= self._radius[mine][:, None]
                covered[mine], near[theirs] = inside.any(axis=1), inside.any(axis=0)
        return Look(covered, near, np.asarray(self._student(synthetic["text"], synthetic["label"])))


def describe(groups: dict[str, list[str]], *, least: int = CARRIED) -> dict[str, tuple[str, ...]]:
    """Return the words that tell each group from the rest: in `least` texts of it or more, and rare elsewhere.

    >>> describe({"a": ["cold soup again", "the soup was salty"], "b": ["wifi down", "no wifi here"]})
    {'a': ('soup',), 'b': ('wifi',)}
    """
    bags = {name: [set(words(t)) for t in texts] for name, texts in groups.items()}
    uses = Counter(w for some in bags.values() for bag in some for w in bag)
    size = sum(map(len, bags.values()))

    def telling(word: str, name: str) -> bool:
        here, n = sum(word in bag for bag in bags[name]), len(bags[name])
        elsewhere = (uses[word] - here) / max(1, size - n)
        return word not in FILLER and here >= max(least, CARRIED_SHARE * n) and here / n >= LIFT * elsewhere

    out: dict[str, list[str]] = {name: [] for name in groups}
    for name, some in class_terms(groups, least=least).items():
        for word in some:
            forms = any(word.startswith(w) or w.startswith(word) for w in out[name])  # alert, alerts
            if not forms and telling(word, name):
                out[name].append(word)
    return {name: tuple(some[:TERMS]) for name, some in out.items()}
