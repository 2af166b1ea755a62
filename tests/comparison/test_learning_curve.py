"""Learning curves: nested sets, both numbers of rows, nothing but validation unless asked."""

import pytest
from support.replies import distinct_texts

from synthkit.comparison.learning_curve import _shuffled, learning_curve
from synthkit.core.errors import SynthkitError
from synthkit.generation.generate import generate
from synthkit.prompts.plan import plan


@pytest.fixture
def made(cafe, scripted):
    return generate(plan(cafe, strategy="zero_shot", n=18), llm=scripted(distinct_texts), progress=False)


def test_a_curve_has_a_score_for_every_pair_but_nothing_with_nothing(made):
    curve = learning_curve(made, real=(0, 2), synthetic=(0, 6, 18), draws=2, student="tfidf_lr", progress=False)
    frame = curve.to_frame()
    assert list(frame["synthetic rows"]) == [0, 6, 18]
    assert list(frame.columns[1:]) == ["no real", "2 real a label"]
    assert frame["no real"][0] == ""
    assert 0 <= curve.get(2, 6).low <= curve.get(2, 6).value
    rows = {s.arm: (s.rows, s.draws) for s in curve.comparison.scores}
    assert rows == {
        "6 synthetic": (6, 2),
        "18 synthetic": (18, 1),
        "2 real a label": (6, 2),
        "2 real a label+6 synthetic": (12, 2),
        "2 real a label+18 synthetic": (24, 2),
    }
    assert repr(curve).startswith("LearningCurve: tfidf_lr on 6 validation rows, 0 to 2 real rows a label, 0 to 18")
    assert curve.plot().axes[0].get_xlabel() == "synthetic rows"


def test_a_smaller_set_is_part_of_a_larger_one_and_labels_take_turns():
    labels = ["a"] * 6 + ["b"] * 6
    order = _shuffled(labels, [0, 1])
    assert sorted(order) == list(range(12))
    for start in range(0, 12, 2):
        assert {labels[i] for i in order[start : start + 2]} == {"a", "b"}
    assert order == _shuffled(labels, [0, 1]) != _shuffled(labels, [0, 2])


@pytest.mark.parametrize("wrong", [{"synthetic": (0, 99)}, {"real": (0,), "synthetic": (0,)}, {"real": (-1,)}])
def test_numbers_that_cannot_be_drawn_are_refused(made, wrong):
    with pytest.raises(SynthkitError, match="expected numbers of rows from 0, at most 18 synthetic"):
        learning_curve(made, progress=False, **wrong)
    with pytest.raises(SynthkitError, match="unknown on"):
        learning_curve(made, on="train")


def test_rows_instead_of_a_generation_are_refused_with_what_was_expected(cafe):
    with pytest.raises(SynthkitError, match="expected what sk.generate"):
        learning_curve(cafe.splits.train)
