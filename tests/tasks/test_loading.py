"""Any table in: rows out and a list of what was mended, or an error that says where and what to do."""

import csv
import json

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.core.text import tidy
from synthkit.seeds.seeds import load_seeds
from synthkit.tasks.loading import load_rows

cell = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)
texts = cell.map(tidy).filter(bool)
PLAIN = [{"text": "the tea was cold", "label": "menu"}, {"text": "a cat slept on my coat", "label": "animals"}]


def written(folder, content, name="a.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def what(loaded):
    return [r.what for r in loaded.repairs]


@given(st.lists(st.tuples(texts, st.sampled_from(["yes", "no", "NA", "12"]), cell), min_size=2, max_size=8))
def test_any_table_of_texts_comes_back_as_it_was(tmp_path_factory, table):
    table = [*table, ("one more", "other", "x"), ("and another", "yes", "")]
    ids = [f"{i:04d}" for i in range(len(table))]
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("id", "text", "label", "extra"), *((i, *r) for i, r in zip(ids, table, strict=True))]
        )
    loaded = load_rows(path)
    assert [r for r in loaded.repairs if not r.harmless] == []
    assert list(loaded.rows["id"]) == ids
    assert list(zip(loaded.rows["text"], loaded.rows["label"], loaded.rows["extra"], strict=True)) == table


def test_nothing_is_taken_for_a_number_or_a_missing_value(tmp_path):
    rows = load_rows(written(tmp_path, "id,text,label,note\n0004,NA,1,\n1e3,null,01,nan\n")).rows
    assert rows.to_list() == [
        {"id": "0004", "text": "NA", "label": "1", "note": ""},
        {"id": "1e3", "text": "null", "label": "01", "note": "nan"},
    ]
    assert {f.dtype for f in rows.features.values()} == {"string"}


def test_a_byte_order_mark_and_old_line_ends_are_put_up_with_and_said(tmp_path):
    path = written(tmp_path, '\ufefftext,label\r\n"two\r\nlines",x\nfine,y\r\n')
    loaded = load_rows(path, prefix="mine", strict=True)
    assert list(loaded.rows["text"]) == ["two\nlines", "fine"]
    assert list(loaded.rows["id"]) == ["mine-0", "mine-1"]
    assert what(loaded) == ["byte order mark removed"]


def test_a_column_named_twice_is_refused(tmp_path):
    with pytest.raises(SynthkitError, match="a column name stands twice in: text, label, text"):
        load_rows(written(tmp_path, "text,label,text\na,b,c\n"))


@pytest.mark.parametrize(("mark", "named"), [(";", "semicolons"), ("\t", "tabs"), ("|", "|")])
def test_other_separators_are_found_and_said(tmp_path, mark, named):
    loaded = load_rows(written(tmp_path, f"text{mark}label\nsoup, warm{mark}food\npaw{mark}cat\n"), strict=True)
    assert list(loaded.rows["text"]) == ["soup, warm", "paw"]
    assert [(r.what, r.value) for r in loaded.repairs] == [("columns are separated by", named)]


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("cp1252", "Windows-1252"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16-LE"), ("utf-16-be", "UTF-16-BE")],
)
def test_an_encoding_is_told_and_said(tmp_path, encoding, named):
    content = "text,label\nthe café was lovely – “really”,visits\ncrème brûlée,menu\n"
    loaded = load_rows(written(tmp_path, content.encode(encoding)))
    assert list(loaded.rows["text"]) == ["the café was lovely – “really”", "crème brûlée"]
    assert what(loaded) == [f"read as {named}"]


def test_a_guessed_encoding_is_refused_when_strict(tmp_path):
    path = written(tmp_path, "text,label\ncafé,visits\ntea,menu\n".encode("cp1252"))
    with pytest.raises(SynthkitError, match="read as Windows-1252: byte 0xe9 in line 2 is not UTF-8"):
        load_rows(path, strict=True)


def test_every_kind_of_source_gives_the_same_rows(tmp_path):
    frame = pd.DataFrame(PLAIN)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    frame.to_json(tmp_path / "a.json", orient="records")
    sources = [tmp_path / f"a.{kind}" for kind in ("csv", "tsv", "parquet", "jsonl", "json")]
    for source in [*sources, str(sources[0]), frame, PLAIN, make_rows(frame.to_dict("list"))]:
        assert load_rows(source).rows.to_list() == [{"id": f"row-{i}", **r} for i, r in enumerate(PLAIN)]


def test_usual_columns_are_found_and_confirmed(tmp_path):
    loaded = load_rows(written(tmp_path, "Review,Stars,city\nfine,5,Ulm\nbad,1,Bonn\n"))
    assert loaded.rows.column_names == ["id", "text", "label", "city"]
    assert [(r.column, r.what) for r in loaded.repairs] == [
        ("Review", "used as text"),
        ("Stars", "used as label"),
        ("label", "labels are numbers"),
    ]


def test_two_columns_that_could_be_the_text_are_a_question(tmp_path):
    path = written(tmp_path, "review,comment,label\na,b,x\nc,d,y\n")
    with pytest.raises(SynthkitError, match="'review' and 'comment' could each be the text. Name one: text='review'"):
        load_rows(path)
    assert list(load_rows(path, text="comment", strict=True).rows["text"]) == ["b", "d"]
    with pytest.raises(SynthkitError, match="text='body' is not a column; columns are: review, comment, label"):
        load_rows(path, text="body")


def test_spellings_of_a_label_become_one_and_are_listed():
    labels = ["delivery", "Delivery ", "delivery", "DELIVERY", "web-site", "web site", "web site"]
    loaded = load_rows([{"text": f"text {i}", "label": name} for i, name in enumerate(labels)])
    assert list(loaded.rows["label"]) == ["delivery"] * 4 + ["web site"] * 3
    assert [(r.value, r.what) for r in loaded.repairs] == [
        ("Delivery", "label read as 'delivery' in 1 rows"),
        ("DELIVERY", "label read as 'delivery' in 1 rows"),
        ("web-site", "label read as 'web site' in 1 rows"),
    ]


def test_the_labels_of_a_task_win_and_signs_are_no_hyphens():
    rows = [{"text": "a", "label": "web site"}, {"text": "b", "label": "Returns"}]
    assert list(load_rows(rows, labels=["web_site", "returns"]).rows["label"]) == ["web_site", "returns"]
    signs = [{"text": "a", "label": "-1"}, {"text": "b", "label": "1"}]
    assert list(load_rows(signs).rows["label"]) == ["-1", "1"]


def test_a_bad_row_is_named_and_the_others_load(tmp_path):
    path = written(tmp_path, "id,text,label\n1,fine,menu\n2,,menu\n3,good,\n1,nice,cats\n5,a,b,c\n6,odd,dogs\n")
    loaded = load_rows(path, labels=["menu", "cats"])
    assert list(loaded.rows["text"]) == ["fine", "nice"]
    assert list(loaded.rows["id"]) == ["1", "1~2"]
    assert [(r.row, r.what) for r in loaded.repairs] == [
        (6, "left out"),
        (None, "rows left out, for their label is not of the task"),
        (3, "left out"),
        (4, "left out"),
        (7, "left out"),
        (5, "id made '1~2', for it was used before"),
    ]
    assert "unknown label 'dogs' in 1 row" in loaded.repairs[4].fix
    assert str(loaded).endswith("a.csv; 4 rows left out, 2 repairs")
    with pytest.raises(
        SynthkitError, match=r"a\.csv, row 6: left out: 4 fields where the header has 3.* \(and 5 more\)"
    ):
        load_rows(path, labels=["menu", "cats"], strict=True)


def test_a_line_that_is_no_object_is_left_out_of_a_jsonl(tmp_path):
    lines = [json.dumps(PLAIN[0]), "{broken", "[1]", json.dumps(PLAIN[1])]
    loaded = load_rows(written(tmp_path, "\n".join(lines), "a.jsonl"))
    assert [(r.row, r.value) for r in loaded.repairs] == [(2, "{broken"), (3, "[1]")]
    assert len(loaded.rows) == 2


def test_class_numbers_become_names_and_nested_cells_json():
    features = Features(
        {"text": Value("string"), "label": ClassLabel(names=["dull", "fun"]), "tags": [Value("string")]}
    )
    rows = Dataset.from_dict({"text": ["a", "b"], "label": [0, 1], "tags": [["x"], []]}, features=features)
    assert load_rows(rows).rows.to_list()[0] == {"id": "row-0", "text": "a", "label": "dull", "tags": '["x"]'}


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "a.csv", "is empty"),
        (b"text,label\n", "a.csv", "has no rows"),
        (b"text,label\n,\n,x\n", "a.csv", "row 3: The text is empty. .* No row of"),
        (b"a,b\n1,2\n", "a.csv", "no column 'text'; columns are: a, b. Rename one to it, or name it: text="),
        (b'text,label\n"open, wide,x\nfine,y\n', "a.csv", "not a well-formed CSV.*a quotation mark left open"),
        (b"text,label\n\x00\x01\x02,x\n", "a.csv", "holds binary data"),
        (b"PK\x03\x04 sheet", "a.xlsx", "Save the sheet as CSV"),
        (b"PAR1 no", "a.parquet", "cannot be read as Parquet"),
        (b"{", "a.json", "cannot be read as JSON"),
        (b'{"text": "a"}', "a.json", "expected a list of objects"),
        (b"1\n2\n", "a.jsonl", "no line holds a JSON object"),
        (b"text,label\na,x\nb,x\n", "a.csv", "only one label"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_the_fix(tmp_path, content, name, said):
    with pytest.raises(SynthkitError, match=said) as error:
        load_rows(written(tmp_path, content, name))
    assert name in str(error.value)


@pytest.mark.parametrize("source", [None, 3, [1, 2], [], {"text": "a"}, b"text"])
def test_what_is_no_source_is_refused(source):
    with pytest.raises(SynthkitError, match="expected a task, a file|source has no rows"):
        load_rows(source)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(SynthkitError, match="no such file"):
        load_rows(tmp_path / "none.csv")
    with pytest.raises(SynthkitError, match="holds no .txt file"):
        load_rows(tmp_path)


any_cell = st.one_of(
    st.none(), st.floats(), st.integers(), st.booleans(), st.text(max_size=12), st.lists(st.integers(), max_size=2),
    st.just("\ud800x"), st.just(pd.NaT), st.just(np.float64("nan")), st.just(np.arange(2)),
)  # fmt: skip


@given(st.lists(st.tuples(any_cell, any_cell, any_cell), max_size=6))
def test_any_frame_gives_rows_or_an_error_with_its_place(table):
    frame = pd.DataFrame(table, columns=["text", "label", "id"], dtype=object)
    before = [list(map(repr, row)) for row in table]
    try:
        loaded = load_rows(frame)
    except SynthkitError as error:
        assert "row" in str(error) or "label" in str(error)
        return
    finally:
        assert [list(map(repr, row)) for row in frame.itertuples(index=False, name=None)] == before
    out = {r.row for r in loaded.repairs if r.what == "left out"}
    assert len(loaded.rows) + len(out) == len(table)
    assert len(set(loaded.rows["id"])) == len(loaded.rows)
    kept = [row for i, row in enumerate(table) if i not in out]
    listed = {r.value for r in loaded.repairs if r.column == "label"}
    for row, (_, label, row_id) in zip(loaded.rows, kept, strict=True):
        assert row["text"] and row["label"]
        if isinstance(label, str) and tidy(label) == label and label not in listed:
            assert row["label"] == label
        if isinstance(row_id, str) and row_id.isascii() and not any(r.column == "id" for r in loaded.repairs):
            assert row["id"] == row_id


def test_repairs_travel_with_the_seeds(tmp_path):
    path = written(tmp_path, "text,label\n" + "".join(f"row {i} {'x' * i},{'ab'[i % 2]}\n" for i in range(8)) + ",a\n")
    seeds = load_seeds(path, k=1)
    assert [r.row for r in seeds.repairs] == [10]
    assert "1 row left out" in repr(seeds)
    with pytest.raises(SynthkitError, match="row 10"):
        load_seeds(path, k=1, strict=True)


def test_ten_thousand_rows_with_three_bad_ones_load():
    rows = [{"text": f"text number {i}", "label": "ab"[i % 2]} for i in range(10_000)]
    for i in (17, 170, 1700):
        rows[i]["text"] = None
    loaded = load_rows(rows)
    assert len(loaded.rows) == 9_997
    assert [r.row for r in loaded.repairs] == [17, 170, 1700]
    assert "9,997 rows, 2 labels" in loaded._repr_html_()


# texts without labels


def test_texts_without_labels_come_from_lists_lines_folders_and_tables(tmp_path):
    (tmp_path / "lines.txt").write_text('a first line, with a comma\n\n"a second" one\n', encoding="utf-8")
    (tmp_path / "notes" / "old").mkdir(parents=True)
    (tmp_path / "notes" / "b.txt").write_text("of two\nlines", encoding="utf-8")
    (tmp_path / "notes" / "old" / "a.txt").write_text("an old note", encoding="utf-8")
    (tmp_path / "table.csv").write_text("text,label\ncold soup,menu\n", encoding="utf-8")
    expected = {
        "lines.txt": ["a first line, with a comma", '"a second" one'],
        "notes": ["of two\nlines", "an old note"],
        "table.csv": ["cold soup"],
    }
    for name, texts in expected.items():
        rows = load_rows(tmp_path / name, labelled=False).rows
        assert rows["text"] == texts and "label" not in rows.column_names
    assert load_rows(tmp_path / "notes", labelled=False).rows["id"] == ["b.txt", "old/a.txt"]
    given = load_rows(["one text", None, "another", " "], labelled=False)
    assert given.rows["text"] == ["one text", "another"]
    assert [r.row for r in given.repairs] == [1, 3]
    assert repr(given) == "Loaded: 2 rows, no labels from source; 2 rows left out"


def test_a_folder_without_texts_is_an_error_that_says_what_was_expected(tmp_path):
    with pytest.raises(SynthkitError, match="holds no .txt file"):
        load_rows(tmp_path, labelled=False)


def test_a_folder_of_folders_gives_their_names_as_labels_and_says_what_it_passes_by(tmp_path):
    for name, text in {"menu/1.txt": "peas", "menu/2.TXT": "soup", "animals/1.txt": "a wasp"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "menu" / "notes.md").write_text("# not a text")
    (tmp_path / "menu" / "._1.txt").write_bytes(b"\0\5")
    loaded = load_rows(tmp_path)
    assert {(r["text"], r["label"]) for r in loaded.rows} == {("peas", "menu"), ("soup", "menu"), ("a wasp", "animals")}
    assert [(r.what, r.value) for r in loaded.repairs] == [("files of other kinds not read", "files: 1")]


def test_the_files_of_a_folder_share_one_guess_of_their_encoding(tmp_path):
    texts = ["Tür", "schöne Grüße aus Köln", "Die Äpfel waren süß", "Öl fehlt", "überall Müll", "gute Wünsche"]
    for i, text in enumerate(texts):
        (tmp_path / f"{i}.txt").write_bytes(text.encode("cp1252" if i % 2 == 0 or i == 1 else "utf-8"))
    loaded = load_rows(tmp_path, labelled=False)
    assert list(loaded.rows["text"]) == texts
    assert what(loaded) == ["read as Windows-1252"]


def test_texts_alone_may_be_any_column():
    import pandas as pd
    import pyarrow as pa

    texts = ["peas", "a wasp"]
    rows = load_rows(texts, labelled=False).rows
    for column in (pd.Series(texts), pa.array(texts), pa.chunked_array([texts]), rows["text"], (t for t in texts)):
        assert list(load_rows(column, labelled=False).rows["text"]) == texts
    assert list(load_rows(pa.table({"text": texts}).to_reader(), labelled=False).rows["text"]) == texts


@pytest.mark.parametrize(("name", "content"), [("a.json", '["peas", "a wasp"]'), ("a.jsonl", '"peas"\n"a wasp"\n')])
def test_json_may_hold_texts_alone(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert list(load_rows(tmp_path / name, labelled=False).rows["text"]) == ["peas", "a wasp"]
