"""Real rows of sensitive tasks: what shows, writes or sends a text asks here first.

Loading a task marked `sensitive: true` withholds its rows for the rest of the process; anonymising a row releases what
is left of it. Nothing of this is kept on disk.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from synthkit.core.errors import SynthkitError
from synthkit.core.text import words

_RUN, _WHOLE = 4, 6  # words: a shorter piece of a row, or a shorter row inside another text, says nothing about it
_rows: dict[str, set[tuple[str, ...]]] = {}  # by task: its real rows, as words
_released: set[tuple[str, ...]] = set()
_patterns: dict[str, dict[str, re.Pattern]] = {}
sent: Counter[str] = Counter()  # what left this machine beside prompts
_index: dict[tuple[str, ...], list[tuple[str, ...]]] = {}  # the rows that have a run of words, by that run


def withhold(task: str, texts: Iterable[str], patterns: Mapping[str, str]) -> None:
    """Keep the texts of a task to this machine, and what its patterns find out of whatever is shown."""
    rows = _rows.setdefault(task, set())
    for row in {tuple(words(t)) for t in texts} - rows:
        rows.add(row)
        for start in range(max(1, len(row) - _RUN + 1)):
            _index.setdefault(row[start : start + _RUN], []).append(row)
    _patterns[task] = {kind: re.compile(pattern) for kind, pattern in patterns.items() if isinstance(pattern, str)}


def release(texts: Iterable[str]) -> None:
    """Let anonymised texts pass from now on."""
    if _rows:
        _released.update(tuple(words(t)) for t in texts)


def is_withheld(text: str) -> bool:
    """Return whether a text is a real row of a sensitive task, or a piece of one of four words and more."""
    own = tuple(words(text))
    if not _index or len(own) < 2 or own in _released:
        return False
    return any(_holds(row, own) for row in _index.get(own[:_RUN], ()) if len(own) >= _RUN or row == own)


def holds_withheld(text: str) -> bool:
    """Return whether a whole real row of a sensitive task, of six words and more, stands in a longer text."""
    if not _index:
        return False
    tokens = words(text)
    for start in range(len(tokens) - _RUN + 1):
        for row in _index.get(tuple(tokens[start : start + _RUN]), ()):
            if len(row) >= _WHOLE and row not in _released and tuple(tokens[start : start + len(row)]) == row:
                return True
    return False


def _holds(row: tuple[str, ...], run: tuple[str, ...]) -> bool:
    return any(row[i : i + len(run)] == run for i in range(len(row) - len(run) + 1))


def shown(text: str) -> str:
    """Return a text as it may be shown or written where it can be shared."""
    if not _index:
        return text
    if is_withheld(text) or holds_withheld(text):
        return f"[withheld: {len(words(text))} words of a sensitive task]"
    for patterns in _patterns.values():
        for kind, pattern in patterns.items():
            text = pattern.sub(f"[{kind}]", text)
    return text


def refuse(texts: Sequence[str], what: str, where: str) -> None:
    """Raise SynthkitError where texts that are to leave this machine hold a real row of a sensitive task."""
    count = sum(is_withheld(t) or holds_withheld(t) for t in texts)
    if count:
        raise SynthkitError(
            f"{count:,} of {len(texts):,} {what} hold real rows of a task marked sensitive, as they are, and would go "
            f"to {where}. Anonymise them first: sk.anonymize(...)"
        )


def leave(texts: Sequence[str], what: str, where: str) -> None:
    """Say how much goes to another machine, or refuse it, and count it in `sent`."""
    refuse(texts, what, where)
    size = sum(map(len, texts))
    sent.update({f"{what} to {where}": len(texts), f"characters of {what} to {where}": size})
    warnings.warn(f"{len(texts):,} {what} ({size:,} characters) go to {where}", stacklevel=2)
