"""What the check cells of the lessons say: right, or a hint."""

from __future__ import annotations

from collections.abc import Callable


def mark(is_right: Callable[[], object], hint: str) -> None:
    """Print "right" where the answer is, else the hint; an answer that fails is told why, and stops nothing.

    >>> mark(lambda: 1 + 1 == 2, "count")
    right
    >>> mark(lambda: undefined > 2, "give `undefined` a value")
    not yet. Hint: give `undefined` a value (NameError: name 'undefined' is not defined)
    """
    why = ""
    try:
        if is_right():
            print("right")
            return
    except Exception as error:
        why = "" if "ellipsis" in str(error) else f" ({type(error).__name__}: {error})"
    print(f"not yet. Hint: {hint}{why}")
