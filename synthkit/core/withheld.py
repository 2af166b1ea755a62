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
from synthkit.core.text import fold, visible, words

_RUN, _WHOLE = 4, 6  # words: a shorter piece of a row, or a shorter row inside another text, says nothing about it
_released: set[tuple[str, ...]] = set()  # anonymised rows, and every run of `_WHOLE` words of one
_patterns: dict[str, dict[str, re.Pattern]] = {}
sent: Counter[str] = Counter()  # what left this machine beside prompts
_rows: set[tuple[str, ...]] = set()
_cells: set[str] = set()  # what stands in columns that tell rows apart, as names do
_index: dict[tuple[str, ...], list[tuple[tuple[str, ...], int]]] = {}  # by run of words: rows that have it, and where


def withhold(task: str, texts: Iterable[str], patterns: Mapping[str, str], *, cells: Iterable[str] = ()) -> None:
    """Keep the texts of a task to this machine, cells of its other columns, and what its patterns find."""
    _cells.update(map(fold, cells))
    for row in {_tokens(t) for t in texts} - _rows:
        _rows.add(row)
        for start in range(max(1, len(row) - _RUN + 1)):
            _index.setdefault(row[start : start + _RUN], []).append((row, start))
    _patterns[task] = {kind: re.compile(pattern) for kind, pattern in patterns.items() if isinstance(pattern, str)}


def release(texts: Iterable[str]) -> None:
    """Let anonymised texts pass from now on."""
    for row in map(_tokens, texts if _rows else ()):
        _released.add(row)
        _released.update(row[i : i + _WHOLE] for i in range(len(row) - _WHOLE + 1))


def is_withheld(text: str) -> bool:
    """Return whether a text is a real row of a sensitive task, or a piece of one: of four whole words and more, the
    words at its ends may be cut."""
    own = _tokens(text)
    if not _index or len(own) < 2 or own in _released:
        return False
    if own in _rows:
        return True
    for first in (0, 1) if len(own) >= _RUN else ():
        for row, at in _index.get(own[first : first + _RUN], ()):
            rest = row[at : at + len(own) - first]
            cut_before = not first or (at and row[at - 1].endswith(own[0]))
            if cut_before and rest[:-1] == own[first:-1] and rest[-1].startswith(own[-1]):
                return True
    return False


def holds_withheld(text: str) -> bool:
    """Return whether half of a real row of a sensitive task, and six words of it and more, stands in a longer text."""
    if not _index:
        return False
    tokens = _tokens(text)
    for start in range(len(tokens) - _WHOLE + 1):
        if tokens[start : start + _WHOLE] in _released:
            continue
        for row, at in _index.get(tokens[start : start + _RUN], ()):
            size = max(_WHOLE, (len(row) + 1) // 2)
            if len(row) - at >= size and tokens[start : start + size] == row[at : at + size]:
                return True
    return False


def _tokens(text: str) -> tuple[str, ...]:
    return tuple(words(visible(text)[0]))


def lost_patterns(texts: Iterable[str]) -> dict[str, str]:
    """Return the patterns of all sensitive tasks where a text is a row of one: for rows that no longer know theirs."""
    some = _index and any(map(is_withheld, texts))
    return {kind: p.pattern for patterns in _patterns.values() for kind, p in patterns.items()} if some else {}


def active() -> bool:
    """Return whether anything is kept in this process."""
    return bool(_patterns)


def shown(text: str) -> str:
    """Return a text as it may be shown or written where it can be shared."""
    if not _patterns:
        return text
    if fold(text) in _cells or is_withheld(text) or holds_withheld(text):
        return f"[withheld: {len(words(text))} words of a sensitive task]"
    seen, _ = visible(text)
    text = seen if _by_pattern(seen) else text  # characters that nobody sees hide nothing
    for patterns in _patterns.values():
        for kind, pattern in patterns.items():
            text = pattern.sub(f"[{kind}]", text)
    return text


def _by_pattern(text: str) -> bool:
    return any(pattern.search(text) for patterns in _patterns.values() for pattern in patterns.values())


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
    if count := sum(_by_pattern(visible(t)[0]) for t in texts):
        raise SynthkitError(
            f"{count:,} of {len(texts):,} {what} hold what the patterns of a task marked sensitive find, and would go "
            f"to {where}. Anonymise them first: sk.anonymize(...)"
        )
    size = sum(map(len, texts))
    sent.update({f"{what} to {where}": len(texts), f"characters of {what} to {where}": size})
    warnings.warn(f"{len(texts):,} {what} ({size:,} characters) go to {where}", stacklevel=2)
