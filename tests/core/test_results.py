"""What results show of themselves: one line in a terminal, a small escaped table in a notebook."""

import dataclasses
from dataclasses import dataclass
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.results import Result, table, table_html


class Cells(HTMLParser):
    """Collects tags and the text of each cell."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.cells, self._open = [], [], False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "td":
            self._open = True
            self.cells.append("")

    def handle_endtag(self, tag):
        if tag == "td":
            self._open = False

    def handle_data(self, data):
        if self._open:
            self.cells[-1] += data


texts = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@given(st.lists(texts, min_size=1, max_size=5), texts)
def test_whatever_stands_in_a_table_is_shown_and_never_becomes_markup(values, caption):
    page = Cells(table_html(pd.DataFrame({caption: values}), caption))
    assert page.cells == values
    assert set(page.tags) == {"table", "caption", "thead", "tbody", "tr", "th", "td"}


def test_a_table_has_a_caption_and_column_headings_a_screen_reader_can_use():
    shown = table_html(pd.DataFrame({"a<b": [1]}), "Rows & more")
    assert "<caption" in shown and "Rows &amp; more</caption>" in shown
    assert '<th scope="col"' in shown and "a&lt;b</th>" in shown


def test_a_long_table_shows_its_beginning_and_says_how_long_it_is():
    shown = table_html(pd.DataFrame({"n": range(1000)}), "Numbers", rows=3)
    assert Cells(shown).cells == ["0", "1", "2"]
    assert "first 3 of 1,000 rows" in shown


def test_a_table_can_be_read_on_a_phone_its_caption_stays_in_sight_and_no_long_text_is_squeezed():
    shown = table_html(pd.DataFrame({"text": ["short", "a long text " * 9]}), "Texts")
    assert "position:sticky" in shown.partition("</caption>")[0]
    assert [";min-width" in cell for cell in shown.split("<td")[1:]] == [False, True]


def test_numbers_have_three_decimals_and_nothing_is_shown_for_nothing():
    shown = Cells(table_html(pd.DataFrame({"x": [0.12345, float("nan")], "y": [None, "NA"]}), "")).cells
    assert shown == ["0.123", "", "", "NA"]


@dataclass(frozen=True, repr=False)
class Score(Result):
    value: float

    def summary(self):
        return f"Score: {self.value}"

    def to_frame(self):
        return pd.DataFrame({"value": [self.value]})


def test_a_result_is_one_line_a_table_and_cannot_be_changed():
    score = Score(0.5)
    assert repr(score) == "Score: 0.5"
    assert "0.500" in score._repr_html_() and "Score: 0.5</caption>" in score._repr_html_()
    with pytest.raises(dataclasses.FrozenInstanceError):
        score.value = 1


def test_a_frame_can_be_shown_the_same_way():
    shown = table(pd.DataFrame({"a": ["<i>"]}), "One row")
    assert repr(shown).startswith("One row\n")
    assert "&lt;i&gt;" in shown._repr_html_()
    assert shown.to_frame()["a"][0] == "<i>"


def test_an_unknown_name_lists_what_is_known_and_the_nearest():
    assert (
        str(unknown("colour", "bleu", ["blue", "red"]))
        == "unknown colour 'bleu' - did you mean 'blue'? Known: blue, red"
    )
    assert str(unknown("colour", 7, ["blue"])) == "unknown colour '7'. Known: blue"
    assert str(unknown("n", "x", range(50))).endswith("18, 19 ...")
    assert isinstance(unknown("a", "b", []), SynthkitError)
