"""From findings to requests: shared out by what is missed, never more than that, and readable both ways."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.errors import SynthkitError
from synthkit.prompts.strategies.topical import topical
from synthkit.refinement.diagnosis import Diagnosis, Finding
from synthkit.refinement.proposals import LEVERS, Proposal, chosen_levers, propose

WORDS = st.text(alphabet="abc “”|", max_size=8)
MORE = [("zero_shot", "menu", n) for n in range(40)]


class Habits:
    def words(self, label):
        return f"Half of {label} have 3 words or fewer."


def diagnosis(*findings):
    return Diagnosis(tuple(findings), 0.5, (), (), (), np.array([]), Habits(), 10, 10, "lsa")


def hole(label, rows, *terms):
    return Finding("missed", label, rows, 10, "", terms)


def asked(found, requests=6, levers=tuple(LEVERS)):
    return propose(found, requests, levers=levers, more=iter(MORE))


@given(st.builds(Proposal, WORDS, WORDS, WORDS, st.tuples(WORDS), st.tuples(WORDS), WORDS, slot=st.integers(0, 9)))
def test_a_proposal_is_the_same_after_it_was_written_down(proposal):
    assert Proposal.from_json(json.loads(json.dumps(proposal.to_json()))) == proposal


def test_requests_go_where_most_rows_are_missed_and_no_further_than_that():
    found = diagnosis(hole("menu", 11, "cake"), hole("visits", 4, "stairs"), hole("animals", 2, "tabby"))
    labels = [p.label for p in asked(found) if p.lever == "topics"]
    assert sorted(labels) == ["menu", "menu", "menu", "visits"]  # a request of five texts for every five rows
    assert labels[0] == "menu"
    assert [p.lever for p in asked(found)][4:] == ["", ""]
    assert [p.slot for p in asked(found)][4:] == [0, 1]


def test_groups_of_a_label_are_dealt_out_over_its_requests():
    found = diagnosis(*(hole("menu", 5, word) for word in ("cake", "tea", "soup", "bun")))
    topics = [p.about for p in asked(found, 2)]
    assert topics == [("cake", "soup"), ("tea", "bun")]


def test_each_lever_moves_its_own_finding_alone():
    found = diagnosis(
        hole("menu", 5, "cake"),
        Finding("confused", "menu", 5, 10, "", ("price",), "visits"),
        Finding("overused", "", 5, 10, "“so well” opens 50 % of the rows", ("so well",)),
        Finding("overused", "visits", 5, 10, "“on top of” stands in 50 % of the rows", ("on top of",)),
        Finding("off register", "", 5, 10, ""),
    )
    topics, more = asked(found, 2)
    assert (topics.about, topics.avoid) == (("cake",), ("not beginning with “so well”",))
    assert topics.like == "Half of menu have 3 words or fewer."
    assert (more.lever, more.slot, more.avoid) == ("", 0, ("not beginning with “so well”",))
    assert [p.avoid + (p.like,) for p in asked(found, 1, levers=["topics"])] == [("",)]
    plain = asked(found, 1, levers=[])[0]
    assert (plain.lever, plain.slot, plain.avoid) == ("", 0, ())


def test_levers_are_named_in_one_order_and_topics_are_needed():
    assert chosen_levers(["prune", "topics"]) == ("topics", "prune")
    assert chosen_levers("register") == ("register",)
    with pytest.raises(SynthkitError, match="'topical' needs to know what real texts of 'menu' are about"):
        topical(None, None, "menu", 5, None)
