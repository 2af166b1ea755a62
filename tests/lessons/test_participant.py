"""What a participant takes home: ten rows of their own in two labels, a prompt of their own, a review, a verdict."""

import pytest
from support.replies import Scripted, as_reply

import synthkit as sk
from synthkit.prompts.registry import STRATEGIES

TRAMS = ["late again", "the tram to the harbour", "no seat on line nine", "our stop was skipped", "doors jammed again"]
NOVELS = [
    "a slow first chapter",
    "the sea on every page",
    "no hero at all",
    "read it twice",
    "thin plot but fine prose",
]
TEST = [f"line {n} stopped before the bridge,trams" for n in ("two", "four", "six", "ten")]
TEST += [f"the {n} chapter drags on and on,novels" for n in ("second", "third", "fifth", "last")]
WORDS = {"trams": "tram stop rails driver ticket delay", "novels": "chapter author plot style ending page"}
ARMS = ("real_few", "synthetic", "real_few+synthetic", "real_full")


@pytest.fixture
def folder(tmp_path):
    """A task written by hand: ten rows in two labels, and eight to be tested on."""
    (tmp_path / "task.yaml").write_text(
        "name: mine\ntext_kind: note\ndomain: Notes of one person about trams and about novels.\n"
        "labels: {trams: 'trams, stops, delays', novels: 'books read, their plots and style'}\n"
        "source: {train: train.csv, test: test.csv}\n",
        encoding="utf-8",
    )
    train = [f"{text},{label}" for label, texts in (("trams", TRAMS), ("novels", NOVELS)) for text in texts]
    for name, rows in (("train", train), ("test", TEST)):
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    return tmp_path


def answers(request) -> str:
    """A small model on the laptop: it knows what trams and novels are, and not much else."""
    words, start = WORDS[request.label].split(), request.slot
    pairs = [(words[(start + i) % 6], words[(start + 2 * i + 1) % 6]) for i in range(request.count)]
    return as_reply([f"{a} and {b} of day {start * 7 + i}" for i, (a, b) in enumerate(pairs)])


def test_own_rows_own_prompt_review_and_a_verdict(folder, request):
    task = sk.load_task(folder)
    lab = sk.prompt_lab(task, sk.load_seeds(task, k=4), n=20, llm=Scripted(answers))
    lab.source.value = "scripted"
    assert lab.ask("Write 5 hurried notes with the label `trams`.").texts
    lab.as_strategy("hurried")
    request.addfinalizer(lambda: STRATEGIES.pop("hurried"))
    made = sk.generate(task, strategy="hurried", n=20, llm=Scripted(answers), progress=False)
    assert set(made.rows["label"]) == {"trams", "novels"} and set(made.rows["strategy"]) == {"hurried"}
    reader = sk.review(made, file=folder / "me.jsonl")
    reader.drop(comment="nobody says so")
    read = reader.result()
    arms = sk.standard_arms(read, k=4, draws=2)
    some = {name: arms[name] for name in ARMS}
    comparison = sk.compare(some, test=task.splits.test, task=task, students=["tfidf_lr"], progress=False)
    assert len(arms["synthetic"][0]) == len(made.rows) - 1
    assert "macro-F1" in comparison.verdict("tfidf_lr")
