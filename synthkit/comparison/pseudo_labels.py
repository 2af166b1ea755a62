"""Raw texts that nobody labels, neither people nor a model: under what two views of the labelled rows say together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthkit.core.classifier import LabelClassifier
from synthkit.core.embedding import embed
from synthkit.core.language import embedder_for, language_of
from synthkit.core.rows import bare, make_rows, row_ids
from synthkit.generation.pick import pick
from synthkit.tasks.splits import task_of

if TYPE_CHECKING:
    from datasets import Dataset

PSEUDO = "+pseudo"  # how the name of an arm ends that has such rows
MOST = 2500  # raw texts that are added
OF_WORDS = 0.5  # the exponent of the view that knows less


def pseudo_labelled(rows: Dataset, pool: Dataset, *, random_state: int = 0) -> Dataset:
    """Return `rows` (`text`, `label`) and up to 2,500 texts of `pool` under the label that is likeliest by two views.

    One view is sentence vectors, the other words, each a logistic regression of `rows`; their probabilities are
    multiplied. A classifier of vectors learns from it what words told (co-training: Blum and Mitchell 1998). Its own
    labels alone, however sure, taught it nothing. No model is asked.

    >>> from synthkit.core.rows import make_rows
    >>> texts = ["cold soup", "hot soup", "late bus", "no bus"]
    >>> rows = {"id": list("abcd"), "text": texts, "label": ["f", "f", "t", "t"]}
    >>> pool = make_rows({"id": ["e", "f"], "text": ["the soup again", "a bus"]})
    >>> pseudo_labelled(make_rows(rows), pool)["label"][4:]
    ['f', 't']
    """
    from datasets import concatenate_datasets
    from sklearn.feature_extraction.text import TfidfVectorizer

    added = pick(pool, MOST, student=rows, random_state=random_state)
    texts, known, labels = list(added["text"]), list(rows["text"]), list(rows["label"])
    if not texts:
        return bare(rows)
    embedder = embedder_for(language_of(texts, task_of(pool))[0])
    vectors, tested = (embed(some, embedder=embedder, fit_on=[*known, *texts]) for some in (known, texts))
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    by_vectors, by_words = LabelClassifier(vectors, labels), LabelClassifier(words.fit_transform(known), labels)
    both = by_vectors.probabilities(tested) * by_words.probabilities(words.transform(texts)) ** OF_WORDS
    found = by_vectors.labels[both.argmax(axis=1)].tolist()
    return concatenate_datasets([bare(rows), make_rows({"id": row_ids(added, "text"), "text": texts, "label": found})])
