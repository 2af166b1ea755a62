"""Rows read one by one: what readers decide is saved at once, joined by majority, and goes on as rows with a ledger."""

import pytest

import synthkit as sk
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.views.review import review
from synthkit.views.review_widget import ReviewWidget

CATS = [
    "a cat sleeps on the sofa",
    "the kitten purrs",
    "our tabby caught a mouse",
    "two cats fight",
    "feed the cat twice",
]
CARS = [
    "the car needs petrol",
    "new tyres for the van",
    "the engine stalls",
    "brakes of the lorry squeal",
    "park the car",
]


def rows():
    texts = [*CATS, *CARS, "my cat drinks milk"]
    labels = ["cats"] * 5 + ["cars"] * 6  # the last one is wrong
    return make_rows({"id": [f"r{i}" for i in range(11)], "text": texts, "label": labels})


@pytest.fixture(scope="module")
def made():
    return sk.generate(sk.load_task("feedback"), strategy="boundary", n=30, progress=False)


def test_the_row_whose_label_a_classifier_doubts_comes_first(tmp_path):
    ana = review(rows(), file=tmp_path / "ana.jsonl")
    assert ana.current == "r10" and ana.guess["r10"] == "cats"


def test_a_review_goes_on_where_it_was_left(tmp_path):
    ana = review(rows(), file=tmp_path / "ana.jsonl")
    ana.relabel("cats", comment="a cat")
    ana.drop()
    second = ana.order[1]
    again = review(rows(), file=tmp_path / "ana.jsonl")
    assert again.current == ana.order[2]
    assert again.decisions() == {"r10": "cats", second: "(dropped)"}
    assert "my cat drinks milk" not in (tmp_path / "ana.jsonl").read_text(encoding="utf-8")
    assert (tmp_path / "ana.jsonl").stat().st_mode & 0o077 == 0  # comments may quote a row
    again.keep(second)
    assert review(rows(), file=tmp_path / "ana.jsonl").decisions()[second] != "(dropped)"


def test_what_is_left_are_rows_under_the_labels_that_were_given(tmp_path):
    ana = review(rows(), file=tmp_path / "ana.jsonl")
    ana.relabel("cats", "r10")
    ana.drop("r0")
    done = ana.result()
    assert done["id"][:] == [f"r{i}" for i in range(1, 11)]
    assert done["label"][-1] == "cats" and rows()["label"][-1] == "cars"


def test_a_reviewed_generation_says_in_ledger_and_rows_what_a_reader_did(made, tmp_path):
    ana = review(made, file=tmp_path / "ana.jsonl")
    dropped, moved = made.rows["id"][:2]
    ana.drop(dropped, comment="nobody writes so")
    other = next(label for label in made.plan.task.labels if label != made.rows["label"][1])
    ana.relabel(other, moved)
    done = ana.result()
    assert done.ledger.kept == len(done.rows) == len(made.rows) - 1
    assert done.dropped().iloc[-1][["reason", "evidence"]].tolist() == ["dropped by a reader", "nobody writes so"]
    assert "label asked for" in done.rows["attributes"][0] and done.rows["label"][0] == other
    assert len(sk.standard_arms(done, k=3, draws=1)["synthetic"][0]) == len(done.rows)


def read(tmp_path, name, **labels):
    one = review(rows(), file=tmp_path / f"{name}.jsonl")
    for row_id, label in labels.items():
        one.drop(row_id) if label == "drop" else one.relabel(label, row_id)
    return one.file


def test_readers_are_joined_by_majority_and_a_tie_stays_undecided(tmp_path):
    files = [
        read(tmp_path, "ana", r0="cats", r1="cats", r5="cars", r6="cars"),
        read(tmp_path, "ben", r0="cats", r1="cats", r5="cars", r6="cats"),
        read(tmp_path, "cem", r0="drop", r1="drop"),
    ]
    joined = review(rows(), join=files)
    assert joined.decisions() == {"r0": "cats", "r1": "cats", "r5": "cars"}
    pair = joined.agreement().set_index(["reader", "other"]).loc["ana", "ben"]
    assert pair["rows"] == 4 and pair["alike"] == 0.75
    assert pair["kappa"] == pytest.approx(0.5)  # by hand: (0.75 - 0.5) / (1 - 0.5)
    assert "1 undecided between readers" in joined.summary()
    with pytest.raises(sk.SynthkitError, match="one reader's"):
        joined.drop("r3")


def test_thirty_files_of_one_name_are_thirty_readers(tmp_path):
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files.append(read(tmp_path / name, "review", r0="cats"))
    assert len(review(rows(), join=files).agreement()) == 1


def test_what_is_no_row_or_no_label_is_refused_with_what_is_known(tmp_path):
    ana = review(rows(), file=tmp_path / "ana.jsonl")
    with pytest.raises(sk.SynthkitError, match="unknown label 'catz' - did you mean 'cats'"):
        ana.relabel("catz", "r1")
    with pytest.raises(sk.SynthkitError, match="unknown row 'r99'"):
        ana.keep("r99")
    with pytest.raises(sk.SynthkitError, match="no such file"):
        review(rows(), join=[tmp_path / "nobody.jsonl"])
    with pytest.raises(sk.SynthkitError, match="no such file: nobody.jsonl"):
        review(rows(), join="nobody.jsonl")


def test_keys_and_clicks_do_what_the_calls_do(tmp_path):
    ana = review(rows(), file=tmp_path / "ana.jsonl")
    view = ReviewWidget(ana)
    assert "my cat drinks milk" in view.screen.value and "classifier says <b>cats</b>" in view.screen.value
    view.comment.value = "clearly"
    view.key.value = "2"  # labels are cars, cats
    assert view.key.value == view.comment.value == "" and view.count.value == "1 of 11"
    view.key.value = "d"
    view.keep.click()
    view.key.value = "x"
    assert list(ana.to_frame()["after"])[:2] == ["cats", "(dropped)"] and len(ana.to_frame()) == 3
    assert ana.to_frame()["comment"][0] == "clearly"
    for _ in range(9):
        view.key.value = "k"
    assert "11 of 11 rows read, 1 dropped, 1 relabelled" in view.screen.value


def test_markup_in_a_text_is_text(tmp_path):
    bad = make_rows({"id": ["a"], "text": ["<script>x</script>"], "label": ["<b>"]})
    shown = ReviewWidget(review(bad, file=tmp_path / "ana.jsonl")).screen.value
    assert "&lt;script&gt;" in shown and "<script>" not in shown and "&lt;b&gt;" in shown


def test_an_id_that_stands_twice_is_refused_rather_than_one_of_its_rows_lost(tmp_path):
    twice = make_rows({"id": ["a", "a", "b"], "text": ["purr", "meow", "honk"], "label": ["cats", "cats", "cars"]})
    with pytest.raises(SynthkitError, match="rows has an id twice"):
        review(twice, file=tmp_path / "ana.jsonl")


def test_a_review_takes_what_was_loaded_a_folder_to_come_and_lines_without_a_comment(tmp_path):
    loaded = sk.load_rows([{"id": "a", "text": "purr", "label": "cats"}, {"id": "b", "text": "honk", "label": "cars"}])
    ana = review(loaded, file=tmp_path / "new" / "ana.jsonl", labels=["cats", "bikes"])
    ana.keep("b")
    ana.file.write_text(ana.file.read_text() + '{"id": "a", "label": "bikes"}\n')
    assert review(loaded, file=ana.file, labels=ana.labels).result()["label"][:] == ["bikes", "cars"]
    with pytest.raises(SynthkitError, match="is a folder; name a file in it"):
        review(loaded, file=tmp_path)
