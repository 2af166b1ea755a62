"""Vectors: of unit length, the same each time, and close where the texts mean the same."""

import http.server
import json
import os
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pytest
from support.cafe import TEST, TRAIN

from synthkit.core import embedding
from synthkit.core.embedding import _minilm, embed, weights_folder
from synthkit.core.errors import SynthkitError
from synthkit.core.progress import bar

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
        def batches(self, texts):
            asked.extend(texts)
            yield range(len(texts)), np.ones((len(texts), 384), dtype=np.float32)

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
    embedding._minilm.cache_clear()
    with pytest.raises(SynthkitError, match="sha256 differs.*: run `synthkit weights`"):
        embed(["a"], embedder="minilm")


SAME = """
from synthkit.core.embedding import _minilm
model = _minilm()
texts = ["late " * n + "again" for n in range(60)] + ["", "cat", "the cat " * 400, "another late parcel, again!"]
together = model(texts)
assert (together[::-1] == model(texts[::-1])).all()
assert (together[20:40] == model(texts[20:40])).all()
assert all((together[i] == model([texts[i]])[0]).all() for i in range(0, 64, 3))
"""


@needs_weights
@pytest.mark.parametrize("kernel", [None, "Haswell", "SkylakeX"])
def test_a_vector_is_the_same_to_the_bit_in_whatever_company_on_every_kernel(kernel):
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    if kernel and {"Haswell": " avx2 ", "SkylakeX": " avx512vl "}[kernel] not in flags:
        pytest.skip(f"this processor cannot run the kernel {kernel}")
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    environment |= {"OPENBLAS_CORETYPE": kernel} if kernel else {}
    environment |= {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", SAME], env=environment, check=True)


class Halting:
    """An embedder that is stopped after some batches."""

    def __init__(self, batches):
        self.left, self.asked = batches, []

    def batches(self, texts):
        for start in range(0, len(texts), 100):
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            self.asked += texts[start : start + 100]
            part = range(start, min(start + 100, len(texts)))
            yield part, np.array([[float(len(texts[i])), 1] for i in part], dtype=np.float32)


def test_a_stopped_run_goes_on_where_it_was(monkeypatch):
    texts = [f"a text that was stopped {i}" + "!" * (i % 7) for i in range(2500)]
    first, second, bars = Halting(9), Halting(99), []
    monkeypatch.setattr(embedding, "bar", lambda **options: bars.append(options) or bar(**options))
    monkeypatch.setitem(embedding._REMOTE, "openai", lambda model, texts: first.batches(texts))
    with pytest.raises(KeyboardInterrupt):
        embed(texts, embedder="openai:stopped")
    monkeypatch.setitem(embedding._REMOTE, "openai", lambda model, texts: second.batches(texts))
    vectors = embed(texts, embedder="openai:stopped")
    assert len(first.asked) == 900
    assert len(second.asked) == 2500 - 900
    assert vectors[:, 0].tolist() == [len(t) for t in texts]
    assert [(b["progress"], b["total"]) for b in bars] == [(True, 2500), (False, 1600)]  # a bar for many


class Embeddings(http.server.BaseHTTPRequestHandler):
    """An endpoint that embeds a text as (its length, 3), not of unit length."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        some = [{"object": "embedding", "index": i, "embedding": [len(t), 3]} for i, t in enumerate(asked["input"])]
        body = json.dumps({"object": "list", "data": some, "model": asked["model"], "usage": {}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def test_an_endpoint_embeds_what_is_new_in_portions_and_says_how_much_leaves(monkeypatch):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Embeddings) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        texts = ["abcd" + "x" * (i % 50) + str(i) for i in range(300)]
        with pytest.warns(UserWarning, match="300 texts to be embedded .* go to http://127.0.0.1"):
            vectors = embed(texts, embedder="openai:small")
        again = embed(texts[::-1], embedder="openai:small")
        server.shutdown()
    assert [len(a["input"]) for a in server.asked] == [256, 44]
    assert {a["model"] for a in server.asked} == {"small"}
    expected = np.array([[len(t), 3] for t in texts], dtype=np.float32)
    assert np.allclose(vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True))
    assert (again[::-1] == vectors).all()


def test_a_sentence_transformer_is_named_with_st(monkeypatch):
    class SentenceTransformer:
        def __init__(self, name):
            assert name == "some/model"

        def encode(self, texts, normalize_embeddings, show_progress_bar):
            assert normalize_embeddings
            return [[0.6, 0.8] for _ in texts]

    stand_in = types.SimpleNamespace(SentenceTransformer=SentenceTransformer)
    monkeypatch.setitem(sys.modules, "sentence_transformers", stand_in)
    assert embed(["a", "b"], embedder="st:some/model").tolist() == np.float32([[0.6, 0.8]] * 2).tolist()
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(SynthkitError, match="pip install sentence-transformers"):
        embed(["c"], embedder="st:some/model")
