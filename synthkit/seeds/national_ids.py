"""Numbers that states and banks give to a person, by their form and, where they have some, their check digits.

The check digits are those of python-stdnum. A number of digits alone, which any number may look like, needs its name
somewhere in the text.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

import regex as re

# what it is, its form, the module of stdnum that checks it ("": the form alone, so it is less sure), its names
_FORMS = [
    ("UK_NINO", r"(?i)\b[a-ceghj-pr-tw-z][a-ceghj-npr-tw-z] ?\d\d ?\d\d ?\d\d ?[a-d]\b", "", ""),
    ("UK_NHS", r"\b\d{3}[- ]?\d{3}[- ]?\d{4}\b", "gb.nhs", "nhs"),
    ("ES_NIF", r"\b\d{7,8}-?[A-Z]\b", "es.dni", ""),
    ("ES_NIE", r"\b[XYZ]\d{7}-?[A-Z]\b", "es.nie", ""),
    (
        "IT_FISCAL_CODE",
        r"(?i)\b[a-z]{6}[\dlmnp-v]{2}[a-ehlmpr-t][\dlmnp-v]{2}[a-mz][\dlmnp-v]{3}[a-z]\b",
        "it.codicefiscale",
        "",
    ),
    ("IN_PAN", r"(?i)\b[a-z]{3}[abcfghjlpt][a-z]\d{4}[a-z]\b", "", r"\bpan\b"),
    ("IN_AADHAAR", r"\b\d{4} ?\d{4} ?\d{4}\b", "in_.aadhaar", "aadhaar|aadhar|uidai"),
    ("PL_PESEL", r"\b\d{11}\b", "pl.pesel", "pesel"),
    ("FI_PERSONAL_IDENTITY_CODE", r"\b\d{6}[-+A-FU-Y]\d{3}[\dA-FHJ-NPR-Y]\b", "fi.hetu", ""),
    ("SE_PERSONNUMMER", r"\b(?:\d\d)?\d{6}[-+]\d{4}\b", "se.personnummer", ""),
    ("DK_CPR", r"\b\d{6}-?\d{4}\b", "dk.cpr", r"\bcpr"),
    ("NO_FODSELSNUMMER", r"\b\d{6} ?\d{5}\b", "no.fodselsnummer", "fødselsn|fodselsn|personnummer"),
    ("FR_NIR", r"\b[12] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d\b", "fr.nir", ""),
    ("DE_TAX_ID", r"\b\d{2} ?\d{3} ?\d{3} ?\d{3}\b", "de.idnr", r"steuer|\bidnr|tax id"),
    ("CH_AHV", r"\b756\.\d{4}\.\d{4}\.\d\d\b", "ch.ssn", ""),
    ("AT_VNR", r"\b\d{4} ?\d{6}\b", "at.vnr", r"versicherungsn|\bsvnr|\bsvn\b"),
    ("NL_BSN", r"\b\d{9}\b|\b\d{4}\.\d\d\.\d{3}\b", "nl.bsn", r"\bbsn\b|burgerservice|sofinummer"),
    ("BE_NN", r"\b\d\d\.\d\d\.\d\d-\d{3}\.\d\d\b", "be.nn", ""),
    ("BR_CPF", r"\b\d{3}\.\d{3}\.\d{3}-\d\d\b", "br.cpf", ""),
    ("BR_CPF", r"\b\d{11}\b", "br.cpf", r"\bcpf\b"),
    ("RO_CNP", r"\b[1-9]\d{12}\b", "ro.cnp", r"\bcnp\b"),
    ("CZ_RC", r"\b\d{6}/\d{3,4}\b", "cz.rc", ""),
    ("TR_TCKIMLIK", r"\b[1-9]\d{10}\b", "tr.tckimlik", r"kimlik|\btckn?\b|\btc no"),
    ("ZA_ID", r"\b\d{13}\b|\b\d{6} \d{4} \d{3}\b", "za.idnr", r"\bid\b|identity"),
    ("CN_RIC", r"(?<!\d)\d{17}[\dXx](?!\d)", "cn.ric", ""),
    ("KR_RRN", r"(?<!\d)\d{6}-\d{7}(?!\d)", "kr.rrn", ""),
]
NATIONAL_IDS = [(kind, re.compile(form), module, re.compile(names)) for kind, form, module, names in _FORMS]


@lru_cache
def checker(module: str):
    """Return the function of stdnum that says whether a number of this kind is valid."""
    return import_module(f"stdnum.{module}").is_valid


def iban_end(written: str) -> int:
    """Return how many characters at the beginning are an account number of some country (0: none).

    >>> iban_end("DE89 3704 0044 0532 0130 00 please")
    27
    """
    is_valid = checker("iban")
    ends = [i for i, c in enumerate(written, 1) if c.isalnum()][14:34]
    for end in reversed(ends):
        amid = re.fullmatch(r"\d\d|[A-Za-z]{2}", written[end - 1 : end + 1])  # of a longer number, or of the next word
        if not amid and is_valid(written[:end], check_country=False):  # that of the whole number is enough
            return end
    return 0
