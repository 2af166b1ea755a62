"""Tables in memory: whatever their types, a missing cell is missing and a number of a class is its name."""

import numpy as np
import pandas as pd
import pyarrow
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, IterableDatasetDict, Sequence, Value
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.errors import SynthkitError
from synthkit.tasks.loading import load_rows

TEXTS = ["the tea was cold", "a cat slept here", "lovely soup", "shy kittens", "no sugar left"]
MISSING = {"<NA>", "nan", "NaT", "None", "", "0.0", "1.0"}


def left_out(result):
    return [r.row for r in result.repairs if r.what == "left out"]


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (pd.array([1, 0, None, 0, 1], dtype="Int64"), {"0", "1"}),
        (pd.array([1.0, 0.0, None, 0.0, 1.0], dtype="Float64"), {"0", "1"}),
        ([1, 0, None, 0, 1], {"0", "1"}),
        (pd.array([True, False, None, False, True], dtype="boolean"), {"True", "False"}),
        (pd.array(["a", "b", None, "b", "a"], dtype="string"), {"a", "b"}),
        (pd.array(["a", "b", None, "b", "a"], dtype=pd.ArrowDtype(pyarrow.string())), {"a", "b"}),
        (pd.array([1, 0, None, 0, 1], dtype=pd.ArrowDtype(pyarrow.int8())), {"0", "1"}),
        (pd.Categorical(["a", "b", None, "b", "a"]), {"a", "b"}),
        (pd.Categorical([1, 2, None, 2, 1]), {"1", "2"}),
        (["a", "b", pd.NaT, "b", "a"], {"a", "b"}),
        (["a", "b", pd.NA, "b", "a"], {"a", "b"}),
        (["a", "b", float("nan"), "b", "a"], {"a", "b"}),
        (pd.to_datetime(["2020-01-01", "2021-01-01", None, "2021-01-01", "2020-01-01"]), None),
    ],
)
def test_a_missing_label_is_left_out_whatever_its_type(labels, names):
    result = load_rows(pd.DataFrame({"text": TEXTS, "label": labels}))
    assert left_out(result) == [2]
    assert not set(result.rows["label"]) & MISSING
    assert names is None or set(result.rows["label"]) == names
    with pytest.raises(SynthkitError, match="row 2: left out"):
        load_rows(pd.DataFrame({"text": TEXTS, "label": labels}), strict=True)


DTYPES = ["object", "Int64", "Float64", "boolean", "string", "category", "float64", "Int8[pyarrow]", "string[pyarrow]"]
scalar = st.one_of(st.none(), st.integers(-3, 3), st.booleans(), st.sampled_from(["a", "b", "1", " ", "\u200b"]))


@given(st.lists(st.tuples(scalar, scalar), min_size=2, max_size=7), st.sampled_from(DTYPES), st.sampled_from(DTYPES))
def test_a_frame_of_any_type_gives_rows_or_an_error_with_its_row(table, text_type, label_type):
    def typed(values, kind):
        try:
            return pd.Series(values, dtype="object").astype(kind.replace("Int8[pyarrow]", "int8[pyarrow]"))
        except (ValueError, TypeError, pyarrow.ArrowException):
            return pd.Series(values, dtype="object")

    texts, labels = typed([t for t, _ in table], text_type), typed([x for _, x in table], label_type)
    missing = {i for i, (t, x) in enumerate(zip(texts.isna(), labels.isna(), strict=True)) if t or x}
    try:
        result = load_rows(pd.DataFrame({"text": texts, "label": labels}))
    except SynthkitError as error:
        assert "row " in str(error) or "only one label" in str(error) or "score" in str(error)
        return
    out = set(left_out(result))
    assert missing <= out
    assert len(result.rows) + len(out) == len(table)
    assert not {"<NA>", "nan", "None"} & {*result.rows["label"], *result.rows["text"]}


def test_names_of_columns_may_be_numbers_or_tuples():
    rows = [
        ("the tea was cold", "menu"),
        ("a cat slept", "cats"),
        ("warm soup today", "menu"),
        ("a kitten", "cats"),
    ]
    assert set(load_rows(pd.DataFrame(rows)).rows["label"]) == {"menu", "cats"}
    pivot = pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples([("text", ""), ("label", "")]))
    assert load_rows(pivot).rows["text"][0] == "the tea was cold"


CLASSES = Features({"text": Value("string"), "label": ClassLabel(names=["menu", "animals"])})


def classes():
    return Dataset.from_dict({"text": TEXTS, "label": [0, 1, -1, 1, 0]}, features=CLASSES)


def test_a_class_number_without_a_name_is_no_label():
    result = load_rows(classes())
    assert list(result.rows["label"]) == ["menu", "animals", "animals", "menu"]
    assert left_out(result) == [2]
    assert any(r.value == "-1" and "in 1 row" in r.what for r in result.repairs)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda d: d.to_iterable_dataset(),
        lambda d: DatasetDict(train=d),
        lambda d: DatasetDict(train=d, test=d),
        lambda d: IterableDatasetDict(train=d.to_iterable_dataset()),
        lambda d: d.with_format("numpy"),
        lambda d: d.with_format("pandas"),
    ],
)
def test_a_dataset_in_another_guise_gives_the_same_rows(wrapped):
    assert load_rows(wrapped(classes())).rows.to_list() == load_rows(classes()).rows.to_list()


def test_of_several_splits_without_train_one_has_to_be_named():
    with pytest.raises(SynthkitError, match=r"holds the splits odd, even. Take one, as source\['odd'\]"):
        load_rows(DatasetDict(odd=classes(), even=classes()))
    with pytest.raises(SynthkitError, match="holds the splits none"):
        load_rows(DatasetDict())


def test_lists_of_class_numbers_are_unwrapped_or_refused_like_any_list():
    features = Features({"text": Value("string"), "label": Sequence(ClassLabel(names=["menu", "animals"]))})
    rows = Dataset.from_dict({"text": TEXTS, "label": [[0], [1], [], [0, 1], [1]]}, features=features)
    result = load_rows(rows)
    assert list(result.rows["label"]) == ["menu", "animals", "animals"]
    assert left_out(result) == [3, 2]


def test_a_parquet_keeps_the_names_of_its_classes_and_says_when_it_has_none(tmp_path):
    classes().to_parquet(tmp_path / "a.parquet")
    assert set(load_rows(tmp_path / "a.parquet").rows["label"]) == {"menu", "animals"}
    pd.DataFrame({"text": TEXTS, "label": [0, 1, 0, 1, 0]}).to_parquet(tmp_path / "b.parquet")
    result = load_rows(tmp_path / "b.parquet")
    assert [(r.what, r.value) for r in result.repairs] == [("labels are numbers", "0, 1")]
    named = load_rows(tmp_path / "b.parquet", names={"0": "menu", "1": "animals"})
    assert list(named.rows["label"][:2]) == ["menu", "animals"] and not named.repairs


def test_an_arrow_table_is_read_and_a_single_column_is_not():
    assert len(load_rows(pyarrow.table({"text": TEXTS, "label": list("ababa")})).rows) == 5
    with pytest.raises(SynthkitError, match="Series of pandas: one column"):
        load_rows(pd.Series(TEXTS))
    with pytest.raises(SynthkitError, match="a column name stands twice"):
        load_rows(pd.DataFrame([["a", "b", "c"]], columns=["text", "label", "text"]))


def test_the_given_frame_is_not_changed():
    frame = pd.DataFrame({"text": TEXTS, "label": [1, 0, np.nan, 0, 1]})
    before = frame.copy()
    load_rows(frame)
    pd.testing.assert_frame_equal(frame, before)
