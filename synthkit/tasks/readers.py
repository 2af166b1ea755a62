"""A file, frame or Dataset as columns of texts, with the number of each row in its source."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from synthkit.core.errors import SynthkitError
from synthkit.core.text import tidy

USUAL = {
    "id": ["id", "row_id", "uuid", "guid"],
    "text": ["text", "sentence", "review", "content", "body", "message", "comment", "utterance", "query", "question"],
    "label": ["label", "labels", "class", "category", "intent", "sentiment", "topic", "target", "stars", "rating"],
}
LEFT_OUT = "left out"
FILES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet")


class Repair(NamedTuple):
    """What was guessed, mended or left out: where (row as counted in the source), what, the value, what to do.

    `harmless` repairs (a byte order mark, line ends, the separator) change no row; `strict=True` lets them pass.
    """

    source: str
    row: int | None
    column: str
    what: str
    value: str
    fix: str
    harmless: bool = False


class Table:
    """Cells as texts, column by column, with the number of each row in its source."""

    def __init__(self, name: str):
        self.name = name
        self.columns: dict[str, list[str]] = {}
        self.numbers: list[int] = []
        self.repairs: list[Repair] = []

    def note(self, what: str, value: object, fix: str, *, row=None, column="", harmless=False) -> None:
        short = tidy(str(value))
        short = short if len(short) <= 60 else short[:57] + "..."
        self.repairs.append(Repair(self.name, row, column, what, short, fix, harmless))

    def fill(self, records: Sequence[dict], first: int) -> Table:
        """Take records as they come; a column that one of them lacks is empty there."""
        names = list(dict.fromkeys(name for r in records for name in r))
        self.numbers = list(range(first, first + len(records)))
        for name in names:
            if not isinstance(name, str):
                raise SynthkitError(f"{self.name}: a column is named {name!r}; expected text")
            self.columns[name] = [_cell(r.get(name)) for r in records]
        return self


def read_table(source) -> Table:
    if hasattr(source, "column_names") and hasattr(source, "features"):
        return _from_dataset(source, "source")
    if type(source).__module__.startswith("pandas") and hasattr(source, "columns"):
        return _from_frame(source)
    if isinstance(source, (list, tuple)) and source and all(isinstance(r, dict) for r in source):
        return Table("source").fill(source, 0)
    if isinstance(source, (list, tuple)) and not source:
        raise SynthkitError("source has no rows")
    if not isinstance(source, (str, Path)):
        raise SynthkitError(
            f"source={type(source).__name__}: expected a task, a file (CSV, TSV, JSONL, Parquet), a DataFrame, a "
            "datasets.Dataset, a list of dicts, or the id of a dataset on the Hub"
        )
    path = Path(source).expanduser()
    named = isinstance(source, str) and re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", source)
    if named and not path.exists() and path.suffix.lower() not in FILES:
        from synthkit.tasks.hub import load_hub

        parts = load_hub(source)
        return _from_dataset(parts["train"] if "train" in parts else parts[next(iter(parts))], source)
    return _from_file(path)


def _cell(value: object) -> str:
    if value is None or value != value:  # NaN and NaT differ from themselves
        return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (list, dict, tuple)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if type(value).__name__ == "NAType" else str(value)


def _from_dataset(dataset, name: str) -> Table:
    table = Table(name)
    table.numbers = list(range(len(dataset)))
    for column in dataset.column_names:
        named = getattr(dataset.features[column], "int2str", None)
        values = dataset[column]
        table.columns[column] = [named(v) if named and v is not None else _cell(v) for v in values]
    return table


def _from_frame(frame) -> Table:
    table = Table("source")
    if not frame.columns.is_unique:
        raise SynthkitError(f"source: a column name stands twice in: {', '.join(map(str, frame.columns))}")
    table.numbers = list(range(len(frame)))
    for column in frame.columns:
        values = frame[column].astype(object).tolist()
        table.columns[str(column)] = [_safe_cell(v) for v in values]
    return table


def _safe_cell(value: object) -> str:
    try:
        return _cell(value)
    except (TypeError, ValueError):  # an array compares cell by cell and says neither yes nor no
        return str(value)


def _from_file(path: Path) -> Table:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SynthkitError(f"no such file: {path}") from None
    except OSError as error:
        raise SynthkitError(f"{path} cannot be read: {error.strerror}") from None
    table, kind = Table(str(path)), path.suffix.lower()
    if kind == ".parquet" or data[:4] == b"PAR1":
        return _parquet(table, data)
    if kind in (".xlsx", ".xls", ".ods") or data[:4] == b"PK\x03\x04":
        raise SynthkitError(f"{path} is a spreadsheet or an archive. Save the sheet as CSV (UTF-8)")
    content = _decoded(table, data)
    if not content.strip():
        raise SynthkitError(f"{path} is empty; expected a table with the columns text and label")
    if "\0" in content:
        raise SynthkitError(f"{path} holds binary data, not a table of texts")
    if kind in (".jsonl", ".ndjson", ".json"):
        return _json(table, content, kind)
    return _csv(table, content)


def _decoded(table: Table, data: bytes) -> str:
    """Return the file's text: UTF-8, UTF-16 (by its mark, or by every other byte being zero), else Windows-1252."""
    again = "Save the file as UTF-8 to be sure"
    if data[:3] == b"\xef\xbb\xbf":
        table.note("byte order mark removed", "UTF-8", "nothing", harmless=True)
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            table.note("read as UTF-16", "byte order mark", "nothing", harmless=True)
            return data.decode("utf-16")
        if len(data) > 4 and data[:400].count(0) > len(data[:400]) / 4:
            kind = "utf-16-le" if data[1] == 0 else "utf-16-be"
            text = data.decode(kind)
            table.note(f"read as {kind.upper()}", "every other byte is zero", again)
            return text
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.encoding.startswith("utf-16"):
            raise SynthkitError(f"{table.name} holds binary data, not a table of texts") from None
        line = data[: error.start].count(b"\n") + 1
        kind = "cp1252" if not set(data) & {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "latin-1"
        named = "Windows-1252" if kind == "cp1252" else "Latin-1"
        table.note(f"read as {named}", f"byte 0x{data[error.start]:02x} in line {line} is not UTF-8", again)
        return data.decode(kind)


def _csv(table: Table, content: str) -> Table:
    ends = {e for e in ("\r\n", "\n", "\r") if e in content.replace("\r\n", "" if e != "\r\n" else "\r\n")}
    if len(ends) > 1:
        table.note("line ends of several kinds", f"{len(ends)} kinds", "nothing", harmless=True)
    header_line = next(line for line in content.splitlines() if line.strip())
    mark = max(",;\t|", key=lambda m: (_known(header_line, m), header_line.count(m)))
    if mark != ",":
        table.note("columns are separated by", {";": "semicolons", "\t": "tabs"}.get(mark, mark), "", harmless=True)
    csv.field_size_limit(10_000_000)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=mark, strict=True)
    try:
        records = [r for r in reader if r]
    except csv.Error as error:
        raise SynthkitError(
            f"{table.name} is not a well-formed CSV: {error} (line {reader.line_num}; a quotation mark left open?)"
        ) from None
    header = [name.strip() for name in records[0]]
    if len(set(header)) != len(header):
        raise SynthkitError(f"{table.name}: a column name stands twice in: {', '.join(header)}")
    if len(records) == 1:
        raise SynthkitError(f"{table.name} has a header and no rows")
    sound = []
    for number, record in enumerate(records[1:], start=2):
        if len(record) == len(header):
            sound.append(record)
            table.numbers.append(number)
        else:
            what = f"{len(record)} fields where the header has {len(header)}"
            table.note(LEFT_OUT, what, "Quote a field that holds the separator", row=number)
    table.columns = {name: [r[i] for r in sound] for i, name in enumerate(header)}
    return table


def _known(header: str, mark: str) -> int:
    names = {name.strip().strip('"').casefold() for name in header.split(mark)}
    return sum(bool(names & set(usual)) for usual in (USUAL["text"], USUAL["label"]))


def _json(table: Table, content: str, kind: str) -> Table:
    if kind == ".json":
        try:
            records = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise SynthkitError(
                f"{table.name} cannot be read as JSON: {error}. For one object a line: .jsonl"
            ) from None
        if not isinstance(records, list) or not records or not all(isinstance(r, dict) for r in records):
            raise SynthkitError(f'{table.name}: expected a list of objects, as [{{"text": ..., "label": ...}}]')
        return table.fill(records, 0)
    records, numbers = [], []
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            record = str(error)
        if isinstance(record, dict):
            records.append(record)
            numbers.append(number)
        else:
            table.note(LEFT_OUT, line, "Not a JSON object: one object a line is expected", row=number)
    if not records:
        raise SynthkitError(f"{table.name}: no line holds a JSON object")
    table.fill(records, 0).numbers = numbers
    return table


def _parquet(table: Table, data: bytes) -> Table:
    import pyarrow
    import pyarrow.parquet

    try:
        read = pyarrow.parquet.read_table(pyarrow.BufferReader(data))
    except (pyarrow.ArrowException, OSError) as error:
        raise SynthkitError(f"{table.name} cannot be read as Parquet: {str(error).splitlines()[0]}") from None
    return table.fill(read.to_pylist(), 0)
