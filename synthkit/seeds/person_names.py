"""Names of people, found by what stands around them.

No language model: cues ("my name is", "Regards,", "... called re"), and a lexicon of names of some thirty languages
(`name_lexicon`). A name out of the lexicon is found only beside a cue or a name of the lexicon. Letters go by their
Unicode category, so a name is taken whole in any script with capitals; Chinese, Japanese, Korean and Arabic names are
found by cues and forms of address.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex as re

from synthkit.seeds.identifiers import Span
from synthkit.seeds.name_lexicon import first_names, is_first_name, last_names, no_names

STRONG, CUE, KNOWN = 0.95, 0.8, 0.6  # "my name is X"; "thanks to X"; in the lexicon, or placed like a name

_SMALL = r"(?:[\p{Ll}\p{M}]+(?:(?<=\bMc|\bMac|\bFitz|\bDe|\bDi|\bLe|\bVan)\p{Lu}[\p{Ll}\p{M}]+)?)"
_NAME = rf"(?:\p{{Lu}}['’])?\p{{Lu}}{_SMALL}(?:['’-]\p{{Lu}}?{_SMALL})*"
_INNER = r"(?:\p{Lu}\.?[ ]|(?:(?:van|von|de|der|den|da|do|dos|di|del|la|ten|ter|bin|ibn|al|el|zu)[ ]){1,3})?"
_RUN = rf"{_NAME}(?:[ ]{{1,2}}{_INNER}{_NAME}){{0,2}}|\p{{Lu}}\.[ ]?{_NAME}"
_PAIR = rf"{_NAME}[ ]{{1,2}}{_INNER}{_NAME}"
_LOWER = r"[\p{Ll}\p{M}]{3,}(?:[ ][\p{Ll}\p{M}]{3,})?"

_STRONG_CUES = (
    r"(?:my|his|her|the|their|whose) name(?: is|'s|’s| was)|name on (?:the |my )?(?:account|order|card)(?: is|:)?|"
    r"in the name(?: of)?|under the name(?: of)?|name:|signed by|signed for by|ask for|asked for|attn:?|fao:?|c/o|"
    r"mr\.?|mrs\.?|ms\.?|miss|mx\.?|dr\.?|prof\.?|i am called|addressed to|account of|order for|parcel for|"
    r"maiden name(?: is|:)?|last name(?: is|:)?|first name(?: is|:)?|mein name ist|ich heiße|ich heisse|herrn?|frau|"
    r"je m['’]appelle|mon nom est|monsieur|madame|mme|me llamo|mi nombre es|señora?|sra\.|mi chiamo|il mio nome è|"
    r"signora?|sig\.(?:ra)?|meu nome é|me chamo|mijn naam is|ik heet|meneer|mevrouw|nazywam się|jag heter|mitt namn är|"
    r"calls? me|named (?:him|her)|jmenuji se|меня зовут|мене звати|моё имя|με λένε|ονομάζομαι"
)
# what introduces somebody only where two capitalised words follow
_SELF = (
    r"je suis|soy|sono|ich bin|ik ben|jestem|jag är|sou|я|(?:\p{L}{2,}ed|written|sung|drawn|made|won|led|taught|given|"
    r"seen|held|run|shown|taken) by|starring|singer|songwriter|actor|actress|author|director|player|founder|commenter|"
    r"patient|nurse|colleague|teacher|professor|judge|lawyer|attorney|assistant to|follow(?:ing)? up with|met with|"
    r"change it to|correct it to|to add|adding|it's under|account under|booked under|filed under|name\?|married to|"
    r"have you (?:heard|met|seen)|on behalf of|letter from|message from|appointment with|referred to|signed,?"
)
_DOES = (
    r"lives|lived|works|worked|spent|listed|loves|likes|thinks|believes|plays|played|married|died|employs|founded|"
    r"directed|studied|studies|moved|joined|left|went|came|got|gave|took|needs|lost|will|can|could|would|had given|"
    r"helped|told|promised|sorted|answered|explained|replied|confirmed|refused|called|rang|phoned|emailed|wrote|says|"
    r"said|complained|wants|asked|returned|bought|ordered|paid|made|did|does"
)
_CUES = (
    r"i'm|i’m|i am|it's|this is|spoke (?:to|with)|speak (?:to|with)|spoken (?:to|with)|talked? (?:to|with)|thanks to|"
    r"thank|kudos to|shout ?out to|credit to|hats off to|grateful to|well done,?|bravo,?|bless|praise for|praised|"
    r"complaint about|served by|helped by|dealt with by|chat(?:ted)? with|emailed|messaged|told|tell|"
    r"cust(?:omer)?|caller|client|named|welcome back,?|(?:lady|man|woman|guy|girl|chap|someone|person) called|"
    r"(?:husband|wife|son|daughter|colleague|manager|agent|advis[eo]r|rep|driver|courier|neighbou?r|partner|friend|"
    r"mother|father|brother|sister|mum|mom|dad)[,:]?|(?<!['’])re"
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
_CLOSING = (
    r"gr(?:ü|ue)(?:ß|ss)en?|cordialement|saluti|saludos|atentamente|groet(?:en)?|pozdrawiam|hälsningar|уважением|"
    r"regards|cheers|thanks|thank you|thx|best|best wishes|sincerely|yours|yours truly|faithfully|love|ta|xx?"
)
_PATTERNS = [
    (STRONG, "cue", re.compile(rf"\b(?i:{_STRONG_CUES})[ ]+({_RUN})")),
    (CUE, "cue", re.compile(rf"\b(?i:{_CUES})[ ]+({_RUN})")),
    (CUE, "cue", re.compile(rf"(?:^|[.!?\n][ ]{{0,4}}|(?i:\bhi|\bhello|\bhey),?[ ]+)({_PAIR}),?[ ]+(?:{_SAID})\b")),
    (CUE, "cue", re.compile(rf"(?:(?i:\bhi|\bhello|\bhey),?[ ]+)({_RUN}),?[ ]+(?:here|speaking)\b")),
    (KNOWN, "cue", re.compile(rf"[a-z,;][ ]({_RUN}),?[ ]+(?:{_DID})\b")),
    (CUE, "cue", re.compile(rf"\b(?i:{_CLOSING})[,.!]?[ \t]{{0,8}}+\s{{1,8}}+[-–]?[ ]?({_RUN})[\s.!]{{0,8}}$")),
    (CUE, "cue", re.compile(rf"\b(?i:{_CLOSING}),?[ ]+({_RUN})[\s.!]{{0,8}}$")),
    (KNOWN, "cue", re.compile(rf"^({_PAIR})(?=[,:;.]|[ ][-–(]|[ ](?:order|re)\b)")),
    (KNOWN, "cue", re.compile(rf"\n\s{{0,4}}[-–~]?[ ]{{0,2}}({_NAME}[ ]{_NAME})\s{{0,8}}$")),
    (KNOWN, "cue", re.compile(rf"[.!?\n][ ]{{0,4}}[-–~][ ]{{0,4}}({_RUN})\s{{0,8}}$")),
]
# two words, both of them no ordinary ones
_PAIRS = [
    re.compile(rf"\b(?i:{_SELF})[ ]+({_PAIR})"),
    re.compile(rf"(?<=^|[.!?\n][ ]?)({_PAIR}),?[ ]+(?:{_DOES})\b"),
    re.compile(
        rf"(?m)^[?>*\s-]{{0,5}}({_PAIR})[ ]?\n(?=(?:[^\n]{{0,80}}\n){{0,3}}?[^\n]{{0,60}}\d)"
    ),  # a letter's head
]
# tokens all in small letters or all in capitals, behind a cue; the lexicon decides how many of them are a name
_WORD = r"(?:\p{Ll}[\p{Ll}\p{M}'’-]+|\p{Lu}[\p{Lu}\p{M}'’-]+)"
_UNCASED = re.compile(rf"\b(?i:({_STRONG_CUES})|{_CUES}|{_CLOSING}),?\s({_WORD}(?:[ ]{_WORD}){{0,2}})")
_SURE = re.compile(
    r"(?i)(?:my|his|her|the|their|maiden|last|first) name|(?:in|under) the name|name:|mein name|ich hei|me llamo|"
    r"mi nombre|je m|mon nom|mi chiamo|meu nome|mijn naam|ik heet|nazywam|jag heter|меня зовут"
)
_UNCASED_WORD = re.compile(rf"(?<![\p{{L}}'’-]){_WORD}(?![\p{{L}}-])")
_CAPITALS = re.compile(_RUN)
_STARTS = re.compile(
    rf"(?:['’]s)?,?[ ](?:is|was|has|had|and I|{_DOES})\b|:[ ]|,[ ](?:can|could|would|I|please|you|we|my)\b"
)

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金"
    "韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常張劉陳楊黃趙吳孫馬鄭謝許韓鄧馮蕭葉蘇呂盧鍾譚陸賈鄒龔萬錢嚴"
)
_HAN = rf"(?:欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|[{_SURNAMES}])\p{{Han}}{{1,2}}?"
_KOREAN = (
    r"[김이박최정강조윤장임한오서신권황안송류전홍문양손배백허유남심노하곽성차주우구민나진지엄채원천방공현함변염여추도소석선설마길"
    r"연위표명기반왕금옥육인맹제모]"
)
_SIR = r"(?=先生|女士|小姐|老师|老師|医生|醫生|经理|經理)"
_KANJI = r"[\p{Han}\p{Katakana}ー・]{2,8}(?:[ \u3000][\p{Han}\p{Katakana}ー]{1,6})?"
_SCRIPTS = [
    rf"(?:我叫做?|我的名字(?:是|叫)|我是|名叫|(?:姓名|联系人|聯繫人|收件人)[是:：]?\s?)({_HAN})"
    r"(?=\P{Han}|$|先生|女士|小姐|住|今|在|是|的|来|和|，)",
    rf"(?:(?<!\p{{Han}})|(?<=联系|找|请|給|给|跟|和|叫|问))({_HAN}|[{_SURNAMES}]){_SIR}",
    r"(?<![\p{Han}\p{Katakana}])(?!お?客|皆|神|奥|お|御|王|貴社)"
    r"(\p{Han}{1,4}[ \u3000]?\p{Han}{0,3}|[\p{Katakana}ー・]{2,12})"
    r"(?=さん|さま|様(?![々子式])|ちゃん|くん)",
    rf"(?:私の?名前は|名前は|氏名[は:：]?\s?|わたしは|私は)({_KANJI})(?=です|と申|と言|といい)",
    rf"({_KANJI})(?=と申します|といいます|と言います)",
    rf"(?:제 이름은|저는|성함은|이름[은:：])\s?({_KOREAN}\p{{Hangul}}{{1,3}}?)"
    r"(?=입니다|이에요|예요|이고|라고|이라고|[\s.,]|$)",
    rf"(?<!\p{{Hangul}})(?!고객|회원|사장|선생|기사|손님)({_KOREAN}\p{{Hangul}}{{1,2}})(?=\s?(?:씨|님)(?!\p{{Hangul}}{{3}}))",
    r"(?:اسمي|أنا اسمي|السيدة|السيد|الأستاذ|الدكتور)\s(\p{Arabic}{2,12}(?:\s(?!و)\p{Arabic}{2,12}){0,2})",
]
_SCRIPTS = [re.compile(pattern) for pattern in _SCRIPTS]


def find_names(text: str) -> Iterator[Span]:
    """Yield the names of people in `text`; several finds may overlap."""
    found = [*_cased(text), *_uncased(text)]
    if not text.isascii():
        found += [Span("PERSON", *m.span(1), CUE, "cue") for p in _SCRIPTS for m in p.finditer(text)]
    yield from found
    yield from _again(text, found)


def _cased(text: str) -> Iterator[Span]:
    for score, how, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield from _trimmed(text, *match.span(1), score, how)
    for pattern in _PAIRS:
        for match in pattern.finditer(text):
            yield from (s for s in _trimmed(text, *match.span(1), KNOWN, "cue") if " " in text[s.start : s.end])
    for match in _CAPITALS.finditer(text):
        yield from _from_lexicon(text, match.start(), match.end())


def _uncased(text: str) -> Iterator[Span]:
    """Names in small letters or in capitals: behind a cue, or a first name beside a last name of the lexicon."""
    for match in _UNCASED.finditer(text):
        sure = match.group(1) and _SURE.match(match.group(1))
        tokens = match.group(2).split()
        titled = tokens[0].islower() and re.match(r"(?:mrs?|ms|mx)\b", match.group(1) or "")
        shouted = tokens[0].isupper() and match.group(1)
        first, rest = tokens[0].casefold(), [t.casefold().removesuffix("'s") for t in tokens[1:]]
        if first in no_names() or not (sure or titled or shouted or first in first_names()):
            continue
        count = 1
        for word in rest:
            if word in no_names() or not (sure or word in last_names() or word in first_names()):
                break
            count += 1
        yield Span("PERSON", match.start(2), match.start(2) + len(" ".join(tokens[:count])), CUE, "cue")
    yield from _uncased_pairs(text)


def _uncased_pairs(text: str) -> Iterator[Span]:
    """A first name of the lexicon and the names of the lexicon behind it, the last one a last name."""
    tokens = list(_UNCASED_WORD.finditer(text))
    plain = [t.group().casefold().removesuffix("'s").removesuffix("’s") for t in tokens]
    for i in range(len(tokens) - 1):
        if plain[i] not in first_names():
            continue
        for j in (i + 2, i + 1):
            between = text[tokens[i].start() : tokens[j].start()] if j < len(tokens) else "\n"
            middle = all(word in first_names() or word in last_names() for word in plain[i + 1 : j])
            if between.count(" ") == j - i and "\n" not in between and middle and plain[j] in last_names():
                yield Span("PERSON", tokens[i].start(), tokens[j].end(), KNOWN, "lexicon")
                break


def _again(text: str, found: list[Span]) -> Iterator[Span]:
    """Further places of the words of a name found once: "Borkowski" behind "Maciej Borkowski"."""
    found = [s for s in found if s.score >= CUE or s.how == "lexicon"]
    parts = {t for s in found for t in re.findall(r"\p{Lu}[\p{L}\p{M}'’-]{3,}", text[s.start : s.end])}
    parts = {t.removesuffix("'s").removesuffix("’s") for t in parts if t.casefold() not in no_names()}
    if parts:
        for match in re.finditer(r"\p{Lu}[\p{L}\p{M}-]{3,}", text):
            if match.group() in parts:
                yield Span("PERSON", *match.span(), KNOWN, "again")


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
    return text[span[0] : span[1]].casefold() in no_names()


def _from_lexicon(text: str, start: int, end: int) -> Iterator[Span]:
    """A first name of the lexicon, with the capitalised words behind it."""
    tokens = list(re.finditer(r"[^ ]+", text[start:end]))
    for i, token in enumerate(tokens):
        if not is_first_name(token.group()):
            continue
        follows = [t for t in tokens[i + 1 :] if t.group().casefold() not in no_names()]
        last = follows[-1] if follows else token
        at = start + token.start()
        inside = re.search(r"[\w,;:]['\")]?[ ]$", text[max(0, at - 4) : at])
        does = _STARTS.match(text, start + token.end()) and (at == 0 or text[at - 1] in "\n '\"")
        if follows or inside or does:  # alone at the start of a sentence it may be any word
            yield Span("PERSON", at, start + last.end(), KNOWN, "lexicon")
        return
