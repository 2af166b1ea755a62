"""The classical baseline: a small n-gram model fitted on the plan's seeds. Not a language model of the large kind.

It answers offline on anybody's own task. Its rows say `model="ngram"`, so that nobody takes them for an LLM's.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict

import numpy as np

from synthkit.core.errors import SynthkitError
from synthkit.llm.request import Reply, Request, Usage

_END = ""
_OWN = 0.9  # weight of the label's own bigrams against those of all seeds


class NGram:
    """A word bigram model for each label, interpolated with one of all labels (Jelinek and Mercer 1980)."""

    name = "ngram"
    model = "ngram"
    concurrency = 1
    attempts = 1

    def __init__(self, seeds, *, max_words: int = 120):
        if seeds is None:
            raise SynthkitError("llm='ngram' is fitted on seeds: give the plan some, e.g. seeds=sk.load_seeds(task)")
        self.max_words = max_words
        self.fitted_on = tuple(seeds.rows["id"]) if "id" in seeds.rows.column_names else ()
        self._own: dict[str, dict] = defaultdict(lambda: defaultdict(Counter))
        self._all: dict = defaultdict(Counter)
        for row in seeds.rows:
            tokens = [*row["text"].split(), _END]
            for before, after in zip([_END, *tokens], tokens, strict=False):
                self._own[row["label"]][before][after] += 1
                self._all[before][after] += 1

    async def complete(self, request: Request) -> Reply:
        rng = np.random.default_rng([request.random_state, request.slot, request.attempt, 2])
        texts = [{"number": i, "text": self._text(request.label, rng)} for i in range(1, request.count + 1)]
        return Reply(json.dumps({"texts": texts}, ensure_ascii=False), self.model, Usage(0, 0))

    def _text(self, label: str, rng: np.random.Generator) -> str:
        token, out = _END, []
        while len(out) < self.max_words:
            own, every = self._own[label].get(token), self._all[token]
            counts = own if own and rng.random() < _OWN else every
            choices, weights = zip(*sorted(counts.items()), strict=True)
            token = choices[rng.choice(len(choices), p=np.asarray(weights) / sum(weights))]
            if token == _END:
                break
            out.append(token)
        return " ".join(out)
