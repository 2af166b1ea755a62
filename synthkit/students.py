"""The small classifiers that are trained on each arm: the same settings for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from synthkit.embedding import embed
from synthkit.stats import one_thread


def _logistic_regression():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10, max_iter=2000, class_weight="balanced")


def _tfidf_lr(test_texts: Sequence[str], embedder: str, fit_on) -> Callable:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    def predict(texts, labels):
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=1)
        with one_thread():
            return make_pipeline(words, _logistic_regression()).fit(texts, labels).predict(test_texts)

    return predict


def _minilm_lr(test_texts: Sequence[str], embedder: str, fit_on) -> Callable:
    test_vectors = embed(test_texts, embedder=embedder, fit_on=fit_on)

    def predict(texts, labels):
        vectors = embed(texts, embedder=embedder, fit_on=fit_on)
        with one_thread():
            return _logistic_regression().fit(vectors, labels).predict(test_vectors)

    return predict


STUDENTS = {"tfidf_lr": _tfidf_lr, "minilm_lr": _minilm_lr}
