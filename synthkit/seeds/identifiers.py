"""Numbers, addresses and codes that point at a person: mail, network, phone, card, bank, papers, dates of birth.

Some have a form or a checksum of their own; what needs a word beside it ("passport", "born on", "call me on") is found
by that word. Every expression looks at a bounded number of characters from any place: the cost grows as the text does.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import regex as re

from synthkit.seeds.national_ids import NATIONAL_IDS, checker, iban_end


class Span(NamedTuple):
    """Characters [start, end), what it is, how sure (0 to 1), and how it was found."""

    type: str
    start: int
    end: int
    score: float
    how: str


CHECKED, CUED = 1.0, 0.85  # a form or checksum of its own; a word beside it says what it is
REGIONS = ("US", "GB", "IE", "AU", "IN", "DE", "FR", "ES", "IT", "NL", "DK", "NO")

# letters of scripts that put spaces between words; mail and links may touch any others
_L = r"a-zA-Z\u00c0-\u024f\u0370-\u052f\u1e00-\u1fff"
_AT = r"(?:@|\uff20|&#0*64;|&#x0*40;|%40|\s?[\[({<]\s?(?:at|@|arroba|ätt?)\s?[\])}>]\s?)"
_DOT = r"(?:\.|\s?[\[({<]\s?(?:dot|punkt|point|punto|\.)\s?[\])}>]\s?)"
_MAIL = re.compile(
    rf"(?<![{_L}0-9._+%-])[{_L}0-9_](?:[{_L}0-9.!$'*+?^~_-]{{0,62}}[{_L}0-9_+-])?+"
    rf"{_AT}([{_L}0-9](?:[{_L}0-9-]{{0,62}})(?:{_DOT}[{_L}0-9-]{{1,63}}){{1,6}})",
    re.I,
)
# hosts of a house's own network, and names that stand for one (RFC 2606, RFC 6762, RFC 8375)
_INNER = re.compile(
    r"(?:[\w-]+\.)+?(?:local|internal|intranet|intern|lan|corp|home(?:\.arpa)?|localdomain|private|test|example|invalid)"
    r"(?![\w-])", re.I,
)  # fmt: skip
_MAIL_SPOKEN = re.compile(
    r"(?<![\w.])(?:[a-z0-9_+-]{1,20} dot ){0,3}[a-z0-9._+-]{2,40} at ([a-z0-9-]{2,40}(?: dot [a-z]{2,12}){1,3})\b", re.I
)

_CARD = re.compile(r"(?<![\w.-])(?<!\d[ ,])\d(?:[ \u00a0\u2009.-]{0,2}\d){11,18}(?![ -]?\d|\w|[.,]\d)")
_ISSUERS = re.compile(r"4|5[0-8]|6|3[0-9]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|2131|1800|0604")
_COUNTED = re.compile(
    r"(?:order|ref|reference|invoice|tracking|parcel|ticket|case|item|sku|isbn|ean|serial|version|build|id|bestellung|"
    r"rechnung|commande|pedido)(?:[ ]?(?:no|nr|number|code|id|nummer))?[.:#]?[ ]*(?:is[ ]|was[ ])?#?$",
    re.I,
)
_URL = re.compile(
    r"(?<![A-Za-z0-9@])(?:https?://|www\.)([^\s/?#:<>\"'`|{}\\^\[\]\p{Han}]++)[^\s<>\"`|{}\\^\[\]\p{Han}]*+", re.I
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,36}")
_SSN = re.compile(r"(?<![\w-])(?!000|666)\d{3}([- .\u2013\u2011])(?!00)\d\d\1(?!0000)\d{4}(?![\w-]|\.\d)")
_MAC = re.compile(r"(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])")
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)")
_IP6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{2,39}(?:(?<=:)(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])")
_VERSION = re.compile(r"(?:\bv|version|release|build|firmware|ver\.?)[ :=]{0,2}$", re.I)

# (what, the words that name it, the form that it has)
_TOKEN = (
    r"(?:(?=[A-Za-z./-]{0,8}\d)(?=(?:[^\s\d]{0,6}\d){4})[A-Za-z0-9](?:[A-Za-z0-9./-]{2,24}[A-Za-z0-9])|"
    r"\d{2,4}(?:[ ]\d{2,4}){2,4})"
)
_LINK = (
    r"(?:[ ]*(?:number|numbers|num|no|nr|nummer|code|id|n°|nº|numero|número|numéro|#|is|ist|es|est|è|:|=|\.|\(|"
    r"was|lautet|issued|mein|mi|mon)){0,4}[ ]*[:#=(-]?[ ]*"
)
_PAPERS = re.compile(
    r"(?<!\w)(?:passport|reisepass|passnummer|pass-nr\.?|pasaporte|passeport|passaporto|paspoort|"
    r"driver'?s?’?s? licen[cs]e|driving licen[cs]e|licen[cs]e plate|number plate|führerschein|permis de conduire|"
    r"carnet de conducir|personalausweis|ausweisnummer|ausweis|identity card|id card|national id|"
    r"national insurance|ni number|nino|social security|ssn|social insurance|social|tax id|taxpayer id|tin|itin|"
    r"steuer-?id|steuernummer|sozialversicherungsnummer|dni|nie|nif|nss|sécurité sociale|codice fiscale|bsn|pesel|"
    r"aadhaar|aadhar|medicare|medicaid|nhs|medical record|mrn|patient|health insurance|krankenversicherung|"
    r"versichertennummer|member|membership|policy|employee|staff|student|matrikel|account|acct|"
    r"routing|sort code|kontonummer|护照|身份证|身份证号码?|证件号码?|マイナンバー|パスポート|여권|주민등록)"
    rf"{_LINK}({_TOKEN})(?![\w-])",
    re.I,
)
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez|ene|abr|ago|dic|janv|févr?|avr|juin|juil|août|"
    r"déc|gen|mag|giu|lug|set|ott)[\p{L}]{0,8}\.?"
)
_DATE = (
    rf"(?:\d{{1,4}}[./\u2010-\u2013 -]{{1,2}}(?:\d{{1,2}}|{_MONTH})[./\u2010-\u2013 -]{{1,2}}\d{{2,4}}|"
    rf"\d{{1,2}}(?:st|nd|rd|th|er|\.|º)?[ ](?:of[ ]|de[ ])?{_MONTH},?[ ](?:de[ ])?\d{{2,4}}|"
    rf"{_MONTH}[ ]\d{{1,2}}(?:st|nd|rd|th)?,?[ ]\d{{2,4}}|"
    r"\d{4}年\d{1,2}月\d{1,2}日|(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d)"
)
_BORN = re.compile(
    r"(?<!\p{Latin})(?:born|d\.?o\.?b\.?|date of birth|birth ?dates?|birth ?day|b-day|geb\.?|geboren|geburtsdatum|"
    r"geburtstag|née?|naissance|nacid[oa]|nacimiento|nat[oa]|nascita|nascid[oa]|nascimento|geboortedatum|urodzon[ya]|"
    r"född|født|syntynyt|родил(?:ся|ась)|рождения|生日|出生|出生日期|生年月日|생년월일|생일)"
    rf"[^\d\n.!?]{{0,20}}?[:(]?[ ]*({_DATE})(?!\d)",
    re.I,
)
_BORN_AFTER = re.compile(rf"(?<!\d)({_DATE})(?:生まれ|出生|[ ]?생|[ ]?\(?(?:geboren|dob|date of birth)\b)", re.I)

_PHONE = re.compile(
    r"(?<![\p{Latin}\p{Cyrillic}\d_#$€£@.,/-])(?:\+|00)?[ ]?\(?\d(?:[ ()./\u00a0\u2010-\u2013-]{0,3}\d){5,15}"
    r"(?:[ ]?(?:x|ext\.?|extension|durchwahl)[ ]?\d{1,6})?(?![\p{Latin}\p{Cyrillic}\d_%]|[.,:/-]\d)",
    re.I,
)
_CALL = re.compile(
    r"(?<!\p{Latin})(?:(?:tele)?phone|tel|cell|mobile|mob|call|ring|reach|text|sms|dial|desk|fax|whatsapp|wa|signal|"
    r"contact|landline|hotline|telefon\p{L}*|handy\p{L}*|mobil\p{L}*|anruf\p{L}*|rufen|rückruf|tél|téléphone|portable|"
    r"appel\p{L}*|teléfono|móvil|llám\p{L}*|celular|cellulare|telefono|chiam\p{L}*|gsm|bel|answering|messages to|"
    r"тел|телефон|звон\p{L}*|هاتف|جوال|رقم\p{L}*|ورقمي)(?![\p{Latin}])|电话|手机|手機|電話|联系|聯繫|携帯|전화|휴대폰|번호",
    re.I,
)
_TAIL = re.compile(r"[ ]?(?:x|ext\.?|extension)[ ]?\d{1,6}\b", re.I)
_NOT_PHONE = re.compile(  # dates, and pairs of years
    r"\d\d?[ ]+(?:1[89]|20)\d\d|(?:1[89]|20)\d\d[ )-]*(?:1[89]|20)\d\d|\d\d?/\d\d?[ /]\d.*|"
    r"\d{4}[-./]\d\d?[-./]\d\d?|\d\d?[-./]\d\d?[-./](?:\d{4}|\d\d)"
)


def find_identifiers(text: str) -> Iterator[Span]:
    """Yield what identifies somebody by its form, its checksum or the word beside it; several may overlap."""
    if any(c.isdigit() for c in text):
        yield from _numbers(text)
        yield from _phones(text)
    lowered = text.casefold()
    if any(mark in lowered for mark in ("@", "\uff20", "&#", "%40", " dot ", "at]", "at)", "at}", "arroba", "at >")):
        yield from _mails(text)
    for match in _MAC.finditer(text) if max(text.count(":"), text.count("-")) > 4 else ():
        yield Span("MAC_ADDRESS", *match.span(), 0.9, "pattern")
    if ":" in text:
        for match in _IP6.finditer(text):
            if _is_ip6(match.group()):
                yield Span("IP_ADDRESS", *match.span(), CHECKED, "pattern")
    if "http" in lowered or "www." in lowered:
        for match in _URL.finditer(text):
            # a bare "hours.No" is far more often a missing space than an address
            host = match.group(1)[-255:]
            if _IP4.fullmatch(host) or _domains()(host).top_domain_under_public_suffix:
                end = match.start() + len(match.group().rstrip(".,;:!?'()"))
                yield Span("URL", match.start(), end, 0.6, "pattern")
    for kind, form, module, names in NATIONAL_IDS:
        for match in form.finditer(text):
            if (not module or checker(module)(match.group())) and names.search(lowered):
                yield Span(kind, *match.span(), CHECKED if module else 0.5, "pattern")
    for start, end in _phones_of_regions(text) if sum(map(str.isdigit, text)) >= 6 else ():
        if not re.fullmatch(r"\d{8}", text[start:end]) and _may_call(text, start, end):  # that may number anything
            yield Span("PHONE_NUMBER", start, end, 0.4, "pattern")


def _mails(text: str) -> Iterator[Span]:
    for pattern in (_MAIL, _MAIL_SPOKEN):
        for match in pattern.finditer(text):
            domain = re.sub(r"\s?[\[({<]?\s?\b(?:dot|punkt|point|punto)\b\s?[\])}>]?\s?", ".", match.group(1))
            whole = domain
            while domain and not _domains()(domain).top_domain_under_public_suffix and "." in domain:
                domain = domain.rpartition(".")[0]  # "me@example.org.Please"
            if pattern is _MAIL and "." not in domain and (inner := _INNER.match(whole)):
                domain = inner.group()
            if "." in domain:
                cut = pattern is _MAIL and match.group(1).startswith(domain)  # else it is spelt out, "[dot]" and all
                end = match.start(1) + len(domain) if cut else match.end()
                yield Span("EMAIL_ADDRESS", match.start(), end, CHECKED, "pattern")


def _numbers(text: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        short = len(digits) < 15 and _COUNTED.search(text[max(0, match.start() - 30) : match.start()])
        if not short and _ISSUERS.match(digits) and checker("luhn")(digits) and _grouped(match.group()):
            yield Span("CREDIT_CARD", *match.span(), CHECKED, "pattern")
    for match in _IBAN.finditer(text):
        length = iban_end(match.group())
        if length:
            yield Span("IBAN_CODE", match.start(), match.start() + length, CHECKED, "pattern")
    for match in _IP4.finditer(text):
        if all(int(part) < 256 for part in match.group().split(".")) and not _VERSION.search(
            text[max(0, match.start() - 12) : match.start()]
        ):
            yield Span("IP_ADDRESS", *match.span(), 0.95, "pattern")
    for match in _SSN.finditer(text):
        yield Span("US_SSN", *match.span(), 0.9, "pattern")
    for pattern in (_BORN, _BORN_AFTER):
        for match in pattern.finditer(text):
            yield Span("DATE_OF_BIRTH", *match.span(1), CUED, "cue")
    for match in _PAPERS.finditer(text):
        if re.fullmatch(r"(?:19|20)\d\d(?:[/-](?:19|20)?\d\d)?", match.group(1)):
            continue  # a year: "policy 2019/20"
        yield Span("ID_NUMBER", *match.span(1), CUED, "cue")


def _grouped(written: str) -> bool:
    """Return whether the digits stand together or in groups that cards are printed in."""
    groups = [len(group) for group in re.findall(r"\d+", written)]
    return len(groups) == 1 or (len(groups) <= 5 and all(3 <= n <= 8 for n in groups[:-1]))


def _is_ip6(written: str) -> bool:
    try:
        return (
            written.count(":") > 1 and any(map(str.isdigit, written)) and int(ipaddress.IPv6Address(written)) >> 64 > 0
        )
    except ValueError:
        return False


def _phones(text: str) -> Iterator[Span]:
    """Numbers beside a word of calling, with an international prefix, or of the form of a Chinese mobile."""
    for match in _PHONE.finditer(text):
        start, end = match.span()
        start += len(match.group()) - len(match.group().lstrip(" "))
        written = text[start:end]
        number = _TAIL.sub("", written)
        digits = re.sub(r"\D", "", number)
        if not 6 <= len(digits) <= 15 or not _may_call(text, start, end):
            continue
        around = text[max(0, start - 40) : start].rpartition("\n")[2]
        if (
            (number.startswith("+") and len(digits) >= 8)
            or re.fullmatch(r"1[3-9]\d{9}", number)
            or (number != written and len(digits) >= 7)
            or _CALL.search(around)
        ):
            yield Span("PHONE_NUMBER", start, end - (text[end - 1] in ".-"), 0.7, "cue")


def _phones_of_regions(text: str) -> set[tuple[int, int]]:
    """Return where a number stands that may be dialled in one of the regions."""
    from phonenumbers import PhoneNumberMatcher

    return {(m.start, m.end) for region in REGIONS for m in PhoneNumberMatcher(text, region)}


def _may_call(text: str, start: int, end: int) -> bool:
    """Return whether a number may be a phone's: no date, and nothing before it says that it counts ("ref 123")."""
    number = text[start:end].strip(" ()")
    if sum(map(str.isdigit, number)) < 6 or _NOT_PHONE.fullmatch(number):
        return False
    return text[start] == "+" or not _COUNTED.search(text[max(0, start - 30) : start])


@lru_cache(maxsize=1)
def _domains():
    import tldextract

    # the list that ships with tldextract: the default would look for a newer one on the network
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
