"""The small classifiers that are trained on each arm: the same settings for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from synthkit.embedding import embed
from synthkit.stats import one_thread


def _logistic_regression():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10, max_iter=2000, class_weight="balanced")


def _tfidf_lr(test_texts: Sequence[str], embedder: str) -> Callable:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    def predict(texts, labels):
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=1)
        with one_thread():
            return make_pipeline(words, _logistic_regression()).fit(texts, labels).predict(test_texts)

    return predict


def _minilm_lr(test_texts: Sequence[str], embedder: str) -> Callable:
    def vectors(texts, fit_on):
        return embed(texts, embedder=embedder, fit_on=fit_on)

    test_vectors = None if embedder == "lsa" else vectors(test_texts, None)

    def predict(texts, labels):
        # `lsa` is fitted on the arm's own rows: another arm's must not help it
        tested = vectors(test_texts, texts) if test_vectors is None else test_vectors
        with one_thread():
            return _logistic_regression().fit(vectors(texts, texts), labels).predict(tested)

    return predict


STUDENTS = {"tfidf_lr": _tfidf_lr, "minilm_lr": _minilm_lr}
