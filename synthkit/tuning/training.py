"""How a small model on this machine learns labelled texts: with all its weights, or privately by DP-SGD.

DP-SGD is Abadi et al. 2016 (arXiv 1607.00133). It trains low-rank additions (Hu et al. 2022, arXiv 2106.09685; for
private texts Kurakin et al. 2023, arXiv 2306.01684), so that a gradient for each row fits the memory. Only the matrices
that start at zero learn, since noise in both would be multiplied (Sun et al. 2024, arXiv 2403.12313), and only in the
tokens behind the prompt, which is read once by the base model (Greenewald et al. 2025, arXiv 2504.12397).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from synthkit.tuning.local_model import LocalModel

BATCH, RATE = 16, 3e-4  # rows a step and learning rate where all weights learn
RANK, PRIVATE_RATE = 8, 1e-2  # of the additions under DP-SGD
MICRO = {"cpu": 16, "cuda": 64}  # rows whose gradients are held at once; a quarter of them where all weights learn


def learn(
    model: LocalModel,
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    held_out: tuple[Sequence[str], Sequence[str]],
    epochs: int,
    random_state: int = 0,
    on_step: Callable[[str], None] = lambda said: None,
) -> list[float]:
    """Train all weights; return the held-out loss (nats a token) before and after each epoch.

    Ends with the first epoch after which the held-out loss is higher than before, and keeps the weights at its lowest.
    """
    import torch

    learning, rng = list(model.learning().values()), np.random.default_rng(random_state)
    micro = MICRO[model.device.type] // 4
    optimiser = torch.optim.AdamW(learning, lr=RATE, weight_decay=0.01, fused=model.device.type == "cuda")
    steps = epochs * math.ceil(len(texts) / BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (0.1 * steps)) * max(0.02, 1 - step / steps)
    )
    losses, best = [float(model.losses(*held_out).mean())], []
    for epoch in range(epochs):
        order = rng.permutation(len(texts)).tolist()
        for at in range(0, len(order), BATCH):
            some, learnt = sorted(order[at : at + BATCH], key=lambda i: len(texts[i])), 0  # little padding
            optimiser.zero_grad()
            for part in (some[i : i + micro] for i in range(0, len(some), micro)):
                nats, tokens = model.nats([texts[i] for i in part], [labels[i] for i in part])
                nats.sum().backward()
                learnt += int(tokens.sum())
            for p in learning:
                p.grad = None if p.grad is None else p.grad / learnt
            torch.nn.utils.clip_grad_norm_(learning, 1.0)
            optimiser.step()
            schedule.step()
            on_step(f"of {steps} at the most; pass {epoch + 1}, held-out loss {losses[-1]:.3f}")
        losses.append(float(model.losses(*held_out).mean()))
        if losses[-1] > min(losses[1:]):
            break
        best = [p.detach().half().cpu().clone() for p in learning]
    for p, values in zip(learning, best, strict=True):
        p.data.copy_(values.float())  # as `save` writes them
    return losses


def learn_privately(
    model: LocalModel,
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    rate: float,
    steps: int,
    noise: float,
    learning_rate: float = PRIVATE_RATE,
    on_step: Callable[[str], None] = lambda said: None,
) -> None:
    """Train the additions by DP-SGD: each step draws every row with probability `rate` (Poisson sampling).

    Each row's gradient is scaled to norm 1 at the most (Bu et al. 2023, arXiv 2206.07136) and their sum gets
    Gaussian noise of deviation `noise`. What is random comes from the system.
    """
    import torch

    learning, micro = list(model.learning().values()), MICRO[model.device.type]
    optimiser = torch.optim.Adam(learning, lr=learning_rate)
    source, rng = torch.Generator(model.device), np.random.default_rng()
    source.manual_seed(int(rng.integers(1 << 62)))
    for step in range(steps):
        drawn = sorted(np.flatnonzero(rng.random(len(texts)) < rate), key=lambda i: len(texts[i]))  # little padding
        total = [torch.zeros_like(p) for p in learning]
        for at in range(0, len(drawn), micro):
            some = drawn[at : at + micro]
            for sums, grads in zip(
                total, row_gradients(model, [texts[i] for i in some], [labels[i] for i in some]), strict=True
            ):
                sums += grads
        for p, sums in zip(learning, total, strict=True):
            p.grad = (sums + noise * torch.randn(p.shape, generator=source, device=p.device)) / (rate * len(texts))
        optimiser.step()
        on_step(f"step {step + 1} of {steps}")
    for p in learning:
        p.data.copy_(p.detach().half().float())


def row_gradients(model: LocalModel, texts: Sequence[str], labels: Sequence[str]) -> list:
    """Return the sum of the rows' gradients, each scaled to norm 1 at the most, one tensor a parameter.

    Every row gets its own copy of what learns, so that what flows back to a copy is that row's gradient.
    """
    import torch

    for layer in model.added:
        layer.for_rows(len(texts))
    nats, tokens = model.nats(texts, labels)
    (nats / tokens).sum().backward()
    grads = [layer.rows.grad for layer in model.added]
    norms = torch.stack([g.flatten(1).norm(dim=1) for g in grads]).norm(dim=0)
    for layer in model.added:
        layer.rows = None
    return [torch.tensordot(1 / (norms + 0.01), g, dims=1) for g in grads]


def add_lora(network, rank: int) -> list:
    """Freeze a network and add low-rank matrices to the linear layers of its blocks; return those layers."""
    import torch

    class Added(torch.nn.Module):
        """A frozen linear layer and a low-rank addition, whose `up` a batch may hold once for each row."""

        def __init__(self, linear):
            super().__init__()
            self.linear, self.rows, self.on = linear, None, True
            start = torch.randn(rank, linear.in_features) / linear.in_features**0.5
            self.down = torch.nn.Parameter(start.half().float(), requires_grad=False)  # as it is saved
            self.up = torch.nn.Parameter(torch.zeros(linear.out_features, rank))

        def for_rows(self, n: int) -> None:
            self.rows = self.up.detach().expand(n, *self.up.shape).requires_grad_()

        def forward(self, x):
            if not self.on:
                return self.linear(x)
            up = self.up if self.rows is None else self.rows
            return self.linear(x) + 2 * ((x @ self.down.mT) @ up.mT)

    torch.manual_seed(0)  # the start is no secret
    device = next(network.parameters()).device
    for p in network.parameters():
        p.requires_grad_(False)
    added = []
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, torch.nn.Linear) and child is not network.get_output_embeddings():
                added.append(Added(child).to(device))
                setattr(module, name, added[-1])
    return added
