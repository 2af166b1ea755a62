"""An invented dental clinic whose rows hold what must not leave: names, file codes, mails as ids, birth dates."""

from __future__ import annotations

import csv

import numpy as np

YAML = """
name: dental_desk
domain: Short notes that patients and staff leave at the desk of a dental clinic.
text_kind: desk note
sensitive: {sensitive}
length: {{max_words: 40}}
labels:
  booking: appointments, cancellations, waiting times
  pain: something hurts, bleeds or came loose
patterns:
  STAFF: (?i)\\b(?:quillfeather|ostrander)\\b
  FILE: KX[A-Z]{{3}}\\d{{2}}
source: {{train: train.csv, validation: validation.csv, test: test.csv}}
"""
SAYS = {
    "booking": [
        "{who} moved the slot of {first} {last} ({mail}) to {day} and file {code} still says {hour}",
        "please call {first} {last} on {phone} about the waiting list, {who} promised {day} at {hour}",
        "cancellation by {mail} for {day}, {who} noted {hour} under {code}, born on {born}",
        "nobody told {first} {last} that {day} {hour} is taken, ask {who} and look into {code}",
    ],
    "pain": [
        "{first} {last} has a molar that hurts since {day}, {who} saw it at {hour}, file {code}",
        "a filling came loose at {hour}, patient {code} with {who}, reach them at {mail} before {day}",
        "gum bleeds every {day} says {first} {last}, {who} wants an X-ray at {hour}, born on {born}",
        "crown of {code} broke while eating on {day}, {who} glued it at {hour}, phone {phone}",
    ],
}
PIECES = {
    "who": ["Quillfeather", "dr ostrander", "nurse quillfeather", "OSTRANDER"],
    "first": ["Annegret", "Tobias", "Marisol", "Declan", "Priscilla", "Bartholomew"],
    "last": ["Hinterwald", "Pumphrey", "Castellanos", "Okafor", "Lindqvist", "Abernathy"],
    "day": ["monday", "tuesday", "thursday", "friday", "next week", "the holiday"],
    "hour": ["half past eight", "noon", "ten", "quarter to four", "lunch", "closing time"],
}
STAFF = ("quillfeather", "ostrander")


def _note(label: str, number: int) -> str:
    rng = np.random.default_rng([number, len(label)])
    drawn = {name: some[int(rng.integers(len(some)))] for name, some in PIECES.items()}
    code = "KX" + "".join(chr(65 + int(c)) for c in rng.integers(26, size=3)) + f"{int(rng.integers(100)):02d}"
    born = f"{int(rng.integers(1, 29)):02d}/{int(rng.integers(1, 13)):02d}/{int(rng.integers(1940, 2000))}"
    mail = f"{drawn['first'].lower()}.{drawn['last'].lower()}{number}@patients.example.org"
    phone = f"020 7946 0{int(rng.integers(100, 999))}"
    sentence = SAYS[label][number % len(SAYS[label])]
    return sentence.format(**drawn, code=code, born=born, mail=mail, phone=phone)


def write_clinic(folder, *, sensitive: bool = True):
    """Write the task into a folder: 14, 30 and 20 rows a label, mails as ids, a column of phones."""
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(YAML.format(sensitive=str(sensitive).lower()), encoding="utf-8")
    for part, each, start in (("train", 14, 0), ("validation", 30, 1000), ("test", 20, 2000)):
        rows = [
            [f"{label}.{part}.{i}@patients.example.org", _note(label, start + i), label, f"+44 20 7946 0{100 + i}"]
            for label in SAYS
            for i in range(each)
        ]
        with (folder / f"{part}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["id", "text", "label", "contact"], *rows])
    return folder


def secrets(text: str) -> list[str]:
    """Return what of the clinic's people stands in a text: staff, file codes, mails."""
    import re

    found = [name for name in STAFF if name in text.casefold()]
    found += re.findall(r"KX[A-Z]{3}\d{2}", text) + re.findall(r"[\w.]+@patients\.example\.org", text)
    return found + re.findall(r"020 7946 0\d{3}", text)
