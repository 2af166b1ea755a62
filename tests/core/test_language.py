"""Another language is noticed in long texts and left alone in short ones."""

from types import SimpleNamespace

import pytest

from synthkit.comparison.compare import compare
from synthkit.core.language import embedder_for, foreign, language_note, language_of, main_language
from synthkit.core.rows import make_rows
from synthkit.quality.evaluate import evaluate

ENGLISH = ["the parcel came two days late and nobody told me anything about it"] * 5
GERMAN = ["das Paket kam zwei Tage zu spät und niemand hat mir etwas davon gesagt"] * 3


def test_a_set_is_in_the_language_of_most_of_its_texts():
    assert (main_language(ENGLISH), main_language(GERMAN)) == ("en", "de")
    assert main_language([*ENGLISH, *GERMAN]) == "en"


def test_a_text_in_another_language_is_named_with_its_place():
    assert foreign(ENGLISH + GERMAN, "en") == {5: "de", 6: "de", 7: "de"}
    assert foreign(["zu spät, wie immer"], "en") == {}
    assert foreign(GERMAN, "de") == {}


@pytest.mark.parametrize("language", ["de", "zh", "hi", "ar", "pt-BR", "German"])
def test_what_does_not_carry_over_to_another_language_is_a_sentence(language):
    note = language_note(language)
    assert note.startswith(f"language {language}: sentence vectors by minilm are English")
    assert ("letter by letter" in note) == (language == "zh")
    assert embedder_for(language) == "lsa"


@pytest.mark.parametrize("language", ["en", "en-GB", "EN_us", "English", "", None])
def test_english_needs_no_note(language):
    assert language_note(language) == ""


SUBJECTS, VERDICTS, ENDS = ("蛋糕", "咖啡", "小猫", "座位"), ("很好", "太差"), ("会再来", "不推荐")
CHINESE = [f"{a}今天{b}，{c}。" for a in SUBJECTS for b in VERDICTS for c in ENDS]


def test_the_language_of_rows_is_that_of_their_task_or_what_they_plainly_are():
    assert language_of(CHINESE)[0] == "zh"
    assert language_of(GERMAN * 10)[0] == "de"
    assert language_of(["zu spät", "ganz nett"]) == ("en", ())  # too little to tell
    assert language_of(ENGLISH * 10) == ("en", ())
    language, (note,) = language_of(CHINESE, SimpleNamespace(language="en"))
    assert language == "zh" and note.startswith("task.yaml says language: en, but most rows look like zh; language zh:")


def test_the_first_line_of_a_report_and_of_a_comparison_says_it_and_vectors_fit_the_script():
    rows = make_rows({"text": CHINESE, "label": ["good", "bad"] * (len(CHINESE) // 2)})
    report = evaluate(rows, rows, progress=False)
    few = make_rows(
        {"text": ["老板非常客气", "洗手间有点脏", "音乐声音刚好", "等了一个多小时"], "label": ["good", "bad"] * 2}
    )
    comparison = compare({"few": few}, test=rows, students=["tfidf_lr"], progress=False)
    for result in (report, comparison):
        assert result.embedder == "lsa"
        assert "language zh: sentence vectors by minilm are English" in result.summary().splitlines()[0]
