"""Fine-tuning jobs at an OpenAI-compatible endpoint: files, job, events; a job outlives the kernel that began it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path

from synthkit.core.errors import SynthkitError
from synthkit.core.exports import write_private
from synthkit.llm.budget import Budget, undated
from synthkit.llm.client import LLM
from synthkit.llm.request import estimate_tokens

# US dollars for a million trained tokens, as OpenAI's price list of 2026 gave them; never guessed
TRAINING_PRICES = {"gpt-4o": 25.0, "gpt-4o-mini": 3.0, "gpt-4.1": 25.0, "gpt-4.1-mini": 5.0, "gpt-4.1-nano": 1.5}
POLL, RETRIES = 10.0, 5  # seconds between two looks at a job; tries of one question
OVER = ("succeeded", "failed", "cancelled")


def training_price(llm: LLM) -> float | None:
    """Return dollars for a million trained tokens, None where that is not known; this machine asks for nothing."""
    return 0.0 if llm.local else TRAINING_PRICES.get(undated(llm.model))


def tokens_of(lines: Sequence[dict]) -> tuple[int, int]:
    """Return how many tokens an epoch trains on: estimated, and at the most (UTF-8 bytes)."""
    texts = [m["content"] for line in lines for m in line["messages"]]
    return sum(map(estimate_tokens, texts)), sum(len(t.encode("utf-8", "replace")) + 16 for t in texts)


def tuned(
    llm: LLM,
    lines: Sequence[dict],
    held_out: Sequence[dict],
    *,
    folder: Path,
    epochs: int,
    budget: Budget | None,
    on_step: Callable[[str], None] = lambda said: None,
) -> dict:
    """Return {"model": the tuned model's name, "tokens": trained, "job": its id} of a job that may take hours.

    What is under way stands in `folder`: the same call after a crash or Ctrl-C waits for the same job. Costs nothing
    twice; without a known price or a budget nothing is begun. A failed or cancelled job is an error; the next call
    begins another one.
    """
    price, (about, most) = training_price(llm), tokens_of(lines)
    usd = None if price is None else most * epochs * price / 1e6
    cost = "" if price is None else f", about ${about * epochs * price / 1e6:,.2f}, at most ${usd:,.2f}"
    if budget is None and not llm.local:
        raise SynthkitError(
            f"a fine-tuning job of {llm.model!r} cannot be stopped at a cap: {epochs} epochs of about {about:,} tokens"
            f"{cost}. Say what it may cost: budget=sk.Budget(usd=...) or sk.Budget(tokens={most * epochs})"
        )
    path, name = folder / "job.json", f"synthkit-{folder.name[:8]}"
    state = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if budget is not None:
        budget.take(name, f"{llm.model!r} fine-tuned", usd, most * epochs)

    def note(**more) -> None:
        state.update(more)
        write_private(path, json.dumps(state))

    with _client(llm) as client:
        if "job" not in state:
            for role, some in (("training_file", lines), ("validation_file", held_out)):
                if role not in state:
                    data = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in some).encode()
                    note(**{role: client.files.create(file=(f"{role}.jsonl", data), purpose="fine-tune").id})
            # a kernel that died after the job was made, and before its id was written, has left one
            begun = [j.id for j in client.fine_tuning.jobs.list(limit=50) if j.training_file == state["training_file"]]
            note(job=begun[0] if begun else client.fine_tuning.jobs.create(
                model=llm.model, training_file=state["training_file"], validation_file=state["validation_file"],
                suffix=name, seed=0, hyperparameters={"n_epochs": epochs},
            ).id)  # fmt: skip
        job = _wait(client, llm, state["job"], on_step)
    if job.status != "succeeded":
        if budget is not None:
            budget.correct(name, usd, most * epochs, price, job.trained_tokens or 0)
        path.unlink(missing_ok=True)
        said = f": {job.error.message}" if job.error and job.error.message else ""
        raise SynthkitError(f"fine-tuning job {job.id} at {llm.address} {job.status}{said}. Mend that, then run again")
    tokens = job.trained_tokens or most * epochs
    if budget is not None:
        budget.correct(name, usd, most * epochs, price, tokens)
    return {"model": job.fine_tuned_model, "tokens": tokens, "job": job.id}


def cancel(llm: LLM, job: str) -> str:
    """End a job at its endpoint; return its status."""
    with _client(llm) as client:
        return client.fine_tuning.jobs.cancel(job).status


def _wait(client, llm: LLM, job_id: str, on_step):
    try:
        while (job := client.fine_tuning.jobs.retrieve(job_id)).status not in OVER:
            events = client.fine_tuning.jobs.list_events(job_id, limit=1).data
            on_step(f"job {job_id} {job.status}" + (f": {events[0].message}" if events else ""))
            time.sleep(POLL)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"job {job_id} goes on at {llm.address}: the same call waits for it again; "
            f"synthkit.tuning.jobs.cancel(llm, {job_id!r}) ends it"
        ) from None
    return job


@contextmanager
def _client(llm: LLM):
    """Yield a client for the address and key of an LLM; what goes wrong is an error without the key in it."""
    import openai

    http = openai.DefaultHttpxClient(trust_env=not llm.local, follow_redirects=False)
    try:
        with openai.OpenAI(
            api_key=llm._api_key, base_url=llm.base_url, http_client=http, max_retries=RETRIES
        ) as client:
            yield client
    except openai.APIStatusError as error:
        fix = "It may offer no fine-tuning" if error.status_code in (404, 405) else "Mend that, then run again"
        said = llm._scrub(str(getattr(error, "message", error)))[:300]
        raise SynthkitError(f"{llm.address}, fine-tuning: HTTP {error.status_code}, {said}. {fix}") from None
    except openai.OpenAIError as error:
        raise SynthkitError(
            f"{llm.address}, fine-tuning: {llm._scrub(str(error))}. What is under way goes on: run this again"
        ) from None
