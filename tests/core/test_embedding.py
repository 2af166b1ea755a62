"""Vectors: of unit length, the same each time, and close where the texts mean the same."""

import numpy as np
import pytest
from support.cafe import TEST, TRAIN

from synthkit.core import embedding
from synthkit.core.embedding import _minilm, embed, weights_folder
from synthkit.core.errors import SynthkitError

TEXTS = [text for some in TRAIN.values() for text in some]
needs_weights = pytest.mark.skipif(weights_folder() is None, reason="the MiniLM weights are not installed")


@pytest.mark.parametrize("embedder", [pytest.param("minilm", marks=needs_weights), "lsa"])
def test_vectors_have_unit_length_and_repeat_themselves(embedder):
    first, second = (embed(TEXTS, embedder=embedder) for _ in range(2))
    assert first.dtype == np.float32
    assert len(first) == len(TEXTS)
    assert np.allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)
    assert (first == second).all()


@pytest.mark.parametrize("embedder", [pytest.param("minilm", marks=needs_weights), "lsa"])
def test_no_text_gives_no_vector(embedder):
    vectors = embed([], embedder=embedder, fit_on=TEXTS)
    assert vectors.shape[0] == 0
    assert vectors.shape[1] > 1


@needs_weights
def test_a_text_alone_has_the_vector_it_has_in_company():
    hard = ["", "   ", "cat", "the cat " * 400, "🙀 ça alors \x00", *TEXTS[:5]]
    together = _minilm()(hard)
    assert np.isfinite(together).all()
    for i in (0, 1, 2, 3, 4, 9):
        assert np.allclose(_minilm()([hard[i]])[0], together[i], atol=1e-5)


@needs_weights
def test_sentences_that_mean_the_same_are_closer_than_others():
    cat, kitten, bill = embed(
        ["A cat is sleeping on the sofa.", "There is a kitten napping on the couch.", "The invoice is wrong again."],
        embedder="minilm",
    )
    assert cat @ kitten > 0.6 > 0.3 > cat @ bill


@needs_weights
def test_only_what_is_new_is_computed(monkeypatch):
    embed(["seen before"], embedder="minilm")
    asked = []

    class Counting:
        def __call__(self, texts):
            asked.extend(texts)
            return np.ones((len(texts), 384), dtype=np.float32)

    monkeypatch.setattr(embedding, "_minilm", Counting)
    embed(["seen before", "never seen", "never seen"], embedder="minilm")
    assert asked == ["never seen"]


@needs_weights
def test_a_home_that_cannot_be_written_costs_time_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    expected = embed(TEXTS[:2], embedder="minilm")
    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path / "file" / "home"))
    assert np.allclose(embed(TEXTS[:2], embedder="minilm"), expected, atol=1e-6)


def test_lsa_vectors_of_one_fit_compare_across_calls():
    together = embed(TEXTS, embedder="lsa", fit_on=TEXTS)
    apart = embed(TEXTS[3:5], embedder="lsa", fit_on=TEXTS)
    assert np.allclose(together[3:5], apart, atol=1e-5)
    new = embed([t for some in TEST.values() for t in some], embedder="lsa", fit_on=TEXTS)
    assert new.shape == (12, together.shape[1])


@pytest.mark.parametrize("fit_on", [[], ["one", "two"], ["", " ", ""]])
def test_lsa_says_when_there_is_too_little_to_be_fitted_on(fit_on):
    with pytest.raises(SynthkitError, match="at least 3 texts"):
        embed(["a text"], embedder="lsa", fit_on=fit_on)


def test_an_unknown_embedder_suggests_the_nearest():
    with pytest.raises(SynthkitError, match="'minilmm' - did you mean 'minilm'"):
        embed(["a"], embedder="minilmm")


def test_without_weights_the_default_is_lsa_with_a_notice(monkeypatch):
    monkeypatch.setattr(embedding, "weights_folder", lambda: None)
    embedding._notice_lsa.cache_clear()
    with pytest.warns(UserWarning, match="synthkit weights"):
        assert embedding.default_embedder() == "lsa"
    embedding._minilm.cache_clear()
    with pytest.raises(SynthkitError, match="not installed: run `synthkit weights`"):
        embed(["a"], embedder="minilm")


def test_other_weights_are_not_taken_for_minilm(tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    monkeypatch.setenv("SYNTHKIT_MINILM", str(tmp_path))
    assert weights_folder() == tmp_path
    with pytest.raises(SynthkitError, match="sha256 differs"):
        embedding.MiniLM(tmp_path)


@needs_weights
def test_a_vector_is_the_same_to_the_bit_in_whatever_batch_it_comes():
    model = _minilm()
    texts = ["late " * n + "again" for n in range(1, 40)]
    together = model(texts)
    assert (together == np.concatenate([model(texts[:5]), model(texts[5:])])).all()
    assert (together[::-1] == model(texts[::-1])).all()
