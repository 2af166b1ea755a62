"""What a participant edits is answered: by recordings where the words are theirs, else by a model that is named."""

import pytest
from support.replies import Scripted, distinct_texts

import synthkit as sk
from synthkit.views.prompt_lab import PromptLab


@pytest.fixture(scope="module")
def feedback():
    return sk.load_task("feedback")


def test_the_box_holds_the_turn_of_the_request_that_is_counted(feedback):
    lab = PromptLab(feedback, n=60)
    lab.label.value = "returns"
    first = lab.view
    assert lab.turn.value == first.turn and "with the label `returns`" in lab.turn.value
    assert "Answer with JSON" not in lab.turn.value
    lab.number.value = 2
    assert lab.view.request.slot > first.request.slot and lab.of.value.startswith("of ")


def test_unchanged_words_are_answered_by_the_recording(feedback):
    lab = PromptLab(feedback, n=60)
    before = lab.view.texts
    assert lab.ask().texts == before and lab.state.value == "" and not lab.button.disabled


def test_an_edited_prompt_is_asked_of_the_model_that_was_given_and_of_no_other(feedback):
    live = Scripted(distinct_texts)
    lab = PromptLab(feedback, n=60, llm=live)
    lab.turn.value = "Write 5 angry texts with the label `delivery`."
    lab.ask()
    assert "no recorded reply to this prompt" in lab.screen.value and live.asked == []
    lab.source.value = "scripted"
    view = lab.ask()
    (prompt,) = [request.messages[-1]["content"] for request in live.asked]
    assert "Write 5 angry texts" in prompt and "diverse" not in prompt.split("# Your turn")[1]
    assert prompt.split("# Your turn")[0] == lab._request().messages[-1]["content"].split("# Your turn")[0]
    assert len(view.texts) == 5 and view.request.strategy == "edited" and view.model == "scripted"


def test_without_a_model_the_n_gram_baseline_answers(feedback):
    lab = PromptLab(feedback, sk.load_seeds(feedback), n=30)
    lab.strategy.value = "attributed"
    lab.source.value = "n-gram baseline"
    assert lab.ask("Anything at all.").texts


def test_an_edited_turn_becomes_a_strategy_for_every_label(feedback):
    lab = PromptLab(feedback, n=30)
    lab.turn.value = "Write 5 angry texts with the label `delivery`."
    lab.as_strategy("angry")
    planned = sk.plan(feedback, strategy="angry", n=30)
    turns = {r.label: r.messages[-1]["content"].split("# Your turn\n")[1] for r in planned.slots}
    assert all(turn.startswith(f"Write 5 angry texts with the label `{label}`.") for label, turn in turns.items())
    assert len(turns) == 6


@pytest.fixture(autouse=True)
def known_strategies():
    from synthkit.prompts.registry import STRATEGIES

    before = dict(STRATEGIES)
    yield
    STRATEGIES.clear()
    STRATEGIES.update(before)
