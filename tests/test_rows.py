"""Rows come out of a CSV as they went in."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.errors import SynthkitError
from synthkit.rows import load_rows, make_rows, need_columns, split_off
from synthkit.text import tidy

cell = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)
texts = cell.map(tidy).filter(bool)


@given(st.lists(st.tuples(texts, st.sampled_from(["yes", "no", "NA", "12"]), cell), min_size=2, max_size=8))
def test_any_table_of_texts_comes_back_as_it_was(tmp_path_factory, table):
    table = [*table, ("one more", "other", "x"), ("and another", "yes", "")]
    ids = [f"{i:04d}" for i in range(len(table))]
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("id", "text", "label", "extra"), *((i, *r) for i, r in zip(ids, table, strict=True))]
        )
    rows = load_rows(path)
    assert list(rows["id"]) == ids
    assert list(zip(rows["text"], rows["label"], rows["extra"], strict=True)) == table


def test_nothing_is_taken_for_a_number_or_a_missing_value(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,text,label,note\n0004,NA,1,\n1e3,null,01,nan\n", encoding="utf-8")
    rows = load_rows(path)
    assert rows.to_list() == [
        {"id": "0004", "text": "NA", "label": "1", "note": ""},
        {"id": "1e3", "text": "null", "label": "01", "note": "nan"},
    ]
    assert {f.dtype for f in rows.features.values()} == {"string"}


def test_a_byte_order_mark_and_old_line_ends_are_put_up_with(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes('\ufefftext,label\r\n"two\r\nlines",x\r\nfine,y\r\n'.encode())
    rows = load_rows(path, prefix="mine")
    assert list(rows["text"]) == ["two\nlines", "fine"]
    assert list(rows["id"]) == ["mine-0", "mine-1"]


def test_a_column_named_twice_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("text,label,text\na,b,c\n", encoding="utf-8")
    with pytest.raises(SynthkitError, match="a column name stands twice in: text, label, text"):
        load_rows(tmp_path / "a.csv")


def test_anything_but_rows_is_refused_by_name():
    with pytest.raises(SynthkitError, match="test=: expected rows .* got list"):
        need_columns("test=", [{"text": "a"}])
    with pytest.raises(SynthkitError, match="no column 'label'; columns are: text"):
        need_columns("test=", make_rows({"text": ["a"]}))


def test_a_share_is_split_off_label_by_label():
    rows = make_rows({"text": [f"t{i}" for i in range(30)], "label": ["a"] * 20 + ["b"] * 10})
    rest, part = split_off(rows, 0.2)
    assert (list(part["label"]).count("a"), list(part["label"]).count("b")) == (4, 2)
    assert sorted([*rest["text"], *part["text"]]) == sorted(rows["text"])
    assert list(split_off(rows, 0.2)[1]["text"]) == list(part["text"])
    assert list(split_off(rows, 0.2, random_state=1)[1]["text"]) != list(part["text"])


@pytest.mark.parametrize("mark, named", [(";", "semicolons"), ("\t", "tabs")])
def test_a_table_that_is_not_separated_by_commas_is_said(tmp_path, mark, named):
    path = tmp_path / "rows.csv"
    path.write_text(f"text{mark}label\nsoup{mark}food\n", encoding="utf-8")
    with pytest.raises(SynthkitError, match=f"separated by {named}. Save it with commas"):
        load_rows(path)
