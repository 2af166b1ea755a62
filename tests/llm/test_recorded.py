"""The shipped replies: whole, answering today's prompts, and giving the same rows each time."""

import json
import re

import pytest
from support.replies import batch_answer, distinct_texts, file_replies

from synthkit.core.errors import SynthkitError
from synthkit.core.jsonl import read_jsonl
from synthkit.generation.generate import generate
from synthkit.llm.recorded import (
    SHOWS_TEXTS,
    Recorded,
    batch_line,
    parse_id,
    prompt_key,
    to_reply,
)
from synthkit.prompts.batch import export_pending, import_batch
from synthkit.prompts.plan import plan
from synthkit.tasks.task import bundled_tasks, load_task

HEADLINES = [(task, how) for task in ("feedback", "clinc150_domains") for how in ("zero_shot", "attributed")]
RECORDED_TASKS = [name for name, folder in bundled_tasks().items() if (folder / "recordings").is_dir()]
KEY_LIKE = re.compile(r"sk-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|[Bb]earer [A-Za-z0-9._-]{16,}")


def old_prompt(folder, request):
    """The user message that a recording of the same slot answered."""
    slot = request.custom_id.rsplit("-", 1)[0]
    asked = read_jsonl(folder / "requests.jsonl")
    return next(e["body"]["messages"][-1]["content"] for e in asked if e["custom_id"].rsplit("-", 1)[0] == slot)


@pytest.fixture(scope="module")
def made():
    kept = {}

    def once(task, strategy):
        if (task, strategy) not in kept:
            kept[task, strategy] = generate(plan(load_task(task), strategy=strategy, n=200), progress=False)
        return kept[task, strategy]

    return once


@pytest.mark.parametrize(("task_name", "strategy"), HEADLINES)
def test_every_headline_request_has_a_recording(task_name, strategy):
    task = load_task(task_name)
    recorded = Recorded(task.recordings)
    missing = [r for r in plan(task, strategy=strategy, n=200).slots if recorded.get(r) is None]
    if missing:
        request = missing[0]
        pytest.fail(
            f"{len(missing)} requests of {task_name}, {strategy} have no recording; the first is slot {request.slot}.\n"
            f"--- the prompt that was recorded\n{old_prompt(task.recordings, request)}\n"
            f"--- the prompt that is asked today\n{request.messages[-1]['content']}\n"
            "Raise the strategy's version and record anew (synthkit recordings pending, import), or undo the change."
        )


@pytest.mark.parametrize("task_name", RECORDED_TASKS)
def test_each_recorded_line_says_truly_what_it_answers(task_name):
    folder = load_task(task_name).recordings
    asked, answered = read_jsonl(folder / "requests.jsonl"), read_jsonl(folder / "replies.jsonl")
    assert len(asked) > 0
    assert [e["custom_id"] for e in asked] == [a["custom_id"] for a in answered]
    assert len({e["custom_id"] for e in asked}) == len(asked)
    for entry, answer in zip(asked, answered, strict=True):
        parse_id(entry["custom_id"])
        key = entry["prompt_key"] if entry["custom_id"].startswith(SHOWS_TEXTS) else prompt_key(entry["body"])
        assert entry["custom_id"].endswith(key[:12])
        assert set(entry) in ({"custom_id", "prompt_key"}, {"custom_id", "method", "url", "body"})
        assert to_reply(answer).content.strip()
        assert to_reply(answer).finish_reason == "stop"


def test_the_replies_of_single_contexts_answer_requests_that_are_recorded_too():
    folder = load_task("clinc150_domains").recordings
    asked = {e["custom_id"] for e in read_jsonl(folder / "requests.jsonl")}
    alone = read_jsonl(folder / "single_context.jsonl")
    assert len(alone) == 24
    assert {a["custom_id"] for a in alone} <= asked
    assert all(to_reply(a).content.strip() for a in alone)


@pytest.mark.parametrize(("task_name", "strategy"), HEADLINES)
def test_recordings_give_two_hundred_rows_of_every_label(made, task_name, strategy):
    run = made(task_name, strategy)
    run.ledger.check()
    assert len(run.rows) == 200
    assert run.ledger.note == ""
    assert set(run.rows["label"]) == set(run.plan.task.labels)
    assert len(set(run.rows["text"])) == 200


@pytest.mark.parametrize(("task_name", "strategy"), HEADLINES)
def test_a_second_run_writes_the_same_bytes(made, tmp_path, task_name, strategy):
    made(task_name, strategy).to_csv(tmp_path / "first.csv")
    generate(plan(load_task(task_name), strategy=strategy, n=200), progress=False).to_csv(tmp_path / "second.csv")
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()


@pytest.mark.parametrize(("task_name", "strategy"), HEADLINES)
def test_forty_rows_begin_two_hundred(made, task_name, strategy):
    forty = generate(plan(load_task(task_name), strategy=strategy, n=40), progress=False).rows.to_list()
    assert forty == made(task_name, strategy).rows.to_list()[:40]


def test_recorded_rows_name_the_model_that_wrote_them(made):
    assert set(made("feedback", "zero_shot").rows["model"]) <= set(
        Recorded(load_task("feedback").recordings).model.split("+")
    )
    assert "ngram" not in made("feedback", "zero_shot").rows["model"]


def test_no_shipped_file_holds_anything_like_a_key():
    for folder in bundled_tasks().values():
        for path in folder.rglob("*"):
            if path.is_file():
                found = KEY_LIKE.search(path.read_text(encoding="utf-8"))
                assert not found, f"{path}: {found}"


def test_a_prompt_without_recording_names_the_three_ways_on(cafe):
    with pytest.raises(SynthkitError, match=r"sk\.LLM.*ngram.*recordings pending"):
        generate(plan(cafe, strategy="zero_shot", n=5), progress=False)


def test_recordings_that_end_early_say_how_far_they_went(task_folder):
    task = load_task(task_folder)
    file_replies(plan(task, strategy="zero_shot", n=15).slots[:2], task.recordings)
    made = generate(plan(task, strategy="zero_shot", n=15), progress=False)
    assert len(made.rows) == 10
    assert "10 of 15 rows (recordings exhausted; visits: 0 of 5 rows)" in repr(made)


def test_a_stale_recording_is_refused_and_its_slot_named(task_folder):
    task = load_task(task_folder)
    file_replies(plan(task, strategy="zero_shot", n=5).slots, task.recordings)
    (task_folder / "task.yaml").write_text(
        (task_folder / "task.yaml").read_text(encoding="utf-8").replace("the cats themselves", "cats"), encoding="utf-8"
    )
    changed = load_task(task_folder)
    with pytest.raises(SynthkitError, match="slot 0 answered another prompt"):
        generate(plan(changed, strategy="zero_shot", n=5), progress=False)
    assert "the cats themselves" in old_prompt(changed.recordings, plan(changed, strategy="zero_shot", n=5).slots[0])


def test_pending_shrinks_to_nothing_as_replies_are_filed(task_folder):
    task = load_task(task_folder)
    slots = plan(task, strategy="zero_shot", n=10).slots
    assert len(export_pending(slots, task.recordings)) == len(slots)
    added, problems = file_replies(slots, task.recordings)
    assert (added, problems) == (len(slots), [])
    assert export_pending(slots, task.recordings) == []
    assert len(generate(plan(task, strategy="zero_shot", n=10), progress=False).rows) == 10


def test_filing_twice_changes_no_byte(task_folder):
    task = load_task(task_folder)
    slots = plan(task, strategy="zero_shot", n=10).slots
    file_replies(slots, task.recordings)
    before = [(p.name, p.read_bytes()) for p in sorted(task.recordings.iterdir())]
    file_replies(slots, task.recordings)
    assert [(p.name, p.read_bytes()) for p in sorted(task.recordings.iterdir())] == before


def test_unusable_replies_are_left_out_and_listed(task_folder):
    task = load_task(task_folder)
    slots = plan(task, strategy="zero_shot", n=10).slots
    asked = [batch_line(r, "any") for r in slots]
    answered = [
        batch_answer(slots[0].custom_id, distinct_texts(slots[0])),
        batch_answer(slots[1].custom_id, "  "),
        {"custom_id": slots[2].custom_id, "error": {"message": "rate limit"}},
        batch_answer("zero_shot-v1-r0-s0009-a0-000000000000", "x"),
    ]
    added, problems = import_batch(asked, answered, task.recordings)
    assert added == 1
    assert [p.split(": ")[1].split(" (")[0] for p in problems] == [
        "the reply is empty",
        "not a chat completion",
        "no such request in the exported file",
    ]


def test_another_models_name_does_not_stale_a_recording(cafe):
    request = plan(cafe, strategy="zero_shot", n=5).slots[0]
    lines = [batch_line(request, model) for model in ("one", "two")]
    assert prompt_key(lines[0]["body"]) == prompt_key(lines[1]["body"]) == request.prompt_key


def test_a_line_that_is_not_json_is_named_by_its_number(tmp_path):
    path = tmp_path / "replies.jsonl"
    path.write_text(json.dumps({"custom_id": "x"}) + "\n\n{broken\n", encoding="utf-8")
    with pytest.raises(SynthkitError, match="line 3: not JSON"):
        read_jsonl(path)
