"""Files with one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from synthkit.core.errors import SynthkitError
from synthkit.core.exports import write_private


def read_jsonl(path: Path) -> list[dict]:
    """Return the objects of a JSONL file; a bad line is an error with its number."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise SynthkitError(f"no such file: {path}") from None
    except UnicodeDecodeError:
        raise SynthkitError(f"{path} is not UTF-8") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise SynthkitError(f"{path}, line {number}: not JSON ({error.msg})") from None
            if not isinstance(row, dict):
                raise SynthkitError(f"{path}, line {number}: expected an object, got {type(row).__name__}")
            rows.append(row)
    return rows


def write_jsonl(path: Path, rows: Iterable[dict]) -> None:
    """Write objects, one a line, into a file that only its owner can read."""
    write_private(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
