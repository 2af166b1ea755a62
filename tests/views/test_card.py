"""The card travels with its rows, tells what is known of them, quotes no real row, and reaches a Hub."""

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml
from support.replies import as_reply, distinct_texts
from support.rows import invent

from synthkit.core.errors import SynthkitError
from synthkit.generation.generate import generate
from synthkit.generation.private_selection import private_select
from synthkit.prompts.plan import plan
from synthkit.quality.evaluate import evaluate
from synthkit.views.card import Card, make_card
from synthkit.views.card_text import plain


@pytest.fixture(scope="module")
def report():
    return evaluate(invent(60, 2), invent(120, 1), seeds=invent(20, 3), holdout=invent(60, 4), embedder="lsa")


@pytest.fixture
def made(cafe, scripted):
    return generate(plan(cafe, strategy="zero_shot", n=10), llm=scripted(distinct_texts), progress=False)


def test_a_card_says_who_wrote_what_for_what_and_how_good_it_is(made, report):
    text = make_card(made, report, licence="cc-by-4.0").text
    top = yaml.safe_load(text.split("---\n")[1])
    assert (top["license"], top["tags"][0], top["size_categories"]) == ("cc-by-4.0", "synthetic", ["n<1K"])
    for words in (
        "`scripted`, not by people",
        "| strategy | zero_shot |",
        "request_key",
        "C2ST accuracy",
        "and limits",
    ):
        assert words in text
    for note in report.notes:
        assert note.split(":")[0] in text
    assert "Not measured." in make_card(made, licence="mit").text


def test_a_card_says_what_became_of_the_seeds_which_filters_ran_and_that_nothing_is_proven(cafe, cafe_seeds, scripted):
    shown = plan(cafe, cafe_seeds, strategy="few_shot", n=10)
    text = make_card(generate(shown, llm=scripted(distinct_texts), progress=False), licence="mit").text
    for words in ("9 rows, anonymised before", "label leaked, personal data,", "**no differential privacy**"):
        assert words in text
    assert yaml.safe_load(text.split("---\n")[1])["source_datasets"] == ["extended|other"]
    raw = plan(cafe, cafe_seeds, strategy="few_shot", n=10, anonymize=False)
    made = generate(raw, llm=scripted(distinct_texts), filters=[], progress=False)
    text = make_card(made, licence="mit").text
    assert "9 rows as they are, not anonymised" in text and "No filter ran." in text


def test_a_card_of_rows_chosen_by_private_votes_states_what_it_cost(made):
    private = invent(400, 5, words={label: ["tea", "cat", "door"] for label in set(made.rows["label"])})
    chosen = private_select(made.rows, private, epsilon=4, n=4, random_state=0)
    card = make_card(made, selection=chosen, licence="mit")
    assert len(card.rows) == 4
    assert "decided under differential privacy, how they were written was not" in card.text
    assert plain(chosen.summary()) in card.text and "no differential privacy" not in card.text
    assert "the label that was asked for" in card.text
    anew = private_select(made.rows, private, epsilon=4, n=4, relabel=True, random_state=0)
    assert "the label that private rows gave it" in make_card(made, selection=anew, licence="mit").text


def test_a_card_counts_what_the_detector_finds_in_the_rows(cafe, scripted):
    def script(request):
        return as_reply(["write to tom@example.org", *(f"the tea was {w}" for w in ("hot", "cold", "sweet", "black"))])

    made = generate(plan(cafe, strategy="zero_shot", n=5), llm=scripted(script), filters=[], progress=False)
    assert "the detector finds 1 EMAIL_ADDRESS;" in make_card(made, licence="mit").text


def test_the_card_carries_the_fields_of_the_hub(made):
    top = yaml.safe_load(make_card(made, licence="mit").text.split("---\n")[1])
    assert top["annotations_creators"] == top["language_creators"] == ["machine-generated"]
    assert (top["source_datasets"], top["task_ids"]) == (["original"], ["multi-class-classification"])


def test_the_croissant_file_is_valid_gives_the_rows_and_has_the_fields_for_responsible_ai(made, report, tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant")
    card = make_card(made, report, licence="cc-by-4.0")
    card.save(tmp_path)
    described = mlcroissant.Dataset(str(tmp_path / "croissant.json"))
    assert not described.metadata.issues.errors
    texts = [record["rows/text"].decode() for record in described.records("rows")]
    assert texts == card.rows["text"][:]
    for name in ("data_limitations", "personal_sensitive_information", "data_biases", "data_use_cases"):
        assert getattr(described.metadata, name)


def test_no_real_row_gets_into_a_card(made, report):
    files = b"".join(make_card(made, report, licence="mit").files().values())
    assert not any(t.encode() in files for t in invent(120, 1)["text"])


def test_an_ngram_model_is_called_no_language_model(cafe, cafe_seeds):
    made = generate(plan(cafe, cafe_seeds, strategy="zero_shot", n=4), llm="ngram", filters=[], progress=False)
    card = make_card(made, licence="mit")
    assert "**no language model**" in card.text
    assert "A language model repeats" not in card.text


def test_a_card_that_is_saved_and_loaded_is_the_same(made, report, tmp_path):
    card = make_card(made, report, licence="cc-by-4.0")
    again = Card.load(card.save(tmp_path / "folder"))
    assert again.facts == card.facts
    assert again.rows.to_list() == card.rows.to_list()
    assert again.rows.features == card.rows.features
    assert (again.text, again.files()) == (card.text, card.files())
    from datasets import load_dataset

    split = load_dataset(str(tmp_path / "folder"), split="train", cache_dir=str(tmp_path / "cache"))
    assert split["text"][:] == card.rows["text"][:]


def test_hostile_words_do_not_break_the_tables(cafe, scripted):
    evil = "a | b <script>\n---\n# c"
    task = replace(cafe, title=evil, labels=dict.fromkeys(cafe.labels, evil))
    script = scripted(lambda r: as_reply([f"{evil} {i}" for i in range(5)]))
    made = generate(plan(task, strategy="zero_shot", n=5), llm=script, filters=[], progress=False)
    text = make_card(made, licence=evil, intended_use=evil).text
    body = text.partition("\n---\n")[2]
    assert "<script>" not in body and "\n# c" not in body
    rows = [line for line in body.splitlines() if line.startswith("| animals")]
    assert rows[0].replace("\\|", "").count("|") == 4
    assert yaml.safe_load(text.partition("\n---\n")[0])["license"] == " ".join(evil.split())


def test_what_is_no_card_is_said_to_be_none(tmp_path, made):
    with pytest.raises(SynthkitError, match=r"holds no data/train.parquet: expected a folder that card.save"):
        Card.load(tmp_path)
    make_card(made, licence="mit").save(tmp_path)
    (tmp_path / "synthkit.json").write_text("{")
    with pytest.raises(SynthkitError, match="cannot be read as a card"):
        Card.load(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(SynthkitError, match="cannot write to"):
        make_card(made, licence="mit").save(tmp_path / "file")


def test_a_card_reads_as_a_line_and_a_table(made):
    card = make_card(made, licence="mit")
    assert repr(card) == "Card: 10 rows for 'cat_cafe' by scripted, 0 quality lines, licence mit"
    assert dict(card.to_frame().itertuples(index=False))["strategy"] == "zero_shot"


class Hub(BaseHTTPRequestHandler):
    """As much of the Hub as one commit needs; keeps what it was sent."""

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.path, self.headers.get("Authorization"), body))
        base = f"http://127.0.0.1:{self.server.server_port}"
        if self.server.refuse:
            return self.answer(401, {"error": "Invalid credentials"})
        if self.path.endswith("/repos/create"):
            return self.answer(200, {"url": f"{base}/datasets/me/cafe", "id": "me/cafe", "name": "me/cafe"})
        if "/preupload/" in self.path:
            files = [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                     for f in json.loads(body)["files"]]  # fmt: skip
            return self.answer(200, {"files": files})
        if "/commit/" in self.path:
            url = f"{base}/datasets/me/cafe/commit/abc"
            return self.answer(200, {"success": True, "commitUrl": url, "commitOid": "abc", "hookOutput": ""})
        return self.answer(200, {"errors": [], "warnings": []})

    def answer(self, status, said):
        data = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def hub(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.seen, server.refuse = [], False
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_push_sends_every_file_in_one_commit_to_a_private_repository(made, report, hub):
    import base64

    card = make_card(made, report, licence="mit")
    address = card.push_to_hub("me/cafe", token="hf_secret", endpoint=f"http://127.0.0.1:{hub.server_port}")
    assert address.endswith("/datasets/me/cafe")
    created = next(json.loads(body) for path, _, body in hub.seen if path.endswith("/repos/create"))
    assert (created["type"], created.get("private", created.get("visibility") == "private")) == ("dataset", True)
    (commit,) = [body for path, _, body in hub.seen if "/commit/" in path]
    lines = [json.loads(line)["value"] for line in commit.splitlines() if json.loads(line)["key"] == "file"]
    assert {f["path"]: base64.b64decode(f["content"]) for f in lines} == card.files()
    assert b"hf_secret" not in b"".join(card.files().values())


def test_a_push_that_is_refused_is_one_line_with_the_way_out(made, hub):
    hub.refuse = True
    with pytest.raises(SynthkitError, match="could not push to 'me/cafe'.*hf auth login") as said:
        make_card(made, licence="mit").push_to_hub("me/cafe", endpoint=f"http://127.0.0.1:{hub.server_port}")
    assert "\n" not in str(said.value)


def test_nothing_has_no_card(made):
    with pytest.raises(SynthkitError, match="no row to write a card for"):
        make_card(replace(made, rows=made.rows.select([])), licence="mit")
