"""Personal data that has a pattern is found and replaced; the rest of the text is left alone."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.core.text import tidy
from synthkit.seeds.anonymizer import anonymize, find_personal
from synthkit.tasks.splits import belongs_to
from synthkit.tasks.task import bundled_tasks, load_task


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
    assert repr(result).startswith("Anonymized: 2 spans replaced in 1 of 2 rows; ")
    assert result.counts().to_dict("records") == [{"type": "EMAIL_ADDRESS", "found": 2, "rows": 1, "least_sure": 1.0}]
    assert list(result.to_frame()["id"]) == ["r1", "r1"]
    assert "example.org" not in result._repr_html_()


def test_other_columns_are_left_out_unless_named_and_then_cleaned_and_keep_their_kind():
    from datasets import Dataset, Features, Value

    features = Features(
        {"text": Value("string"), "label": Value("string"), "slot": Value("int64"), "from": Value("string")}
    )
    values = {"text": ["mail a@example.org"], "label": ["x"], "slot": [7], "from": ["b@example.org"]}
    given_rows = Dataset.from_dict(values, features=features)
    result = anonymize(given_rows)
    assert result.rows[0] == {"text": "mail [EMAIL]", "label": "x"}
    assert result.left_out == ("slot", "from") and "columns left out: slot, from;" in repr(result)
    named = anonymize(given_rows, columns=["slot", "from"]).rows
    assert named[0] == {"text": "mail [EMAIL]", "label": "x", "slot": 7, "from": "[EMAIL]"}
    with pytest.raises(SynthkitError, match="slots"):
        anonymize(given_rows, columns=["slots"])
    assert given_rows["text"][0] == "mail a@example.org"


def test_anything_but_rows_is_refused():
    with pytest.raises(SynthkitError, match="expected rows"):
        anonymize(["a@example.org"])


def test_what_was_found_is_never_shown():
    result = anonymize(rows("mail a@example.org"))
    assert "example.org" not in repr(result) + result._repr_html_()


def test_patterns_of_ones_own_are_found_and_those_of_a_task_are_its_seeds(cafe_seeds):
    given_rows = rows("table T-1234 by the window, ask @tearoom")
    patterns = {"TABLE": r"T-\d{4}", "HANDLE": r"@\w+"}
    assert anonymize(given_rows, patterns=patterns).rows["text"][0] == "table [TABLE] by the window, ask [HANDLE]"
    assert anonymize(given_rows).findings == ()
    seeds = replace(cafe_seeds, rows=given_rows, task=replace(cafe_seeds.task, patterns=patterns))
    assert {f.type for f in anonymize(seeds).findings} == set(patterns)
    with pytest.raises(SynthkitError, match="patterns, TABLE: .* is not a regular expression"):
        anonymize(given_rows, patterns={"TABLE": "("})


def test_the_longest_find_wins():
    (found,) = find_personal("mail ann@example.org now", patterns={"SHORT": "ann"})
    assert found.type == "EMAIL_ADDRESS"


def test_a_spacy_model_finds_what_has_neither_cue_nor_lexicon(tmp_path):
    import spacy

    nlp = spacy.blank("en")
    places = [{"label": "GPE", "pattern": "Quorth"}, {"label": "ORG", "pattern": "Umbrel"}]
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Zwyl"}, *places])
    nlp.to_disk(tmp_path / "model")
    text = "the scones of Zwyl are best"
    assert find_personal(text) == []
    (found,) = find_personal(text, ner=str(tmp_path / "model"))
    assert (found.type, text[found.start : found.end], found.how) == ("PERSON", "Zwyl", "ner")
    given_rows = rows("the scones that Umbrel bakes in Quorth")
    belongs_to(given_rows, replace(load_task("feedback"), ner=str(tmp_path / "model"), patterns={}))
    assert anonymize(given_rows).rows["text"][0] == "the scones that [ORGANIZATION] bakes in [LOCATION]"
    with pytest.raises(SynthkitError, match="python -m spacy download en_core_web_none"):
        find_personal(text, ner="en_core_web_none")


@pytest.mark.filterwarnings("ignore:.*W108")
def test_what_a_spacy_model_calls_a_person_is_none_where_its_own_dictionary_has_every_word(tmp_path):
    import spacy
    from spacy.lookups import Lookups

    nlp, tables = spacy.blank("en"), Lookups()
    for name in ("lemma_rules", "lemma_exc"):
        tables.add_table(name, {})
    tables.add_table("lemma_index", {"noun": ["ember", "harbour", "melanie"], "verb": ["glow"]})
    nlp.add_pipe("lemmatizer", config={"mode": "rule"}).initialize(lookups=tables)
    called = ["Embers of the Harbour", "Glowed", "Melanie", "Zwyl Harbour"]
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": some} for some in called])
    nlp.to_disk(tmp_path / "model")

    def people(title):
        text = f"we read {title} on the bus"
        return [text[f.start : f.end] for f in find_personal(text, ner=str(tmp_path / "model"))]

    assert [people(title) for title in called] == [[], [], ["Melanie"], ["Zwyl Harbour"]]


PERSONAL = [
    "Regards,\nOlga Petersen",
    "my name is Olga Petersen",
    "Olga",
    "thanks to Tom",
    "12 Rosemary Lane, Littleton",
    "07700 900462",
    "+1 416 555 0142",
    "a@example.org",
    "4111 1111 1111 1111",
    "GB82 WEST 1234 5698 7654 32",
    "192.0.2.14",
    "https://www.example.com/x",
    "#40718295",
    "@tea_room",
]
pieces = st.lists(
    st.sampled_from([*PERSONAL, "[PERSON]", "called", "Mr", ",", ".", "\n", "Hello"]) | st.text(max_size=8), max_size=9
)
OWN = {"ORDER_NUMBER": r"#\d{8}\b", "HANDLE": r"(?<![\w.])@\w{3,}"}


@given(pieces, st.sampled_from(["placeholder", "surrogate"]))
def test_a_second_pass_changes_nothing(parts, replace_by):
    once = anonymize(rows(tidy(" ".join(parts))), replace_by=replace_by, patterns=OWN, progress=False).rows
    again = anonymize(once, replace_by=replace_by, patterns=OWN, random_state=1, progress=False)
    assert again.findings == ()
    assert again.rows.to_list() == once.to_list()


@given(pieces, st.sampled_from(["placeholder", "surrogate"]))
def test_labels_and_ids_never_change_and_what_stood_outside_the_finds_stays(parts, replace_by):
    given_rows = rows(tidy(" ".join(parts)), "nothing to see")
    result = anonymize(given_rows, replace_by=replace_by, patterns=OWN, progress=False)
    assert list(result.rows["id"]) == list(given_rows["id"])
    assert list(result.rows["label"]) == list(given_rows["label"])
    text, rest, last = given_rows["text"][0], result.rows["text"][0], 0
    for f in result.findings:
        between = text[last : f.start]
        assert between in rest
        rest, last = rest[rest.index(between) + len(between) :], f.end
    assert rest.endswith(text[last:])


def test_a_person_stays_the_same_within_a_run_and_a_first_name_follows():
    texts = ["my name is Olga Petersen", "spoke to Olga Petersen again", "thanks to Olga", "ask for Marek Vold"]
    result = anonymize(rows(*texts), replace_by="surrogate")
    first, second, third, other = result.rows["text"]
    name = first.removeprefix("my name is ")
    assert len(name.split()) == 2
    assert "Olga" not in first
    assert second == f"spoke to {name} again"
    assert third == f"thanks to {name.split()[0]}"
    assert other.removeprefix("ask for ") != name
    assert anonymize(rows(*texts), replace_by="surrogate").rows["text"] == result.rows["text"]


def test_a_stand_in_keeps_the_form_of_an_order_number():
    text = "order FB-318046 and #40718295"
    patterns = {"ORDER": r"FB-\d{6}|#\d{8}"}
    assert anonymize(rows(text), replace_by="surrogate", patterns=patterns).rows["text"][0] == (
        "order FB-000001 and #00000002"
    )


def test_another_way_to_replace_is_refused_by_name():
    with pytest.raises(SynthkitError, match="unknown replace_by 'surogate' - did you mean 'surrogate'"):
        anonymize(rows("x"), replace_by="surogate")


def found_in_feedback():
    task = load_task("feedback")
    lines = (bundled_tasks()["feedback"] / "personal_data.jsonl").read_text(encoding="utf-8").splitlines()
    there = list(map(json.loads, lines))
    found = anonymize(task.splits.train, patterns=task.patterns, progress=False).findings
    return there, found


def overlaps(p, found):
    return any(p["id"] == f.id and f.start < p["end"] and p["start"] < f.end for f in found)


def test_recall_and_precision_on_the_feedback_task_hold():
    there, found = found_in_feedback()
    names = [p for p in there if p["type"] == "PERSON"]
    others = [p for p in there if p["type"] != "PERSON"]
    assert sum(overlaps(p, found) for p in others) / len(others) >= 0.95
    assert sum(overlaps(p, found) for p in names) / len(names) >= 0.85
    false = [f for f in found if not any(overlaps(p, [f]) for p in there)]
    assert len(false) / len(found) <= 0.1


@pytest.mark.parametrize("invisible", ["\u200b", "\u00ad", "\u2060", "\u202e"])
def test_characters_that_nobody_sees_hide_nothing(invisible):
    text = invisible.join(["\N{WAVING HAND SIGN} an", "n@exam", "ple.com met Zor", "bax tod", "ay"])
    found = find_personal(text, patterns={"STAFF": "Zorbax"})
    assert [(f.type, text[f.start : f.end].replace(invisible, "")) for f in found] == [
        ("EMAIL_ADDRESS", "ann@example.com"),
        ("STAFF", "Zorbax"),
    ]


def test_a_name_that_a_cue_gives_away_in_one_row_is_replaced_in_all():
    texts = ["my name is Xarvo Quennel, hello", "why was it late", "the bag of Xarvo Quennel came"]
    done = anonymize(rows(*texts), progress=False)
    assert done.rows["text"][:] == ["my name is [PERSON], hello", texts[1], "the bag of [PERSON] came"]
    assert len(done.findings) == 2
