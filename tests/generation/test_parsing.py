"""The reader of replies: whatever a model wraps its texts in, these texts come out or none, never others."""

import json
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.wrappings import AROUND, BOXES, DAMAGED, LISTS, WRITTEN, dumps, rows

from synthkit.core.text import tidy
from synthkit.generation.parsing import (
    LONGEST_REPLY,
    LONGEST_TEXT,
    number_probabilities,
    number_texts,
    parse_reply,
    reply_problem,
    unsound,
)
from synthkit.llm.request import Reply, Usage
from synthkit.prompts.plan import plan

TEXTS = [
    "the chai came lukewarm, again",
    'She said "one moment" and never came back',
    "It's 5 o'clock: no cat, no cake.",
    "Why is the door locked at ten?",
    "two stars - 1. for the cats 2. for the tea",
]


def texts_in(content, *, count=5, finish="stop"):
    items = parse_reply(Reply(content, "m", Usage(1, 1), finish), count=count)
    return list(number_texts(items or [], count).values())


@pytest.mark.parametrize("box", BOXES)
def test_texts_come_out_of_any_box_with_anything_around_it(box):
    for around in AROUND.values():
        for write in WRITTEN.values():
            assert texts_in(around(write(BOXES[box](TEXTS)))) == TEXTS


@pytest.mark.parametrize("damage", DAMAGED)
def test_texts_come_out_of_damaged_json(damage):
    for box, around in product(set(BOXES) - {"nulls beside"}, AROUND.values()):
        got = texts_in(around(DAMAGED[damage](BOXES[box](TEXTS))))
        # without its bracket the last text may run into what is said after it
        assert got == TEXTS or (damage == "the last bracket missing" and got == TEXTS[: len(got)])


@pytest.mark.parametrize("listed", LISTS)
def test_texts_come_out_of_lists(listed):
    for around in AROUND.values():
        assert texts_in(around(LISTS[listed](TEXTS))) == TEXTS


@pytest.mark.parametrize(
    "holds",
    [
        'I typed {"text": "milk"} and it broke',
        "<text>broken</text> on the menu",
        'the till shows ["a", "b"]',
        "a\nRoom 2: b",
    ],
)
def test_json_tags_and_numbers_in_one_line_of_a_list_are_of_its_text(holds):
    texts = [holds, *TEXTS[1:]]
    said = "\n".join(f"{i}. {t}" for i, t in enumerate(texts, 1))
    assert texts_in(said) == texts_in("Sure, five of them:\n" + said) == texts


@pytest.mark.parametrize("text", ["Room 1: too warm", "Tisch 1 - kein Löffel"])
def test_a_word_and_a_number_before_the_only_text_stay(text):
    assert texts_in(dumps({"texts": rows([text])}), count=1) == [text]


def test_a_numbered_list_of_one_less_or_one_more_is_read_and_of_far_fewer_is_not():
    lines = [f"{i}. {t}" for i, t in enumerate([*TEXTS, "and the bill was wrong"], 1)]
    for count in (4, 5, 6):
        assert texts_in("\n".join(lines[:count])) == TEXTS[:count]
    assert texts_in("\n".join(lines[:3])) == []


def test_two_blocks_that_are_each_numbered_from_one_are_all_the_texts_where_they_make_up_the_number():
    more = [f"again: {t}" for t in TEXTS]
    said = f"Part 1\n{dumps({'texts': rows(TEXTS)})}\nPart 2\n{dumps({'texts': rows(more)})}"
    assert texts_in(said, count=10) == [*TEXTS, *more]


def test_what_stands_in_character_data_is_the_text():
    assert texts_in("".join(f"<text><![CDATA[{t}]]></text>" for t in TEXTS)) == TEXTS


ANY = st.lists(st.text(max_size=40) | st.text("ab'\"1.,:;#-*|<>{}[]\\\n “”’&`", max_size=25), min_size=5, max_size=5)


def proper(texts):
    texts = [tidy(t) for t in texts]
    return len(set(texts)) == 5 and all(t.strip("….") for t in texts)


@given(ANY.filter(proper), st.sampled_from(list(BOXES)), st.sampled_from(list(WRITTEN)), st.sampled_from(list(AROUND)))
def test_any_texts_come_out_of_json_as_they_went_in_or_not_at_all(texts, box, written, around):
    got = texts_in(AROUND[around](WRITTEN[written](BOXES[box](texts))))
    assert got in ([tidy(t) for t in texts], [])


@given(ANY.filter(proper), st.sampled_from(list(BOXES)), st.sampled_from(list(DAMAGED)), st.sampled_from(list(AROUND)))
def test_any_texts_come_out_of_damaged_json_as_they_went_in_or_not_at_all(texts, box, damage, around):
    got = texts_in(AROUND[around](DAMAGED[damage](BOXES[box](texts))))
    assert [t for t in map(tidy, texts) if t in got] == got


@given(ANY.filter(proper), st.sampled_from(list(LISTS)), st.sampled_from(list(AROUND)))
def test_any_texts_come_out_of_a_list_as_they_went_in_or_not_at_all(texts, listed, around):
    got = texts_in(AROUND[around](LISTS[listed](texts)))
    assert got in ([tidy(t) for t in texts], [])


NUMBERED_TEXTS = [f"{i}. {t}" for i, t in enumerate(TEXTS, 1)]


@pytest.mark.parametrize(
    "wrapped",
    [
        NUMBERED_TEXTS,
        [f"{i}) {t}" for i, t in enumerate(TEXTS, 1)],
        [f"**Message {i}:** {t}" for i, t in enumerate(TEXTS, 1)],
        [f"Review #{i} - {t}" for i, t in enumerate(TEXTS, 1)],
        [f"**{i}.** {t}" for i, t in enumerate(TEXTS, 1)],
        [f"- {t}" for t in TEXTS],
        [f"“{t}”" for t in TEXTS],
        [f"**{t}**" for t in TEXTS],
        [f'{i}. "{t}"' for i, t in enumerate([t.replace('"', "'") for t in TEXTS], 1)],
    ],
)
def test_what_stands_round_every_text_of_a_reply_is_taken_off(wrapped):
    assert [t.replace('"', "'") for t in texts_in(dumps({"texts": rows(wrapped)}))] == [
        t.replace('"', "'") for t in TEXTS
    ]


@pytest.mark.parametrize(
    "begins", ["1. the tea, 2. the stairs", '"Never again," I said', "- and that was it", "3) no cats"]
)
def test_one_text_that_begins_like_a_list_is_left_as_it_is(begins):
    texts = [*TEXTS[:3], begins, TEXTS[4]]
    assert texts_in(dumps({"texts": rows(texts)})) == texts
    assert texts_in(dumps({"texts": rows([begins])}), count=1) == [begins]


def test_a_whole_list_in_one_string_is_taken_apart_and_half_a_list_is_not():
    assert texts_in(dumps({"texts": rows(["\n".join(NUMBERED_TEXTS)])})) == TEXTS
    assert texts_in(dumps({"texts": "\n".join(NUMBERED_TEXTS)})) == TEXTS
    assert texts_in(dumps({"texts": rows(["\n".join(NUMBERED_TEXTS[:2])])})) == ["\n".join(NUMBERED_TEXTS[:2])]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "I'm sorry, but I can't help with that.",
        "I cannot write these:\n\n1. They would be false.\n2. They could harm somebody.",
        '{"type": "object", "properties": {"texts": {"type": "array", "items": {"type": "object"}}}}',
        '{"type": "object", "properties": {"texts": {"required": ["number", "text"]}}, "required": ["texts"]}',
        '{"texts": [{"number": 1, "text": "..."}, ...]}',
        '{"error": "I can\'t do that"}',
        '{"message": "I can\'t do that"}',
        '{"texts": []}',
        '{"texts": null}',
        '{"texts": [{"number": 1, "text": ""}, {"number": 2, "text": "  "}]}',
        'The labels are ["animals", "menu"], which one do you want?',
        '<think>{"texts": [{"number": 1, "text": "a draft"}]}',
        "<think>1. a draft\n2. another\n3. a third\n4. more\n5. last",
        '<|channel|>analysis<|message|>{"texts": [{"number": 1, "text": "a draft"}]}',
        '[THINK]maybe {"texts": ["a draft"]}',
        "texts:",
        "<texts></texts>",
        "number,text\n",
        "```json\n```",
        "[1] [2] {3}",
        "Sure, I can do that.\nThe label is menu.\nThe tone will vary.\nSome are short.\nSome are long.",
        "Label: menu\nTone: angry\nLength: short\nLanguage: English\nCount: 5",
        "import json\ntexts = []\nfor i in range(5):\n    texts.append(i)\nprint(texts)",
        "One of them.\n\nA second one.\nA third one.\nA fourth one.\nThe last one.",
        "| Label | Meaning |\n|---|---|\n| a | no food |\n| b | no tea |\n| c | late |\n| d | loud |\n| e | cold |",
    ],
)
def test_nothing_is_made_of_a_reply_that_holds_no_text(said):
    for finish in ("stop", "length"):
        assert texts_in(said, finish=finish) == []


@pytest.mark.parametrize("box", ["as asked", "an array of strings", "by number", "content for text", "pairs"])
def test_a_cut_inside_the_fifth_text_keeps_four(box):
    whole = dumps(BOXES[box](TEXTS))
    cut = whole[: whole.index("2. for the tea")]
    assert texts_in(cut, finish="length") == texts_in("```json\n" + cut, finish="length") == TEXTS[:4]


@pytest.mark.parametrize("listed", ["one object a line", "numbered", "dashes", "YAML", "tags"])
def test_a_cut_inside_the_fifth_line_keeps_four(listed):
    whole = LISTS[listed](TEXTS)
    assert texts_in(whole[: whole.index("2. for the tea")], finish="length") == TEXTS[:4]


def test_a_cut_at_any_place_keeps_what_is_whole_and_nothing_else():
    for box, written in product(("as asked", "an array of strings", "by number"), ("JSON", "JSON on lines")):
        whole = WRITTEN[written](BOXES[box](TEXTS))
        for end in range(len(whole)):
            got = texts_in(whole[:end], finish="length")
            assert got == TEXTS[: len(got)]


QUESTIONS = [
    "Which café do you mean?",
    "What tone should I use?",
    "How long should the texts be?",
    "Is there a house style?",
    "Should they mention the cats?",
]


@pytest.mark.parametrize("listed", ["numbered", "dashes", "quoted lines", "bare lines", "a table", "YAML"])
def test_questions_about_the_texts_to_write_are_no_texts(listed):
    assert texts_in(LISTS[listed](QUESTIONS)) == []
    assert texts_in("Before I begin:\n\n" + LISTS[listed](QUESTIONS)) == []
    assert texts_in(dumps({"texts": rows(QUESTIONS)})) == []


def test_questions_of_customers_are_texts():
    asked = [
        "Why is it closed?",
        "Can I bring a dog?",
        "Could you tell me which tea this is?",
        "When?",
        "Do you mean me?",
    ]
    assert texts_in(LISTS["numbered"](asked)) == texts_in(dumps({"texts": rows(asked)})) == asked


@pytest.mark.parametrize("box", ["as asked", "an array of strings", "by number", "no numbers"])
@pytest.mark.parametrize("after", ["\n\nI hope these help!", "\n```", "\n```\nAll of them are invented."])
def test_brackets_that_are_missing_before_talk_cost_no_text(box, after):
    whole = dumps(BOXES[box](TEXTS))
    for missing in range(1, len(whole) - len(whole.rstrip("]}")) + 1):
        assert texts_in(whole[:-missing] + after) == TEXTS


def test_a_last_quote_that_nothing_but_half_a_sentence_follows_is_of_a_text_that_is_cut_off():
    cut = dumps({"texts": rows(TEXTS[:4])})[:-2] + ', {"number": 5, "text": "the sign says "open"\n\nand then it'
    assert texts_in(cut, finish="length") == TEXTS[:4]


@pytest.fixture
def asked(cafe):
    return replace(plan(cafe, strategy="zero_shot", n=5).slots[0], label="slow_service")


@pytest.mark.parametrize(
    "echo", ["slow_service", "Slow service", "SLOW-SERVICE", "slowService", "label: slow service", 3, None]
)
def test_an_echoed_label_is_compared_as_words(asked, echo):
    said = dumps({"texts": [{**r, "label": echo} for r in rows(TEXTS)]})
    assert reply_problem(asked, reply(said)) is None


def test_texts_under_another_label_are_not_taken_and_the_others_are(asked):
    labels = ["slow_service", "menu", "slow service", "fast service", ""]
    said = reply(dumps({"texts": [{**r, "label": e} for r, e in zip(rows(TEXTS), labels, strict=True)]}))
    assert reply_problem(asked, said) is None
    assert [unsound(asked, i) for i in parse_reply(said)].count("texts of another label") == 2
    other = reply(dumps({"texts": [{**r, "label": "menu"} for r in rows(TEXTS)]}))
    assert reply_problem(asked, other) == "texts of another label"


@pytest.mark.parametrize(
    ("said", "finish", "why"),
    [
        ("", "stop", "empty reply"),
        ("", "length", "cut off at the token limit"),
        ("I'd rather not", "refusal", "refused"),
        ("", "content_filter", "stopped by a filter"),
        ("I'd rather not", "stop", "no text in the reply"),
        (dumps({"texts": rows(TEXTS[:1])}), "length", None),
        (dumps({"texts": rows(TEXTS)}) + "\n" * 900, "length", None),
    ],
)
def test_a_reply_without_a_text_says_why_and_one_with_a_text_is_an_answer(asked, said, finish, why):
    assert reply_problem(asked, reply(said, finish)) == why


def reply(content, finish_reason="stop"):
    return Reply(content, "scripted", Usage(1, 1), finish_reason)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["texts", "number", "text"]), inner),
    max_leaves=20,
)


@given(st.text(max_size=200) | json_values.map(json.dumps), st.sampled_from(["stop", "length"]), st.integers(1, 6))
def test_no_reply_breaks_the_parser_or_yields_more_than_was_asked_for(content, finish_reason, count):
    items = parse_reply(reply(content, finish_reason))
    assert items is None or items
    texts = number_texts(items or [], count)
    assert len(texts) <= count
    assert set(texts) <= set(range(1, count + 1))
    assert all(isinstance(t, str) for t in texts.values())


@given(st.lists(st.fixed_dictionaries({"number": st.integers(-1, 7) | st.text() | st.none(), "text": st.text()})))
def test_numbering_never_gives_more_than_was_asked_for(items):
    texts = number_texts(items, 5)
    assert len(texts) == min(5, len(items)) if len(items) <= 5 else len(texts) <= 5
    assert list(texts) == sorted(texts)


@pytest.mark.parametrize("damage", ["9" * 5000, "[" * 100_000, '{"texts": ' * 3000, "NaN", "1e999999", "\ud800"])
def test_absurd_json_is_unparsable_and_no_crash(damage):
    assert not parse_reply(reply(damage))


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "NaN", "1e999999", "[1]", "null"])
def test_an_absurd_number_does_not_cost_the_text(number):
    items = parse_reply(reply('{"texts": [{"number": ' + number + ', "text": "fine"}]}'))
    assert number_texts(items, 5) == {1: "fine"}


def test_numbers_decide_the_order_of_texts():
    items = [{"number": 2, "text": "second"}, {"number": 1, "text": "first"}]
    assert number_texts(items, 5) == {1: "first", 2: "second"}


@pytest.mark.parametrize("numbers", [[1, 1], [0, 1], [None, 2], [True, 2], ["1", "2"], [1, 9]])
def test_useless_numbers_fall_back_to_the_order_given(numbers):
    items = [{"number": n, "text": t} for n, t in zip(numbers, ["a", "b"], strict=True)]
    assert number_texts(items, 5) == {1: "a", 2: "b"}


def test_fenced_json_and_raw_control_characters_are_read():
    assert parse_reply(reply('```json\n{"texts": [{"number": 1, "text": "a\tb\nc"}]}\n```'))[0]["text"] == "a\tb\nc"


def test_of_a_reply_that_was_cut_off_what_is_whole_is_kept():
    broken = '{"texts": [{"number": 1, "text": "whole"}, {"number": 2, "text": "half of a'
    assert [i["text"] for i in parse_reply(reply(broken, "length"))] == ["whole"]
    assert parse_reply(reply('{"texts": [{"number": 1, "text": "whole"},]}'))[0]["text"] == "whole"


def test_beyond_the_cap_a_reply_is_not_looked_at():
    assert parse_reply(reply(dumps({"texts": rows(["x" * LONGEST_REPLY])}))) is None
    assert texts_in(dumps({"texts": rows(["a", "b", "x" * LONGEST_REPLY, "c"])})) == ["a", "b"]


@pytest.mark.parametrize("heap", ['{"', "[{", '{"a": [', '"', "['", "[1, ", "<text>", "1. ", "- ", "| ", "`", "{'a':'"])
def test_a_heap_of_brackets_gives_nothing_and_takes_no_time(heap):
    assert parse_reply(Reply(heap * (90_000 // len(heap)), "m", Usage(1, 1))) is None


def test_a_text_that_does_not_end_is_no_text():
    assert parse_reply(Reply('{"texts": [{"number": 1, "text": "cut off in the', "m", Usage(1, 1))) is None


@given(st.lists(st.fixed_dictionaries({"text": st.text(), "probability": json_values}), max_size=6))
def test_only_probabilities_are_kept_as_probabilities(items):
    stated = number_probabilities(items, 5)
    assert all(0 <= float(p) <= 1 for p in stated.values())


def test_a_very_long_text_is_cut_at_a_stated_length():
    assert len(number_texts([{"number": 1, "text": "word " * 50_000}], 1)[1]) == LONGEST_TEXT
