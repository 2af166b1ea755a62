"""What synthetic rows are worth is read off the learning curve of real rows."""

from dataclasses import replace

import numpy as np
import pytest
from support.results import result

from synthkit.comparison.comparison import Score
from synthkit.core.errors import SynthkitError
from synthkit.core.stats import Interval


def curve(both, sizes=((20, 0.70), (40, 0.80), (80, 0.84)), few=0.60):
    """A comparison of ten real rows a label, more of them, and synthetic ones beside the ten."""
    arms = {"real_few": few, "synthetic": 0.5, "real_few+synthetic": both, "real_full": 0.9}
    arms |= {f"real_{n}": f1 for n, f1 in sizes}
    found = result(**arms)
    rows = {"real_few": 20, "real_few+synthetic": 220, "real_full": 800} | {f"real_{n}": 2 * n for n, _ in sizes}
    return replace(found, scores=tuple(s._replace(rows=rows.get(s.arm, 200)) for s in found.scores))


def test_rows_that_score_as_twenty_real_ones_are_worth_ten_more():
    assert curve(0.70).worth().value == pytest.approx(10)
    found = curve(0.71).worth()
    assert 8 < found.low < found.value < found.high < 20
    verdict = curve(0.71).verdict()
    assert verdict.startswith(
        f"Yes: with 10 real rows a label, synthetic rows are worth {found} more real ones a label."
    )


@pytest.mark.parametrize(("both", "low", "high"), [(0.75, 10, 30), (0.82, 30, 70), (0.62, 0, 10)])
def test_between_two_sizes_it_lies_between_them(both, low, high):
    assert low < curve(both).worth().value < high


def test_more_than_all_real_rows_is_said_in_words():
    found = curve(0.95).worth()
    assert np.isinf([found.value, found.low, found.high]).all()
    assert str(found) == "more than 390 [more than 390, more than 390]"


def test_rows_that_add_nothing_beyond_noise_are_not_shown_to_help():
    said = "Not shown: that synthetic rows help a classifier with 10 real rows a label."
    assert curve(0.602).verdict().startswith(said)
    assert "; they make it worse." in curve(0.5).verdict()
    assert curve(0.5).worth().value == 0


def test_without_more_real_rows_it_is_said_that_they_help_but_not_how_much():
    assert curve(0.75, sizes=()).worth() is None
    said = "Yes: synthetic rows help a classifier with 10 real rows a label. "
    assert curve(0.75, sizes=()).verdict().startswith(said)


def test_a_larger_set_that_scored_less_by_chance_does_not_lower_what_rows_are_worth():
    dip = curve(0.75, sizes=((20, 0.74), (40, 0.72), (80, 0.84)))
    assert dip.worth().value > 10


def beside(one, **arms):
    """A comparison with a second student, which scores as the first, but on some arms as on another."""
    fits = {(arm, "other"): one.fits[arms.get(arm, arm), "minilm_lr"] for arm, _ in one.fits}
    scores = [Score(s.arm, "other", s.rows, 1, Interval(0, 0, 0), Interval(0, 0, 0)) for s in one.scores]
    return replace(one, scores=(*one.scores, *scores), fits={**one.fits, **fits})


def test_classifiers_that_disagree_are_named():
    found = curve(0.75)
    assert "disagree" not in found.verdict()
    assert "disagree" not in beside(found).verdict()
    none = beside(found, **{"real_few+synthetic": "real_few"})
    assert "Classifiers disagree: by other it is not shown." in none.verdict()
    assert "Classifiers disagree: by minilm_lr it is shown." in none.verdict("other")


def test_classifiers_to_which_rows_are_worth_other_numbers_are_named_with_them():
    more = beside(curve(0.75), **{"real_few+synthetic": "real_80"})
    worth = more.worth(student="other")
    assert worth.value > 60
    assert f"Classifiers disagree: by other they are worth {worth} a label." in more.verdict()
    unsized = beside(curve(0.75, sizes=()), **{"real_few+synthetic": "real_full"})
    assert "Classifiers disagree: by other they are worth 0.150 more in macro-F1." in unsized.verdict()


def test_the_figure_of_worth_draws_real_rows_alone_and_the_score_with_synthetic_ones_across():
    (axis,) = curve(0.75).plot("worth").axes
    assert [t.get_text() for t in axis.get_xticklabels()] == ["10", "20", "40", "80", "400"]
    across, *_, alone = axis.lines
    assert set(across.get_ydata()) == {0.75} and list(alone.get_ydata()) == [0.6, 0.7, 0.8, 0.84, 0.9]
    with pytest.raises(SynthkitError, match="no arms of more real rows, as sk.standard_arms"):
        curve(0.75, sizes=()).plot("worth")
