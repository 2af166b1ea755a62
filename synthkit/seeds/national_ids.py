"""Numbers that states and banks give to a person, by their form and by their check digits where they have some."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import regex as re

_LETTER_OF_23, _LETTER_OF_31 = "TRWAGMYFPDXBNJZSQVHLCKE", "0123456789ABCDEFHJKLMNPRSTUVWXY"
# what a character in an odd place of an Italian tax code counts, from A (as 0) to Z
_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_NHS, _PESEL = (10, 9, 8, 7, 6, 5, 4, 3, 2, 1), (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
_IBAN_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 "
    "LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT21 "
    "QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
)
_IBAN_LENGTH = {entry[:2]: int(entry[2:]) for entry in _IBAN_LENGTHS.split()}


def iban_end(written: str) -> int:
    """Return how many characters at the beginning are an account number of some country (0: none).

    >>> iban_end("DE89 3704 0044 0532 0130 00 please")
    27
    """
    ends = [i for i, c in enumerate(written, 1) if c.isalnum()]
    length = _IBAN_LENGTH.get(written[:2].upper(), len(ends) + 1)
    if length > len(ends):
        return 0
    end = ends[length - 1]
    plain = re.sub(r"[ -]", "", written[:end])
    number = "".join(str(int(c, 36)) for c in plain[4:] + plain[:4])
    amid = re.fullmatch(r"\d\d|[A-Za-z]{2}", written[end - 1 : end + 1])  # of a longer number, or of the next word
    return 0 if amid or int(number) % 97 != 1 else end


def _spanish(written: str) -> bool:
    number = written[:-1].replace("-", "").translate(str.maketrans("XYZ", "012"))
    return written[-1] == _LETTER_OF_23[int(number) % 23]


def _italian(written: str) -> bool:
    values = [int(c) if c.isdigit() else ord(c) - ord("A") for c in written.upper()]
    return (sum(_ODD[v] for v in values[:-1:2]) + sum(values[1:-1:2])) % 26 == values[-1]


def _finnish(written: str) -> bool:
    try:
        datetime.strptime(written[:6], "%d%m%y")
    except ValueError:
        return False
    return _LETTER_OF_31[int(written[:6] + written[7:10]) % 31] == written[-1]


def _weighted(weights: tuple[int, ...], modulus: int) -> Callable[[str], bool]:
    def check(written: str) -> bool:
        digits = map(int, re.sub(r"\D", "", written))
        return sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % modulus == 0

    return check


# what it is, a word that a text must have, the form, the check (None: the form alone, so it is less sure)
NATIONAL_IDS = [
    ("UK_NINO", "", r"(?i)\b[a-ceghj-pr-tw-z][a-ceghj-npr-tw-z] ?\d\d ?\d\d ?\d\d ?[a-d]\b", None),
    ("UK_NHS", "nhs", r"\b\d{3}[- ]?\d{3}[- ]?\d{4}\b", _weighted(_NHS, 11)),
    ("ES_NIF", "", r"\b\d{7,8}-?[A-Z]\b", _spanish),
    ("ES_NIE", "", r"\b[XYZ]\d{7}-?[A-Z]\b", _spanish),
    ("IT_FISCAL_CODE", "", r"(?i)[a-z]{6}[\dlmnp-v]{2}[a-ehlmpr-t][\dlmnp-v]{2}[a-mz][\dlmnp-v]{3}[a-z]", _italian),
    ("IN_PAN", "pan", r"(?i)\b[a-z]{3}[abcfghjlpt][a-z]\d{4}[a-z]\b", None),
    ("PL_PESEL", "pesel", r"\d\d(?:[02468][1-9]|[13579][012])[0-3]\d{6}", _weighted(_PESEL, 10)),
    ("FI_PERSONAL_IDENTITY_CODE", "", r"\d{6}[-+A-FU-Y]\d{3}[\dA-FHJ-NPR-Y]", _finnish),
]  # fmt: skip
NATIONAL_IDS = [(kind, word, re.compile(form), check) for kind, word, form, check in NATIONAL_IDS]
