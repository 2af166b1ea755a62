"""How much of the personal data in a foreign set is found, by type, beside plain Presidio.

FILE is data/synth_dataset_v2.json of the source distribution of presidio-evaluator (MIT licence; `pip download
--no-deps --no-binary :all: presidio-evaluator==0.3.2`). The recognisers were written with the templates of even number
in view; those of odd number are held out. A span counts as found when each of its letters and digits is covered.

python benchmarks/personal_data.py FILE [SPACY_MODEL]
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from synthkit.seeds.anonymizer import SCORE, find_personal

DIRECT = {  # what points at one person by itself
    "PERSON",
    "STREET_ADDRESS",
    "CREDIT_CARD",
    "PHONE_NUMBER",
    "EMAIL_ADDRESS",
    "IBAN_CODE",
    "US_SSN",
    "IP_ADDRESS",
    "US_DRIVER_LICENSE",
    "DOMAIN_NAME",
}


def presidio(model: str):
    """Return plain Presidio's way to find things, with a spaCy model; needs: pip install presidio-analyzer."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    models = [{"lang_code": "en", "model_name": model}]
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine)
    return lambda text: [
        (hit.entity_type, hit.start, hit.end) for hit in analyzer.analyze(text, "en", score_threshold=SCORE)
    ]


def ours(model: str | None):
    """Return our way to find things, with a spaCy model or without."""
    return lambda text: [(f.type, f.start, f.end) for f in find_personal(text, ner=model)]


def measure(title: str, rows: list[dict], find) -> None:
    """Print the share of spans found whole and of finds that are true, by type, and of texts left clean."""
    there, whole, finds, true, clean = Counter(), Counter(), Counter(), Counter(), 0
    for row in rows:
        text, found, personal, left = row["full_text"], find(row["full_text"]), set(), False
        covered = {i for _, start, end in found for i in range(start, end)}
        for span in row["spans"]:
            places = range(span["start_position"], span["end_position"])
            got = all(i in covered for i in places if text[i].isalnum())
            there[span["entity_type"]] += 1
            whole[span["entity_type"]] += got
            personal.update(places)
            left |= not got and span["entity_type"] in DIRECT
        clean += not left
        for kind, start, end in found:
            finds[kind] += 1
            true[kind] += not personal.isdisjoint(range(start, end))
    print(f"\n== {title}: {clean} of {len(rows)} texts left without what points at a person ({clean / len(rows):.2f})")
    print("   whole:", ", ".join(f"{k} {whole[k] / n:.2f} of {n}" for k, n in sorted(there.items())))
    print("   true: ", ", ".join(f"{k} {true[k]}/{n}" for k, n in sorted(finds.items())))


def main() -> None:
    rows = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    model = sys.argv[2] if len(sys.argv) > 2 else None
    ways = {"synthkit": ours(None)}
    if model:
        ways |= {f"synthkit and {model}": ours(model), f"Presidio and {model}": presidio(model)}
    for way, find in ways.items():
        measure(f"{way}, held-out templates", [r for r in rows if r["template_id"] % 2], find)
        measure(f"{way}, all", rows, find)


if __name__ == "__main__":
    main()
