"""A provider of batches on loopback: it checks what the real one checks, shuffles what it gives, and fails to order."""

from __future__ import annotations

import json
import random

from aiohttp import web

from support.fault_server import FaultServer, completion, error, texts_reply


class BatchServer(FaultServer):
    """Takes files and makes batches of them; the nth batch ends as the nth of `endings` says, else completed.

    An ending is "expired" or "cancelled" (half of the requests were answered), "failed: CODE" or "never" (it goes on);
    `behave(number, body)` gives a reply's body, None for a good one, or (status, body of an error). `drop_create` of
    the batches are made and their answer is lost on the way.
    """

    def __init__(
        self, behave=None, *, endings=(), looks=1, lines=50_000, size=200_000_000, at_once=None, drop_create=0
    ):
        super().__init__(behave)
        self.endings, self.looks, self.lines, self.size, self.at_once = list(endings), looks, lines, size, at_once
        self.drop_create, self.down = drop_create, 0
        self.refusal = ""  # what is said instead of making a batch
        self.spoil, self.spoilt = None, 0  # what becomes of a file (None: it is not found), and how many times
        self.calls_it: dict[str, str] = {}  # what it says in place of a status
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict] = {}
        self.asked: list[str] = []  # the custom_id of every request that was answered, which is what is billed
        self.cancelled: list[str] = []

    def routes(self, router) -> None:
        super().routes(router)
        router.add_post("/v1/files", self._file)
        router.add_get("/v1/files/{id}/content", self._content)
        router.add_post("/v1/batches", self._create)
        router.add_get("/v1/batches", self._list)
        router.add_get("/v1/batches/{id}", self._look)
        router.add_post("/v1/batches/{id}/cancel", self._cancel)

    async def _file(self, request):
        if self.down:
            self.down -= 1
            return error(503, "The server is overloaded")
        form = await request.post()
        if form["purpose"] != "batch":
            return error(400, f"Invalid purpose {form['purpose']}")
        name = f"file-{len(self.files)}"
        self.files[name] = form["file"].file.read()
        return web.json_response({"id": name, "object": "file", "purpose": "batch", "bytes": len(self.files[name])})

    async def _content(self, request):
        content = self.files[request.match_info["id"]]
        if self.spoilt:
            self.spoilt -= 1
            content = self.spoil(content)
        return error(404, "No such file") if content is None else web.Response(body=content)

    async def _create(self, request):
        if self.refusal:
            return error(400, self.refusal)
        body = await request.json()
        assert (body["endpoint"], body["completion_window"]) == ("/v1/chat/completions", "24h")
        name, number = f"batch_{len(self.batches)}", len(self.batches)
        lines, problem = self._checked(self.files[body["input_file_id"]])
        running = sum(len(b["lines"]) for b in self.batches.values() if b["status"] in ("validating", "in_progress"))
        if self.at_once and running + len(lines) > self.at_once:
            problem = ("token_limit_exceeded", f"Enqueued token limit reached. Limit: {self.at_once}")
        batch = {
            "id": name,
            "object": "batch",
            "endpoint": body["endpoint"],
            "completion_window": "24h",
            "created_at": 1,
        }
        batch |= {"input_file_id": body["input_file_id"], "status": "validating", "metadata": body.get("metadata")}
        batch |= {"request_counts": {"total": len(lines), "completed": 0, "failed": 0}, "looks": 0, "lines": lines}
        batch["ending"] = self.endings[number] if number < len(self.endings) else "completed"
        if batch["ending"].startswith("failed"):
            problem = (batch["ending"].partition(": ")[2], "as ordered")
        batch["problem"] = problem
        self.batches[name] = batch
        if self.drop_create:
            self.drop_create -= 1
            request.transport.close()
        return self._shown(batch)

    def _checked(self, data: bytes) -> tuple[list[dict], tuple[str, str] | None]:
        lines = [json.loads(line) for line in data.splitlines()]
        ids, models = [line["custom_id"] for line in lines], {line["body"]["model"] for line in lines}
        if len(data) > self.size:
            return lines, ("file_too_large", f"{len(data)} bytes")
        if not 1 <= len(lines) <= self.lines:
            return lines, ("too_many_requests", f"{len(lines)} lines")
        if len(set(ids)) < len(ids):
            return lines, ("duplicate_custom_id", "custom_id must be unique")
        if len(models) > 1:
            return lines, ("mismatched_model", f"{models}")
        if any((line["method"], line["url"]) != ("POST", "/v1/chat/completions") for line in lines):
            return lines, ("invalid_url", "the url of each line must be the endpoint of the batch")
        return lines, None

    def _shown(self, batch: dict) -> web.Response:
        shown = {k: v for k, v in batch.items() if k not in ("looks", "lines", "ending", "problem")}
        return web.json_response(shown | {"status": self.calls_it.get(batch["status"], batch["status"])})

    async def _list(self, request):
        shown = [json.loads(self._shown(b).text) for b in reversed(self.batches.values())]
        return web.json_response({"object": "list", "data": shown[:100], "has_more": False})

    async def _look(self, request):
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return error(404, "No batch found")
        batch["looks"] += 1
        if batch["status"] in ("validating", "in_progress") and batch["looks"] > 1:
            self._end(batch)
        elif batch["status"] == "validating":
            batch["status"] = "in_progress"
        return self._shown(batch)

    async def _cancel(self, request):
        batch = self.batches[request.match_info["id"]]
        self.cancelled.append(batch["id"])
        batch["ending"] = "cancelled"
        return self._shown(batch)

    def _end(self, batch: dict) -> None:
        if batch["problem"]:
            code, message = batch["problem"]
            batch |= {"status": "failed", "errors": {"object": "list", "data": [{"code": code, "message": message}]}}
            return
        if batch["ending"] == "never":
            return
        lines = list(batch["lines"])
        random.Random(batch["id"]).shuffle(lines)
        done = lines if batch["ending"] == "completed" else lines[: len(lines) // 2]
        replies, errors = [], []
        for line in done:
            number = self.requests
            self.requests += 1
            self.bodies.append(line["body"])
            what = self.behave(number, line["body"]) if self.behave else None
            status, body = what if isinstance(what, tuple) else (200, what)
            if body is None:
                body = completion(texts_reply(line["body"]["messages"][-1]["content"], 0))
            if status == 200:
                self.asked.append(line["custom_id"])
            response = {"status_code": status, "request_id": "r", "body": body}
            entry = {"id": "b", "custom_id": line["custom_id"], "response": response, "error": None}
            (replies if status == 200 else errors).append(entry)
        gone = {"code": f"batch_{batch['ending']}", "message": "This request could not be executed before it ended."}
        for line in lines[len(done) :]:
            errors.append({"id": "b", "custom_id": line["custom_id"], "response": None, "error": gone})
        batch["status"] = batch["ending"]
        batch["request_counts"] |= {"completed": len(replies), "failed": len(errors)}
        for kind, some in (("output", replies), ("error", errors)):
            if some:
                self.files[f"{kind}-{batch['id']}"] = "\n".join(map(json.dumps, some)).encode()
                batch[f"{kind}_file_id"] = f"{kind}-{batch['id']}"
