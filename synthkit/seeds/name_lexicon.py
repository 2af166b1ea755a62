"""First and last names of some thirty languages, and the words that are no names.

They ship with Faker (MIT licence); nothing is looked up anywhere.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

import regex as re

from synthkit.core.text import undisguised

_FOREIGN = re.compile(r"[\p{Latin}--[\u0000-\u00ffœŒ]]", re.V1)
_LOCALES = (
    "en_US en_GB en_IE en_IN en_NZ en_NG en_KE en_PK de_DE fr_FR es_ES it_IT nl_NL pl_PL pt_BR sv_SE da_DK no_NO "
    "fi_FI tr_TR cs_CZ hr_HR ro_RO id_ID hu_HU sk_SK sl_SI et_EE lt_LT lv_LV is_IS pt_PT de_AT fr_CA ru_RU uk_UA "
    "bg_BG el_GR ar_AA ig_NG yo_NG ha_NG zu_ZA sw az_AZ uz_UZ ga_IE es_MX es_CO es_CL de_CH fr_BE fr_DZ nl_BE mk_MK "
    "hy_AM ka_GE"
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
    "made tone till odd owe fancy urban lucky mate mad una mile jet kick comfort bent del toy harsh saga tea mart "
    "ties harm cord sever eta macs vid amor uno ver forum destiny brit mars hella marine ion lotta tan innocent yoga "
    "diamond apollo vega coral server mist danish bitten lean sole arent canal edu sem uni ale roar pier dev tri ants "
    "nail jail prima aura grit nazi beta lage rut santa roman atlanta theres duke indie valentine modesto nada "
    "indiana trinity purity francisco diego sonny stu tab tad tim tom ty val wade wills worth see "
    "valid france muslim lady kobe lobos amar sun an ann do no".split()
) - {"tim", "tom", "nick", "ann", "jean", "ben", "bob", "lee", "jan"}
# what a greeting, a sign-off or a sentence begins with and is no name
_ORDINARY = set(
    "there team all everyone everybody folks guys sir madam shop store support customer service help sales manager "
    "mum mom dad husband wife neighbour neighbor son daughter agent staff driver courier company seller friend hi "
    "hello hey dear thanks thank regards cheers best yours sincerely faithfully kind warm many cust sent order "
    "ordered parcel package delivery delivered refund return returned website app account item items product online "
    "free good great bad very never still again please sorry yes no not now then here where when why how what which "
    "who its it's i'm i've i'll i'd don't can't won't didn't doesn't isn't wasn't update updated edit note ps fyi btw "
    "asap ok okay black white red green blue grey gray brown pink friday monday tuesday wednesday thursday saturday "
    "sunday january february march april may june july august september october november december christmas easter "
    "english british american german french dutch italian spanish irish welsh scottish european happy new year "
    "birthday sad angry said disappointed worst love loved lovely nice perfect amazing awful terrible horrible "
    "awesome absolutely really fantastic excellent brilliant super unfortunately because but and or so if the a an "
    "this that these those my your our their his her we you they he she it me us them was were is are be been am do "
    "did does have has had can could would should will shall must might one two three four five six seven eight nine "
    "ten first second last next someone somebody nobody anyone anybody on in at to for from by with about of off up "
    "down out".split()
)
# last names that beside a first name in small letters are far more often a word
_LAST_WORDS = set(
    "fee date ring weeks hollywood sharp link smart bright block post fresh fit tank pop kiss merchant fair wild hell "
    "master snow parts held cross pace mall hook toner rush killer bond wise bath grill bridge junk lie marks lad "
    "blank pages bite convey orchard bore reader steer holder carrier arts grab moody divine mountain sparks noble "
    "marry walls org palm bones beer golden bare shine roots para richer moan cherry glasses cases brands cop camps "
    "bull suits ward sane alas monte moon carton sellers swift salmon brick warrior hammer canny hills flood freely "
    "macho downs pole nyc singer bird gross drum din bean mahal city".split()
)
# behind a title and no name: "Herr Ober"
_TITLED = set(
    "ober doktor professor präsident minister direktor lehrer kollege nachbar doctor president captain officer "
    "chairman speaker secretary ambassador presidente ministro directeur docteur président".split()
)


def _lexicon(*kinds: str) -> set[str]:
    names: set[str] = set()
    for locale in _LOCALES:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for kind in kinds:
            found = getattr(provider, kind, ())
            names.update(str(name).casefold() for name in (() if isinstance(found, property) else found))
    return {n for n in names if len(n) > 2 and n.isalpha()}


@lru_cache(maxsize=1)
def first_names() -> frozenset[str]:
    """Return lower-cased first names of the lexicon that are no ordinary words."""
    names = _lexicon("first_names", "first_names_male", "first_names_female")
    return frozenset(names - _WORDS - _ORDINARY - _common())


@lru_cache(maxsize=1)
def last_names() -> frozenset[str]:
    """Return lower-cased last names of the lexicon; many are words too ("brown"), so they count beside another name."""
    kinds = ("last_names", "last_names_male", "last_names_female", "unisex_last_names", "male_last_names")
    return frozenset(_lexicon(*kinds) - no_names() - _LAST_WORDS)


def is_first_name(word: str) -> bool:
    """Return whether a word is one of `first_names`, accents aside, or has letters that no word of Western Europe has.

    >>> is_first_name("Siobh\u00e1n"), is_first_name("G\u00fcl\u015fen"), is_first_name("Caf\u00e9")
    (True, True, False)
    """
    name = word.casefold().rstrip(".")
    name = name.partition("-")[0] if re.match(r".+-\p{Lu}", word) else name
    if name in first_names() or name in no_names() or name.isascii():
        return name in first_names()
    return undisguised(name) in first_names() or (len(name) > 3 and bool(_FOREIGN.search(word)))


@lru_cache(maxsize=1)
def no_names() -> frozenset[str]:
    """Return lower-cased ordinary words, none of which is taken for a name behind a cue."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(_ORDINARY | _TITLED | set(ENGLISH_STOP_WORDS) | _common())


def _common() -> set[str]:
    words = import_module("faker.providers.lorem.en_US").Provider.word_list
    return {word.casefold() for word in words}
