"""What of the seeds can be read out of the synthetic rows? Tests that can find a leak, none that can rule one out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from synthkit.core.duplicates import OverlapIndex
from synthkit.core.stats import Interval
from synthkit.core.text import words
from synthkit.quality.ngram_model import WordModel, encode
from synthkit.seeds.gate import Gate

LEAST_MEMBERS = 20  # members below which membership is not tested
TPR_MEMBERS = 200  # members below which a true positive rate at 1 % false ones would rest on a row or two
SHORTEST = 3  # words of a shared run that are looked for


class Copy(NamedTuple):
    """The longest run of words that a synthetic row shares with a seed."""

    id: str
    seed: str
    words: int
    run: str


def copies(
    texts: Sequence[str], ids: Sequence[str], seeds: Sequence[str], seed_ids: Sequence[str], *, floor: int = SHORTEST
) -> list[Copy]:
    """Return each row's longest verbatim run shared with a seed, of `floor` words and more, longest first."""
    index = OverlapIndex(seeds, seed_ids, floor=floor)
    found = ((i, index.longest(t)) for i, t in zip(ids, texts, strict=True))
    out = [Copy(i, run[0], len(run[1].split()), run[1]) for i, run in found if run]
    return sorted(out, key=lambda c: -c.words)


def matched(labels: Sequence[str], pool: Sequence[str], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return two disjoint draws from the pool, as positions, each with every label as often as `labels` has it."""
    pool, wanted = np.asarray(pool), Counter(labels)
    drawn = [rng.permutation(np.flatnonzero(pool == label))[: 2 * n] for label, n in sorted(wanted.items())]
    return np.concatenate([d[::2] for d in drawn]), np.concatenate([d[1::2] for d in drawn])


def nearer(to_seeds: np.ndarray, to_held_out: np.ndarray) -> float:
    """Return the share of synthetic rows nearer to a seed than to any of as many held-out rows; 0.5 without a leak.

    From distances, shape (synthetic, others). Distance to the closest record against a holdout (Platzer and Reutterer
    2021). A smoke test: sets that pass it have been attacked with success (Yao et al. 2025, arXiv 2505.01524).
    """
    a, b = to_seeds.min(axis=1), to_held_out.min(axis=1)
    return float(((a < b) + 0.5 * (a == b)).mean())


def membership_scores(
    texts: Sequence[Sequence[str]], synthetic: Sequence[Sequence[str]], reference: Sequence[Sequence[str]]
) -> np.ndarray:
    """Return the attack's score of each text (lists of words): bits a word it gains from the synthetic rows.

    log2 p under a bigram model of the synthetic rows less log2 p under one of reference rows, both a word (Meeus et al.
    2025, arXiv 2502.14921: the attacker sees only the synthetic texts and texts like the real ones).
    """
    asked, made, other = encode(texts, synthetic, reference)
    (ours, lengths), (theirs, _) = (WordModel(side, order=2).bits(asked) for side in (made, other))
    return (theirs - ours) / lengths


def auc(members: np.ndarray, others: np.ndarray) -> Interval:
    """Return the area under the ROC curve with its 95 % interval (DeLong et al. 1988); 0.5 is a coin."""
    won = (members[:, None] > others[None, :]) + 0.5 * (members[:, None] == others[None, :])
    value = float(won.mean())
    spread = np.sqrt(won.mean(axis=1).var(ddof=1) / len(members) + won.mean(axis=0).var(ddof=1) / len(others))
    return Interval(value, max(0.0, value - 1.96 * float(spread)), min(1.0, value + 1.96 * float(spread)))


def tpr_at(members: np.ndarray, others: np.ndarray, *, fpr: float = 0.01) -> float:
    """Return the share of members above a threshold that at most `fpr` of the others pass (Carlini et al. 2022)."""
    allowed = int(fpr * len(others))
    threshold = np.sort(others)[::-1][allowed] if allowed < len(others) else -np.inf
    return float((members > threshold).mean())


class Survivor(NamedTuple):
    """Personal data of a seed that stands in a synthetic row: where, and of what type; the words are not repeated."""

    id: str
    type: str
    start: int
    end: int


def survivors(
    texts: Sequence[str], ids: Sequence[str], seeds: Sequence[str], *, gate: Gate | None = None
) -> tuple[list[Survivor], int]:
    """Return (personal data of the seeds found again in the synthetic texts, how many items the seeds held).

    With the `gate` of a sensitive task also what stands in any other of its real rows.
    """
    gate = gate or Gate()
    held: dict[str, str] = {}
    for text in seeds:
        for f in gate.find(text):
            if len(key := " ".join(words(text[f.start : f.end]))) > 2:
                held[key] = f.type
    out = []
    for row_id, text in zip(ids, texts, strict=True):
        if gate.sensitive and (kept := gate.kept(text)):
            out += [Survivor(row_id, f.type, f.start, f.end) for f in kept]
            continue
        plain = f" {' '.join(words(text))} "
        if any(f" {key} " in plain for key in held):
            out += [
                Survivor(row_id, f.type, f.start, f.end)
                for f in gate.find(text)
                if " ".join(words(text[f.start : f.end])) in held
            ] or [Survivor(row_id, kind, 0, len(text)) for key, kind in held.items() if f" {key} " in plain][:1]
    return out, len(held)
