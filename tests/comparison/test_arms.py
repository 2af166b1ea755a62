"""Arms: what a classifier can be trained on, and which of it there is."""

from dataclasses import replace

import pytest

from synthkit.comparison.arms import standard_arms
from synthkit.generation.generate import generate
from synthkit.seeds.seeds import load_seeds


def test_a_task_that_does_not_say_what_its_labels_mean_has_no_arm_of_descriptions(cafe):
    seeds = load_seeds(cafe, k=4)
    plain = replace(cafe, labels=dict.fromkeys(cafe.labels, "x"), attributes={})
    made = generate(plain, seeds, n=12, llm="ngram", progress=False)
    with pytest.warns(UserWarning, match="does not say what its labels mean: no arm of descriptions"):
        arms = standard_arms(made, k=4)
    assert "description" not in arms and "real_few+description" not in arms
    assert {"real_few", "synthetic", "real_few+synthetic", "real_full"} <= set(arms)
