"""A live model behind any OpenAI-compatible endpoint."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
from collections import Counter
from contextlib import asynccontextmanager

from synthkit.core.errors import SynthkitError
from synthkit.llm.endpoint import OUTPUTS, Form, NoReply, Passing, complaint, exhausted, read_error, read_reply
from synthkit.llm.rate_limit import Pace
from synthkit.llm.request import Reply, Request, Usage, estimate_tokens

RETRIES = 6  # of one request, for what a second try may mend; half as many while the endpoint never answered
REFUSALS = 30  # of one request, by an endpoint that is too busy
BACKOFF = 0.25  # seconds before the second try, doubled for each further one
_START, _MOST = 8, 64  # requests in flight where concurrency= is not given

__all__ = ["LLM", "NoReply"]


class LLM:
    """A model at an endpoint: `LLM("gpt-4o-mini")`, `LLM("llama3.2", base_url="http://localhost:11434/v1")`.

    Without arguments the names come from SYNTHKIT_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY. `concurrency` is how many
    requests may be in flight (by default it starts at 8 and grows to 64 while the endpoint copes), `rpm` and `tpm` how
    many requests and tokens a minute, `timeout` how many seconds a reply may take.
    """

    name = "live"
    attempts = 3

    def __init__(
        self,
        model: str | None = None,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        concurrency: int | None = None,
        rpm: float | None = None,
        tpm: float | None = None,
        timeout: float = 120.0,
    ):
        self.model = model or os.environ.get("SYNTHKIT_MODEL") or ""
        if not self.model:
            raise SynthkitError("which model? LLM('gpt-4o-mini'), or set SYNTHKIT_MODEL")
        self.base_url = base_url or os.environ.get("OPENAI_BASE_URL") or None
        key = (api_key or os.environ.get("OPENAI_API_KEY") or ("none" if self.base_url else "")).strip()
        if not key:
            raise SynthkitError(
                "a live model needs OPENAI_API_KEY, or base_url= (OPENAI_BASE_URL) of a server that asks for no key; "
                "llm='recorded' and llm='ngram' need neither"
            )
        if not key.isascii() or not key.isprintable():
            raise SynthkitError("the API key holds characters that no key has; copy it again")
        for name, value in {"concurrency": concurrency, "rpm": rpm, "tpm": tpm, "timeout": timeout}.items():
            if value is not None and not (isinstance(value, (int, float)) and value > 0):
                raise SynthkitError(f"{name}={value!r}: expected a number above 0")
        if concurrency is not None and concurrency != int(concurrency):
            raise SynthkitError(f"concurrency={concurrency}: expected a whole number")
        self._api_key = key
        self.concurrency, self.timeout = int(concurrency or _MOST), timeout
        self._start = self.concurrency if concurrency else _START
        self._rpm, self._tpm = rpm, tpm
        self.form = Form()  # how this endpoint wants to be asked, as far as it is known
        self.form_works = False

    def __repr__(self) -> str:
        return f"LLM({self.model!r}, base_url={self._scrub(self.base_url)!r})"

    @property
    def address(self) -> str:
        """Where it is, for messages."""
        return self._scrub(self.base_url) or "api.openai.com"

    def _scrub(self, text: str | None) -> str | None:
        """Take the key, and a password inside an address, out of what may be shown."""
        if text is None:
            return None
        if len(self._api_key) >= 8 or self._api_key.startswith("sk-"):  # shorter ones are stand-ins such as "ollama"
            text = text.replace(self._api_key, "[key]")
        return re.sub(r"//[^/@\s]+@", "//[...]@", text)

    @asynccontextmanager
    async def session(self):
        """Hold one client open for a run, on the run's own event loop; what it yields answers requests."""
        import openai

        plain = (self.base_url or "").startswith("http://")  # no certificates to load: a tenth of a second
        http = openai.DefaultAioHttpClient(timeout=self.timeout, verify=not plain, follow_redirects=False)
        async with openai.AsyncOpenAI(
            api_key=self._api_key,
            base_url=self.base_url,
            timeout=self.timeout,
            max_retries=0,  # the session's own retries know the window and the budget
            http_client=http,
        ) as client:
            yield Session(self, client)

    async def complete(self, request: Request) -> Reply:
        """Return the model's reply. Raises NoReply for this request, SynthkitError where none would be answered."""
        async with self.session() as session:
            return await session.complete(request)


class Session:
    """One run's client: its window on the endpoint and what it met there."""

    def __init__(self, llm: LLM, client):
        self._llm, self._client = llm, client
        self.pace = Pace(llm.concurrency, start=llm._start, rpm=llm._rpm, tpm=llm._tpm)
        self.retries: Counter = Counter()  # reason -> tries that were repeated
        self.notes: dict[str, None] = {}  # what the user should hear, once each

    async def complete(self, request: Request, lost=lambda: None) -> Reply:
        """Return the model's reply. Raises NoReply for this request, SynthkitError where none would be answered.

        `lost()` is called for every try that came to nothing and may have been billed.
        """
        tried = refused = 0
        tokens = sum(estimate_tokens(m["content"]) for m in request.messages) + request.max_tokens
        while True:
            sent = await self.pace.enter(tokens)
            try:
                reply = await self._once(request)
            except Passing as fault:
                reason = self._llm._scrub(str(fault))
                if fault.busy:
                    self.pace.refused(sent, fault.wait)
                    refused += 1
                elif fault.silent:
                    self.pace.timed_out(sent)
                    tried += 1
                else:
                    self.pace.leave()
                    tried += 1
                if fault.billed:
                    lost()
                if tried > (RETRIES if self._llm.form_works else RETRIES // 2) or refused > REFUSALS:
                    raise NoReply(f"{reason} (tried {tried + refused} times)") from None
                self.retries[reason.partition(": ")[0]] += 1
                backoff = BACKOFF * 2 ** (0 if fault.busy else tried - 1)  # after a refusal the window holds it back
                await asyncio.sleep(random.uniform(0.5, 1.5) * backoff if fault.wait is None else fault.wait)
            except BaseException:
                self.pace.leave()
                raise
            else:
                self.pace.answered(sent)
                self.pace.unused(tokens - reply.usage.prompt - reply.usage.completion)
                return reply

    async def _once(self, request: Request) -> Reply:
        """Ask once; where the endpoint does not take the form of the request, in the next form."""
        llm = self._llm
        for _ in range(2 * len(OUTPUTS)):
            form = llm.form
            status, headers, body = await self._post(form.body(request, llm.model))
            if status == 200:
                reply = read_reply(body, request, llm.model)
                llm.form_works = True
                self.pace.pause(exhausted(headers, reply.usage.prompt + reply.usage.completion))
                self._check_limit(form, request, reply.usage)
                return reply
            words = llm._scrub(complaint(body))
            if status not in (400, 415, 422, 500, 501) or (status == 500 and llm.form_works):
                break
            following = llm.form  # another request may have found out in the meantime
            if form == following:
                following = form.after(words, guess=status != 500 and not llm.form_works)
            if following is None:
                if not llm.form_works:
                    llm.form = Form()  # no form was taken, so it was not the form
                break
            if form.temperature and not following.temperature:
                self.notes[f"{llm.model!r} takes no temperature=: its replies are sampled as its endpoint likes"] = None
            llm.form = following
        raise read_error(status, words, headers, model=llm.model, address=llm.address)

    def _check_limit(self, form: Form, request: Request, usage: Usage) -> None:
        if usage.completion > request.max_tokens and not usage.estimated and form.limit != "max_tokens":
            self._llm.form = Form(form.output, "max_tokens", form.temperature)
            self.notes[f"{self._llm.address} does not heed max_completion_tokens; max_tokens is sent instead"] = None

    async def _post(self, body: dict) -> tuple[int, dict, object]:
        """Send one request; return (status, headers, the bytes of a 200 or the parsed body of an error)."""
        import httpx2
        import openai

        try:
            async with asyncio.timeout(self._llm.timeout):
                response = await self._client.post(
                    "/chat/completions", content=json.dumps(body).encode(), cast_to=httpx2.Response
                )
        except openai.APIStatusError as error:
            return error.status_code, error.response.headers, error.body
        except openai.APIConnectionError as error:
            raise self._no_connection(error.__cause__ or error) from None
        except TimeoutError:
            raise self._no_connection(TimeoutError()) from None
        except (openai.OpenAIError, httpx2.InvalidURL, ValueError) as error:
            raise SynthkitError(self._llm._scrub(f"cannot ask {self._llm.address}: {error}")) from None
        except Exception as error:  # what aiohttp raises for an answer that is not HTTP comes through as it is
            raise self._no_connection(error) from None
        return 200, response.headers, response.content

    def _no_connection(self, cause: BaseException) -> Passing:
        name = type(cause.__cause__ or cause).__name__
        if "Timeout" in name:
            return Passing(f"no answer in {self._llm.timeout:g} s", billed=True, silent=True)
        if "Connector" in name:
            return Passing(f"no connection to {self._llm.address}: is it running, and is base_url right? ({name})")
        return Passing(f"{self._llm.address} broke the connection off ({name})", billed=True)
