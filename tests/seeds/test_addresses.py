"""A street address is found with what belongs to it; a number beside words is none."""

import pytest

from synthkit.seeds.addresses import find_addresses


def found(text):
    return {text[s.start : s.end] for s in find_addresses(text)}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("send it to 14b Rosemary Lane, Littleton please", "14b Rosemary Lane, Littleton"),
        ("we are at 7 Upper Mill Road, Hay QZ4 7VT.", "7 Upper Mill Road, Hay QZ4 7VT"),
        ("naar Molenstraat 12, 1234 AB Dorp graag", "Molenstraat 12, 1234 AB Dorp"),
        ("12 rue de la Paix", "12 rue de la Paix"),
        ("8 avenue des Lilas, 31000 Toulon merci", "8 avenue des Lilas, 31000 Toulon"),
        ("ich wohne Lindenstraße 4, 04109 Leipzig", "Lindenstraße 4, 04109 Leipzig"),
        ("ul. Długa 17 is mine", "ul. Długa 17"),
        ("bor på Kastanjegatan 31 sedan maj", "Kastanjegatan 31"),
        ("please ship to 9 Ash St., Apt 2, Hay, QX 40711", "9 Ash St., Apt 2, Hay, QX 40711"),
        ("Kossuth út 9. volt", "Kossuth út 9."),
        ("my address is 44 Calle Sol Apt. 12\nPonteverde, PR 00921", "44 Calle Sol Apt. 12\nPonteverde, PR 00921"),
        ("mail to PSC 41, Box 207\nAPO AE 09461 please", "PSC 41, Box 207\nAPO AE 09461"),
        ("meet at the corner of Elm Road and Oak Lane", "the corner of Elm Road and Oak Lane"),
        ("地址：上海市徐汇区漕溪路18号", "上海市徐汇区漕溪路18号"),
    ],
)
def test_a_street_is_found_with_town_and_postcode(text, address):
    assert address in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "2 Blue Chairs and a table",
        "at 9 sharp on the High Street",
        "3 days on the road",
        "sent back on Feb 6 and again in May",
        "it is at 12 I am told",
        "the top 100 of the charts",
        "a ship of 900 tons",
    ],
)
def test_a_number_beside_words_is_no_address(text):
    assert found(text) == set()
