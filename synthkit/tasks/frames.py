"""Tables that live in memory or in Parquet: pandas, Arrow, and what the `datasets` library has, streams included."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from pathlib import Path

from synthkit.core.errors import SynthkitError
from synthkit.tasks.table import Table, is_missing, unique_names

STREAMED = 1_000_000  # rows up to which a stream is read, since nobody knows where it ends


def is_frame(source) -> bool:
    """Return whether a source is one of the tables that `read_frame` knows."""
    kind = type(source).__module__.partition(".")[0]
    return kind in ("pandas", "datasets", "pyarrow") or hasattr(source, "__arrow_c_stream__")


def read_frame(source, name: str = "source") -> Table:
    """Return a DataFrame, an Arrow table or a `datasets` object as a table; rows are numbered from 0."""
    kind = type(source).__name__
    if isinstance(source, dict):
        return _one_split(source, name)
    if hasattr(source, "column_names") and hasattr(source, "features"):
        return _streamed(source, name) if not hasattr(source, "__len__") else _dataset(source, name)
    if type(source).__module__.startswith("pandas"):
        if not hasattr(source, "columns"):
            raise SynthkitError(f"{name} is a {kind} of pandas: one column. Give a DataFrame with text and label")
        return _pandas(source, name)
    import pyarrow

    try:
        return _arrow(pyarrow.table(source), name)
    except (TypeError, ValueError, pyarrow.ArrowException) as error:
        raise SynthkitError(f"{name} ({kind}) cannot be read as a table: {error}") from None


def _one_split(parts: dict, name: str) -> Table:
    """Return the train split of a DatasetDict, or its only one."""
    names = [str(part) for part in parts]
    chosen = "train" if "train" in parts else names[0] if len(names) == 1 else None
    if chosen is None:
        first = (names or ["train"])[0]
        one = f"{name}/{first}" if Path(name).is_dir() else f"source[{first!r}]"
        raise SynthkitError(f"{name} holds the splits {', '.join(names) or 'none'}. Take one, as {one}")
    table = read_frame(parts[chosen], name)
    if len(names) > 1:
        others = ", ".join(n for n in names if n != chosen)
        table.note(
            f"only the split {chosen!r} is read", f"not read: {others}", "Take another by its name", harmless=True
        )
    return table


def _streamed(source, name: str) -> Table:
    records = list(islice(iter(source), STREAMED + 1))
    if len(records) > STREAMED:
        raise SynthkitError(f"{name} is a stream of more than {STREAMED:,} rows. Take some: source.take(10_000)")
    if not records:
        raise SynthkitError(f"{name} has no rows")
    table = Table(name).fill(records, range(len(records)))
    return _named_classes(table, source.features or {})


def _dataset(source, name: str) -> Table:
    source = source.with_format(None)  # a set in the format of numpy or torch gives arrays
    table = Table(name)
    table.numbers = list(range(len(source)))
    table.columns = {column: list(source[column]) for column in source.column_names}
    return _named_classes(table, source.features)


def _named_classes(table: Table, features: dict) -> Table:
    """Put the names of classes in the place of their numbers; -1 is what unlabelled rows of the Hub carry."""
    for column, feature in features.items():
        inner = getattr(feature, "feature", None) or (feature[0] if isinstance(feature, list) else feature)
        if names := getattr(inner, "names", None):
            _put_names(table, column, names)
    return table


def _put_names(table: Table, column: str, names: list[str]) -> None:
    nameless: Counter = Counter()

    def named(cell):
        if isinstance(cell, (list, tuple)):
            return [named(c) for c in cell]
        if is_missing(cell) or isinstance(cell, str):
            return cell
        if not 0 <= cell < len(names):
            nameless[int(cell)] += 1
            return None
        return names[cell]

    table.columns[column] = [named(c) for c in table.columns[column]]
    for number, rows in nameless.items():
        what = f"class number without a name read as no label in {rows:,} rows"
        table.note(what, number, "Rows without a label cannot be used", column=column)


def _pandas(frame, name: str) -> Table:
    table = Table(name)
    columns = [
        n if isinstance(n, str) else " ".join(map(str, n)).strip() if isinstance(n, tuple) else str(n) for n in frame
    ]
    names = unique_names(name, columns)
    table.numbers = list(range(len(frame)))
    for column, position in zip(names, range(len(names)), strict=True):
        values = frame.iloc[:, position]
        cells = values.astype(object).tolist()
        holes = values.isna()
        if holes.any():
            whole = getattr(values.dtype, "kind", "") == "f" and (values[~holes] % 1 == 0).all()
            # a hole makes pandas turn whole numbers into decimals
            cells = [None if h else int(c) if whole else c for c, h in zip(cells, holes.tolist(), strict=True)]
        table.columns[column] = cells
    if isinstance(frame.index.name, str) and frame.index.name not in table.columns:
        table.columns[frame.index.name] = frame.index.astype(object).tolist()
    return table


def _arrow(read, name: str) -> Table:
    """Take an Arrow table; class names that `datasets` left in its metadata are used."""
    from datasets import Features

    table = Table(name)
    names = unique_names(name, read.column_names)
    table.numbers = list(range(len(read)))
    for column, values in zip(names, read.columns, strict=True):
        table.columns[column] = values.to_pylist()
    stored = (read.schema.metadata or {}).get(b"huggingface")
    try:
        features = Features.from_dict(json.loads(stored)["info"]["features"]) if stored else {}
    except (ValueError, KeyError, TypeError):
        features = {}
    return _named_classes(table, {column: features[column] for column in features if column in table.columns})


_FORMATS = {b"PAR1": "Parquet", b"ARROW1": "Feather", b"\xff\xff\xff\xff": "Arrow", b"ORC": "ORC"}


def read_columnar(table: Table, data: bytes, suffix: str = "") -> Table | None:
    """Return the rows of a Parquet, Feather, Arrow or ORC file; None of any other."""
    kind = next((kind for mark, kind in _FORMATS.items() if data.startswith(mark)), None)
    kind = "Parquet" if suffix == ".parquet" else kind
    if kind is None:
        return None
    import pyarrow
    from pyarrow import ipc, orc, parquet

    readers = {"Parquet": parquet.read_table, "ORC": orc.read_table}
    readers |= {
        "Feather": lambda file: ipc.open_file(file).read_all(),
        "Arrow": lambda file: ipc.open_stream(file).read_all(),
    }
    try:
        return _arrow(readers[kind](pyarrow.BufferReader(data)), table.name)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        if isinstance(error, SynthkitError):
            raise
        raise SynthkitError(f"{table.name} cannot be read as {kind}: {str(error).splitlines()[0]}") from None


def read_saved(path: Path) -> Table:
    """Return the rows of a folder that `save_to_disk` of a Dataset or DatasetDict made."""
    from datasets import load_from_disk

    try:
        return read_frame(load_from_disk(str(path)), str(path))
    except SynthkitError:
        raise
    except Exception as error:  # what a damaged folder raises is not listed anywhere
        raise SynthkitError(f"{path} cannot be read as a saved Dataset: {type(error).__name__}: {error}") from None
