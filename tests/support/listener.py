"""An endpoint on this machine that keeps every body it is sent, and answers so that a run goes on."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.replies import _number_words, as_reply


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.bodies.append(body)
        asked = json.loads(body)
        if self.path.endswith("/embeddings"):
            data = [
                {"object": "embedding", "index": i, "embedding": [float(len(t)), 1.0, float(i)]}
                for i, t in enumerate(asked["input"])
            ]
            answer = {"object": "list", "model": "m", "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        else:
            message = {"role": "assistant", "content": self.server.script(asked)}
            answer = {
                "id": "x",
                "object": "chat.completion",
                "model": "m",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
            }
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Listener:
    """A loopback endpoint: `bodies` is what it was sent; `script(body)` returns the content of a reply."""

    def __init__(self, script=None):
        self._script = script or self._plain
        self._count = 0

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

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.bodies, self._server.script = [], self._script
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    @property
    def bodies(self) -> list[str]:
        """Every body so far."""
        return self._server.bodies

    @property
    def url(self) -> str:
        """What `base_url=` and OPENAI_BASE_URL want."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"
