"""Where rows are few, and how a budget is spent there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.seeds.balance import Balance, balance
from synthkit.tasks.splits import belongs_to
from synthkit.tasks.task import Task

SOUP = [
    f"the {w} soup was cold again"
    for w in ["lentil", "leek", "bean", "pea", "corn", "fish", "beet", "kale", "rice", "egg"]
]
WIFI = [
    f"wifi password did not work on my {w}"
    for w in ["phone", "laptop", "tablet", "watch", "mac", "pc", "car", "tv", "kiosk", "van"]
]


def rows(**labels):
    pairs = [(t, label) for label, texts in labels.items() for t in texts]
    return make_rows({"text": [t for t, _ in pairs], "label": [x for _, x in pairs], "region": ["north"] * len(pairs)})


def test_a_sub_topic_that_a_label_lacks_is_thin():
    both = SOUP + WIFI
    found = balance(rows(complaint=both, praise=both, question=SOUP * 2), embedder="lsa")
    (thin,) = [c for c in found.thin if "wifi" in c.slice]
    assert (thin.label, thin.rows, thin.share) == ("question", 0, 0)
    assert found.cells[0].thin


def test_nothing_is_called_thin_from_a_dozen_rows():
    found = balance(rows(complaint=SOUP + WIFI, question=SOUP), embedder="lsa")
    assert found.thin == ()


def test_lengths_and_given_columns_are_cells_too():
    found = balance(rows(complaint=SOUP, question=WIFI), columns=["region"], embedder="lsa")
    slices = {c.slice for c in found.cells}
    assert "region: north" in slices
    assert sum(w.startswith("length: ") for w in slices) >= 2
    with pytest.raises(SynthkitError, match="columns='city': no such column; columns are: text, label, region"):
        balance(rows(complaint=SOUP, question=WIFI), columns=["city"])


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 60), min_size=1), st.integers(0, 100))
def test_levelling_spends_all_and_never_leaves_a_poorer_label_behind(labels, n):
    given_rows = Balance((), labels).per_label(n)
    assert sum(given_rows.values()) == n
    after = {label: count + given_rows.get(label, 0) for label, count in labels.items()}
    assert all(after[label] <= min(after.values()) + 1 for label in given_rows)


def test_the_old_name_still_works_and_says_the_new_one():
    import synthkit

    with pytest.warns(DeprecationWarning, match="sk.coverage is now sk.balance"):
        assert synthkit.coverage is balance


def test_a_column_of_names_of_a_sensitive_task_is_not_shown(tmp_path):
    task = Task("ward", {"a": "a", "b": "b"}, "notes", sensitive=True)
    rows = make_rows({"id": list("012"), "text": ["all is well", "a bad night", "a good night"], "label": list("abb"),
                      "patient": ["Tirzo Quon", "Wrzesława Pimpf", "Ottmar Zwill"]})  # fmt: skip
    belongs_to(rows, task)
    slices = {c.slice for c in balance(rows, columns=["patient"], embedder="lsa").cells}
    assert "patient: [PERSON]" in slices and not any("Pimpf" in w for w in slices)
