"""Labelled rows beside the texts that a model labels: near ones, anonymised, never the texts themselves."""

from dataclasses import replace

import pytest
from support.cafe import TRAIN

from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.generation.annotate import annotate
from synthkit.generation.attributes import propose_attributes
from synthkit.generation.generate import generate
from synthkit.generation.label_requests import annotate_requests
from synthkit.prompts.labelling import SHOWN, Examples
from synthkit.seeds.seeds import load_seeds

RAW = {"id": ["m1", "m2"], "text": ["the scone was dry and the tea cold", "a kitten scratched my hand"]}


@pytest.fixture
def seeds(cafe):
    return load_seeds(cafe, k=4)


def prompt(request) -> str:
    return request.messages[-1]["content"]


def test_of_each_text_the_nearest_row_of_the_nearest_label_comes_first(cafe, seeds):
    first = Examples(cafe, seeds).near([{"id": "m", "text": "my cocoa and the cinnamon bun were cold"}])
    assert [row["label"] for row in first][0] == "menu"
    assert sorted(row["label"] for row in first) == sorted(TRAIN)  # one of each label for a single text


def test_neither_a_text_that_is_asked_about_nor_what_nearly_repeats_it_is_shown(cafe, seeds):
    known = seeds.rows[0]
    asked = [{"id": "other", "text": f"{known['text'].upper()}!"}, {"id": seeds.rows[1]["id"], "text": "a cold bun"}]
    shown = {row["id"] for row in Examples(cafe, replace(seeds, anonymized=True)).near(asked)}
    assert shown and not shown & {known["id"], seeds.rows[1]["id"]}


def test_rows_of_another_file_that_share_their_ids_hide_no_example(cafe, seeds):
    asked = [{"id": row["id"], "text": f"nothing alike {i}"} for i, row in enumerate(seeds.rows)]
    assert Examples(cafe, seeds).near(asked) == Examples(cafe, seeds).near([{**r, "id": f"q{r['id']}"} for r in asked])
    assert Examples(cafe, seeds).near(asked)


def test_where_every_row_is_asked_about_none_is_shown(cafe, seeds):
    rows = seeds.rows.select_columns(["id", "text"])
    assert Examples(cafe, seeds).near(list(rows)) == []
    assert "<examples>" not in prompt(annotate_requests(rows, cafe, examples=seeds)[0][0])


def test_no_more_than_forty_are_shown_however_many_there_are(cafe, seeds):
    words = ["soup", "bun", "cat", "table", "queue", "kitten", "cake"]
    texts = [f"{one} and {other} number {i}" for i in range(2) for one in words for other in words if one != other]
    labels = [list(TRAIN)[i % 3] for i in range(len(texts))]
    many = replace(seeds, rows=make_rows({"id": [f"e{i}" for i in range(len(texts))], "text": texts, "label": labels}))
    asked = [{"id": f"m{i}", "text": f"about the {word} on day {i}"} for i, word in enumerate(words * 3)]
    assert 0 < len(Examples(cafe, many).near(asked[:1])) <= 3
    assert len(Examples(cafe, many).near(asked)) <= SHOWN


def test_the_default_prompt_shows_no_row_and_examples_stand_in_it_with_their_labels(cafe, seeds):
    plain, shown = (prompt(annotate_requests(make_rows(RAW), cafe, examples=e)[0][0]) for e in (None, seeds))
    assert "<examples>" not in plain and not any(text in plain for text in seeds.rows["text"])
    part = shown.split("<examples>")[1].split("</examples>")[0]
    assert part.count('"label"') == len(part.strip().splitlines()) > 2
    assert shown.endswith(plain[plain.index("Which label does each") :])


def test_examples_of_a_sensitive_task_are_shown_anonymised(cafe):
    rows = [("call Ann Miller at ann.miller@example.com", "visits"), ("pass CAT-1234 was refused at the door", "menu")]
    task = replace(cafe, sensitive=True, patterns={"PASS": r"CAT-\d{4}"})
    texts, labels = zip(*rows, strict=True)
    few = replace(load_seeds(cafe, k=1), rows=make_rows({"id": ["a", "b"], "text": texts, "label": labels}), task=task)
    shown = prompt(annotate_requests(make_rows(RAW), task, examples=few)[0][0])
    assert "[EMAIL]" in shown and "[PASS]" in shown
    assert "ann.miller" not in shown and "CAT-1234" not in shown


def test_what_cannot_be_shown_is_said_before_anything_is_asked(cafe, seeds, scripted):
    source, raw = scripted(lambda request: pytest.fail("asked")), make_rows(RAW)
    with pytest.raises(SynthkitError, match="examples=Dataset: expected seeds"):
        annotate(raw, cafe, examples=seeds.rows, llm=source, progress=False)
    other = replace(seeds, rows=make_rows({"id": ["a"], "text": ["hm"], "label": ["dogs"]}))
    with pytest.raises(SynthkitError, match="examples=: unknown label 'dogs'.*rows of another task"):
        annotate(raw, cafe, examples=other, llm=source, progress=False)
    made = generate(cafe, seeds, llm="ngram", strategy="zero_shot", n=6, filters=[], progress=False)
    with pytest.raises(SynthkitError, match="examples= stand beside raw texts"):
        annotate(made, examples=seeds, llm=source, progress=False)


def test_a_batch_is_taken_by_name_wherever_a_model_is_asked(cafe, monkeypatch):
    for name in ("SYNTHKIT_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    said = set()
    for ask in (
        lambda: generate(cafe, strategy="zero_shot", n=6, llm="batch", progress=False),
        lambda: annotate(make_rows(RAW), cafe, llm="batch", progress=False),
        lambda: propose_attributes(cafe, llm="batch", progress=False),
    ):
        with pytest.raises(SynthkitError) as refused:
            ask()
        said.add(str(refused.value))
    assert len(said) == 1 and "unknown llm" not in said.pop()


@pytest.mark.parametrize("name", ["seeds", "examples"])
def test_test_rows_reach_no_prompt(cafe, seeds, name):
    judging = replace(seeds, rows=cafe.splits.test.select(range(4)))
    with pytest.raises(SynthkitError, match=f"{name}=: 4 of 4 rows are test rows of 'cat_cafe'"):
        annotate_requests(make_rows(RAW), cafe, **{name: judging})


def test_examples_without_a_row_are_an_error(cafe, seeds):
    with pytest.raises(SynthkitError, match="examples= hold no row"):
        annotate_requests(make_rows(RAW), cafe, examples=replace(seeds, rows=seeds.rows.select([])))
