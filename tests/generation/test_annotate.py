"""Labels by a model: of raw texts, and of generated rows in the place of those asked for; every row accounted for."""

import json
from dataclasses import replace

import pytest
from support.cafe import LABEL_OF, TRAIN, annotator
from support.replies import as_reply, batch_answer

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.generation.annotate import WAS, annotate
from synthkit.generation.generate import generate
from synthkit.generation.label_requests import (
    AGAIN,
    BATCH,
    KNOWN,
    annotate_requests,
    bare_reply,
    label_problem,
    read_labels,
    relabel_requests,
)
from synthkit.llm.budget import Budget
from synthkit.llm.recorded import Recorded, batch_line
from synthkit.llm.request import Reply, Usage
from synthkit.llm.store import Store
from synthkit.prompts.batch import import_batch
from synthkit.prompts.plan import plan
from synthkit.seeds.anonymizer import anonymize
from synthkit.seeds.seeds import load_seeds
from synthkit.tasks.task import load_task


def wrong_label(request):
    """Writes texts of the next label than the one asked for."""
    labels = list(TRAIN)
    return as_reply(TRAIN[labels[(labels.index(request.label) + 1) % 3]][request.slot % 3 :][:5])


@pytest.fixture
def made(cafe, scripted):
    return generate(plan(cafe, strategy="zero_shot", n=30), llm=scripted(wrong_label), filters=[], progress=False)


def test_each_row_gets_the_label_that_the_model_gives_it_and_remembers_the_old_one(made, scripted):
    done = annotate(made, llm=scripted(annotator), progress=False)
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
    done = annotate(made, llm=scripted(annotator), progress=False)
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

    done = annotate(made, llm=scripted(shy), progress=False)
    done.ledger.check()
    assert dict(done.ledger.dropped) == {"label unclear": 2, "not relabelled": 4}
    assert len(done.rows) == 24
    assert dict(done.ledger.faulty) == {"18 labels instead of 20": 1, "8 labels instead of 10": 1}


def test_what_one_reply_lacks_is_taken_from_the_next_one(made, scripted):
    def forgetful(request):
        texts = json.loads(annotator(request))["texts"]
        return json.dumps({"texts": texts[3:] if request.attempt else texts[:-3]})

    source = scripted(forgetful)
    source.attempts = 2
    assert len(annotate(made, llm=source, progress=False).rows) == 30


def test_a_budget_ends_it_and_the_rest_is_dropped(made, scripted):
    done = annotate(made, llm=scripted(annotator), budget=Budget(requests=1), progress=False)
    assert (len(done.rows), done.ledger.not_asked) == (20, 1)
    assert dict(done.ledger.dropped) == {"not relabelled": 10}


def test_a_number_is_no_budget_and_nothing_is_asked(made, cafe, pool, scripted):
    source = scripted(annotator)
    for rows, task in ((made, None), (pool, cafe)):
        with pytest.raises(SynthkitError, match=r"budget=3: expected a budget, as sk.Budget\(requests=20\)"):
            annotate(rows, task, llm=source, budget=3, progress=False)
    assert not source.asked


def test_a_second_run_asks_nothing(made, scripted, tmp_path):
    with Store(tmp_path / "replies.sqlite") as store:
        first = annotate(made, llm=scripted(annotator), store=store, progress=False)
        silent = scripted(lambda request: pytest.fail("asked again"))
        assert annotate(made, llm=silent, store=store, progress=False).rows.to_list() == first.rows.to_list()


def test_answers_that_are_no_labels_are_an_error_or_a_problem(made, cafe, scripted):
    with pytest.raises(SynthkitError, match="none of the 2 requests got a label: 0 labels instead of"):
        annotate(made, llm=scripted(lambda r: as_reply(["a"])), progress=False)
    request = relabel_requests(made)[0]
    assert label_problem(request, Reply("[" * 50_000, "x", Usage(1, 1))) == "0 labels instead of 20"
    with pytest.raises(SynthkitError, match="seeds=str: expected seeds"):
        annotate(cafe.splits.train, cafe, seeds="cafe", llm=scripted(lambda r: ""), progress=False)
    with pytest.raises(SynthkitError, match="unknown llm 'ngram'"):
        annotate(made, llm="ngram")


def test_the_recorded_relabelling_of_boundary_answers_todays_rows():
    task = load_task("clinc150_domains")
    made = generate(plan(task, strategy="boundary", n=40), progress=False)
    done = annotate(made, progress=False)
    assert len(done.rows) + sum(dict(done.ledger.dropped).get(r, 0) for r in ("label unclear", "not relabelled")) == 40


# raw texts


@pytest.fixture
def pool(cafe):
    texts = [text for texts in TRAIN.values() for text in texts]
    return make_rows({"id": [f"mail-{i}" for i in range(len(texts))], "text": texts})


def test_raw_texts_get_the_labels_that_a_model_gives_them_each_under_its_id(cafe, pool, scripted):
    done = annotate(pool, cafe, llm=scripted(annotator), progress=False)
    assert [r["label"] for r in done.rows] == [LABEL_OF[t] for t in pool["text"]]
    assert done.rows["id"] == pool["id"]
    assert done.agreed == (24, 24)
    assert (done.ledger.planned, done.ledger.asked, done.ledger.kept) == (4, 24, 24)


def test_a_text_with_two_labels_an_unclear_one_and_one_without_an_answer_are_left_out_and_said(cafe, pool, scripted):
    def wavering(request):
        items = json.loads(annotator(request))["texts"]
        for item, row_id in zip(items, request.demo_ids, strict=True):
            if row_id == "mail-3" and request.strategy == AGAIN:
                item["label"] = "visits"
            if row_id == "mail-4":
                item["label"] = "unclear"
        return json.dumps({"texts": [i for i, r in zip(items, request.demo_ids, strict=True) if r != "mail-5"]})

    done = annotate(pool, cafe, llm=scripted(wavering), progress=False)
    reasons = dict(zip(done.dropped()["id"], done.dropped()["reason"], strict=True))
    assert reasons == {"mail-3": "two labels", "mail-4": "label unclear", "mail-5": "no label came back"}
    assert done.agreed == (22, 23)
    done.ledger.check()


def test_labels_of_seeds_are_asked_blindly_and_say_how_often_the_model_is_right(cafe, pool, scripted):
    def half_right(request):
        items = json.loads(annotator(request))["texts"]
        if request.strategy == KNOWN:
            items = [{**i, "label": "menu"} for i in items]
        return json.dumps({"texts": items})

    source = scripted(half_right)
    done = annotate(pool, cafe, seeds=load_seeds(cafe, k=3), llm=source, progress=False)
    assert done.right == (3, 9)
    assert "0.33 [0.12, 0.65] of seeds right" in done.summary()
    asked = next(r for r in source.asked if r.strategy == KNOWN).messages[-1]["content"]
    assert '"label"' not in asked.split("<texts>")[1].split("</texts>")[0]


def test_the_first_rows_are_asked_about_in_the_same_requests_however_many_follow(cafe):
    rows = make_rows({"id": [str(i) for i in range(70)], "text": [f"message {i} of many" for i in range(70)]})
    few, all_ = (annotate_requests(rows.select(range(n)), cafe)[0] for n in (40, 70))
    assert [r.prompt_key for r in few] == [r.prompt_key for r in all_[:2]]
    assert [r.count for r in all_] == [20, 20, 20, 10]


def test_long_texts_share_a_request_with_fewer_others(cafe):
    rows = make_rows({"id": [str(i) for i in range(9)], "text": [f"{i} " + "long " * 1800 for i in range(9)]})
    assert [r.count for r in annotate_requests(rows, cafe)[0]] == [4, 4, 1]


@pytest.mark.parametrize(
    "content", ['{"texts": [{"number": 1, "label": "menu", "text": "the soup was cold"}]}', "menu"]
)
def test_a_recording_of_raw_texts_keeps_neither_the_prompt_nor_what_a_reply_echoes(cafe, pool, tmp_path, content):
    request = annotate_requests(pool.select([0]), cafe)[0][0]
    asked, answered = batch_line(request, "any"), batch_answer(request.custom_id, content)
    answered["response"]["body"]["prompt"] = asked
    import_batch([asked], [bare_reply(asked, answered)], tmp_path)
    written = "".join(p.read_text(encoding="utf-8") for p in tmp_path.iterdir())
    assert not any(words in written for words in (pool["text"][0], "soup", "messages"))
    found = Recorded(tmp_path).get(request)
    assert (found and read_labels(request, found)) == ({1: "menu"} if content != "menu" else None)


def test_replies_to_raw_texts_stand_beside_those_to_other_texts_of_the_same_slot(cafe, pool, tmp_path):
    one, other = (annotate_requests(pool.select([i]), cafe)[0][0] for i in (0, 1))
    for request in (one, other):
        reply = batch_answer(request.custom_id, '{"texts": [{"number": 1, "label": "menu"}]}')
        import_batch([batch_line(request, "any")], [reply], tmp_path)
    assert Recorded(tmp_path).get(one) and Recorded(tmp_path).get(other)


def test_a_contested_label_set_unsteady_labels_and_texts_without_one_are_warned_of(cafe, pool, scripted):
    def wilful(request):
        items = json.loads(annotator(request))["texts"]
        if request.strategy == AGAIN:
            items = [{**i, "label": "visits"} for i in items]
        if request.strategy == KNOWN:
            items = [{**i, "label": "menu"} for i in items]
        return json.dumps({"texts": items})

    with pytest.warns(UserWarning) as warned:
        done = annotate(pool, cafe, seeds=load_seeds(cafe, k=3), llm=scripted(wilful), progress=False)
    assert [str(w.message) for w in warned] == list(done.notes)
    assert "6 of 9 seeds another label" in done.notes[0] and "16 of 24 labels change" in done.notes[1]
    with pytest.warns(UserWarning, match="24 texts carry none of the labels"):
        annotate(pool, cafe, seeds=load_seeds(cafe, k=3), llm=scripted(unclear_of_raw), progress=False)


def unclear_of_raw(request):
    items = json.loads(annotator(request))["texts"]
    if request.strategy == KNOWN:
        return json.dumps({"texts": items})
    return json.dumps({"texts": [{**i, "label": "unclear"} for i in items]})


def test_texts_of_a_sensitive_task_are_anonymised_before_a_model_sees_them_and_come_back_whole(cafe, scripted):
    task = replace(cafe, sensitive=True, patterns={"PASS": r"CAT-\d{4}"})
    texts = ["my pass CAT-1234 did not open the door", "write to jo.lane@example.com about the soup"]
    source = scripted(lambda r: json.dumps({"texts": [{"number": n, "label": "menu"} for n in (1, 2)]}))
    with pytest.warns(UserWarning, match="anonymised before a model saw them"):
        done = annotate(make_rows({"id": ["a", "b"], "text": texts}), task, llm=source, progress=False)
    asked = "".join(m["content"] for r in source.asked for m in r.messages)
    assert "[PASS]" in asked and "CAT-1234" not in asked and "jo.lane" not in asked
    assert done.rows["text"] == texts


def test_a_label_called_unclear_is_a_label(cafe):
    task = replace(cafe, labels={**cafe.labels, "unclear": "nobody can say what it is about"})
    request = annotate_requests(make_rows({"id": ["a"], "text": ["hm"]}), task)[0][0]
    allowed = request.schema["properties"]["texts"]["items"]["properties"]["label"]["enum"]
    assert len(set(allowed)) == len(allowed) == 5


def test_a_text_that_is_too_long_to_be_shown_whole_is_said(cafe, pool, scripted):
    long = make_rows({"id": ["a", "b"], "text": ["soup " * 2001, pool["text"][0]]})
    source = scripted(lambda request: '{"texts": [{"number": 1, "label": "menu"}, {"number": 2, "label": "menu"}]}')
    with pytest.warns(UserWarning, match="1 of 2 texts are longer than 10,000 characters; scripted saw no more"):
        annotate(long, cafe, llm=source, progress=False)
    assert max(len(m["content"]) for m in source.asked[0].messages) < 12_000


def test_what_cannot_be_labelled_is_said(cafe, pool):
    for message, rows, task in [
        ("task=NoneType: expected a task", pool, None),
        ("rows=: expected rows", ["a text"], cafe),
        ("holds no text", pool.select([]), cafe),
        ("has an id twice", make_rows({"id": ["a", "a"], "text": ["one", "two"]}), cafe),
        (r"sk.load_rows\(..., labelled=False\) makes rows", pool.to_pandas(), cafe),
        ("no text in 2 of 3 rows, the first is row 1", make_rows({"text": ["one", None, " "]}), cafe),
        ("no recorded labels of these texts", pool, cafe),
    ]:
        with pytest.raises(SynthkitError, match=message):
            annotate(rows, task, progress=False)
    for twice in (-1, 0.5, True):
        with pytest.raises(SynthkitError, match="whole number, 0 or more"):
            annotate(pool, cafe, twice=twice, progress=False)


def test_a_label_in_another_spelling_is_the_label_and_another_word_is_none(cafe, pool, scripted):
    task = replace(cafe, labels={"house_cats": "the cats", "menu": "food and drink", "visits": "coming and going"})
    said = {1: "House Cats", 2: "MENU", 3: "house-cats", 4: "menus"}
    answer = json.dumps({"texts": [{"number": n, "label": label} for n, label in said.items()]})
    request = annotate_requests(pool.select(range(4)), task)[0][0]
    assert read_labels(request, Reply(answer, "x", Usage(1, 1))) == {1: "house_cats", 2: "menu", 3: "house_cats"}


def test_raw_texts_with_personal_data_are_shown_as_they_are_and_that_is_said_first(cafe, scripted):
    rows = make_rows({"id": ["a", "b"], "text": ["the soup was cold", "mail jo.lane@example.com about cold tea"]})
    source = scripted(lambda r: json.dumps({"texts": [{"number": n, "label": "menu"} for n in (1, 2)]}))
    with pytest.warns(UserWarning, match=r"1 texts hold what looks personal \(1 EMAIL_ADDRESS\)"):
        annotate(rows, cafe, llm=source, progress=False)
    assert "jo.lane@example.com" in source.asked[0].messages[-1]["content"]
    plain = anonymize(rows, progress=False).rows
    assert plain.column_names == ["id", "text"] and "[EMAIL]" in plain["text"][1]
