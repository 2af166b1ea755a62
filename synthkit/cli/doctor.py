"""What is installed, what would answer, what is missing and the line that mends it. Never a key."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from synthkit.core.embedding import GET_WEIGHTS, weights_folder
from synthkit.core.errors import SynthkitError
from synthkit.core.results import Result, frame_of
from synthkit.llm.recorded import Recorded
from synthkit.llm.store import Store, home
from synthkit.prompts.local import missing
from synthkit.tasks.task import bundled_tasks, load_task

if TYPE_CHECKING:
    import pandas as pd

PACKAGES = ("jupyterlab", "ipywidgets", "openai", "datasets", "umap-learn", "seaborn", "scikit-learn")


@dataclass(frozen=True, repr=False)
class Checkup(Result):
    """One line a fact: what, how it is, and the line that mends it where it needs mending."""

    lines: tuple[tuple[str, str, str], ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing that the notebooks need is missing."""
        return not any(mend for _, _, mend in self.lines)

    def summary(self) -> str:
        missing = sum(bool(mend) for _, _, mend in self.lines)
        return "Checkup: all there" if not missing else f"Checkup: {missing} to mend"

    def to_frame(self) -> pd.DataFrame:
        return frame_of(self.lines, columns=["what", "is", "to mend it"])


def doctor() -> Checkup:
    """Return the state of this installation. Asks no model and no network."""
    lines = [("python", f"{platform.python_version()} on {platform.system()}", "")]
    for name in PACKAGES:
        try:
            lines.append((name, metadata.version(name), ""))
        except metadata.PackageNotFoundError:
            lines.append((name, "missing", "pip install -e ."))
    lines.append(_store())
    folder = weights_folder()
    lines.append(("sentence vectors", f"minilm, {folder}" if folder else "lsa (weaker)", "" if folder else GET_WEIGHTS))
    lines += _endpoint()
    lines.append(("small model here, if asked for", f"local: {missing() or 'installed'}", ""))
    for name in bundled_tasks():
        task = load_task(name)
        count = len(Recorded(task.recordings))
        lines.append((f"task {name}", f"{len(task.labels)} labels, {count} recorded replies", ""))
    root = os.environ.get("SYNTHKIT_REALDATA")
    lines.append(("real rows (SYNTHKIT_REALDATA)", root or "not set: third-party tasks ask the Hub", ""))
    return Checkup(tuple(lines))


def _store() -> tuple[str, str, str]:
    where = f"{home()} (SYNTHKIT_HOME)"
    try:
        store = Store()
    except SynthkitError as error:
        return "store and vectors", where, str(error)
    try:
        return "store and vectors", f"{where}, {len(store)} replies", ""
    finally:
        store.close()


def _endpoint() -> list[tuple[str, str, str]]:
    url = re.sub(r"//[^/@]*@|\?.*", "//", os.environ.get("OPENAI_BASE_URL") or "the OpenAI API").rstrip("/")
    model = os.environ.get("SYNTHKIT_MODEL") or "none named (SYNTHKIT_MODEL)"
    key = "a key is set" if os.environ.get("OPENAI_API_KEY") else "no key set"
    return [
        ("default source of replies", "recorded: no key, no network, nothing to pay", ""),
        ("live endpoint, if asked for", f"{url}; model: {model}; {key}", ""),
    ]
