"""Each filter drops for its own reason, says what it saw, and keeps quiet otherwise."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.replies import as_reply, distinct_texts
from support.rows import row

from synthkit.core.copies import MEMORY_FLOOR, SeedCopies
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.generation.filter import Filter, apply, as_filters
from synthkit.generation.filters import (
    Empty,
    ExactDuplicate,
    LabelLeak,
    Length,
    MetaTalk,
    NearDuplicate,
    PersonalData,
    SeedCopy,
    default_filters,
)
from synthkit.generation.generate import generate
from synthkit.prompts.plan import plan
from synthkit.quality.privacy import EDITED, privacy
from synthkit.quality.report import Draft
from synthkit.seeds.seeds import Seeds
from synthkit.tasks.task import Task, load_task

TASK = Task("cafe", {"menu_items": "food", "animals": "cats"}, "remarks", min_words=4, max_words=20)
SEED = "my neighbour feeds nine cats on his balcony every single evening at seven sharp"


def rows_of(some, name):
    return make_rows({"id": [f"{name}{i}" for i in range(len(some))], "text": list(some), "label": ["a"] * len(some)})


def seeds_of(texts, rest=()):
    return Seeds(rows_of(texts, "seed"), rows_of(rest, "rest"), k=len(texts), random_state=0)


def keep_all(texts, seeds=None):
    filters = default_filters(TASK, seeds)
    return [i for i, t in enumerate(texts) if not apply(row(t, f"r{i}"), filters)]


short_texts = st.lists(st.text(alphabet="abc !", max_size=12), max_size=12)


EVERY = range(len(default_filters(TASK)))
remarks = st.lists(
    st.sampled_from(
        [*"a b", "Text 1: a cat", "a cat sat there", "a cat sat there!", "A cat, sat there", "animals: sat", SEED]
        + ["mail a@b.com for cats", "cold tea here today", "cold tea here todays", " ".join(["cat"] * 40)]
    ),
    max_size=10,
)


def kept_by(f, texts):
    rows = [row(t, f"r{i}") for i, t in enumerate(texts)]
    return [r["text"] for r in rows if not apply(r, [f])]


@pytest.mark.parametrize("which", EVERY)
@given(texts=remarks)
def test_what_a_filter_keeps_it_keeps_again(which, texts):
    def fresh():
        return default_filters(TASK, seeds_of([SEED]))[which]

    kept = kept_by(fresh(), texts)
    assert kept_by(fresh(), kept) == kept


@pytest.mark.parametrize("which", EVERY)
@given(texts=remarks)
def test_a_filter_without_a_memory_does_not_depend_on_the_order(which, texts):
    f = default_filters(TASK, seeds_of([SEED]))[which]
    if type(f).keep is Filter.keep:
        assert sorted(kept_by(f, texts)) == sorted(kept_by(f, texts[::-1]))


def noisy(request):
    """A model that says good things and bad ones, some of them twice."""
    said = ["a cat sat there", SEED, "mail a@b.com for cats", "Text 1: a cat", "animals: one bit me"]
    return as_reply([said[(request.slot + i) % 5] if i % 2 else f"cat {request.slot} went {i} steps" for i in range(5)])


@settings(max_examples=15)
@given(order=st.permutations(list(EVERY)), count=st.integers(0, len(EVERY)))
def test_the_ledger_adds_up_for_any_choice_and_order_of_filters(cafe, scripted, order, count):
    every = default_filters(cafe, seeds_of([SEED]))
    chosen = [every[i] for i in order[:count]]
    made = generate(plan(cafe, strategy="zero_shot", n=20), llm=scripted(noisy), filters=chosen, progress=False)
    made.ledger.check()
    assert made.ledger.kept == len(made.rows) <= 20
    reasons = dict(made.ledger.dropped)
    assert sum(reasons.values()) == len(made.drops) + reasons.get("not needed (n is reached)", 0)
    assert {d["reason"] for d in made.drops} <= {f.name for f in chosen}


def test_filters_that_are_used_again_remember_what_they_kept(cafe, scripted):
    filters = default_filters(cafe)
    first = generate(plan(cafe, strategy="zero_shot", n=9), llm=scripted(noisy), filters=filters, progress=False)
    second = generate(plan(cafe, strategy="zero_shot", n=9), llm=scripted(noisy), filters=filters, progress=False)
    assert len(first.rows) == 9
    assert not set(first.rows["text"]) & set(second.rows["text"])


def test_a_function_is_a_filter(cafe, scripted):
    def too_many_steps(row):
        return "steps" in row["text"] and f"steps in {row['text'][:5]}"

    made = generate(
        plan(cafe, strategy="zero_shot", n=5), llm=scripted(noisy), filters=[too_many_steps], progress=False
    )
    assert (made.drops[0]["reason"], made.drops[0]["evidence"]) == ("too many steps", "steps in cat 0")
    with pytest.raises(SynthkitError, match="'empty' is neither a filter"):
        generate(plan(cafe, strategy="zero_shot", n=5), llm=scripted(noisy), filters=["empty"], progress=False)


@pytest.mark.parametrize("fails", [lambda row: row["lable"], lambda row: int(row["text"]), lambda row: 1 / 0])
def test_a_filter_that_fails_names_itself_and_the_row(cafe, scripted, fails):
    fails.__name__ = "my_rule"
    with pytest.raises(
        SynthkitError, match=r"filter 'my rule' failed on row zero_shot-r0-s0000-1 \('.*\): \w+Error: "
    ) as e:
        generate(plan(cafe, strategy="zero_shot", n=5), llm=scripted(noisy), filters=[fails], progress=False)
    assert isinstance(e.value.__cause__, (KeyError, ValueError, ZeroDivisionError))


def test_a_partial_is_a_filter_and_a_class_or_a_lone_function_is_refused_with_the_fix(cafe):
    (own,) = as_filters([partial(lambda row, word: word in row["text"], word="steps")])
    assert (own.name, own.check({"text": "two steps"}).evidence, own.check({"text": "none"})) == (
        "partial",
        "True",
        None,
    )
    with pytest.raises(SynthkitError, match=r"made as Length\(task\) is"):
        as_filters([Length])
    with pytest.raises(SynthkitError, match="expected a list of filters"):
        as_filters(len)


def test_what_a_prompt_shows_is_looked_for_even_if_the_filters_were_made_without_it(cafe, cafe_seeds, scripted):
    def copy(request):
        shown = {r["id"]: r["text"] for r in cafe_seeds.rows}
        return as_reply([shown[i] for i in request.demo_ids[:5]])

    few = plan(cafe, cafe_seeds, strategy="few_shot", n=5)
    made = generate(few, llm=scripted(copy), filters=default_filters(cafe), progress=False)
    assert {d["reason"] for d in made.drops} == {"memorized seed"}
    assert all("shown in its prompt" in d["evidence"] for d in made.drops)


@given(short_texts)
def test_what_was_kept_once_is_kept_again(texts):
    kept = keep_all(texts)
    survivors = [texts[i] for i in kept]
    assert keep_all(survivors) == list(range(len(survivors)))


@given(short_texts)
def test_a_text_seen_twice_is_kept_at_most_once(texts):
    assert keep_all([*texts, *texts]) == keep_all(texts)


@pytest.mark.parametrize("text", ["", "   ", "\u200b \ufeff"])
def test_a_text_with_nothing_to_see_is_empty(text):
    assert apply(row(text), default_filters(TASK))[0].reason == "empty"


@pytest.mark.parametrize("text", ["!?...", "🙀", "+1", "क्यों?"])
def test_a_text_of_signs_is_not_empty(text):
    assert Empty().check(row(text)) is None


@given(st.lists(st.sampled_from(["well :)", "well :(", "F#", "F++", "F", "🙀", "🙃", "??", "!!", "माला", "मेला"])))
def test_texts_told_apart_by_a_sign_alone_are_no_duplicates(texts):
    filters = [ExactDuplicate(), NearDuplicate()]
    assert [t for t in texts if not apply(row(t), filters)] == list(dict.fromkeys(texts))


def test_the_evidence_names_the_twin():
    filters = default_filters(TASK)
    assert apply(row("the tall black cat slept all day", "first"), filters) == []
    exact, near = apply(row("The tall  black cat slept ALL day", "second"), filters)
    assert (exact.reason, exact.evidence) == ("exact duplicate", "of first")
    assert (near.reason, near.evidence) == ("near-duplicate", "of first, Jaccard 1.00")
    (only,) = apply(row("the tall black cat slept all days", "third"), filters)
    assert only.reason == "near-duplicate"
    assert only.evidence.startswith("of first, Jaccard 0.9")


def test_a_dropped_row_is_not_held_against_later_ones():
    filters = default_filters(TASK, seeds_of([SEED]))
    assert apply(row(SEED, "copy"), filters)[0].reason == "memorized seed"
    assert "copy" not in str(apply(row(SEED, "again"), filters))


def test_the_rest_of_train_has_no_say_in_what_counts_as_memorized():
    with_rest = SeedCopy(seeds_of([SEED], rest=[SEED + " and so on"] * 20))
    assert with_rest.check(row(" ".join(SEED.split()[: MEMORY_FLOOR + 1]) + " was what they all talked of in the yard"))


def test_a_run_of_seed_words_is_memorized_only_beyond_the_floor():
    own = "then something else entirely happened here"
    memorized = SeedCopy(seeds_of([SEED]))
    words = SEED.split()
    assert memorized.check(row(f"{own} {' '.join(words[:MEMORY_FLOOR])} {own}")) is None
    verdict = memorized.check(row(f"{own} {' '.join(words[: MEMORY_FLOOR + 1])} {own}"))
    assert verdict.reason == "memorized seed"
    assert verdict.evidence.startswith("7 words in a row of seed seed0: “my neighbour feeds nine cats on his”")


def test_a_shorter_text_that_nearly_is_a_seed_is_memorized():
    verdict = SeedCopy(seeds_of(["lovely cats but a long queue"])).check(row("Lovely cats, but a long queue!!"))
    assert verdict.evidence == "near-duplicate of seed seed0, Jaccard 1.00"


def test_runs_that_seeds_share_with_each_other_raise_what_is_allowed():
    phrase = "thank you very much for your kind and quick reply to my letter"
    seeds = [phrase + " sincerely Ann", phrase + " yours Bob"]
    memorized = SeedCopy(seeds_of(seeds))
    assert SeedCopies(seeds).allowed == len(phrase.split())
    assert memorized.check(row(f"{phrase}, and goodbye for now from all of us here in the north")) is None


KENNEL = "our terrier learned to open the kitchen cupboard and eats biscuits whenever the house is quiet"
LOOKS_LIKE = str.maketrans("aeopc", "\u0430\u0435\u043e\u0440\u0441")
DISGUISES = {
    "one word changed": KENNEL.replace("biscuits", "sausages"),
    "every third word changed": " ".join("lemon" if i % 3 == 1 else w for i, w in enumerate(KENNEL.split())),
    "every fifth word changed": " ".join("lemon" if i % 5 == 2 else w for i, w in enumerate(KENNEL.split())),
    "words swapped in pairs": " ".join(
        w for pair in zip(KENNEL.split()[1::2], KENNEL.split()[::2], strict=True) for w in pair
    ),
    "zero-width": "\u200b".join(KENNEL),
    "typos": KENNEL.replace("terrier", "terier").replace("cupboard", "cuboard").replace("quiet", "qiuet"),
    "letters that look alike": KENNEL.translate(LOOKS_LIKE),
    "capitals and commas": KENNEL.upper().replace(" ", ", "),
    "accents": KENNEL.replace("e", "é"),
    "words before and behind": f"Well, hello all. {KENNEL.replace('open the', 'break the')} - so funny!",
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_an_edited_copy_of_a_seed_is_memorized(disguise):
    copies = SeedCopy(seeds_of([KENNEL, SEED, "the vet was kind to our old cat and took her time with the stitches"]))
    assert copies.check(row(DISGUISES[disguise])).reason == "memorized seed"


@pytest.mark.parametrize("disguise", DISGUISES)
def test_the_report_counts_what_the_filter_drops_beside_as_many_real_rows(disguise):
    others = ["the vet was kind to our old cat and took her time with the stitches", SEED]
    draft, seeds = Draft(), rows_of([KENNEL, *others], "seed")
    real = [f"{word} came back late and wet" for word in KENNEL.split()[:9]]
    held_out = rows_of([*real, others[0].replace("cat", "dog")], "real")
    made = rows_of([DISGUISES[disguise], "a parrot that nobody owns sings before the bakery opens"], "made")
    privacy(draft, made, seeds, held_out, None)
    (line,) = [line for line in draft.lines if line.metric == EDITED]
    assert (line.synthetic.value, line.control.value) == (0.5, 0.1)
    assert [(c.id, c.seed) for c in draft.tables["copied rows"]] == [("made0", "seed0")]


def test_a_text_on_the_same_matter_is_no_copy():
    copies = SeedCopy(seeds_of([KENNEL, SEED]))
    assert copies.check(row("the dog next door has learned to open our gate and eats what the cat leaves")) is None


def test_a_paraphrase_and_a_row_whose_prompt_showed_nothing_may_be_as_alike_as_chance_allows(cafe_seeds):
    copies = SeedCopy(seeds_of([KENNEL, SEED]))
    half = row("the terrier learned to open our kitchen drawer and steals meat whenever the street is very quiet")
    assert copies.check({**half, "strategy": "paraphrase"}) is None
    assert copies.check(half) is not None
    copies.begin(plan(cafe_seeds.task, strategy="zero_shot", n=2))
    assert copies.check(half) is None
    assert copies.check({**half, "demo_ids": '["seed0"]'}) is not None
    assert copies.check(row(DISGUISES["zero-width"])) is not None


def test_without_seeds_nothing_counts_as_memorized():
    assert SeedCopy(None).check(row(SEED)) is None


def test_the_order_of_the_filters_is_the_stated_one():
    names = [f.name for f in default_filters(TASK)]
    assert names == [
        "empty",
        "length",
        "meta-talk",
        "label leaked",
        "personal data",
        "memorized seed",
        "exact duplicate",
        "near-duplicate",
    ]


@pytest.mark.parametrize(
    ("text", "evidence"),
    [("one", "1 words, at least 2"), (" ".join(["cat"] * 31), "31 words, at most 30"), ("two cats", None)],
)
def test_lengths_far_from_the_tasks_are_dropped(text, evidence):
    verdict = Length(TASK).check(row(text))
    assert (verdict and verdict.evidence) == evidence


@pytest.mark.parametrize(
    "text",
    [
        "Here is a review: the cats were sweet",
        "Sure, here's an example of a message: cold tea",
        "Text 1: the cats were sweet",
        "As an AI language model I have no cat",
        "I cannot write such a remark",
        "the cats of [insert name] were sweet",
        '```json {"text": "a cat"}',
    ],
)
def test_talk_about_the_text_is_dropped(text):
    assert MetaTalk().check(row(text)).reason == "meta-talk"


@pytest.mark.parametrize(
    "text", ["here is my problem with the cats", "sure, the text on the menu is small", "ok: fine"]
)
def test_plain_talk_is_not_meta_talk(text):
    assert MetaTalk().check(row(text)) is None


@pytest.mark.parametrize(
    "text",
    ["animals: one bit me", "[animals] one bit me", "one bit me (label: animals)", "the menu_items were cold",
     "category: animals, one bit me", "one bit me #animals]"],
)  # fmt: skip
def test_a_label_as_an_annotation_is_a_leak(text):
    assert LabelLeak(TASK).check(row(text)).reason == "label leaked"


@pytest.mark.parametrize("text", ["the animals were sweet", "Animals, animals everywhere", "menu items were cold"])
def test_a_label_as_a_word_is_none(text):
    assert LabelLeak(TASK).check(row(text)) is None


def test_what_could_reach_a_person_is_dropped_without_being_repeated_and_a_name_is_not():
    verdict = PersonalData().check(row("mail the cat at tom@example.org please"))
    assert (verdict.reason, verdict.evidence) == ("personal data", "EMAIL_ADDRESS at 16")
    assert PersonalData().check(row("thanks to Tom for the tea")) is None


def test_a_placeholder_of_the_anonymizer_is_no_meta_talk_and_one_of_the_model_is():
    task = load_task("feedback")
    assert MetaTalk(task).check(row("where is order [ORDER_NUMBER], please?")) is None
    assert MetaTalk(task).check(row("[ORDER_NUMBER] from [your name]")).evidence == "“[your name]”"


def test_real_rows_give_no_cause_for_alarm():
    task = load_task("feedback")
    filters = [Length(task), MetaTalk(), LabelLeak(task)]
    assert [f.name for r in task.splits.train for f in filters if f.check(r)] == []


HOSTILE = [
    "<script>x</script>",
    "\u202ereversed",
    "a\u0301" * 50,
    '{"texts": [' * 200,
    "[" * 5000,
    "x" * 10_000,
    "\ud800",
    "\0",
]


@given(st.text() | st.sampled_from(HOSTILE))
def test_no_text_breaks_a_filter_and_evidence_can_be_stored(text):
    for f in default_filters(TASK, seeds_of([SEED])):
        verdict = f.check(row(text))
        assert verdict is None or verdict.evidence.encode("utf-8", "surrogatepass")


def test_a_filter_that_judges_no_row_says_what_it_wants(cafe, scripted):
    class Idle(Filter):
        name = "idle"

    with pytest.raises(SynthkitError, match=r"filter 'idle' has no check\(row\)"):
        generate(plan(cafe, strategy="zero_shot", n=5), llm=scripted(distinct_texts), filters=[Idle()], progress=False)
