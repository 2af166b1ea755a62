"""An endpoint on this machine that keeps every body it is sent, and answers so that a run goes on."""

from __future__ import annotations

import json

from aiohttp import web

from support.fault_server import FaultServer, completion
from support.replies import _number_words, as_reply


class Listener(FaultServer):
    """A loopback endpoint: `sent` is what it was sent, word for word; `script(body)` returns the content of a reply."""

    def __init__(self, script=None):
        script = script or self._plain
        super().__init__(lambda _, body: completion(script(body), usage=(10, 20)))
        self.sent: list[str] = []
        self._count = 0

    def routes(self, router) -> None:
        super().routes(router)
        router.add_post("/v1/embeddings", self._embeddings)

    async def _chat(self, request):
        self.sent.append(await request.text())
        return await super()._chat(request)

    async def _embeddings(self, request):
        self.sent.append(await request.text())
        texts = json.loads(self.sent[-1])["input"]
        data = [
            {"object": "embedding", "index": i, "embedding": [float(len(t)), 1.0, float(i)]}
            for i, t in enumerate(texts)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return web.json_response({"object": "list", "model": "m", "data": data, "usage": usage})

    def _plain(self, asked: dict) -> str:
        item = asked["response_format"]["json_schema"]["schema"]["properties"]["texts"]["items"]["properties"]
        if "label" in item:
            labels = item["label"]["enum"]
            return json.dumps({"texts": [{"number": i, "label": labels[i % 2]} for i in range(1, 21)]})
        self._count += 20
        if "value" in item:
            values = [_number_words(self._count + i)[:20] for i in range(12)]
            return json.dumps({"texts": [{"number": i, "value": v} for i, v in enumerate(values, 1)]})
        return as_reply([_number_words(self._count + i) for i in range(5)])
