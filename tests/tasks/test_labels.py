"""Labels: one spelling each, none that is a score, and every label that cannot be used is told with its rows."""

import pytest

from synthkit.core.errors import SynthkitError
from synthkit.tasks.labels import label_notes, unknown_labels, visible
from synthkit.tasks.loading import load_rows


def rows(*labels):
    return [{"text": f"remark number {i}", "label": name} for i, name in enumerate(labels)]


def test_invisible_characters_make_no_label_of_their_own():
    result = load_rows(rows("menu\u200b", "menu", "\ufeffmenu", "me\u00adnu", "cats\u00a0", "\u2060cats", "cats"))
    assert set(result.rows["label"]) == {"menu", "cats"}
    assert any(r.what.startswith("invisible characters removed in 4 rows") for r in result.repairs)


def test_joiners_inside_of_a_label_belong_to_it():
    assert visible("👨\u200d👩\u200d👧") == "👨\u200d👩\u200d👧"
    assert visible("می\u200cخواهم\u200b") == "می\u200cخواهم"


@pytest.mark.parametrize(
    "labels",
    [
        [i / 37 for i in range(40)],
        [f"{(i * 7919) % 1000}" for i in range(40)],
        [-1.5 + i / 10 for i in range(30)],
        [f"{i}e-3" for i in range(30)],
    ],
)
def test_a_score_is_no_label(labels):
    with pytest.raises(SynthkitError, match="looks like a score: .* Cut it into bins"):
        load_rows(rows(*labels))


@pytest.mark.parametrize(
    "labels",
    [[i % 5 / 2 for i in range(30)], [i % 30 for i in range(90)], [str(i) for i in range(5)], ["4.5", "5", "x"] * 9],
)
def test_a_few_numbers_are_labels(labels):
    assert len(load_rows(rows(*labels)).rows) == len(labels)


def test_whole_numbers_that_a_hole_made_decimal_are_whole_again():
    result = load_rows(rows("1.0", "0.0", "", "1.0"))
    assert list(result.rows["label"]) == ["1", "0", "1"]
    assert list(load_rows(rows("1.0", "0.0"), labels=["1.0", "0.0"]).rows["label"]) == ["1.0", "0.0"]


def test_labels_can_be_translated():
    result = load_rows(rows("0", "1", "2"), names={"0": "menu", "1": "cats"}, labels=["menu", "cats"])
    assert list(result.rows["label"]) == ["menu", "cats"]
    assert "unknown label '2' in 1 row" in result.repairs[0].fix


def test_a_missing_value_that_became_text_is_said_and_kept():
    result = load_rows(rows("menu", "nan", "cats", "nan"))
    assert list(result.rows["label"]) == ["menu", "nan", "cats", "nan"]
    assert [(r.what, r.value) for r in result.repairs] == [
        ("a label that looks like a missing value, in 2 rows", "nan")
    ]


@pytest.mark.parametrize(
    ("name", "near"),
    [("Refunds.", "refunds"), ("refnds", "refunds"), ("delivery!", "delivery"), ("DELIVERYS", "delivery")],
)
def test_a_misspelt_label_is_told_with_its_rows_and_the_nearest_name(name, near):
    told = unknown_labels({name: 12, "refunds": 3}, ["refunds", "delivery"])
    assert list(told) == [name]
    assert f"unknown label {name!r} in 12 rows - did you mean {near!r}?" in told[name]


def test_a_label_nothing_like_the_others_gets_the_list_alone():
    (told,) = unknown_labels({"zzz": 1}, ["refunds", "delivery"]).values()
    assert told == "unknown label 'zzz' in 1 row. Known: refunds, delivery"


def test_labels_without_rows_or_with_one_are_told():
    assert label_notes(["a", "a", "b"], ["a", "a"], ["a", "b", "c"]) == (
        "no rows in train: label 'c' (no seeds, nothing real to train on)",
        "one row in train: label 'b' (too few for seeds and for a check of the label)",
        "no rows in test: labels 'b', 'c' (how well it is told apart is not measured)",
    )
    assert label_notes(["a", "b"] * 2, ["a", "b"], ["a", "b"]) == ()
    many = [f"l{i}" for i in range(9)]
    assert label_notes(many * 2, [], many)[0].startswith(
        "no rows in test: labels 'l0', 'l1', 'l2', 'l3', 'l4' and 4 more"
    )


@pytest.mark.parametrize("mark", [", ", ";", " | "])
def test_labels_that_a_form_joined_are_left_out_and_listed(mark):
    result = load_rows(rows("menu", "animals", f"Menu{mark}animals", "menu", "soup, cold"))
    assert set(result.rows["label"]) == {"menu", "animals", "soup, cold"}
    assert [(r.row, r.value) for r in result.repairs if r.what == "left out"] == [
        (2, f"2 labels: Menu{mark}animals"),
    ]


def test_a_known_label_that_names_two_others_stays_one():
    result = load_rows(rows("menu", "animals", "menu, animals"), labels=["menu", "animals", "menu, animals"])
    assert len(result.rows) == 3


@pytest.mark.parametrize(("ways", "want"), [(["1,0", "2,0"], {"1", "2"}), (["1", "2.0", "1.00"], {"1", "2"})])
def test_whole_numbers_are_one_label_however_they_are_written(ways, want):
    assert set(load_rows(rows(*ways * 3)).rows["label"]) == want


def test_a_score_with_a_decimal_comma_is_no_label():
    with pytest.raises(SynthkitError, match="looks like a score"):
        load_rows(rows(*(f"0,{i:02d}5" for i in range(30))))


def test_how_an_emoji_is_drawn_makes_no_label():
    result = load_rows(rows("\u2764\ufe0f", "\u2764", "\u2764\ufe0f", "👎", "👎🏽"))
    assert set(result.rows["label"]) == {"\u2764\ufe0f", "👎", "👎🏽"}


def test_a_label_of_its_own_in_every_row_is_said_and_refused_when_strict():
    dates = rows(*(f"2024-05-{i:02d}" for i in range(1, 10)))
    assert any(r.what == "every row has a label of its own" for r in load_rows(dates).repairs)
    with pytest.raises(SynthkitError, match="Is it an id, a date, or the text"):
        load_rows(dates, strict=True)
