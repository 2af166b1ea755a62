"""`synthkit refine`: raw texts are labelled in several goes, and written."""

import inspect
import json
import re

from support.fault_server import FaultServer, completion
from support.hotel import label_of, write_hotel

from synthkit.cli.refine import refine as command
from synthkit.refinement.loop import refine


def labels(number, body):
    asked = map(json.loads, re.findall(r'^{"number".*}$', body["messages"][-1]["content"], flags=re.M))
    return completion(json.dumps({"texts": [{"number": a["number"], "label": label_of(a["text"])} for a in asked]}))


def test_unsure_texts_are_labelled_by_a_live_model_and_written(synthkit, tmp_path, monkeypatch):
    folder = write_hotel(tmp_path / "hotel", unlabelled=True).folder
    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SYNTHKIT_MODEL", "any")
    with FaultServer(labels) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        asked = ("--n", 10, "--iterations", 2, "--k", 3, "--llm", "live")
        code, out, _ = synthkit("refine", folder, *asked)
        assert code == 0
        assert "in 2 iterations: validation macro-F1" in out
        written = (tmp_path / "hotel-refined.csv").read_text(encoding="utf-8").splitlines()
        assert written[0] == "id,text,label" and len(written) == 21
        pool = [line.partition(",")[2].rpartition(",")[0] for line in written[1:]]
        (tmp_path / "mine.txt").write_text("\n".join(pool[:14]), encoding="utf-8")
        code, out, _ = synthkit("refine", folder, *asked, "--file", "mine.txt", "--json", "--out", "some.csv")
    found = json.loads(out)
    assert code == 0
    assert [i["texts"] for i in found["iterations"]] == [0, 10, 4]
    assert found["rows"] == 14


def test_labelled_rows_are_shown_beside_raw_ones_where_that_is_asked_for(synthkit, tmp_path, monkeypatch):
    folder = write_hotel(tmp_path / "hotel", unlabelled=True).folder
    monkeypatch.setenv("SYNTHKIT_MODEL", "any")
    for i, words in enumerate([("annotate", "--task", folder), ("refine", folder, "--k", 3, "--iterations", 1)]):
        for more in ((), ("--examples",)):
            monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path / f"home{i}{len(more)}"))
            with FaultServer(labels) as server:
                monkeypatch.setenv("OPENAI_BASE_URL", server.url)
                assert synthkit(*words, "--llm", "live", "--n", 5, *more, "--out", "some.csv")[0] == 0
            shown = [part for body in server.bodies if (part := body["messages"][-1]["content"].count("<examples>"))]
            assert bool(shown) == bool(more)


def test_what_has_no_recording_is_said_in_one_line(synthkit, tmp_path):
    folder = write_hotel(tmp_path / "hotel", unlabelled=True).folder
    code, _, err = synthkit("refine", folder, "--k", 3)
    assert code == 1
    assert "no recorded labels of these texts" in err
    without = write_hotel(tmp_path / "inn").folder
    assert "error: which texts?" in synthkit("refine", without, "--k", 3)[2]


def test_what_cannot_be_written_or_is_no_number_is_said_before_anything_is_asked(synthkit, tmp_path, monkeypatch):
    folder = write_hotel(tmp_path / "hotel", unlabelled=True).folder
    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SYNTHKIT_MODEL", "any")
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    commands = [("refine", folder, "--k", 3), ("annotate", "--task", folder)]
    with FaultServer(labels) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        for command in commands:
            for out, words in ((tmp_path, "it is a folder"), ("taken/some.csv", "cannot write to taken")):
                code, _, err = synthkit(*command, "--llm", "live", "--out", out)
                assert code == 1 and words in err
            code, _, err = synthkit(*command, "--llm", "live", "--n", 0)
            assert code == 1 and "n=0: expected a whole number of rows" in err
        assert not server.bodies
        code, _, _ = synthkit("annotate", "--task", folder, "--llm", "live", "--n", 5, "--out", "new/labels.csv")
    assert code == 0 and (tmp_path / "new" / "labels.csv").exists()


def test_the_terminal_begins_with_what_the_function_does():
    of_command, of_verb = (inspect.signature(f).parameters for f in (command, refine))
    assert {name: of_command[name].default for name in ("n", "iterations")} == {
        name: of_verb[name].default for name in ("n", "iterations")
    }
