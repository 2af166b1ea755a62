"""Files that are no table by themselves: read for what they are, or refused with what makes a table of them."""

import io
import pickle
import sqlite3
import tarfile

import pandas as pd
import pyarrow
import pytest
from datasets import Dataset, DatasetDict
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import orc

from synthkit.core.errors import SynthkitError
from synthkit.tasks.loading import load_rows

ROWS = [
    {"text": "the swan bit my shoe", "label": "animals"},
    {"text": "pea soup, again", "label": "menu"},
    {"text": "geese on the lawn", "label": "animals"},
]
FRAME = pd.DataFrame(ROWS)


def texts_and_labels(loaded):
    return [{"text": r["text"], "label": r["label"]} for r in loaded.rows]


def saved(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("between", [" ", "\t", " , ", ",", ", "])
def test_lines_of_fasttext_are_labels_and_texts(tmp_path, between):
    lines = "\n".join(f"__label__{r['label']}{between}{r['text']}" for r in ROWS)
    path = saved(tmp_path / "train.txt", lines + "\n\n")
    assert texts_and_labels(load_rows(path, strict=True)) == ROWS
    assert list(load_rows(path, labelled=False).rows["text"]) == [r["text"] for r in ROWS]


def test_a_line_of_fasttext_with_two_labels_or_none_is_left_out(tmp_path):
    lines = [f"__label__{r['label']} {r['text']}" for r in ROWS]
    path = saved(tmp_path / "a.txt", "\n".join([*lines, "__label__menu __label__animals a snail", "no label here"]))
    out = [(r.row, r.value) for r in load_rows(path).repairs if r.what == "left out"]
    assert out == [(4, "2 labels: menu, animals"), (5, "no label here")]


def stream(table, sink):
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: FRAME.to_feather(path),
        lambda path: orc.write_table(pyarrow.Table.from_pandas(FRAME), str(path)),
        lambda path: stream(pyarrow.Table.from_pandas(FRAME), str(path)),
        lambda path: FRAME.to_parquet(path),
    ],
    ids=["feather", "orc", "arrow", "parquet"],
)
def test_columns_on_disk_are_read_whatever_the_file_is_called(tmp_path, write):
    write(tmp_path / "rows.bin")
    assert texts_and_labels(load_rows(tmp_path / "rows.bin", strict=True)) == ROWS


@pytest.mark.parametrize("labelled", [True, False])
def test_a_dataset_saved_to_disk_is_read_from_its_folder(tmp_path, labelled):
    Dataset.from_list(ROWS).save_to_disk(tmp_path / "one")
    DatasetDict(train=Dataset.from_list(ROWS), other=Dataset.from_list(ROWS[:2])).save_to_disk(tmp_path / "two")
    for folder in ("one", "two"):
        loaded = load_rows(tmp_path / folder, labelled=labelled)
        assert list(loaded.rows["text"]) == [r["text"] for r in ROWS]
    assert any("only the split 'train'" in r.what for r in loaded.repairs)


def test_a_saved_dataset_without_a_train_split_or_with_a_lost_file_says_what_to_do(tmp_path):
    DatasetDict(a=Dataset.from_list(ROWS), b=Dataset.from_list(ROWS)).save_to_disk(tmp_path / "ab")
    with pytest.raises(SynthkitError, match="holds the splits a, b. Take one, as .*ab/a"):
        load_rows(tmp_path / "ab")
    assert texts_and_labels(load_rows(tmp_path / "ab" / "a")) == ROWS
    next((tmp_path / "ab" / "b").glob("*.arrow")).unlink()
    with pytest.raises(SynthkitError, match="cannot be read as a saved Dataset"):
        load_rows(tmp_path / "ab" / "b")


def test_a_folder_of_tables_names_them(tmp_path):
    saved(tmp_path / "train.csv", "text,label\n")
    with pytest.raises(SynthkitError, match="it holds train.csv: name one"):
        load_rows(tmp_path)


def test_files_without_an_ending_are_texts_where_there_are_no_others(tmp_path):
    for i, row in enumerate(ROWS):
        folder = tmp_path / row["label"]
        folder.mkdir(exist_ok=True)
        saved(folder / f"{i}", row["text"])
    assert sorted(load_rows(tmp_path).rows["text"]) == sorted(r["text"] for r in ROWS)


@pytest.mark.parametrize("way", ["records", "split", "index", "columns", "table"])
def test_a_frame_that_pandas_wrote_as_json_comes_back_whichever_way(tmp_path, way):
    path = saved(tmp_path / "a.json", FRAME.to_json(orient=way))
    assert texts_and_labels(load_rows(path)) == ROWS


def database(path):
    with sqlite3.connect(path) as connection:
        FRAME.to_sql("remarks", connection)


def tar(path):
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"), io.BytesIO())


@pytest.mark.parametrize(
    ("name", "write", "fix"),
    [
        ("a.db", database, "is an SQLite database. .*read_sql"),
        ("a.dta", FRAME.to_stata, "is a Stata file. .*read_stata"),
        ("a.pkl", lambda path: saved(path, pickle.dumps(ROWS)), "is a pickle. .*read_pickle"),
        ("a.html", FRAME.to_html, "is a web page. .*read_html"),
        ("a.xls", FRAME.to_html, "is a web page. .*read_html"),
        ("a.xml", lambda path: saved(path, "<rows><row/></rows>"), "is XML. .*read_xml"),
        ("a.yaml", lambda path: saved(path, "- text: the swan\n  label: animals"), "is YAML. .*safe_load"),
        ("a.pdf", lambda path: saved(path, "%PDF-1.7\n"), "is a PDF. Save its rows as CSV"),
        ("a.tar.gz", tar, "is a tar archive. Unpack it"),
    ],
)
@pytest.mark.parametrize("labelled", [True, False])
def test_a_file_of_another_kind_is_refused_with_what_reads_it(tmp_path, name, write, fix, labelled):
    write(tmp_path / name)
    with pytest.raises(SynthkitError, match=fix):
        load_rows(tmp_path / name, labelled=labelled)


def test_a_sheet_is_read_where_pandas_can_with_its_own_row_numbers(tmp_path, monkeypatch):
    cells = [
        ["Remarks of May", ""],
        ["text", "label"],
        ["the swan\nbit me", "animals"],
        ["pea soup", "menu"],
        ["", "menu"],
    ]
    sheets = {"May": pd.DataFrame(cells, dtype=object), "Sheet2": pd.DataFrame()}
    monkeypatch.setattr(pd, "read_excel", lambda file, **options: sheets)
    loaded = load_rows(saved(tmp_path / "a.xlsx", b"PK\x03\x04 ..."))
    assert list(loaded.rows["text"]) == ["the swan\nbit me", "pea soup"]
    assert [r.row for r in loaded.repairs if r.what == "left out"] == [5]
    sheets["June"] = sheets["May"]
    with pytest.raises(SynthkitError, match="holds the sheets 'May', 'June'. Take one: .*sheet_name='May'"):
        load_rows(tmp_path / "a.xlsx")


CHATS = {
    "[03.01.24, 09:12:00] {}: {}": "[03.01.24, 09:11:00] Messages are encrypted.",
    "3/1/24, 9:12 AM - {}: {}": "3/1/24, 9:11 AM - Messages are encrypted.",
    "\u200e[2024-01-03, 09:12:00] {}: {}": "\u200e[2024-01-03, 09:12:00] Mia left",
}


@pytest.mark.parametrize("form", CHATS)
def test_messages_of_a_chat_come_without_date_and_sender(tmp_path, form):
    lines = [CHATS[form], form.format("Mia", "is the soup: warm?"), "asking for Tom", form.format("Tom K.", "no")]
    loaded = load_rows(saved(tmp_path / "chat.txt", "\n".join(lines)), labelled=False)
    assert list(loaded.rows["text"]) == ["is the soup: warm?\nasking for Tom", "no"]
    assert [r.row for r in loaded.repairs if r.what == "left out"] == [1]


def test_an_open_file_a_mapping_of_columns_and_an_iterator_of_records_are_tables():
    content = FRAME.to_csv(index=False)
    columns = FRAME.to_dict("list")
    for source in (io.StringIO(content), io.BytesIO(content.encode()), columns, iter(ROWS)):
        assert texts_and_labels(load_rows(source, strict=True)) == ROWS


@pytest.mark.parametrize(
    ("source", "fix"),
    [
        (FRAME.to_csv(index=False), r"io.StringIO\(source\)"),
        ("https://example.org/rows.csv", "is an address. Save the file"),
        ([("the swan", "animals")], r"pd.DataFrame\(pairs"),
        (FRAME.to_numpy(), r"pd.DataFrame\(pairs"),
    ],
)
def test_what_is_nearly_a_source_is_refused_with_the_fix(source, fix):
    with pytest.raises(SynthkitError, match=fix):
        load_rows(source)


@given(st.binary(max_size=80), st.sampled_from(["a.csv", "a.txt", "a.xlsx", "a.feather", "a.jsonl", "noext"]))
def test_any_bytes_are_rows_or_a_sentence(tmp_path_factory, content, name):
    path = saved(tmp_path_factory.mktemp("bytes") / name, content)
    for labelled in (True, False):
        try:
            assert len(load_rows(path, labelled=labelled).rows)
        except SynthkitError as error:
            assert len(str(error)) > 20


WEKA = """% written by hand
@RELATION 'a cafe'

@ATTRIBUTE 'the text' STRING
@attribute class {menu, animals}
@ATTRIBUTE stars NUMERIC

@Data
'the swan bit my shoe, twice', animals, 1
% a comment among rows
"it\\'s cold, the \\"soup\\"",menu,?
geese on the lawn,animals,2
?,menu,3
'one','cell','too',4
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_rows_of_weka_are_read_and_odd_ones_are_listed(tmp_path, ending):
    path = tmp_path / "cafe.arff"
    path.write_bytes(WEKA.replace("\n", ending).encode())
    loaded = load_rows(path, text="the text", label="class")
    assert texts_and_labels(loaded) == [
        {"text": "the swan bit my shoe, twice", "label": "animals"},
        {"text": 'it\'s cold, the "soup"', "label": "menu"},
        {"text": "geese on the lawn", "label": "animals"},
    ]
    left_out = [r for r in loaded.repairs if r.what == "left out"]
    assert [(r.row, r.fix.split(".")[0]) for r in left_out] == [
        (14, "4 cells where there are 3 attributes"),
        (13, "The text is empty"),
    ]


def test_a_sparse_file_of_weka_names_what_writes_it_plainly(tmp_path):
    (tmp_path / "a.arff").write_text(
        "@relation r\n@attribute t string\n@attribute class {a, b}\n@data\n{0 soup, 1 b}\n"
    )
    with pytest.raises(SynthkitError, match="sparse ARFF file. Save it as CSV"):
        load_rows(tmp_path / "a.arff")


TAGGED = [
    "-DOCSTART- -X- O\n\nMira NNP B-PER\nsleeps VBZ O\n\nin IN O\nOslo NNP B-LOC\n",
    "Mira\tI-PER\nsleeps\tO\n\nin\tO\nOslo\tI-LOC\n",
    "# text = Cats sleep.\n1\tCats\tcat\tNOUN\t_\t_\t2\tnsubj\t_\t_\n2\tsleep\tsleep\tVERB\t_\t_\t0\troot\t_\t_\n\n"
    "# text = Geese.\n1\tGeese\tgoose\tNOUN\t_\t_\t0\troot\t_\t_\n",
    "word,label\nMira,B-PER\nsleeps,O\nin,O\nOslo,B-LOC\nMira,B-PER\n",
    "Sentence,text,Tag,label\n1,Mira,NNP,S-PER\n1,sleeps,VBZ,O\n2,Oslo,NNP,S-LOC\n",
]


@pytest.mark.parametrize("content", TAGGED)
@pytest.mark.parametrize("name", ["a.conll", "a.txt", "a.csv"])
def test_a_word_a_line_with_its_tag_is_refused_with_what_to_do(tmp_path, content, name):
    (tmp_path / name).write_text(content)
    with pytest.raises(SynthkitError, match="one label for the whole text: join the words of a sentence"):
        load_rows(tmp_path / name)


def test_a_word_a_line_is_read_where_comments_give_each_sentence_a_label(tmp_path):
    block = "# id = {0}\n# text = {1}\n# intent: {2}\nword O\nother B-THING\n"
    sentences = [("1", "wake me at six", "alarm"), ("2", "play some jazz = loud", "music")]
    (tmp_path / "a.conll").write_text("\n".join(block.format(*some) for some in sentences))
    loaded = load_rows(tmp_path / "a.conll")
    assert texts_and_labels(loaded) == [{"text": text, "label": label} for _, text, label in sentences]


@pytest.mark.parametrize("labels", [("B-ware", "E-mail"), ("O", "A"), ("I-95", "I-80")])
def test_labels_that_only_look_like_tags_are_labels(labels):
    rows = [{"text": f"a line about a cat {i}", "label": labels[i % 2]} for i in range(6)]
    assert set(load_rows(rows).rows["label"]) == set(labels)


def test_numbered_rows_of_many_words_are_no_words_with_tags(tmp_path):
    lines = [f"{i}\tthe cat slept on the table for {i} hours\t{'animals' if i % 2 else 'menu'}" for i in range(8)]
    (tmp_path / "a.tsv").write_text("\n".join(lines))
    assert len(load_rows(tmp_path / "a.tsv").rows) == 8


CATS = "@relation cats\n@attribute text string\n@attribute class{menu,animals}\n@data % rows\n"


def test_what_weka_escapes_stands_again_as_it_was(tmp_path):
    (tmp_path / "a.arff").write_text(CATS + r"'one\ntwo\tthree',menu" + "\n" + r"'caf\u00e9 it\'s 5\%',animals" + "\n")
    assert load_rows(tmp_path / "a.arff").rows["text"] == ["one\ntwo\tthree", "café it's 5%"]


def test_a_comment_behind_a_row_of_weka_is_no_label(tmp_path):
    (tmp_path / "a.arff").write_text(CATS + "'5 % off',menu % by ann\n'a cat',animals\n")
    assert texts_and_labels(load_rows(tmp_path / "a.arff")) == [
        {"text": "5 % off", "label": "menu"},
        {"text": "a cat", "label": "animals"},
    ]


def test_a_text_of_weka_that_goes_on_in_the_next_line_is_left_out_and_listed(tmp_path):
    (tmp_path / "a.arff").write_text(
        CATS + "'the first half\nthe second',menu\n'a\u2028cat',animals\n'tea',menu\n", encoding="utf-8"
    )
    loaded = load_rows(tmp_path / "a.arff")
    assert loaded.rows["label"] == ["animals", "menu"]
    assert [r.row for r in loaded.repairs if r.what == "left out"] == [5, 6]


def test_an_attribute_of_weka_that_stands_twice_is_an_error(tmp_path):
    (tmp_path / "a.arff").write_text(CATS.replace("@attribute class", "@attribute text string\n@attribute class"))
    with pytest.raises(SynthkitError, match="'text' stands twice"):
        load_rows(tmp_path / "a.arff")


@pytest.mark.parametrize("sentences", [3, 700, 900])
def test_sentences_of_any_number_with_text_and_label_in_comments_are_read(tmp_path, sentences):
    words = "".join(f"{i}\tcat" + "\t_" * 8 + "\n" for i in (1, 2))
    some = [f"# text = cat number {i}\n# label = {'ab'[i % 2]}\n{words}" for i in range(sentences)]
    (tmp_path / "a.conllu").write_text("\n".join(some))
    assert len(load_rows(tmp_path / "a.conllu").rows) == sentences
