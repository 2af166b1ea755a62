"""CSV and TSV as people have them: a separator line, no header, unnamed columns, quotation marks that mean nothing."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence

from synthkit.core.errors import SynthkitError
from synthkit.core.exports import unguarded
from synthkit.tasks.columns import bare_name, usual_roles
from synthkit.tasks.table import LEFT_OUT, Table, unique_names

MARKS = ",;\t|"
NONE = "\x1f"  # the separator of a file of one column, whose texts may hold any mark
ABOVE = 10  # lines among which the header is looked for, where a title or comments stand above it
# other ways to quote, tried where lines are not whole: (what shows them, in words, for the reader)
_QUOTING = (
    ('\\"', "backslashes before quotation marks", {}),
    (' "', "blanks before quotation marks", {"skipinitialspace": True}),
    ("'", "single quotation marks around cells", {"quotechar": "'"}),
)
_IN_WORDS = {";": "semicolons", "\t": "tabs", " ": "blanks"}
# a line under the header that says in what each column is: types, units, nothing
_TYPE = re.compile(
    r"(?i)|[-–.]|[\[(].*[\])]|str(ing)?|class|(free ?)?text|(var)?char(\(\d+\))?|object|code|categor(y|ical)|factor|"
    r"nominal|ordinal|enum|int(eger|64)?|float(64)?|double|number|numeric|date(time)?|timestamp|bool(ean)?|n/?a"
)
_UNIT = re.compile(r"[\w°%€$£µ²³/·.^-]{1,8}")
_SEPARATOR_LINE = re.compile(r'\ufeff*"?sep=(.)"?[\r\n]', re.IGNORECASE)


def read_delimited(table: Table, content: str) -> Table:
    """Fill a table from the text of a CSV or TSV file; rows are numbered by their line in the file."""
    first_line = 1
    mark = None
    if stated := _SEPARATOR_LINE.match(content):
        mark, first_line = stated.group(1), 2
        content = (
            content[stated.end() :].removeprefix("\n") if stated.group().endswith("\r") else content[stated.end() :]
        )
        table.note("a line that states the separator", f"sep={mark}", "nothing", harmless=True)
    if above := _above_header(content):
        aside, content = content[: len(above)], content[len(above) :]
        first_line += len(aside.splitlines())
        table.note("lines above the header left aside", aside.strip(), "nothing")
    header_line = next((line for line in content.splitlines() if line.strip()), "")
    if not header_line:
        raise SynthkitError(f"{table.name} has no rows")
    mark = mark or _mark(content, header_line)
    if mark not in (",", NONE):
        table.note("columns are separated by", _IN_WORDS.get(mark, mark), "", harmless=True)
    records, lines = _records(table, content, mark)
    lines = [line + first_line - 1 for line in lines]
    if not records:
        raise SynthkitError(f"{table.name} is not a well-formed CSV: no row can be read")
    header = _named_rows(table, records)
    if _headerless(records):
        table.note("no header: the first line is read as a row", header_line, "Give the file a line of column names")
        header = [f"column {i}" for i in range(1, len(header) + 1)]
    else:
        below = _below_header(records)
        units = below == 1 and _is_units(records)
        if below > 1 or units:
            below += units
            aside = " / ".join(filter(None, (cell for r in records[1:below] for cell in r)))
            what = "a line of units or types" if units else "more lines of header"
            how = "Is it a row? Give it a text" if units else "nothing"
            table.note(f"{what} left aside" + ", as surveys export them" * (not units), aside, how, harmless=not units)
        rows = list(zip(lines[below:], records[below:], strict=True))
        again = {line for line, r in rows if [*map(bare_name, r)] == header or _is_rule(r)}
        for line in again:
            table.note(LEFT_OUT, header_line, "The header again, or a rule", row=line)
        lines, records = [n for n, _ in rows if n not in again], [r for n, r in rows if n not in again]
    if not records:
        raise table.no_rows()
    return _filled(table, header, records, lines, mark)


def _above_header(content: str) -> str:
    """Return the lines above the one that has usual names for text and label, where the first line has none."""
    head = content[:20_000].splitlines(keepends=True)[:ABOVE]
    roles = [max(usual_roles(line.split(mark)) for mark in MARKS) for line in head]
    return "".join(head[: roles.index(2)]) if 2 in roles and not any(roles[: roles.index(2)]) else ""


def _mark(content: str, header: str) -> str:
    """Return the separator: the one that parts usual column names, else that stands equally often in many lines."""
    head = [line for line in content[:20_000].splitlines()[:50] if line.strip()]
    if all(re.fullmatch(r'"[^"]*"( "[^"]*")+', line) for line in head[:5]):  # R's write.table
        return " "

    def rank(mark: str):
        even = Counter(line.count(mark) for line in head[:-1] or head)
        return (
            usual_roles(header.split(mark)),
            bool(header.count(mark)) and even[header.count(mark)],
            header.count(mark),
        )

    mark = max(MARKS, key=rank)
    usual, even, _ = rank(mark)
    prose = not usual and 2 * even < len(head) and '"' not in content[:20_000]
    return NONE if prose else mark


def _records(table: Table, content: str, mark: str) -> tuple[list[list[str]], list[int]]:
    """Return records and the line that each begins in; quotation marks count unless every line is whole without."""
    records, lines, faults, open_quote = _quoted(content, mark)
    spread = len(lines) and lines[-1] + 1 > len(lines) + content.count("\n\n") + 1
    if faults or open_quote or spread:
        plain = csv.reader(io.StringIO(content, newline=""), delimiter=mark, quoting=csv.QUOTE_NONE)
        bare = [(r, plain.line_num) for r in plain if r]
        width = Counter(len(r) for r, _ in bare).most_common(1)[0][0]
        if width > 1 and len(bare) > len(records) and all(len(r) == width for r, _ in bare):
            whole = sum(c.startswith('"') and c.endswith('"') and len(c) > 1 for r, _ in bare for c in r)
            opened = sum(c.startswith('"') for r, _ in bare for c in r)
            if opened > whole:
                what = "quotation marks kept: every line is whole without them"
                table.note(what, f"cells: {opened - whole:,}", "Quote whole cells", harmless=mark == "\t")
                return [r for r, _ in bare], [n for _, n in bare]
    uneven = any(len(r) != len(records[0]) for r in records)
    for sign, what, dialect in _QUOTING if faults or open_quote or uneven else ():
        doubled = content.replace('\\"', '""') if not dialect else content
        whole, begin, *faulty = _quoted(doubled, mark, **dialect) if sign in content else ([], [], True)
        if not any(faulty) and len({*map(len, whole)} - {1}) == 1 and min(map(len, whole)) > 1:
            table.note(f"read with {what}", "every line is whole so", "Double a quotation mark inside a quoted cell")
            return whole, begin
    if open_quote:
        fix = "is a quotation mark left open there?"
        raise SynthkitError(f"{table.name} is not a well-formed CSV: {open_quote[1]} (line {open_quote[0]}; {fix})")
    for line, fault in faults:
        table.note(LEFT_OUT, fault, "Double a quotation mark inside a quoted cell", row=line)
    _note_swallowed(table, records, lines, mark)
    return records, lines


def _quoted(content: str, mark: str, **dialect):
    """Return (records, their first lines, faults in one line, fault over several lines or None)."""
    csv.field_size_limit(2**31 - 1)  # what a C long holds everywhere
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=mark, strict=True, **dialect)
    records, lines, faults, start = [], [], [], 1
    while True:
        try:
            for record in reader:
                if record:
                    records.append(record)
                    lines.append(start)
                start = reader.line_num + 1
            return records, lines, faults, None
        except csv.Error as error:
            if reader.line_num > start or "end of data" in str(error):  # of how many lines was one cell?
                return records, lines, faults, (start, str(error))
            faults.append((start, str(error)))
            start = reader.line_num + 1


def _note_swallowed(table: Table, records: list[list[str]], lines: list[int], mark: str) -> None:
    """Say where one cell holds lines that look like rows: a quotation mark may have been left open."""
    width = len(records[0]) if records else 0
    for record, line in zip(records, lines, strict=True):
        for cell in record:
            if "\n" in cell and width > 1 and any(part.count(mark) == width - 1 for part in cell.split("\n")[1:]):
                last = cell.split("\n")[-1].split(mark)
                seen = any(part and part in (r[i] for r in records[:1000]) for i, part in enumerate(last) if i < width)
                if len(last) == width and seen:
                    what = "one cell holds lines that look like rows"
                    table.note(what, cell.replace("\n", " / "), "Is a quotation mark left open there?", row=line)


def _is_rule(record: list[str]) -> bool:
    """Return whether a record is the line under the header of a Markdown table."""
    return "---" in record[-1] + record[0] + record[len(record) // 2] and set("".join(record)) <= set(" :-")


def _named_rows(table: Table, records: list[list[str]]) -> list[str]:
    """Return the header; numbers of rows that stand before its first column, as R writes them, are left aside."""
    numbers = [r[0] for r in records[1:] if len(r) == len(records[0]) + 1 and r[0].isdigit()]
    if len(set(numbers)) == len(records) - 1 > 0 and usual_roles(records[0]):
        records[:] = [records[0], *(r[1:] for r in records[1:])]
        table.note("numbers of rows left aside", ", ".join(numbers[:3]), "nothing", harmless=True)
    return [bare_name(name) for name in records[0]]


def _below_header(records: list[list[str]]) -> int:
    """Return where rows begin: after one line of header, or those that Qualtrics and SurveyMonkey add."""
    if len(records) > 3 and all(cell.startswith('{"ImportId"') for cell in records[2] if cell):
        return 3
    second = records[1] if len(records) > 2 else []
    more = {"Response", "Open-Ended Response"} & set(second) and not second[0] and records[2][0]
    return 2 if more else 1


def _is_units(records: list[list[str]]) -> bool:
    """Return whether the line under the header holds units or types: each cell one, a unit above numbers alone."""
    second, rest = [cell.strip() for cell in records[1]] if len(records) > 3 else [], records[2:500]
    if not any(second) or len(second) < 2 or len(second) != len(records[0]) or any(len(r) != len(second) for r in rest):
        return False
    plain = [bool(_TYPE.fullmatch(cell)) for cell in second]
    over = [_UNIT.fullmatch(c) and min(_figures(r[i]) for r in rest) > 0.5 > _figures(c) for i, c in enumerate(second)]
    telling = any(len(cell) > 1 and (p or o) for cell, p, o in zip(second, plain, over, strict=True))
    new = not any(cell and cell in {r[i].strip() for r in rest} for i, cell in enumerate(second))  # as a label would
    return telling and new and all(p or o for p, o in zip(plain, over, strict=True))


def _headerless(records: list[list[str]]) -> bool:
    """Return whether the first record is a row: no usual name in it, and its label, or a sentence, among its cells.

    A sentence is a name where it asks something, or where a column shows a header: few values, or numbers, below
    another word.
    """
    first, rest = records[0], [r for r in records[1:] if len(r) == len(records[0])][:2000]
    if usual_roles(first) or len(rest) < 1:
        return False
    columns = [Counter(r[i] for r in rest) for i in range(len(first))]
    pairs = [(cell.strip(), column) for cell, column in zip(first, columns, strict=True) if cell.strip()]
    if len(first) > 1:
        if any(column[cell] and len(column) <= max(2, len(rest) // 2) for cell, column in pairs):
            return True
        few = any(cell not in column and 2 * len(column) < len(rest) for cell, column in pairs)
        measured = any(_figures(cell) < 0.5 <= min(map(_figures, column)) for cell, column in pairs)
        if few or measured:
            return False
    asked = any(cell.endswith("?") and 4 * sum(c.endswith("?") for c in column) < len(rest) for cell, column in pairs)
    long = any(len(cell.split()) > (5 if len(first) > 1 else 3) or len(cell) > 60 for cell, _ in pairs)
    return (long and not asked) or any(re.fullmatch(r"-?\d+(\.\d+)?", cell) for cell, _ in pairs)


def _figures(cell: str) -> float:
    """Return the share of digits among the letters and digits of a cell, 1 where it is empty."""
    signs = [c.isdigit() for c in cell if c.isalnum()]
    return sum(signs) / len(signs) if signs else 1.0


def _filled(table: Table, header: list[str], records: list[list[str]], lines: list[int], mark: str) -> Table:
    wide = max(map(len, records))
    header = [name for i, name in enumerate(header) if name or i < wide]  # separators at the end of the header alone
    width = len(header)
    if any(len(r) > width for r in records) and not any(r[width:] and any(r[width:]) for r in records):
        records = [r[:width] for r in records]  # a separator at the end of each line
    if width == 1 and any(len(r) > 1 for r in records):
        table.note("one column: what looks like a separator belongs to the text", mark, "Quote such a text")
        records = [[mark.join(r)] for r in records]
    sound = [i for i, r in enumerate(records) if len(r) == width]
    if len(sound) < len(records):
        for i, record in enumerate(records):
            if len(record) != width:
                what = f"{len(record)} fields where the header has {width}"
                table.note(LEFT_OUT, what, "Quote a field that holds the separator", row=lines[i])
        records, lines = [records[i] for i in sound], [lines[i] for i in sound]
    table.numbers = lines
    columns = list(zip(*records, strict=True)) or [()] * width
    names, kept, counted = [], [], tuple(map(str, range(len(records) + 1)))
    for i, (name, values) in enumerate(zip(header, columns, strict=True)):
        if name or any(values):
            if not name and i == 0 and values in (counted[:-1], counted[1:]):
                table.note("an unnamed column that counts the rows left aside", "1, 2, 3 ...", "nothing", harmless=True)
                continue
            if not name:
                name = f"column {i + 1}"
                texts = f"{sum(map(bool, values)):,} cells hold text"
                table.note(f"an unnamed column called {name!r}", texts, "Does a text go on in it?", harmless=True)
            names.append(name)
            kept.append(values)
    if empty := width - len(names) - any("counts the rows" in r.what for r in table.repairs):
        table.note("empty columns without a name left aside", f"columns: {empty}", "nothing", harmless=True)
    kept = [_unguarded(table, values) for values in kept]
    table.columns = dict(zip(unique_names(table.name, names), kept, strict=True))
    return table


def _unguarded(table: Table, values: Sequence[str]) -> list[str]:
    """Return cells without the marks that keep a spreadsheet from running them."""
    out = [unguarded(v) if v[:1] == "'" or "\\u20" in v else v for v in values]
    if changed := sum(a != b for a, b in zip(out, values, strict=True)):
        table.note("guards against formulas taken off", f"{changed:,} cells", "nothing", harmless=True)
    return out
