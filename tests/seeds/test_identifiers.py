"""What points at a person by its form, its checksum or the word beside it is found whole; what only counts is not."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.seeds.anonymizer import WINDOW, find_personal


def found(text):
    return {(f.type, text[f.start : f.end]) for f in find_personal(text)}


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("paid with 5105-1051-0510-5100 last week", "CREDIT_CARD", "5105-1051-0510-5100"),
        ("the twelve digits 501800000009 are my card", "CREDIT_CARD", "501800000009"),
        ("amex 3782 822463 10005 was refused", "CREDIT_CARD", "3782 822463 10005"),
        ("konto nl91 abna 0417 1643 00 danke", "IBAN_CODE", "nl91 abna 0417 1643 00"),
        ("pay FR1420041010050500013M02606 now", "IBAN_CODE", "FR1420041010050500013M02606"),
        ("her number is 536-22-8714, I think", "US_SSN", "536-22-8714"),
        ("national insurance AB 12 34 56 C please", "UK_NINO", "AB 12 34 56 C"),
        ("card fa-ce-bb-ad-dc-ef here", "MAC_ADDRESS", "fa-ce-bb-ad-dc-ef"),
        ("router 00:1a:2b:3c:4d:5e is down", "MAC_ADDRESS", "00:1a:2b:3c:4d:5e"),
        ("login from 2a02:8108:8ac0::7f3:1 at 11:20:31", "IP_ADDRESS", "2a02:8108:8ac0::7f3:1"),
        ("mi DNI: 87654321X gracias", "ES_NIF", "87654321X"),
        ("codice fiscale VRDLGU71C14F205Z grazie", "ID_NUMBER", "VRDLGU71C14F205Z"),
        ("my passport number is K8204417, expires soon", "ID_NUMBER", "K8204417"),
        ("Führerschein Nr. B072RRE2I55 verloren", "ID_NUMBER", "B072RRE2I55"),
        ("patient no. 4471-9923 called", "ID_NUMBER", "4471-9923"),
        ("date of birth: 7 May 1991", "DATE_OF_BIRTH", "7 May 1991"),
        ("am 5. März 1971 geboren", "DATE_OF_BIRTH", "5. März 1971"),
        ("geboren am 03.11.1978 in Kiel", "DATE_OF_BIRTH", "03.11.1978"),
        ("née le 21 février 1969", "DATE_OF_BIRTH", "21 février 1969"),
        ("生年月日1988年4月2日です", "DATE_OF_BIRTH", "1988年4月2日"),
        ("联系bo.li@example.org吧", "EMAIL_ADDRESS", "bo.li@example.org"),
        ("이메일은 kim@example.kr입니다", "EMAIL_ADDRESS", "kim@example.kr"),
        ("write to zoë.k@bücher-laden.de bitte", "EMAIL_ADDRESS", "zoë.k@bücher-laden.de"),
        ("ola (at) example (dot) org is mine", "EMAIL_ADDRESS", "ola (at) example (dot) org"),
        ("it is ola at example dot org", "EMAIL_ADDRESS", "ola at example dot org"),
        ("ask ann.li@ward7.local. Thanks", "EMAIL_ADDRESS", "ann.li@ward7.local"),
        ("an: o.berg@post.klinik.intern, bitte", "EMAIL_ADDRESS", "o.berg@post.klinik.intern"),
        ("bot1@desk.test", "EMAIL_ADDRESS", "bot1@desk.test"),
        ("ola&#64;example.org", "EMAIL_ADDRESS", "ola&#64;example.org"),
        ("打13987654321找我", "PHONE_NUMBER", "13987654321"),
        ("Handy: 0151/234 567-89", "PHONE_NUMBER", "0151/234 567-89"),
        ("call me on 312-555-0187 x204 today", "PHONE_NUMBER", "312-555-0187 x204"),
        ("ring 02 87 41 66 after six", "PHONE_NUMBER", "02 87 41 66"),
        ("看https://example.org/u/77吧", "URL", "https://example.org/u/77"),
    ],
)
def test_it_is_found_whole(text, kind, words):
    assert (kind, words) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "request 7c9e6679-7425-40de-944b-e07fc1f90ae7 failed",
        "order 7044182 and ref 9087651234, invoice 20231105",
        "04/17 09:14:55 WARN queue is full",
        "upgrade to version 4.12.0.3 please",
        "std::vector and a::b are C++",
        "it was 10:30:45 when the train left",
        "the meeting of 12.03.2024 was long",
        "policy 2019/20 of the club",
        "tracking no. 4111111111 is stuck",
        "ISBN 9783161484100 is out of print",
        "my score was 110-95-2040-7",
        "we are at home dot dot dot",
        "1.234.567,89 euros",
        "from 1998 - 2004 I lived well",
    ],
)
def test_what_counts_or_dates_is_left_alone(text):
    assert found(text) == set()


HOSTILE = [
    ":",
    "1 ",
    "12-",
    "a@",
    "a.",
    "\n",
    "John ",
    "john ",
    "thanks\n",
    "+1 ",
    "Apt 1 ",
    "www.",
    "DE12",
    "ab:",
    "'",
]


def test_the_cost_of_a_text_grows_as_its_length_does():
    code = "from synthkit.seeds.anonymizer import find_personal as find\n"
    code += f"for u in {HOSTILE!r}: find(u * (30_000 // len(u)))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=240)  # 20 s for colons alone where it does not


@given(st.integers(0, 2 * WINDOW), st.sampled_from([" ", "word ", "\n", "é ", "王"]))
def test_a_find_is_the_same_wherever_it_stands_in_a_long_text(before, filler):
    pad = (filler * before)[:before]
    text = f"{pad} ann.lee@example.org {filler * 3_000}"
    assert ("EMAIL_ADDRESS", "ann.lee@example.org") in found(text)


def test_a_label_alone_on_its_line_says_what_stands_below_it():
    texts = ["Phone:\n60-56-12-91", "Passport no:\n\nK7719034", "Date of birth:\n  3 May 1961"]
    assert [f.type for t in texts for f in find_personal(t)] == ["PHONE_NUMBER", "ID_NUMBER", "DATE_OF_BIRTH"]


def test_eight_digits_are_a_phone_where_they_are_grouped_like_one():
    assert [f.type for f in find_personal("he left 22 83 41 07 and hung up")] == ["PHONE_NUMBER"]
    assert not find_personal("the shelf has 22834107 on it")
