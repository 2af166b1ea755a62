"""The four calls of a Batch API: send a file, see how far a batch is, fetch what came, cancel."""

from __future__ import annotations

import json

from synthkit.core.errors import SynthkitError
from synthkit.llm.endpoint import Form, NoReply, Passing, complaint, error_body, read_error, read_reply
from synthkit.llm.request import Reply, Request

CHAT = "/v1/chat/completions"
_WORDS = {"canceled": "cancelled", "timeout_exceeded": "expired", "queued": "in_progress", "running": "in_progress"}
_WORDS |= {"pending": "in_progress", "success": "completed", "succeeded": "completed", "ended": "completed"}
_FORM = (400, 415, 422, 501)  # errors of a line that may be about how it was asked
MISSES = 5  # calls in a row without an answer that end a run, where none ever came


class Provider:
    """Who takes batches. Each call raises Passing where a later one may succeed, SynthkitError where none will."""

    def __init__(self, llm, client, notes: dict[str, None]):
        self._llm, self._client, self._notes = llm, client, notes
        self._reached, self._missed = False, 0

    async def send(self, data: bytes, token: str):
        """Upload requests, one a line, and return the batch that was made of them."""
        file = await self._call(self._client.files.create(file=("requests.jsonl", data), purpose="batch"))
        how = {"endpoint": CHAT, "completion_window": "24h", "metadata": {"token": token}}
        return await self._call(self._client.batches.create(input_file_id=file.id, **how))

    async def look(self, batch_id: str, token: str):
        """Return a batch; one without an id was being sent when the connection broke. None where there is none."""
        if batch_id:
            batch = await self._call(self._client.batches.retrieve(batch_id), gone=None)
        else:
            listed = await self._call(self._client.batches.list(limit=100))
            batch = next((b for b in listed.data if (b.metadata or {}).get("token") == token), None)
        if batch:
            batch.status = _WORDS.get(word := f"{batch.status}".lower(), word)
        return batch

    async def cancel(self, batch_id: str) -> None:
        await self._call(self._client.batches.cancel(batch_id), gone=None)

    async def lines(self, batch) -> list[dict]:
        """Return what came of a batch, replies and errors, in any order."""
        lines = []
        for file in filter(None, (batch.output_file_id, batch.error_file_id)):
            content = await self._call(self._client.files.content(file), gone=None)
            for line in content.content.splitlines() if content else ():
                try:
                    lines.append(json.loads(line))
                except ValueError:
                    continue  # half a line: its request is asked again
        return [line for line in lines if isinstance(line, dict)]

    async def _call(self, waited, **gone):
        """Return what the provider answers; for what it does not have (any more) what `gone` says."""
        import openai

        address = self._llm.address
        try:
            answer = await waited
        except openai.APIStatusError as error:
            status, headers = error.status_code, error.response.headers
            if status == 404 and gone:
                return gone["gone"]
            if status in (404, 405):
                words = f"{address} has no Batch API (HTTP {status}: {complaint(error.body)}): ask it with sk.LLM"
                raise SynthkitError(self._llm._scrub(words)) from None
            fault = read_error(status, error.body, headers, model=self._llm.model, address=address)
        except openai.APIConnectionError as error:
            fault = Passing(f"no connection to {address} ({type(error.__cause__).__name__})")
        else:
            self._reached, self._missed = True, 0
            return answer
        self._missed += 1
        words = self._llm._scrub(str(fault))
        if not isinstance(fault, Passing) or (not self._reached and self._missed >= MISSES):
            raise SynthkitError(words)
        self._notes[f"{words}. Trying on; Ctrl-C ends it, and what was sent goes on"] = None
        raise Passing(words)


def read_line(line: dict | None, request: Request, form: Form, llm) -> Reply | Exception:
    """Return the reply in a line of what came, or why there is none; sets another form of asking where that is why."""
    response = response if isinstance(response := (line or {}).get("response"), dict) else {}
    status, body = response.get("status_code"), response.get("body")
    status = int(status) if str(status).isdecimal() else None
    body = error_body(body.encode()) if isinstance(body, str) else body  # JSON in a string
    if status == 200:
        try:
            return read_reply(json.dumps(body).encode(), request, llm.model, "the batch")
        except (Passing, NoReply, SynthkitError) as error:
            return error
    if status is None:  # expired, cancelled, or in neither file
        return Passing(complaint((line or {}).get("error")) or "the batch ended without it")
    error = read_error(status, body, {}, model=llm.model, address=llm.address)
    other = form.after(complaint(body), guess=False) if status in _FORM else None
    if other and getattr(error, "about_form", False):
        llm.form = other
        return Passing(str(error))
    return error
