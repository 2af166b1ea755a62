"""Attacks on what is sent: every body that an endpoint gets is searched for the people of an invented clinic."""

import ast
import json
import re
import warnings
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from support.clinic import secrets, write_clinic
from support.listener import Listener

import synthkit
from synthkit.core import withheld
from synthkit.core.embedding import embed
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.generation.annotate import annotate
from synthkit.generation.attributes import propose_attributes
from synthkit.generation.generate import generate
from synthkit.llm.client import LLM
from synthkit.llm.store import Store
from synthkit.prompts.batch import export_pending
from synthkit.prompts.plan import plan
from synthkit.prompts.prompt import Prompt
from synthkit.prompts.registry import STRATEGIES, register
from synthkit.quality.evaluate import evaluate
from synthkit.refinement.loop import refine
from synthkit.seeds.anonymizer import anonymize
from synthkit.seeds.balance import balance
from synthkit.seeds.gate import Gate
from synthkit.seeds.profile import profile
from synthkit.seeds.seeds import load_seeds
from synthkit.tasks.loading import load_rows
from synthkit.tasks.task import load_task


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    return load_task(write_clinic(tmp_path_factory.mktemp("sensitive") / "dental_desk"))


@pytest.fixture(scope="module")
def open_clinic(tmp_path_factory):
    """The same task, and nobody has marked it sensitive."""
    return load_task(write_clinic(tmp_path_factory.mktemp("open") / "dental_desk", sensitive=False))


@pytest.fixture
def listener():
    with Listener() as here:
        yield here


@pytest.fixture
def asks(listener, tmp_path):
    with Store(tmp_path / "replies.sqlite") as store:
        yield {"llm": LLM("m", base_url=listener.url), "store": store, "progress": False}


def test_the_attacks_would_find_something(clinic):
    assert all(secrets(text) for part in (clinic.splits.train, clinic.splits.test) for text in part["text"])


def test_the_ids_of_a_sensitive_task_name_nobody(clinic):
    for rows in (clinic.splits.train, clinic.splits.validation, clinic.splits.test):
        assert not any(secrets(i) for i in rows["id"])
        assert len(set(rows["id"])) == len(rows)


@pytest.mark.parametrize("strategy", ["few_shot", "paraphrase"])
def test_seeds_as_they_are_do_not_get_into_a_plan_of_a_sensitive_task(clinic, strategy):
    for options in ({}, {"anonymize": False}):
        with pytest.raises(SynthkitError, match="marked sensitive and its seeds are not anonymised"):
            plan(clinic, load_seeds(clinic, k=4), strategy=strategy, n=10, **options)


@pytest.mark.parametrize("strategy", ["few_shot", "paraphrase", "zero_shot"])
def test_what_anonymised_seeds_hold_does_not_reach_the_endpoint(clinic, listener, asks, strategy):
    seeds = anonymize(load_seeds(clinic, k=4), progress=False).seeds
    generate(clinic, seeds, strategy=strategy, n=20, filters=[], **asks)
    assert listener.sent and not secrets("".join(listener.sent))


@pytest.mark.parametrize("strategy", ["few_shot", "paraphrase"])
def test_a_task_that_nobody_marked_shows_anonymised_seeds_and_says_so(open_clinic, listener, asks, strategy):
    seeds = load_seeds(open_clinic, k=4)
    chosen = plan(open_clinic, seeds, strategy=strategy, n=10)
    assert "the seeds that prompts show were anonymised (" in repr(chosen) and "STAFF replaced" in repr(chosen)
    made = generate(chosen, filters=[], **asks)
    assert listener.sent and not secrets("".join(listener.sent))
    assert not secrets("".join(made.rows["demo_ids"]))


def test_a_user_who_says_so_may_show_seeds_of_an_unmarked_task_as_they_are(open_clinic):
    chosen = plan(open_clinic, load_seeds(open_clinic, k=4), strategy="few_shot", n=10, anonymize=False)
    assert "prompts show seeds as they are" in repr(chosen)
    assert secrets(chosen.show(0))


def test_seeds_that_only_claim_to_be_anonymised_are_stopped_at_the_door(clinic, listener, asks):
    seeds = replace(load_seeds(clinic, k=4), anonymized=True)
    with pytest.raises(SynthkitError, match="real rows of a task marked sensitive"):
        generate(clinic, seeds, strategy="few_shot", n=10, **asks)
    assert listener.sent == []


@pytest.fixture
def careless():
    """A strategy of a user's own that looks where it should not."""

    def peeking(task, seeds, label, count, rng):
        row = task.splits.validation[int(rng.integers(10))]
        return Prompt(f"Write {count} notes like those of {' and '.join(row['text'].split()[:2])} ...")

    register(peeking)
    yield "peeking"
    del STRATEGIES["peeking"]


def test_a_name_in_a_careless_strategy_is_stopped_at_the_door(clinic, listener, asks, careless):
    with pytest.raises(SynthkitError, match=r"personal data of a task marked sensitive \(.*would leave this"):
        generate(clinic, strategy=careless, n=60, **asks)
    assert listener.sent == []


def test_an_error_that_stops_a_prompt_does_not_repeat_what_it_holds(clinic, asks, careless):
    with pytest.raises(SynthkitError) as said:
        generate(clinic, strategy=careless, n=60, **asks)
    assert not secrets(str(said.value))


def test_terms_and_slices_hold_no_name_and_no_code(clinic):
    told = profile(clinic.splits.train, embedder="lsa")
    cells = balance(clinic.splits.train, columns=["contact"], embedder="lsa")
    said = f"{told.distinctive} {told.topics} {told.words()} {[c.slice for c in cells.cells]}"
    assert not secrets(said)
    for part in ("pumphrey", "hinterwald", "castellanos"):
        assert part not in said.casefold()


def test_iterations_of_labelling_show_raw_texts_without_what_is_personal(clinic, listener, asks):
    with suppress(SynthkitError):  # the endpoint's labels need not be of use
        refine(clinic, load_seeds(clinic, k=4), pool=clinic.splits.train, n=8, iterations=2, **asks)
    assert listener.sent and not secrets("".join(listener.sent))


def test_proposing_attributes_and_relabelling_send_nothing_of_a_real_row(clinic, listener, asks):
    made = generate(clinic, n=20, filters=[], **asks)
    annotate(made, **asks)
    with suppress(SynthkitError):  # the endpoint's words need not be of use
        propose_attributes(clinic, **asks)
    assert len(listener.sent) > 6
    assert not secrets("".join(listener.sent))


def test_a_real_row_among_rows_to_be_labelled_is_stopped(clinic, listener, asks):
    made = generate(clinic, n=20, filters=[], **asks)
    before = len(listener.sent)
    texts = [clinic.splits.validation["text"][0], *made.rows["text"][1:]]
    leaking = replace(made, rows=made.rows.remove_columns("text").add_column("text", texts))
    with pytest.raises(SynthkitError, match="task marked sensitive"):
        annotate(leaking, **asks)
    assert len(listener.sent) == before


def test_raw_texts_of_a_sensitive_task_reach_a_model_without_the_people_in_them(tmp_path, listener, asks):
    folder = write_clinic(tmp_path / "dental_desk")
    notes = load_task(folder).splits.train["text"]
    (folder / "raw.csv").write_text("text\n" + "".join(f'"again: {note}"\n' for note in notes), encoding="utf-8")
    with (folder / "task.yaml").open("a", encoding="utf-8") as file:
        file.write("unlabelled: raw.csv\n")
    task = load_task(folder)
    pool = task.splits.unlabelled
    with pytest.warns(UserWarning, match="anonymised before a model saw them"):
        done = annotate(pool, task, seeds=load_seeds(task, k=4), **asks)
    assert listener.sent and not secrets("".join(listener.sent))
    assert len(done.rows) + len(done.drops) == len(pool)
    assert not secrets(done._repr_html_()) and not any("@" in i for i in pool["id"])


@pytest.fixture
def embeds(listener, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", listener.url)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    return "openai:small"


def test_rows_of_a_sensitive_task_are_kept_whichever_task_labels_them(clinic, open_clinic, listener, asks):
    other = replace(open_clinic, name="front_desk", patterns={})
    annotate(clinic.splits.test.select(range(20)), other, **asks)
    assert listener.sent and not secrets("".join(listener.sent))
    sent, nobodys = len(listener.sent), clinic.splits.validation.select(range(20)).to_dict()
    with pytest.raises(SynthkitError, match="real rows of a task marked sensitive"):
        annotate(make_rows(nobodys), other, **asks)
    assert len(listener.sent) == sent


def test_raw_texts_in_the_folder_of_a_sensitive_task_are_its_own_whoever_labels_them(
    tmp_path, open_clinic, listener, asks
):
    folder = write_clinic(tmp_path / "dental_desk")
    lines = [f"the crown of old Quorlin came off again in week {i} of the treatment" for i in range(8)]
    (folder / "inbox.txt").write_text("\n".join(lines), encoding="utf-8")
    raw = load_rows(folder / "inbox.txt", labelled=False)
    with pytest.raises(SynthkitError, match="real rows of a task marked sensitive"):
        annotate(raw, replace(open_clinic, name="front_desk", patterns={}), **asks)
    assert not listener.sent


def test_short_rows_that_lost_their_task_are_stopped_one_by_one(tmp_path, open_clinic, listener, asks):
    folder = write_clinic(tmp_path / "short")
    for part in ("train", "validation", "test"):
        lines = [f"bed {x} to {part} {i},{y}" for i in range(6) for x, y in (("Quorl", "pain"), ("Zwemp", "booking"))]
        (folder / f"{part}.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    rows = load_task(folder).splits.train
    remade = make_rows({name: list(rows[name]) for name in ("id", "text", "label")})
    seeds, texts = load_seeds(remade, k=1), make_rows({"id": ["a"], "text": ["a text that is nobody's"]})
    attacks = [
        lambda: annotate(remade.select_columns(["id", "text"]), open_clinic, **asks),
        lambda: annotate(texts, open_clinic, seeds=seeds, **asks),
        *(
            lambda name=name: plan(open_clinic, seeds, strategy=name, n=5, anonymize=False)
            for name in ("few_shot", "paraphrase")
        ),
    ]
    for attack in attacks:
        with pytest.raises(SynthkitError, match="real rows of a task marked sensitive"):
            attack()
    assert not listener.sent


def test_rows_that_lost_their_task_are_anonymised_by_its_patterns(clinic, open_clinic, listener, asks):
    rows = clinic.splits.validation.select(range(20, 44))
    remade = make_rows({name: list(rows[name]) for name in ("id", "text", "label")})
    other = replace(open_clinic, name="front_desk", patterns={})
    generate(plan(other, load_seeds(remade, k=4), strategy="few_shot", n=10), **asks)
    assert listener.sent and "[STAFF]" in "".join(listener.sent) and not secrets("".join(listener.sent))


def test_raw_rows_of_a_sensitive_task_are_not_embedded_elsewhere(clinic, listener, embeds):
    splits = clinic.splits
    for texts in (splits.test["text"][:], splits.train["text"][:3], [splits.validation["text"][0]]):
        with pytest.raises(SynthkitError, match=r"texts to be embedded hold real rows of a task marked sensitive"):
            embed(texts, embedder=embeds)
    with pytest.raises(SynthkitError, match="texts to be embedded"):
        evaluate(clinic.splits.train, clinic.splits.validation, embedder=embeds)
    assert listener.sent == []


def test_what_is_embedded_elsewhere_is_counted_and_said(clinic, listener, embeds):
    clean = anonymize(clinic.splits.train, progress=False).rows["text"][:]
    withheld.sent.clear()
    with pytest.warns(UserWarning, match=rf"{len(set(clean))} texts to be embedded \(.* characters\) go to http"):
        embed(clean, embedder=embeds)
    assert not secrets("".join(listener.sent))
    assert sorted(withheld.sent.values())[0] == len(set(clean))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what was sent once is kept here and is not sent again
        embed(clean, embedder=embeds)


def test_every_call_that_sends_or_exports_requests_passes_the_gate():
    calls = [
        (path.name, node.lineno, node)
        for path in Path(synthkit.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("ask", "export_pending")
    ]
    assert len(calls) >= 3
    for name, line, call in calls:
        assert "gate" in {k.arg for k in call.keywords}, f"{name}, line {line}: a way out that asks nobody"


def test_a_careless_strategy_is_not_written_out_either(clinic, careless):
    slots = plan(clinic, strategy=careless, n=60).slots
    with pytest.raises(SynthkitError, match="task marked sensitive"):
        export_pending(slots, None, gate=Gate(clinic).requests)


def test_names_as_ids_of_a_sensitive_task_do_not_get_past_the_door(tmp_path):
    folder = write_clinic(tmp_path / "dental_desk")
    text = (folder / "train.csv").read_text(encoding="utf-8")
    (folder / "train.csv").write_text(re.sub(r"(?m)^(\w+)\.train\.(\d+)@[\w.]+", r"quillfeather \1 \2", text))
    task = load_task(folder)
    assert not any(secrets(i) for i in task.splits.train["id"])
    seeds = anonymize(load_seeds(task, k=4), progress=False).seeds
    assert not secrets(json.dumps(plan(task, seeds, strategy="few_shot", n=10).to_frame().to_dict()))


def test_a_key_that_would_travel_unencrypted_is_warned_of():
    with pytest.warns(UserWarning, match=r"http://models\.example\.org/v1 is plain http: the key and every prompt"):
        LLM("m", base_url="http://models.example.org/v1", api_key="sk-1234567890")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LLM("m", base_url="https://models.example.org/v1", api_key="sk-1234567890")
        LLM("m", base_url="http://127.0.0.1:8000/v1", api_key="sk-1234567890")
        LLM("m", base_url="http://models.example.org/v1")  # no key to lose
