"""CSV and TSV as they come: what the lines hold is read whole, or the line is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.errors import SynthkitError
from synthkit.tasks.delimited import read_delimited
from synthkit.tasks.loading import load_rows
from synthkit.tasks.table import LEFT_OUT, Table


def loaded(tmp_path, content, name="a.csv", **options):
    path = tmp_path / name
    path.write_bytes(content.encode())
    return load_rows(path, **options)


def notes(result):
    return [r.what for r in result.repairs]


def test_a_line_that_states_the_separator_is_no_row(tmp_path):
    result = loaded(tmp_path, "sep=;\r\ntext;label\r\nsoup, warm;menu\r\ncat;animals\r\n;menu\r\n", strict=False)
    assert list(result.rows["text"]) == ["soup, warm", "cat"]
    assert [r.row for r in result.repairs if r.what == LEFT_OUT] == [5]


def test_rows_are_numbered_by_their_line_in_the_file(tmp_path):
    result = loaded(tmp_path, 'text,label\n\n"two\nlines",a\n\n,b\nfine,b\nalso,\n')
    assert list(result.rows["text"]) == ["two\nlines", "fine"]
    assert [r.row for r in result.repairs] == [6, 8]


@pytest.mark.parametrize("mark", ["\t", ","])
def test_quotation_marks_that_open_a_text_stay_in_it(tmp_path, mark):
    lines = ["label{}text", 'a{}"Good morning" they said', 'b{}"never again', "a{}back soon", 'b{}so "nice"']
    result = loaded(tmp_path, "\n".join(line.format(mark) for line in lines))
    assert list(result.rows["text"]) == ['"Good morning" they said', '"never again', "back soon", 'so "nice"']
    assert any(w.startswith("quotation marks kept") for w in notes(result))


def test_a_quotation_mark_left_open_swallows_no_rows(tmp_path):
    result = loaded(tmp_path, 'label\ttext\nb\t"I waited\na\tlovely cats\nb\tcold tea"\na\twarm soup\n', "a.tsv")
    assert list(result.rows["text"]) == ['"I waited', "lovely cats", 'cold tea"', "warm soup"]


def test_a_cell_that_may_hold_rows_is_said_and_refused_when_strict(tmp_path):
    content = 'text,label\n"no, cold\nfine tea,good\nbad",bad\nnice,good\n'
    assert "one cell holds lines that look like rows" in notes(loaded(tmp_path, content.replace('bad"', 'x,bad"')))
    with pytest.raises(SynthkitError, match="row 2: one cell holds lines that look like rows"):
        loaded(tmp_path, content.replace('bad"', 'x,bad"'), strict=True)


def test_one_badly_quoted_line_is_left_out_and_the_rest_loads(tmp_path):
    result = loaded(tmp_path, 'text,label\nfine,a\n"she said "no", twice",b\nbad,b\n')
    assert list(result.rows["text"]) == ["fine", "bad"]
    assert [(r.row, r.what) for r in result.repairs] == [(3, LEFT_OUT)]


def test_columns_without_a_name_are_left_aside_if_empty_and_kept_if_not(tmp_path):
    result = loaded(tmp_path, "label,text,,\na,cold tea,,\nb,warm soup,,and bread\n", strict=True)
    assert result.rows.column_names == ["id", "text", "label", "column 4"]
    assert "empty columns without a name left aside" in notes(result)
    counted = loaded(tmp_path, ",text,label\n0,cold tea,a\n1,warm soup,b\n", strict=True)
    assert counted.rows.column_names == ["id", "text", "label"]


@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_without_a_header_the_first_line_is_a_row(tmp_path, mark):
    lines = [("good", "the cats were lovely"), ("bad", "the tea was cold"), ("good", "we will be back"), ("bad", "no")]
    result = loaded(tmp_path, "\n".join(mark.join(line) for line in lines))
    assert list(zip(result.rows["label"], result.rows["text"], strict=True)) == lines
    assert "no header: the first line is read as a row" in notes(result)
    with pytest.raises(SynthkitError, match="no header"):
        loaded(tmp_path, "\n".join(mark.join(line) for line in lines), strict=True)


def test_kaggle_headers_are_found_by_what_stands_below(tmp_path):
    result = loaded(tmp_path, "v1,v2\nham,see you at noon\nspam,win a prize now\nham,ok then\nspam,call this number\n")
    assert list(result.rows["label"]) == ["ham", "spam", "ham", "spam"]
    assert [(r.what, r.value) for r in result.repairs] == [("used as text", "v2"), ("used as label", "v1")]


@given(st.text(alphabet='ab,;\t"\n\r ', max_size=60))
def test_any_text_is_a_table_or_a_sentence(content):
    table = Table("a.csv")
    try:
        read_delimited(table, content)
    except SynthkitError as error:
        assert "a.csv" in str(error)
        return
    assert all(len(values) == len(table.numbers) for values in table.columns.values())
    assert table.numbers == sorted(set(table.numbers))
    assert all(1 <= n <= content.count("\n") + content.count("\r") + 1 for n in table.numbers)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("above", ["# exported on Monday\n# for the board\n", "Survey of the canteen\n\n"])
def test_a_title_or_comments_above_the_header_are_no_rows(tmp_path, above, mark):
    lines = [f"text{mark}label", f"cold peas{mark}menu", f"a wasp{mark}animals", mark]
    result = loaded(tmp_path, above + "\n".join(lines) + "\n")
    assert list(result.rows["label"]) == ["menu", "animals"]
    assert "lines above the header left aside" in notes(result)
    assert [r.row for r in result.repairs if r.what == LEFT_OUT] == [6]


def test_a_header_in_the_middle_and_the_rule_of_a_markdown_table_are_no_rows(tmp_path):
    joined = loaded(tmp_path, "text,label\ncold peas,menu\ntext,label\na wasp,animals\n")
    table = loaded(tmp_path, "| text | label |\n|:---|---:|\n| cold peas | menu |\n| a wasp | animals |\n")
    for result, line in ((joined, 3), (table, 2)):
        assert list(result.rows["text"]) == ["cold peas", "a wasp"]
        assert [r.row for r in result.repairs if r.what == LEFT_OUT] == [line]


@pytest.mark.parametrize(
    "cell",
    ['"peas, \\"cold\\" again"', ' "peas, ""cold"" again"', "'peas, \"cold\" again'"],
)
def test_other_ways_to_quote_are_read_where_they_make_every_line_whole(tmp_path, cell):
    content = f"label,text\nmenu,{cell}\nanimals,a wasp\n"
    result = loaded(tmp_path, content)
    assert list(result.rows["text"]) == ['peas, "cold" again', "a wasp"]
    assert any(w.startswith("read with") for w in notes(result))
    with pytest.raises(SynthkitError, match="read with"):
        loaded(tmp_path, content, strict=True)


def test_one_column_of_texts_keeps_what_looks_like_a_separator(tmp_path):
    result = loaded(tmp_path, "remark\ncold peas, again\nwasps\n", labelled=False)
    assert list(result.rows["text"]) == ["cold peas, again", "wasps"]
    with pytest.raises(SynthkitError, match="labelled=False"):
        loaded(tmp_path, "text\ncold peas, again\nwasps\n")


def test_a_file_of_which_no_row_is_left_names_the_first_fault(tmp_path):
    with pytest.raises(SynthkitError, match="no rows left. Row 2: 3 fields where the header has 2. Quote"):
        loaded(tmp_path, "text,label\npeas, cold,menu\na wasp, alas,animals\n")


@pytest.mark.parametrize("quoted", [True, False])
def test_one_column_without_a_header_loses_no_text(tmp_path, quoted):
    texts = ["the swan, it bit me", "pea soup again today", "well, well, geese", "no, thanks, not for me"]
    lines = [f'"{t}"' for t in texts] if quoted else texts
    result = loaded(tmp_path, "\n".join(lines), labelled=False)
    assert list(result.rows["text"]) == texts
    assert "no header: the first line is read as a row" in notes(result)


@pytest.mark.parametrize("name", ["What would you change about the pond?", "remarks", "Your own words"])
def test_one_column_with_a_header_takes_it_for_one(tmp_path, name):
    result = loaded(tmp_path, f"{name}\nfewer swans please\npea soup again today\n", labelled=False)
    assert list(result.rows["text"]) == ["fewer swans please", "pea soup again today"]


def test_questions_of_a_form_are_a_header_and_its_dates_no_texts(tmp_path):
    head = "Timestamp,What would you like to tell us about the pond?,How happy are you with it right now?\n"
    lines = [
        f"2024/05/0{i} 9:12:33 AM GMT+1,{text} {i},{mood}"
        for i, (text, mood) in enumerate(
            [("a swan bit me", "angry"), ("lovely geese", "happy"), ("more bread", "happy"), ("too loud", "angry")] * 2
        )
    ]
    result = loaded(tmp_path, head + "\n".join(lines))
    assert set(result.rows["label"]) == {"angry", "happy"} and len(result.rows) == 8
    assert "no header: the first line is read as a row" not in notes(result)


def test_a_long_name_above_a_column_of_numbers_is_a_header(tmp_path):
    rows = "\n".join(
        f"{text} {i},{i % 3}" for i, text in enumerate(["a swan bit me", "so many geese", "pea soup again"] * 3)
    )
    result = loaded(tmp_path, f"Please tell us in your own words,Overall\n{rows}\n")
    assert set(result.rows["label"]) == {"0", "1", "2"} and len(result.rows) == 9


@pytest.mark.parametrize(
    "head",
    [
        'Start,ID,Q1,Q2\nStart Date,Response,Tell us,How are you?\n"{""ImportId"":""s""}","{""ImportId"":""i""}",,\n',
        "Respondent ID,Start Date,Tell us,How are you?\n,,Open-Ended Response,Response\n",
    ],
)
def test_the_second_and_third_header_of_a_survey_are_no_rows(tmp_path, head):
    texts = [
        ("a swan bit me", "angry"),
        ("lovely white geese", "happy"),
        ("more bread please", "happy"),
        ("loud", "angry"),
    ]
    result = loaded(tmp_path, head + "\n".join(f"2024-05-01,R{i},{t},{m}" for i, (t, m) in enumerate(texts)))
    assert list(zip(result.rows["text"], result.rows["label"], strict=True)) == texts
    assert any(w.startswith("more lines of header") for w in notes(result))


@pytest.mark.parametrize("mark", [",", " ", "\t"])
def test_numbers_of_rows_as_r_writes_them_are_left_aside(tmp_path, mark):
    rows = [("a swan, again", "animals"), ("pea soup", "menu"), ("geese", "animals")]
    quoted = [mark.join(f'"{cell}"' for cell in (number, *row)) for number, row in zip((3, 7, 12), rows, strict=True)]
    result = loaded(tmp_path, "\n".join([f'"text"{mark}"label"', *quoted]), strict=True)
    assert list(zip(result.rows["text"], result.rows["label"], strict=True)) == rows
    counted = loaded(tmp_path, ",text,label\n1,a swan,animals\n2,pea soup,menu\n", strict=True)
    assert counted.rows.column_names == ["id", "text", "label"]


def test_texts_with_commas_that_begin_with_numbers_are_no_numbers_of_rows(tmp_path):
    with pytest.raises(SynthkitError, match="no rows left"):
        loaded(tmp_path, "text,label\n2 swans,so white,animals\n2 swans,so big,animals\n")


def test_columns_of_zeros_and_ones_are_named(tmp_path):
    with pytest.raises(SynthkitError, match=r"menu, animals hold 0 and 1: make one label of them, df\[.*idxmax"):
        loaded(tmp_path, "text,menu,animals\na swan,0,1\npea soup,1,0\n")


def test_a_cell_of_many_megabytes_is_a_cell(tmp_path):
    result = loaded(tmp_path, f"text,label\n{'quack ' * 2_000_000},animals\npea soup,menu\n")
    assert [len(t) for t in result.rows["text"]] == [11_999_999, 8]


def test_separators_at_the_end_of_the_header_alone_are_no_columns(tmp_path):
    result = loaded(tmp_path, "text,label,,\na swan,animals\npea soup,menu\n")
    assert list(result.rows["label"]) == ["animals", "menu"]


def test_byte_order_marks_where_files_were_joined_are_taken_out(tmp_path):
    result = loaded(tmp_path, '\ufefftext,label\n"a swan, white",animals\n\ufeff"pea soup, cold",menu\n')
    assert list(result.rows["text"]) == ["a swan, white", "pea soup, cold"]


ROWS = "".join(f"the cat slept {i} hours,{'animals' if i % 2 else 'menu'},{i}.5\n" for i in range(6))


@pytest.mark.parametrize(
    "line", [",,[kg]", "-,-,kg", "string,string,float", "(text),(category),(€)", "Varchar,factor,°C", "n/a,n/a,m/s"]
)
def test_a_line_of_units_or_types_under_the_header_is_left_aside_and_said(tmp_path, line):
    result = loaded(tmp_path, f"text,label,weight\n{line}\n{ROWS}")
    assert len(result.rows) == 6
    assert "a line of units or types left aside" in notes(result)
    with pytest.raises(SynthkitError, match="Is it a row"):
        loaded(tmp_path, f"text,label,weight\n{line}\n{ROWS}", strict=True)


@pytest.mark.parametrize("line", ["ok,menu,1.5", "(laughs),animals,2", "kg,menu,7", "string,animals,1", "cold,m,1"])
def test_a_short_first_row_is_a_row(tmp_path, line):
    assert len(loaded(tmp_path, f"text,label,weight\n{line}\n{ROWS}").rows) == 7


@pytest.mark.parametrize(("first", "labels"), [("Date,number", "date number"), ("code,text", "text stats")])
def test_a_first_row_whose_label_stands_below_is_a_row(tmp_path, first, labels):
    rows = "".join(f"question {i},{labels.split()[i % 2]}\n" for i in range(6))
    assert len(loaded(tmp_path, f"text,label\n{first}\n{rows}").rows) == 7
