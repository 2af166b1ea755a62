"""Files that are no table by themselves: lines of fastText, chats, spreadsheets; what makes a table of others."""

from __future__ import annotations

import re
from io import BytesIO

from synthkit.core.errors import SynthkitError
from synthkit.tasks.annotations import OF_WORDS, are_tags
from synthkit.tasks.columns import USUAL
from synthkit.tasks.delimited import read_delimited
from synthkit.tasks.table import Table

# how a file begins, or its name ends: what it is, and what to do
_OTHERS = {
    b"sqlite format 3": ("an SQLite database", 'pd.read_sql("SELECT * FROM TABLE", sqlite3.connect(FILE))'),
    b"<stata_dta>": ("a Stata file", "pd.read_stata(FILE)"),
    ".dta": ("a Stata file", "pd.read_stata(FILE)"),
    b"$fl": ("an SPSS file", "pd.read_spss(FILE)"),
    b"\x89hdf": ("an HDF5 file", "pd.read_hdf(FILE)"),
    b"\x80": ("a pickle", "pd.read_pickle(FILE)"),
    b"\x93numpy": ("a numpy array", "pd.DataFrame(np.load(FILE))"),
    b"<?xml": ("XML", "pd.read_xml(FILE)"),
    b"<!doctype html": ("a web page", "pd.read_html(FILE)[0]"),
    b"<html": ("a web page", "pd.read_html(FILE)[0]"),
    b"<table": ("a web page", "pd.read_html(FILE)[0]"),
    ".xml": ("XML", "pd.read_xml(FILE)"),
    ".html": ("a web page", "pd.read_html(FILE)[0]"),
    ".yaml": ("YAML", "pd.DataFrame(yaml.safe_load(open(FILE)))"),
    ".yml": ("YAML", "pd.DataFrame(yaml.safe_load(open(FILE)))"),
    ".mbox": ("a mailbox", 'pd.DataFrame({"text": [m.get_payload() for m in mailbox.mbox(FILE)]})'),
    b"%pdf": ("a PDF", ""),
    b"{\\rtf": ("a rich text document", ""),
    b"rdx": ("a file of R", ""),
    b"x\n\0\0": ("a file of R", ""),
}
_LABEL = re.compile(r"__label__([^\s,]+)[\s,]*")
# [03.01.24, 09:12:00] Ann: hello; 3/1/24, 9:12 AM - Ann: hello
_MESSAGE = re.compile(
    r"\[?\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? +\d{1,2}[:.]\d\d([:.]\d\d)?(\s?[AaPp]\.?\s?[Mm]\.?)?(\]| -) "
)
_SENDER = re.compile(r"[^:\n]{1,60}: ")


def refuse_other_kinds(table: Table, data: bytes, suffix: str) -> None:
    """Raise where a file is of a kind that something else reads, and say what."""
    start = data[:300].lstrip().lower()
    marks = [mark for mark in _OTHERS if mark == suffix or isinstance(mark, bytes) and start.startswith(mark)]
    kind, fix = _OTHERS[marks[0]] if marks else ("", "")
    if data[257:262] == b"ustar":
        raise SynthkitError(f"{table.name} is a tar archive. Unpack it and name one file")
    if kind:
        how = f"Give what it holds as a frame: load_rows({fix})" if fix else "Save its rows as CSV (UTF-8)"
        raise SynthkitError(f"{table.name} is {kind}. {how}")


def is_spreadsheet(data: bytes, suffix: str) -> bool:
    """Return whether bytes are a workbook of Excel or LibreOffice; what is only called .xls is often HTML or text."""
    workbook = suffix in (".xlsx", ".xlsm", ".ods") or b"xl/workbook" in data
    return data.startswith(b"\xd0\xcf\x11\xe0") or (data.startswith(b"PK\x03\x04") and workbook)


def read_spreadsheet(table: Table, data: bytes) -> Table:
    """Return the rows of the only sheet that has some, where pandas finds what it reads such files with."""
    import pandas as pd

    try:
        sheets = pd.read_excel(BytesIO(data), sheet_name=None, header=None, dtype=object, na_filter=False)
    except ImportError:
        raise SynthkitError(
            f"{table.name} is a spreadsheet. Save the sheet as CSV (UTF-8), or `pip install openpyxl` (.xls: xlrd)"
        ) from None
    except Exception as error:  # each engine has errors of its own
        raise SynthkitError(f"{table.name} cannot be read as a spreadsheet: {error}. Save the sheet as CSV") from None
    full = {name: sheet for name, sheet in sheets.items() if len(sheet)}
    if len(full) != 1:
        what = f"the sheets {', '.join(map(repr, full))}" if full else "no rows"
        fix = f". Take one: load_rows(pd.read_excel(FILE, sheet_name={next(iter(full))!r}))" if full else ""
        raise SynthkitError(f"{table.name} holds {what}{fix}")
    inside = "\ue000"  # a line break in a cell, so that a row of the sheet is a line
    sheet = next(iter(full.values())).map(lambda cell: re.sub("\r?\n", inside, str(cell)))
    read_delimited(table, sheet.to_csv(index=False, header=False, lineterminator="\n"))
    table.columns = {name: [cell.replace(inside, "\n") for cell in cells] for name, cells in table.columns.items()}
    return table


def read_fasttext(table: Table, content: str) -> Table:
    """Return lines as fastText has them: `__label__x`, one or more, and the text."""
    found = [(number, line) for number, line in enumerate(content.split("\n"), 1) if line.strip()]
    records = []
    for _, line in found:
        labels = _LABEL.findall(line)
        records.append({"label": labels if len(labels) > 1 else "".join(labels), "text": _LABEL.sub("", line)})
    table.note("lines of fastText: __label__ taken off", found[0][1], "nothing", harmless=True)
    return table.fill(records, [number for number, _ in found])


_STRING = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_ATTRIBUTE = re.compile(rf"(?im)^\s*@attribute\s+({_STRING}|[^\s{{]+)")
_COMMENT = re.compile(rf"({_STRING})|%.*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_QUOTES = ("'", '"')
_CELL = re.compile(rf"\s*({_STRING}|[^,]*)\s*(?:,|$)")


def is_arff(content: str) -> bool:
    """Return whether a text is a table as Weka writes it."""
    return bool(re.match(r"(?i)(?:\s|%.*\n)*@relation\b", content))


def read_arff(table: Table, content: str) -> Table:
    """Return the rows of an ARFF file; those with other than a cell an attribute are left out and listed."""
    content = re.sub(r"\r\n?", "\n", content)
    head, *data = re.split(r"(?im)^\s*@data\s*(?:%.*)?$", content, maxsplit=1)
    data = "".join(data)
    names = [_plain_cell(name) for name in _ATTRIBUTE.findall(head)]
    if twice := [name for name in names if names.count(name) > 1]:
        raise SynthkitError(f"{table.name}: attribute {twice[0]!r} stands twice. Rename one in the file")
    records, numbers = [], []
    for number, line in enumerate(data.split("\n"), content.count("\n") - data.count("\n") + 1):
        line = _COMMENT.sub(lambda found: found[1] or "", line).strip()
        if not line:
            continue
        if line.startswith("{"):
            raise SynthkitError(f"{table.name} is a sparse ARFF file. Save it as CSV, with Weka's CSVSaver")
        cells = [cell.strip() for cell in _CELL.findall(line + ",")[:-1]]
        if len(cells) != len(names):
            table.note("left out", line, f"{len(cells)} cells where there are {len(names)} attributes", row=number)
        elif any((cell[:1] in _QUOTES or cell[-1:] in _QUOTES) and not re.fullmatch(_STRING, cell) for cell in cells):
            table.note("left out", line, "A quote opens or ends on another line; put the text on one", row=number)
        else:
            records.append(dict(zip(names, map(_plain_cell, cells), strict=True)))
            numbers.append(number)
    table.note("read as ARFF", f"attributes: {', '.join(names)}", "nothing", harmless=True)
    return table.fill(records, numbers)


def _plain_cell(cell: str) -> str:
    if not re.fullmatch(_STRING, cell):
        return "" if cell == "?" else cell
    signs = {"n": "\n", "t": "\t", "r": "\r"}
    return _ESCAPE.sub(lambda e: chr(int(e[1][1:], 16)) if len(e[1]) == 5 else signs.get(e[1], e[1]), cell[1:-1])


def read_tokens(table: Table, content: str) -> Table | None:
    """Return a file of a word a line (CoNLL) where comments give each sentence a label, refuse it where none do.

    None where it is no such file.
    """
    start = content if len(content) < 50_000 else content[:50_000].rpartition("\n")[0]  # whole lines
    blocks = re.split(r"\n\s*\n", start.strip())
    lines = [line for block in blocks for line in block.split("\n") if line.strip() and line[0] != "#"]
    lines = [line for line in lines if not line.startswith("-DOCSTART-")]
    numbered = len(blocks) > 1 and all(re.fullmatch(r"\d+([-.]\d+)?(\t[^\t]*){7,9}", line) for line in lines)
    tagged = all(1 < len(line.split()) < 12 for line in lines) and are_tags([line.split()[-1] for line in lines])
    if len(lines) < 2 or not (numbered or tagged):
        return None
    records, blocks = [], re.split(r"\n\s*\n", content.strip())
    for block in blocks:
        stated = {k.casefold(): v.strip() for k, v in re.findall(r"(?m)^#\s*(\w+)\s*[=:]\s*(.+)$", block)}
        label = next((stated[name] for name in USUAL["label"] if name in stated), None)
        if "text" not in stated or label is None:
            raise SynthkitError(f"{table.name} holds a word a line: {OF_WORDS}")
        records.append({"text": stated["text"], "label": label})
    table.note("read as CoNLL: text and label are in the comments", f"sentences: {len(records):,}", "", harmless=True)
    return table.fill(records, range(len(records)))


def is_chat(lines: list[str]) -> bool:
    """Return whether lines are a chat as messengers export it: most begin with a date and a sender."""
    head = [line.lstrip("\u200e\ufeff") for line in lines[:50] if line.strip()]
    return 2 * sum(bool(_MESSAGE.match(line)) for line in head) > len(head) > 1


def read_chat(table: Table, lines: list[str]) -> Table:
    """Return the messages of a chat, a text each, without date and sender; what the messenger says is left out."""
    texts: list[str] = []
    numbers: list[int] = []
    notices: dict[int, tuple[str, str]] = {}
    for number, line in enumerate(lines, 1):
        line = line.lstrip("\u200e")
        if not (stamp := _MESSAGE.match(line)):
            if texts:
                texts[-1] += f"\n{line}"
            continue
        rest = line[stamp.end() :]
        sender = _SENDER.match(rest)
        if not sender:
            notices[len(texts)] = (rest, "No sender: a notice of the messenger, not a message")
        texts.append(rest[sender.end() :] if sender else rest)
        numbers.append(number)
    table.note("a chat: dates and senders left aside", f"{len(texts):,} messages", "nothing", harmless=True)
    table.fill([{"text": text} for text in texts], numbers)
    table.leave_out(notices, column="text")
    return table
