"""A zoo of endpoints: whatever one does, the rows that it gave come out, and what it did is said."""

from __future__ import annotations

import re
import sys
import warnings

import pytest
from support.fault_server import FaultServer
from support.zoo import CHARACTERS

from synthkit.core.errors import SynthkitError
from synthkit.generation.generate import generate
from synthkit.llm import session
from synthkit.llm.client import LLM
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan

PAID: list[tuple[int, int]] = []  # texts that came of use, and that were paid for, an endpoint


@pytest.fixture
def visit(cafe, tmp_path, monkeypatch):
    """Generate forty rows at a character; return (generation or None, what was raised, what was warned, server)."""
    monkeypatch.setattr(session, "BACKOFF", 0.01)

    def go(character):
        with FaultServer(character.new(), **character.server) as server, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            made, raised = None, ""
            with Store(tmp_path / "replies.sqlite") as store:
                llm = LLM("m", base_url=server.url, **character.llm)
                try:
                    made = generate(
                        plan(cafe, strategy="zero_shot", n=40), llm=llm, store=store, filters=[], progress=False
                    )
                except SynthkitError as error:
                    raised = str(error)
        return made, raised, " ".join(str(w.message) for w in caught if w.category is UserWarning), server

    return go


@pytest.mark.parametrize("character", CHARACTERS, ids=lambda c: c.name)
def test_a_run_against_it_comes_to_what_is_expected(character, visit):
    made, raised, warned, server = visit(character)
    assert bool(raised) == bool(character.raises), raised
    assert re.search(character.raises, raised)
    assert re.search(character.warns, warned)
    assert server.requests <= character.most
    if made:
        made.ledger.check()
        assert len(made.rows) == character.rows
        assert character.notes in made.ledger.note
        assert not any("CUT" in row["text"] for row in made.rows)
        assert character.fails.items() <= dict(made.ledger.failures).items()
        if character.paid:
            PAID.append((made.ledger.parsed, 5 * made.ledger.replies))
            assert made.ledger.parsed >= 0.95 * 5 * made.ledger.replies


def test_useful_texts_a_paid_request_over_all_who_gave_them():
    """Shown by `pytest tests/llm/test_zoo.py -rP`; of those that ran in this process."""
    useful, asked = (sum(numbers) for numbers in zip((0, 0), *PAID, strict=True))
    sys.stdout.write(f"{useful} of {asked} texts that were paid for are of use, at {len(PAID)} endpoints\n")
    assert useful >= 0.95 * asked


def test_the_zoo_is_large():
    assert len({c.name for c in CHARACTERS}) == len(CHARACTERS) >= 30
