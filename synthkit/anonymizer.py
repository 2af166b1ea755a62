"""Find personal data by its pattern and put a typed placeholder in its place, before a text leaves the machine.

Six of Presidio's pattern recognisers do the finding (Microsoft, MIT licence), without a language model and without the
network. They know addresses of mail, web and network, phone, card and bank account numbers. They do not know names,
streets or order numbers: read what is left before you send it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from synthkit.results import Result
from synthkit.rows import need_columns

if TYPE_CHECKING:
    from datasets import Dataset

    from synthkit.seeds import Seeds

SCORE = 0.4  # Presidio's confidence from which a find counts
NAMES = {
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "IBAN_CODE": "IBAN",
    "CREDIT_CARD": "CARD",
    "IP_ADDRESS": "IP",
}


class Finding(NamedTuple):
    """A span of personal data in a text: characters [start, end) of row `id`, and how sure the recogniser is."""

    id: str
    type: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, repr=False)
class Anonymized(Result):
    """Rows with placeholders, and what was found where. The words that were replaced are not kept."""

    rows: Dataset
    findings: tuple[Finding, ...]
    seeds: Seeds | None = None

    def summary(self) -> str:
        hit = len({f.id for f in self.findings})
        return (
            f"Anonymized: {len(self.findings)} spans replaced in {hit} of {len(self.rows)} rows; "
            "names are not looked for"
        )

    def to_frame(self):
        """Return one row a find: id, type, start, end, score."""
        import pandas as pd

        return pd.DataFrame(self.findings, columns=Finding._fields)


def find_personal(text: str, row_id: str = "") -> list[Finding]:
    """Return the personal data in `text`, by position; where finds overlap the longest is taken, then the surest.

    >>> [(f.type, f.start, f.end) for f in find_personal("write to ann@example.com please")]
    [('EMAIL_ADDRESS', 9, 24)]
    """
    taken: list[Finding] = []
    known = -1
    while known < len(taken):
        known = len(taken)
        for f in sorted(_find(text, row_id), key=lambda f: (f.start - f.end, -f.score, f.start, f.type)):
            if all(f.end <= t.start or f.start >= t.end for t in taken):
                taken.append(f)
        # look again without them: a card number right behind a phone number hides it
        for f in taken:
            text = text[: f.start] + "|" * (f.end - f.start) + text[f.end :]
    return sorted(taken, key=lambda f: f.start)


def _find(text: str, row_id: str) -> list[Finding]:
    found = []
    for recognizer in _recognizers():
        for hit in recognizer.analyze(text, recognizer.supported_entities, None) or ():
            start, end = hit.start, hit.end
            while start < end and text[start].isspace():
                start += 1
            if hit.score >= SCORE and start < end:
                found.append(Finding(row_id, hit.entity_type, start, end, round(hit.score, 2)))
    return found


def anonymize(source: Seeds | Dataset) -> Anonymized:
    """Return rows (or seeds) in which every find is replaced by a placeholder such as [EMAIL] or [PHONE].

    A second pass changes nothing. The input is not changed.
    """
    from datasets import Dataset

    rows = getattr(source, "rows", source)
    need_columns("source", rows)
    texts, findings = [], []
    ids = rows["id"] if "id" in rows.column_names else [f"row-{i}" for i in range(len(rows))]
    for text, row_id in zip(rows["text"], ids, strict=True):
        found = find_personal(text, row_id)
        for f in reversed(found):
            text = f"{text[: f.start]}[{NAMES.get(f.type, f.type)}]{text[f.end :]}"
        texts.append(text)
        findings += found
    kept = {name: list(rows[name]) for name in rows.column_names}
    clean = Dataset.from_dict({**kept, "text": texts}, features=rows.features)
    seeds = replace(source, rows=clean, anonymized=True) if rows is not source else None
    return Anonymized(clean, tuple(findings), seeds)


@lru_cache(maxsize=1)
def _recognizers() -> tuple:
    import tldextract
    from presidio_analyzer import predefined_recognizers as known

    # the list that ships with tldextract: the default would look for a newer one on the network
    domains = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    class Email(known.EmailRecognizer):
        def validate_result(self, pattern_text):
            return bool(domains(pattern_text).top_domain_under_public_suffix)

    class Url(known.UrlRecognizer):
        def validate_result(self, pattern_text):
            # a bare "hours.No" is far more often a missing space than an address
            return pattern_text.startswith(("http", "www.")) and bool(
                domains(pattern_text).top_domain_under_public_suffix
            )

    regions = ("US", "GB", "IE", "AU", "IN", "DE", "FR", "ES", "IT", "NL")
    phone = known.PhoneRecognizer(supported_regions=regions)
    return (Email(), Url(), phone, known.CreditCardRecognizer(), known.IbanRecognizer(), known.IpRecognizer())
