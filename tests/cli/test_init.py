"""`synthkit init`: from any table to a task that loads, with what only a person knows marked."""

import pytest
from support.cafe import TRAIN, write_csv

from synthkit.cli.init import task_yaml
from synthkit.core.duplicates import NearIndex
from synthkit.core.rows import make_rows
from synthkit.tasks.loading import load_rows
from synthkit.tasks.task import load_task

ROWS = [[f"r{label}{i}", text, label] for label, texts in TRAIN.items() for i, text in enumerate(texts)]


def loaded_task(folder):
    with pytest.warns(UserWarning, match="`domain` is still to be filled in .*; no description of"):
        return load_task(folder)


def test_a_table_becomes_a_task_that_says_what_is_to_be_filled_in(synthkit, tmp_path):
    table, folder = (
        write_csv(tmp_path / "mine.csv", [*ROWS, ["m", "write to ann@example.com for cake", "menu"]]),
        tmp_path / "cafe",
    )
    code, out, err = synthkit("init", folder, "--train", table)
    assert code == 0 and "3 labels; 18 train rows, 7 test rows" in out
    task = loaded_task(folder)
    assert (task.name, task.language, set(task.labels)) == ("cafe", "en", set(TRAIN))
    assert 1 <= task.min_words < task.max_words < 30
    text = (folder / "task.yaml").read_text(encoding="utf-8")
    assert "1 EMAIL_ADDRESS" in text and "ann@example" not in text
    assert text.count("# 6 rows") == 3
    assert len(task.splits.test) == 7 and len(task.splits.train) + len(task.splits.validation) == 18


def test_a_task_is_never_written_over(synthkit, tmp_path):
    table = write_csv(tmp_path / "mine.csv", ROWS)
    assert synthkit("init", tmp_path / "cafe", "--train", table)[0] == 0
    code, _, err = synthkit("init", tmp_path / "cafe", "--train", table)
    assert code == 1 and "task.yaml exists; name another folder" in err


def test_rows_held_out_repeat_none_of_train(synthkit, tmp_path):
    twins = [[f"{i}-again", f"{text} !", label] for i, text, label in ROWS]
    table = write_csv(tmp_path / "mine.csv", [*ROWS, *twins, ["one", "a label of one row", "other"]])
    assert synthkit("init", tmp_path / "cafe", "--train", table)[0] == 0
    train, test = (load_rows(tmp_path / "cafe" / f"{part}.csv").rows for part in ("train", "test"))
    seen = NearIndex(0.8)
    seen.extend(train["text"], train["id"])
    assert not [t for t in test["text"] if seen.nearest(t)]
    assert "other" in train["label"] and "other" not in test["label"]
    assert len(train) + len(test) == len(ROWS) * 2 + 1


def test_a_messy_export_and_test_rows_of_its_own_are_taken(synthkit, tmp_path):
    export = "\n".join(["v1;v2;;", *(f"{label};{text};;" for _, text, label in ROWS)])
    (tmp_path / "test.csv").write_bytes(export.replace("menu", "menü").encode("cp1252"))
    (tmp_path / "train.csv").write_bytes(export.replace("menu", "food").encode("cp1252"))
    words = ["init", tmp_path / "cafe", "--train", tmp_path / "train.csv", "--test", tmp_path / "test.csv"]
    code, out, err = synthkit(*words, "--encoding", "cp1252")
    assert code == 0 and "24 train rows, 16 test rows" in out
    assert "used as text: v2" in err and "unknown label 'menü' in 8 rows" in err


@pytest.mark.parametrize("label", ["yes", "1.0", "a: b", "# c", 'say "no"', "null", "好评", "'q'"])
def test_any_label_survives_the_file(tmp_path, label):
    rows = make_rows({"id": ["1", "2"], "text": ["cold tea", "a cat"], "label": [label, "other"]})
    (tmp_path / "task.yaml").write_text(task_yaml("mine", rows, False), encoding="utf-8")
    assert set(loaded_task(tmp_path).labels) == {label, "other"}


def test_the_rows_of_one_fault_are_told_in_one_line(synthkit, tmp_path):
    table = write_csv(tmp_path / "mine.csv", [*ROWS, *[[f"e{i}", "", "menu"] for i in range(8)]])
    code, out, err = synthkit("check", table)
    (line,) = [line for line in err.splitlines() if "left out" in line]
    assert "rows 26, 27, 28, 29, 30 and 3 more: left out: . The text is empty" in line
    assert "8 rows left out" in out.splitlines()[0]


@pytest.mark.parametrize("kind", ["folder", "lines"])
def test_texts_without_labels_are_looked_at_and_named_in_the_task(synthkit, tmp_path, kind):
    raw = ["the tables in the yard are wet", "please write to ann@example.com about the cake", "may dogs come in"]
    table, source = write_csv(tmp_path / "mine.csv", ROWS), tmp_path / "mails"
    if kind == "folder":
        source.mkdir()
        for i, text in enumerate(raw):
            (source / f"{i}.txt").write_text(text, encoding="utf-8")
    else:
        source = tmp_path / "mails.txt"
        source.write_text("\n".join(raw), encoding="utf-8")
    code, out, err = synthkit("init", tmp_path / "cafe", "--train", table, "--unlabelled", source)
    assert code == 0 and "3 unlabelled rows" in out
    text = (tmp_path / "cafe" / "task.yaml").read_text(encoding="utf-8")
    assert f"3 texts without labels, from {source.name}: 4 to 9 words" in text and "look like language: en" in text
    assert "found in 1 of them: 1 EMAIL_ADDRESS" in text and "ann@example" not in text
    assert sorted(loaded_task(tmp_path / "cafe").splits.unlabelled["text"]) == sorted(raw)
