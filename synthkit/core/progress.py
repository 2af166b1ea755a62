"""The bar of what takes long: none in the first second, and gone when it is done."""

from __future__ import annotations

import os


def bar(items=None, *, progress: bool, **options):
    """Return tqdm's bar over `items`, or with `total=`; silent without `progress`, or where TQDM_DISABLE is set.

    >>> [2 * n for n in bar([1, 2], progress=False, desc="twice")]
    [2, 4]
    """
    from tqdm.auto import tqdm

    silent = not progress or os.environ.get("TQDM_DISABLE", "") not in ("", "0")
    return tqdm(items, leave=False, delay=1, disable=silent, **options)
