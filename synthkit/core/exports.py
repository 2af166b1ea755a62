"""Files that hold rows: only their owner can read them, and a spreadsheet that opens one runs nothing."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = re.compile("(?='*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20])")  # what a spreadsheet takes for one, guarded or not
_GUARDED = re.compile("'(?='*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20])")
_BIDI = re.compile(r"(\\*)([\u202a-\u202e\u2066-\u2069]|(?<=\\)u20(?:2[a-e]|6[6-9]))")
_ESCAPED = re.compile(r"(\\+)u(20(?:2[a-e]|6[6-9]))")


def guarded(text: str) -> str:
    r"""Return a text for a cell of a CSV file: `'` before what looks like a formula, bidi controls as \u202e.

    >>> guarded("=1+1"), guarded("plain"), unguarded(guarded("'=1"))
    ("'=1+1", 'plain', "'=1")
    """
    text = "'" + text if _FORMULA.match(text) else text
    return text if text.isascii() and "\\u20" not in text else _BIDI.sub(_escape, text)


def _escape(found: re.Match) -> str:
    slashes, what = found.groups()
    return 2 * slashes + (what if what.startswith("u") else f"\\u{ord(what):04x}")


def unguarded(text: str) -> str:
    """Return the text that `guarded` was given."""
    text = text[1:] if _GUARDED.match(text) else text
    return _ESCAPED.sub(_unescape, text) if "\\u20" in text else text


def _unescape(found: re.Match) -> str:
    slashes, code = found.groups()
    half = "\\" * (len(slashes) // 2)
    return half + (chr(int(code, 16)) if len(slashes) % 2 else f"u{code}")


def write_csv(path, frame: pd.DataFrame) -> None:
    """Write a frame as CSV (UTF-8), its texts guarded; `load_rows` gives them back as they were."""
    safe = frame.map(lambda value: guarded(value) if isinstance(value, str) else value)
    write_private(path, safe.to_csv(index=False, lineterminator="\n"))


def write_private(path, data: str | bytes) -> None:
    """Write a file that only its owner can read; one that cannot be written is an error that names it."""
    data = data.encode("utf-8", "replace") if isinstance(data, str) else data
    try:
        with open(os.open(Path(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            if os.name == "posix" and stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                os.fchmod(file.fileno(), 0o600)
            file.write(data)
    except OSError as error:
        raise SynthkitError(f"cannot write {path}: {error.strerror or error}") from None
