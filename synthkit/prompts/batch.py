"""Requests out to a Batch file, and the replies to them back into a task's recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from synthkit.core.jsonl import write_jsonl
from synthkit.llm.recorded import Recorded, batch_files, batch_line, joined, kept_line, to_reply
from synthkit.llm.request import Request, estimate_tokens


def export_pending(
    requests: Iterable[Request],
    folder: Path | None,
    *,
    gate: Callable[[Sequence[Request]], None] | None = None,
    model: str = "any",
) -> list[dict]:
    """Return the Batch input lines of the requests that have no recording yet; `gate` may refuse to let them out."""
    have = Recorded(folder)
    pending = [r for r in requests if have.get(r) is None]
    if gate is not None:
        gate(pending)
    return [batch_line(r, model) for r in pending]


def import_batch(asked: Iterable[dict], answered: Iterable[dict], folder: Path) -> tuple[int, list[str]]:
    """Add replies to a task's recordings; return (how many are new, what was left out and why).

    `asked` are Batch input lines, `answered` Batch output lines. A newer reply to the same slot replaces the older one,
    but for raw texts: which ones are asked about depends on what came before.
    """
    requests = {entry["custom_id"]: entry for entry in asked}
    old_asked, old_answered = batch_files(folder)
    merged = {e["custom_id"]: (e, a) for e, a in joined(folder)} if old_asked.exists() else {}
    added, problems = 0, []
    for line in answered:
        name = line.get("custom_id")
        if name not in requests:
            problems.append(f"{name}: no such request in the exported file")
            continue
        try:
            reply = to_reply(line)
        except (KeyError, IndexError, TypeError):
            problems.append(f"{name}: not a chat completion ({str(line.get('error') or line.get('response'))[:80]})")
            continue
        if not reply.content.strip():
            problems.append(f"{name}: the reply is empty")
            continue
        body = line["response"]["body"]
        if not body.get("usage"):
            asked_text = "".join(m["content"] for m in requests[name]["body"]["messages"])
            body["usage"] = {
                "prompt_tokens": estimate_tokens(asked_text),
                "completion_tokens": estimate_tokens(reply.content),
                "estimated": True,
            }
        same_slot = [k for k in merged if k.rsplit("-", 1)[0] == name.rsplit("-", 1)[0] and k != name]
        kept = kept_line(requests[name])
        same_slot = same_slot if "body" in kept else []
        for stale in same_slot:
            del merged[stale]
        merged[name] = (kept, line)
        added += 1
    folder.mkdir(parents=True, exist_ok=True)
    ordered = [merged[k] for k in sorted(merged)]
    write_jsonl(old_asked, [e for e, _ in ordered])
    write_jsonl(old_answered, [a for _, a in ordered])
    return added, problems
