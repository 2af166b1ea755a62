"""Old encodings read right or refused, never as something else; packed files read as what they hold."""

import bz2
import gzip
import html
import io
import lzma
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.errors import SynthkitError
from synthkit.tasks.decoding import decoded, unescaped, unpacked
from synthkit.tasks.loading import load_rows
from synthkit.tasks.table import Table

TEA = "text,label\nthe tea was cold,menu\na cat slept here,animals\n"
SENTENCES = {
    "cp1252": ["Das Frühstück war köstlich", "Leider gab es keine Brötchen mehr", "Süße Kätzchen überall"],
    "mac_roman": ["Das Frühstück war köstlich", "Leider gab es keine Brötchen mehr", "Süße Kätzchen überall"],
    "cp850": ["Das Frühstück war köstlich", "Leider gab es keine Brötchen mehr", "Süße Kätzchen überall"],
    "cp1251": ["Кофе был холодным", "Очень милые кошки", "Нам понравилось, придём ещё"],
    "koi8-r": ["Кофе был холодным", "Очень милые кошки", "Нам понравилось, придём ещё"],
    "cp866": ["Кофе был холодным", "Очень милые кошки", "Нам понравилось, придём ещё"],
    "cp1250": ["Kawa była zimna", "Śliczne kotki, wrócimy", "Proszę o większą porcję"],
    "cp1253": ["Ο καφές ήταν κρύος", "Πολύ γλυκές γάτες", "Θα ξανάρθουμε"],
    "cp1255": ["הקפה היה קר", "חתולים חמודים מאוד", "נחזור שוב"],
    "cp1256": ["كانت القهوة باردة", "قطط لطيفة جدا", "سنعود مرة أخرى"],
    "gb18030": ["咖啡是冷的", "猫非常可爱", "我们还会再来"],
    "big5": ["咖啡是冷的", "貓咪非常可愛", "我們還會再來"],
    "cp932": ["コーヒーが冷たかった", "猫がとても可愛い", "また来ます"],
    "euc_jp": ["コーヒーが冷たかった", "猫がとても可愛い", "また来ます"],
    "cp949": ["커피가 차가웠어요", "고양이가 정말 귀여워요", "또 올게요"],
}


def table_of(texts):
    return "text,label\n" + "".join(f"{t},{'ab'[i % 2]}\n" for i, t in enumerate(texts))


@pytest.mark.parametrize("encoding", SENTENCES)
def test_an_old_encoding_is_read_right_and_said_with_its_confidence(encoding):
    content, table = table_of(SENTENCES[encoding]), Table("a.csv")
    assert decoded(table, content.encode(encoding)) == content
    (repair,) = table.repairs
    assert repair.what.startswith("read as ") and "confidence 0." in repair.value
    assert not repair.harmless


@given(st.sampled_from(sorted(SENTENCES)), st.permutations(range(3)), st.integers(1, 3))
def test_however_little_there_is_in_an_old_encoding_it_is_read_right_or_refused(encoding, order, size):
    content = table_of([SENTENCES[encoding][i] for i in order[:size]])
    try:
        assert decoded(Table("a.csv"), content.encode(encoding)) == content
    except SynthkitError as error:
        assert "encoding=" in str(error) and "unsure" in str(error)


def test_two_readings_that_fit_alike_are_a_question_that_shows_where_they_differ():
    content = table_of(["Привезите мне другой чай"])
    with pytest.raises(SynthkitError, match=r"line 2 is not UTF-8, and the encoding is unsure: encoding=.*Привезите"):
        decoded(Table("a.csv"), content.encode("mac_cyrillic"))
    assert decoded(Table("a.csv"), content.encode("mac_cyrillic"), "mac_cyrillic") == content


def test_a_stated_encoding_must_exist_and_fit(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(table_of(SENTENCES["cp1252"]).encode("cp1252"))
    assert load_rows(path, encoding="cp1252", strict=True).rows["text"][2] == "Süße Kätzchen überall"
    with pytest.raises(SynthkitError, match="is not utf-8: byte 0xfc in line 2"):
        load_rows(path, encoding="utf-8")
    with pytest.raises(SynthkitError, match="encoding='klingon' is not known"):
        load_rows(path, encoding="klingon")


def test_of_a_file_with_a_few_broken_lines_only_these_are_left_out(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(table_of(["naïve cat", "café cat", "crème cat"]).encode() + "brûlé cat,a\n".encode("cp1252"))
    loaded = load_rows(path)
    assert list(loaded.rows["text"]) == ["naïve cat", "café cat", "crème cat"]
    assert [r.row for r in loaded.repairs if r.what == "left out"] == [5]
    with pytest.raises(SynthkitError, match="broken lines"):
        load_rows(path, strict=True)


@pytest.mark.parametrize("marks", [1, 2, 3])
def test_byte_order_marks_go_however_many(tmp_path, marks):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" * marks + TEA.encode())
    assert load_rows(path, strict=True).rows.column_names == ["id", "text", "label"]


@pytest.mark.parametrize(("packer", "end"), [(gzip, "gz"), (bz2, "bz2"), (lzma, "xz")])
def test_a_packed_file_is_read_as_what_it_holds(tmp_path, packer, end):
    path = tmp_path / f"a.jsonl.{end}"
    path.write_bytes(packer.compress(b'{"text": "a b", "label": "x"}\n{"text": "c d", "label": "y"}\n'))
    assert list(load_rows(path).rows["label"]) == ["x", "y"]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SynthkitError, match="cannot be unpacked"):
        load_rows(path)


def test_a_zip_of_one_table_is_read_and_of_several_a_question(tmp_path):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("export/train.csv", TEA)
        archive.writestr("__MACOSX/export/._train.csv", "x")
    assert unpacked("a.zip", held.getvalue()) == ("export/train.csv", TEA.encode())
    with zipfile.ZipFile(held, "a") as archive:
        archive.writestr("export/test.csv", TEA)
    with pytest.raises(SynthkitError, match="it holds: export/train.csv, export/test.csv. Unpack it"):
        unpacked("a.zip", held.getvalue())


@pytest.mark.parametrize(
    "text", ["süße Kätzchen, größer", "déjà goûté", "“cold” – again…", "кофе холодный", "咖啡是冷的 👍"]
)
def test_utf8_that_was_read_as_windows_is_mended_and_said(text):
    wrong = "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in text.encode())
    rows = [{"text": f"{wrong} {i}", "label": label} for i, label in enumerate(["menu", "animals", "menu"])]
    loaded = load_rows(rows)
    assert loaded.rows["text"][0] == f"{text} 0"
    assert any("UTF-8 had been read as Windows-1252" in r.what for r in loaded.repairs)
    with pytest.raises(SynthkitError, match="Windows-1252"):
        load_rows(rows, strict=True)


@pytest.mark.parametrize("text", ["ÂGE ÀGÉ SÃO PAULO", "naïve Ünlü déjà", "Å Ã Â", "£5 €6 “x” …"])
def test_letters_that_are_meant_stay_as_they_are(text):
    loaded = load_rows([{"text": f"{text} {i}", "label": label} for i, label in enumerate("abab")], strict=True)
    assert loaded.rows["text"][0] == f"{text} 0"


def test_zero_bytes_in_a_text_are_taken_out_and_said():
    loaded = load_rows(io.BytesIO(TEA.replace("cold", "co\0ld").encode()))
    assert loaded.rows["text"][0] == "the tea was cold"
    assert any(r.what == "zero bytes removed: 1" for r in loaded.repairs)


def test_signs_that_stand_as_html_are_put_back_and_said():
    texts = [
        "it isn&#39;t &quot;hot&quot;",
        "tea &amp; milk",
        "5 &lt; 6&nbsp;cats",
        "no sign at all",
        "an &eacute;clair",
    ]
    loaded = load_rows([{"text": t, "label": f"{'a' if i % 2 else 'b'} &amp; c"} for i, t in enumerate(texts)])
    assert loaded.rows["text"] == ['it isn\'t "hot"', "tea & milk", "5 < 6 cats", "no sign at all", "an éclair"]
    assert set(loaded.rows["label"]) == {"a & c", "b & c"}
    assert "put back in 4 cells" in loaded.repairs[0].what + loaded.repairs[1].what


def test_signs_escaped_twice_are_put_back_twice():
    loaded = load_rows([{"text": f"cat {i} isn&amp;#39;t in", "label": "ab"[i % 2]} for i in range(6)])
    assert loaded.rows["text"][0] == "cat 0 isn't in"


@pytest.mark.parametrize(
    "texts",
    [
        ["what does &amp; mean?", "tea", "milk", "cats"],  # one speaks about it
        ["tea & milk: &lt;", "a & b &amp;", "c & d &gt;", "e & f &amp;"],  # an ampersand stands for itself
        ["a=1&copy=2", "b=1&lt=2", "c=1&amp=2", "d"],  # addresses
    ],
)
def test_signs_that_somebody_wrote_stay(texts):
    loaded = load_rows([{"text": t, "label": "ab"[i % 2]} for i, t in enumerate(texts)])
    assert loaded.rows["text"] == texts


@given(st.lists(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs", "Sm"]), min_size=1), min_size=3))
def test_texts_that_a_page_escaped_come_back(texts):
    meant = [f"<{text}> & so on" for text in texts]
    table = Table("a")
    assert unescaped(table, [html.escape(text) for text in meant], "text") == meant


def test_names_that_html_does_not_have_stay_as_they_are():
    texts = [
        "see &section; &amp; more",
        "&degrees; are &#0; units",
        "a &current; &amp; b",
        "tea &amp; milk",
        "c &lt; d",
    ]
    loaded = load_rows([{"text": t, "label": "ab"[i % 2]} for i, t in enumerate(texts)])
    assert loaded.rows["text"] == texts  # an ampersand that is no sign stands for itself: nobody escaped these


def test_a_sign_escaped_without_end_is_put_back_twice_and_no_more():
    loaded = load_rows([{"text": f"{i} &{'amp;' * 3000}", "label": "ab"[i % 2]} for i in range(4)])
    assert loaded.rows["text"][0] == f"0 &{'amp;' * 2998}"
