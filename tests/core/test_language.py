"""Another language is noticed in long texts and left alone in short ones."""

from synthkit.core.language import foreign, main_language

ENGLISH = ["the parcel came two days late and nobody told me anything about it"] * 5
GERMAN = ["das Paket kam zwei Tage zu spät und niemand hat mir etwas davon gesagt"] * 3


def test_a_set_is_in_the_language_of_most_of_its_texts():
    assert (main_language(ENGLISH), main_language(GERMAN)) == ("en", "de")
    assert main_language([*ENGLISH, *GERMAN]) == "en"


def test_a_text_in_another_language_is_named_with_its_place():
    assert foreign(ENGLISH + GERMAN, "en") == {5: "de", 6: "de", 7: "de"}
    assert foreign(["zu spät, wie immer"], "en") == {}
    assert foreign(GERMAN, "de") == {}
