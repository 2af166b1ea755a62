"""Rows of datasets that are not shipped: from a folder beside the project, or from the Hugging Face Hub."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from pathlib import Path

from synthkit.errors import SynthkitError
from synthkit.rows import make_rows
from synthkit.sources import Loaded, load_rows
from synthkit.text import tidy


def third_party_rows(name: str, labels, source: dict) -> dict[str, Loaded]:
    """Return a task's rows by split: from the folder under SYNTHKIT_REALDATA that stands in for the Hub, or the Hub."""
    root, place = os.environ.get("SYNTHKIT_REALDATA"), source.get("folder", name)
    if root and (Path(root) / place).is_dir():
        folder = Path(root) / place
        return {part: load_rows(folder / f"{part}.csv", labels=labels, prefix=part) for part in ("train", "test")}
    if "hub" not in source:
        raise SynthkitError(
            f"the real rows of task {name!r} are not shipped: set SYNTHKIT_REALDATA to a folder "
            f"that holds {place}/train.csv and {place}/test.csv"
        )
    return _from_hub(name, labels, source)


def _from_hub(name: str, labels, source: dict) -> dict[str, Loaded]:
    """Read a Hub dataset: `hub`, `config`, `revision`, `columns: {text, label}`, `names: {value: label}`.

    `groups: {label: [values]}` folds several values into a label. Rows whose label the task does not have are left out.
    """
    columns = {"text": "text", "label": "label", **source.get("columns", {})}
    loaded = load_hub(
        source["hub"],
        source.get("config"),
        source.get("revision"),
        way_out=f" Or set SYNTHKIT_REALDATA to a folder that holds {source.get('folder', name)}/train.csv and test.csv",
    )
    names = {str(value): label for value, label in source.get("names", {}).items()}
    names.update({str(value): label for label, values in source.get("groups", {}).items() for value in values})
    parts = {}
    for part in ("train", "validation", "test"):
        if part in loaded:
            parts[part] = _hub_rows(f"{source['hub']}, {part}", part, labels, loaded[part], columns, names)
    return parts


def load_hub(name: str, config: str | None = None, revision: str | None = None, *, way_out: str = ""):
    """Return a dataset of the Hub, all splits; without a network what is cached, or an error within seconds."""
    from datasets import load_dataset

    online = Path(name).exists() or _hub_answers()
    try:
        with nullcontext() if online else _only_what_is_cached():
            return load_dataset(name, config, revision=revision)
    except Exception as error:
        raise SynthkitError(
            f"{name} could not be fetched from the Hub: {type(error).__name__}. Offline, or no such dataset?{way_out}"
        ) from None


def _hub_rows(where: str, part: str, known, rows, columns: dict, names: dict) -> Loaded:
    for column in (columns["text"], columns["label"]):
        if column not in rows.column_names:
            raise SynthkitError(
                f"{where}: no column {column!r}; columns are: {', '.join(rows.column_names)}. "
                "Name them in task.yaml under source, as columns: {text: ..., label: ...}"
            )
    kind = rows.features[columns["label"]]
    values = [kind.int2str(v) if hasattr(kind, "int2str") else str(v) for v in rows[columns["label"]]]
    labels = [names.get(v, v) for v in values]
    texts = [tidy(str(t)) for t in rows[columns["text"]]]
    keep = [i for i, label in enumerate(labels) if label in known and texts[i]]
    if not keep:
        raise SynthkitError(
            f"{where}: no row has a label of this task; its labels are: {', '.join(sorted(set(values))[:20])}. "
            "Map them in task.yaml under source, as names: {theirs: ours}"
        )
    kept = {
        "id": [f"{part}-{i}" for i in keep],
        "text": [texts[i] for i in keep],
        "label": [labels[i] for i in keep],
    }
    return Loaded(make_rows(kept), (), where)


def _hub_answers() -> bool:
    """One short question, since the Hub's own client tries for a long time before it gives up."""
    from urllib.error import HTTPError
    from urllib.request import urlopen

    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        urlopen(constants.ENDPOINT, timeout=3).close()
    except HTTPError:
        return True
    except OSError:
        return False
    return True


@contextmanager
def _only_what_is_cached():
    import datasets
    from huggingface_hub import constants

    before = datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE = before
