"""The one gate out: what a task's texts, terms and prompts pass before they leave this machine or a prompt holds them.

It knows the task's own `patterns:` and whether it is `sensitive:`. It finds, cleans, refuses and counts; rows of a
sensitive task that are shown or embedded elsewhere meet `core.withheld`, which stands lower down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from synthkit.core import withheld
from synthkit.core.errors import SynthkitError
from synthkit.core.text import words
from synthkit.seeds.anonymizer import NAMES, Finding, find_personal, put_in
from synthkit.tasks.splits import task_of
from synthkit.tasks.task import Task

REACHES = ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS")  # a person, whoever wrote it

FIX = "Anonymise what the prompt shows (sk.anonymize(seeds).seeds), or take it out of task.yaml"
FILTER = "Keep the filter for personal data (sk.default_filters), or leave those rows out"


class Gate:
    """What of a task may leave; without a task it knows the usual patterns alone and refuses nothing.

    >>> gate = Gate()
    >>> gate.clean(["write to ann@example.com"]), dict(gate.counts)
    (['write to [EMAIL]'], {'EMAIL_ADDRESS': 1})
    """

    def __init__(self, task: Task | None = None):
        self.task = task
        self.sensitive = bool(task and task.sensitive)
        self.patterns = dict(task.patterns) if task else {}
        self.counts: Counter = Counter()  # what was found so far, by type

    @classmethod
    def of(cls, source) -> Gate:
        """Return the gate of a task, of something that has one (seeds), or of the rows of one."""
        if isinstance(source, Task):
            return cls(source)
        return cls(getattr(source, "task", None) or task_of(source))

    def find(self, text: str) -> list[Finding]:
        """Return the personal data in a text, and count it."""
        found = find_personal(text, patterns=self.patterns, ner=self.task.ner if self.task else None)
        self.counts.update(f.type for f in found)
        return found

    def clean(self, texts: Iterable[str]) -> list[str]:
        """Return texts with a placeholder in the place of every find."""
        return [put_in(text, self.find(text), lambda kind, _: f"[{NAMES.get(kind, kind)}]")[0] for text in texts]

    def plain(self, texts: Iterable[str]) -> list[str]:
        """Return texts without what is found, for terms to be drawn from.

        In a sensitive task a word of somebody's name or of a pattern's find in one text is left out of all of them.
        """
        texts, names = list(texts), set()
        out = []
        for text in texts:
            found = self.find(text)
            named = [text[f.start : f.end] for f in found if f.type == "PERSON" or f.type in self.patterns]
            names.update(w for span in named for w in words(span) if len(w) > 2)
            out.append(put_in(text, found, lambda *_: " ")[0])
        if not self.sensitive or not names:
            return out
        return [" ".join(w for w in words(text) if w not in names) for text in out]

    def let_pass(self, texts: Sequence[str], what: str, *, fix: str = FIX) -> None:
        """Raise SynthkitError where texts that leave this machine hold what a sensitive task must keep.

        That is what a pattern of the task finds, and whatever else is found that also stands in a real row; a name that
        a model made up or the task's author wrote is none of it.
        """
        for number, text in enumerate(texts if self.sensitive else ()):
            if found := self.kept(text):
                kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(f.type for f in found).items())
                raise SynthkitError(
                    f"{what}, number {number}: personal data of a task marked sensitive ({kinds}) would leave this "
                    f"machine. {fix}"
                )

    def kept(self, text: str) -> list[Finding]:
        """Return the finds in a text that a sensitive task must keep: by patterns, a model sees too much in prompts."""
        found = find_personal(text, patterns=self.patterns)
        return [f for f in found if f.type in self.patterns or self._is_real(text[f.start : f.end])]

    def requests(self, requests: Sequence) -> None:
        """Refuse requests that hold a real row of any sensitive task as it stands, or what `let_pass` refuses."""
        messages = [m["content"] for r in requests for m in r.messages]
        withheld.refuse(messages, "messages", "a model")
        self.let_pass(messages, "messages to a model")

    def _is_real(self, span: str) -> bool:
        key = f" {' '.join(words(span))} "
        return key not in self._author and any(key in row for row in self._real)

    @property
    def _author(self) -> str:
        """The words of task.yaml."""
        task = self.task
        said = [task.domain, task.text_kind, *task.labels.values(), str(task.attributes), *task.channels]
        return f" {' '.join(w for text in said for w in words(text))} "

    @property
    def _real(self) -> list[str]:
        """The words of the task's real rows."""
        if not hasattr(self, "_rows"):
            splits = self.task.splits
            parts = (getattr(splits, name, None) for name in ("train", "validation", "test", "unlabelled"))
            texts = (text for rows in parts if rows is not None for text in rows["text"])
            self._rows = [f" {' '.join(words(text))} " for text in texts]
        return self._rows
