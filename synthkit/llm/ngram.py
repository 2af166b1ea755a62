"""The classical baseline: a small n-gram model fitted on the plan's seeds. Not a language model of the large kind.

It answers offline on anybody's own task. Its rows say `model="ngram"`, so that nobody takes them for an LLM's.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict

import numpy as np

from synthkit.core.errors import SynthkitError
from synthkit.core.text import words
from synthkit.llm.request import Reply, Request, Usage

_END = ""
_LABEL = 0.9  # weight of the label's bigrams against those of all seeds


class NGram:
    """A word bigram model for each label, interpolated with one of all labels (Jelinek and Mercer 1980).

    A label without seeds gets no texts; a script without blanks between words is read letter by letter.
    """

    name = "ngram"
    model = "ngram"
    concurrency = 1
    attempts = 1

    def __init__(self, seeds, *, max_words: int = 120):
        if seeds is None:
            raise SynthkitError("llm='ngram' is fitted on seeds: give the plan some, e.g. seeds=sk.load_seeds(task)")
        self.max_words = max_words
        self.fitted_on = tuple(seeds.rows["id"]) if "id" in seeds.rows.column_names else ()
        self._by_label: dict[str, dict] = defaultdict(lambda: defaultdict(Counter))
        self._all: dict = defaultdict(Counter)
        texts = list(seeds.rows["text"])
        # a script without blanks is read letter by letter: between blanks there would be whole sentences
        self._glue = "" if sum(len(words(t)) for t in texts) > 2 * sum(len(t.split()) for t in texts) else " "
        for row in seeds.rows:
            tokens = [*(row["text"].split() if self._glue else row["text"]), _END]
            for before, after in zip([_END, *tokens], tokens, strict=False):
                self._by_label[row["label"]][before][after] += 1
                self._all[before][after] += 1

    async def complete(self, request: Request) -> Reply:
        if request.label not in self._by_label:  # what other labels say is not what this one says
            return Reply('{"texts": []}', self.model, Usage(0, 0))
        rng = np.random.default_rng([request.random_state, request.slot, request.attempt, 2])
        texts = [{"number": i, "text": self._text(request.label, rng)} for i in range(1, request.count + 1)]
        return Reply(json.dumps({"texts": texts}, ensure_ascii=False), self.model, Usage(0, 0))

    def _text(self, label: str, rng: np.random.Generator) -> str:
        token, out = _END, []
        while len(out) < self.max_words:
            near, every = self._by_label[label].get(token), self._all[token]
            counts = near if near and rng.random() < _LABEL else every
            choices, weights = zip(*sorted(counts.items()), strict=True)
            token = choices[rng.choice(len(choices), p=np.asarray(weights) / sum(weights))]
            if token == _END:
                break
            out.append(token)
        return self._glue.join(out)
