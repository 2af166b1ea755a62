"""Names of people and street addresses, found by what stands around them.

No language model: cues ("my name is", "Regards,", "... called re"), and a lexicon of first names of some twenty
languages that ships with Faker (MIT licence). A name out of the lexicon is found only beside a cue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

STRONG, CUE, KNOWN = 0.95, 0.8, 0.6  # "my name is X"; "thanks to X"; in the lexicon, or placed like a name

_LOCALES = (
    "en_US en_GB en_IE en_IN en_NZ en_NG en_KE en_PK de_DE fr_FR es_ES it_IT nl_NL pl_PL pt_BR sv_SE da_DK no_NO fi_FI "
    "tr_TR cs_CZ hr_HR ro_RO id_ID hu_HU"
).split()
# first names that are far more often a word, a month, a place or a brand
_WORDS = set(
    "will may mark grace hope chase rose art bill page sunday june april august summer autumn faith joy penny dean "
    "drew jack rich rob sue pat gene iris ivy lily daisy ruby amber pearl crystal jade dawn eve carol melody harmony "
    "christian guy max van victor frank ernest grant lance miles chance young king long short small best day bell "
    "hill wood stone park field lake brook ford cook baker paris austin houston london sydney madison jackson phoenix "
    "dallas florence victoria charlotte sofia georgia virginia carolina chelsea brooklyn israel jordan india china "
    "kenya asia america lincoln washington boston denver orlando savannah sierra dakota santiago lorraine chester "
    "lancaster york bristol preston kent devon major royal prince queen norm bob ray don al ben else mason hunter "
    "cash case ace angel blessing precious gift mercy patience charity candy honey ginger olive basil rusty sandy "
    "star sky storm river ocean bay forest heather holly hazel violet tulip jasmine laurel myrtle fern clay cliff "
    "dale glen heath reed rock ridge west north east south winter monday friday wednesday tuesday thursday saturday "
    "january february march july september october november december lego ikea nike adidas apple amazon google siri "
    "alexa kindle visa paypal mastercard klarna stripe uber mercedes porsche honda ferrari kia lexus tesla bosch "
    "miele dyson philips braun lotus venus nova gala viva costa casa mini bella luna plus mega super ultra so sol mar "
    "gay gail bud buck chuck colt dash dot happy jan jean jo kit les lane lee mo nick ned pen pip rue sage shea skip "
    "sonny stu tab tad tim tom ty val wade wills worth see sun sky an ann do no else".split()
) - {"tim", "tom", "nick", "ann", "jean", "ben", "bob", "lee", "jan"}
# what a greeting, a sign-off or a sentence begins with and is no name
_ORDINARY = set(
    "there team all everyone everybody folks guys sir madam shop store support customer service help sales manager "
    "mum mom dad husband wife neighbour neighbor son daughter agent staff driver courier company seller friend hi "
    "hello "
    "hey dear thanks thank regards cheers best yours sincerely faithfully kind warm many cust customer sent order "
    "ordered "
    "parcel package delivery delivered refund return returned website app account item items product online free good "
    "great bad very never still again please sorry yes no not now then here where when why how what which who its it's "
    "i'm i've i'll i'd don't can't won't didn't doesn't isn't wasn't update updated edit note ps fyi btw asap ok okay "
    "black white red green blue grey gray brown pink friday monday tuesday wednesday thursday saturday sunday january "
    "february march april may june july august september october november december christmas easter english british "
    "american german french dutch italian spanish irish welsh scottish european happy new year birthday sad angry said "
    "disappointed worst love loved lovely nice perfect amazing awful terrible horrible awesome absolutely really "
    "fantastic excellent brilliant super unfortunately because but and or so if the a an this that these those my your "
    "our their his her we you they he she it me us them was were is are be been am do did does have has had can could "
    "would should will shall must might one two three four five six seven eight nine ten first second last next "
    "someone somebody nobody anyone anybody on in at to for from by with about of off up down out".split()
)
_NAME = r"(?:[A-Z]['’])?[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]+(?:['’-][A-ZÀ-ÖØ-Þ]?[a-zà-öø-ÿ]+)*"
_RUN = rf"{_NAME}(?:[ ](?:[A-Z]\.[ ])?{_NAME}){{0,2}}|[A-Z]\.[ ]?{_NAME}"
_PAIR = rf"{_NAME}[ ](?:[A-Z]\.[ ])?{_NAME}"
_LOWER = r"[a-zà-öø-ÿ]{3,}(?:[ ][a-zà-öø-ÿ]{3,})?"

_STRONG_CUES = (
    r"(?:my|his|her|the|their|whose) name(?: is|'s|’s| was)|name on (?:the |my )?(?:account|order|card)(?: is|:)?|"
    r"in the name(?: of)?|under the name(?: of)?|name:|signed by|signed for by|ask for|asked for|attn:?|fao:?|c/o|"
    r"mr\.?|mrs\.?|ms\.?|miss|mx\.?|dr\.?|prof\.?|i am called|addressed to|account of|order for|parcel for"
)
_CUES = (
    r"i'm|i’m|i am|it's|this is|spoke (?:to|with)|speak (?:to|with)|spoken (?:to|with)|talked? (?:to|with)|thanks to|"
    r"thank|kudos to|shout ?out to|credit to|hats off to|grateful to|well done,?|bravo,?|bless|praise for|praised|"
    r"complaint about|served by|helped by|dealt with by|chat(?:ted)? with|emailed|messaged|told|tell|"
    r"cust(?:omer)?|caller|client|named|welcome back,?|(?:lady|man|woman|guy|girl|chap|someone|person) called|"
    r"(?:husband|wife|son|daughter|colleague|manager|agent|advis[eo]r|rep|driver|courier|neighbou?r|partner|friend|"
    r"mother|father|brother|sister|mum|mom|dad)[,:]?|re"
)
_SAID = (
    r"called|rang|phoned|calling|ringing|emailed|wrote|writes|writing|says|said|visited|popped in|came in|texted|"
    r"complained|complains|complaining|reports|reported|reporting|wants|asked|asks|asking|again|here|speaking|re|v|"
    r"very|not happy|unhappy|happy|furious|upset|disputes|disputing|chasing|chased|requesting|requests|would like|"
    r"returned|bought|ordered|paid|has|had|is|was|from [A-Z]"
)
_DID = (
    r"helped|told|promised|sorted|answered|explained|replied|confirmed|assured|hung up|refused|apologi[sz]ed|went out "
    r"of|stayed|who|at (?:the|your)|on (?:the|live|your) (?:phone|chat|till|desk|counter)|in (?:store|the|your)|"
    r"from (?:the|your|support|customer)"
)
_CLOSING = r"regards|cheers|thanks|thank you|thx|best|best wishes|sincerely|yours|yours truly|faithfully|love|ta|xx?"
_PATTERNS = [
    (STRONG, "cue", re.compile(rf"\b(?i:{_STRONG_CUES})[ ]+({_RUN})")),
    (CUE, "cue", re.compile(rf"\b(?i:{_CUES})[ ]+({_RUN})")),
    (CUE, "cue", re.compile(rf"(?:^|[.!?\n][ ]*|(?i:\bhi|\bhello|\bhey),?[ ]+)({_PAIR}),?[ ]+(?:{_SAID})\b")),
    (CUE, "cue", re.compile(rf"(?:(?i:\bhi|\bhello|\bhey),?[ ]+)({_RUN}),?[ ]+(?:here|speaking)\b")),
    (KNOWN, "cue", re.compile(rf"[a-z,;][ ]({_RUN}),?[ ]+(?:{_DID})\b")),
    (CUE, "cue", re.compile(rf"\b(?i:{_CLOSING})[,.!]?\s*\n+\s*[-–]?\s*({_RUN})\s*[.!]?\s*$")),
    (CUE, "cue", re.compile(rf"\b(?i:{_CLOSING}),[ ]+({_RUN})\s*[.!]?\s*$")),
    (CUE, "cue", re.compile(rf"\b(?i:{_CLOSING})[ ]+({_RUN})\s*[.!]?\s*$")),
    (KNOWN, "cue", re.compile(rf"^({_PAIR})(?=[,:;.]|[ ][-–(]|[ ](?:order|re)\b)")),
    (KNOWN, "cue", re.compile(rf"\n\s*[-–~]?\s*({_NAME}[ ]{_NAME})\s*$")),
    (KNOWN, "cue", re.compile(rf"[.!?\n][ ]*[-–~][ ]*({_RUN})\s*$")),
]
_LOWER_CUE = re.compile(rf"\b(?i:my name is|my name's|my name’s)[ ]+({_LOWER})")
_CAPITALS = re.compile(_RUN)

_STREET = (
    r"Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Close|Court|Ct|Crescent|Row|Rise|Way|Place|Pl|Terrace|Square|Gardens|"
    r"Grove|Hill|Mews|Walk|Boulevard|Blvd|Parade|Quay|Green|Yard|View|Highway|Hwy"
)
_TOWN = rf"(?:,[ ]*{_NAME}(?:[ ]{_NAME}){{0,2}})"
_POST = r"(?:,?[ ]+(?:[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}|[A-Z]{2}[ ]\d{5}|\d{5}))"
_ADDRESSES = [
    re.compile(rf"\b\d{{1,5}}[a-zA-Z]?,?[ ]+(?:{_NAME}[ ]+){{1,4}}(?:{_STREET})\b\.?{_TOWN}?{_POST}?"),
    re.compile(
        rf"\b{_NAME}(?:straat|laan|weg|plein|gracht|kade|straße|strasse|str\.|platz|allee)[ ]\d{{1,4}}[a-z]?"
        rf"(?:,[ ]*\d{{4,5}}[ ]?(?:[A-Z]{{2}}[ ])?{_NAME})?"
    ),
    re.compile(rf"\b\d{{1,4}},?[ ](?:rue|avenue|boulevard|place|via|viale|calle|avenida)[ ](?:\w+[ ]){{0,3}}{_NAME}"),
]


class Span(NamedTuple):
    """Characters [start, end), what it is, how sure (0 to 1), and how it was found."""

    type: str
    start: int
    end: int
    score: float
    how: str


@lru_cache(maxsize=1)
def first_names() -> frozenset[str]:
    """Return lower-cased first names of the lexicon that are no ordinary words."""
    names: set[str] = set()
    for locale in _LOCALES:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for kind in ("first_names", "first_names_male", "first_names_female"):
            found = getattr(provider, kind, ())
            names.update(str(name).casefold() for name in (() if isinstance(found, property) else found))
    words = import_module("faker.providers.lorem.en_US").Provider.word_list
    return (
        frozenset(n for n in names if len(n) > 2 and n.isalpha()) - _WORDS - _ORDINARY - {w.casefold() for w in words}
    )


@lru_cache(maxsize=1)
def _no_names() -> frozenset[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = import_module("faker.providers.lorem.en_US").Provider.word_list
    return frozenset(_ORDINARY | set(ENGLISH_STOP_WORDS) | {w.casefold() for w in words})


def find_names(text: str) -> Iterator[Span]:
    """Yield the names of people in `text`; several finds may overlap."""
    for score, how, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield from _trimmed(text, *match.span(1), score, how)
    for match in _LOWER_CUE.finditer(text):
        said = match.group(1).split()
        if said[0] not in _no_names():
            end = match.end(1) if said[-1] not in _no_names() else match.start(1) + len(said[0])
            yield Span("PERSON", match.start(1), end, CUE, "cue")
    for match in _CAPITALS.finditer(text):
        yield from _from_lexicon(text, match.start(), match.end())


def find_addresses(text: str) -> Iterator[Span]:
    """Yield street addresses: a number, capitalised words and a kind of street, with town and postcode behind it."""
    if any(c.isdigit() for c in text):
        for pattern in _ADDRESSES:
            for match in pattern.finditer(text):
                yield Span("ADDRESS", *match.span(), CUE, "cue")


def _trimmed(text: str, start: int, end: int, score: float, how: str) -> Iterator[Span]:
    """Cut ordinary words off both ends of a run of capitalised words; nothing is left of "Hi There"."""
    tokens = [(m.start() + start, m.end() + start) for m in re.finditer(r"[^ ]+", text[start:end])]
    while tokens and _ordinary(text, tokens[0]):
        del tokens[0]
    while tokens and _ordinary(text, tokens[-1]):
        del tokens[-1]
    if tokens:
        yield Span("PERSON", tokens[0][0], tokens[-1][1], score, how)


def _ordinary(text: str, span: tuple[int, int]) -> bool:
    return text[span[0] : span[1]].casefold() in _no_names()


def _from_lexicon(text: str, start: int, end: int) -> Iterator[Span]:
    """A first name of the lexicon, with the capitalised words behind it."""
    tokens = list(re.finditer(r"[^ ]+", text[start:end]))
    for i, token in enumerate(tokens):
        if token.group().casefold().rstrip(".") not in first_names():
            continue
        follows = [t for t in tokens[i + 1 :] if t.group().casefold() not in _no_names()]
        last = follows[-1] if follows else token
        at = start + token.start()
        inside = re.search(r"[\w,;:]['\")]?[ ]$", text[max(0, at - 4) : at])
        if follows or inside:  # alone at the start of a sentence it may be any word
            yield Span("PERSON", at, start + last.end(), KNOWN, "lexicon")
        return
