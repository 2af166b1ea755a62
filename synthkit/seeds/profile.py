"""What are these texts like? In numbers, and in words that a prompt can carry without quoting a row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.core.classifier import LEAST_ROWS, cross_validated
from synthkit.core.embedding import embed
from synthkit.core.errors import unknown
from synthkit.core.language import embedder_for, language_of
from synthkit.core.results import Result
from synthkit.core.rows import need_columns, row_ids
from synthkit.core.text import words
from synthkit.seeds.gate import Gate
from synthkit.tasks.splits import task_of

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from synthkit.seeds.seeds import Seeds

TERMS, TOPICS = 8, 6  # distinctive terms a label, sub-topics a label at the most
CARRIED = 2  # rows that must carry a term

# a habit: its column, how it is told, and whether a text has it
HABITS: list[tuple[str, str, Callable[[str], bool]]] = [
    ("starts lower-case", "begin in lower case", lambda t: t[:1].islower()),
    ("no end mark", "end without punctuation", lambda t: t[-1:].isalnum()),
    ("question", "ask a question", lambda t: "?" in t),
    ("exclamation", "have an exclamation mark", lambda t: "!" in t),
    ("capitals", "shout a word in capitals", lambda t: bool(re.search(r"\b[A-Z]{4,}\b", t))),
    ("digits", "hold a number", lambda t: any(c.isdigit() for c in t)),
    ("first person", "speak of I or we", lambda t: bool(re.search(r"(?i)\b(?:i|i'm|i've|my|me|we|our|us)\b", t))),
    ("contractions", "use contractions", lambda t: bool(re.search(r"(?i)\w['’](?:t|s|re|ve|ll|m|d)\b", t))),
    ("politeness", "say please or thank you", lambda t: bool(re.search(r"(?i)\b(?:please|thanks?|thank you)\b", t))),
    ("praise", "praise something", lambda t: bool(_PRAISE.search(t))),
    ("complaint", "complain", lambda t: bool(_COMPLAINT.search(t))),
]
# tone by a short list of plain words: a rough count, not a sentiment model
_PRAISE = re.compile(
    r"(?i)\b(?:great|love[ds]?|lovely|excellent|perfect|amazing|best|brilliant|happy|fantastic|helpful)\b"
)
_COMPLAINT = re.compile(
    r"(?i)\b(?:not|never|no one|nobody|still|worst|broken|wrong|terrible|awful|useless|missing|refused?|late|fail\w*)\b"
)


class Topic(NamedTuple):
    """A sub-topic of a label: how many rows, its terms, and the id of the row nearest to its middle."""

    label: str
    rows: int
    terms: tuple[str, ...]
    typical: str


@dataclass(frozen=True, repr=False)
class Profile(Result):
    """Lengths, habits, terms, sub-topics and confusions of labelled texts."""

    numbers: pd.DataFrame = field(compare=False)
    distinctive: dict[str, tuple[str, ...]]
    topics: tuple[Topic, ...]
    confused: tuple[tuple[str, str, float], ...]
    how_confused: str
    notes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()  # of the rows that the words came from

    def summary(self) -> str:
        every = self.numbers.iloc[-1]
        return (
            f"Profile: {every['rows']} rows, {len(self.distinctive)} labels, {len(self.topics)} sub-topics; half have "
            f"{every['words, median']} words or fewer"
        ) + "".join(f"; {note}" for note in self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a label, and one for all: lengths in words (tenth, median, nine tenths), shares of habits."""
        return self.numbers

    def words(self, label: str | None = None) -> str:
        """Return two or three sentences for a prompt: lengths and habits, rounded; never a phrase of a row."""
        row = self._row(label)
        sentences = (
            f"Half have {row['words, median']} words or fewer, a tenth {row['words, tenth']} or fewer, "
            f"a tenth {row['words, nine tenths']} or more."
        )
        shares = [(round(10 * row[column]), phrase) for column, phrase, _ in HABITS]
        often = [f"{_tenths(n)} {phrase}" for n, phrase in shares if n >= 3]
        seldom = [phrase for n, phrase in shares if n == 0]
        sentences += f" Of ten, {', '.join(often)}." if often else ""
        return sentences + (f" Hardly any {', '.join(seldom[:3])}." if seldom else "")

    def _row(self, label: str | None):
        names = list(self.numbers["label"])
        if label is not None and label not in names:
            raise unknown("label", label, names)
        return self.numbers.iloc[names.index(label) if label is not None else -1]

    def terms(self, label: str) -> tuple[str, ...]:
        """Return the distinctive terms of a label, most distinctive first."""
        if label not in self.distinctive:
            raise unknown("label", label, self.distinctive)
        return self.distinctive[label]

    def values(self, label: str) -> list[str]:
        """Return proposals for attribute values: the sub-topics of a label as lists of terms."""
        return [", ".join(t.terms) for t in self.topics if t.label == label and t.terms]

    def confused_with(self, label: str) -> list[str]:
        """Return the labels that `label` is confused with, most often first."""
        return list(dict.fromkeys(other for one, other, _ in self.confused if one == label))

    def table(self) -> pd.DataFrame:
        """Return one row a sub-topic: label, rows, terms, id of its typical row."""
        import pandas as pd

        return pd.DataFrame(
            [(t.label, t.rows, ", ".join(t.terms), t.typical) for t in self.topics],
            columns=["label", "rows", "terms", "typical row"],
        )


def _tenths(n: int) -> str:
    return "all" if n >= 10 else str(n)


def profile(source: Seeds | Dataset, *, embedder: str | None = None, random_state: int = 0) -> Profile:
    """Return what labelled texts are like; of seeds only the seeds themselves, for what a prompt may hold.

    Terms are by class-based TF-IDF (Grootendorst 2022, arXiv 2203.05794), sub-topics by k-means on sentence vectors
    with k by silhouette (Rousseeuw 1987). Confusions are those of a cross-validated classifier, or where a label has
    fewer than five rows the cosines of the classes' middles. All three depend on the vectors; `words()` does not.

    >>> import synthkit as sk
    >>> pairs = [("is the tea cold?", "menu"), ("no sugar?", "menu"), ("a shy cat", "cats"), ("two fat cats", "cats")]
    >>> loaded = sk.load_rows([{"text": text, "label": label} for text, label in pairs])
    >>> sk.profile(loaded.rows, embedder="lsa").to_frame().set_index("label")["question"].tolist()
    [0.0, 1.0, 0.5]
    """
    rows = getattr(source, "rows", source)
    need_columns("source", rows)
    texts, labels = list(rows["text"]), list(rows["label"])
    ids = row_ids(rows, "row")
    names = sorted(set(labels))
    language, notes = language_of(texts, getattr(source, "task", None) or task_of(rows))
    vectors = embed(texts, embedder=embedder or embedder_for(language), fit_on=texts)
    groups = {name: [i for i, x in enumerate(labels) if x == name] for name in names}
    plain = Gate.of(source).plain(texts)
    distinctive = class_terms({name: [plain[i] for i in where] for name, where in groups.items()})
    topics = []
    for name, where in groups.items():
        parts = clusters(vectors[where], random_state=random_state)
        by_topic = {str(p): [plain[where[j]] for j in np.flatnonzero(parts == p)] for p in range(parts.max() + 1)}
        others = {f"other {other}": [plain[i] for i in groups[other]] for other in names if other != name}
        terms = class_terms({**by_topic, **others}, least=1)
        for p in sorted(by_topic, key=lambda p: -len(by_topic[p])):
            inside = [where[j] for j in np.flatnonzero(parts == int(p))]
            middle = vectors[inside].mean(axis=0)
            typical = ids[inside[int((vectors[inside] @ middle).argmax())]]
            topics.append(Topic(name, len(inside), terms[p][:3], typical))
    confused, how = _confused(vectors, labels, names)
    return Profile(habits(texts, groups), distinctive, tuple(topics), confused, how, notes, tuple(ids))


def habits(texts: Sequence[str], groups: dict[str, list[int]]) -> pd.DataFrame:
    """Return lengths in words and shares of habits, one row a group of texts (by position), and one for all."""
    import pandas as pd

    out = []
    for name, where in [*groups.items(), ("all", list(range(len(texts))))]:
        some = [texts[i] for i in where]
        tenth, half, most = np.quantile([len(words(t)) for t in some], [0.1, 0.5, 0.9]).round().astype(int)
        row = {
            "label": name,
            "rows": len(some),
            "words, tenth": tenth,
            "words, median": half,
            "words, nine tenths": most,
        }
        out.append({**row, **{column: float(np.mean([has(t) for t in some])) for column, _, has in HABITS}})
    return pd.DataFrame(out)


def class_terms(groups: dict[str, list[str]], *, least: int = CARRIED) -> dict[str, tuple[str, ...]]:
    """Return the most distinctive words of each group of texts, by class-based TF-IDF.

    A word must stand in at least `least` texts of its group; stop words and words with digits are left out.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    def usable(word):
        return len(word) > 2 and word.isalpha() and word not in ENGLISH_STOP_WORDS

    counts = {name: Counter(w for t in texts for w in words(t) if usable(w)) for name, texts in groups.items()}
    carried = {name: Counter(w for t in texts for w in set(words(t))) for name, texts in groups.items()}
    total = Counter()
    for some in counts.values():
        total.update(some)
    mean = sum(total.values()) / max(1, len(counts))
    out = {}
    for name, some in counts.items():
        size = max(1, sum(some.values()))
        score = {w: c / size * np.log1p(mean / total[w]) for w, c in some.items() if carried[name][w] >= least}
        out[name] = tuple(sorted(score, key=lambda w: (-score[w], w))[:TERMS])
    return out


def clusters(vectors: np.ndarray, *, random_state: int = 0, most: int = TOPICS) -> np.ndarray:
    """Return a cluster number a row: k-means, k with the best silhouette; all 0 below 8 rows or if none is good."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    best, score = np.zeros(len(vectors), dtype=int), 0.05  # below it there is no structure worth naming
    for k in range(2, min(most, len(vectors) // 4) + 1):
        parts = KMeans(k, n_init=4, random_state=random_state).fit_predict(vectors)
        if len(set(parts)) == k and (s := float(silhouette_score(vectors, parts))) > score:
            best, score = parts, s
    return best


def _confused(vectors: np.ndarray, labels: Sequence[str], names: Sequence[str]):
    y = np.searchsorted(names, labels)
    if len(names) < 2:
        return (), "one label only"
    if np.bincount(y).min() >= LEAST_ROWS:
        guess = cross_validated(vectors, y).argmax(axis=1)
        pairs = Counter((names[a], names[b]) for a, b in zip(y, guess, strict=True) if a != b)
        return tuple((a, b, float(n)) for (a, b), n in pairs.most_common()), "rows that a classifier mixes up"
    middles = np.stack([vectors[y == c].mean(axis=0) for c in range(len(names))])
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    close = middles @ middles.T
    pairs = [(names[a], names[b], float(close[a, b])) for a in range(len(names)) for b in range(len(names)) if a != b]
    return tuple(sorted(pairs, key=lambda p: -p[2])), "cosine of the labels' middles"
