"""Fine-tuning jobs on loopback: files, jobs and events as an OpenAI-compatible endpoint keeps them."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class JobServer:
    """Keeps what was sent in `files` and `jobs`. `statuses` are what a job goes through, one at each look at it."""

    def __init__(self, statuses=("validating_files", "running", "succeeded"), *, dies_after_create=False, error=None):
        self.statuses, self.dies_after_create, self.error = list(statuses), dies_after_create, error
        self.files: dict[str, bytes] = {}
        self.jobs: dict[str, dict] = {}
        self.looks: dict[str, int] = {}
        self.chats = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def job(self, name: str) -> dict:
        job, look = self.jobs[name], self.looks.get(name, 0)
        if job["status"] not in ("succeeded", "failed", "cancelled"):
            self.looks[name] = look + 1
            job["status"] = self.statuses[min(look, len(self.statuses) - 1)]
        if job["status"] == "succeeded":
            job |= {"fine_tuned_model": f"ft:{job['model']}:mine", "trained_tokens": 1234}
        if job["status"] == "failed":
            job["error"] = {"code": "invalid", "message": self.error or "too few examples", "param": None}
        return job

    def answer(self, method: str, path: str, body: bytes):
        parts = path.partition("?")[0].split("/v1/")[1].split("/")
        if parts[0] == "files":
            name = f"file-{len(self.files) + 1}"
            self.files[name] = body
            return {"id": name, "object": "file", "bytes": len(body), "created_at": 1, "filename": "x.jsonl",
                    "purpose": "fine-tune", "status": "processed"}  # fmt: skip
        if parts[0] == "chat":
            self.chats += 1
            from support.fault_server import completion, texts_reply

            return completion(texts_reply(json.loads(body)["messages"][-1]["content"], self.chats))
        if method == "POST" and len(parts) == 2:
            name, asked = f"job-{len(self.jobs) + 1}", json.loads(body)
            self.jobs[name] = {
                "id": name, "object": "fine_tuning.job", "created_at": 1, "status": "queued", "model": asked["model"],
                "training_file": asked["training_file"], "hyperparameters": asked["hyperparameters"], "seed": 0,
                "organization_id": "org", "result_files": [], "asked": asked,
            }  # fmt: skip
            return None if self.dies_after_create else self.jobs[name]
        if parts[-1] == "jobs":
            return {"object": "list", "data": list(self.jobs.values()), "has_more": False}
        if parts[-1] == "events":
            event = {"id": "e", "object": "fine_tuning.job.event", "created_at": 1, "level": "info", "message": "step"}
            return {"object": "list", "data": [event], "has_more": False}
        if parts[-1] == "cancel":
            self.jobs[parts[-2]]["status"] = "cancelled"
        return self.job(parts[2])

    def __enter__(self) -> JobServer:
        keeper = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.reply(b"")

            def do_POST(self):
                self.reply(self.rfile.read(int(self.headers["content-length"])))

            def reply(self, body):
                told = keeper.answer(self.command, self.path, body)
                if told is None:  # the connection breaks, as for a kernel that dies
                    self.close_connection = True
                    return self.connection.close()
                data = json.dumps(told).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                return self.wfile.write(data)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()
