"""The baseline without a language model: rows that say so, of the seeds' words, the same every time."""

from dataclasses import replace

from synthkit.generation.baselines import baseline_rows
from synthkit.seeds.seeds import load_seeds


def test_the_baseline_speaks_in_the_words_of_the_seeds_and_says_what_it_is(cafe):
    seeds = load_seeds(cafe, k=6)
    rows = baseline_rows(cafe, seeds, n=12, random_state=1)
    assert set(rows["model"]) == {"ngram"} and len(rows) <= 12
    spoken = {word for text in seeds.rows["text"] for word in text.split()}
    assert {word for text in rows["text"] for word in text.split()} <= spoken
    assert list(baseline_rows(cafe, seeds, n=12, random_state=1)["text"]) == list(rows["text"])


def test_the_seeds_of_a_sensitive_task_are_anonymised_first(cafe):
    seeds = load_seeds(cafe, k=6)
    marked = seeds.rows.to_list()
    marked[0]["text"] = "write to ann.lee@example.org about the grey kitten by the window please"
    seeds = replace(seeds, rows=type(seeds.rows).from_list(marked))
    rows = baseline_rows(replace(cafe, sensitive=True), seeds, n=30)
    assert len(rows) and not any("ann.lee" in text for text in rows["text"])
