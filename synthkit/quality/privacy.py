"""What of the seeds can be read out of the synthetic rows? Tests that can find a leak, none that can rule one out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from synthkit.core.copies import SeedCopies
from synthkit.core.duplicates import OverlapIndex
from synthkit.core.rows import row_ids
from synthkit.core.stats import Interval, wilson
from synthkit.core.text import fold, words
from synthkit.quality.alignment import distances
from synthkit.quality.controls import REPEATS, middle
from synthkit.quality.ngram_model import WordModel, encode
from synthkit.quality.report import Draft, Line, exact
from synthkit.seeds.gate import Gate

LEAST_MEMBERS = 20  # members below which membership is not tested
SHORTEST, RUN = 3, 6  # words of a shared run that are looked for, and that count as copied
HELD_OUT = 5000  # held-out rows whose runs are looked for
COPIED = f"rows with {RUN} or more words of a seed"
EDITED = "rows that copy a seed, edited ones too"


class Copy(NamedTuple):
    """The longest run of words that a synthetic row shares with a seed."""

    id: str
    seed: str
    words: int
    run: str


class SeedCopied(NamedTuple):
    """A synthetic row that copies a seed, as the filter of memorized seeds would say."""

    id: str
    seed: str
    how: str


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
    asked, synthetic, other = encode(texts, synthetic, reference)
    (ours, lengths), (theirs, _) = (WordModel(side, order=2).bits(asked) for side in (synthetic, other))
    return (theirs - ours) / lengths


def auc(members: np.ndarray, others: np.ndarray) -> Interval:
    """Return the area under the ROC curve with its 95 % interval (DeLong et al. 1988); 0.5 is a coin."""
    won = (members[:, None] > others[None, :]) + 0.5 * (members[:, None] == others[None, :])
    value = float(won.mean())
    spread = np.sqrt(won.mean(axis=1).var(ddof=1) / len(members) + won.mean(axis=0).var(ddof=1) / len(others))
    return Interval(value, max(0.0, value - 1.96 * float(spread)), min(1.0, value + 1.96 * float(spread)))


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
        if again := [kind for key, kind in held.items() if f" {key} " in plain]:
            found = [f for f in gate.find(text) if " ".join(words(text[f.start : f.end])) in held]
            whole = [Survivor(row_id, again[0], 0, len(text))]
            out += [Survivor(row_id, f.type, f.start, f.end) for f in found] or whole
    return out, len(held)


def privacy(
    draft: Draft, synthetic, seeds, holdout, vectors: Callable, *, gate: Gate | None = None, random_state: int = 0
) -> None:
    """Add the privacy section: `seeds` and `holdout` (or None) are rows, `vectors` embeds texts."""
    texts, seed_texts = list(synthetic["text"]), list(seeds["text"])
    ids, seed_ids = row_ids(synthetic, "synthetic"), row_ids(seeds, "seed")
    holdout = holdout if holdout is not None and len(holdout) else None
    copied = copies(texts, ids, seed_texts, seed_ids)
    draft.tables["copies"] = [c for c in copied[:20] if c.words > SHORTEST]
    _copied_rates(draft, copied, (texts, ids), (seed_texts, seed_ids), holdout, random_state)
    found_again, held = survivors(texts, ids, seed_texts, gate=gate)
    rows = len({s.id for s in found_again})
    method = f"patterns and cues of sk.anonymize; the seeds hold {held} items"
    draft.lines.append(Line("privacy", "rows with a seed's personal data", exact(rows), exact(0), "none", method))
    draft.tables["personal data"] = found_again
    if holdout is None:
        draft.note("no held-out real rows (holdout=): no distances against them, no membership inference")
        return
    members = _shown(synthetic, seeds, draft)
    if members is not None:
        _attack(draft, synthetic, members, holdout, len(seeds), vectors, random_state)


def _copied_rates(draft: Draft, copied: list[Copy], rows, seeds, holdout, random_state: int) -> None:
    """Add the shares of rows that hold a run of a seed and that copy one, beside those of other real rows.

    `rows` and `seeds` are texts with their ids.
    """
    judge, others = SeedCopies(seeds[0]), []
    edited = [SeedCopied(i, seeds[1][c.row], c.how) for t, i in zip(*rows, strict=True) if (c := judge.find(t))]
    draft.tables["copied rows"] = edited[:20]
    runs, of_runs = [c.words for c in copied], f"the longest run has {copied[0].words if copied else 0} words"
    of_edits = f"more than {judge.allowed} words of one in a row, or likeness above {judge.alike:.2f}"
    theirs, found = [], 0
    if holdout is not None:
        order = np.random.default_rng([random_state, 8]).permutation(len(holdout))[:HELD_OUT]
        others = [holdout["text"][int(i)] for i in order]
        theirs = [c.words for c in copies(others, list(range(len(others))), *seeds)]
        found = sum(judge.find(t) is not None for t in others)
        of_runs += f", there {max(theirs, default=0)}"
    long, long_there = (sum(length >= RUN for length in some) for some in (runs, theirs))
    for name, hits, control, what in (
        (COPIED, long, long_there, of_runs),
        (EDITED, len(edited), found, of_edits),
    ):
        draft.lines.append(_rate(name, hits, len(rows[0]), control, len(others), what))


def _rate(name: str, hits: int, n: int, theirs: int, m: int, what: str) -> Line:
    """Return the line of a share of `n` rows, beside where that of as many of the `m` held-out rows would fall."""
    from scipy.stats import betabinom

    method, control = f"share of the rows; Wilson interval; {what}", None
    if m:
        # with Jeffreys' prior: a rate of none in m rows does not promise none in n others
        low, high = betabinom.ppf([0.025, 0.975], n, theirs + 0.5, m - theirs + 0.5) / n
        control = Interval(theirs / m, min(float(low), theirs / m), max(float(high), theirs / m))
        method += f"; control: {m:,} rows that no prompt held, bracket: where {n:,} more of them would fall (Jeffreys)"
    return Line("privacy", name, wilson(hits, n), control, "like real", method)


def _shown(synthetic, seeds, draft: Draft):
    """Return the seeds that prompts held, as the rows themselves say; all where they do not say; None where none."""
    if "demo_ids" not in synthetic.column_names or "id" not in seeds.column_names:
        return seeds
    shown = {i for ids in synthetic["demo_ids"] for i in json.loads(ids or "[]")}
    where = [n for n, i in enumerate(seeds["id"]) if i in shown]
    if not where:
        draft.note("no prompt of these rows held a seed (demo_ids): there is no membership to infer")
        return None
    return seeds.select(where)


def _attack(draft: Draft, synthetic, members, holdout, seeds: int, vectors: Callable, random_state: int) -> None:
    """Add distances and membership: the seeds against as many held-out rows, label for label, drawn twenty times.

    Half of the held-out rows are the attacker's reference. In the control other held-out rows play the seeds.
    """
    rng = np.random.default_rng([random_state, 7])
    held = {fold(t) for t in members["text"]}
    free = rng.permutation([i for i, t in enumerate(holdout["text"]) if fold(t) not in held])
    if len(free) < 4 * LEAST_MEMBERS:
        draft.note(f"{len(free)} held-out rows: membership inference and distances need {4 * LEAST_MEMBERS}")
        return
    others, reference = holdout.select(free[: len(free) // 2]), holdout.select(free[len(free) // 2 :])
    inside = _as_often(members["label"], others["label"], rng)
    n, of = len(inside), f"of {seeds}, {len(members)} of them in a prompt"
    if n < LEAST_MEMBERS:
        why = "have two held-out rows of their label: membership inference needs"
        draft.note(f"{n} seeds ({of}) {why} {LEAST_MEMBERS}")
        return
    if n < seeds:
        draft.note(f"membership inference on {n} seeds ({of}), each with two held-out rows of its label")
    members, synthetic_vectors = members.select(inside), vectors(list(synthetic["text"]))
    near = [distances(synthetic_vectors, vectors(list(rows["text"]))) for rows in (members, others)]
    tokens = [[words(t) for t in rows["text"]] for rows in (members, others, synthetic, reference)]
    scores = membership_scores([*tokens[0], *tokens[1]], tokens[2], tokens[3])
    closer, area = [], []
    for _ in range(REPEATS):
        outside, stand_in = matched(members["label"], others["label"], rng)
        closer.append([nearer(near[0], near[1][:, outside]), nearer(near[1][:, stand_in], near[1][:, outside])])
        area.append([auc(scores[:n], scores[n + outside]), auc(scores[n + stand_in], scores[n + outside]).value])
    value, null = np.transpose(closer)
    method = (
        f"smoke test, passing it proves nothing: share of synthetic rows nearer to one of {n} seeds than to any of as "
        f"many held-out rows; {REPEATS} draws of those; control: other held-out rows in the seeds' place, mean +- 2 sd"
    )
    line = middle(value), _spread(null)
    draft.lines.append(Line("privacy", "nearer to a seed than to held-out", *line, "near 0.5", method))
    method = (
        f"bigram attack on {n} seeds ({of}) and {n} held-out rows of the same labels, {len(reference)} others as "
        f"reference; DeLong interval; control: held-out rows in the seeds' place, {REPEATS} draws, mean +- 2 sd"
    )
    line = area[0][0], _spread([b for _, b in area])
    draft.lines.append(Line("privacy", "membership inference AUC", *line, "near 0.5", method))


def _spread(values: Sequence[float]) -> Interval:
    mean, span = float(np.mean(values)), 2 * float(np.std(values, ddof=1))
    return Interval(mean, max(0.0, mean - span), min(1.0, mean + span))


def _as_often(labels: Sequence[str], pool: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """Return positions in `labels` of which the pool holds two rows each of the same label."""
    room, out = Counter(pool), []
    for i in map(int, rng.permutation(len(labels))):
        if room[labels[i]] >= 2:
            room[labels[i]] -= 2
            out.append(i)
    return np.array(sorted(out), dtype=int)
