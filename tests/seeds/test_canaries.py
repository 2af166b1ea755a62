"""Secrets are planted where they are said to be, and what comes back of them is counted beside a control."""

import pytest

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.seeds.anonymizer import find_personal
from synthkit.seeds.canaries import canaries

ROWS = make_rows(
    {"id": [f"r{i}" for i in range(30)], "text": [f"stall {i} was closed" for i in range(30)], "label": ["x"] * 30}
)


def synthetic(*texts):
    return make_rows({"id": [f"s{i}" for i in range(len(texts))], "text": list(texts), "label": ["x"] * len(texts)})


def test_each_secret_stands_in_the_row_that_is_named_and_in_no_other():
    planted = canaries(ROWS, n=8)
    bearers = {
        i: t for i, t in zip(planted.rows["id"], planted.rows["text"], strict=True) if t not in set(ROWS["text"])
    }
    assert len(set(planted.secrets.values())) == len(bearers) == 8
    assert all(secret in bearers[i] for i, secret in planted.secrets.items())
    assert not any(d in t for d in planted.decoys for t in planted.rows["text"])
    assert canaries(ROWS, n=8).rows["text"] == planted.rows["text"]
    assert canaries(ROWS, n=8, random_state=1).rows["text"] != planted.rows["text"]
    assert ROWS["text"][0] == "stall 0 was closed"


def test_what_comes_back_is_counted_in_disguise_too_and_by_halves():
    planted = canaries(ROWS, n=3)
    first, second, third = planted.secrets.values()
    lines = planted.count(synthetic(f"oh, {first.upper()}!", f"it was {second.split()[1]} again", "nothing"))
    found = {line.secret: (line.kind, line.whole, line.half) for line in lines.itertuples()}
    assert [found[s] for s in (first, second, third)] == [("planted", 1, 0), ("planted", 0, 1), ("planted", 0, 0)]
    assert set(lines.query("kind == 'decoy'")["whole"]) == {0}


def test_secrets_pass_the_anonymizer(cafe_seeds):
    planted = canaries(cafe_seeds, n=4)
    assert planted.seeds.rows["text"] == planted.rows["text"]
    assert planted.seeds.task == cafe_seeds.task
    for secret in planted.secrets.values():
        assert all(secret not in text[f.start : f.end] for text in planted.rows["text"] for f in find_personal(text))


def test_more_secrets_than_rows_are_refused():
    with pytest.raises(SynthkitError, match="n=31: expected 1 to 30"):
        canaries(ROWS, n=31)
