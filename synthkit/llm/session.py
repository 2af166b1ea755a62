"""One run's talk with an endpoint: tries, waits, and what the user should hear of it."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import time
from collections import Counter
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError
from synthkit.llm.endpoint import Form, NoReply, Passing, complaint, error_body, exhausted, read_error, read_reply
from synthkit.llm.rate_limit import Pace, Try
from synthkit.llm.request import Reply, Request, Usage, estimate_tokens

if TYPE_CHECKING:
    from synthkit.llm.client import LLM

RETRIES = 6  # of one request, for what a second try may mend; half as many while the endpoint never answered
REFUSALS = 30  # of one request, by an endpoint that is too busy
STRAYS = 8  # answers by something that is no model, and none by one, that end a run
BACKOFF = 0.25  # seconds before the second try, doubled for each further one
QUIET = 10.0  # seconds of refusals that are not worth a word
LONG = 60.0  # seconds that an endpoint may ask to wait without a word
PATIENCE = 600.0  # seconds of nothing but refusals that end a run
_FORMS = 8  # in which one request is tried
_LONGER = 4  # times the time-out, once, where nothing was answered in time


class Session:
    """One run's client: its window on the endpoint and what it met there."""

    def __init__(self, llm: LLM, http, url):
        self._llm, self._http, self._url = llm, http, url
        self.pace = Pace(llm.concurrency, start=llm._start, rpm=llm._rpm, tpm=llm._tpm)
        self.retries: Counter = Counter()  # reason -> tries that were repeated
        self.notes: dict[str, None] = {}  # what the user should hear, once each
        self._waiting: set[asyncio.Task] = set()  # who is not on the wire
        self._closing = False
        self.answered = self._strays = 0
        self.patience = llm.timeout
        self._patient_since = 0.0
        self._refused_since: float | None = None
        self._detours = 0  # requests in a row that were answered in another form than the endpoint's usual one
        self._formless = self._older_limit = False  # no form was taken, so it is not the form; max_tokens was tried

    async def complete(self, request: Request, lost=lambda: None) -> Reply:
        """Return the model's reply. Raises NoReply for this request, SynthkitError where none would be answered.

        `lost()` is called for every try that came to nothing and may have been billed.
        """
        tried = refused = 0
        limit = self._llm.max_tokens or request.max_tokens
        tokens = sum(estimate_tokens(m["content"]) for m in request.messages) + limit
        while True:
            sent = await self._idle(self.pace.enter(tokens))
            try:
                reply = await self._once(request)
            except Passing as fault:
                reason = self._llm._scrub(str(fault))
                refused += fault.busy
                tried += not fault.busy and not self._forgiven(fault, sent)
                if fault.busy:
                    self.pace.refused(sent, fault.wait)
                    self._refused(fault, reason)
                elif not fault.silent:
                    self.pace.leave()
                if fault.billed:
                    lost()
                self._strays += fault.stray
                if self._strays >= STRAYS and not self.answered:
                    raise SynthkitError(reason) from None
                if self._closing or tried > (RETRIES if self.answered else RETRIES // 2) or refused > REFUSALS:
                    raise NoReply(f"{reason} (tried {tried + refused} times)") from None
                self.retries[reason.partition(": ")[0]] += 1
                backoff = BACKOFF * 2 ** (0 if fault.busy else max(0, tried - 1))  # the window holds refused ones back
                backoff *= random.uniform(0.5, 1.5)
                await self._idle(asyncio.sleep(backoff if fault.wait is None else fault.wait))
            except (NoReply, SynthkitError) as error:
                self.pace.leave()
                spared = self.answered and getattr(error, "spares_others", False)
                kind = NoReply if spared or isinstance(error, NoReply) else SynthkitError
                raise kind(self._llm._scrub(str(error))) from None
            except BaseException:
                self.pace.leave()
                raise
            else:
                self.pace.answered(sent)
                self.pace.unused(tokens - reply.usage.prompt - reply.usage.completion)
                self.answered += 1
                self._refused_since = None
                return reply

    def traffic(self) -> tuple[int, int]:
        """Return how many requests are in flight, and how many tries were repeated."""
        return self.pace.in_flight, sum(self.retries.copy().values())

    def close(self) -> None:
        """Send nothing more; what is on the wire is waited for."""
        self._closing = True
        for task in self._waiting:
            task.cancel()

    def _note(self, text: str) -> None:
        self.notes[f"{self._llm.address} {text}"] = None

    async def _idle(self, wait):
        task = asyncio.current_task()
        self._waiting.add(task)
        try:
            return await wait
        finally:
            self._waiting.discard(task)

    def _forgiven(self, fault: Passing, sent: Try) -> bool:
        """Deal with an answer that did not come in time; return whether that try is not to be counted.

        Where nothing was ever answered, the endpoint may be slow, and slower still with many at once: ask one at a
        time, and wait longer, once.
        """
        if not fault.silent:
            return False
        self.pace.timed_out(sent)
        if self.answered:
            return False
        early = sent.sent < self._patient_since  # sent with the patience of before
        if self.patience == self._llm.timeout:
            self.patience *= _LONGER
            self._patient_since, early = time.monotonic(), True
            self._note(
                f"gave no answer in {self._llm.timeout:g} s: from now on one request at a time, and up to "
                f"{self.patience:g} s for each. A higher timeout= says so from the start"
            )
        elif not early:
            raise SynthkitError(
                f"{self._llm.address} gave no answer in {self.patience:g} s, asked one at a time. Is the model loaded? "
                f"Pass a higher timeout= (it is {self._llm.timeout:g}), a lower max_tokens=, or a smaller model"
            )
        return early

    def _refused(self, fault: Passing, reason: str) -> None:
        """Say that an endpoint lets nobody in, and give up on it after minutes."""
        now = time.monotonic()
        self._refused_since = since = self._refused_since or now
        if fault.wait and fault.wait > LONG:
            self._note(f"asks to wait {fault.wait:,.0f} s ({reason}). Waiting; Ctrl-C ends it")
        elif now - since > QUIET or "loading" in reason.lower():
            self._note(f"is not ready ({reason}). Waiting, for up to {PATIENCE / 60:g} minutes; Ctrl-C ends it")
        if now - since > PATIENCE:
            raise SynthkitError(f"{self._llm.address} refused every request for {PATIENCE / 60:g} minutes: {reason}")

    async def _once(self, request: Request) -> Reply:
        """Ask once; where the endpoint does not take the form of the request, in the next form."""
        llm, form, first = self._llm, self._llm.form, None  # first: the error in the usual form
        for _ in range(_FORMS):
            status, headers, content = await self._post(llm.body(request, form))
            if 200 <= status < 300:
                reply = read_reply(content, request, llm.model, llm.address)
                self._took(form, detour=first is not None)
                self.pace.pause(wait := exhausted(headers, reply.usage.prompt + reply.usage.completion))
                if wait > LONG:
                    self._note(f"gives nothing more for {wait:,.0f} s. Waiting; Ctrl-C ends it")
                self._check_limit(form, request, reply.usage)
                return reply
            body = error_body(content)
            error = read_error(status, body, headers, model=llm.model, address=llm.address)
            first = first or error
            form = self._other_form(form, status, error, complaint(body))
            if form is None:
                break
        raise first

    def _other_form(self, form: Form, status: int, error: Exception, words: str) -> Form | None:
        """Return the form to ask the same request in after an error, None where it is not about the form."""
        llm = self._llm
        if status == 500:
            open_question = not llm.form_works  # llama.cpp says so of a schema; later on it is a passing fault
        else:
            open_question = status in (400, 404, 415, 422, 501) and getattr(error, "about_form", status == 501)
        if not open_question:
            return None
        if llm.form_works and llm.form != form:
            return llm.form  # another request has found out in the meantime
        following = form.after(words, guess=status != 500 and not llm.form_works and not self._formless)
        self._formless |= following is None and not llm.form_works
        return following

    def _took(self, form: Form, *, detour: bool) -> None:
        """Note the form in which a request was answered: one accident changes nothing, several in a row do."""
        llm = self._llm
        if form == llm.form:
            self._detours, llm.form_works = 0, True
            return
        if not detour:  # sent before the form was changed
            return
        self._detours += 1
        if self._detours < (3 if llm.form_works else 2):
            return
        if llm.form.temperature and not form.temperature:
            self.notes[f"{llm.model!r} takes no temperature=: its replies are sampled as its endpoint likes"] = None
        llm.form, llm.form_works, self._detours = form, True, 0

    def _check_limit(self, form: Form, request: Request, usage: Usage) -> None:
        limit = self._llm.max_tokens or request.max_tokens
        if usage.completion > limit and not usage.estimated and not self._older_limit and form.limit != "max_tokens":
            self._older_limit = True
            self._llm.form = Form(form.output, "max_tokens", form.temperature)
            self._note("does not heed max_completion_tokens; max_tokens is sent instead")

    async def _post(self, body: dict) -> tuple[int, dict, bytes]:
        """Send one request; return status, headers and body."""
        import httpx2

        try:
            async with asyncio.timeout(self.patience):
                response = await self._http.post(self._url, content=json.dumps(body).encode())
        except TimeoutError:
            raise Passing(f"no answer in {self.patience:g} s (timeout=)", billed=True, silent=True) from None
        except (httpx2.InvalidURL, ValueError) as error:
            raise SynthkitError(self._llm._scrub(f"cannot ask {self._llm.address}: {error}")) from None
        except Exception as error:  # what aiohttp raises for an answer that is not HTTP comes through as it is
            raise self._no_connection(error) from None
        return response.status_code, response.headers, response.content

    def _no_connection(self, cause: BaseException) -> Exception:
        chain = [cause]
        while chain[-1].__cause__:
            chain.append(chain[-1].__cause__)
        names, address = [type(c).__name__ for c in chain], self._llm.address
        if any(isinstance(c, ssl.SSLCertVerificationError) for c in chain) or "Certificate" in "".join(names):
            return SynthkitError(
                f"the certificate of {address} is not trusted ({str(chain[-1])[:120]}). Set SSL_CERT_FILE to the "
                "certificate (PEM) of who signed it, or use the server's http:// address"
            )
        if any("ssl" in name.lower() for name in names):
            return SynthkitError(f"{address} does not speak https: is it http://? ({str(chain[-1])[:120]})")
        if any("Proxy" in name for name in names):
            return Passing(f"the proxy in HTTP_PROXY or HTTPS_PROXY does not lead to {address} ({names[-1]})")
        if any("Connector" in name or "ConnectError" in name for name in names):
            return Passing(f"no connection to {address}: is it running, and is base_url right? ({names[-1]})")
        return Passing(f"{address} broke the connection off ({names[0]})", billed=True)
