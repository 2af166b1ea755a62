"""Personal data that has a pattern is found and replaced; the rest of the text is left alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.anonymizer import anonymize, find_personal
from synthkit.errors import SynthkitError
from synthkit.rows import make_rows
from synthkit.task import bundled_tasks, load_task


def rows(*texts):
    return make_rows({"id": [f"r{i}" for i in range(len(texts))], "text": list(texts), "label": ["x"] * len(texts)})


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("write to ann.b@example.com, please", "write to [EMAIL], please"),
        ("card 4111 1111 1111 1111 was charged", "card [CARD] was charged"),
        ("ring me on (416) 555-0142 after five", "ring me on [PHONE] after five"),
        ("it came from 192.0.2.14 at night", "it came from [IP] at night"),
        ("see https://www.example.com/help?id=7 for it", "see [URL] for it"),
        ("pay to GB82 WEST 1234 5698 7654 32 today", "pay to [IBAN] today"),
    ],
)
def test_what_has_a_pattern_gets_a_placeholder(text, clean):
    assert anonymize(rows(text)).rows["text"][0] == clean


@pytest.mark.parametrize(
    "text", ["we open at 9.No dogs", "12 of 45 cats", "order 4111", "ten@noon", "v1.2.3 of the app"]
)
def test_what_only_looks_a_little_like_it_is_left_alone(text):
    assert anonymize(rows(text)).rows["text"][0] == text


@given(
    st.lists(
        st.sampled_from(["call", "07700 900462", "a@example.org", "now", "4111111111111111", "\n", ", "]), max_size=8
    )
)
def test_finds_lie_in_the_text_apart_from_each_other_and_are_gone_after_one_pass(parts):
    text = " ".join(parts)
    found = find_personal(text)
    assert all(0 <= f.start < f.end <= len(text) for f in found)
    assert all(a.end <= b.start for a, b in zip(found, found[1:], strict=False))
    once = anonymize(rows(text)).rows
    again = anonymize(once)
    assert again.findings == ()
    assert again.rows.to_list() == once.to_list()


def test_seeds_stay_seeds_and_say_that_they_are_anonymised(cafe_seeds):
    result = anonymize(cafe_seeds)
    assert not cafe_seeds.anonymized
    assert result.seeds.anonymized
    assert "anonymised" in repr(result.seeds)
    assert list(result.seeds.rows["label"]) == list(cafe_seeds.rows["label"])
    assert anonymize(cafe_seeds.rows).seeds is None


def test_finds_are_listed_without_the_words_that_were_replaced():
    result = anonymize(rows("nothing here", "mail a@example.org or b@example.org"))
    assert repr(result) == "Anonymized: 2 spans replaced in 1 of 2 rows; names are not looked for"
    assert list(result.to_frame()["id"]) == ["r1", "r1"]
    assert "example.org" not in result._repr_html_()


def test_every_column_keeps_its_kind():
    from datasets import Dataset, Features, Value

    features = Features({"text": Value("string"), "label": Value("string"), "slot": Value("int64")})
    given_rows = Dataset.from_dict({"text": ["mail a@example.org"], "label": ["x"], "slot": [7]}, features=features)
    clean = anonymize(given_rows).rows
    assert clean[0] == {"text": "mail [EMAIL]", "label": "x", "slot": 7}
    assert given_rows["text"][0] == "mail a@example.org"


def test_anything_but_rows_is_refused():
    with pytest.raises(SynthkitError, match="expected rows"):
        anonymize(["a@example.org"])


def test_mails_and_cards_of_the_feedback_task_are_all_found():
    task = load_task("feedback")
    texts = dict(zip(task.splits.train["id"], task.splits.train["text"], strict=True))
    lines = (bundled_tasks()["feedback"] / "personal_data.jsonl").read_text(encoding="utf-8").splitlines()
    wanted = [p for p in map(json.loads, lines) if p["type"] in ("EMAIL_ADDRESS", "CREDIT_CARD")]
    assert len(wanted) >= 14
    for p in wanted:
        found = {(f.type, f.start, f.end) for f in find_personal(texts[p["id"]])}
        assert (p["type"], p["start"], p["end"]) in found
