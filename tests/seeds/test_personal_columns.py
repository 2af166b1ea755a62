"""What stands in a column that is named after people, phones or papers goes, and is known in the row's text."""

import pytest
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st

from synthkit.seeds.anonymizer import anonymize
from synthkit.seeds.personal_columns import column_kind, known_of_rows

TABLE = {
    "text": [
        "Wrzesława Pimpf wants the blue lamp",
        "nobody but wrzesława pimpf has the key, or 555 0134",
        "when Tirzo came the lamp was gone",
        "客户欧小米来电了",
    ],
    "label": ["a", "b", "a", "b"],
    "client": ["Wrzesława Pimpf", "", "Quon, Tirzo", "欧小米"],
    "Mobile": [None, 5550134, None, None],
    "lamp": ["blue", "red", "Tirzo's", "red"],
}


def clean(**options):
    return anonymize(Dataset.from_dict(TABLE), columns=["client", "Mobile", "lamp"], progress=False, **options)


def test_a_name_that_no_lexicon_has_goes_from_its_column_and_from_all_texts():
    done = clean().rows
    assert done["client"] == ["[PERSON]", "", "[PERSON]", "[PERSON]"]
    assert done["Mobile"] == [None, "[PHONE]", None, None]
    assert done["lamp"] == ["blue", "red", "[PERSON]'s", "red"]
    assert "columns replaced whole: client, Mobile;" in repr(clean())
    assert list(done["text"]) == [
        "[PERSON] wants the blue lamp",
        "nobody but [PERSON] has the key, or [PHONE]",
        "when [PERSON] came the lamp was gone",
        "客户[PERSON]来电了",
    ]


def test_names_of_a_column_that_is_left_out_are_known_all_the_same():
    done = anonymize(Dataset.from_dict(TABLE), progress=False)
    assert "client" in done.left_out and list(done.rows["text"]) == list(clean().rows["text"])


@pytest.mark.parametrize("way", ["placeholder", "surrogate"])
def test_a_second_pass_changes_nothing(way):
    once = clean(replace_by=way).rows
    again = anonymize(once, columns=["client", "Mobile", "lamp"], replace_by=way, progress=False)
    assert again.rows.to_dict() == once.to_dict() and not again.findings


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Full Name", "PERSON"),
        ("customerName", "PERSON"),
        ("name_of_patient", "PERSON"),
        ("client e-mail", "EMAIL_ADDRESS"),
        ("date_of_birth", "DATE_OF_BIRTH"),
        ("home address", "ADDRESS"),
        ("mother's maiden name", "PERSON"),
        ("Account Manager", "PERSON"),
        ("product_name", None),
        ("client_type", None),
        ("number", None),
        ("channel", None),
    ],
)
def test_a_column_is_personal_by_all_the_words_of_its_name(name, kind):
    assert column_kind(name) == kind


def test_ordinary_words_and_codes_in_such_a_column_are_looked_for_nowhere():
    rows = {"agent": ["the shop", "web", "[PERSON]", None, 7], "phone": ["", None, "[PHONE]", " ", "08081 570001"]}
    assert known_of_rows(Dataset.from_dict({k: [v and str(v) for v in vs] for k, vs in rows.items()}),
                         {"agent": "PERSON", "phone": "PHONE_NUMBER"}) == [{}] * 5  # fmt: skip


@given(st.text(max_size=20))
def test_whatever_stands_in_a_name_column_can_be_looked_for(name):
    anonymize(Dataset.from_dict({"text": [f"so {name} said"], "label": ["a"], "client": [name]}), progress=False)
