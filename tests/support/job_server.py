"""Fine-tuning jobs on loopback: files, jobs and events as an OpenAI-compatible endpoint keeps them."""

from __future__ import annotations

import json

from aiohttp import web

from support.fault_server import FaultServer


class JobServer(FaultServer):
    """Keeps what was sent in `files` and `jobs`. `statuses` are what a job goes through, one at each look at it."""

    def __init__(self, statuses=("validating_files", "running", "succeeded"), *, dies_after_create=False, error=None):
        super().__init__()
        self.statuses, self.dies_after_create, self.error = list(statuses), dies_after_create, error
        self.files: dict[str, bytes] = {}
        self.jobs: dict[str, dict] = {}
        self.looks: dict[str, int] = {}

    def routes(self, router) -> None:
        super().routes(router)
        router.add_route("*", "/v1/{path:.*}", self._job)

    async def _job(self, request):
        told = self.answer(request.method, request.path, await request.read())
        if told is None:  # the connection breaks, as for a kernel that dies
            request.transport.close()
        return web.json_response(told)

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
        parts = path.split("/v1/")[1].split("/")
        if parts[0] == "files":
            name = f"file-{len(self.files) + 1}"
            self.files[name] = body
            return {"id": name, "object": "file", "bytes": len(body), "created_at": 1, "filename": "x.jsonl",
                    "purpose": "fine-tune", "status": "processed"}  # fmt: skip
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
