"""Attacks on what is written or shown: every file and every display is searched for the people of the clinic."""

import json
import os
import sqlite3
import stat
import subprocess
import sys

import numpy as np
import pytest
from support.clinic import secrets, write_clinic
from support.listener import Listener
from support.replies import distinct_texts, file_replies
from support.rows import invent

from synthkit.cli import app as cli
from synthkit.cli.notebook import execute
from synthkit.core import embedding, withheld
from synthkit.core.errors import SynthkitError
from synthkit.core.results import table
from synthkit.generation.filters import PersonalData, SeedCopy
from synthkit.generation.generate import generate
from synthkit.llm.recorded import read_jsonl
from synthkit.prompts.plan import plan
from synthkit.quality.evaluate import evaluate
from synthkit.seeds.anonymizer import anonymize
from synthkit.seeds.balance import balance
from synthkit.seeds.checks import check
from synthkit.seeds.seeds import load_seeds
from synthkit.tasks.loading import load_rows, repairs_frame
from synthkit.tasks.task import load_task
from synthkit.views.card import make_card
from synthkit.views.map_explorer import explore_map
from synthkit.views.review import review


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_clinic(tmp_path_factory.mktemp("artefacts") / "dental_desk")


@pytest.fixture(scope="module")
def clinic(folder):
    return load_task(folder)


@pytest.fixture
def terminal(monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["synthkit", *map(str, words)])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        assert code == 0, err
        return out

    return run


def files_of(folder) -> dict[str, str]:
    files = [p for p in folder.rglob("*") if p.is_file()]
    return {str(p.relative_to(folder)): p.read_bytes().decode("utf-8", "replace") for p in files}


def leaks(texts: dict[str, str]) -> dict[str, list[str]]:
    return {name: found for name, text in texts.items() if (found := secrets(text))}


def test_a_run_on_a_sensitive_task_writes_and_prints_nothing_of_its_people(folder, terminal, tmp_path, monkeypatch):
    with Listener() as listener:
        monkeypatch.setenv("OPENAI_BASE_URL", listener.url)
        monkeypatch.setenv("SYNTHKIT_MODEL", "m")
        monkeypatch.setattr("synthkit.views.map.MAP_ROWS", 1000)  # the map holds no text and takes long
        out = terminal("run", folder, "--llm", "live", "--n", 40, "--k", 4, "--out", tmp_path, "--student", "tfidf_lr")
        sent = "".join(listener.sent)
    written = files_of(tmp_path)
    assert {name.rpartition(".")[2] for name in written} >= {"html", "csv", "json"}
    assert sent and leaks({**written, "sent": sent, "terminal": out}) == {}


def test_the_baseline_of_a_sensitive_task_is_fitted_on_anonymised_seeds(folder, terminal, tmp_path):
    out = terminal("generate", folder, "--llm", "ngram", "--n", 20, "--k", 8, "--out", tmp_path / "rows.csv")
    assert leaks({**files_of(tmp_path), "terminal": out}) == {}


CELLS = """# %%
import synthkit as sk
task = sk.load_task({folder!r})
task
# %%
seeds = sk.load_seeds(task, k=4)
seeds
# %%
task.splits
# %%
sk.table(seeds.to_frame(), "seeds")
# %%
sk.check(task, embedder="lsa", progress=False)
# %%
sk.profile(seeds, embedder="lsa")
# %%
safe = sk.anonymize(seeds, progress=False)
safe
# %%
safe.seeds
# %%
plan = sk.plan(task, safe.seeds, strategy="few_shot", n=10)
print(plan.show(0))
plan
# %%
made = sk.generate(task, safe.seeds, n=20, llm="ngram", progress=False)
made
# %%
report = sk.evaluate(made.rows, task.splits.train, seeds=seeds, embedder="lsa", progress=False)
report
# %%
[display(sk.table(report.table(name), name)) for name in report.tables];
"""


def test_a_notebook_on_a_sensitive_task_shows_nothing_of_its_people(folder, tmp_path):
    source = tmp_path / "look.py"
    source.write_text(CELLS.format(folder=str(folder)), encoding="utf-8")
    notebook = execute(source)
    outputs = {str(i): json.dumps(c.get("outputs", ""), ensure_ascii=False) for i, c in enumerate(notebook.cells)}
    assert sum("data" in text or "text" in text for text in outputs.values()) >= 12
    assert leaks(outputs) == {}
    assert any("withheld" in text for text in outputs.values())


@pytest.mark.notebooks
def test_the_lesson_that_a_run_executes_shows_nothing_of_its_people(folder, terminal, tmp_path):
    task = load_task(folder)
    file_replies(plan(task, strategy="zero_shot", n=60).slots, task.recordings, distinct_texts)
    terminal("run", folder, "--strategy", "zero_shot", "--n", 60, "--k", 4, "--out", tmp_path)
    written = files_of(tmp_path)
    assert any(name.endswith(".ipynb") for name in written)
    assert leaks(written) == {}


def test_every_display_of_real_rows_withholds_them(clinic):
    seeds = load_seeds(clinic, k=4)
    shown = {
        "seeds": seeds._repr_html_() + repr(seeds),
        "table": table(clinic.splits.test.to_pandas(), clinic.splits.test["text"][0])._repr_html_(),
        "table in a terminal": repr(table(clinic.splits.test.to_pandas()[["id", "text"]])),
        "checks": check(clinic, embedder="lsa", progress=False)._repr_html_(),
    }
    assert leaks(shown) == {}


def test_a_saved_report_holds_no_real_row(clinic, tmp_path):
    made = clinic.splits.validation
    report = evaluate(made, clinic.splits.train, seeds=load_seeds(clinic, k=8), embedder="lsa", progress=False)
    report.save(tmp_path / "report.html")
    assert leaks({**files_of(tmp_path), "json": report.to_json(), "html": report._repr_html_()}) == {}
    assert report.get("rows with a seed's personal data").synthetic.value == len(made)


def test_the_filter_knows_the_patterns_of_a_sensitive_task_and_the_names_in_its_rows(clinic):
    judge = PersonalData(clinic)
    assert judge.check({"text": "ask OSTRANDER at the desk"}).evidence.startswith("STAFF")
    assert judge.check({"text": "it stands in KXABC12"}).evidence.startswith("FILE")
    assert judge.check({"text": "thank you, dear Mr Pumphrey"}) is not None
    assert judge.check({"text": "thank you, dear Mr Nobodyknows"}) is None


def test_requests_written_out_hold_nothing_of_its_people(folder, terminal, tmp_path):
    for strategy in ("few_shot", "zero_shot"):
        terminal(
            "recordings", "pending", folder, "--strategy", strategy, "--n", 10, "--out", tmp_path / f"{strategy}.jsonl"
        )
    assert len(read_jsonl(tmp_path / "few_shot.jsonl")) >= 2
    assert leaks(files_of(tmp_path)) == {}


def test_a_card_holds_nothing_of_its_people(clinic):
    seeds = anonymize(load_seeds(clinic, k=8), progress=False).seeds
    made = generate(plan(clinic, seeds, strategy="zero_shot", n=20), llm="ngram", progress=False)
    report = evaluate(made.rows, clinic.splits.train, seeds=load_seeds(clinic, k=8), embedder="lsa", progress=False)
    files = make_card(made, report, licence="mit").files()
    texts = {name: data.decode("utf-8", "replace") for name, data in files.items()}
    assert leaks({**texts, "rows": "\n".join(made.rows["text"])}) == {}


def test_anonymising_a_file_drops_other_columns_and_replaces_personal_ids(folder, terminal, tmp_path):
    out = terminal("anonymize", folder / "train.csv", "--out", tmp_path / "clean.csv", "--task", folder)
    assert "columns left out: contact" in out
    assert leaks({**files_of(tmp_path), "terminal": out}) == {}
    assert load_rows(tmp_path / "clean.csv").rows.column_names == ["id", "text", "label"]
    terminal("anonymize", folder / "train.csv", "--out", tmp_path / "with.csv", "--task", folder, "--column", "contact")
    assert leaks(files_of(tmp_path)) == {}
    assert "contact" in load_rows(tmp_path / "with.csv").rows.column_names


@pytest.mark.parametrize(
    "ids", [["ann@example.org", "b@example.org"], ["Dr. Ann Lee", "Mr. Bob Ray"], ["+44 20 7946 0123", "x"]]
)
def test_ids_that_name_somebody_do_not_outlive_anonymising(ids):
    from synthkit.core.rows import make_rows

    clean = anonymize(make_rows({"id": ids, "text": ["one", "two"], "label": ["a", "b"]}))
    assert not set(ids[:1]) & set(clean.rows["id"])
    assert len(set(clean.rows["id"])) == 2


def test_mail_addresses_are_no_ids_from_the_door_on(tmp_path):
    task = load_task(write_clinic(tmp_path / "dental_desk", sensitive=False))
    assert not any(secrets(i) for i in task.splits.test["id"])
    assert any("ids replaced" in r.what for r in task.splits.repairs)


def test_the_rest_of_anonymised_seeds_is_anonymised_too(clinic):
    seeds = load_seeds(clinic, k=4)
    clean = anonymize(seeds, progress=False).seeds
    assert len(clean.rest) == len(seeds.rest) > 0
    assert leaks({"rest": "\n".join(clean.rest["text"])}) == {}


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_files_with_rows_are_their_owners_alone(clinic, folder, terminal, tmp_path):
    seeds = anonymize(load_seeds(clinic, k=8), progress=False).seeds
    made = generate(plan(clinic, seeds, strategy="zero_shot", n=20), llm="ngram", progress=False)
    made.to_csv(tmp_path / "rows.csv")
    make_card(made, licence="mit").save(tmp_path / "card")
    terminal("anonymize", folder / "train.csv", "--out", tmp_path / "clean.csv", "--task", folder)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*") if p.is_file()}
    assert len(modes) >= 5
    assert set(modes.values()) == {0o600}


def test_what_the_package_stands_on_reports_nothing_home():
    code = (
        "import synthkit as sk; sk.load_rows([{'text': 'a b', 'label': 'x'}, {'text': 'c', 'label': 'y'}])\n"
        "from huggingface_hub import constants; print(constants.HF_HUB_DISABLE_TELEMETRY)"
    )
    hidden = {name: value for name, value in os.environ.items() if name not in ("HF_HUB_OFFLINE", "DO_NOT_TRACK")}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=hidden)
    assert ended.stdout.strip() == "True", ended.stderr


def test_the_keys_of_kept_vectors_do_not_tell_whether_a_guessed_text_was_embedded(tmp_path, monkeypatch):
    keys = []

    def batches(texts):
        yield range(len(texts)), np.ones((len(texts), 3), np.float32)

    for name in ("one", "other"):
        monkeypatch.setenv("SYNTHKIT_HOME", str(tmp_path / name))
        embedding._cached("some", ["my neighbour's diagnosis"], batches)
        with sqlite3.connect(tmp_path / name / "vectors.sqlite") as cache:
            keys += cache.execute("SELECT k FROM v").fetchall()
    assert len(keys) == len(set(keys)) == 2
    assert stat.S_IMODE((tmp_path / "one" / "salt").stat().st_mode) == 0o600 or os.name != "posix"


def test_a_file_beside_its_task_is_anonymised_by_the_patterns_of_the_task(folder, terminal, tmp_path):
    terminal("anonymize", folder / "train.csv", "--out", tmp_path / "clean.csv")
    assert leaks(files_of(tmp_path)) == {}


@pytest.mark.parametrize("opened", [False, True])
def test_rows_read_from_a_file_of_a_sensitive_task_are_withheld_whoever_reads_them(folder, monkeypatch, opened):
    for name, nothing in {"_index": {}, "_rows": set(), "_released": set()}.items():
        monkeypatch.setattr(withheld, name, nothing)
    with (folder / "test.csv").open(encoding="utf-8") as file:
        rows = load_rows(file if opened else folder / "test.csv").rows
    assert leaks({"table": table(rows.to_pandas())._repr_html_()}) == {}
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    with pytest.raises(SynthkitError, match="texts to be embedded hold real rows"):
        embedding.embed(rows["text"][:], embedder="openai:small")


def test_what_was_mended_in_a_sensitive_row_is_said_without_its_words(tmp_path):
    folder = write_clinic(tmp_path / "dental_desk")
    with (folder / "train.csv").open("a", encoding="utf-8") as file:
        file.write("x,call quillfeather about the file KXABC12 please,,\n")
    splits = load_task(folder).splits
    assert splits.repairs
    assert leaks({"repairs": repr(splits.repairs), "shown": repairs_frame(splits.repairs).to_string()}) == {}


def test_a_task_whose_files_lie_in_a_folder_of_their_own_is_kept_as_well(tmp_path, monkeypatch, terminal):
    folder = write_clinic(tmp_path / "dental_desk")
    (folder / "data").mkdir()
    lines = [json.dumps(row, ensure_ascii=False) for row in load_task(folder).splits.test.to_list()]
    (folder / "data" / "test.jsonl").write_text("\n".join(lines), encoding="utf-8")
    nothing = {"_index": {}, "_rows": set(), "_released": set(), "_patterns": {}}
    for name, value in nothing.items():
        monkeypatch.setattr(withheld, name, value)
    rows = load_rows(folder / "data" / "test.jsonl").rows
    with Listener() as listener:
        monkeypatch.setenv("OPENAI_BASE_URL", listener.url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        with pytest.raises(SynthkitError, match="real rows of a task marked sensitive"):
            embedding.embed(rows["text"], embedder="openai:small")
        assert listener.sent == []
    clean = tmp_path / "clean.csv"
    terminal("anonymize", folder / "data" / "test.jsonl", "--out", clean)
    assert not secrets(clean.read_text(encoding="utf-8"))
    terminal("init", tmp_path / "other", "--train", folder / "data" / "test.jsonl")
    other = load_task(tmp_path / "other")
    assert other.sensitive and other.patterns == load_task(folder).patterns


def test_an_error_about_a_file_of_a_sensitive_task_quotes_none_of_its_rows(tmp_path):
    folder = write_clinic(tmp_path / "dental_desk")
    rows = "id,text,label\nQuillfeather,Quillfeather KXABC12,\nquillfeather,a molar hurts,pain\n,the gum bleeds,pain\n"
    (folder / "train.csv").write_text(rows, encoding="utf-8")
    for read in (lambda: load_rows(folder / "train.csv"), lambda: load_task(folder).splits):
        with pytest.raises(SynthkitError, match="only one label") as said:
            read()
        assert not secrets(str(said.value))
    more = "ostrander,KXABC12,booking\nostrander,the slot,booking\n"
    (folder / "train.csv").write_text(rows + more, encoding="utf-8")
    told = load_rows(folder / "train.csv")
    assert len(told.repairs) >= 3 and not secrets(repairs_frame(told.repairs).to_string())


def test_a_row_that_is_cut_or_has_hidden_characters_is_withheld_too(clinic):
    text = clinic.splits.test["text"][1]
    hidden = "\N{ZERO WIDTH SPACE}".join(["Quill", "feather has KX", "ABC12"])
    for piece in (text[: len(text) // 2 + 2], text[3:-3], f"Note: {text[:-4]}", hidden):
        assert not secrets(withheld.shown(piece).replace("\N{ZERO WIDTH SPACE}", "")), piece
        with pytest.raises(SynthkitError, match="Anonymise them first"):
            withheld.leave([piece], "texts", "elsewhere")
    assert withheld.shown("the gum bleeds and a molar hurts") == "the gum bleeds and a molar hurts"


def test_names_in_a_column_of_their_own_are_not_shown(folder, tmp_path):
    with (folder / "asked.csv").open("w", encoding="utf-8") as file:
        file.write("text,label,patient,room\n")
        for i, who in enumerate(["Wrzesława Pimpf", "Quon", "Ottmar Zwill"]):
            file.write(f"file KXABC1{i} says noon,{['booking', 'pain'][i % 2]},{who},the blue one\n")
    frame = load_rows(folder / "asked.csv").rows.to_pandas()
    shown = f"{table(frame)} {table(frame)._repr_html_()}"
    assert not any(name in shown for name in ("Pimpf", "Quon", "Zwill", "KXABC"))
    assert "the blue one" in shown


def test_a_label_that_is_a_code_is_not_printed(folder, terminal):
    texts = invent(24, 3)["text"]
    lines = [f"{t},{'KXQQQ17' if i % 4 else 'pain'}" for i, t in enumerate(texts)]
    (folder / "coded.csv").write_text("\n".join(["text,label", *lines, f"{texts[0]},KXQQQ17"]), encoding="utf-8")
    for options in ([], ["--json"]):
        printed = terminal("check", folder / "coded.csv", *options)
        assert "KXQQQ17" not in printed and "[FILE]" in printed


def test_frames_of_real_rows_show_none_of_their_words_in_a_cell(clinic, tmp_path, monkeypatch):
    def places(real, arms, embedder):  # drawing them takes long
        rows = range(len(real))
        return (
            rows,
            np.random.default_rng(0).random((len(rows), 2)),
            {k: np.zeros((len(v), 2)) for k, v in arms.items()},
        )

    monkeypatch.setattr("synthkit.views.map_explorer.map_coordinates", places)
    validation, seeds = clinic.splits.validation, load_seeds(clinic, k=4)
    read = review(validation, file=tmp_path / "ana.jsonl")
    (tmp_path / "ana.jsonl").touch(mode=0o644)
    read.drop(comment=validation["text"][0])
    assert os.name != "posix" or stat.S_IMODE((tmp_path / "ana.jsonl").stat().st_mode) == 0o600
    explored = explore_map(validation, clinic.splits.train, embedder="lsa")
    frames = [read.to_frame(), seeds.to_frame(), explored.holes(30), explored.within((0, 1), (0, 1))]
    assert leaks({str(i): frame._repr_html_() + frame.to_string() for i, frame in enumerate(frames)}) == {}
    assert all(frame["text"].str.startswith("[withheld").any() for frame in frames)


def test_an_embedder_that_fails_on_a_real_row_is_told_of_without_it(clinic):
    train = clinic.splits.train
    with pytest.raises(SynthkitError, match="NaN or infinity, the first for '.withheld: ") as error:
        evaluate(train, train, embedder=lambda texts: np.full((len(texts), 2), np.nan), progress=False)
    assert secrets(str(error.value)) == []


def test_the_evidence_of_a_copied_run_does_not_repeat_it(clinic):
    seeds = load_seeds(clinic, k=4)
    run = " ".join(seeds.rows["text"][0].split()[:9])
    found = SeedCopy(seeds).check(
        {"text": f"well and so I came here yesterday, and {run}, which nobody had told me of"}
    )
    assert "words in a row of seed" in found.evidence and "[withheld" in found.evidence
    assert not any(word in found.evidence for word in run.split() if len(word) > 6)


@pytest.fixture
def clerks(tmp_path):
    """The clinic with a column of three people, none of whom a pattern, a cue or a lexicon knows."""
    folder, people = write_clinic(tmp_path / "clerks"), ["Wendelgard Achterbosch", "Corvinian Dalrymplet", "Ysolt Brzk"]
    for path in folder.glob("*.csv"):
        head, *lines = path.read_text().splitlines()
        body = [f"{line},{people[i % 3]},{('web', 'New Patient')[i % 2]}" for i, line in enumerate(lines)]
        path.write_text("\n".join([f"{head},clerk,channel", *body]) + "\n")
    with (folder / "task.yaml").open("a") as file:
        file.write("channels: [web, New Patient]\n")
    return load_task(folder)


def test_a_column_of_few_whole_names_is_not_shown_and_one_that_the_task_names_is(clerks):
    train = clerks.splits.train
    report = evaluate(train, train, metrics="bias", slices="clerk", embedder="lsa", progress=False)
    told = balance(train, columns=["clerk", "channel"], embedder="lsa")
    shown = (
        f"{report.to_json()}{report._repr_html_()}{report.table('slices').to_string()}{told.cells}{told._repr_html_()}"
    )
    assert not any(name in shown for name in ("Wendelgard", "Achterbosch", "Dalrymplet", "Ysolt", "Brzk"))
    assert "channel: New Patient" in shown and "channel: web" in shown


def test_what_stands_in_the_place_of_a_label_is_not_repeated(clinic, folder):
    path = folder / "slipped.csv"
    path.write_text("text,label\nit hurts again,pain\ncall me,Ottokar Wrzesniewski\nmove it please,booking\n")
    loaded = load_rows(path, labels=clinic.labels)
    told = f"{loaded.repairs}{loaded.to_frame().to_string()}"
    assert len(loaded.rows) == 2 and "unknown label of 2 words in 1 row. Known: booking, pain" in told
    assert "Ottokar" not in told and "Wrzesniewski" not in told
