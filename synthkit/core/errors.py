"""The one exception a notebook or a script may want to catch, and the words it is made of."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SynthkitError(ValueError):
    """Something the user can mend. The message names what, where and the fix; the command line prints it alone."""

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows: the message, not twenty frames of this package (`%debug` still goes there)."""
        return [f"{type(self).__name__}: {self}"]


def unknown(kind: str, value: object, known: Iterable[object]) -> SynthkitError:
    """An error for a name that is not in a list, with the nearest name suggested.

    >>> str(unknown("strategy", "zero_shoot", ["zero_shot", "few_shot"]))
    "unknown strategy 'zero_shoot' - did you mean 'zero_shot'? Known: zero_shot, few_shot"
    """
    names = [str(k) for k in known]
    near = difflib.get_close_matches(str(value), names, n=1)
    hint = f" - did you mean {near[0]!r}?" if near else "."
    listed = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
    return SynthkitError(f"unknown {kind} {str(value)!r}{hint} Known: {listed}")
