"""Tasks: the shipped ones are whole, a user's own are read from a folder, and what is wrong with one is said."""

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from datasets import ClassLabel, Dataset, Features, Value
from support.cafe import TASK_YAML, write_csv, write_task

from synthkit.core.errors import SynthkitError
from synthkit.core.text import fold
from synthkit.tasks.loading import load_rows
from synthkit.tasks.task import bundled_tasks, load_task

REALDATA = os.environ.get("SYNTHKIT_REALDATA")
THIRD_PARTY = ["banking77", "clinc150_domains", "dbpedia14", "movie_review_sentences", "pros_cons"]
needs_real_rows = pytest.mark.skipif(
    not REALDATA or not Path(REALDATA).is_dir(), reason="SYNTHKIT_REALDATA names no folder of real datasets"
)


@pytest.fixture(scope="module")
def feedback():
    return load_task("feedback")


@pytest.mark.parametrize("name", ["feedback", *THIRD_PARTY])
def test_each_shipped_task_describes_its_labels_and_attributes(name):
    task = load_task(name)
    assert task.name == name
    assert task.title and task.licence != "unknown"
    assert all(len(meaning.split()) >= 3 for meaning in task.labels.values())
    assert task.attributes
    for dimension in task.attributes:
        for label in task.labels:
            values = task.attribute_values(dimension, label)
            assert len(values) == len(set(values)) >= 5


def test_the_third_party_tasks_are_shipped_without_their_rows():
    assert sorted(bundled_tasks()) == sorted(["feedback", *THIRD_PARTY])
    for name in THIRD_PARTY:
        assert not list(bundled_tasks()[name].glob("*.csv"))
        assert not load_task(name).stand_in


def test_feedback_has_its_rows_in_their_parts(feedback):
    assert feedback.stand_in
    splits = feedback.splits
    assert repr(splits) == "Splits: 450 train, 150 validation, 300 test"
    ids = [i for rows in (splits.train, splits.validation, splits.test) for i in rows["id"]]
    assert len(set(ids)) == 900
    for part in ("train", "validation", "test"):
        rows = getattr(splits, part)
        assert rows.column_names == ["id", "text", "label", "channel", "sentiment", "split"]
        assert set(rows["split"]) == {part}
        assert set(rows["label"]) == set(feedback.labels)


def test_no_feedback_text_of_more_than_a_few_words_stands_twice(feedback):
    parts = [feedback.splits.train, feedback.splits.validation, feedback.splits.test]
    folded = [fold(t) for rows in parts for t in rows["text"] if len(t.split()) > 3]
    assert len(folded) > 850
    assert len(set(folded)) == len(folded)


@pytest.fixture(scope="module")
def personal():
    lines = (bundled_tasks()["feedback"] / "personal_data.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_one_train_row_in_ten_carries_personal_data_and_no_other_row_does(feedback, personal):
    train = dict(zip(feedback.splits.train["id"], feedback.splits.train["text"], strict=True))
    assert {p["id"] for p in personal} <= set(train)
    assert len({p["id"] for p in personal}) == 45
    for p in personal:
        assert 0 <= p["start"] < p["end"] <= len(train[p["id"]])
        span = train[p["id"]][p["start"] : p["end"]]
        assert span == span.strip()
    looks_personal = re.compile(r"\w@\w|\b(?:\d[ -]?){13,16}\b|\+\d{2}[ \d]{7,}")
    for rows in (feedback.splits.validation, feedback.splits.test):
        assert not [t for t in rows["text"] if looks_personal.search(t)]


def test_personal_data_uses_reserved_values_only(feedback, personal):
    train = dict(zip(feedback.splits.train["id"], feedback.splits.train["text"], strict=True))
    spans = [(p["type"], train[p["id"]][p["start"] : p["end"]]) for p in personal]
    mails = [s for kind, s in spans if kind == "EMAIL_ADDRESS"]
    assert mails
    assert [m for m in mails if not RESERVED_MAIL.search(m)] == []
    for text in train.values():
        assert set(re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", text)) <= set(mails)
    phones = [re.sub(r"\D", "", s) for kind, s in spans if kind == "PHONE_NUMBER"]
    assert phones
    assert [p for p in phones if not RESERVED_PHONE.search(p)] == []
    cards = [re.sub(r"\D", "", s) for kind, s in spans if kind == "CREDIT_CARD"]
    assert set(cards) <= TEST_CARDS


RESERVED_MAIL = re.compile(r"@(?:[\w-]+\.)*(?:example\.(?:com|org|net)|example|test|invalid)$")
# set aside for fiction: 555-01xx in North America, 01632 960xxx and 07700 900xxx in the United Kingdom, 020 91x xxxx in
# Ireland, 0491 570 xxx in Australia
RESERVED_PHONE = re.compile(r"55501\d\d$|(?:01632960|07700900)\d{3}$|^02091\d{5}$|491570\d{3}$")
TEST_CARDS = {
    "4111111111111111",
    "4242424242424242",
    "4000056655665556",
    "4012888888881881",
    "5555555555554444",
    "5105105105105100",
    "378282246310005",
    "6011111111111117",
}


def test_a_folder_with_a_task_file_is_a_task(task_folder):
    task = load_task(task_folder)
    assert repr(task) == "Task 'cat_cafe': 3 labels, guest book remarks in en"
    assert task.max_words == 40
    assert list(task.to_frame()["label"]) == ["animals", "menu", "visits"]
    assert load_task(task_folder / "task.yaml").labels == task.labels
    assert load_task(str(task_folder)).labels == task.labels


def test_validation_is_a_fifth_of_train_where_none_is_given(task_folder):
    splits = load_task(task_folder).splits
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (18, 6, 12)
    assert Counter(splits.validation["label"]) == {"animals": 2, "menu": 2, "visits": 2}
    assert splits.to_frame().set_index("label").loc["menu"].to_dict() == {"train": 6, "validation": 2, "test": 4}


def test_a_folder_with_a_card_is_a_task(task_folder):
    (task_folder / "task.yaml").unlink()
    card = {"name": "from_card", "labels": ["animals", "menu", "visits"], "task": "Remarks in a guest book"}
    (task_folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    task = load_task(task_folder)
    assert (task.name, task.domain) == ("from_card", "Remarks in a guest book")
    assert len(task.splits.test) == 12


def yaml_with(**changes):
    lines = TASK_YAML.strip().splitlines()
    for key, value in changes.items():
        kept, skipping = [], False
        for line in lines:
            skipping = line.startswith(f"{key}:") or (skipping and line.startswith(" "))
            if not skipping:
                kept.append(line)
        lines = kept if value is None else [*kept, f"{key}: {value}"]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("labels: [", "cannot be read as YAML"),
        ("- just\n- a list", "expected keys such as name, labels and domain; got list"),
        ("", "expected keys such as name"),
        (yaml_with(labels=None), "`labels` must be a non-empty mapping"),
        (yaml_with(labels="[a, a]", attributes=None), "`labels` must be a non-empty mapping"),
        (yaml_with(labels="[a, {b: x, c: y}]", attributes=None), "`labels` must be a non-empty mapping"),
        (yaml_with(labels="[no, yes]", attributes=None), "put quotes around"),
        (yaml_with(labels="{a: one meaning}", attributes=None), "at least two labels"),
        (yaml_with(labels="{a: x, yes: y}", attributes=None), "put quotes around"),
        (yaml_with(labels="{a: x, b: 5}", attributes=None), "label 'b': 5"),
        (yaml_with(domain="''"), "`domain` must be a non-empty text"),
        (yaml_with(name="2024"), "`name` must be a non-empty text"),
        (yaml_with(name="../up"), "becomes a file name"),
        (yaml_with(labelz="{a: b}"), "unknown key 'labelz' - did you mean 'labels'"),
        (yaml_with(stand_in="maybe"), "`stand_in` must be a true or false; got 'maybe'"),
        (yaml_with(source="train.csv"), "`source` must be a mapping"),
        (yaml_with(source="{train: 5, test: test.csv}"), "source, train: expected a file name, got 5"),
        (yaml_with(source="{train: a.csv, columns: text}"), "source, columns: expected a mapping, got 'text'"),
        (yaml_with(attributes="[a, b]"), "`attributes` must be a mapping"),
        (yaml_with(attributes="{form: short}"), "attribute 'form' : expected a list of texts, got 'short'"),
        (yaml_with(attributes="{about: {animals: [x], menu: [y]}}"), "attribute 'about' has no values for: visits"),
        (yaml_with(attributes="{about: {animals: [x], menu: [y], visits: [z], visitz: [z]}}"), "did you mean 'visits'"),
        (yaml_with(length="40"), "`length` must look like {min_words: 3, max_words: 120}; got 40"),
        (yaml_with(length="{max_words: 0}"), "`length` must look like"),
        (yaml_with(length="{max_words: many}"), "`length` must look like"),
    ],
)
def test_a_malformed_task_file_is_refused_with_its_name_and_the_fix(tmp_path, text, said):
    folder = write_task(tmp_path / "cafe", yaml=text)
    with pytest.raises(SynthkitError) as error:
        load_task(folder)
    assert str(folder / "task.yaml") in str(error.value)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "card", ["{", "[]", "{}", '{"labels": null}', '{"labels": "a"}', '{"labels": [1, 2]}', "\ud800"]
)
def test_a_malformed_card_is_refused(task_folder, card):
    (task_folder / "task.yaml").unlink()
    (task_folder / "card.json").write_bytes(card.encode("utf-8", "surrogatepass"))
    with pytest.raises(SynthkitError, match=r"card\.json"):
        load_task(task_folder)


@pytest.mark.parametrize(
    "labels", ["[animals, menu_, visits]", "{animals: , menu_: , visits: ''}", "[animals: , menu_]"]
)
def test_labels_may_be_a_list_and_one_without_a_description_is_said(tmp_path, labels):
    folder = write_task(tmp_path / "cafe", yaml=yaml_with(labels=labels, attributes=None))
    with pytest.warns(UserWarning, match="no description of: animals, menu_.*prompts give the label's name alone"):
        task = load_task(folder)
    assert dict(list(task.labels.items())[:2]) == {"animals": "animals", "menu_": "menu "}
    assert "no description of" in repr(task)


def test_attribute_values_under_two_labels_and_a_domain_to_fill_in_are_said(tmp_path):
    attributes = "{about: {animals: [a nap, cake], menu: [cake, tea], visits: [tea, wifi]}, form: [short]}"
    folder = write_task(tmp_path / "cafe", yaml=yaml_with(attributes=attributes, domain="'FILL IN: who writes these'"))
    with pytest.warns(
        UserWarning, match=r"`domain` is still to be filled in.*2 values stand under two labels, as 'cake'"
    ):
        load_task(folder)


def changed(folder, **files):
    for name, rows in files.items():
        write_csv(folder / f"{name}.csv", rows)
    return folder


def train_rows(**counts):
    """Rows of invented remarks, so many a label."""
    return [
        [f"{x}-{i}", f"{x} remark of visitor {i} {'abcdefghijkl'[i]}", x] for x, n in counts.items() for i in range(n)
    ]


def test_what_is_wrong_with_the_labels_is_warned_of_and_stays_with_the_splits(task_folder):
    rows = [
        *train_rows(animals=5, menu=1),
        ["m1", "a typo here", "Menu!"],
        ["m2", "and another", "Menu!"],
        ["e", "", "menu"],
    ]
    task = load_task(changed(task_folder, train=rows, test=train_rows(menu=2, animals=2)))
    with pytest.warns(UserWarning) as caught:
        splits = task.splits
    (warning,) = [str(w.message) for w in caught]
    for note in (
        "train: unknown label 'Menu!' in 2 rows - did you mean 'menu'?",
        "3 of 9 rows of train are left out",
        "no rows in train: label 'visits'",
        "one row in train: label 'menu'",
        "no rows in test: label 'visits'",
    ):
        assert note in warning and note in repr(splits)


def test_the_only_row_of_a_label_is_not_spent_on_validation(task_folder):
    task = load_task(changed(task_folder, train=train_rows(animals=10, visits=10, menu=1)))
    with pytest.warns(UserWarning, match="label 'animals' has 8 of its 10 rows left, fewer than 10 seeds"):
        splits = task.splits
    assert Counter(splits.train["label"]) == {"animals": 8, "visits": 8, "menu": 1}
    assert Counter(splits.validation["label"]) == {"animals": 2, "visits": 2}


def test_a_task_names_columns_values_and_encoding_of_its_files(task_folder):
    for part in ("train", "test"):
        lines = [f"{i % 3};café no. {i} {part}" for i in range(12)]
        (task_folder / f"{part}.csv").write_bytes("\n".join(["mood;remark", *lines]).encode("cp1252"))
    yaml = yaml_with(
        source="{train: train.csv, test: test.csv, encoding: cp1252, columns: {text: remark, label: mood}, "
        "names: {0: animals, 1: menu, 2: visits}}"
    )
    (task_folder / "task.yaml").write_text(yaml, encoding="utf-8")
    splits = load_task(task_folder).splits
    assert splits.test[1] == {"id": "test-1", "text": "café no. 1 test", "label": "menu"}


def test_a_folder_that_is_no_task_says_what_it_lacks(tmp_path):
    with pytest.raises(SynthkitError, match=r"neither a task\.yaml nor a card\.json"):
        load_task(tmp_path)


def test_a_task_without_test_rows_is_refused(tmp_path):
    folder = write_task(tmp_path / "cafe", yaml=yaml_with(source="{train: train.csv}"))
    with pytest.raises(SynthkitError, match="`source` names no test rows"):
        _ = load_task(folder).splits


def test_an_unset_key_is_as_good_as_none(tmp_path):
    task = load_task(write_task(tmp_path / "cafe", yaml=TASK_YAML + "licence:\n"))
    assert task.licence == "unknown"


def hub_folder(path):
    """Parquet files as a dataset on the Hub has them, with class numbers."""
    features = Features({"sentence": Value("string"), "mood": ClassLabel(names=["bad", "good", "unsure"])})
    for part, start in (("train", 0), ("test", 100)):
        sentences = [f"sentence number {i}" for i in range(start, start + 30)]
        moods = [i % 3 for i in range(30)]
        Dataset.from_dict({"sentence": sentences, "mood": moods}, features=features).to_parquet(
            path / f"{part}-00000-of-00001.parquet"
        )
    return path


def hub_task(tmp_path, source):
    hub = tmp_path / "hub"
    hub.mkdir()
    hub_folder(hub)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "task.yaml").write_text(
        f"name: mine\ndomain: Sentences.\nlabels: {{negative: a bad mood, positive: a good mood}}\n"
        f"source: {{hub: '{hub}', {source}}}\n",
        encoding="utf-8",
    )
    return load_task(tmp_path / "mine")


def test_a_hub_dataset_is_read_by_its_column_and_class_names(tmp_path):
    columns = "columns: {text: sentence, label: mood}"
    splits = hub_task(tmp_path, f"{columns}, names: {{bad: negative, good: positive}}").splits
    assert set(splits.train["label"]) == {"negative", "positive"}
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (16, 4, 20)
    assert splits.test[0] == {"id": "test-0", "text": "sentence number 100", "label": "negative"}


def test_several_values_can_be_folded_into_one_label(tmp_path):
    columns = "columns: {text: sentence, label: mood}"
    splits = hub_task(tmp_path, f"{columns}, groups: {{negative: [bad, unsure], positive: [good]}}").splits
    assert Counter(splits.test["label"]) == {"negative": 20, "positive": 10}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("columns: {text: sentence}", "no column 'label'; columns are: sentence, mood. Name them in task.yaml"),
        (
            "columns: {text: sentence, label: mood}",
            "no row has a label of this task; its labels are: bad, good, unsure",
        ),
    ],
)
def test_a_hub_dataset_that_does_not_fit_says_what_it_has(tmp_path, source, said):
    with pytest.raises(SynthkitError, match=said):
        _ = hub_task(tmp_path, source).splits


def test_without_network_the_way_to_the_real_rows_is_named(tmp_path, monkeypatch):
    import synthkit.tasks.hub

    monkeypatch.delenv("SYNTHKIT_REALDATA", raising=False)
    monkeypatch.setattr(synthkit.tasks.hub, "_hub_answers", lambda: False)
    with pytest.raises(
        SynthkitError, match=r"SYNTHKIT_REALDATA to a folder that holds movie_review_sentences/train\.csv"
    ):
        _ = load_task("movie_review_sentences").splits
    with pytest.raises(SynthkitError, match="set SYNTHKIT_REALDATA"):
        _ = load_task("pros_cons").splits


def test_a_folder_in_realdata_stands_in_for_the_hub(tmp_path, monkeypatch):
    folder = tmp_path / "movie_review_sentences"
    folder.mkdir()
    rows = [
        ["a fine film", "positive"],
        ["a dull film", "negative"],
        ["a loud film", "negative"],
        ["bright", "positive"],
    ]
    write_csv(
        folder / "train.csv", rows * 1 + [["moving", "positive"], ["empty", "negative"]], header=("text", "label")
    )
    write_csv(folder / "test.csv", rows, header=("text", "label"))
    monkeypatch.setenv("SYNTHKIT_REALDATA", str(tmp_path))
    splits = load_task("movie_review_sentences").splits
    assert list(splits.test["id"]) == ["test-0", "test-1", "test-2", "test-3"]


@pytest.mark.realdata
@needs_real_rows
@pytest.mark.parametrize("name", THIRD_PARTY)
def test_each_third_party_task_fits_its_real_rows(name):
    task = load_task(name)
    splits = task.splits
    parts = (splits.train, splits.validation, splits.test)
    for rows in (splits.train, splits.test):
        assert set(rows["label"]) == set(task.labels)
    ids = [set(rows["id"]) for rows in parts]
    assert sum(map(len, ids)) == len(set.union(*ids)) == sum(map(len, parts))
    shared = set(splits.train["text"]) & set(splits.validation["text"])
    assert shared <= _repeated(name)


def _repeated(name):
    """Texts that the source itself holds more than once in train."""
    counts = Counter(load_rows(Path(REALDATA) / name / "train.csv").rows["text"])
    return {text for text, count in counts.items() if count > 1}


@pytest.mark.parametrize("inside", [True, False])
def test_a_task_may_have_unlabelled_rows_of_its_own(task_folder, inside):
    (task_folder / "pool.txt").write_text("is the big cat asleep?\nfour pounds for a bun\n", encoding="utf-8")
    where = task_folder / "task.yaml"
    lines = where.read_text(encoding="utf-8")
    where.write_text(
        lines.replace("source: {", "source: {unlabelled: pool.txt, ") if inside else lines + "\nunlabelled: pool.txt\n",
        encoding="utf-8",
    )
    splits = load_task(task_folder).splits
    assert splits.unlabelled["text"] == ["is the big cat asleep?", "four pounds for a bun"]
    assert splits.unlabelled.column_names == ["id", "text"] and "2 unlabelled" in repr(splits)


def test_the_labels_of_train_can_be_hidden_and_a_task_without_a_pool_has_none(feedback, cafe):
    assert feedback.splits.unlabelled["text"] == feedback.splits.train["text"]
    assert feedback.splits.unlabelled.column_names == ["id", "text"]
    assert cafe.splits.unlabelled is None


def test_raw_texts_that_are_labelled_already_are_left_out_and_said(task_folder):
    labelled = load_task(task_folder).splits
    raw = [labelled.test["text"][0].upper(), labelled.train["text"][0], "nobody has read this yet"]
    (task_folder / "raw.txt").write_text("\n".join(raw))
    with (task_folder / "task.yaml").open("a") as file:
        file.write("unlabelled: raw.txt\n")
    with pytest.warns(UserWarning, match="2 unlabelled texts left out: they are among the labelled rows"):
        assert load_task(task_folder).splits.unlabelled["text"][:] == raw[2:]
