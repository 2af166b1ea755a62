"""People by cue and lexicon: what is taken for a name, and what only looks like one."""

import pytest

from synthkit.seeds.person_names import find_addresses, find_names


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
    ],
)
def test_a_name_is_found(text, name):
    assert name in names(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hi There, where is it?",
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
    ("text", "address"),
    [
        ("send it to 14b Rosemary Lane, Littleton please", "14b Rosemary Lane, Littleton"),
        ("we are at 7 Upper Mill Road, Hay QZ4 7VT.", "7 Upper Mill Road, Hay QZ4 7VT"),
        ("naar Molenstraat 12, 1234 AB Dorp graag", "Molenstraat 12, 1234 AB Dorp"),
        ("12 rue de la Paix", "12 rue de la Paix"),
    ],
)
def test_a_street_is_found_with_town_and_postcode(text, address):
    assert address in {text[s.start : s.end] for s in find_addresses(text)}


@pytest.mark.parametrize("text", ["2 Blue Chairs and a table", "at 9 sharp on the High Street", "3 days on the road"])
def test_a_number_beside_words_is_no_address(text):
    assert list(find_addresses(text)) == []
