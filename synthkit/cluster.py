"""The verbs for a million rows and more, over Ray Data (`pip install 'synthkit[ray]'`): Parquet in, Parquet out.

    from synthkit import cluster

    made = cluster.generate(plan, llm=sk.LLM(model), folder="run", workers=8)
    made.rows.to_parquet("rows.parquet")
    cluster.near_duplicates("rows.parquet", "kept")
    cluster.embed("kept", "vectors", workers=8)
    sk.evaluate(cluster.sample("kept"), real)

Folders must be where every machine sees them. Ray has to run (`ray.init("auto")`), or starts on this machine: there it
costs more than it brings.
"""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from synthkit.cli.stores import ask_shard
from synthkit.core.duplicates import BANDS, CHECKED, MOST, band_keys, signature
from synthkit.core.embedding import _minilm
from synthkit.core.errors import SynthkitError
from synthkit.core.text import NEAR, likeness
from synthkit.generation.generate import Generation
from synthkit.generation.generate import generate as generate_here
from synthkit.llm.budget import Budget
from synthkit.llm.store import Store
from synthkit.seeds.gate import Gate

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    from synthkit.prompts.plan import Plan

PART = 1_000_000  # texts whose keys of one band are compared together, by one worker
_ROW = "__row__"  # its number, beside the columns of the file
AGREE = 0.3  # below the threshold by this share of its signature, one pair in 10^8 is a near-duplicate all the same


def generate(
    plan: Plan, *, llm, folder: str | Path, workers: int = 2, budget: Budget | None = None, **how
) -> Generation:
    """Return the rows of a plan whose requests many workers ask: those of `sk.generate(plan, llm=llm)`.

    The requests are cut into shards, whose replies are kept in `folder`: a worker that dies is replaced and asks only
    what is missing, and so does the same call another day. `concurrency`, `rpm` and `tpm` of the LLM are those of all
    workers together. Each shard may spend its share of the budget; filters and what is left to ask are this process's.
    `llm` may be anything that completes requests: each worker keeps one, with the model that it loads at its first
    request. `how` goes to Ray, as `num_gpus=1`.
    """
    if isinstance(llm, str) or getattr(llm, "batched", False):
        raise SynthkitError(f"llm={llm!r}: expected an sk.LLM, or a model of your own that workers can load")
    data, folder, wave = _ray_data(), Path(folder).resolve(), plan.slots[: plan.first_wave]
    pool, shards = _pool(data, workers, 1, how), min(8 * workers, len(wave))
    Gate(plan.task).requests(wave)  # in this process, which knows what rows are withheld
    caps = {}
    if budget:
        budget.check_price(llm)
        caps = {name: max(1e-9, cap - budget.spent[name]) / shards for name, cap in budget.caps.items()}
    folder.mkdir(parents=True, exist_ok=True)
    items = []
    for i in range(shards):
        some = wave[i::shards]
        part = replace(plan, task=replace(plan.task), seeds=None, slots=some, n=sum(r.count for r in some), wanted=None)
        store = str(folder / f"{i + 1}-of-{shards}.sqlite")
        items.append({"work": pickle.dumps((part, caps)), "store": store})
    asked = data.from_items(items, override_num_blocks=shards)
    asked = asked.map_batches(_Asker, fn_constructor_args=(_share(llm, workers),), **pool).take_all()
    if all(row["fault"] for row in asked):
        raise SynthkitError(asked[0]["fault"])
    with Store(folder / "all.sqlite") as store:
        store.merge(*(item["store"] for item in items))
        return generate_here(plan, llm=llm, store=store, budget=budget)


def embed(rows: str | Path, out: str | Path, *, embedder=None, workers: int = 2, **how) -> None:
    """Write the rows of Parquet files to the folder `out` with their unit vectors, in a column `vector`.

    They are MiniLM's, or what `embedder` gives, a function from a list of texts to an array of shape (n, d).
    """
    if not (embedder is None or callable(embedder)):
        raise SynthkitError(f"embedder={embedder!r}: expected a function from texts to vectors, or None for MiniLM")
    data, out = _read(rows), _empty(out)
    pool = _pool(_ray_data(), workers, 1024, how)
    data.map_batches(_Embedder, fn_constructor_args=(embedder,), **pool).drop_columns([_ROW]).write_parquet(out)


def near_duplicates(rows: str | Path, out: str | Path, *, threshold: float = NEAR) -> pd.DataFrame:
    """Write the rows of Parquet files to the folder `out` but for those nearly the same as an earlier kept one.

    Return a line for each that went: its number, that of its `twin`, and their `likeness`, as the filter of
    `sk.generate` has it. Texts meet that share a band of their signature: the time grows with the texts, not with their
    pairs.
    """
    import pandas as pd

    data, out, gone = _read(rows), _empty(out), {}
    whole = data.count()
    parts = 1 + whole // PART
    banded = data.map_batches(_banded, fn_args=(parts,), batch_size=4096)
    groups = banded.groupby("group", num_partitions=min(BANDS * parts, 1 + whole // 10_000))
    pairs = groups.map_groups(_near_pairs, fn_args=(threshold, parts), batch_format="numpy").to_pandas()
    for row, twin, alike in pairs.sort_values([*pairs.columns[:2]]).itertuples(index=False):
        if twin not in gone and alike > gone.get(row, (0, 0.0))[1]:
            gone[row] = twin, alike
    numbers = np.array(list(gone), dtype=np.int64)

    def kept(batch: dict) -> dict:
        stay = ~np.isin(batch.pop(_ROW), numbers)
        return {name: values[stay] for name, values in batch.items()}

    data.map_batches(kept).write_parquet(out)
    return pd.DataFrame([(row, *twin) for row, twin in gone.items()], columns=["row", "twin", "likeness"])


def sample(rows: str | Path, n: int = 50_000, *, random_state: int = 0) -> Dataset:
    """Return `n` rows of Parquet files, drawn at random, or all: what a report needs of a set of any size."""
    from datasets import Dataset

    data = _read(rows)
    chosen = np.random.default_rng(random_state).permutation(data.count())[:n]
    drawn = data.map_batches(lambda b: {name: values[np.isin(b[_ROW], chosen)] for name, values in b.items()})
    return Dataset.from_pandas(drawn.to_pandas().sort_values(_ROW).drop(columns=_ROW), preserve_index=False)


class _Asker:
    def __init__(self, llm):
        self.llm = llm

    def __call__(self, batch: dict) -> dict:
        plan, caps = pickle.loads(batch["work"][0])
        budget = Budget(**caps) if caps else None
        with Store(batch["store"][0]) as store:
            try:
                ask_shard(plan, "1/1", llm=self.llm, store=store, budget=budget, progress=False)
            except SynthkitError as error:
                return {"fault": np.array(["" if len(store) else str(error)])}
        return {"fault": np.array([""])}


class _Embedder:
    def __init__(self, embedder):
        self.embedder = embedder or _minilm()

    def __call__(self, batch: dict) -> dict:
        return batch | {"vector": np.asarray(self.embedder(list(batch["text"])), dtype=np.float32)}


def _banded(batch: dict, parts: int) -> dict:
    """Return each text once for each band of its signature."""
    keys = np.array([band_keys(signature(text)) for text in batch["text"]], dtype=np.uint64).reshape(-1, BANDS)
    groups = np.arange(BANDS) * parts + (keys % parts).astype(int)
    texts = {name: np.repeat(batch[name], BANDS) for name in (_ROW, "text")}
    return texts | {"group": groups.ravel(), "key": keys.ravel().view(np.int64)}


def _near_pairs(group: dict, threshold: float, parts: int) -> dict:
    """Return the near-duplicates among texts of one band that share it as the first of their bands."""
    order, found = np.lexsort((group[_ROW], group["key"])), []
    rows, texts, keys = (group[name][order] for name in (_ROW, "text", "key"))
    edges = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1], [True]]))
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        sketches = np.array([signature(text) for text in texts[start:end]]) if end - start > 1 else ()
        for i in range(1, len(sketches)):
            same = sketches[: min(i, MOST)] == sketches[i]
            first = same.reshape(len(same), BANDS, -1).all(axis=2).argmax(axis=1)
            near = np.flatnonzero((same.mean(axis=1) > threshold - AGREE) & (first == group["group"][0] // parts))
            for j in near[np.argsort(-same[near].sum(axis=1), kind="stable")][:CHECKED]:
                if (alike := likeness(texts[start + i], texts[start + j])) >= threshold:
                    found.append((rows[start + i], rows[start + j], alike))
    pairs = np.array(found, dtype=[("row", "i8"), ("twin", "i8"), ("likeness", "f8")])
    return {name: pairs[name] for name in pairs.dtype.names}


def _read(rows: str | Path):
    """Return the rows of Parquet files as Ray Data, numbered."""
    import pyarrow.parquet as pq

    path, items, before = Path(rows).resolve(), [], 0
    for file in [path] if path.is_file() else sorted(path.rglob("*.parquet")):
        try:
            meta = pq.ParquetFile(file).metadata
        except ValueError as error:
            raise SynthkitError(f"{file} is no Parquet file ({error})") from None
        if "text" not in meta.schema.names:
            raise SynthkitError(f"{file} has no column `text`: it has {', '.join(meta.schema.names)}")
        for i in range(meta.num_row_groups):
            items.append({"file": str(file), "group": i, "before": before})
            before += meta.row_group(i).num_rows
    if not before:
        raise SynthkitError(f"{rows}: expected Parquet files with rows, a file or a folder of them")
    return _ray_data().from_items(items, override_num_blocks=len(items)).map_batches(_numbered, batch_size=1)


def _numbered(batch: dict):
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.ParquetFile(batch["file"][0]).read_row_group(int(batch["group"][0]))
    texts = pc.fill_null(pc.cast(table["text"], pa.string()), "")
    table = table.set_column(table.column_names.index("text"), "text", texts)
    return table.append_column(_ROW, pa.array(np.arange(len(table)) + int(batch["before"][0])))


def _empty(out: str | Path) -> str:
    """Refuse a folder that has files: those of two calls would be read as one set."""
    out = Path(out).resolve()
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise SynthkitError(f"{out} is there and not empty: name a new folder")
    return str(out)


def _share(llm, workers: int):
    """Return a copy of an LLM that asks at its share of the rate."""
    part = copy.copy(llm)
    for name in ("_rpm", "_tpm"):
        if getattr(part, name, None):
            setattr(part, name, getattr(part, name) / workers)
    for name in ("concurrency", "_start"):
        if hasattr(part, name):
            setattr(part, name, max(1, getattr(part, name) // workers))
    return part


def _pool(data, workers: int, size: int, how: dict) -> dict:
    """Return the arguments of a stage with so many actors; half a core each leaves room to read and to write."""
    import ray

    if not isinstance(workers, int) or workers < 1:
        raise SynthkitError(f"workers={workers!r}: expected a whole number, 1 or more")
    how = {"num_cpus": 0.5} | how
    cores = ray.cluster_resources().get("CPU", 0)
    if workers * how["num_cpus"] >= cores:  # the rest would wait for ever
        raise SynthkitError(f"workers={workers} at num_cpus={how['num_cpus']} each leave none of Ray's {cores:g} cores")
    return {"compute": data.ActorPoolStrategy(size=workers), "batch_size": size} | how


def _ray_data():
    try:
        import ray.data
    except ImportError:
        raise SynthkitError("this needs Ray: pip install 'synthkit[ray]'") from None
    if not ray.is_initialized():
        ray.init()
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    return ray.data
