"""A live model from the terminal: every line as the README has it, against an endpoint on loopback."""

import json
import random
import re
from pathlib import Path

import pytest
from support.batch_server import BatchServer
from support.fault_server import FaultServer, completion, error
from support.replies import as_reply

from synthkit.cli.live import spoken
from synthkit.prompts import local

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
SYLLABLES = ["ba", "du", "fi", "go", "ke", "lo", "mi", "na", "pu", "ra"]


def word(n):
    return "".join(SYLLABLES[int(d)] for d in f"{n * 7919 % 1000:03}")


def writes(number, body):
    """As many texts as are asked for, all different."""
    count = int(re.search(r"with the numbers 1 to (\d+)", body["messages"][-1]["content"])[1])
    return completion(as_reply([" ".join(word(number * 97 + i * 13 + j) for j in range(9)) for i in range(count)]))


@pytest.fixture
def served(monkeypatch, tmp_path):
    """Serve an endpoint to the command line, as the two exports of the README do."""
    monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SYNTHKIT_MODEL", "llama3.2")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")

    def serve(behave=writes):
        server = FaultServer(behave)
        started = server.__enter__()
        monkeypatch.setenv("OPENAI_BASE_URL", started.url)
        servers.append(server)
        return started

    servers = []
    yield serve
    for server in servers:
        server.__exit__()


@pytest.fixture
def my_task(tmp_path):
    """The task of the README, as it stands there, with thirty invented rows a part."""
    folder = tmp_path / "my_task"
    folder.mkdir()
    (block,) = re.findall(r"```yaml\n(name: my_task.*?)```", README, flags=re.S)
    (folder / "task.yaml").write_text(block, encoding="utf-8")
    for part in ("train", "test"):
        draw = random.Random(part)  # words in common, so that the n-gram model has something to go on from
        rows = []
        for i in range(60):
            label = ("access", "hardware")[i % 2]
            rows.append(f"{' '.join(word(draw.randrange(40)) for _ in range(9))} {label},{label}")
        (folder / f"{part}.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return folder


def test_every_line_of_the_readme_runs_as_it_stands(synthkit, served, my_task, monkeypatch):
    monkeypatch.setattr(local, "missing", lambda: local.INSTALL)  # that it writes rows is tested beside it
    served()
    (block,) = re.findall(r"```\n(synthkit run my_task --llm ngram.*?)```", README, flags=re.S)
    lines = [line.partition("#")[0].split() for line in block.splitlines() if line.startswith("synthkit ")]
    assert len(lines) >= 2
    for line in lines:
        code, out, err = synthkit(*line[1:])
        if "local" in line:
            assert code == 1 and local.INSTALL in err
            continue
        assert code == 0, err
        assert "macro-F1" in out


def test_a_label_that_got_nothing_is_named_and_the_exit_code_says_so(synthkit, served, my_task):
    def filtered(number, body):
        is_access = "label `access`" in body["messages"][-1]["content"]
        return error(400, "filtered", code="content_filter") if is_access else writes(number, body)

    served(filtered)
    code, out, err = synthkit("generate", "my_task", "--llm", "live", "--n", 20, "--out", "made.csv")
    assert code == 3
    assert "access: 0 of 10 rows" in out and "short of rows: access: 0 of 10 rows" in err
    assert Path("made.csv").is_file()


def test_options_of_a_live_model_reach_its_requests(synthkit, served, my_task):
    server = served()
    body = json.dumps({"think": False})
    options = [
        "--max-tokens",
        700,
        "--reasoning-effort",
        "low",
        "--extra-body",
        body,
        "--concurrency",
        1,
        "--timeout",
        9,
    ]
    code, *_ = synthkit("generate", "my_task", "--llm", "live", "--n", 10, *options, "--budget-requests", 9)
    assert code == 0
    sent = server.bodies[-1]
    assert sent["think"] is False and sent["reasoning_effort"] == "low"
    assert 700 in (sent.get("max_tokens"), sent.get("max_completion_tokens"))


def test_a_budget_in_requests_ends_a_run_and_says_what_it_leaves_short(synthkit, served, my_task):
    server = served()
    code, out, _ = synthkit("generate", "my_task", "--llm", "live", "--n", 40, "--budget-requests", 2)
    assert (code, server.requests) == (3, 2)
    assert "the budget ended here" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--llm", "recorded", "--timeout", "9"], "--timeout is for --llm live; here it is --llm recorded"),
        (["--llm", "live", "--extra-body", "{think"], "--extra-body {think: expected JSON"),
        (["--llm", "live", "--max-tokens", "-3"], "--max-tokens -3: expected a number above 0"),
        (["--llm", "recorded"], "--llm live (OPENAI_BASE_URL, SYNTHKIT_MODEL)"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_terminal(synthkit, served, my_task, words, said):
    code, _, err = synthkit("generate", "my_task", "--n", 10, *words)
    assert code == 1
    assert said in err and "sk." not in err and "Traceback" not in err


def test_attributes_that_a_task_has_not_are_proposed_or_done_without(synthkit, served, my_task):
    topics = {"access": "a lost password", "hardware": "a broken screen"}

    def plans(number, body):
        said = body["messages"][-1]["content"]
        if '"value"' in said:
            about = re.search(r"with the label `(\w+)`", said)
            own = topics[about[1]] if about else "short and hurried"
            values = [f"{own}, {word(i)} kind" for i in range(12)]
            return completion(json.dumps({"texts": [{"number": i, "value": v} for i, v in enumerate(values, 1)]}))
        if "Which label does each" in said:
            asked = [json.loads(line) for line in re.findall(r'^{"number".*}$', said, flags=re.M)]
            label = {a["number"]: next(k for k, t in topics.items() if a["text"].startswith(t)) for a in asked}
            return completion(json.dumps({"texts": [{"number": n, "label": x} for n, x in label.items()]}))
        return writes(number, body)

    server = served(plans)
    code, out, err = synthkit("generate", "my_task", "--llm", "live", "--strategy", "attributed", "--n", 10)
    assert code == 0 and "attributes:" in err and "a lost password" in err
    assert any("a broken screen" in b["messages"][-1]["content"] for b in server.bodies[-3:])
    code, out, err = synthkit("generate", "my_task", "--llm", "ngram", "--strategy", "attributed", "--n", 10)
    assert code == 0 and "outright it is" in err


def test_try_says_what_the_endpoint_can_do_in_ten_lines(synthkit, served, my_task):
    served()
    code, out, _ = synthkit("try", "my_task")
    assert code == 0
    assert len(out.splitlines()) <= 10
    for fact in ("llama3.2", "5 of 5", "json_schema", "in, ", "stop"):
        assert fact in out


def test_try_says_what_it_cannot_do_and_fails(synthkit, served):
    served(lambda n, b: completion("I'd rather talk about the weather."))
    code, out, err = synthkit("try")
    assert code == 1
    assert "0 of 5" in out and "I'd rather talk" in out and "no text could be read" in err
    served(lambda n, b: error(401, "no such key"))
    code, _, err = synthkit("try")
    assert code == 1 and "no such key" in err and "OPENAI_API_KEY" in err


def test_advice_for_python_becomes_advice_for_the_terminal():
    said = spoken("Two ways on: llm=sk.LLM(model, base_url=...) asks; llm='ngram' does not; or Budget(usd=2)")
    assert said == (
        "Two ways on: --llm live (OPENAI_BASE_URL, SYNTHKIT_MODEL) asks; --llm ngram does not; or --budget-usd 2"
    )


def test_shards_are_asked_merged_and_written_as_one_run_would(synthkit, served, my_task):
    server, words = served(), ("my_task", "--llm", "live", "--n", 20)
    for i in (1, 2, 3):
        code, out, err = synthkit("generate", *words, "--shard", f"{i}/3")
        assert code == 0 and "requests of shard" in out, err
    code, out, err = synthkit("merge", *sorted(Path().glob("my_task-outright-*.sqlite")), "--into", "all.sqlite")
    assert code == 0 and out.startswith("2 new replies from 3 stores"), err
    asked = server.requests
    code, out, _ = synthkit("generate", *words, "--store", "all.sqlite", "--out", "made.csv")
    assert code == 0 and server.requests == asked
    code, _, err = synthkit("generate", *words, "--shard", "4/3")
    assert code == 1 and "--shard" in err
    code, _, err = synthkit("generate", "my_task", "--llm", "ngram", "--shard", "1/3")
    assert code == 1 and "--shard is for --llm live" in err
    code, _, err = synthkit("generate", *words, "--strategy", "attributed", "--shard", "1/3")
    assert code == 1 and "attributes:" in err


def test_batches_are_asked_from_the_terminal_as_a_live_model_is(synthkit, served, my_task, monkeypatch):
    for name, value in {"QUIET": 0.1, "POLL": 0.02, "_TICK": 0.01}.items():
        monkeypatch.setattr(f"synthkit.llm.batch.{name}", value)
    with BatchServer(writes) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        with pytest.warns(UserWarning, match="within 24 hours"):
            code, out, _ = synthkit("generate", "my_task", "--llm", "batch", "--n", 20, "--max-tokens", 700)
        assert code == 0 and "20 of 20 rows" in out
        assert server.bodies[0]["max_completion_tokens"] == 700
    code, _, err = synthkit("generate", "my_task", "--llm", "batch", "--timeout", 9)
    assert code == 1 and "--timeout is for --llm live; here it is --llm batch" in err
    served()
    code, _, err = synthkit("generate", "my_task", "--llm", "batch")
    assert code == 1 and "has no Batch API" in err and "--llm live" in err and "sk." not in err
