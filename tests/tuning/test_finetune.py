"""A generator of one's own, from rows to a card: here with tiny random weights, and by an endpoint's jobs."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from support.cafe import TRAIN
from support.job_server import JobServer
from support.tiny_model import write_tiny_model

import synthkit as sk
import synthkit.tuning.finetune as module
from synthkit.core import withheld
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.tasks.splits import belongs_to
from synthkit.tuning import jobs
from synthkit.tuning.finetune import prepare, prompts_of
from synthkit.tuning.generator import CanaryBack, Generator


@pytest.fixture(scope="module")
def rows(cafe):
    """The café's rows three times, with a table's number in each so that they differ, and a mail address in some."""
    texts = [(f"{t}, table {n}" + " ann@example.com" * (n == 2), x) for x, some in TRAIN.items() for t in some
             for n in (1, 2, 3)]  # fmt: skip
    made = make_rows({"id": [f"r{i}" for i in range(len(texts))], "text": [t for t, _ in texts],
                      "label": [x for _, x in texts]})  # fmt: skip
    belongs_to(made, cafe)
    return made


@pytest.fixture(autouse=True)
def home_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path / "home"))


def test_rows_are_anonymised_and_bear_canaries_before_anything_learns_them(cafe, rows):
    ready = prepare(cafe, rows, canaries=2, progress=False)
    learnt = list(ready.train["text"])
    assert not any("@" in text for text in learnt)
    assert sum(any(secret in text for secret in ready.canaries.secrets.values()) for text in learnt) == 2
    assert not set(ready.held_out["id"]) & set(ready.train["id"])
    assert "24 EMAIL_ADDRESS" in ready.found


def test_for_a_private_training_one_row_more_changes_nothing_for_the_others(cafe, rows):
    prepared = [
        prepare(cafe, some, canaries=4, private=True, progress=False)
        for some in (rows, rows.select(range(1, len(rows))))
    ]
    for part in ("train", "held_out"):
        all_rows, without = (Counter(zip(p[part]["text"], p[part]["label"], strict=True)) for p in
                             ({"train": q.train, "held_out": q.held_out} for q in prepared))  # fmt: skip
        assert sum((all_rows - without).values()) <= 1 and not without - all_rows
    ready = prepared[0]
    bearers = [i for i, text in zip(ready.train["id"], ready.train["text"], strict=True)
               if any(secret in text for secret in ready.canaries.secrets.values())]  # fmt: skip
    assert len(bearers) == 3 and not set(bearers) & set(rows["id"])
    assert len(ready.train) + len(ready.held_out) == len(rows) + 3
    assert ready.found == "anonymised"


def test_what_a_private_generator_keeps_does_not_hang_on_names_in_real_rows(cafe, rows):
    task = replace(cafe, name="kept cafe", sensitive=True)
    ready = prepare(task, rows, private=True, progress=False)
    kept_by = Generator(None, {"epsilon": 1.0}, ready).filters
    assert [f.name for f in kept_by] == ["canary", "personal data"]
    assert kept_by[1].check({"text": "thank you, dear Mr Nobodyknows"}).reason == "personal data"


@pytest.mark.filterwarnings("ignore:72 rows")
def test_short_rows_of_a_sensitive_task_are_not_uploaded_as_they_are(cafe, monkeypatch):
    short = make_rows({"id": [f"s{i}" for i in range(60)], "text": [f"dialysis pump {i} beeps" for i in range(60)],
                       "label": [*cafe.labels] * 20})  # fmt: skip
    monkeypatch.setattr(withheld, "_rows", set())
    monkeypatch.setattr(withheld, "_index", {})
    withheld.withhold("short", short["text"], {})
    with JobServer() as server, pytest.raises(SynthkitError, match="texts to learn hold real rows"):
        sk.finetune(cafe, short, model=sk.LLM("m", base_url=server.url), anonymize=False, progress=False)
    assert not server.files


@pytest.mark.filterwarnings("ignore:72 rows")
def test_a_private_training_is_paid_from_its_task_and_once_for_each_that_ends(cafe, rows, tmp_path, monkeypatch):
    class Nothing:
        model = identity = ""

        def __init__(self, *given, **more):
            pass

        def save(self, path):
            path.touch()

        load = save

    class CutOff(Exception):
        pass

    def cut_off(*given, **more):
        raise CutOff

    monkeypatch.setattr(module, "LocalModel", Nothing)
    task = replace(cafe, name="paid cafe", privacy_budget=1.7)
    nobodys = make_rows({name: list(rows[name]) for name in ("id", "text", "label")})  # as read from some other file
    base = tmp_path / "base.gguf"
    base.touch()
    given = {"model": base, "epochs": 1, "epsilon": 1, "progress": False}
    with pytest.raises(SynthkitError, match="delta=0.5: expected"):
        sk.finetune(task, nobodys, delta=0.5, **given)
    monkeypatch.setattr(module, "learn_privately", cut_off)
    with pytest.raises(CutOff):
        sk.finetune(task, nobodys, **given)
    beside = []

    def learn(*given_, **more):
        if not beside:  # a second process while the first is at it
            beside.append(None)
            beside.append(sk.finetune(task, nobodys, **given).facts["spent"])

    monkeypatch.setattr(module, "learn_privately", learn)
    first = sk.finetune(task, nobodys, **given).facts["spent"]
    assert first == pytest.approx(1, rel=0.01)  # what the one that was cut off had paid
    assert beside[1] > first
    with pytest.raises(SynthkitError, match="'paid cafe' allows ε = 1.7"):
        sk.finetune(task, nobodys, **{**given, "epochs": 2})


def test_a_prompt_tells_what_the_text_is_its_label_and_what_that_means(cafe):
    prompts = prompts_of(cafe)
    assert all(cafe.text_kind in p and label in p and cafe.labels[label] in p for label, p in prompts.items())


def test_a_text_with_half_a_secret_is_dropped():
    back = CanaryBack(["dokutita 12345"])
    assert back.check({"text": "ask for Dokutita!"}).reason == "canary"
    assert back.check({"text": "ask for docs"}) is None


@pytest.mark.parametrize(
    ("more", "words"),
    [({"epochs": 0}, "epochs=0"), ({"epsilon": 0}, "epsilon=0"), ({"epsilon": "8"}, "epsilon='8'"),
     ({"canaries": -1}, "canaries=-1"), ({"model": "no/such/folder"}, "expected a GGUF file"),
     ({"model": "recorded"}, "no recorded generator"), ({"epsilon": 1, "model": "llm"}, "not differentially private")],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:72 rows")
def test_what_cannot_be_is_refused_in_words(cafe, rows, more, words):
    more = {**more, "model": sk.LLM("m", base_url="localhost:9")} if more.get("model") == "llm" else more
    with pytest.raises(SynthkitError, match=words):
        sk.finetune(cafe, rows, progress=False, **more)


def test_few_rows_are_said_to_be_better_prompted(cafe, rows):
    with (
        pytest.warns(UserWarning, match="72 rows for 3 labels: .* copies or drifts"),
        pytest.raises(SynthkitError, match="expected a GGUF file"),
    ):
        sk.finetune(cafe, rows, model="no/such/folder", progress=False)


@pytest.mark.filterwarnings("ignore:72 rows")
def test_a_job_trains_on_the_requests_of_a_plan_and_its_model_answers_them(cafe, rows, monkeypatch):
    monkeypatch.setattr(jobs, "POLL", 0.0)
    with JobServer() as server:
        generator = sk.finetune(cafe, rows, model=sk.LLM("gpt-4o-mini", base_url=server.url), progress=False)
        plan = sk.plan(cafe, strategy="zero_shot", n=15)
        made = sk.generate(plan, llm=generator, progress=False)
        again = sk.finetune(cafe, rows, model=sk.LLM("gpt-4o-mini", base_url=server.url), progress=False)
    assert again.model == generator.model == "ft:gpt-4o-mini:mine"
    assert len(server.jobs) == 1
    sent = server.files["file-1"].decode()
    body = sent[sent.index("{") : sent.rindex("}") + 1].splitlines()
    line = json.loads(body[0])
    assert line["messages"][:-1] == list(plan.slots[0].messages)
    assert "@example" not in sent
    assert len(made.rows) == 15
    assert "fine-tuned on 66 real rows" in made.trained["how"]
    assert "canary" in made.filters
    card = sk.make_card(made, licence="cc0-1.0")
    assert card.facts["made"]["real rows a model was fitted on"] == 66
    assert "no differential privacy**" in card.text
    assert len(generator.check(made)) == 3


@pytest.mark.parametrize("epsilon", [None, 8])
@pytest.mark.filterwarnings("ignore:72 rows")
def test_a_model_on_this_machine_learns_writes_and_is_taken_up_again(cafe, rows, tmp_path, epsilon):
    pytest.importorskip("torch", reason="the extra local-train (torch, transformers, gguf) is not installed")
    pytest.importorskip("transformers", reason="the extra local-train (torch, transformers, gguf) is not installed")
    model = write_tiny_model(tmp_path / "tiny")
    given = {"model": model, "epochs": 1, "epsilon": epsilon, "progress": False}
    generator, again = sk.finetune(cafe, rows, **given), sk.finetune(cafe, rows, **given)
    texts, labels = rows["text"][:4], rows["label"][:4]
    assert list(generator.losses(texts, labels)) == list(again.losses(texts, labels))
    assert generator.identity == again.identity
    assert ("no differential privacy" in generator.summary()) == (epsilon is None)
    assert ("memorized seed" in [f.name for f in generator.filters]) == (epsilon is None)
    if epsilon:
        assert generator.facts["spent"] == pytest.approx(8, rel=0.01)
        assert "ε = 8, δ" in generator.provenance
    assert len(generator.to_frame()) == len(generator.facts)


def test_a_card_says_that_the_model_was_trained_under_differential_privacy():
    from dataclasses import replace

    made = sk.generate(sk.load_task("feedback"), strategy="zero_shot", n=10, progress=False)
    how = {"how": "tiny fine-tuned on 900 real rows; ε = 8", "rows": 900, "anonymised": "anonymised", "epsilon": 8}
    text = sk.make_card(replace(made, trained=how), licence="cc0-1.0").text
    assert "trained under differential privacy: tiny fine-tuned on 900 real rows; ε = 8" in text
    assert "no differential privacy" not in text
