"""A live model behind any OpenAI-compatible endpoint."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager

from synthkit.errors import SynthkitError
from synthkit.llm.request import Reply, Request, Usage, estimate_tokens

RETRIES = 4  # of one request, for what a second try may mend
_PASSING = {408, 409, 425, 429, 500, 502, 503, 504}


class NoReply(Exception):
    """A request that got no usable answer; the run goes on without it."""


class LLM:
    """A model at an endpoint: `LLM("gpt-4o-mini")`, `LLM("llama3.2", base_url="http://localhost:11434/v1")`.

    Without arguments the names come from SYNTHKIT_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY.
    """

    name = "live"
    attempts = 3

    def __init__(
        self,
        model: str | None = None,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        concurrency: int = 8,
        timeout: float = 120.0,
    ):
        self.model = model or os.environ.get("SYNTHKIT_MODEL") or ""
        if not self.model:
            raise SynthkitError("which model? LLM('gpt-4o-mini'), or set SYNTHKIT_MODEL")
        self.base_url = base_url or os.environ.get("OPENAI_BASE_URL") or None
        self._api_key = api_key or os.environ.get("OPENAI_API_KEY") or ("none" if self.base_url else None)
        if self._api_key is None:
            raise SynthkitError(
                "a live model needs OPENAI_API_KEY, or base_url= (OPENAI_BASE_URL) of a server that asks for no key; "
                "llm='recorded' and llm='ngram' need neither"
            )
        if concurrency < 1:
            raise SynthkitError(f"concurrency={concurrency}: expected 1 or more")
        self.concurrency, self.timeout = concurrency, timeout
        self._formats = ["json_schema", "json_object", "text"]  # the first that this endpoint takes stays in front
        self._client = None

    def __repr__(self) -> str:
        return f"LLM({self.model!r}, base_url={self.base_url!r})"

    @asynccontextmanager
    async def session(self):
        """Hold one client open for a run, on the run's own event loop."""
        from openai import AsyncOpenAI, DefaultAioHttpClient

        async with AsyncOpenAI(
            api_key=self._api_key,
            base_url=self.base_url,
            timeout=self.timeout,
            max_retries=0,
            http_client=DefaultAioHttpClient(timeout=self.timeout),
        ) as client:
            self._client = client
            try:
                yield
            finally:
                self._client = None

    async def complete(self, request: Request) -> Reply:
        """Return the model's reply. Raises NoReply for this request, SynthkitError where none would be answered."""
        for tried in range(RETRIES + 1):
            try:
                return await self._once(request)
            except _Passing as error:
                if tried == RETRIES:
                    raise NoReply(str(error)) from None
                jitter = 0.5 + (hash((request.slot, tried)) % 100) / 100
                await asyncio.sleep(error.wait if error.wait is not None else min(30.0, 0.5 * 2**tried) * jitter)
        raise AssertionError("unreachable")

    async def _once(self, request: Request) -> Reply:
        import openai

        body = self._body(request, self._formats[0])
        try:
            answer = await self._client.chat.completions.create(**body)
        except (openai.BadRequestError, openai.InternalServerError, openai.UnprocessableEntityError) as error:
            if len(self._formats) > 1 and _about_format(error):
                self._formats.pop(0)
                return await self._once(request)
            if isinstance(error, openai.InternalServerError):
                raise _Passing(f"HTTP {error.status_code}", _retry_after(error)) from None
            raise NoReply(f"HTTP {error.status_code}: {_reason(error)}") from None
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise SynthkitError(
                f"the endpoint refused the key (HTTP {error.status_code}); check OPENAI_API_KEY"
            ) from None
        except openai.NotFoundError as error:
            raise SynthkitError(
                f"the endpoint does not know {self.model!r} or the address is wrong (HTTP 404): {_reason(error)}"
            ) from None
        except openai.RateLimitError as error:
            if "insufficient_quota" in str(error):
                raise SynthkitError(
                    "the account has no quota left (insufficient_quota); top it up, run again"
                ) from None
            raise _Passing("HTTP 429", _retry_after(error)) from None
        except openai.APIStatusError as error:
            if error.status_code in _PASSING:
                raise _Passing(f"HTTP {error.status_code}", _retry_after(error)) from None
            raise NoReply(f"HTTP {error.status_code}: {_reason(error)}") from None
        except openai.APITimeoutError:
            raise _Passing(f"no answer in {self.timeout:g} s") from None
        except openai.APIConnectionError as error:
            raise _Passing(f"no connection to {self.base_url or 'the API'} ({_cause(error)})") from None
        except ValueError:
            raise _Passing("the answer was cut off or is not JSON") from None
        return self._reply(request, answer)

    def _body(self, request: Request, form: str) -> dict:
        body = request.body(self.model)
        if form == "json_object":
            body["response_format"] = {"type": "json_object"}
        elif form == "text":
            del body["response_format"]
        return body

    def _reply(self, request: Request, answer) -> Reply:
        choices = getattr(answer, "choices", None)
        if not choices or choices[0].message is None:
            raise _Passing("an answer without a message")
        message, usage = choices[0].message, getattr(answer, "usage", None)
        if getattr(message, "refusal", None):
            raise NoReply("refused: " + message.refusal[:200])
        content = message.content or ""
        if usage is not None and usage.prompt_tokens is not None:
            used = Usage(usage.prompt_tokens, usage.completion_tokens or 0)
        else:
            asked = "".join(m["content"] for m in request.messages)
            used = Usage(estimate_tokens(asked), estimate_tokens(content), estimated=True)
        return Reply(content, answer.model or self.model, used, choices[0].finish_reason or "stop")


class _Passing(Exception):
    """A fault that a second try may mend; `wait` is what the server asked for, in seconds."""

    def __init__(self, reason: str, wait: float | None = None):
        super().__init__(reason)
        self.wait = wait


def _about_format(error) -> bool:
    text = str(error).lower()
    return any(word in text for word in ("response_format", "json_schema", "schema", "grammar"))


def _retry_after(error) -> float | None:
    try:
        return min(60.0, float(error.response.headers.get("retry-after")))
    except (AttributeError, TypeError, ValueError):
        return None


def _reason(error) -> str:
    return " ".join(str(getattr(error, "message", error)).split())[:200]


def _cause(error) -> str:
    return type(error.__cause__).__name__ if error.__cause__ else type(error).__name__
