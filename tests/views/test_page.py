"""The page of a run: one file, no script, no address to load from, everything escaped."""

import re
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
from support.html import Page
from support.replies import HOSTILE, as_reply, distinct_texts
from support.results import result
from support.rows import invent

from synthkit.comparison.leakage import Refused
from synthkit.generation.generate import generate
from synthkit.prompts.plan import plan
from synthkit.quality.evaluate import evaluate
from synthkit.views.page import render_page


@pytest.fixture
def make_page(cafe, scripted):
    def make(texts=None, comparison=None, task=cafe):
        def script(request):
            return as_reply(texts) if texts and request.slot == 0 else distinct_texts(request)

        made = generate(plan(task, strategy="zero_shot", n=10), llm=scripted(script), progress=False)
        report = evaluate(invent(20, 2), invent(40, 1), embedder="lsa")
        compared = comparison or result(real_few=0.5, synthetic=0.6, **{"real_few+synthetic": 0.65}, real_full=0.7)
        figures = [('a "quoted" picture', plt.figure(figsize=(1, 1))), ("another", plt.figure(figsize=(1, 1)))]
        return render_page(made, compared, report, figures, student="minilm_lr")

    return make


def test_a_page_tells_the_whole_run(make_page):
    page = Page(make_page())
    for words in ("can a language model write the training data?", "macro-F1 0.500", "texts asked for", "distinct-2"):
        assert words in page.text
    assert "strategy zero_shot; model scripted; random_state 0" in page.text
    assert page.tags.count("h1") == 1
    assert [image["alt"] for image in page.images] == ['a "quoted" picture', "another"]


def test_a_page_loads_nothing_and_runs_nothing(make_page):
    page = Page(make_page())
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)


def test_hostile_texts_and_titles_are_shown_as_they_are(make_page, cafe):
    evil = "<img src=x onerror=alert(1)>"
    raw = make_page(HOSTILE, task=replace(cafe, title=evil, name="cafe"))
    page = Page(raw)
    assert "script" not in page.tags
    assert len(page.images) == 2
    assert "<script>alert('x')</script> & <b>bold</b>" in page.text
    assert evil in page.text
    raw.encode("utf-8")


def test_a_stand_in_is_called_one(make_page, cafe):
    assert "Stand-in:" not in make_page()
    assert "Stand-in:" in make_page(task=replace(cafe, stand_in=True))


def test_refused_rows_are_listed_up_to_five(make_page):
    compared = result(real_few=0.5, synthetic=0.6, **{"real_few+synthetic": 0.65}, real_full=0.7)
    refused = tuple(Refused("synthetic", f"row<{i}>", "t1", 0.91) for i in range(7))
    text = Page(make_page(comparison=replace(compared, refused=refused))).text
    assert "7 training rows were refused" in text
    assert "synthetic: row<4> repeats t1 (0.91); and 2 more." in text
    assert "row<5>" not in text


def test_the_same_run_gives_the_same_page(make_page):
    assert make_page() == make_page()


def test_the_answer_comes_first_then_its_figure_and_everything_else_is_folded(make_page):
    raw = make_page()
    answer, figure, folded = raw.index("Yes: synthetic rows help"), raw.index("<img"), raw.index("<details>")
    assert answer < figure < folded
    scores, report, rows = raw.index("macro-F1 0.500"), raw.index("distinct-2"), raw.index("All rows, in slot order")
    assert folded < scores < report < rows
    assert raw.count("Yes: synthetic rows help") == 1


def test_every_row_of_a_run_can_be_found_on_the_page(make_page):
    text = Page(
        make_page(texts=[f"invented text number {word}" for word in ("one", "two", "three", "four", "five")])
    ).text
    assert all(f"invented text number {word}" in text for word in ("one", "two", "three", "four", "five"))


def test_a_run_without_a_map_has_no_heading_for_one(make_page):
    assert "Synthetic among real rows" not in make_page()


def test_what_the_report_warns_of_is_not_folded_away(make_page):
    visible = re.sub(r"<details>.*?</details>", "", make_page(), flags=re.DOTALL)
    assert "20 rows a side: fewer than 50" in Page(visible).text
