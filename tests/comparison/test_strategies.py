"""Ways of asking side by side: equal requests, equal rows, baselines, and corrected contrasts."""

from dataclasses import replace

import pytest
from support.cafe import TRAIN
from support.replies import as_reply, distinct_texts
from support.rows import invent

from synthkit.comparison.strategies import MEASURES, _measured, compare_strategies
from synthkit.core.errors import SynthkitError
from synthkit.generation.baselines import augment
from synthkit.generation.generate import generate
from synthkit.llm.recorded import batch_line
from synthkit.prompts.batch import import_batch
from synthkit.prompts.plan import plan
from synthkit.quality.evaluate import evaluate
from synthkit.seeds.seeds import load_seeds
from synthkit.tasks.task import load_task


def good_and_bad(request):
    """A model that answers one strategy with texts of the label, and another with those of the next label."""
    labels = list(TRAIN)
    shift = request.strategy == "persona"
    own = TRAIN[labels[(labels.index(request.label) + shift) % len(labels)]]
    return as_reply([f"{own[i % len(own)]} number {request.slot * 5 + i}" for i in range(5)])


@pytest.fixture(scope="module")
def contest(request):
    from support.replies import Scripted

    cafe, seeds = request.getfixturevalue("cafe"), request.getfixturevalue("cafe_seeds")
    ways = ["zero_shot", "persona", ["zero_shot", "persona"]]
    return compare_strategies(
        cafe, ways, seeds=seeds, requests=6, rows=12, filters=[], llm=Scripted(good_and_bad), on="test", progress=False
    )


def test_each_way_makes_the_same_requests_and_is_judged_by_the_same_number_of_rows(contest):
    assert [e.strategy for e in contest.entries] == ["zero_shot", "persona", "zero_shot+persona"]
    assert {(e.requests, e.texts, e.rows) for e in contest.entries} == {(6, 30, 12)}


def test_texts_of_the_wrong_label_are_seen_and_cost_the_score(contest):
    agreement = {e.strategy: e.agreement for e in contest.entries}
    assert agreement["zero_shot"] > 0.9 > 0.2 > agreement["persona"]
    assert contest.best() == "zero_shot"
    frame = contest.contrasts("zero_shot").to_frame().set_index("contrast")
    assert frame.loc["real_few+persona - real_few+zero_shot", "macro-F1 difference [95 %]"].startswith("-")
    assert (frame["corrected p"] >= frame["p"]).all()


def test_the_table_has_the_baselines_and_says_what_its_intervals_cover(contest):
    frame = contest.to_frame()
    assert {"eda (baseline)", "real rows, as many", "real_few (9 rows)"} <= set(frame["asked by"])
    assert "not another run of the generator" in repr(contest)
    ticks = [t.get_text() for t in contest.plot().axes[0].get_yticklabels()]
    assert ticks[0] == "zero_shot"


def test_the_figure_orders_by_use_and_shows_what_each_row_cost(contest):
    quality, cost = contest.plot().axes
    assert [t.get_text() for t in quality.get_yticklabels()][0] == "zero_shot"
    assert [t.get_text() for t in cost.texts] == ["6"] * 3
    assert "real rows" in quality.get_xlabel() and "tokens" in cost.get_xlabel()


@pytest.fixture(scope="module")
def several(request):
    from support.replies import Scripted

    cafe, seeds = request.getfixturevalue("cafe"), request.getfixturevalue("cafe_seeds")

    def made(filters, states):
        model = Scripted(good_and_bad)
        plans = [plan(cafe, strategy="zero_shot", n=30, surplus=0, random_state=i) for i in states]
        return [generate(p, llm=model, filters=filters, progress=False) for p in plans]

    def nothing_odd(row):
        return "odd" if int(row["text"].split()[-1]) % 2 else None

    ways = {"plain": made([], range(3)), "filtered": made([nothing_odd], range(3)), "once": made([], [5])[0]}
    return compare_strategies(cafe, ways, seeds=seeds, rows=12, on="test", progress=False)


def test_generations_made_before_are_compared_by_name_as_draws(several):
    assert [(e.strategy, e.generations, e.kept) for e in several.entries] == [
        ("plain", 3, 30),
        ("filtered", 3, 15),
        ("once", 1, 30),
    ]
    assert {s.draws for s in several.comparison.scores if s.arm.startswith("real_few")} == {3}
    assert several.comparison.get("plain", "minilm_lr").generations == 3
    assert "cover test rows, 3 draws of training rows, 3 generations and the luck of rows" in repr(several)
    assert "plain (3 generations)" in set(several.to_frame()["asked by"])


def test_a_single_contrast_needs_no_correction(several):
    (row,) = several.contrasts("plain", arms=["filtered"]).to_frame().to_dict("records")
    assert row["p"] == row["corrected p"]
    with pytest.raises(SynthkitError, match="unknown way of asking 'filterd' - did you mean 'filtered'"):
        several.contrasts("plain", arms=["filterd"])


def test_recorded_generations_are_taken_as_far_as_they_go(task_folder):
    task = load_task(task_folder)
    requests = plan(task, strategy="zero_shot", n=30, surplus=0).slots
    answers = [
        {"custom_id": r.custom_id, "response": {"body": {"choices": [{"message": {"content": good_and_bad(r)}}]}}}
        for r in requests
    ]
    import_batch([batch_line(r, "any") for r in requests], answers, task.recordings)
    seeds = load_seeds(task, k=3)
    found = compare_strategies(task, ["zero_shot"], seeds=seeds, requests=6, rows=12, generations=3, progress=False)
    assert [g.plan.random_state for g in found.made["zero_shot"]] == [0]


def test_a_way_of_which_nothing_is_kept_is_an_error_that_names_it(cafe, cafe_seeds, scripted):
    gone = generate(
        plan(cafe, strategy="zero_shot", n=10), llm=scripted(good_and_bad), filters=[lambda row: "no"], progress=False
    )
    with pytest.raises(SynthkitError, match="no row was kept of strict"):
        compare_strategies(cafe, {"strict": gone}, seeds=cafe_seeds, progress=False)


def test_what_cannot_be_compared_is_refused(cafe):
    with pytest.raises(SynthkitError, match="expected at least one name"):
        compare_strategies(cafe, [])
    with pytest.raises(SynthkitError, match="unknown on 'tests' - did you mean 'test'"):
        compare_strategies(cafe, ["zero_shot"], on="tests")


def test_augmented_rows_are_made_of_the_words_of_one_seed(cafe_seeds):
    rows = augment(cafe_seeds, n=30)
    assert rows.to_list()[:10] == augment(cafe_seeds, n=10).to_list()
    bags = [(set(r["text"].split()), r["label"]) for r in cafe_seeds.rows]
    for row in rows:
        assert any(set(row["text"].split()) <= bag and row["label"] == label for bag, label in bags)


def test_ways_of_asking_for_a_sensitive_task_are_compared_and_prompts_show_no_raw_row(cafe, scripted):
    task = replace(cafe, sensitive=True)
    model = scripted(distinct_texts)
    seeds = load_seeds(task, k=3)
    found = compare_strategies(
        task, ["zero_shot", "few_shot"], seeds=seeds, requests=6, rows=12, filters=[], llm=model, progress=False
    )
    assert {e.strategy for e in found.entries} == {"zero_shot", "few_shot"}
    assert all(g.plan.seeds is None or g.plan.seeds.anonymized for some in found.made.values() for g in some)


def test_a_famous_benchmark_is_called_one(cafe, scripted):
    task = replace(cafe, public_since=2019)
    made = generate(plan(task, strategy="zero_shot", n=20), llm=scripted(distinct_texts), filters=[], progress=False)
    found = compare_strategies(task, {"plain": made}, seeds=load_seeds(task, k=3), rows=12, progress=False)
    assert "public since 2019" in found.notes[-1]
    assert "public since 2019" in found._repr_html_()


def test_what_rows_are_like_is_what_evaluate_says_of_the_same_rows():
    real, rows = invent(140, 1), invent(60, 2)
    report = evaluate(rows, real, progress=False)
    measured, control = _measured(rows, real)
    for name, value, usual in zip(MEASURES, measured, control, strict=True):
        line = report.get(name)
        assert value == pytest.approx(line.synthetic.value, abs=1e-9)
        assert usual == pytest.approx(line.control.value, abs=1e-9)


def test_ways_of_asking_are_covered_as_the_report_says(monkeypatch):
    monkeypatch.setattr("synthkit.comparison.strategies.default_embedder", lambda: "lsa")
    real, synthetic = invent(200, 1), invent(120, 2)
    values, control = _measured(synthetic, real)
    report = evaluate(synthetic, real, embedder="lsa", progress=False)
    assert values == [pytest.approx(report.get(name).synthetic.value) for name in MEASURES]
    assert control == [pytest.approx(report.get(name).control.value) for name in MEASURES]
