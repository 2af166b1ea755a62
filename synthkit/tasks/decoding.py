"""The bytes of a file as text: unpacked, and by an encoding that is stated, given, or guessed beyond doubt."""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
import zlib
from html.entities import html5
from io import BytesIO
from pathlib import PurePath

from synthkit.core.errors import SynthkitError
from synthkit.tasks.table import Table

SAMPLE = 200_000  # bytes of lines beyond ASCII that a guess is made from
MARGIN = 0.95  # of the best reading's score: another reading above it makes the guess unsure
# how often such files are met: chardet's scores are of language alone, and short lines fit many tables equally well
_RARE = {"windows1250": 0.93, "windows1257": 0.88, "windows1258": 0.88, "windows1254": 0.96, "maclatin2": 0.88}
_FAMILIES = (("mac", 0.94), ("cp4", 0.94), ("cp8", 0.94), ("ibm", 0.94), ("iso", 0.95))
_NEVER = {"hproman8", "johab", "kz1048", "ptcp154", "cp1006", "cp1125", "cp437", "cp720", "cp775", "cp857", "cp858"}
_NEVER |= {f"cp{n}" for n in (860, 861, 862, 863, 864, 865, 869)}
_NEVER |= {f"iso8859{n}" for n in (3, 4, 10, 11, 13, 14, 16)}
_TYPOGRAPHIC = set("‘’‚“”„–—…•€£°©®™«»½¼¾×\xa0")
_CP1252 = {bytes([b]).decode("cp1252", "ignore") for b in range(0x80, 0x100)}
_TAIL = "[" + "".join(re.escape(bytes([b]).decode("cp1252", "ignore") or chr(b)) for b in range(0x80, 0xC0)) + "]"
_MANGLED = re.compile(f"(?:[Â-ß]{_TAIL}|[à-ï]{_TAIL}{{2}}|[ð-ô]{_TAIL}{{3}})+")  # the bytes of letters in UTF-8
MANGLED = 3  # pieces in a column from which they are taken for a wrong encoding, not for what somebody wrote
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8}\d{0,2});")
LEAST = {True: 0.03, False: 0.17}  # score of a Latin reading (in mostly plain letters), and of any other


def unpacked(name: str, data: bytes) -> tuple[str, bytes]:
    """Return (file name, bytes) of what a gz, bz2, xz or zip archive holds; anything else as it is."""
    import bz2
    import gzip
    import lzma
    import zipfile

    packers = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ": lzma}
    try:
        for mark, packer in packers.items():
            if data.startswith(mark):
                return re.sub(r"(?i)\.(gz|bz2|xz|gzip)$", "", name), packer.decompress(data)
        if not data.startswith(b"PK\x03\x04"):
            return name, data
        archive = zipfile.ZipFile(BytesIO(data))
        named = [n for n in archive.namelist() if not n.endswith("/") and not PurePath(n).name.startswith(".")]
        members = [n for n in named if not n.startswith("__MACOSX/")]
        if "[Content_Types].xml" in members or "mimetype" in members:
            raise SynthkitError(f"{name} is a document. Save its texts as .txt, a file each, or as CSV (UTF-8)")
        if len(members) != 1:
            listed = ", ".join(members[:10]) or "no file"
            raise SynthkitError(f"{name}: expected an archive of one table; it holds: {listed}. Unpack it and name one")
        return members[0], archive.read(members[0])
    except SynthkitError:
        raise
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError) as error:
        raise SynthkitError(f"{name} cannot be unpacked: {error}") from None


def decoded(table: Table, data: bytes, encoding: str | None = None) -> str:
    """Return the text of bytes: by `encoding`, a byte order mark, UTF-8, or a guess that is said with its confidence.

    Of a file that is UTF-8 but for some lines, their broken bytes become U+FFFD. Raises SynthkitError where two
    encodings read the bytes differently and about equally well.
    """
    if encoding is not None:
        return _stated(table.name, data, encoding)
    for mark, name in (
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\0\0\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            table.note(f"read as {name.upper()}", "byte order mark", "nothing", harmless=True)
            return _stated(table.name, data, name).lstrip("\ufeff")
    if len(data) > 4 and data[:400].count(0) > len(data[:400]) / 4:
        name = "utf-16-le" if data[1] == 0 else "utf-16-be"
        table.note(f"read as {name.upper()}", "every other byte is zero", "Save the file as UTF-8 to be sure")
        return _stated(table.name, data, name)
    try:
        text = data.decode("iso2022_jp" if b"\x1b$" in data[:SAMPLE] else "utf-8")
    except UnicodeDecodeError as error:
        text = _guessed(table, data, error.start)
    marks = len(text) - len(text.lstrip("\ufeff"))
    if marks:
        table.note("byte order mark removed", "UTF-8" + f", {marks} times" * (marks > 1), "nothing", harmless=True)
    return re.sub("(?m)^\ufeff+", "", text)  # also where files were joined


def without_nul(table: Table, content: str) -> str:
    """Return a text without the zeros that programs in C leave in it; binary data is refused."""
    zeros, others = content.count("\0"), len(re.findall("[\x01-\x08\x0e-\x1f]", content[:20_000]))
    if zeros > len(content) / 10 or (zeros and others > zeros):
        raise SynthkitError(f"{table.name} holds binary data, not a table of texts")
    if zeros:
        table.note(f"zero bytes removed: {zeros:,}", f"the first at character {content.index(chr(0)):,}", "nothing")
    return content.replace("\0", "")


def unmangled(table: Table, cells: list[str], column: str) -> list[str]:
    """Return cells in which UTF-8 was read as Windows-1252 (Ã¶ for ö) as they were meant, and say so."""
    found = [i for i, cell in enumerate(cells) if not cell.isascii() and _MANGLED.search(cell)]
    if sum(len(_MANGLED.findall(cells[i])) for i in found) < MANGLED:
        return cells
    out = list(cells)
    for i in found:
        out[i] = _MANGLED.sub(_meant, cells[i])
    if changed := [cells[i] for i in found if cells[i] != out[i]]:
        what = f"letters mended in {len(changed):,} cells: UTF-8 had been read as Windows-1252"
        table.note(what, changed[0], "Export again as UTF-8", column=column)
    return out


def unescaped(table: Table, cells: list, column: str) -> list:
    """Return cells in which HTML stands for signs (&amp; for &) as they were meant, and say so.

    One in which an ampersand also stands for itself was not written as HTML: then some speak about such signs.
    """
    for _ in range(2):  # some are escaped twice
        texts = [cell if isinstance(cell, str) and "&" in cell else "" for cell in cells]
        out = [_ENTITY.sub(_sign, text) for text in texts]
        changed = [i for i, (a, b) in enumerate(zip(texts, out, strict=True)) if a != b]
        bare = sum("&" in _ENTITY.sub(lambda e: e[0] if _sign(e) == e[0] else "", text) for text in texts)
        if len(changed) < MANGLED or 4 * bare > len(changed):
            break
        what = f"signs that stood as HTML, as &amp; for &, put back in {len(changed):,} cells"
        table.note(what, cells[changed[0]], "Export again as plain text", column=column)
        mended = {i: out[i] for i in changed}
        cells = [mended.get(i, cell) for i, cell in enumerate(cells)]
    return cells


def _sign(entity: re.Match) -> str:
    """Return what an entity stands for; itself where HTML has no such name or no such number."""
    text = entity[0]
    sign = html.unescape(text) if text[1] == "#" else html5.get(text[1:], text)
    return text if sign in ("", "\ufffd") else sign.replace("\xa0", " ")


def _meant(found: re.Match) -> str:
    data = b"".join(c.encode("cp1252") if c in _CP1252 else c.encode("latin-1") for c in found.group())
    try:
        return data.decode()
    except UnicodeDecodeError:
        return found.group()


def _stated(name: str, data: bytes, encoding: str) -> str:
    try:
        codecs.lookup(encoding)
        return data.decode(encoding).lstrip("\ufeff")
    except LookupError:
        raise SynthkitError(f"encoding={encoding!r} is not known; usual ones: utf-8, cp1252, gb18030, cp932") from None
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        if "\0" in data[:400].decode("latin-1"):
            raise SynthkitError(f"{name} holds binary data, not a table of texts") from None
        line = data[:start].count(b"\n") + 1
        raise SynthkitError(f"{name} is not {encoding}: byte 0x{data[start]:02x} in line {line}. Try another") from None


def _guessed(table: Table, data: bytes, first: int) -> str:
    lines = re.findall(rb"[^\n]*[\x80-\xff][^\n]*\n?", data)
    if b"\0" in data[:4000]:
        raise SynthkitError(f"{table.name} holds binary data, not a table of texts")
    broken = sum(line.decode("utf-8", "ignore").encode() != line for line in lines)
    number = data[:first].count(b"\n") + 1
    at = f"byte 0x{data[first]:02x} in line {number} is not UTF-8"
    if broken * 2 < len(lines):
        fix = f"{broken:,} of {len(lines):,} lines beyond ASCII are not UTF-8. Mend them, or name the file's encoding="
        table.note("read as UTF-8 with broken lines", at, fix)
        return data.decode("utf-8", "replace")
    sample = b"".join(lines)[:SAMPLE]
    readings = _readings(sample[: sample.rfind(b"\n") + 1] or sample)
    again = " or ".join(f"encoding={name!r} ({text!r})" for name, _, text in readings[:3])
    if not readings:
        raise SynthkitError(f"{table.name}: {at}, and no encoding fits. Save it as UTF-8, or name its encoding=")
    (name, score, _), *others = readings
    beyond = [c for c in sample.decode(name, "replace") if not c.isascii() and c.isalpha()]
    latin = 2 * sum(map(_latin, beyond)) >= len(beyond)
    if score < LEAST[latin] or (others and others[0][1] > MARGIN * score):
        raise SynthkitError(f"{table.name}: {at}, and the encoding is unsure: {again}. Name the one that reads right")
    rival = f", next {others[0][0]} {others[0][1]:.2f}" if others else ""
    try:
        text = data.decode(name)
    except UnicodeDecodeError:
        raise SynthkitError(f"{table.name}: {at}, and the encoding is unsure: {again}, not throughout") from None
    table.note(
        f"read as {name}", f"{at}; confidence {score:.2f}{rival}", "Save the file as UTF-8, or name its encoding="
    )
    return text


def _readings(sample: bytes) -> list[tuple[str, float, str]]:
    """Return (encoding, score, a piece as it reads) of every reading of bytes, the best first, each text once."""
    import chardet

    best: dict[str, tuple[float, float, str]] = {}  # score, and the commonest name of several that read alike
    for found in chardet.detect_all(sample):
        name = "Windows-1252" if found["encoding"] == "ISO-8859-1" else found["encoding"]
        key = re.sub("[-_]", "", (name or "").lower())
        if not name or key in _NEVER:
            continue
        try:
            text = sample.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        prior = _RARE.get(key, next((p for start, p in _FAMILIES if key.startswith(start)), 1.0))
        score = found["confidence"] * prior * _plausible(text)
        best_score, best_prior, best_name = best.get(text, (0.0, 0.0, ""))
        named = (prior, name) if prior > best_prior else (best_prior, best_name)
        best[text] = (max(score, best_score), *named)
    ranked = sorted((text for text in best if best[text][0] > 0), key=lambda text: -best[text][0])
    differ = next((i for i, letters in enumerate(zip(*ranked[:2], strict=False)) if len(set(letters)) > 1), 0)
    return [(best[text][2], best[text][0], text[max(0, differ - 9) : differ + 9].strip()) for text in ranked]


def _plausible(text: str) -> float:
    """Return how much of a text's letters beyond ASCII stand where such letters stand in words, 0 to 1, or 1.25.

    Wrong tables show as signs inside words, capitals after small letters, and two scripts in one word. 1.25: all are
    the quotation marks and dashes that word processors put into English.
    """
    odd = total = typographic = 0
    for i, c in enumerate(text):
        if c.isascii():
            continue
        total += 1
        before, after = text[i - 1 : i] or " ", text[i + 1 : i + 2] or " "
        category = unicodedata.category(c)
        if c in _TYPOGRAPHIC:
            typographic += 1
        if c in "–—":
            odd += 0.5 * (before.isalpha() != after.isalpha())
        elif category in ("Co", "Cn", "Cc") or "─" <= c <= "▟":
            odd += 2
        elif category[0] in "SPN" and c < "\u2e80" and c not in "‘’":
            inside = before.isalpha() + after.isalpha() + (category[0] == "S" and c not in "€£°")
            odd += inside > 1
        elif c.isalpha():
            mixed = any(n.isalpha() and _latin(n) != _latin(c) for n in (before, after))
            capital = (c.isupper() and before.islower()) or (c.islower() and before.isupper() and after.isupper())
            odd += mixed or capital or (_latin(c) and (before.isdigit() or after.isdigit()))
    share = 1 - odd / max(1, total)
    return 1.25 if typographic == total and share == 1 else max(0.0, share)


def _latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN")
