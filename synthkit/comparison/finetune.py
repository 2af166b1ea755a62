"""The student that trains MiniLM itself, all six layers and a head, in numpy.

Gradients by hand take no megabyte and no second package; jax would add 360 MB and torch's CPU build 700 and are not
faster on two cores, so neither is asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import numpy as np

from synthkit.core.embedding import _minilm
from synthkit.core.errors import SynthkitError
from synthkit.core.exports import write_private
from synthkit.core.stats import one_thread
from synthkit.core.storage import home
from synthkit.core.transformer import embedded, loss_gradient, padded, unit_vectors
from synthkit.tasks.task import bundled_tasks

BATCH, RATE, WARM = 16, 1e-4, 10  # rows of a step; Adam's rate, and the steps until it is reached
MEANS, SQUARES, AVERAGE = 0.9, 0.999, 0.95  # Adam's memories, and that of the parameters that predict
# On validation rows of six sets, mean macro-F1 of few, mixed and all rows: .830 after 60 steps, .842 after 100, .847 to
# .848 after 160 and more at this rate. A small loss alone stopped at .838: rows seen twice can have one. With three
# passes first: about .845. Half or twice the rate, or training only the upper three layers, do no better.
LEAST, MOST = 60, 300  # steps
FIRST, PASSES = 3, 6  # over the rows: before a look at the loss may end it, at the most
EVERY, LEARNT = 20, 0.05  # a look at the loss in so many steps: below this nothing is left to learn
LONGEST = 64  # word pieces of a text that are read
CHUNK = 16384  # parameters worked on together
PARTS = 2  # of a step, each on a thread: always as many, so that more cores do not change a sum


def fine_tuned(texts: Sequence[str], y: np.ndarray, head: tuple, test_texts: Sequence[str]) -> tuple[np.ndarray, str]:
    """Return (class numbers of `test_texts`, the parameters in words) of MiniLM trained on `texts` of classes `y`.

    `head`, weights and biases of a linear classifier on the vectors as they are, is where it starts: first the head,
    then everything, distorts less and does better on texts of another kind (Kumar et al. 2022, arXiv 2202.10054).
    Classes are weighted to balance. The rule is one for every arm: FIRST to PASSES passes over its rows, between LEAST
    and MOST steps, and no longer than the loss on them says that there is something to learn: longer does no harm
    (Mosbach et al. 2021, arXiv 2006.04884) and little good. Running means of the parameters predict. The same machine
    gives the same labels; another one rounds otherwise, and the steps add up: its scores are others.
    """
    model = _minilm()
    parameters = [*model.parameters(), *(np.asarray(part, dtype=np.float32) for part in head)]
    pieces, weights = cut(model, texts), balanced(y)
    with one_thread(), ThreadPoolExecutor(PARTS) as pool:
        training = _Training(model.tables, parameters, pool)
        losses: list[float] = []
        for step, rows in enumerate(batches(len(y)), start=1):
            losses.append(training.step(step, [pieces[i] for i in rows], y[rows], weights[rows]))
            if finished(step, losses, len(y)):
                break
        predicted = training.predict(cut(model, test_texts))
    return predicted, f"{step} steps of {BATCH}, learning rate {RATE:g}"


def kept_key(texts: Sequence[str], y: np.ndarray, test_texts: Sequence[str]) -> str:
    """Return what a fit's predictions are kept under: a hash of the rule, the rows and the texts asked about."""
    rule = (BATCH, RATE, WARM, MEANS, SQUARES, AVERAGE, LEAST, FIRST, PASSES, MOST, EVERY, LEARNT, LONGEST)
    return hashlib.sha256(json.dumps([rule, list(texts), y.tolist(), list(test_texts)]).encode()).hexdigest()[:32]


def kept(key: str) -> tuple[np.ndarray, str] | None:
    """Return the predictions of a fit that was done before, here or in a shipped task's recordings."""
    try:
        line = _recorded().get(key) or json.loads(_place(key).read_text())
        return np.array(line["predicted"]), line["parameters"]
    except (OSError, ValueError, KeyError):  # not there, or cut off
        return None


def keep(key: str, predicted: np.ndarray, parameters: str) -> None:
    """Keep predictions on this machine: a comparison that was stopped goes on where it was."""
    with suppress(OSError, SynthkitError):  # they can be had again
        _place(key).parent.mkdir(parents=True, exist_ok=True)
        write_private(_place(key), json.dumps({"parameters": parameters, "predicted": predicted.tolist()}))


def _place(key: str) -> Path:
    return home() / "finetuned" / f"{key}.json"


@lru_cache(maxsize=1)
def _recorded() -> dict[str, dict]:
    files = (folder / "recordings" / "finetuned.jsonl" for folder in bundled_tasks().values())
    lines = (json.loads(line) for file in files if file.is_file() for line in file.read_text().splitlines())
    return {line["key"]: line for line in lines}


def cut(model, texts: Sequence[str]) -> list[list[int]]:
    """Return the word pieces of texts, LONGEST at the most, the last of them the one that ends a text."""
    return [ids if len(ids) <= LONGEST else [*ids[: LONGEST - 1], ids[-1]] for ids in model.pieces(texts)]


def balanced(y: np.ndarray) -> np.ndarray:
    """Return what each row counts for, so that all classes count alike."""
    counts = np.bincount(y)
    return (len(y) / (len(counts) * counts))[y]


def batches(rows: int) -> Iterator[list[int]]:
    """Yield positions of rows, BATCH at a time, all rows in a new order before any comes again."""
    rng, queue = np.random.default_rng(0), []
    while True:
        while len(queue) < BATCH:
            queue += rng.permutation(rows).tolist()
        batch, queue = queue[:BATCH], queue[BATCH:]
        yield batch


def finished(step: int, losses: Sequence[float], rows: int) -> bool:
    """Return whether to stop after a step, by the losses of all steps and the number of rows."""
    if step % EVERY or step < min(MOST, max(LEAST, FIRST * rows / BATCH)):
        return False
    return step >= min(MOST, PASSES * rows / BATCH) or bool(np.mean(losses[step - EVERY : step]) < LEARNT)


def step_size(step: int) -> np.float32:
    """Return the rate of a step, warming up, with Adam's corrections of its first steps (the small constant apart)."""
    return np.float32(RATE * min(1, step / WARM) * (1 - SQUARES**step) ** 0.5 / (1 - MEANS**step))


def fresh(step: int) -> np.float32:
    """Return what the parameters of a step count for in their running mean, more at first."""
    return np.float32(max(1 - AVERAGE, 10 / (step + 10)))


class _Training:
    """Adam (Kingma and Ba 2015) on parameters, in place, with their running means beside them."""

    def __init__(self, tables: tuple, parameters: list[np.ndarray], pool: ThreadPoolExecutor):
        self.tables, self.parameters, self.pool = tables, parameters, pool
        self.means, self.squares = ([np.zeros_like(p) for p in parameters] for _ in range(2))
        self.averages = [p.copy() for p in parameters]

    def step(self, step: int, pieces: list[list[int]], y: np.ndarray, weights: np.ndarray) -> float:
        order = np.array(sorted(range(len(pieces)), key=lambda i: len(pieces[i])))  # little padding in a part
        share = (weights / weights.sum()).astype(np.float32)

        def part(some):
            ids, mask = padded([pieces[i] for i in some])
            return loss_gradient(self.parameters, embedded(self.tables, ids), mask, y[some], share[some])

        found = list(self.pool.map(part, np.array_split(order, PARTS)))
        rate, new = step_size(step), fresh(step)

        def adam(i):
            arrays = (self.parameters, self.means, self.squares, self.averages, *(gradient for _, gradient in found))
            flat = [some[i].reshape(-1) for some in arrays]
            for start in range(0, len(flat[0]), CHUNK):  # so that all of it stays in the processor's cache
                p, mean, square, average, g, *others = (array[start : start + CHUNK] for array in flat)
                for other in others:
                    g += other
                mean += np.float32(1 - MEANS) * (g - mean)
                square += np.float32(1 - SQUARES) * (g * g - square)
                p -= rate * mean / (np.sqrt(square) + np.float32(1e-8))
                average += new * (p - average)

        list(self.pool.map(adam, range(len(self.parameters))))
        return float(sum(loss for loss, _ in found))

    def predict(self, pieces: list[list[int]]) -> np.ndarray:
        out = np.empty(len(pieces), dtype=np.int64)
        *layers, weights, bias = self.averages

        def part(some):
            ids, mask = padded([pieces[i] for i in some])
            out[some] = (unit_vectors(layers, embedded(self.tables, ids), mask)[0] @ weights + bias).argmax(axis=1)

        order = sorted(range(len(pieces)), key=lambda i: len(pieces[i]))
        list(self.pool.map(part, [order[i : i + BATCH] for i in range(0, len(order), BATCH)]))
        return out
