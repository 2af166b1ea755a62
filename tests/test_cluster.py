"""The verbs over Ray, where it is installed: the rows are those of one process."""

import random
from collections import Counter

import pytest
from datasets import Dataset
from support.fault_server import FaultServer

from synthkit import cluster
from synthkit.core.duplicates import NearIndex
from synthkit.core.errors import SynthkitError
from synthkit.core.rows import make_rows
from synthkit.generation.generate import generate
from synthkit.llm.batch import Batch
from synthkit.llm.budget import Budget
from synthkit.llm.client import LLM
from synthkit.llm.store import Store
from synthkit.prompts.plan import plan

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    pytest.importorskip("ray.dashboard.agent")  # read once, so that its process starts within Ray's 15 seconds
    patch = pytest.MonkeyPatch()
    for name, value in {"RAY_USAGE_STATS_ENABLED": "0", "RAY_agent_register_timeout_ms": "120000"}.items():
        patch.setenv(name, value)
    how = {"include_dashboard": False, "num_cpus": 4, "object_store_memory": 100 * 2**20, "log_to_driver": False}
    for _ in range(3):
        try:
            ray.init(**how, logging_level="ERROR", _node_ip_address="127.0.0.1")
            break
        except Exception as error:  # whatever it says, Ray itself did not start
            ray.shutdown()
            why = error
    else:
        pytest.skip(f"Ray does not start here: {why}")
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield ray
    ray.shutdown()
    patch.undo()


@pytest.fixture
def served():
    with FaultServer(steady=True) as server:
        yield server


def test_a_plan_over_ray_gives_the_rows_of_one_process_and_asks_nothing_again(started, cafe, tmp_path, served):
    chosen = plan(cafe, strategy="attributed", n=120)
    llm = LLM("m", base_url=served.url, rpm=60_000, concurrency=8)
    with Store(tmp_path / "one.sqlite") as store:
        whole = generate(chosen, llm=llm, store=store, progress=False)
    asked = served.requests
    made = cluster.generate(chosen, llm=llm, folder=tmp_path / "run", workers=2)
    assert made.rows.to_list() == whole.rows.to_list() and made.ledger == whole.ledger
    assert served.requests == 2 * asked
    for path in (tmp_path / "run").glob("1-of-*.sqlite"):  # a worker's disk is lost
        path.unlink()
    again = cluster.generate(chosen, llm=llm, folder=tmp_path / "run", workers=2, budget=Budget(requests=asked))
    assert again.rows.to_list() == whole.rows.to_list()


def test_workers_together_keep_to_one_budget_and_what_they_leave_is_asked_here(started, cafe, tmp_path, served):
    chosen = plan(cafe, strategy="attributed", n=120)
    budget = Budget(requests=17)
    made = cluster.generate(chosen, llm=LLM("m", base_url=served.url), folder=tmp_path, workers=2, budget=budget)
    assert served.requests == budget.spent["requests"] == made.ledger.answered == 17


def test_an_endpoint_that_is_not_there_is_said(started, cafe, tmp_path):
    llm = LLM("m", base_url="http://127.0.0.1:9/v1", timeout=0.2)
    with pytest.raises(SynthkitError, match="127.0.0.1:9"):
        cluster.generate(plan(cafe, strategy="zero_shot", n=10), llm=llm, folder=tmp_path)


def invented(n, seed):
    """Texts of which some are nearly the same as others, in chains too, and a crowd is the very same."""
    draw, texts = random.Random(seed), []
    lexicon = ["".join(draw.choices("aeiounrstl", k=draw.randint(3, 8))) for _ in range(3000)]
    for i in range(n):
        if texts and draw.random() < 0.3:
            words = draw.choice(texts).split()
            words[draw.randrange(len(words))] = draw.choice(lexicon)
            texts.append(" ".join(words))
        else:
            texts.append("please ring the bell twice" if i % 20 == 0 else " ".join(draw.choices(lexicon, k=14)))
    return texts


def test_near_duplicates_are_those_of_one_index_whatever_the_files(started, tmp_path):
    texts = invented(1500, 3)
    index, kept, twins = NearIndex(), [], {}
    for i, text in enumerate(texts):
        if found := index.nearest(text):
            twins[i] = found
        else:
            kept.append(text)
            index.add(text, i)
    rows = make_rows({"text": texts, "label": ["a"] * len(texts)})
    (tmp_path / "in").mkdir()
    rows.select(range(700)).to_parquet(tmp_path / "in" / "a.parquet", batch_size=300)
    rows.select(range(700, 1500)).to_parquet(tmp_path / "in" / "b.parquet")
    gone = cluster.near_duplicates(tmp_path / "in", tmp_path / "out")
    assert {line.row: (line.twin, pytest.approx(line.likeness)) for line in gone.itertuples()} == twins
    assert len(twins) > 300
    left = cluster.sample(tmp_path / "out")
    assert left["text"] == kept and left.column_names == rows.column_names
    some = cluster.sample(tmp_path / "out", 50)
    assert len(some) == 50 and not Counter(some["text"]) - Counter(kept)
    assert some.to_list() == cluster.sample(tmp_path / "out", 50).to_list()


def test_vectors_stand_beside_the_rows_they_belong_to(started, tmp_path):
    def lengths(texts):
        return [[len(text), 1.0] for text in texts]

    texts = [*invented(299, 4), None]
    rows = Dataset.from_dict({"text": texts, "row": ["mine"] * 300})
    rows.to_parquet(tmp_path / "rows.parquet", batch_size=64)
    cluster.embed(tmp_path / "rows.parquet", tmp_path / "out", embedder=lengths)
    rows = cluster.sample(tmp_path / "out").to_list()
    assert [r["text"] for r in rows] == [*texts[:-1], ""] and {r["row"] for r in rows} == {"mine"}
    assert [r["vector"] for r in rows] == lengths([*texts[:-1], ""])
    with pytest.raises(SynthkitError, match="out is there and not empty: name a new folder"):
        cluster.near_duplicates(tmp_path / "rows.parquet", tmp_path / "out")
    with pytest.raises(SynthkitError, match="leave none of Ray's 4 cores"):  # it would wait for them for ever
        cluster.embed(tmp_path / "rows.parquet", tmp_path / "more", workers=8)


def test_what_cannot_be_done_over_ray_is_said(cafe, tmp_path, started):
    chosen = plan(cafe, strategy="zero_shot", n=10)
    for llm in ("recorded", Batch("m", api_key="k")):
        with pytest.raises(SynthkitError, match="expected an sk.LLM"):
            cluster.generate(chosen, llm=llm, folder=tmp_path)
    with pytest.raises(SynthkitError, match="workers=0"):
        cluster.generate(chosen, llm=LLM("m", base_url="http://127.0.0.1:9/v1"), folder=tmp_path, workers=0)
    with pytest.raises(SynthkitError, match="embedder='lsa'"):
        cluster.embed(tmp_path, tmp_path / "out", embedder="lsa")
    with pytest.raises(SynthkitError, match="expected Parquet files with rows"):
        cluster.near_duplicates(tmp_path, tmp_path / "out")
    (tmp_path / "a.csv").write_text("text,label\nlate,a\n")
    with pytest.raises(SynthkitError, match="a.csv is no Parquet file"):
        cluster.sample(tmp_path / "a.csv")
    Dataset.from_dict({"body": ["late"]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(SynthkitError, match="has no column `text`: it has body"):
        cluster.sample(tmp_path / "b.parquet")


def test_without_ray_the_extra_is_named(monkeypatch, tmp_path):
    import sys

    Dataset.from_dict({"text": ["late"]}).to_parquet(tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(SynthkitError, match=r"pip install 'synthkit\[ray\]'"):
        cluster.sample(tmp_path / "a.parquet")
