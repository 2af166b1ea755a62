"""A live model behind any OpenAI-compatible endpoint."""

from __future__ import annotations

import json
import os
import re
import warnings
from contextlib import asynccontextmanager

from synthkit.core.address import OPENAI, is_local, is_near, place, read_address
from synthkit.core.errors import SynthkitError
from synthkit.llm.endpoint import Form, NoReply
from synthkit.llm.request import Reply, Request
from synthkit.llm.session import Session

_START, _MOST = 8, 64  # requests in flight where concurrency= is not given
_OWN_NAMES = {"max_tokens": "max_tokens", "max_completion_tokens": "max_tokens", "reasoning_effort": "reasoning_effort"}

__all__ = ["LLM", "NoReply"]


class LLM:
    """A model at an endpoint: `LLM("gpt-4o-mini")`, `LLM("llama3.2", base_url="http://localhost:11434/v1")`.

    Without arguments the names come from SYNTHKIT_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY. `concurrency` is how many
    requests may be in flight (by default it grows to 64 while the endpoint copes: from 8, in your own network from 1),
    `rpm` and `tpm` how many requests and tokens a minute, `timeout` how many seconds a reply may take.

    `max_tokens` limits a reply in place of the plan's own limit: a model that thinks needs more. `reasoning_effort` and
    what is in `extra_body` are sent along, such as `{"chat_template_kwargs": {"enable_thinking": False}}`. Replies
    are stored under model, address, `reasoning_effort` and `extra_body`: another one asks anew.

    >>> import synthkit as sk
    >>> sk.LLM("llama3.2", base_url="localhost:11434/v1", max_tokens=4000)
    LLM('llama3.2', base_url='http://localhost:11434/v1')
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
        max_tokens: int | None = None,
        reasoning_effort: str | None = None,
        extra_body: dict | None = None,
    ):
        self.model = (model or os.environ.get("SYNTHKIT_MODEL") or "").strip().strip("\"'")
        if not self.model:
            raise SynthkitError("which model? Set SYNTHKIT_MODEL, such as gpt-4o-mini, or pass model= in Python")
        self.base_url = read_address(base_url) or read_address(os.environ.get("OPENAI_BASE_URL"))
        key = (api_key or os.environ.get("OPENAI_API_KEY") or ("none" if self.base_url else "")).strip()
        if not key:
            raise SynthkitError(
                "a live model needs OPENAI_API_KEY, or base_url= (OPENAI_BASE_URL) of a server that asks for no key; "
                "llm='recorded' and llm='ngram' need neither"
            )
        if not key.isascii() or not key.isprintable():
            raise SynthkitError("the API key holds characters that no key has; copy it again")
        numbers = {"concurrency": concurrency, "rpm": rpm, "tpm": tpm, "timeout": timeout, "max_tokens": max_tokens}
        for name, value in numbers.items():
            if value is not None and not (isinstance(value, (int, float)) and value > 0):
                raise SynthkitError(f"{name}={value!r}: expected a number above 0")
            if name in ("concurrency", "max_tokens") and value is not None and value != int(value):
                raise SynthkitError(f"{name}={value}: expected a whole number")
        self.extra_body = _read_extra(extra_body)
        self._api_key = key
        self.concurrency, self.timeout = int(concurrency or _MOST), timeout
        self.max_tokens = int(max_tokens) if max_tokens else None
        self.reasoning_effort = reasoning_effort
        self.local = is_local(self.base_url)
        if not self.local and key != "none" and (self.base_url or "").startswith("http://"):
            warnings.warn(
                f"{self.address} is plain http: the key and every prompt can be read on the way", stacklevel=2
            )
        self._start = self.concurrency if concurrency else 1 if is_near(self.base_url) else _START
        self._rpm, self._tpm = rpm, tpm
        self.form = Form()  # how this endpoint wants to be asked, as far as it is known
        self.form_works = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r}, base_url={self._scrub(self.base_url)!r})"

    @property
    def address(self) -> str:
        """Where it is, for messages."""
        return self._scrub(self.base_url) or OPENAI

    @property
    def identity(self) -> str:
        """What its replies are stored under: the model, and where that is not all, what else changes the answer."""
        sent = {"reasoning_effort": self.reasoning_effort} if self.reasoning_effort else {}
        extra = json.dumps(sent | self.extra_body, sort_keys=True) if sent | self.extra_body else ""
        return " ".join(filter(None, [self.model, place(self.base_url), extra]))

    def body(self, request: Request, form: Form) -> dict:
        """Return the body of a request in a form."""
        body = form.body(request, self.model, self.max_tokens or request.max_tokens)
        if self.reasoning_effort:
            body["reasoning_effort"] = self.reasoning_effort
        return body | self.extra_body

    def _scrub(self, text: str | None) -> str | None:
        """Take the key, and a password inside an address, out of what may be shown."""
        if text is None:
            return None
        if len(self._api_key) >= 8 or self._api_key.startswith("sk-"):  # shorter ones are stand-ins such as "ollama"
            text = text.replace(self._api_key, "[key]")
        return re.sub(r"//[^/@\s]+@", "//[...]@", text)

    @asynccontextmanager
    async def _client(self):
        """Hold connections open, and openai's client, which knows address and headers."""
        import openai

        plain = (self.base_url or "").startswith("http://")  # no certificates to load: a tenth of a second
        async with openai.DefaultAioHttpClient(
            timeout=None,  # the session's own patience decides
            verify=not plain,
            follow_redirects=False,
            trust_env=not self.local,  # a proxy that stands in the environment does not lead to this machine
        ) as http:
            how = {"api_key": self._api_key, "base_url": self.base_url, "max_retries": 0}
            yield http, openai.AsyncOpenAI(http_client=http, **how)

    @asynccontextmanager
    async def session(self, store=None):
        """Hold one client open for a run, on the run's own event loop; what it yields answers requests."""
        async with self._client() as (http, client):
            # asked through openai's client, a request takes twice the processor's time
            headers = {**client.default_headers, **client.auth_headers}
            http.headers.update({name: value for name, value in headers.items() if isinstance(value, str)})
            yield Session(self, http, client.base_url.copy_with(path=client.base_url.path + "chat/completions"))

    async def complete(self, request: Request) -> Reply:
        """Return the model's reply. Raises NoReply for this request, SynthkitError where none would be answered."""
        async with self.session() as session:
            return await session.complete(request)


def _read_extra(extra_body: dict | None) -> dict:
    """Return what is sent along with every request."""
    extra = {} if extra_body is None else extra_body
    try:
        json.dumps(dict(extra))
    except (TypeError, ValueError):
        raise SynthkitError(f"extra_body={extra!r}: expected a dict of JSON values, as {{'top_k': 40}}") from None
    for name in {"model", "messages", "stream", "n", *_OWN_NAMES} & set(extra):
        fix = f"pass {_OWN_NAMES[name]}= instead" if name in _OWN_NAMES else "the plan and model= decide it"
        raise SynthkitError(f"extra_body holds {name!r}: {fix}")
    return dict(extra)
