"""Find personal data and put a placeholder or a stand-in in its place, before a text leaves the machine.

Mail, web and network addresses, phone, card and bank account numbers, papers and dates of birth are found by form,
checksum or the word beside them (`identifiers`), names and streets by cues and a lexicon (`person_names`, `addresses`);
a task adds patterns of its own, and a spaCy model can help where one is installed. Nothing goes over the network. What
is not found stays: read before you send.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from synthkit.core import withheld
from synthkit.core.errors import SynthkitError, unknown
from synthkit.core.progress import bar as progress_bar
from synthkit.core.results import Result
from synthkit.core.rows import need_columns, row_ids
from synthkit.core.text import visible
from synthkit.seeds.addresses import find_addresses
from synthkit.seeds.identifiers import Span, find_identifiers
from synthkit.seeds.ner import find_by_model
from synthkit.seeds.person_names import find_names
from synthkit.seeds.personal_columns import column_kind, is_told, joined, known_of_rows
from synthkit.seeds.pseudonyms import Surrogates, is_safe
from synthkit.tasks.splits import belongs_to, task_of

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from synthkit.seeds.seeds import Seeds

SCORE = 0.4  # confidence from which a find counts
NAMES = {
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "IBAN_CODE": "IBAN",
    "CREDIT_CARD": "CARD",
    "IP_ADDRESS": "IP",
}
WINDOW, OVERLAP = 4_000, 500  # characters looked at together
_LABEL = re.compile(r"([:：])([ \t]{0,4}\r?\n\s{0,4})")
ROUNDS = 5  # of looking again at what a replacement leaves behind


class Finding(NamedTuple):
    """A span of personal data: characters [start, end) of row `id`, how sure (0 to 1), and how it was found."""

    id: str
    type: str
    start: int
    end: int
    score: float
    how: str = "pattern"


@dataclass(frozen=True, repr=False)
class Anonymized(Result):
    """Rows without what was found, and what was found where."""

    rows: Dataset
    findings: tuple[Finding, ...]
    seeds: Seeds | None = None
    left_out: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()

    def summary(self) -> str:
        hit = len({f.id for f in self.findings})
        columns = f"; columns left out: {', '.join(self.left_out)}" if self.left_out else ""
        columns += f"; columns replaced whole: {', '.join(self.whole)}" if self.whole else ""
        return (
            f"Anonymized: {len(self.findings)} spans replaced in {hit} of {len(self.rows)} rows{columns}; what has "
            "neither a pattern nor a cue is not found"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a find: id, type, start, end, score, how."""
        import pandas as pd

        return pd.DataFrame(self.findings, columns=Finding._fields)

    def counts(self) -> pd.DataFrame:
        """Return one row a type: how many were found, in how many rows, how sure the least sure was."""
        by_type = self.to_frame().groupby("type")
        return by_type.agg(found=("id", "size"), rows=("id", "nunique"), least_sure=("score", "min")).reset_index()


def find_personal(
    text: str, row_id: str = "", *, patterns: Mapping[str, str] | None = None, ner: str | None = None
) -> list[Finding]:
    """Return the personal data in `text`, by position; where finds overlap the longest is taken, then the surest.

    `patterns` are regular expressions by type; `ner` names an installed spaCy model (or its folder) that finds people,
    places and organisations. What `anonymize` puts in place of a find is not reported. A long text is read in windows
    that overlap, so the cost grows as its length does.

    >>> [(f.type, f.start, f.end) for f in find_personal("write to ann@example.com please")]
    [('EMAIL_ADDRESS', 9, 24)]
    """
    seen, at = visible(text)
    if len(seen) < len(text):  # a zero-width character inside of a name or a number hides nothing
        found = find_personal(seen, row_id, patterns=patterns, ner=ner)
        return [f._replace(start=at[f.start], end=at[f.end - 1] + 1) for f in found]
    patterns = tuple((patterns or {}).items())
    if len(text) <= WINDOW:
        return [Finding(row_id, *span) for span in _find_in(text, patterns, ner)]
    found: list[Span] = []
    for at in range(0, len(text) - OVERLAP, WINDOW - OVERLAP):
        found += [
            s._replace(start=s.start + at, end=s.end + at) for s in _find_in(text[at : at + WINDOW], patterns, ner)
        ]
    joined: list[Span] = []
    for span in sorted(found, key=lambda s: (s.start, -s.end)):
        if joined and span.start < joined[-1].end:  # seen from two windows, or cut by the end of one
            joined[-1] = joined[-1]._replace(end=max(span.end, joined[-1].end))
        else:
            joined.append(span)
    return [Finding(row_id, *span) for span in joined]


@lru_cache(maxsize=4096)  # filters, reports and cards ask about the same rows
def _find_in(text: str, patterns: tuple, ner: str | None) -> tuple[Span, ...]:
    taken: list[Span] = []
    known = -1
    while known < len(taken):
        known = len(taken)
        for span in sorted(_find(text, patterns, ner), key=lambda s: (s.start - s.end, -s.score, s.start, s.type)):
            if all(span.end <= t.start or span.start >= t.end for t in taken):
                taken.append(span)
        # look again without them: a card number right behind a phone number hides it
        for span in taken[known:]:
            text = text[: span.start] + "|" * (span.end - span.start) + text[span.end :]
        ner = None  # a model reads sentences: what is left of one misleads it
    return tuple(sorted(taken, key=lambda s: s.start))


def anonymize(
    source: Seeds | Dataset,
    *,
    replace_by: str = "placeholder",
    columns: Sequence[str] = (),
    patterns: Mapping[str, str] | None = None,
    ner: str | None = None,
    random_state: int = 0,
    progress: bool = True,
) -> Anonymized:
    """Return rows (or seeds) in which every find is replaced: by "placeholder" ([EMAIL]) or by "surrogate".

    Surrogates are invented and consistent: the same person stays the same within a run. They come from reserved ranges,
    so a second pass changes nothing. `patterns` and `ner` (default: those of the task that the rows belong to) as in
    `find_personal`. Columns other than id, text and label are left out but for the `columns` named, which are cleaned
    as the text is, or replaced whole where they are named after what is personal (client, phone). What stands in such a
    column, kept or not, is also found in the row's text. Ids in which something is found become row-0, row-1 ...;
    labels and the input stay as they are.

    >>> from synthkit.core.rows import make_rows
    >>> rows = make_rows({"id": ["ann@example.com"], "text": ["call Ann Lee, ann@example.com"], "label": ["contact"]})
    >>> anonymize(rows).rows[0]
    {'id': 'row-0', 'text': 'call [PERSON], [EMAIL]', 'label': 'contact'}
    """
    from datasets import Dataset, Features, Value

    if replace_by not in ("placeholder", "surrogate"):
        raise unknown("replace_by", replace_by, ["placeholder", "surrogate"])
    rows = getattr(source, "rows", source)
    need_columns("source", rows, ("text",))
    for name in columns:
        if name not in rows.column_names:
            raise unknown("column", name, rows.column_names)
    task = getattr(source, "task", None) or task_of(rows)
    patterns = patterns if patterns is not None else (task.patterns if task else {})
    if task_of(rows) is None:
        patterns = joined(patterns, withheld.lost_patterns(rows["text"]))
    ner = ner or (task.ner if task else None)
    put = Surrogates(random_state) if replace_by == "surrogate" else lambda kind, _: f"[{NAMES.get(kind, kind)}]"
    prefix = "row" if rows is source else f"seed-r{source.random_state}"  # so that two draws share no new id
    ids = [f"{prefix}-{i}" if find_personal(x, patterns=patterns) else x for i, x in enumerate(row_ids(rows, prefix))]
    kinds = {c: kind for c in rows.column_names if c not in ("id", "text", "label") and (kind := column_kind(c))}
    own = known_of_rows(rows, kinds)
    originals = list(rows["text"])
    steps = progress_bar(originals, desc="anonymize", progress=progress)
    done = [_replaced(text, ids[i], put, joined(patterns, own[i]), ner) for i, text in enumerate(steps)]
    spans = [(f.type, t[f.start : f.end]) for t, (found, _) in zip(originals, done, strict=True) for f in found]
    names = {name for kind, name in spans if kind == "PERSON" and " " in name}
    if people := "|".join(rf"(?i:\b{re.escape(n)}\b)" for n in sorted(names, key=lambda n: (-len(n), n))):
        patterns = joined(patterns, {"PERSON": people})  # whom a cue gives away in one row has none in another
        for i in [i for i, (_, text) in enumerate(done) if re.search(people, text)]:
            done[i] = _replaced(originals[i], ids[i], put, joined(patterns, own[i]), ner)
    findings, texts = [f for found, _ in done for f in found], [text for _, text in done]
    withheld.release(texts)
    kept = {"id": ids, "text": texts} | ({"label": list(rows["label"])} if "label" in rows.column_names else {})
    for name in columns:
        cells = zip(rows[name], own, strict=True)
        if kind := kinds.get(name):
            kept[name] = [put(kind, str(v)) if is_told(kind, v) else v and str(v) for v, _ in cells]
        else:
            kept[name] = [
                _replaced(v, "", put, joined(patterns, o), ner)[1] if isinstance(v, str) else v for v, o in cells
            ]
    stay = {name: Value("string") if name in kinds else kind for name, kind in rows.features.items() if name in kept}
    clean = Dataset.from_dict({name: kept[name] for name in stay}, features=Features(stay))
    left_out = tuple(name for name in rows.column_names if name not in kept)
    whole = tuple(name for name in columns if name in kinds)
    if task:
        belongs_to(clean, task)
    counts = tuple(Counter(f.type for f in findings).most_common())
    seeds = replace(source, rows=clean, anonymized=True, found=counts) if rows is not source else None
    return Anonymized(clean, tuple(findings), seeds, left_out, whole)


def _replaced(text: str, row_id: str, put, patterns, ner) -> tuple[list[Finding], str]:
    """Return the finds, in positions of `text`, and the text without them; looks again until nothing is left."""
    found = find_personal(text, row_id, patterns=patterns, ner=ner)
    for _ in range(ROUNDS):
        new, edges = put_in(text, found, put)
        more = find_personal(new, row_id, patterns=patterns, ner=ner) if found else []
        if not more:
            break
        for f in more:  # a replacement changed what stands around a name: take it, and what it touches
            start, end = _origin(edges, f.start, text)[0], _origin(edges, f.end - 1, text)[1]
            touched = [t for t in found if t.start < end and start < t.end]
            start, end = min([start, *(t.start for t in touched)]), max([end, *(t.end for t in touched)])
            found = [t for t in found if t not in touched] + [f._replace(start=start, end=end)]
        found.sort(key=lambda f: f.start)
    return found, new


def put_in(text: str, found: list[Finding], put) -> tuple[str, list[tuple[int, int, int, int]]]:
    """Return the text with replacements, and (start, end in the new text, start, end in the old) of each."""
    out, edges, last = "", [], 0
    for f in found:
        out += text[last : f.start]
        new = put(f.type, text[f.start : f.end])
        edges.append((len(out), len(out) + len(new), f.start, f.end))
        out, last = out + new, f.end
    return out + text[last:], edges


def _origin(edges, position: int, text: str) -> tuple[int, int]:
    """Return where a character of the new text comes from: one of the old text, or a whole replaced span."""
    shift = 0
    for new_start, new_end, start, end in edges:
        if position < new_start:
            break
        if position < new_end:
            return start, end
        shift = end - new_end
    return position + shift, position + shift + 1


def _find(text: str, patterns: tuple, ner: str | None) -> Iterator[Span]:
    labelled = _LABEL.sub(lambda m: m.group(1) + " " * len(m.group(2)), text)  # "Phone:" alone on its line
    spans = [*find_identifiers(labelled), *find_names(text), *find_addresses(text)]
    spans += find_names(labelled) if labelled != text else ()
    for kind, pattern in patterns:
        spans += [Span(kind, *m.span(), 1.0, "custom") for m in _compiled(kind, pattern).finditer(text)]
    if ner:
        spans += find_by_model(text, ner)
    for span in spans:
        inside = text[span.start : span.end]
        start, end = span.start + len(inside) - len(inside.lstrip()), span.end - len(inside) + len(inside.rstrip())
        if span.score >= SCORE and start < end and "|" not in inside and not is_safe(span.type, inside):
            yield span._replace(start=start, end=end)


@lru_cache(maxsize=64)
def _compiled(kind: str, pattern: str) -> re.Pattern:
    try:
        return re.compile(pattern)
    except (re.error, TypeError) as error:
        raise SynthkitError(f"patterns, {kind}: {pattern!r} is not a regular expression: {error}") from None
