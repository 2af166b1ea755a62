"""A small language model on this machine, trained on labelled texts; needs the `local-train` extra.

It reads the prompt of a label, then the text, then the end; only text and end count in the loss.
"""

from __future__ import annotations

import asyncio
import importlib.util
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

INSTALL = "pip install torch transformers gguf (or: pip install -e '.[local-train]')"
TOP, MASS = 512, 0.95  # tokens looked at when one is drawn, and their share of the probability (nucleus sampling)
SCORED = 128  # texts scored at once
OVER = 2  # texts drawn for each that is asked for
LONGEST = 256  # tokens of a text


class LocalModel:
    """A causal language model with a prompt for each label: it learns texts, scores them, and writes new ones.

    `prompts`: what stands before a text of each label; `longest`: tokens of a text at the most. As a source of replies
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
        if file and importlib.util.find_spec("gguf") is None:
            raise SynthkitError(f"{path.name} needs the package gguf: {INSTALL}")
        folder, quiet = str(path.parent if file else path), {"local_files_only": True}
        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **where, **quiet)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        with redirect_stderr(StringIO()):  # the bar of unpacking a GGUF has no switch
            network = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **where, **quiet)
        self._network = network.to(self.device).eval()
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
        self.added = add_lora(self._network, rank) if rank else []

    def _ids(self, text: str) -> list[int]:
        return self._tokenizer(text, add_special_tokens=False)["input_ids"]

    def learning(self) -> dict:
        """Return the parameters that learn, by name."""
        return {name: p for name, p in self._network.named_parameters() if p.requires_grad}

    def save(self, path: Path) -> None:
        """Write what was learnt (float16), for its owner alone."""
        from safetensors.torch import save_file

        path.touch(mode=0o600)
        save_file({name: p.detach().half().cpu().contiguous() for name, p in self.learning().items()}, path)

    def load(self, path: Path) -> None:
        """Take up what `save` wrote."""
        from safetensors.torch import load_file

        learning = self.learning()
        for name, values in load_file(path).items():
            learning[name].data.copy_(values.float())

    def _batch(self, texts: Sequence[str], labels: Sequence[str]):
        """Return token ids and, for each, whether it is predicted from the ones before it, shapes (n, t)."""
        import torch

        rows = [
            (self.prompts[x], self._ids(t)[: self.longest] + self._ends[-1:])
            for t, x in zip(texts, labels, strict=True)
        ]
        width = max(len(p) + len(t) for p, t in rows)
        ids = torch.full((len(rows), width), self._ends[-1])
        told = torch.zeros((len(rows), width), dtype=torch.bool)
        for i, (prompt, text) in enumerate(rows):
            ids[i, : len(prompt) + len(text)] = torch.tensor(prompt + text)
            told[i, len(prompt) : len(prompt) + len(text)] = True
        return ids.to(self.device), told.to(self.device)

    def nats(self, texts: Sequence[str], labels: Sequence[str]):
        """Return -log p of each text given its label, and its number of tokens, shape (n,) both."""
        import torch

        ids, told = self._batch(texts, labels)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            # padding stands behind the text: causal attention does not let it change what stands before
            logits = self._network(input_ids=ids[:, :-1], use_cache=False).logits
        nats = torch.nn.functional.cross_entropy(logits.transpose(1, 2).float(), ids[:, 1:], reduction="none")
        return (nats * told[:, 1:]).sum(1), told.sum(1)

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

        prompts = [self.prompts[label] for label in labels]
        width = max(map(len, prompts))
        ids = torch.tensor([[self._ends[-1]] * (width - len(p)) + p for p in prompts], device=self.device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=self.device)
        chance = np.stack([np.random.default_rng(list(seed)).random(self.longest) for seed in seeds])
        chance = torch.tensor(chance, dtype=torch.float32, device=self.device)
        ends, done = torch.tensor(self._ends, device=self.device), torch.zeros(len(ids), dtype=torch.bool)
        done, drawn, cache = done.to(self.device), [], None
        with (
            torch.inference_mode(),
            torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"),
        ):
            for step in range(self.longest):
                at = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
                out = self._network(
                    input_ids=ids, attention_mask=mask, position_ids=at, past_key_values=cache, use_cache=True
                )
                cache, (top, which) = (
                    out.past_key_values,
                    out.logits[:, -1].float().topk(min(TOP, out.logits.shape[-1]), dim=1),
                )
                p = top.softmax(1)
                p[p.cumsum(1) - p > MASS] = 0  # nucleus sampling (Holtzman et al. 2020, arXiv 1904.09751)
                edges = p.cumsum(1)
                place = (edges <= chance[:, step : step + 1] * edges[:, -1:]).sum(1, keepdim=True)
                ids = which.gather(1, place.clamp(max=top.shape[1] - 1))
                drawn.append(ids.masked_fill(done[:, None], self._ends[-1]))
                done |= torch.isin(ids[:, 0], ends)
                mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
                if done.all():
                    break
        texts = []
        for row in torch.cat(drawn, dim=1).tolist():
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
