"""People by cue and lexicon: what is taken for a name, and what only looks like one."""

import pytest

from synthkit.seeds.person_names import find_names


def names(text):
    return {text[s.start : s.end] for s in find_names(text)}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Zorvan Quibble and I waited", "Zorvan Quibble"),
        ("my name is zorvan quibble", "zorvan quibble"),
        ("It was late.\nKind regards,\nZorvan Quibble", "Zorvan Quibble"),
        ("Works now. Thanks, Zorvan", "Zorvan"),
        ("Zorvan Quibble called re a chair", "Zorvan Quibble"),
        ("Hi, Zorvan here, the chair wobbles", "Zorvan"),
        ("please tell the driver to ask for Zorvan", "Zorvan"),
        ("shout out to Zorvan at the till", "Zorvan"),
        ("Mrs Quibble is still waiting", "Quibble"),
        ("the parcel was left with Emily Quibble", "Emily Quibble"),
        ("a lady, Emily, found it", "Emily"),
        ("signed for by J. Quibble", "J. Quibble"),
        ("my husband Zorvan O'Quibble paid", "Zorvan O'Quibble"),
        ("the lamp went to Gülçiçeğim instead", "Gülçiçeğim"),
        ("the lamp is for Łucjanna Kwiść", "Łucjanna Kwiść"),
        ("İsmail helped me at the till", "İsmail"),
        ("we asked Siobhán twice", "Siobhán"),
        ("Name:\nZorvan Quibble", "Zorvan Quibble"),
    ],
)
def test_a_name_is_found(text, name):
    assert name in names(text)


@pytest.mark.parametrize(
    "text",
    [
        "You're Welcome To Try",
        "they’re Loud And Rude",
        "Hi There, where is it?",
        "the old Škoda stays, says the Café Régence",
        "Thanks to Customer Service",
        "It may arrive in April or June",
        "We met in Paris on Sunday",
        "Said it was sent. Asked again. Listing says otherwise",
        "Will it come? Grace period is over",
        "my name is on the card",
        "what is my name",
        "Dear Team, Best Regards",
        "i need a new pin for my card please",
        "Thanks again.",
    ],
)
def test_what_is_no_name_is_left_alone(text):
    assert names(text) == set()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my name is Ždenka Křížová", "Ždenka Křížová"),
        ("Herr Weißgräber rief an", "Weißgräber"),
        ("Меня зовут Зоряна Квітка", "Зоряна Квітка"),
        ("με λένε Ζήνων Κουίμπλης", "Ζήνων Κουίμπλης"),
        ("je suis Zoltane Quibblé, de Lyon", "Zoltane Quibblé"),
        ("Me llamo Zoraida Quiñones y espero", "Zoraida Quiñones"),
        ("THIS IS EMILY QUIBBLE CALLING AGAIN", "EMILY"),
        ("MY NAME IS ZORVAN QUIBBLE AND I WAITED", "ZORVAN QUIBBLE"),
        ("thanks to emily for the chair", "emily"),
        ("dear mrs. o'quibble", "o'quibble"),
        ("the chair went to george miller on friday", "george miller"),
        ("a film directed by Zorvan van der Quibble", "Zorvan van der Quibble"),
        ("Zorvan Quibble\n12 Long Row\nHay", "Zorvan Quibble"),
        ("我叫陈思远，昨天下单", "陈思远"),
        ("请联系周先生", "周"),
        ("高橋さんに電話した", "高橋"),
        ("제 이름은 박지훈입니다", "박지훈"),
        ("اسمي سمير حداد وأنتظر", "سمير حداد"),
    ],
)
def test_a_name_of_any_script_and_case_is_found_whole(text, name):
    assert name in names(text)


def test_a_name_found_once_is_found_again():
    found = [text[s.start : s.end] for text in ["Mrs Quibble rang. Then Quibble wrote."] for s in find_names(text)]
    assert found.count("Quibble") >= 2


@pytest.mark.parametrize(
    "text",
    [
        "Der Winter war lang, die Tanne im Hof, und Herr Doktor kam nie.",
        "Bill me in May, mark it paid, and rob no bank.",
        "thanks to the driver",
        "THANKS TO THE DRIVER",
        "my MS hands are slow",
        "i made a date with the bright side",
        "soy milk and dulce de leche",
        "我是说这个颜色不好",
        "お客様の声",
        "고객님께 알려드립니다",
    ],
)
def test_ordinary_words_of_other_languages_and_cases_are_left_alone(text):
    assert names(text) == set()
