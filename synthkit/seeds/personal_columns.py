"""Columns whose name says that they hold personal data: what stands in them goes, known to a lexicon or not."""

from __future__ import annotations

import re
from collections.abc import Mapping

import regex

from synthkit.core.text import visible, words
from synthkit.seeds.name_lexicon import no_names
from synthkit.seeds.pseudonyms import is_safe

_KINDS = {
    "PERSON": "name surname forename firstname lastname fullname username nickname client customer patient person "
    "employee caller user author sender recipient owner nurse doctor physician guest passenger member "
    "student teacher agent manager rep adviser advisor clinician mother father parent guardian spouse "
    "child attendee applicant tenant subscriber vorname nachname kunde kundin kundenname patientin "
    "mitarbeiter nom prénom prenom cliente nombre apellido apellidos paciente cognome paziente naam "
    "voornaam achternaam klant imię imie nazwisko klient namn kund",
    "EMAIL_ADDRESS": "email mail emailaddress courriel correo",
    "PHONE_NUMBER": "phone telephone tel mobile cell cellphone fax handy telefon téléphone teléfono telefono",
    "ADDRESS": "street address adresse dirección indirizzo adres straße strasse",
    "DATE_OF_BIRTH": "dob birthdate birthday dateofbirth geburtsdatum geburtstag",
    "ID_NUMBER": "ssn passport nin nhs mrn nino taxid iban",
    "": "full first last middle given family preferred maiden the of no nr number work home e s contact date birth "
    "account case sales key",
}
_OF = {word: kind for kind, known in _KINDS.items() for word in known.split()}
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}]")


def column_kind(name: str) -> str | None:
    """Return the kind of personal data that a column is named after, or None.

    >>> [column_kind(name) for name in ("Customer Name", "clientEmail", "product_name", "client_type")]
    ['PERSON', 'EMAIL_ADDRESS', None, None]
    """
    parts = re.sub(r"[\W_]+|(?<=[a-z])(?=[A-Z])", " ", name).casefold().split()
    kinds = [_OF.get(word) for word in parts]
    if {"date", "birth"} <= set(parts):
        kinds.append("DATE_OF_BIRTH")
    said = sorted({kind for kind in kinds if kind}, key="PERSON".__eq__)  # "client email" is an address
    return said[0] if said and None not in kinds else None


def is_told(kind: str, value: object) -> bool:
    """Return whether a cell of a personal column holds something that is not replaced yet."""
    text = "" if value is None else str(value).strip()
    return bool(text) and not re.fullmatch(r"\[[A-Z_]+\]", text) and not is_safe(kind, text)


def known_of_rows(rows, kinds: Mapping[str, str]) -> list[dict[str, str]]:
    """Return for each row the patterns, by kind, of what its own personal columns hold."""
    out: list[dict[str, str]] = [{} for _ in range(len(rows))]
    for column, kind in kinds.items():
        for i, cell in enumerate(rows[column]):
            seen = " ".join(visible("" if cell is None else str(cell))[0].split())
            some_code = seen.isascii() and seen.islower() and " " not in seen  # "web", "ios"
            if len(seen) > 1 and is_told(kind, seen) and not (kind == "PERSON" and (_plain(seen) or some_code)):
                parts = regex.findall(r"[\p{L}\p{M}'’-]{2,}", seen) if kind == "PERSON" else ()
                some = [rf"(?i:{re.escape(seen)})" if len(seen) > 3 else re.escape(seen)]
                if sum(map(str.isdigit, seen)) > 4 and not any(map(str.isalpha, seen)):
                    some = ["[ ()./-]{0,3}".join(c for c in seen if c.isdigit())]  # however it is grouped
                some += [re.escape(p) for p in parts if not _plain(p)]
                found = "|".join(some) if _UNSPACED.search(seen) else rf"(?<!\w)(?:{'|'.join(some)})(?!\w)"
                out[i] = joined(out[i], {kind: found})
    return out


def _plain(text: str) -> bool:
    return all(word in no_names() for word in words(text))


def joined(patterns: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return patterns by kind in which both find what each finds."""
    both = {
        kind: f"{_grouped(patterns[kind])}|{_grouped(pattern)}" for kind, pattern in more.items() if kind in patterns
    }
    return {**patterns, **more, **both}


def _grouped(pattern: str) -> str:
    """Return an expression that can stand beside another: flags at its beginning hold for it alone."""
    return re.sub(r"(?s)^\(\?([aimsux]+)\)(.*)", r"(?\1:\2)", pattern)
