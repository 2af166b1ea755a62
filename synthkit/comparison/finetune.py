"""A small transformer trained end to end: MiniLM's own weights with a head, on the CPU. Needs the `finetune` extra."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthkit.core.embedding import GET_WEIGHTS, weights_folder
from synthkit.core.errors import SynthkitError

STEPS, BATCH, RATE, LONGEST = 100, 16, 2e-4, 64
INSTALL = "pip install torch transformers (or: pip install -e '.[finetune]')"


def fine_tuned(texts: Sequence[str], labels: Sequence[str], test_texts: Sequence[str]) -> tuple[np.ndarray, str]:
    """Return (labels of `test_texts`, the settings) of MiniLM fine-tuned on `texts`, mean pooling and a linear head.

    Every arm gets the same number of optimiser steps, however many rows it has, so that a larger one is not merely
    trained for longer (Piedboeuf and Langlais 2024, arXiv 2402.14895). Classes are weighted to balance. Texts are cut
    after 64 word pieces. One to two minutes a fit on a CPU. The Hub is not asked.
    """
    try:
        import torch
        import transformers  # noqa: F401
    except ImportError:
        raise SynthkitError(f"the student 'finetune' needs torch and transformers: {INSTALL}") from None
    names, y = np.unique(labels, return_inverse=True)
    torch.manual_seed(0)
    network = _Network(len(names))
    _train(network, list(texts), torch.as_tensor(y))
    guesses = network.predict(list(test_texts))
    return names[guesses], f"{STEPS} steps of {BATCH}, learning rate {RATE:g}"


class _Network:
    """MiniLM and a linear layer on the mean of its token vectors."""

    def __init__(self, classes: int):
        import torch
        from transformers import AutoModel, AutoTokenizer

        folder = weights_folder()
        if folder is None:
            raise SynthkitError(f"the MiniLM weights are not installed: {GET_WEIGHTS}")
        if not (folder / "config.json").is_file():
            raise SynthkitError(f"{folder} has the weights but no config.json, which fine-tuning needs")
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.body = AutoModel.from_pretrained(folder, local_files_only=True)
        self.head = torch.nn.Linear(self.body.config.hidden_size, classes)

    def parameters(self) -> list:
        return [*self.body.parameters(), *self.head.parameters()]

    def logits(self, texts: list[str]):
        read = self.tokenizer(texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
        mask = read["attention_mask"].unsqueeze(-1).float()
        hidden = self.body(**read).last_hidden_state
        return self.head((hidden * mask).sum(1) / mask.sum(1))

    def predict(self, texts: list[str]) -> np.ndarray:
        import torch

        self.body.eval()
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # little padding in a batch
        out = np.empty(len(texts), dtype=np.int64)
        with torch.inference_mode():
            for start in range(0, len(order), 64):
                batch = order[start : start + 64]
                out[batch] = self.logits([texts[i] for i in batch]).argmax(1).numpy()
        return out


def _train(network: _Network, texts: list[str], y) -> None:
    import torch

    counts = torch.bincount(y).float()
    loss = torch.nn.CrossEntropyLoss(weight=counts.sum() / (len(counts) * counts))
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    # up over the first tenth, then down to nothing
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=STEPS, pct_start=0.1, anneal_strategy="linear"
    )
    network.body.train()
    rng = np.random.default_rng(0)
    queue: list[int] = []
    for _ in range(STEPS):
        while len(queue) < BATCH:
            queue += rng.permutation(len(texts)).tolist()
        batch, queue = queue[:BATCH], queue[BATCH:]
        optimiser.zero_grad()
        loss(network.logits([texts[i] for i in batch]), y[batch]).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
