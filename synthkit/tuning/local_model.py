"""A small language model on this machine, trained on labelled texts; needs the `local-train` extra.

It reads the prompt of a label, then the text, then the end; only text and end count in the loss.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import numpy as np

from synthkit.core.errors import SynthkitError
from synthkit.llm.request import Reply, Request, Usage
from synthkit.prompts.local import base_weights
from synthkit.tuning.training import add_lora

__all__ = ["LocalModel", "base_weights"]

INSTALL = "pip install torch transformers gguf accelerate (or: pip install -e '.[local-train]')"
TOP, MASS = 512, 0.95  # tokens looked at when one is drawn, and their share of the probability (nucleus sampling)
SCORED = 32  # texts scored at once
OVER = 2  # texts drawn for each that is asked for
LONGEST = 256  # tokens of a text


def half_is_fast() -> bool:
    """Tell whether this processor multiplies bfloat16 natively."""
    import torch

    return getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()


class LocalModel:
    """A causal language model with a prompt for each label: it learns texts, scores them, and writes new ones.

    `prompts`: what stands before a text of each label; `longest`: tokens of a text at the most; `rank`: of the low-rank
    additions that learn in place of the weights, while the base model alone reads prompts. As a source of replies
    it draws twice the texts asked for and gives those that fit the asked label better than any other, by its own
    probabilities (Bayes' rule, even prior): nothing but the model is looked at.
    """

    name = "trained"
    concurrency = 16
    attempts = 1
    local = True  # costs nothing

    def __init__(self, path: Path, prompts: Mapping[str, str], *, longest: int = LONGEST, rank: int = 0):
        try:
            import torch
            import transformers
        except ImportError:
            raise SynthkitError(f"a model of one's own needs torch and transformers: {INSTALL}") from None
        file = path.is_file()
        where = {"gguf_file": path.name} if file else {}
        missing = [p for p in ("gguf", "accelerate") if file and importlib.util.find_spec(p) is None]
        if missing:
            raise SynthkitError(f"{path.name} needs the package {missing[0]}: {INSTALL}")
        folder, quiet = str(path.parent if file else path), {"local_files_only": True}
        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **where, **quiet)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._half = self.device.type == "cuda" or (rank > 0 and half_is_fast())
        with redirect_stderr(StringIO()):  # the bar of unpacking a GGUF has no switch
            network = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **where, **quiet)
        self._network = network.to(self.device).eval()
        if self._half and self.device.type == "cpu":
            self._network.set_attn_implementation("eager")  # the fused one is slower there
        ends = self._network.generation_config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        # a GGUF loaded by transformers does not always name its end to `generate`; the tokenizer does
        self._ends = sorted({e for e in (*ends, self._tokenizer.eos_token_id) if e is not None})
        if not self._ends:
            raise SynthkitError(f"{path} names no token that ends a text")
        self.model, self.identity = path.stem, f"{path.stem} {path}"
        self.prompts = {label: self._ids(prompt) for label, prompt in prompts.items()}
        self.longest, self.rank = min(longest, LONGEST), rank
        self._waiting: list[tuple[Request, asyncio.Future]] = []
        accepted = inspect.signature(network.forward).parameters
        self._cache_name = "cache" if "cache" in accepted else "past_key_values"  # its name since transformers 5.2x
        self.added = add_lora(self._network, rank) if rank else []
        if rank and not self.added:
            raise SynthkitError(f"{path}: no linear layers to train privately in a {network.config.model_type} model")
        with torch.no_grad():
            self._frozen = self._read(list(self.prompts)) if rank else None

    def _ids(self, text: str) -> list[int]:
        return self._tokenizer(text, add_special_tokens=False)["input_ids"]

    def learning(self) -> dict:
        """Return the parameters that learn, by name."""
        return {name: p for name, p in self._own().items() if p.requires_grad}

    def _own(self) -> dict:
        """Return the parameters that the base model does not have, by name: all of them, or those of the additions."""
        added = {id(p) for layer in self.added for p in (layer.down, layer.up)}
        return {name: p for name, p in self._network.named_parameters() if not added or id(p) in added}

    def save(self, path: Path) -> None:
        """Write what the base model does not have (float16), for its owner alone."""
        from safetensors.torch import save_file

        path.touch(mode=0o600)
        save_file({name: p.detach().half().cpu().contiguous() for name, p in self._own().items()}, path)

    def load(self, path: Path) -> None:
        """Take up what `save` wrote."""
        from safetensors.torch import load_file

        own = self._own()
        for name, values in load_file(path).items():
            own[name].data.copy_(values.float())

    def _read(self, labels: Sequence[str]):
        """Return keys and values of every layer for the labels' prompts without their last token, mask, and that token.

        Shapes (n, heads, width, size) each, (n, width) and (n, 1). Prompts are read by the base model alone.
        """
        import torch

        prompts = [self.prompts[label] for label in labels]
        width = max(map(len, prompts)) - 1
        ids = torch.tensor([[*p[:-1], *self._ends[-1:] * (width - len(p) + 1)] for p in prompts], device=self.device)
        mask = torch.tensor([[1] * (len(p) - 1) + [0] * (width - len(p) + 1) for p in prompts], device=self.device)
        for layer in self.added:
            layer.on = False
        with self._precision():
            out = self._network.base_model(input_ids=ids, attention_mask=mask, use_cache=True)
        for layer in self.added:
            layer.on = True
        last = torch.tensor([p[-1:] for p in prompts], device=self.device)
        return [(layer.keys, layer.values) for layer in out.past_key_values.layers], mask, last

    def _begin(self, labels: Sequence[str]):
        """Return a cache that holds each label's prompt, its mask, and the last token of the prompt, one row each."""
        import torch
        from transformers import DynamicCache

        names = list(self.prompts) if self._frozen else list(dict.fromkeys(labels))
        layers, mask, last = self._frozen or self._read(names)
        place = {name: i for i, name in enumerate(names)}
        of, cache = (
            torch.tensor([place[label] for label in labels], device=self.device),
            DynamicCache(config=self._network.config),
        )
        for i, (keys, values) in enumerate(layers):
            cache.update(keys[of], values[of], i)
        return cache, mask[of], last[of]

    def _precision(self):
        import torch

        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._half)

    def _after(self, ids, mask, cache):
        """Return the network's output for the tokens `ids` behind what `cache` holds; `mask` covers both."""
        at = (mask.cumsum(1) - 1)[:, -ids.shape[1] :]
        with self._precision():
            return self._network(
                input_ids=ids, attention_mask=mask, position_ids=at, use_cache=True, **{self._cache_name: cache}
            )

    def _batch(self, texts: Sequence[str]):
        """Return the texts' token ids, an end behind each, and which of them are not padding, shapes (n, t)."""
        import torch

        rows = [self._ids(text)[: self.longest] + self._ends[-1:] for text in texts]
        width = max(map(len, rows))
        ids = torch.full((len(rows), width), self._ends[-1])
        told = torch.zeros((len(rows), width), dtype=torch.bool)
        for i, row in enumerate(rows):
            ids[i, : len(row)], told[i, : len(row)] = torch.tensor(row), True
        return ids.to(self.device), told.to(self.device)

    def nats(self, texts: Sequence[str], labels: Sequence[str]):
        """Return -log p of each text given its label, and its number of tokens, shape (n,) both."""
        import torch

        ids, told = self._batch(texts)
        cache, mask, last = self._begin(labels)
        # padding stands behind the text: causal attention does not let it change what stands before
        mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
        logits = self._after(torch.cat([last, ids[:, :-1]], dim=1), mask, cache).logits
        nats = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), ids.flatten(), reduction="none")
        return (nats.view_as(ids) * told).sum(1), told.sum(1)

    def losses(self, texts: Sequence[str], labels: Sequence[str], *, total: bool = False) -> np.ndarray:
        """Return -log p(text | label) in nats a token, or in `total`, shape (n,)."""
        import torch

        out = np.zeros(len(texts))
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        with torch.inference_mode():
            for at in range(0, len(order), SCORED):
                some = order[at : at + SCORED]
                nats, tokens = self.nats([texts[i] for i in some], [labels[i] for i in some])
                out[some] = (nats if total else nats / tokens).float().cpu().numpy()
        return out

    def posterior(self, texts: Sequence[str]) -> np.ndarray:
        """Return p(label | text) by Bayes' rule with an even prior, shape (n, labels)."""
        bits = np.stack([-self.losses(texts, [label] * len(texts), total=True) for label in self.prompts], axis=1)
        p = np.exp(bits - bits.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True)

    def sample(self, labels: Sequence[str], seeds: Sequence[Sequence[int]]) -> list[str]:
        """Return a text for each label; its randomness comes from its own seed, whatever is drawn beside it."""
        import torch

        chance = np.stack([np.random.default_rng(list(seed)).random(self.longest) for seed in seeds])
        chance = torch.tensor(chance, dtype=torch.float32, device=self.device)
        ends, live = torch.tensor(self._ends, device=self.device), torch.arange(len(labels), device=self.device)
        drawn = torch.full((len(labels), self.longest), self._ends[-1], device=self.device)
        on = torch.ones_like(live, dtype=torch.bool)
        with torch.inference_mode():
            cache, mask, ids = self._begin(labels)
            for step in range(self.longest):
                mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
                logits = self._after(ids, mask, cache).logits[:, -1].float()
                top, which = logits.topk(min(TOP, logits.shape[-1]), dim=1)
                p = top.softmax(1)
                p[p.cumsum(1) - p > MASS] = 0  # nucleus sampling (Holtzman et al. 2020, arXiv 1904.09751)
                edges = p.cumsum(1)
                place = (edges <= chance[live, step : step + 1] * edges[:, -1:]).sum(1, keepdim=True)
                ids = which.gather(1, place.clamp(max=top.shape[1] - 1))
                drawn[live, step] = ids[:, 0]
                on &= ~torch.isin(ids[:, 0], ends)
                if not on.any():
                    break
                if 2 * on.sum() <= len(on):  # most have ended: go on without them
                    cache.batch_select_indices(on.nonzero()[:, 0])
                    live, ids, mask, on = live[on], ids[on], mask[on], on[on]
        texts = []
        for row in drawn.tolist():
            end = next((i for i, token in enumerate(row) if token in self._ends), len(row))
            texts.append(self._tokenizer.decode(row[:end], skip_special_tokens=True).strip())
        return texts

    async def complete(self, request: Request) -> Reply:
        """Return texts for the request's label, those that are asked for together drawn together."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if len(self._waiting) == 1:
            await asyncio.sleep(0.02)
            batch, self._waiting = self._waiting, []
            try:
                for (_, waiting), reply in zip(batch, await asyncio.to_thread(self._answers, batch), strict=True):
                    waiting.set_result(reply)
            except BaseException as error:
                for _, waiting in batch:
                    if not waiting.done():
                        waiting.set_exception(error)
        return await future

    def _answers(self, batch: Sequence[tuple[Request, object]]) -> list[Reply]:
        asked = [request for request, _ in batch]
        return [
            Reply(json.dumps({"texts": [{"number": i, "text": t} for i, t in enumerate(texts, 1)]}, ensure_ascii=False),
                  self.model, Usage(len(self.prompts[r.label]) * OVER * r.count, tokens))
            for r, (texts, tokens) in zip(asked, self.written(asked), strict=True)
        ]  # fmt: skip

    def written(self, requests: Sequence[Request]) -> list[tuple[list[str], int]]:
        """Return (texts that hold their label, tokens drawn) of each request, as many as it asks for at the most."""
        seeds = [(r.random_state, r.slot, r.attempt, i) for r in requests for i in range(OVER * r.count)]
        labels = [r.label for r in requests for _ in range(OVER * r.count)]
        texts = self.sample(labels, seeds)
        best, names, out = self.posterior(texts).argmax(axis=1), list(self.prompts), []
        for r in requests:
            mine = slice(0, OVER * r.count)
            kept = [t for t, b in zip(texts[mine], best[mine], strict=True) if t and names[b] == r.label]
            out.append((kept[: r.count], sum(len(self._ids(t)) + 1 for t in texts[mine])))
            texts, best = texts[mine.stop :], best[mine.stop :]
        return out
