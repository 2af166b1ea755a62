"""Exports of annotation tools: one answer is unwrapped and said, anything else is left out or refused with a reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.errors import SynthkitError
from synthkit.tasks.annotations import flattened
from synthkit.tasks.loading import load_rows

PLAIN = [{"text": "the tea was cold", "label": "menu"}, {"text": "a cat slept on my coat", "label": "animals"}]


def loaded(*cells, key="label", **options):
    return load_rows([{"text": f"remark {i}", key: cell} for i, cell in enumerate(cells)] + PLAIN, **options)


def left_out(result):
    return {r.row: r.value for r in result.repairs if r.what == "left out"}


@pytest.mark.parametrize(
    "cell",
    [
        ["menu"],
        ("menu",),
        '["menu"]',
        "['menu']",
        {"choices": ["menu"]},
        '{"choices": ["menu"]}',
        [{"value": "menu", "status": "submitted"}],
        [{"value": "menu", "status": "submitted"}, {"value": "cats", "status": "draft"}],
        [{"value": "menu"}, {"value": "menu"}],
        {"menu": 1.0, "animals": 0.0},
        {"menu": True, "animals": False},
        [{"label": "menu", "user": 3}],
    ],
)
def test_one_answer_is_taken_out_of_its_wrapping_and_said(cell):
    result = loaded(cell)
    assert result.rows["label"][0] == "menu"
    assert any(r.what.startswith("label taken out of its list or object in 1 row") for r in result.repairs)
    with pytest.raises(SynthkitError, match="label taken out"):
        loaded(cell, strict=True)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (["menu", "animals"], "2 labels: menu, animals"),
        ('{"choices": ["menu", "animals"]}', "2 labels: menu, animals"),
        ([{"value": "menu"}, {"value": "animals"}], "2 labels: menu, animals"),
        ({"colour": "red", "size": "big"}, "an object with colour, size"),
        ([], "remark 0"),
        ({"choices": []}, "remark 0"),
        ({"menu": 0, "animals": 0}, "remark 0"),
        ([{"value": "menu", "status": "draft"}], "remark 0"),
    ],
)
def test_several_answers_or_none_leave_the_row_out_and_listed(cell, value):
    assert left_out(loaded(cell)) == {0: value}


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ([[0, 3, "CAT"], [7, 9, "TEA"]], "row 0: label holds spans.*not for parts of it"),
        ([{"start": 0, "end": 3, "label": "CAT"}], "holds spans"),
        ({"start_offset": 0, "end_offset": 3, "label": "CAT"}, "holds a span"),
        ([0, 0, 1], "numbers, as scores or a row of zeros and ones"),
        ({"menu": 0.8, "animals": 0.2}, "holds scores.*take the highest where it is sure"),
        ([{"label": "menu", "score": 0.8}], "a prediction with its score"),
    ],
)
def test_what_is_no_label_of_a_whole_text_is_refused_with_what_to_do(cell, said):
    with pytest.raises(SynthkitError, match=said):
        loaded(cell)


@pytest.mark.parametrize("text", [["the", "cat"], {"role": "user"}, [{"role": "user", "content": "hi"}]])
def test_a_text_that_is_tokens_or_turns_is_refused(text):
    with pytest.raises(SynthkitError, match="row 0: text holds .* Rows here are whole texts"):
        load_rows([{"text": text, "label": "menu"}, *PLAIN])


@given(st.recursive(st.sampled_from(["menu", "animals", None, 1, 0.5, ""]), lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["value", "choices", "label", "x"]), inner, max_size=2)
)))  # fmt: skip
def test_any_nested_label_gives_rows_or_an_error_with_its_row(cell):
    try:
        result = loaded(cell)
    except SynthkitError as error:
        assert "row 0" in str(error)
        return
    out = left_out(result)
    assert len(result.rows) + len(out) == 3
    assert set(result.rows["label"]) <= {"menu", "animals", "1", "0.5"}


def test_a_reviewers_no_is_no_label_and_a_suggestion_no_answer():
    rows = [
        {"text": "one", "label": "menu", "answer": "accept"},
        {"text": "two", "label": "menu", "answer": "reject"},
        {"text": "three", "label": "animals", "answer": "accept"},
        {"text": "four", "label": "animals", "answer": "ignore"},
    ]
    assert left_out(load_rows(rows)) == {1: "answer: reject", 3: "answer: ignore"}
    drafts = [{**PLAIN[0], "status": "draft"}, *({**p, "status": "submitted"} for p in PLAIN)]
    assert left_out(load_rows(drafts)) == {0: "status: draft"}
    asked = [
        {"text": "one", "mood.responses": ["calm"], "mood.suggestion": "wild", "status": "completed"},
        {"text": "two", "mood.responses": ["wild"], "mood.suggestion": "calm", "status": "completed"},
        {"text": "three", "mood.responses": None, "mood.suggestion": "calm", "status": "pending"},
        {"text": "four", "mood.responses": ["calm", "wild"], "mood.responses.status": ["submitted", "draft"]},
    ]
    result = load_rows(asked)
    assert list(result.rows["label"]) == ["calm", "wild", "calm"]
    assert left_out(result) == {2: "status: pending"}


def test_a_column_of_the_same_name_with_words_of_its_own_is_left_alone():
    rows = [{**PLAIN[0], "status": "pending", "answer": "42"}, {**PLAIN[1], "status": "completed", "answer": "no"}]
    assert left_out(load_rows(rows, strict=True)) == {}


def test_annotators_who_agree_are_one_row_and_who_do_not_are_none():
    rows = [
        {"text": "one", "label": "menu", "annotator": "a"},
        {"text": "one", "label": "Menu", "annotator": "b"},
        {"text": "two", "label": "menu", "annotator": "a"},
        {"text": "two", "label": "animals", "annotator": "b"},
        {"text": "three", "label": "animals", "annotator": "a"},
        {"text": "three", "label": "animals", "annotator": "a"},
    ]
    result = load_rows(rows)
    assert list(result.rows["text"]) == ["one", "three", "three"]
    assert left_out(result) == {
        1: "annotated 2 times",
        2: "annotators disagree: menu, animals",
        3: "annotators disagree: menu, animals",
    }


def test_the_nested_export_of_a_labelling_project_becomes_flat_rows(tmp_path):
    def project(number, *answers):
        results = [[{"from_name": "mood", "value": {"choices": [a]}}] if a else [] for a in answers]
        annotations = [{"completed_by": i, "was_cancelled": not r, "result": r} for i, r in enumerate(results)]
        return {"id": number, "data": {"text": f"remark {number}"}, "annotations": annotations}

    path = tmp_path / "export.json"
    projects = [project(1, "calm"), project(2, "wild", "calm"), project(3, None), project(4, "wild"), project(5)]
    path.write_text(json.dumps(projects), encoding="utf-8")
    result = load_rows(path)
    assert list(zip(result.rows["text"], result.rows["label"], strict=True)) == [
        ("remark 1", "calm"),
        ("remark 4", "wild"),
    ]
    assert set(left_out(result)) == {1, 2, 4}
    assert flattened(PLAIN[0]) == [PLAIN[0]]


def test_a_choice_among_options_is_found_where_its_tool_puts_it():
    rows = [{"text": t, "options": ["calm", "wild"], "accept": [a]} for t, a in [("one", "calm"), ("two", "wild")]]
    assert list(load_rows(rows).rows["label"]) == ["calm", "wild"]
    with pytest.raises(SynthkitError, match="'spans'. is about parts of a text"):
        load_rows([{"text": "one", "spans": []}, {"text": "two", "spans": []}])


def test_nested_records_of_argilla_are_flat_and_drafts_no_answers():
    def record(text, label, status="submitted"):
        answer = [{"value": label, "user_id": "u", "status": status}]
        return {"id": text, "fields": {"text": text}, "responses": {"topic": answer}, "suggestions": {}}

    result = load_rows([record("peas", "menu"), record("a wasp", "animals"), record("soup", "animals", "draft")])
    assert [(r["id"], r["label"]) for r in result.rows] == [("peas", "menu"), ("a wasp", "animals")]
    assert left_out(result) == {2: "soup"}
