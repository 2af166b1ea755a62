"""`synthkit refine`: what is missing goes out, comes back, and is then a loop that anybody can run again."""

import json

import pytest
from support.hotel import SUBJECTS, write_hotel, writes
from support.replies import as_reply, batch_answer, file_replies

from synthkit.core.errors import SynthkitError
from synthkit.core.jsonl import read_jsonl
from synthkit.llm.recorded import Recorded
from synthkit.prompts.plan import plan
from synthkit.refinement.decisions import Decisions
from synthkit.refinement.loop import Loop

KNOWN = {**{label: list(some) for label, some in SUBJECTS.items()}, "room": ["pillow"]}
SETTINGS = ("--strategy", "zero_shot", "--start", 6, "--requests", 4, "--iterations", 1)


@pytest.fixture
def folder(tmp_path):
    """The hotel with recorded replies to its plain requests, and those alone."""
    task = write_hotel(tmp_path / "hotel")
    file_replies(plan(task, strategy="zero_shot", n=50, surplus=0).slots, task.recordings, writes(KNOWN))
    return task.folder


def answer(asked, answered):
    lines = []
    for line in read_jsonl(asked):
        label = line["body"]["messages"][1]["content"].split("label `")[1].split("`")[0]
        texts = [f"{label} {line['custom_id'][-12:]} said {i} times {'again ' * i}" for i in range(5)]
        content = json.dumps({"texts": [{"number": i, "text": t} for i, t in enumerate(texts, 1)]})
        lines.append(json.dumps(batch_answer(line["custom_id"], content)) + "\n")
    answered.write_text("".join(lines), encoding="utf-8")


def test_what_a_loop_would_ask_goes_out_comes_back_and_is_run_again(synthkit, folder, tmp_path):
    with pytest.raises(SynthkitError, match="a loop's own question. Two ways on.*refine TASK --export"):
        Loop(_task(folder), strategy="zero_shot", start=6, requests=4, progress=False).diagnose().apply()
    code, out, err = synthkit("refine", folder, *SETTINGS, "--export", "asked.jsonl")
    assert (code, err) == (0, "")
    assert "2 requests of iteration 1 have no recording; written to asked.jsonl" in out
    assert "recordings import hotel ANSWERED.jsonl --requests asked.jsonl" in out
    answer(tmp_path / "asked.jsonl", tmp_path / "answered.jsonl")
    code, out, _ = synthkit("recordings", "import", folder, "answered.jsonl", "--requests", "asked.jsonl")
    assert "2 of 2 replies filed" in out
    code, out, _ = synthkit("refine", folder, *SETTINGS, "--json", "--out", "rows.csv")
    assert code == 0
    found = json.loads(out)
    assert [i["requests"] for i in found["iterations"]] == [6, 10]
    assert found["real_rows"] == 60
    assert len((tmp_path / "rows.csv").read_text(encoding="utf-8").splitlines()) > 30
    code, out, _ = synthkit("refine", folder, *SETTINGS, "--no-baseline", "--validation-rows", 30, "--levers", "")
    assert code == 0
    assert "30 real rows used" in out


def test_a_label_with_far_too_few_rows_ends_a_loop_with_code_3_and_its_name(synthkit, tmp_path):
    task = write_hotel(tmp_path / "hotel")

    def stuck(request):
        return as_reply(["the wifi is down"] * 5) if request.label == "room" else writes(KNOWN)(request)

    file_replies(plan(task, strategy="zero_shot", n=50, surplus=0).slots, task.recordings, stuck)
    code, out, err = synthkit("refine", task.folder, *SETTINGS, "--levers", "", "--no-baseline", "--json")
    assert code == 3
    assert "short of rows: room: 1 of 10 rows" in err
    assert [i["rows"] for i in json.loads(out)["iterations"]] == [21, 36]


def test_a_recorded_decision_is_taken_again_whatever_the_vectors_say_now(synthkit, folder):
    synthkit("refine", folder, *SETTINGS, "--export", "asked.jsonl")
    path = folder / "recordings" / "decisions.jsonl"
    changed = path.read_text(encoding="utf-8").replace('"label": "room"', '"label": "food"', 1)
    path.write_text(changed, encoding="utf-8")
    loop = Loop(_task(folder), strategy="zero_shot", start=6, requests=4, progress=False)
    labels = [p.label for p in loop.diagnose().propose().items]
    recorded = next(line for line in read_jsonl(path) if line["what"] == "proposals")
    assert labels == [p["label"] for p in recorded["decision"]]
    other = Loop(
        _task(folder), strategy="zero_shot", start=6, requests=5, progress=False
    )  # another course: decided anew
    assert len(other.diagnose().propose().items) == 5


def test_different_questions_of_loops_share_a_slot_without_replacing_each_other(folder):
    task = _task(folder)
    slots = [
        Loop(task, strategy="zero_shot", start=6, requests=n, progress=False).diagnose().propose().plan.slots
        for n in (2, 6)
    ]
    own = [[r for r in some if r.slot >= 1000] for some in slots]
    for some in own:
        file_replies(some, task.recordings, writes(KNOWN))
    recorded = Recorded(task.recordings)
    assert all(recorded.get(r) is not None and not recorded.stale(r) for some in own for r in some)


def test_decisions_without_a_folder_cannot_be_saved():
    decisions = Decisions(None)
    assert decisions.get(["a"], "proposals", lambda: [1], iteration=1, random_state=0) == [1]
    assert decisions.get(["a"], "proposals", lambda: [2], iteration=1, random_state=0) == [1]
    with pytest.raises(SynthkitError, match="no folder"):
        decisions.save()


def _task(folder):
    from synthkit.tasks.task import load_task

    return load_task(folder)
