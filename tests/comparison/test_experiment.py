"""A saved comparison is done again from its manifest; what changed is named, line by line."""

import json

import pytest
from support.cafe import TEST, write_csv
from support.replies import distinct_texts, file_replies

from synthkit.comparison.experiment import CLOSE, Recipe, reproduce, result_json, score_lines
from synthkit.core.errors import SynthkitError
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan
from synthkit.tasks.task import load_task

TEST_ROWS = [[f"t{label}{i}", text, label] for label, texts in TEST.items() for i, text in enumerate(texts)]


@pytest.fixture
def saved(task_folder):
    task = load_task(task_folder)
    file_replies(plan(task, n=12).slots, task.recordings)
    recipe = Recipe(str(task_folder), n=12, k=3, draws=2, students=("tfidf_lr",))
    made = recipe.generations(task, progress=False)
    return json.loads(result_json(recipe, made, recipe.comparison(made, progress=False)))


def test_the_same_recipe_and_replies_give_the_same_lines(saved):
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


def test_scores_are_the_same_near_or_different():
    def score(value, arm="a"):
        end = {"value": value, "low": value, "high": value}
        return {"arm": arm, "student": "s", "macro_f1": end, "accuracy": end}

    for shift, verdict in ((0, "same"), (CLOSE * 0.9, "within 0.002"), (CLOSE * 1.1, "different")):
        assert {line.verdict for line in score_lines([score(0.5)], [score(0.5 + shift)])} == {verdict}
    gone = score_lines([score(0.5)], [score(0.5, "b")])
    assert [line.verdict for line in gone] == ["different"] * 3


@pytest.mark.parametrize("wrong", [{}, {"manifest": {}}, {"manifest": {"recipe": {"what": 1}}}, []])
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
    recipe = Recipe(str(task_folder), n=12, k=3, draws=2, llm="live", students=("tfidf_lr",))
    with Store() as store:
        made = recipe.generations(task, llm=scripted(distinct_texts), store=store, progress=False)
    saved = json.loads(result_json(recipe, made, recipe.comparison(made, progress=False)))
    assert {line.verdict for line in reproduce(saved, progress=False).lines} == {"same"}
    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(SynthkitError, match="is not in this machine's store, and reproduce asks no model"):
        reproduce(saved, progress=False)
