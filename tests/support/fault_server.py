"""A chat completion endpoint on loopback that misbehaves to order: the other end of the engine's tests and benchmark.

In a test: `with FaultServer(behave) as server: LLM("m", base_url=server.url)`. In a process of its own:
`cd tests; python -m support.fault_server '{"latency": 0.2}'` prints its address and serves until its input closes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import sys
import threading
import time

from aiohttp import web

WORDS = ["the", "a", "room", "train", "late", "fast", "slow", "warm", "kind", "rude", "tea", "bill", "queue", "staff"]


def texts_reply(prompt: str, number: int) -> str:
    """Return a good reply to a prompt: as many texts as it asks for, other ones each time."""
    count = re.search(r"numbers 1 to (\d+)", prompt)
    texts = []
    for i in range(1, int(count[1]) + 1 if count else 2):
        digest = hashlib.sha256(f"{prompt}{number}-{i}".encode()).digest()
        texts.append({"number": i, "text": " ".join(WORDS[b % len(WORDS)] for b in digest[:14])})
    return json.dumps({"texts": texts})


def completion(content: str | None, *, finish="stop", usage=(50, 60), **message) -> dict:
    """Return the body of a chat completion."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "served-model",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
        ],
    }
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return body


def error(status: int, message: str, *, headers=None, **more) -> web.Response:
    """Return an error as OpenAI words it."""
    return web.json_response({"error": {"message": message, "type": "error", **more}}, status=status, headers=headers)


def mixed(number: int, share: float) -> str | None:
    """Return which fault request `number` meets: `share` of them a fault, every kind in turn."""
    kinds = ("429", "500", "drop", "half", "empty")
    spread = int(hashlib.sha256(str(number).encode()).hexdigest()[:8], 16)
    return kinds[spread // 1000 % len(kinds)] if spread % 1000 < share * 1000 else None


class FaultServer:
    """Serves `behave(number, body) -> dict | str | Response | None` (or a coroutine of it) after `latency` seconds.

    A dict is the reply's body, a str a fault by name ("429", "500", "drop", "half", "empty", "hang", "html"), None a
    good reply, which `steady` makes depend on the prompt alone. `most` answers 429 above that many in flight; `storm`
    (start, end) 429 to everything in those seconds.
    """

    def __init__(self, behave=None, *, latency=0.0, faults=0.0, most=None, storm=None, retry_after=None, steady=False):
        self.behave, self.latency, self.faults, self.most, self.storm = behave, latency, faults, most, storm
        self.headers = {"retry-after": str(retry_after)} if retry_after is not None else None
        self.requests = self.in_flight = self.most_in_flight = self.refused = self.served = 0
        self.bodies: list[dict] = []
        self.times: list[float] = []  # when good replies went out
        self.prompts: dict[str, int] = {}
        self.steady = steady
        self.keep = True  # bodies and headers
        self.seen_headers: list[dict] = []
        self.began: float | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        now = time.monotonic()
        self.began = self.began or now
        number = self.requests
        self.requests += 1
        raw = await request.read()
        body = json.loads(raw)
        if self.keep:
            self.bodies.append(body)
            self.seen_headers.append(dict(request.headers))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            stormy = self.storm and self.storm[0] <= now - self.began < self.storm[1]
            if stormy or (self.most and self.in_flight > self.most):
                self.refused += 1
                return error(429, "Rate limit reached", headers=self.headers)
            what = self.behave(number, body) if self.behave else None
            what = await what if asyncio.iscoroutine(what) else what
            if what is None and self.faults:
                what = mixed(number, self.faults)
            if self.latency:
                await asyncio.sleep(self.latency)
            return await self._answer(request, what, body, number)
        finally:
            self.in_flight -= 1

    async def _answer(self, request, what, body, number):
        if isinstance(what, web.StreamResponse):
            return what
        if what == "429":
            self.refused += 1
            return error(429, "Rate limit reached", headers=self.headers)
        if what == "500":
            return error(500, "The server had an error")
        if what == "drop":
            request.transport.close()
            return web.Response()
        if what == "hang":
            await asyncio.sleep(30)
        if what == "html":
            return web.Response(text="<html>Sign in to the Wi-Fi</html>", content_type="text/html")
        if what == "empty":
            return web.json_response(completion(""))
        prompt = body["messages"][-1]["content"]
        good = (
            completion(texts_reply(prompt, 0 if self.steady else number))
            if what is None or isinstance(what, str)
            else what
        )
        if what == "half":
            text = json.dumps(good)
            response = web.StreamResponse(headers={"content-length": str(len(text))})
            await response.prepare(request)
            await response.write(text[: len(text) // 2].encode())
            request.transport.close()
            return response
        self.served += 1
        self.times.append(time.monotonic())
        if self.keep:
            self.prompts[prompt] = self.prompts.get(prompt, 0) + 1
        return web.json_response(good)

    async def _stats(self, _request) -> web.Response:
        names = ("requests", "served", "refused", "most_in_flight", "times", "began")
        return web.json_response({name: getattr(self, name) for name in names})

    async def _reset(self, request) -> web.Response:
        self.__init__(**(await request.json()))
        self.keep = False
        return web.json_response({})

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/v1/chat/completions", self._chat)
        router.add_get("/stats", self._stats)
        router.add_post("/reset", self._reset)

    async def start(self) -> web.AppRunner:
        app = web.Application(client_max_size=2**30)
        self.routes(app.router)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        return runner

    def __enter__(self) -> FaultServer:
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()

        def serve():
            asyncio.set_event_loop(self._loop)
            self._runner = self._loop.run_until_complete(self.start())
            ready.set()
            self._loop.run_forever()
            self._loop.run_until_complete(self._runner.cleanup())
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.close()

        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()
        ready.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


async def main() -> None:
    server = FaultServer(**json.loads(sys.argv[1] if len(sys.argv) > 1 else "{}"))
    server.keep = False
    runner = await server.start()
    sys.stdout.write(server.url + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
