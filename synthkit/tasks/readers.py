"""A file, frame or Dataset as a table of cells: which reader takes what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from synthkit.core.errors import SynthkitError
from synthkit.tasks.annotations import flattened
from synthkit.tasks.columns import usual_roles
from synthkit.tasks.decoding import decoded, unpacked, without_nul
from synthkit.tasks.delimited import read_delimited
from synthkit.tasks.formats import (
    is_arff,
    is_chat,
    is_spreadsheet,
    read_arff,
    read_chat,
    read_fasttext,
    read_spreadsheet,
    read_tokens,
    refuse_other_kinds,
)
from synthkit.tasks.frames import is_frame, read_columnar, read_frame, read_saved
from synthkit.tasks.table import LEFT_OUT, Table, is_missing

FILES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet", ".gz", ".bz2", ".xz", ".zip")
_OF_TABLES = ("columns", "column_names", "schema")
_WRAPPERS = ("data", "rows", "records", "examples", "items", "results")


def read_table(source, *, encoding: str | None = None) -> Table:
    """Return any source as a table; `encoding` is for files alone. In a folder of folders these are the labels."""
    if is_frame(source):
        return read_frame(source)
    if hasattr(source, "read"):
        return _opened(source, encoding)
    if isinstance(source, Mapping):
        source = _records(dict(source)) or source
    if (
        isinstance(source, Iterable)
        and not isinstance(source, (str, bytes, Path, Mapping))
        and not hasattr(source, "dtype")
    ):
        source = list(source)
        if not source:
            raise SynthkitError("source has no rows")
        if all(isinstance(r, Mapping) for r in source):
            return _filled(Table("source"), [dict(r) for r in source], range(len(source)))
    if not isinstance(source, (str, Path)):
        raise SynthkitError(
            f"source={type(source).__name__}: expected a task, a file (CSV, TSV, JSONL, Parquet), a DataFrame, a "
            "datasets.Dataset, a list of dicts, or the id of a dataset on the Hub. Of pairs make a frame: "
            'load_rows(pd.DataFrame(pairs, columns=["text", "label"]))'
        )
    if "\n" in str(source) or len(str(source)) > 4000:
        raise SynthkitError("source is the content of a file, not its name: load_rows(io.StringIO(source))")
    if re.match(r"\w+://", str(source)):
        raise SynthkitError(f"{source} is an address. Save the file, or give a frame: load_rows(pd.read_csv(ADDRESS))")
    path = Path(source).expanduser()
    named = isinstance(source, str) and re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", source)
    if named and not path.exists() and path.suffix.lower() not in FILES:
        from synthkit.tasks.hub import load_hub

        return read_frame(load_hub(source), source)
    return _folder(path, encoding, labelled=True) if path.is_dir() else _file(path, encoding)


def read_texts(source, *, encoding: str | None = None) -> Table:
    """Return texts without labels as a table: a list of them, a folder of .txt files, lines of one, or any table."""
    tabular = isinstance(source, (str, Path, Mapping)) or any(map(partial(hasattr, source), _OF_TABLES))
    if isinstance(source, Iterable) and not tabular:  # a column: a list, an array, a Series, a generator
        source = source.to_pylist() if hasattr(source, "to_pylist") else list(source)
        if source and all(isinstance(t, str) or is_missing(t) for t in source):
            return Table("source").fill([{"text": t} for t in source], range(len(source)))
    path = Path(source).expanduser() if isinstance(source, (str, Path)) else None
    if path is not None and path.is_dir():
        return _folder(path, encoding, labelled=False)
    if path is None or path.suffix.lower() != ".txt" or not path.is_file():
        return read_table(source, encoding=encoding)
    table = Table(str(path))
    table.sensitive = sensitive_task(path)
    lines = decoded(table, path.read_bytes(), encoding).split("\n")
    if is_chat(lines):
        return read_chat(table, lines)
    full = [line for line in lines if line.strip()]
    tabs = {line.count("\t") for line in full}
    if tabs and (
        tabs != {0} and len(tabs) == 1 or usual_roles(lines[0].split("\t")) or full[0].startswith("__label__")
    ):
        return read_table(source, encoding=encoding)
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    return table.fill([{"text": line} for _, line in numbered], [number for number, _ in numbered])


def _folder(path: Path, encoding: str | None, *, labelled: bool) -> Table:
    """Return the .txt files of a folder and those in it, a text each; files of other kinds are counted."""
    if any((path / name).is_file() for name in ("dataset_dict.json", "state.json")):
        table = read_saved(path)
        table.sensitive = sensitive_task(path / "any")
        return table
    table = Table(str(path))
    table.sensitive = sensitive_task(path / "any")
    found = [f for f in path.rglob("*") if f.is_file() and not any(p[0] == "." for p in f.relative_to(path).parts)]
    files = sorted(f for f in found if f.suffix.lower() == ".txt") or sorted(f for f in found if not f.suffix)
    if not files:
        tables = ", ".join(str(f.relative_to(path)) for f in sorted(found) if f.suffix.lower() in FILES)
        also = f"; it holds {tables[:200]}: name one" if tables else ", or name a table"
        raise SynthkitError(f"{path} holds no .txt file; expected one text a file{also}")
    if others := len(found) - len(files):
        table.note("files of other kinds not read", f"files: {others:,}", "A text a .txt file is read")
    data = [f.read_bytes() for f in files]
    odd = [i for i, some in enumerate(data) if some.decode("utf-8", "ignore").encode() != some and b"\0" not in some]
    if odd and encoding is None:  # one guess for all of them: a short text fits many encodings
        seam, table.name = "\n\x1d\n", f"{files[odd[0]]}" + f" and {len(odd) - 1:,} more files" * (len(odd) > 1)
        for i, text in zip(odd, decoded(table, seam.encode().join(data[i] for i in odd)).split(seam), strict=True):
            data[i] = text.encode()
    records = []
    for file, some in zip(files, data, strict=True):
        table.name = str(file)
        records.append({"id": file.relative_to(path).as_posix(), "text": decoded(table, some, encoding)})
        if labelled:
            records[-1]["label"] = file.parent.name if file.parent != path else ""
    table.name = str(path)
    return table.fill(records, range(len(records)))


def _file(path: Path, encoding: str | None) -> Table:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SynthkitError(f"no such file: {path}") from None
    except OSError as error:
        raise SynthkitError(f"{path} cannot be read: {error.strerror}") from None
    table = Table(str(path))
    table.sensitive = sensitive_task(path)
    return _read(table, data, encoding)


def _opened(file, encoding: str | None) -> Table:
    """Return the rows of an open file, or of what behaves like one."""
    data, name = file.read(), getattr(file, "name", "source")
    table = Table(str(name))
    table.sensitive = sensitive_task(Path(name)) if isinstance(name, str) else None
    return _read(table, data if isinstance(data, bytes) else data.encode("utf-8", "replace"), encoding)


def _read(table: Table, data: bytes, encoding: str | None) -> Table:
    if is_spreadsheet(data, Path(table.name).suffix.lower()):
        return read_spreadsheet(table, data)
    name, data = unpacked(table.name, data)
    kind = Path(name).suffix.lower()
    if columnar := read_columnar(table, data, kind):
        return columnar
    refuse_other_kinds(table, data, kind)
    content = decoded(table, data, encoding)
    if not content.strip():
        raise SynthkitError(f"{table.name} is empty; expected a table with the columns text and label")
    content = without_nul(table, content)
    if kind in (".jsonl", ".ndjson", ".json"):
        _json(table, content, kind)
    elif content.startswith("__label__"):
        read_fasttext(table, content)
    elif is_arff(content):
        read_arff(table, content)
    elif not read_tokens(table, content):
        read_delimited(table, content)
    if any(r.what == "read as UTF-8 with broken lines" for r in table.repairs):
        _leave_out_broken(table)
    return table


def task_folder(path: Path) -> Path | None:
    """Return the nearest folder above a file that holds a task.yaml."""
    return next((folder for folder in path.absolute().parents if (folder / "task.yaml").is_file()), None)


def sensitive_task(path: Path) -> dict | None:
    """Return what is in the task.yaml above a file, where it is marked sensitive."""
    import yaml

    folder = task_folder(path) or task_folder(path.resolve())
    try:
        task = yaml.safe_load((folder / "task.yaml").read_text(encoding="utf-8")) if folder else None
    except (yaml.YAMLError, UnicodeDecodeError, OSError):
        return None  # a task that cannot be read is an error where it is loaded
    return task if isinstance(task, dict) and task.get("sensitive") else None


def _leave_out_broken(table: Table) -> None:
    cells = [(i, v) for values in table.columns.values() for i, v in enumerate(values)]
    broken = {i: (v, "Bytes that are not UTF-8") for i, v in cells if isinstance(v, str) and "\ufffd" in v}
    table.leave_out(dict(sorted(broken.items())), column="text")


def _json(table: Table, content: str, kind: str) -> Table:
    """Read a list of objects, objects by line, or columns of values; JSON and JSONL are told apart by trying."""
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError) as error:
        if kind == ".json" and not _one_object_a_line(content):
            raise SynthkitError(
                f"{table.name} cannot be read as JSON: {error}. For one object a line: .jsonl"
            ) from None
        return _jsonl(table, content)
    if isinstance(whole, dict) and kind != ".json" and "\n" not in content.strip():
        return _jsonl(table, content)
    records = _records(whole)
    if records is None:
        raise SynthkitError(f'{table.name}: expected a list of objects, as [{{"text": ..., "label": ...}}]')
    return _filled(table, records, range(len(records)))


def _filled(table: Table, records: Sequence[dict], numbers: Sequence[int]) -> Table:
    rows = [(number, flat) for number, record in zip(numbers, records, strict=True) for flat in flattened(record)]
    return table.fill([flat for _, flat in rows], [number for number, _ in rows])


def _one_object_a_line(content: str) -> bool:
    first, _, rest = content.strip().partition("\n")
    return bool(rest) and first.startswith("{") and first.rstrip().endswith("}")


def _records(whole: object) -> list[dict] | None:
    """Return the records of parsed JSON: a list, a list under a usual key, or columns by name as pandas writes them."""
    if isinstance(whole, list):
        whole = [{"text": r} if isinstance(r, str) else r for r in whole]
        return whole if whole and all(isinstance(r, dict) for r in whole) else None
    if not isinstance(whole, dict) or not whole:
        return None
    if isinstance(whole.get("columns"), list) and isinstance(whole.get("data"), list):
        return [dict(zip(whole["columns"], row, strict=False)) for row in whole["data"]]
    for key in _WRAPPERS:
        if isinstance(whole.get(key), list) and (inner := _records(whole[key])):
            return inner
    inner = [v for v in whole.values() if isinstance(v, list) and v and all(isinstance(r, dict) for r in v)]
    if len(inner) == 1:
        return inner[0]
    by_row = list(whole.values())
    if all(isinstance(r, dict) for r in by_row) and usual_roles(map(str, by_row[0])):
        return by_row
    columns = {n: list(v.values()) if isinstance(v, dict) else v for n, v in whole.items()}
    if all(isinstance(v, list) for v in columns.values()) and len({len(v) for v in columns.values()}) == 1:
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)] or None
    return None


def _jsonl(table: Table, content: str) -> Table:
    records, numbers = [], []
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        record = {"text": record} if isinstance(record, str) else record
        if isinstance(record, dict):
            records.append(record)
            numbers.append(number)
        else:
            table.note(LEFT_OUT, line, "Not a JSON object: one object a line is expected", row=number)
    if not records:
        raise SynthkitError(f"{table.name}: no line holds a JSON object")
    return _filled(table, records, numbers)
