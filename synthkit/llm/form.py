"""How an endpoint wants to be asked. Endpoints differ, so it is tried, and remembered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from synthkit.llm.request import Request

OUTPUTS = ("json_schema", "json_object with schema", "json_object", "text")  # from the strictest to plain prose
_OUTPUT_WORDS = ("response_format", "json_schema", "json_object", "schema", "grammar", "structured output")


@dataclass(frozen=True)
class Form:
    """How an endpoint takes a request."""

    output: str = OUTPUTS[0]
    limit: str = "max_completion_tokens"
    temperature: bool = True

    def body(self, request: Request, model: str, limit: int) -> dict:
        """Return the body of a request in this form."""
        body = request.body(model)
        del body["max_completion_tokens"]
        body[self.limit] = limit
        if self.output == "text":
            del body["response_format"]
        elif self.output != "json_schema":
            schema = {"schema": request.schema} if self.output.endswith("schema") else {}
            body["response_format"] = {"type": "json_object", **schema}
        if not self.temperature:
            del body["temperature"]
        return body

    def after(self, complaint: str, *, guess: bool) -> Form | None:
        """Return the form to try next when this one was refused, None where the complaint is about something else.

        With `guess` a complaint that names nothing known counts against the most demanding part.
        """
        words = complaint.lower()
        other = "max_tokens" if self.limit == "max_completion_tokens" else "max_completion_tokens"
        if self.limit in words and (self.limit == "max_completion_tokens" or other in words):
            return replace(self, limit=other)
        if self.temperature and "temperature" in words:
            return replace(self, temperature=False)
        if self.output != "text" and (guess or any(word in words for word in _OUTPUT_WORDS)):
            return replace(self, output=OUTPUTS[OUTPUTS.index(self.output) + 1])
        if guess and self.limit == "max_completion_tokens":
            return replace(Form(), limit="max_tokens")
        return None
