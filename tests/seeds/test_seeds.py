"""Seeds: drawn at random, free of leaks, and refused with a reason where they cannot be drawn."""

import pytest
from datasets import ClassLabel, Dataset, Features, Value
from hypothesis import given
from hypothesis import strategies as st
from support.cafe import TRAIN, write_csv

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.core.text import fold
from synthkit.seeds.seeds import _usable, load_seeds
from synthkit.tasks.task import load_task


def test_each_label_gives_k_rows_and_the_rest_is_untouched(cafe):
    seeds = load_seeds(cafe, k=3)
    assert sorted(seeds.rows["label"]) == ["animals"] * 3 + ["menu"] * 3 + ["visits"] * 3
    assert not set(seeds.rows["id"]) & set(seeds.rest["id"])
    assert set(seeds.rows["id"]) | set(seeds.rest["id"]) == set(cafe.splits.train["id"])
    assert "9 rows, 3 a label, 3 labels" in repr(seeds)


def test_the_draw_depends_on_random_state_alone(cafe):
    def ids(state):
        return list(load_seeds(cafe, k=3, random_state=state).rows["id"])

    assert ids(0) == ids(0)
    assert ids(0) != ids(1)


def test_fewer_seeds_are_among_more(cafe):
    small, large = load_seeds(cafe, k=2).rows["id"], load_seeds(cafe, k=4).rows["id"]
    assert set(small) <= set(large)


def test_rows_that_repeat_a_test_row_or_each_other_are_never_seeds(task_folder):
    own = [[f"x{i}", text, label] for label, some in TRAIN.items() for i, text in enumerate(some)]
    own = [[f"{label}-{i}", text, label] for i, (_, text, label) in enumerate(own)]
    leaks = [
        ["leak-exact", "Coffee was  COLD when it reached us", "menu"],
        ["leak-near", "a shy tabby hid under the sofa the whole timee", "animals"],
        ["leak-twin", "lovely calm animals, you can tell they were cared for", "animals"],
    ]
    write_csv(task_folder / "train.csv", [*leaks[:2], *own, leaks[2]])
    write_csv(task_folder / "validation.csv", [["v1", "what a lovely place", "visits"], ["v2", "nice tea", "menu"]])
    (task_folder / "task.yaml").write_text(
        (task_folder / "task.yaml").read_text(encoding="utf-8").replace("test: ", "validation: validation.csv, test: "),
        encoding="utf-8",
    )
    seeds = load_seeds(load_task(task_folder), k=8)
    assert {i for i, _, _ in seeds.left_out} == {"leak-exact", "leak-near", "leak-twin"}
    reasons = {i: (reason, twin) for i, reason, twin in seeds.left_out}
    assert reasons["leak-exact"] == ("exact duplicate", "test-menu-1")
    assert reasons["leak-near"] == ("near-duplicate", "test-animals-3")
    assert reasons["leak-twin"] == ("near-duplicate", "animals-3")
    assert not {"leak-exact", "leak-near", "leak-twin"} & {*seeds.rows["id"], *seeds.rest["id"]}


def test_a_csv_and_a_dataset_serve_as_well_as_a_task(tmp_path, cafe):
    path = write_csv(tmp_path / "own.csv", [[r["id"], r["text"], r["label"]] for r in cafe.splits.train])
    assert load_seeds(path, k=2).rows.to_list() == load_seeds(cafe.splits.train, k=2).rows.to_list()


def test_a_dataset_with_class_numbers_becomes_rows_of_text():
    features = Features({"text": Value("string"), "label": ClassLabel(names=["dull", "fun"]), "stars": Value("int64")})
    columns = {
        "text": ["what a bore", "loved it", "yawn", "great evening"],
        "label": [0, 1, 0, 1],
        "stars": [1, 5, 2, 4],
    }
    seeds = load_seeds(Dataset.from_dict(columns, features=features), k=1)
    assert sorted(seeds.rows["label"]) == ["dull", "fun"]
    assert {f.dtype for f in seeds.rows.features.values()} == {"string"}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"text": ["a b", "c d"], "label": ["x", "x"]}, "only one label"),
        ({"text": ["a b", None], "label": ["x", "y"]}, "row 1 was left out .*: The text is empty"),
        ({"text": ["a b", "c d"], "label": ["x", None]}, "row 1 was left out .*: The label is empty"),
        ({"text": [], "label": []}, "no rows"),
        ({"text": ["a"], "colour": ["x"]}, "no column 'label'"),
    ],
)
def test_a_dataset_is_checked_as_a_csv_is(columns, said):
    with pytest.raises(SynthkitError, match=said):
        load_seeds(make_rows(columns), k=1)


def test_a_label_with_one_row_is_refused_and_one_without_any_is_said(task_folder):
    some = [[f"{x}-{i}", t, x] for x in ("animals", "menu") for i, t in enumerate(TRAIN[x])]
    write_csv(task_folder / "train.csv", [*some, ["v", "a visit", "visits"]])
    with pytest.warns(UserWarning), pytest.raises(SynthkitError, match="'visits' has 1 usable rows and k=5 were asked"):
        load_seeds(load_task(task_folder), k=5)
    write_csv(task_folder / "train.csv", some)
    with pytest.warns(UserWarning):
        seeds = load_seeds(load_task(task_folder), k=5)
    assert set(seeds.rows["label"]) == {"animals", "menu"}
    assert "no rows in train: label 'visits' (no seeds" in repr(seeds)


@pytest.mark.parametrize("arguments", [{"k": 0}, {"k": 2.5}, {"random_state": -1}, {"random_state": 0.5}])
def test_numbers_that_make_no_sense_are_refused(cafe, arguments):
    with pytest.raises(SynthkitError, match="expected a whole number"):
        load_seeds(cafe, **arguments)


def test_more_than_there_is_and_what_is_no_source_are_refused(cafe):
    arithmetic = (
        "label 'animals' has 6 usable rows and k=7 were asked for: 8 in train, less 2 that became validation, since "
        "task.yaml names no validation rows; lower k to 6 or add rows"
    )
    with pytest.raises(SynthkitError, match=arithmetic):
        load_seeds(cafe, k=7)
    rows = [{"text": t, "label": x} for t, x in [("a cat", "a"), ("A CAT", "a"), ("cold tea", "b"), ("warm soup", "b")]]
    with pytest.raises(SynthkitError, match="2 in train, less 1 that repeat another row; lower k to 1"):
        load_seeds(rows, k=2)
    with pytest.raises(SynthkitError, match="source=list: expected a task"):
        load_seeds([1, 2])


few_words = st.lists(st.sampled_from(["a cat sat", "A cat sat!", "cold tea", "cold tea.", "nice cake", "why no soup"]))


@given(few_words, few_words)
def test_whatever_the_splits_hold_no_usable_row_repeats_another_or_a_held_out_one(train, held_out):
    def rows(texts, name):
        return make_rows({"id": [f"{name}{i}" for i in range(len(texts))], "text": texts, "label": ["x"] * len(texts)})

    usable, left_out = _usable(rows(train, "train"), [rows(held_out, "test")])
    kept = [fold(train[i]) for i in usable]
    assert len(set(kept)) == len(kept)
    assert not set(kept) & {fold(t) for t in held_out}
    assert len(usable) + len(left_out) == len(train)
