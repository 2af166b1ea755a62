"""The command line: what it writes, and one plain line for everything that can go wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.cafe import TEST, TRAIN, write_csv
from support.replies import as_reply, batch_answer, file_replies

from synthkit.cli import run as cli_run
from synthkit.prompts.plan import plan
from synthkit.tasks.loading import load_rows
from synthkit.tasks.task import bundled_tasks, load_task

TRAIN_ROWS = [[f"a{label}{i}", text, label] for label, texts in TRAIN.items() for i, text in enumerate(texts)]
TEST_ROWS = [[f"t{label}{i}", text, label] for label, texts in TEST.items() for i, text in enumerate(texts)]


@pytest.fixture
def refused(synthkit):
    """Run a command that must fail: exit code 1, one `error:` line at the end, no traceback; return the line."""

    def run(*words):
        code, out, err = synthkit(*words)
        assert code == 1
        assert "Traceback" not in err
        errors = [line for line in err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1
        assert err.rstrip().endswith(errors[0])
        return errors[0]

    return run


@pytest.fixture
def good(tmp_path):
    """A CSV of real rows that nothing is wrong with."""
    return write_csv(tmp_path / "good.csv", TRAIN_ROWS)


@pytest.fixture
def test_csv(tmp_path):
    return write_csv(tmp_path / "test.csv", TEST_ROWS)


def in_a_process(*words, **env):
    command = [sys.executable, "-m", "synthkit", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env={**os.environ, **env})


def test_generate_writes_a_csv_and_the_ledger(synthkit, tmp_path):
    code, out, _ = synthkit("generate", "feedback", "--n", 12, "--out", "made.csv")
    assert code == 0
    assert "texts asked for" in out
    assert "written to made.csv" in out
    assert (tmp_path / "made.csv").read_text(encoding="utf-8").startswith("id,text,label,strategy")


def test_generate_prints_json_and_nothing_else(synthkit):
    code, out, _ = synthkit("generate", "feedback", "--n", 6, "--json")
    said = json.loads(out)
    assert code == 0
    assert said["rows"] == 6
    assert said["ledger"]["kept"] == "6"
    assert said["file"] == "feedback-outright.csv"


def test_the_same_command_writes_the_same_bytes(synthkit, tmp_path):
    for name in ("one.csv", "two.csv"):
        synthkit("generate", "feedback", "--strategy", "attributed", "--n", 20, "--out", name)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_the_baseline_runs_on_a_users_own_folder(synthkit, task_folder):
    code, out, _ = synthkit("generate", task_folder, "--llm", "ngram", "--k", 4, "--n", 6, "--out", "made.csv")
    assert code == 0
    assert "model ngram" in out


def test_evaluate_prints_each_metric_beside_its_control(synthkit, good, test_csv):
    code, out, _ = synthkit("evaluate", test_csv, "--real", good, "--embedder", "lsa")
    assert code == 0
    assert "distinct-2" in out
    assert "control" in out
    code, out, _ = synthkit("evaluate", test_csv, "--real", good, "--embedder", "lsa", "--json")
    assert {line["metric"] for line in json.loads(out)["lines"]} >= {"distinct-2", "Vendi score"}


def test_evaluate_takes_seeds_more_metrics_and_writes_a_page(synthkit, good, test_csv, tmp_path):
    more = ("--seeds", good, "--holdout", good, "--metrics", "bias", "--html", "page.html")
    code, out, _ = synthkit("evaluate", test_csv, "--real", good, "--embedder", "lsa", *more)
    assert code == 0
    assert "words of a seed" in out and "label skew" in out and "written to page.html" in out
    assert "<title>test.csv beside good.csv</title>" in Path("page.html").read_text(encoding="utf-8")


def test_compare_takes_a_primary_contrast_and_students(synthkit, refused, good, test_csv):
    words = (
        "compare",
        f"cafe={good}",
        f"test={test_csv}",
        "--test",
        good,
        "--embedder",
        "lsa",
        "--student",
        "tfidf_lr",
    )
    code, out, err = synthkit(*words, "--primary", "cafe,test")
    assert code == 1 and "no row is left" in err  # the same file on both sides
    assert "unknown student 'svm'" in refused(
        "compare", f"cafe={good}", "--test", test_csv, "--students", "tfidf_lr,svm"
    )
    line = refused("compare", f"cafe={good}", "--test", test_csv, "--primary", "cafe")
    assert line == "error: --primary cafe: expected two names, as both,few"


def test_compare_scores_each_named_file(synthkit, good, test_csv):
    words = ("compare", f"cafe={good}", "--test", test_csv, "--embedder", "lsa")
    code, out, _ = synthkit(*words)
    assert code == 0
    assert "macro-F1" in out
    code, out, _ = synthkit(*words, "--json")
    assert {s["arm"] for s in json.loads(out)["scores"]} == {"cafe"}


def test_recordings_go_out_as_batch_input_and_come_back_as_output(synthkit, task_folder, tmp_path):
    code, _, err = synthkit(
        "recordings", "pending", task_folder, "--strategy", "zero_shot", "--n", 10, "--out", "asked.jsonl"
    )
    assert code == 0
    assert "3 of 3 requests have no recording" in err
    asked = [json.loads(line) for line in (tmp_path / "asked.jsonl").read_text(encoding="utf-8").splitlines()]
    with (tmp_path / "answered.jsonl").open("w", encoding="utf-8") as file:
        for i, line in enumerate(asked):
            reply = as_reply([f"guest {i}{j} says thing {i * j}{'x' * (9 * i + j)}" for j in range(5)])
            file.write(json.dumps(batch_answer(line["custom_id"], reply)) + "\n")
    code, out, _ = synthkit("recordings", "import", task_folder, "answered.jsonl")
    assert code == 0
    assert "3 of 3 replies filed" in out
    code, out, _ = synthkit("recordings", "status", task_folder)
    assert out.split()[-4:] == ["zero_shot", "1", "0", "3"]
    assert synthkit("recordings", "pending", task_folder, "--strategy", "zero_shot", "--n", 10)[1] == ""


def test_labels_of_a_recorded_generation_go_out_and_come_back_too(synthkit, task_folder, tmp_path):
    def answer(asked, reply):
        lines = [json.loads(line) for line in (tmp_path / asked).read_text(encoding="utf-8").splitlines()]
        said = [json.dumps(batch_answer(line["custom_id"], reply(line))) for line in lines]
        (tmp_path / "answered.jsonl").write_text("\n".join(said), encoding="utf-8")
        return synthkit("recordings", "import", task_folder, "answered.jsonl")[1]

    synthkit("recordings", "pending", task_folder, "--strategy", "zero_shot", "--n", 10, "--out", "asked.jsonl")
    answer("asked.jsonl", lambda line: as_reply([f"{line['custom_id'][-12:]} {'x' * 9 * j}" for j in range(5)]))
    synthkit(
        "recordings", "pending", task_folder, "--strategy", "zero_shot", "--n", 10, "--relabel", "--out", "labels.jsonl"
    )
    labels = json.dumps({"texts": [{"number": i, "label": "menu"} for i in range(1, 16)]})
    assert "1 of 1 replies filed" in answer("labels.jsonl", lambda line: labels)
    out = synthkit("recordings", "status", task_folder)[1]
    assert out.splitlines()[1].split() == ["relabel_zero_shot", "1", "0", "1"]


def test_status_of_a_task_without_recordings(synthkit, task_folder):
    assert "nothing is recorded" in synthkit("recordings", "status", task_folder)[1]


def test_a_missing_file(refused, good):
    assert refused("evaluate", "absent.csv", "--real", good) == "error: no such file: absent.csv"


def test_a_folder_where_a_file_was_meant(refused, good, tmp_path):
    assert "holds no .txt file" in refused("evaluate", tmp_path, "--real", good)


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file(refused, good, tmp_path, content):
    (tmp_path / "empty.csv").write_bytes(content)
    line = refused("evaluate", "empty.csv", "--real", good)
    assert line == "error: empty.csv is empty; expected a table with the columns text and label"


def test_a_header_without_rows(refused, good, tmp_path):
    write_csv(tmp_path / "bare.csv", [])
    assert refused("evaluate", "bare.csv", "--real", good) == "error: bare.csv has no rows"


def test_a_missing_column(refused, good, tmp_path):
    write_csv(tmp_path / "odd.csv", [["1", "a", "b", "x"]], header=("id", "words", "more", "label"))
    line = refused("evaluate", "odd.csv", "--real", good)
    told = "no column 'text'; columns are: id, words, more, label. Rename one to it, or name it: text=..."
    assert line == f"error: odd.csv: {told}"


def test_a_label_that_is_not_in_the_task_is_left_out_and_said(synthkit, task_folder):
    rows = [*TRAIN_ROWS[:3], ["x", "the tart was fine", "menus"], *TRAIN_ROWS[3:]]
    write_csv(task_folder / "train.csv", rows)
    with pytest.warns(UserWarning, match="train: unknown label 'menus' in 1 row - did you mean 'menu'?"):
        code, _, err = synthkit("generate", task_folder, "--llm", "ngram", "--k", 2, "--n", 5)
    line = "unknown label 'menus' in 1 row - did you mean 'menu'? Known: animals, menu, visits"
    assert code == 0
    assert f"train.csv, row 5: left out: menus. {line}" in err


def test_a_label_of_an_arm_that_the_test_rows_do_not_have(refused, good, tmp_path):
    write_csv(tmp_path / "test.csv", [r for r in TEST_ROWS if r[2] != "visits"])
    line = refused("compare", f"cafe={good}", "--test", "test.csv", "--embedder", "lsa")
    assert "arm 'cafe', row avisits0: unknown label 'visits'" in line


def test_one_label_only(refused, good, tmp_path):
    write_csv(tmp_path / "one.csv", [r for r in TEST_ROWS if r[2] == "menu"])
    line = refused("compare", f"cafe={good}", "--test", "one.csv")
    assert line == "error: one.csv: only one label ('menu'); a classifier needs at least two"


def test_fewer_rows_than_asked_for(refused, task_folder):
    line = refused("generate", task_folder, "--llm", "ngram", "--k", 9)
    assert "label 'animals' has 6 usable rows and k=9 were asked for: 8 in train, less 2" in line
    assert line.endswith("lower k to 6 or add rows")


def test_a_binary_file(refused, good, tmp_path):
    (tmp_path / "photo.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
    assert "photo.csv holds binary data, not a table of texts" in refused("evaluate", "photo.csv", "--real", good)


MENDED = [
    ("text,label\nfine,x\nDöner was cold,y\n".encode("latin-1"), "read as Windows-1252: byte 0xf6 in line 3"),
    (b"id,text,label\n1,good,x\n1,fine,y\n", "row 3: id made '1~2', for it was used before"),
    (b"text,label\n,x\ngood,x\nfine,y\n", "row 2: left out: . The text is empty"),
    (b"id,text,label\n1,fine,x\n2,fine\n3,good,y\n", "row 3: left out: 2 fields where the header has 3"),
]


@pytest.mark.parametrize(("content", "said"), MENDED)
def test_what_was_mended_in_a_file_is_said_and_the_rest_is_used(synthkit, good, tmp_path, content, said):
    (tmp_path / "old.csv").write_bytes(content)
    code, _, err = synthkit("evaluate", "old.csv", "--real", good, "--embedder", "lsa")
    assert (code, said in err) == (0, True), err


def test_an_open_quote(refused, good, tmp_path):
    (tmp_path / "quote.csv").write_text('text,label\n"never closed, so,x\n', encoding="utf-8")
    assert "quote.csv is not a well-formed CSV" in refused("evaluate", "quote.csv", "--real", good)


@pytest.mark.parametrize("command", ["run", "generate"])
@pytest.mark.parametrize("n", ["0", "-3"])
def test_no_rows_asked_for(refused, command, n):
    assert refused(command, "feedback", "--n", n) == f"error: n={n}: expected a whole number of rows, 1 or more"


@pytest.mark.parametrize("words", [("run", "feedback", "--k", "0"), ("run", "feedback", "--random-state", "-1")])
def test_numbers_that_make_no_sense(refused, words):
    assert "expected a whole number" in refused(*words)


def test_an_unknown_student_is_refused_before_anything_is_asked(synthkit):
    code, _, err = synthkit("run", "feedback", "--students", "minilm_lr,svm")
    assert code == 1 and "unknown student 'svm'" in err and "1/6" not in err


def test_an_unknown_strategy_and_the_nearest(refused):
    line = refused("generate", "feedback", "--strategy", "zeroshot")
    assert line.startswith(
        "error: unknown strategy 'zeroshot' - did you mean 'zero_shot'? Known: zero_shot, attributed"
    )


def test_an_unknown_task_and_the_nearest(refused):
    line = refused("generate", "feedbak")
    assert line.startswith("error: unknown task (or folder) 'feedbak' - did you mean 'feedback'?")


def test_an_unknown_source_and_the_nearest(refused):
    assert "unknown llm 'n-gram' - did you mean 'ngram'?" in refused("generate", "feedback", "--llm", "n-gram")


def test_an_unknown_embedder(refused, good, test_csv):
    assert "unknown embedder 'minilim'" in refused("evaluate", test_csv, "--real", good, "--embedder", "minilim")


def test_a_malformed_task_file(refused, task_folder):
    (task_folder / "task.yaml").write_text("name: x\n  labels: [", encoding="utf-8")
    line = refused("generate", task_folder)
    assert "task.yaml cannot be read as YAML" in line
    assert "line 2" in line


def test_a_home_that_cannot_be_written(refused, task_folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path / "file" / "home"))
    line = refused("generate", task_folder, "--llm", "live")
    assert "which model?" in line
    monkeypatch.setenv("SYNTHKIT_MODEL", "small")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    line = refused("generate", task_folder, "--llm", "live")
    assert str(tmp_path / "file" / "home") in line
    assert line.endswith("Set SYNTHKIT_HOME to a folder you may write to")


def test_doctor_names_a_home_that_cannot_be_written_and_shows_no_key(synthkit, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setenv("OPENAI_API_KEY", "a-very-secret-key")
    code, out, _ = synthkit("doctor")
    assert code == 1
    assert "!!  store and vectors" in out
    assert f"{tmp_path / 'file' / 'home'}" in out
    assert "-> cannot" in out
    assert "a key is set" in out
    assert "secret" not in out


def test_doctor_prints_json(synthkit):
    code, out, _ = synthkit("doctor", "--json")
    facts = {line["what"]: line["is"] for line in json.loads(out)}
    assert facts["task feedback"].startswith("6 labels")
    assert code in (0, 1)


def test_a_report_folder_that_is_a_file(refused, tmp_path):
    (tmp_path / "reports").write_text("in the way", encoding="utf-8")
    line = refused("run", "feedback")
    assert line == "error: cannot write to reports: File exists. Name another folder with --out"


def test_a_csv_where_none_can_be_written_is_refused_before_anything_is_asked(refused, synthkit, tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("in the way", encoding="utf-8")
    with monkeypatch.context() as context:
        context.setattr("synthkit.generate", lambda *_, **__: pytest.fail("asked"))
        line = refused("generate", "feedback", "--n", 5, "--out", "taken/made.csv")
        assert line == "error: cannot write to taken: File exists. Name another folder with --out"
        assert "it is a folder" in refused("generate", "feedback", "--n", 5, "--out", tmp_path)
        assert "too long" in refused("generate", "feedback", "--n", 5, "--out", tmp_path / f"{'a' * 300}.csv")
    assert synthkit("generate", "feedback", "--n", 5, "--out", "new/made.csv")[0] == 0
    assert (tmp_path / "new" / "made.csv").is_file()


@pytest.mark.parametrize("arm", ["cafe", "=good.csv", "cafe=", "="])
def test_an_arm_that_is_not_name_and_file(refused, good, test_csv, arm):
    line = refused("compare", arm, "--test", test_csv)
    assert line == f"error: {arm!r}: expected NAME=FILE.csv, as few=seeds.csv"


def test_an_arm_named_twice(refused, good, test_csv):
    line = refused("compare", f"cafe={good}", f"cafe={test_csv}", "--test", test_csv)
    assert "the name 'cafe' stands twice" in line


def test_replies_that_are_not_ours(refused, task_folder, tmp_path):
    (tmp_path / "answered.jsonl").write_text('{"custom_id": "request-1"}\n', encoding="utf-8")
    assert "custom_id 'request-1' is not one of ours" in refused("recordings", "import", task_folder, "answered.jsonl")
    assert "no such file" in refused("recordings", "import", task_folder, "absent.jsonl")


def test_a_price_that_is_not_known(refused, task_folder, monkeypatch):
    monkeypatch.setenv("SYNTHKIT_MODEL", "small")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://llm.example.org/v1")
    line = refused("generate", task_folder, "--llm", "live", "--budget-usd", "1")
    assert "never guessed" in line


def test_a_failing_command_in_a_process_of_its_own(tmp_path):
    ended = in_a_process("evaluate", tmp_path / "absent.csv", "--real", tmp_path / "absent.csv")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == f"error: no such file: {tmp_path / 'absent.csv'}\n"


def test_an_output_that_cannot_show_a_character_does_not_stop_the_command(task_folder):
    (task_folder / "task.yaml").write_text("labels: [🙀\n", encoding="utf-8")
    ended = in_a_process("generate", task_folder, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: ")
    assert "Traceback" not in ended.stderr


def test_help_lists_the_commands():
    ended = in_a_process("--help")
    assert ended.returncode == 0
    for command in (
        "annotate",
        "run",
        "reproduce",
        "generate",
        "refine",
        "evaluate",
        "compare",
        "recordings",
        "weights",
        "doctor",
    ):
        assert command in ended.stdout


@pytest.fixture
def quick_map(monkeypatch):
    """Put two columns of the vectors in the place of UMAP, which compiles for ten seconds."""
    from synthkit.views import map as maps

    monkeypatch.setattr(maps, "_umap", lambda vectors, n_real, random_state: vectors[:, :2].copy())


@pytest.mark.parametrize("sensitive", ["false", "true"])
def test_a_run_on_a_small_task_of_ones_own_writes_page_rows_and_scores(
    synthkit, task_folder, monkeypatch, tmp_path, sensitive
):
    monkeypatch.setattr(cli_run, "_lesson", lambda *_: None)  # the notebook is executed by its own test
    append(task_folder / "task.yaml", f"sensitive: {sensitive}\nunlabelled: train\n")
    task = load_task(task_folder)
    file_replies(plan(task, strategy="zero_shot", n=12).slots, task.recordings)
    code, out, err = synthkit("run", task_folder, "--strategy", "zero_shot", "--k", 3, "--n", 12, "--out", "reports")
    assert code == 0, err
    page = (tmp_path / "reports" / "cat_cafe.html").read_text(encoding="utf-8")
    assert "no map: it needs 20 real rows" in err
    assert "real_few+synthetic+pseudo" in out and "raw rows more" in out
    assert not any(text in page for text in task.splits.unlabelled["text"])
    assert sorted(p.name for p in (tmp_path / "reports").iterdir()) == [
        "cat_cafe.csv",
        "cat_cafe.html",
        "cat_cafe.json",
    ]
    assert json.loads((tmp_path / "reports" / "cat_cafe.json").read_text(encoding="utf-8"))["test_rows"] == 12
    assert "synthkit reproduce reports/cat_cafe.json" in out
    if sensitive == "false":
        assert_reproduced(synthkit, tmp_path)


def assert_reproduced(synthkit, tmp_path):
    code, out, err = synthkit("reproduce", "reports/cat_cafe.json")
    assert code == 0, err
    assert "0 different; the scores hold" in out
    changed = json.loads((tmp_path / "reports" / "cat_cafe.json").read_text(encoding="utf-8"))
    changed["scores"][0]["accuracy"]["value"] += 0.1
    (tmp_path / "changed.json").write_text(json.dumps(changed), encoding="utf-8")
    code, out, _ = synthkit("reproduce", "changed.json", "--json")
    assert code == 1
    assert [line["what"] for line in json.loads(out) if line["verdict"] == "different"] == [
        "score real_few, tfidf_lr, accuracy"
    ]


def test_a_run_with_enough_real_rows_draws_a_map(synthkit, task_folder, quick_map, monkeypatch, tmp_path):
    monkeypatch.setattr(cli_run, "_lesson", lambda *_: None)
    many = [[f"guest {i} {'abcdefghij'[i // 6] * (i % 6 + 3)} {label}", label] for i in range(12) for label in TRAIN]
    write_csv(task_folder / "train.csv", [[text, label] for _, text, label in TRAIN_ROWS] + many, ("text", "label"))
    task = load_task(task_folder)
    file_replies(plan(task, strategy="zero_shot", n=12).slots, task.recordings)
    code, out, err = synthkit("run", task_folder, "--strategy", "zero_shot", "--n", 12, "--k", 3, "--json")
    assert code == 0, err
    assert {s["arm"] for s in json.loads(out)["scores"]} >= {"real_few", "synthetic", "real_full"}
    page = (tmp_path / "reports" / "cat_cafe.html").read_text(encoding="utf-8")
    assert page.count("data:image/png") == 3


def test_seeds_of_a_sensitive_task_are_written_out_anonymised(synthkit, task_folder):
    write_csv(
        task_folder / "train.csv",
        [
            [f"{i}", f"guest {i} wrote from ann{i}@example.org about {label} {'z' * i}", label]
            for i in range(20, 35)
            for label in TRAIN
        ],
        header=("nr", "text", "label"),
    )
    append(task_folder / "task.yaml", "sensitive: true\n")
    code, out, err = synthkit("recordings", "pending", task_folder, "--strategy", "few_shot", "--n", 30)
    assert code == 0, err
    assert "[EMAIL]" in out
    assert "@example.org" not in out


def append(path, text):
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_doctor_shows_where_but_no_password_of_an_address(synthkit, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "https://user:secretpw@host.example/v1?api-key=secretkey")
    _, out, _ = synthkit("doctor")
    assert "host.example/v1" in out and "secret" not in out


def test_check_says_what_is_wrong_with_a_file(synthkit, tmp_path):
    write_csv(tmp_path / "mine.csv", [*TRAIN_ROWS, ["twin", TRAIN_ROWS[0][1], "menu"]])
    code, out, _ = synthkit("check", "mine.csv")
    assert code == 0
    assert "1 exact duplicates" in out
    assert "twin: of aanimals0" in out
    code, out, _ = synthkit("check", "mine.csv", "--json")
    assert [c["rows"] for c in json.loads(out) if c["name"] == "conflicting labels"] == [
        [["twin", "menu, but aanimals0 is animals"]]
    ]


def test_anonymize_writes_a_file_and_says_what_was_found(synthkit, tmp_path):
    write_csv(tmp_path / "mine.csv", [*TRAIN_ROWS, ["x", "mail me: ann@example.org, FB-318046", "menu"]])
    code, out, _ = synthkit("anonymize", "mine.csv", "--out", "clean.csv", "--task", "feedback")
    assert (code, "EMAIL_ADDRESS" in out, "ann@" in out) == (0, True, False)
    assert '"mail me: [EMAIL], [ORDER_NUMBER]"' in (tmp_path / "clean.csv").read_text(encoding="utf-8")


def test_annotate_labels_raw_texts_and_writes_them(synthkit, tmp_path):
    code, out, _ = synthkit("annotate", "--task", "feedback", "--n", 40, "--out", "labelled.csv")
    assert code == 0 and "40 of 40 texts of 'feedback' labelled by claude" in out
    assert len(load_rows(tmp_path / "labelled.csv").rows) == 40


def test_annotate_says_what_is_missing(refused, tmp_path):
    assert "--task is missing" in refused("annotate")
    (tmp_path / "mine.txt").write_text("a text that nobody has recorded\n", encoding="utf-8")
    assert "no recorded labels of these texts" in refused("annotate", "mine.txt", "--task", "feedback")


def test_raw_texts_are_not_exported_into_the_project(refused, synthkit, tmp_path):
    inside = bundled_tasks()["feedback"] / "raw.jsonl"
    for where in ([], ["--out", inside]):
        assert "name a file outside the project" in refused(
            "recordings", "pending", "feedback", "--annotate", 300, *where
        )
    assert not inside.exists()
    assert (
        "of 19 requests have no recording"
        in synthkit("recordings", "pending", "feedback", "--annotate", 300, "--out", "asked.jsonl")[2]
    )
