"""A saved comparison is done again from its manifest; what changed is named, line by line."""

import json

import pytest
from support.cafe import TEST, annotator, write_csv
from support.replies import distinct_texts, file_replies

from synthkit.comparison.experiment import CLOSE, Experiment, reproduce, result_json, score_lines
from synthkit.core.errors import SynthkitError
from synthkit.generation.label_requests import annotate_requests
from synthkit.generation.pick import pick
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan
from synthkit.seeds.seeds import load_seeds
from synthkit.tasks.task import load_task

TEST_ROWS = [[f"t{label}{i}", text, label] for label, texts in TEST.items() for i, text in enumerate(texts)]


@pytest.fixture
def saved(task_folder):
    task = load_task(task_folder)
    file_replies(plan(task, strategy="zero_shot", n=12).slots, task.recordings)
    experiment = Experiment(str(task_folder), strategy="zero_shot", n=12, k=3, draws=2, students=("tfidf_lr",))
    made = experiment.generations(task, progress=False)
    return json.loads(result_json(experiment, made, experiment.comparison(made, progress=False)))


def test_the_same_experiment_and_replies_give_the_same_lines(saved):
    again = reproduce(saved, progress=False)
    assert {line.verdict for line in again.lines} == {"same"}
    assert again.holds
    assert repr(again).startswith(
        f"Reproduction: {len(again.lines)} same, 0 within 0.002, 0 different; the scores hold"
    )
    assert {"version of numpy", "test rows", "synthetic rows, random_state 0", "recorded replies, random_state 0"} <= {
        line.what for line in again.lines
    }


def test_what_changed_is_named(saved, task_folder):
    write_csv(task_folder / "test.csv", TEST_ROWS[:-2])
    again = reproduce(saved, progress=False)
    changed = {line.what for line in again.lines if line.verdict == "different"}
    assert "test rows" in changed and "train rows" not in changed
    assert any(what.startswith("score real_full") for what in changed)
    assert not again.holds
    assert "do NOT hold" in again.summary()


def test_another_version_is_named_and_does_not_break_a_result(saved):
    saved["manifest"]["versions"]["numpy"] = "0.1"
    again = reproduce(saved, progress=False)
    assert [line.what for line in again.lines if line.verdict == "different"] == ["version of numpy"]
    assert again.holds


def test_a_manifest_of_the_days_before_still_reproduces_its_values(saved):
    old = saved["manifest"]
    old["recipe"] = {**old.pop("experiment"), "select": None}
    saved["scores"].append({**saved["scores"][0], "arm": "real_full, on synthetic (TRTS)"})  # gone since
    del old["intervals"]
    for line in saved["scores"]:
        line["macro_f1"]["low"] -= 0.1  # intervals were computed in another way
    again = reproduce(saved, progress=False)
    assert again.holds
    assert [line.what for line in again.lines if line.verdict == "different"] == ["intervals"]
    old["recipe"]["select"] = "pvi"
    with pytest.raises(SynthkitError, match="select='pvi', which is gone"):
        reproduce(saved, progress=False)


def test_scores_are_the_same_near_or_different():
    def score(value, arm="a"):
        end = {"value": value, "low": value, "high": value}
        return {"arm": arm, "student": "s", "macro_f1": end, "accuracy": end}

    for shift, verdict in ((0, "same"), (CLOSE * 0.9, "within 0.002"), (CLOSE * 1.1, "different")):
        assert {line.verdict for line in score_lines([score(0.5)], [score(0.5 + shift)])} == {verdict}
    gone = score_lines([score(0.5)], [score(0.5, "b")])
    assert [line.verdict for line in gone] == ["different"] * 2 + ["not saved then"]


@pytest.mark.parametrize("wrong", [{}, {"manifest": {}}, {"manifest": {"experiment": {"what": 1}}}, []])
def test_a_file_without_a_manifest_is_refused(tmp_path, wrong):
    path = tmp_path / "result.json"
    path.write_text(json.dumps(wrong), encoding="utf-8")
    with pytest.raises(SynthkitError, match="no result with a manifest"):
        reproduce(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(SynthkitError, match="is not JSON"):
        reproduce(path)
    with pytest.raises(SynthkitError, match="cannot read"):
        reproduce(tmp_path / "none.json")


def test_a_live_result_is_replayed_from_the_store_and_asks_nobody(task_folder, scripted, tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path / "home"))
    task = load_task(task_folder)
    experiment = Experiment(
        str(task_folder), strategy="zero_shot", n=12, k=3, draws=2, llm="live", students=("tfidf_lr",)
    )
    with Store() as store:
        source = scripted(distinct_texts)
        source.identity = f"{source.model} at an address"
        made = experiment.generations(task, llm=source, store=store, progress=False)
    saved = json.loads(result_json(experiment, made, experiment.comparison(made, progress=False), llm=source))
    assert {line.verdict for line in reproduce(saved, progress=False).lines} == {"same"}
    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(SynthkitError, match="is not in this machine's store, and reproduce asks no model"):
        reproduce(saved, progress=False)


def test_raw_rows_that_were_labelled_are_part_of_a_result_and_labelled_again(task_folder):
    with (task_folder / "task.yaml").open("a", encoding="utf-8") as file:
        file.write("\nunlabelled: train\n")
    task = load_task(task_folder)
    file_replies(plan(task, strategy="zero_shot", n=12).slots, task.recordings)
    experiment = Experiment(
        str(task_folder), strategy="zero_shot", n=12, k=3, draws=2, students=("tfidf_lr",), annotate=8, pool=True
    )
    requests = annotate_requests(pick(task.splits.unlabelled, 8), task, seeds=load_seeds(task, k=3))
    file_replies([r for part in requests for r in part], task.recordings, annotator)
    made, annotated = experiment.generations(task, progress=False), experiment.annotation(task, progress=False)
    comparison = experiment.comparison(made, annotated, progress=False)
    assert "raw rows that a model labelled" in comparison.verdict()
    assert {"requests", "tokens"} <= set(comparison.to_frame().columns)
    again = reproduce(json.loads(result_json(experiment, made, comparison, annotated)), progress=False)
    assert again.holds and {line.verdict for line in again.lines} == {"same"}
    lines = {line.what for line in again.lines}
    assert {"annotated rows", "raw rows", "score real_few+synthetic+annotated+pseudo, tfidf_lr, macro_f1"} <= lines
