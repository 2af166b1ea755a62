"""The bar of what takes long: none in the first second, and gone when it is done."""

from __future__ import annotations

import os
import sys

SELDOM = 30  # seconds between two states of a bar in a log file


def bar(items=None, *, progress: bool, **options):
    """Return tqdm's bar over `items`, or with `total=`; silent without `progress`, or where TQDM_DISABLE is set.

    >>> [2 * n for n in bar([1, 2], progress=False, desc="twice")]
    [2, 4]
    """
    from tqdm.auto import tqdm

    # a log file keeps every state; a notebook has no terminal either, and repaints
    if not (sys.stderr.isatty() or "ipykernel" in sys.modules):
        options = {"mininterval": SELDOM} | options
    silent = not progress or os.environ.get("TQDM_DISABLE", "") not in ("", "0")
    return tqdm(items, leave=False, delay=1, disable=silent, **options)
