"""Relabelling: the model's label instead of the one asked for, every row accounted for."""

import json
import re

import pytest
from support.cafe import TRAIN
from support.replies import as_reply

from synthkit.core.errors import SynthkitError
from synthkit.generation.annotate import BATCH, WAS, label_problem, relabel, relabel_requests
from synthkit.generation.generate import generate
from synthkit.llm.budget import Budget
from synthkit.llm.request import Reply, Usage
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan
from synthkit.tasks.task import load_task

LABEL_OF = {t: label for label, texts in TRAIN.items() for t in texts}


def wrong_label(request):
    """Writes texts of the next label than the one asked for."""
    labels = list(TRAIN)
    return as_reply(TRAIN[labels[(labels.index(request.label) + 1) % 3]][request.slot % 3 :][:5])


def annotator(request):
    """Reads the texts in the prompt and gives each its true label."""
    lines = re.findall(r'^{"number".*}$', request.messages[-1]["content"], flags=re.M)
    asked = [json.loads(line) for line in lines]
    return json.dumps({"texts": [{"number": a["number"], "label": LABEL_OF[a["text"]]} for a in asked]})


@pytest.fixture
def made(cafe, scripted):
    return generate(plan(cafe, n=30), llm=scripted(wrong_label), filters=[], progress=False)


def test_each_row_gets_the_label_that_the_model_gives_it_and_remembers_the_old_one(made, scripted):
    done = relabel(made, llm=scripted(annotator), progress=False)
    assert [r["label"] for r in done.rows] == [LABEL_OF[r["text"]] for r in done.rows]
    assert [json.loads(r["attributes"])[WAS] for r in done.rows] == made.rows["label"]
    assert made.rows["label"] != done.rows["label"]


def test_the_requests_hide_the_label_mix_the_order_and_fence_the_texts(made):
    requests = relabel_requests(made)
    assert [r.count for r in requests] == [BATCH, 10]
    ids = [i for r in requests for i in r.demo_ids]
    assert sorted(ids) == sorted(made.rows["id"]) and ids != list(made.rows["id"])
    said = requests[0].messages[-1]["content"]
    assert said.count("<texts>") == said.count("</texts>") == 1
    assert requests[0].strategy == "relabel_zero_shot"


def test_the_ledger_counts_both_the_writing_and_the_labelling(made, scripted):
    done = relabel(made, llm=scripted(annotator), progress=False)
    done.ledger.check()
    assert (made.ledger.answered, done.ledger.answered) == (6, 8)
    assert done.ledger.tokens_in == made.ledger.tokens_in + 20
    assert done.ledger.asked == made.ledger.asked


def test_unclear_rows_and_rows_without_an_answer_are_dropped_and_said_to_be(made, scripted):
    def shy(request):
        said = json.loads(annotator(request))["texts"]
        said[0]["label"] = "unclear"
        said[1]["label"] = "no such label"
        return json.dumps({"texts": said[:-1]})

    done = relabel(made, llm=scripted(shy), progress=False)
    done.ledger.check()
    assert dict(done.ledger.dropped) == {"label unclear": 2, "not relabelled": 4}
    assert len(done.rows) == 24
    assert dict(done.ledger.faulty) == {"18 labels instead of 20": 1, "8 labels instead of 10": 1}


def test_a_budget_ends_it_and_the_rest_is_dropped(made, scripted):
    done = relabel(made, llm=scripted(annotator), budget=Budget(requests=1), progress=False)
    assert (len(done.rows), done.ledger.not_asked) == (20, 1)
    assert dict(done.ledger.dropped) == {"not relabelled": 10}


def test_a_second_run_asks_nothing(made, scripted, tmp_path):
    with Store(tmp_path / "replies.sqlite") as store:
        first = relabel(made, llm=scripted(annotator), store=store, progress=False)
        silent = scripted(lambda request: pytest.fail("asked again"))
        assert relabel(made, llm=silent, store=store, progress=False).rows.to_list() == first.rows.to_list()


def test_answers_that_are_no_labels_are_an_error_or_a_problem(made, scripted):
    with pytest.raises(SynthkitError, match="none of the 2 requests got a label: 0 labels instead of"):
        relabel(made, llm=scripted(lambda r: as_reply(["a"])), progress=False)
    request = relabel_requests(made)[0]
    assert label_problem(request, Reply("[" * 50_000, "x", Usage(1, 1))) == "0 labels instead of 20"
    with pytest.raises(SynthkitError, match="unknown llm 'ngram'"):
        relabel(made, llm="ngram")


def test_the_recorded_relabelling_of_boundary_answers_todays_rows():
    task = load_task("clinc150_domains")
    made = generate(plan(task, strategy="boundary", n=40), progress=False)
    done = relabel(made, progress=False)
    assert len(done.rows) + sum(dict(done.ledger.dropped).get(r, 0) for r in ("label unclear", "not relabelled")) == 40
