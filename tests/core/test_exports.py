"""What is written with rows: nobody else's to read, nothing a spreadsheet runs, and every text back as it was."""

import os
import stat

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.errors import SynthkitError
from synthkit.core.exports import guarded, unguarded, write_csv, write_private

PIECES = ["'", "=", "+", "-", "@", "\t", "\r", "\uff1d", "\\", "u202e", "\u202e", "\u2066", "u2069", "\u05d0", "a", " "]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=20))
def test_every_text_comes_back_as_it_was_and_no_cell_is_a_formula_or_turns_the_line_round(text):
    safe = guarded(text)
    assert unguarded(safe) == text
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
    assert not any("\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069" for c in safe)


def test_an_ordinary_text_is_left_alone():
    for text in ("'tis late", "it's 5 - 3", "a=b", "mail@example.org", "back\\slash", "\u05e9\u05dc\u05d5\u05dd"):
        assert guarded(text) == text == unguarded(text)


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_a_file_with_rows_is_its_owners_alone_also_where_it_stood_before(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("old")
    path.chmod(0o644)
    write_csv(path, pd.DataFrame({"text": ["=1+1", "\u202eabc"], "n": [1, 2]}))
    assert path.read_text(encoding="utf-8") == "text,n\n'=1+1,1\n\\u202eabc,2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_cannot_be_written_is_named(tmp_path):
    with pytest.raises(SynthkitError, match="cannot write .*nowhere"):
        write_private(tmp_path / "nowhere" / "file", "x")
