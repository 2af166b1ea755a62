"""What a live model's replies show that no filter drops: another language, prompts that were cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from synthkit.core.language import foreign
from synthkit.llm.engine import Answer
from synthkit.tasks.task import Task

FEWEST_TOKENS = 0.9  # a word: an endpoint that counts fewer has not read the whole prompt
LOOKED_AT, ALARMING = 200, 0.2  # texts whose language is looked at; the share in another one that is said


def suspicions(answers: Sequence[Answer], rows: Sequence[dict], task: Task) -> list[str]:
    """Return what should be said of a live run beside its counts."""
    out, language = [], task.language.partition("-")[0].casefold()
    texts = [row["text"] for row in rows[:LOOKED_AT]]
    others = Counter(foreign(texts, language).values())
    if others.total() > ALARMING * len(texts):
        few = f"{others.total()} of {len(texts)} texts"
        out.append(f"{few} are not in the task's language ({language}) but mostly in {others.most_common(1)[0][0]}")
    counted = [(a.request, r.usage.prompt) for a in answers for _, r, _ in a.replies if not r.usage.estimated]
    sent = [(tokens, sum(len(m["content"].split()) for m in request.messages)) for request, tokens in counted]
    cut = [(tokens, words) for tokens, words in sent if tokens < FEWEST_TOKENS * words]
    if len(cut) > len(sent) / 2:
        out.append(
            f"the endpoint read {cut[0][0]} tokens of a prompt of {cut[0][1]} words: it cuts prompts off. Give it a "
            "longer context (Ollama: num_ctx, llama.cpp: -c, vLLM: --max-model-len)"
        )
    return out
