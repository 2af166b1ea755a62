"""Invented stand-ins for personal data, from ranges that are reserved for it and that the detector knows as safe."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

# a person of one of these names is not found; they are chosen to be rare as first and last names together
FIRST = (
    "Avery Emery Marlow Tatum Hollis Arden Ellery Lennox Oakley Remy Sutton Merritt Kendal Blair Rowan Quinn".split()
)
LAST = (
    "Ashdown Fairley Hartwell Penrose Thackley Winslade Marchbank Oakhurst Selwood Tillbrook Varley Whitcombe".split()
)

_SAFE = {
    "EMAIL_ADDRESS": re.compile(r"\S*?person\d+@surrogate\.example$"),
    "URL": re.compile(r"https://example\.com/\d+$"),
    "PHONE_NUMBER": re.compile(r"08081 570\d{3}$|907-555-01\d\d$"),
    "IP_ADDRESS": re.compile(r"203\.0\.113\.\d+$"),
    "ADDRESS": re.compile(r"\d+ Example Street\b"),
}
_SAFE_NAMES = {name.casefold() for name in FIRST + LAST}


def is_safe(kind: str, words: str) -> bool:
    """Return whether a find has the form of a stand-in. (Those of cards and accounts are never found at all.)"""
    if kind in _SAFE:
        return bool(_SAFE[kind].match(words.strip()))
    if kind == "PERSON":
        return all(t in _SAFE_NAMES for t in re.findall(r"[^\W\d_]+", words.casefold().removesuffix("'s")))
    digits = re.sub(r"\D", "", words)
    return words.startswith("@example") or (len(digits) >= 4 and digits.startswith("00") and int(digits) < 100)


class Surrogates:
    """Draws stand-ins: the same words get the same one, and a first name that of its full name."""

    def __init__(self, random_state: int = 0):
        rng = np.random.default_rng(random_state)
        pairs = [f"{first} {last}" for last in LAST for first in FIRST]
        self._names = [pairs[int(i)] for i in rng.permutation(len(pairs))]
        self._known: dict[tuple[str, str], str] = {}
        self._count: dict[str, int] = {}

    def __call__(self, kind: str, words: str) -> str:
        """Return the stand-in for `words` of a kind; a custom kind without digits gets a placeholder."""
        key = kind, " ".join(words.casefold().split())
        if key not in self._known:
            self._known[key] = self._person(key[1]) if kind == "PERSON" else self._new(kind, words)
        return self._known[key]

    def _next(self, kind: str) -> int:
        self._count[kind] = self._count.get(kind, 0) + 1
        return self._count[kind]

    def _person(self, words: str) -> str:
        first, *rest = words.split()
        if not rest and ("FIRST", first) in self._known:
            return self._known["FIRST", first]
        name = self._names[(self._next("PERSON") - 1) % len(self._names)]
        self._known.setdefault(("FIRST", first), name.split()[0])
        return name if rest else name.split()[0]

    def _new(self, kind: str, words: str) -> str:
        n = self._next(kind)
        make: dict[str, Callable[[], str]] = {
            "EMAIL_ADDRESS": lambda: f"person{n}@surrogate.example",
            "URL": lambda: f"https://example.com/{n}",
            "IP_ADDRESS": lambda: f"203.0.113.{n % 254 + 1}",
            "CREDIT_CARD": lambda: f"0000 0000 0000 {n % 10_000:04d}",
            "IBAN_CODE": lambda: f"XX00 SURR OGAT E{n % 1000:03d}",
            "ADDRESS": lambda: f"{n} Example Street",
            "PHONE_NUMBER": lambda: (
                f"08081 570{n % 1000:03d}" if words.startswith(("0", "+44")) else f"907-555-01{n % 100:02d}"
            ),
        }
        if kind in make:
            return make[kind]()
        digits = sum(c.isdigit() for c in words)
        if digits >= 4:
            new = iter(f"{n % 100:0{digits}d}")
            return "".join(next(new) if c.isdigit() else c for c in words)
        return f"@example{n}" if words.startswith("@") else f"[{kind}]"
