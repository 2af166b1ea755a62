"""Rows are strings, checked at the door, split label by label."""

import pytest

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows, need_columns, split_off


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
