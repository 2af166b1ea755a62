"""Street addresses: a house number beside a kind of street, a flat, a military post office, or a word of living there.

A line that is found takes with it the flat, town, postcode and country behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module

import regex as re

from synthkit.seeds.identifiers import Span

ADDRESS, CUED = 0.8, 0.7

_NAME = r"(?:\p{Lu}['’])?\p{Lu}\p{M}*[\p{Ll}\p{M}]+(?:['’-]\p{Lu}?[\p{Ll}\p{M}]+)*"
_STREET = (
    r"Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Close|Court|Ct|Crescent|Row|Rise|Way|Place|Pl|Terrace|Square|Gardens|"
    r"Grove|Hill|Mews|Walk|Boulevard|Blvd|Parade|Quay|Green|Yard|View|Highway|Hwy"
)
# one word of a street's name: capitalised, in capitals, an initial, or a small word inside it
_WORD = (
    r"(?:\p{Lu}[\p{L}\p{M}'’.-]{0,30}|\d{1,3}(?:st|nd|rd|th|\.)|"
    r"(?:de|del|della|di|da|do|dos|das|la|le|les|l['’]|du|des|van|von|der|den|the|of|y|e|i|zur|zum|am|an|im)(?=[ '’]))"
)
_NUMBER = r"(?<![\w.$€£#])\d{1,5}(?:[/-]\d{1,4})?[a-zA-Z]?(?![\w%]|[.,:/-]\d)"
_AFTER = (  # kinds of street that stand behind the name, or end it
    rf"(?:{_STREET}|Trail|Circle|Loop|Alley|Esplanade|Promenade|Track|Park|Fields?|Meadows?|Glen|Bend|Pass|Path|Pike|"
    r"Turnpike|Parkway|Pkwy|Cove|Heights|Crossing|Junction|Isle|Wynd|Ridge|Flats?)"
)
_SUFFIX = (  # or that are grown into it
    r"\p{Lu}[\p{L}\p{M}'’-]{1,25}(?:gade|vej|vægt|gatan|vägen|gränd|torget|veien|vegen|gata|gate|katu|tie|kuja|polku|"
    r"stra(?:ß|ss)e|str\.?|weg|platz|allee|gasse|ring|damm|ufer|straat|laan|plein|gracht|kade|dreef|steenweg|stræde|"
    r"utca|bulevardi|tänav|gatve|iela)"
)
_BEFORE = (  # or that stand before it
    r"(?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Bb]d|[Pp]lace|[Aa]ll[ée]e|[Cc]hemin|[Qq]uai|[Ii]mpasse|[Vv]ia|[Vv]iale|"
    r"[Pp]iazza|[Cc]orso|[Vv]icolo|[Ll]argo|[Cc]alle|C/|[Cc]/|[Aa]venida|Avda?\.?|Av\.?|[Pp]aseo|[Pp]laza|[Cc]amino|"
    r"[Cc]arrera|[Cc]arrer|[Rr]ua|R\.|[Tt]ravessa|[Uu]l\.|[Uu]lica|[Uu]lice|[Aa]leja|[Aa]l\.|[Oo]s\.|[Pp]l\.|[Tt]rg|"
    r"[Nn]áměstí|[Uu]lice|[Pp]ostbox|P\.?[ ]?O\.?[ ]?Box|"
    r"улица|ул\.|проспект|пр\.|вул\.|Οδός|Πλατεία|Λεωφόρος|[Ss]tr\.|[Ss]trada|Jalan|Jl\.)"
)
_BEHIND = r"(?:út|útja|utca|utcája|tér|tere|körút|krt\.?|sétány|köz|ulica|cesta|sok\.|cad\.|caddesi|sokak)"
_RUN = rf"{_WORD}(?:[ ]{_WORD}){{0,4}}"
_LINES = [
    # 12 Rosemary Lane; 1987 74 Diakou Street
    rf"{_NUMBER},?[ ]+(?:{_NUMBER},?[ ]+)?{_RUN}[ ]{_AFTER}(?!\p{{L}})\.?",
    # Kuusikatu 7; 5410 Søndergade 52
    rf"(?<!\p{{L}})(?:{_NUMBER},?[ ]+)?(?:{_WORD}[ ]){{0,2}}{_SUFFIX},?[ ]{_NUMBER}",
    rf"{_NUMBER},?[ ]+{_SUFFIX}(?!\p{{L}})",
    # rue de la Paix 12; 33 avenue de Provence; ul. Grochowa 80
    rf"(?:{_NUMBER},?[ ]+)(?:{_NUMBER},?[ ]+)?(?<!\p{{L}}){_BEFORE}[ ]?{_RUN}(?:,?[ ](?:nº?|n°|č\.p\.)?[ ]?{_NUMBER})?",
    rf"(?<!\p{{L}}){_BEFORE}[ ]?{_RUN},?[ ](?:nº?|n°|č\.p\.)?[ ]?{_NUMBER}",
    rf"(?<!\p{{L}})(?:P\.?[ ]?O\.?[ ]?Box|Postbox|Postfach|Apartado)[ ]{_NUMBER}",
    # Rákóczi út 13.
    rf"(?:{_NUMBER},?[ ]+)?{_WORD}(?:[ ]\p{{L}}{{2,15}})?[ ]{_BEHIND}[ ]{_NUMBER}\.?",
    rf"(?:the )?corner of {_RUN}(?:[ ]{_NUMBER})? and {_RUN}(?:[ ]{_NUMBER})?",
    r"(?:PSC[ ]\d{1,5},?[ ]Box[ ]\d{1,5}|Unit[ ]\d{1,5}[ ]Box[ ]\d{1,5}|"
    r"US[NC]?[SVG]{0,2}[ ]\p{Lu}[\p{L}-]+)\s{1,3}(?:APO|FPO|DPO)[ ]A[AEP][ ]\d{5}",
    r"(?:(?<=住在|住|在|地址|址是|是|到|于|：)|(?<!\p{Han}))(?![住在])"
    r"(?:\p{Han}{2,8}?(?:省|市|区|區|县|縣|都|府|道|州)){1,4}\p{Han}{1,12}?(?:路|街|道|巷|丁目|町|村)\d{1,5}[号號番]?(?:\d{1,4}[室楼栋])?",
    r"〒?\d{3}-\d{4}[ ]?[\p{Han}\p{Katakana}]{2,8}[都道府県][\p{Han}\p{Hiragana}\p{Katakana}]{1,20}\d[\d丁目番地号−-]*",
]
_LINE = [re.compile(pattern) for pattern in _LINES]
# a number and names, where something says that an address comes, or where a flat follows
_BIG = r"(?=\p{Lu}[\p{L}'’-]{2})"
_DATED = (
    r"(?:\w+[ ])?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun|Week|Day|Order|Page|"
    r"Chapter|Version|Level|Season|Episode|Part|Gate|Platform|Line|Bus|Train|Flight|Row|Seat|Table|Highway|Route|Windows)"
)
_CUE = re.compile(
    r"(?i:\b(?:address(?:es)?|adresse|dirección|indirizzo|adres|lives?|living|lived|reside[sd]?|residing|located|"
    r"moved|ship(?:ped)?|deliver(?:ed)?|sent?d?|return(?:ed)?|mail(?:ed)?|office|restaurant|taxi|"
    r"meet(?: (?:me|you|us))?|"
    r"enter|wohn(?:e|t|haft)|habite|vive|vivo|abit[oa]|woon(?:t)?|mieszka(?:m)?)\b)"
    r"[^.!?\n\d]{0,36}?(?:(?i:\b(?:is|at|in|on|to|ist|are|au|en|op|im|der|di|with|of|user|here|"
    r"are they|following)\b)[:?]?|[:?])\s{1,3}"
    rf"({_NUMBER}[ ]+(?:{_NUMBER}[ ]+)?{_BIG}{_RUN}(?:[ ]{_NUMBER}\.?)?|"
    rf"(?!{_DATED}){_BIG}{_RUN}[ ]\d{{1,5}}(?![\w%]|[.,:/-]\d))"
)
_FLAT = (
    r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Room|Floor|Bldg|Building|Wohnung|Whg|Stiege|Top|Appt|Apto|Piso|Int|"
    r"Bus|bus|lok|m)\.?[ ]?#?\d{1,5}[a-zA-Z]?\b"
)
_WITH_FLAT = re.compile(
    rf"(?:{_NUMBER}[ ]+){{0,2}}(?:(?:\p{{L}}[\p{{L}}\p{{M}}'’.-]{{0,30}}|\d{{1,4}})[ ]){{0,5}}"
    rf"(?:{_WORD}|{_NUMBER}\.?),?[\s?]{{1,6}}{_FLAT}"
)
_LEAD = re.compile(r"(?:.*\b(?:to|at|is|in|on|from|my|address)[ ]+)?(?:\p{Ll}[\p{L}'’.-]*[ ])*")
_STATE = r"[A-Z]{1,3}\b"
_CODE = (
    r"\d{2}-\d{3}\b|(?:[A-Z]{1,2}-?)?\d{3,6}(?:[ -]\d{2,4})?(?:[ ][A-Z]{2})?\b|"
    r"[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}\b|[A-Z]\d[A-Z][ ]?\d[A-Z]\d\b"
)
_GAP = r"(?:[ ]|[\s,?]{1,8})"
_PLACE = rf"{_WORD}(?:[ -]{_WORD}){{0,3}}(?:[ ]?\([^()\n]{{1,30}}\))?"
# what may follow a line: each piece must end in a flat, a code or a country, with at most two names between
_MORE = re.compile(rf"{_GAP}(?:{_FLAT}|(?:{_PLACE}{_GAP}){{0,2}}(?:{_STATE}{_GAP})?(?:{_PLACE}{_GAP})?(?:{_CODE}))")
_TOWN_AFTER = re.compile(rf",[ ]{{0,2}}{_NAME}(?:[ ]{_NAME}){{0,2}}")

_TOWN_BEHIND_CODE = re.compile(rf"(?<=\d{{4}}|\b\d{{4}}[ ][A-Z]{{2}})[ ]{_NAME}(?:[ -]{_NAME}){{0,2}}(?![\p{{L}}])")


def find_addresses(text: str) -> Iterator[Span]:
    """Yield street addresses, each with the flat, town, postcode and country behind it; several may overlap."""
    if not any(c.isdigit() for c in text) and "corner of" not in text:
        return
    for pattern in _LINE:
        for match in pattern.finditer(text):
            yield Span("ADDRESS", match.start(), _to_the_end(text, match.end()), ADDRESS, "cue")
    for match in _CUE.finditer(text):
        if re.match(r"(?:1[89]|20)\d\d[ ]\p{Ll}", match.group(1)):
            continue  # a year: "moved to Norway in 2001 where"
        yield Span("ADDRESS", match.start(1), _to_the_end(text, match.end(1)), CUED, "cue")
    if re.search(_FLAT, text):
        for match in _WITH_FLAT.finditer(text):
            if any(c.isdigit() for c in re.sub(_FLAT, "", match.group())):
                start = match.start() + _LEAD.match(match.group()).end()
                yield Span("ADDRESS", start, _to_the_end(text, match.end()), ADDRESS, "cue")


def _to_the_end(text: str, end: int) -> int:
    """Return where an address ends whose street ends at `end`."""
    for _ in range(5):
        more = _MORE.match(text, end)
        if not more:
            break
        end = more.end()
    town = _TOWN_BEHIND_CODE.match(text, end)
    end = town.end() if town else end
    town = _TOWN_AFTER.match(text, end)
    end = town.end() if town else end
    land = _countries().match(text, end)
    return land.end() if land else end


@lru_cache(maxsize=1)
def _countries() -> re.Pattern:
    """A country behind an address, with the town before it and a code behind it."""
    names = import_module("faker.providers.address.en_US").Provider.countries
    known = "|".join(re.escape(name) for name in sorted({*names, "USA", "UK", "Germany"}, key=len, reverse=True))
    return re.compile(
        rf"(?:{_GAP}{_PLACE}(?:{_GAP}{_STATE})?)?{_GAP}(?:{known})\b(?:[ ]\([^()\n]{{1,20}}\))?(?:{_GAP}(?:{_CODE}))?"
    )
