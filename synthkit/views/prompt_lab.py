"""The prompt lab: pick, read, edit and ask. Each click is a function that works without it."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from synthkit.core.errors import SynthkitError
from synthkit.generation.generate import generate
from synthkit.prompts.local import missing
from synthkit.prompts.plan import plan, reads_seeds, seeds_for
from synthkit.prompts.prompt import Prompt
from synthkit.prompts.registry import STRATEGIES, register
from synthkit.tasks.task import Task
from synthkit.views.request_view import RequestView, ask_edited, inspect_request, matching

if TYPE_CHECKING:
    import ipywidgets

    from synthkit.llm.client import LLM
    from synthkit.seeds.seeds import Seeds

ANY = "any"
RECORDED, NGRAM, LOCAL = "recorded replies", "n-gram baseline", "a small model, here"


class PromptLab:
    """Pick strategy, label, attribute and request; read the exact prompt, its size and the replies; edit it and ask.

    `view` is the `RequestView` on show, so that what was found by clicking can be used in the next cell.
    """

    def __init__(self, task: Task, seeds: Seeds | None = None, *, n: int = 200, llm: LLM | str | None = None):
        import ipywidgets as w

        self.task, self.seeds, self.view = task, seeds, None
        self._plans = {
            name: plan(task, seeds_for(task, name, seeds=seeds), strategy=name, n=n)
            for name in STRATEGIES
            if name != "attributed" or task.attributes
        }
        self._made: dict = {}
        self._sources = {RECORDED: "recorded", **({NGRAM: "ngram"} if seeds else {})}
        if llm == "local" or (seeds and not missing()):
            self._sources[LOCAL] = "local"
        if llm is not None and llm != "local":
            self._sources[getattr(llm, "model", str(llm))] = llm
        wide = {"style": {"description_width": "5.5em"}, "layout": w.Layout(width="24em")}
        self.strategy = w.Dropdown(options=list(self._plans), description="strategy", **wide)
        self.label = w.Dropdown(options=list(task.labels), description="label", **wide)
        self.attribute = w.Dropdown(options=[ANY], description="attribute", **wide)
        self.number = w.BoundedIntText(1, 1, 1, description="request", continuous_update=False, **wide)
        self.of, self.state = w.Label(), w.Label()
        self.turn = w.Textarea(description="its turn", style=wide["style"], layout=w.Layout(width="98%", height="9em"))
        self.source = w.Dropdown(options=list(self._sources), description="answers", **wide)
        self.button = w.Button(description="ask")
        self.screen = w.HTML(
            layout=w.Layout(height="34em", overflow="auto", border="1px solid var(--jp-border-color2)")
        )
        self._observe(self._reset, self.strategy, self.label)
        self._observe(self._recount, self.attribute)
        self._observe(self._show, self.number)
        self.button.on_click(lambda _: self.ask())
        self._reset()

    @property
    def widget(self) -> ipywidgets.VBox:
        """The whole as one widget."""
        import ipywidgets as w

        wrap = w.Layout(flex_flow="row wrap")
        rows = [[self.strategy, self.label], [self.attribute, self.number, self.of], [self.turn]]
        rows.append([self.source, self.button, self.state])
        return w.VBox([*(w.HBox(row, layout=wrap) for row in rows), self.screen])

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)

    def ask(self, turn: str | None = None) -> RequestView | None:
        """Ask the chosen source with `turn` (what stands in the box), show what came, and return it."""
        if turn is not None:
            self.turn.value = turn
        source, planned = self._sources[self.source.value], self._plans[self.strategy.value]
        if reads_seeds(source):
            planned = replace(planned, seeds=self.seeds)

        def asked() -> RequestView:
            return ask_edited(planned, self._request(), self.turn.value, llm=source)

        self._busy(f"asking {self.source.value} ...", asked)
        return self.view

    def as_strategy(self, name: str) -> Callable[..., Prompt]:
        """Make the turn in the box a strategy, so that whole plans and comparisons can use it.

        Its label and number of texts give way to those of each request, where they stand as `label` and as a number.
        """
        wish, of = self.turn.value, self._request()

        def strategy(task, seeds, label, count, rng):
            return Prompt(wish.replace(f"`{of.label}`", f"`{label}`").replace(f" {of.count} ", f" {count} "))

        strategy.__name__ = name
        return register(strategy, texts=of.count)

    @staticmethod
    def _observe(act: Callable, *controls) -> None:
        for control in controls:
            control.observe(act, "value")

    def _reset(self, _=None) -> None:
        """A new strategy or label: offer the attribute values that its requests carry, and begin at the first."""
        requests = matching(self._plans[self.strategy.value], self.label.value)
        values = sorted({v for r in requests for a in r.attributes for v in a.values()})
        self.attribute.unobserve(self._recount, "value")
        self.attribute.options, self.attribute.value = [ANY, *values], ANY
        self.attribute.disabled = not values
        self._observe(self._recount, self.attribute)
        self._recount()

    def _recount(self, _=None) -> None:
        count = len(matching(self._plans[self.strategy.value], self.label.value, self._chosen()))
        self.number.unobserve(self._show, "value")
        self.number.value, self.number.max = 1, count
        self._observe(self._show, self.number)
        self.of.value = f"of {count}"
        self._show()

    def _show(self, _=None) -> None:
        name = self.strategy.value

        def shown() -> RequestView:
            return inspect_request(
                self._plans[name],
                label=self.label.value,
                attribute=self._chosen(),
                number=self.number.value - 1,
                made=self._generation(name),
            )

        self._busy("looking ...", shown)
        self.turn.value = self.view.turn

    def _busy(self, what: str, work: Callable[[], RequestView]) -> None:
        """Say what is going on while it goes on, then show the outcome, or what is to be mended."""
        self.state.value, self.button.disabled = what, True
        try:
            self.view = work()
            self.screen.value = self.view._repr_html_()
        except SynthkitError as error:
            self.screen.value = f'<p role="alert" style="padding:.6em">{html.escape(str(error))}</p>'
        finally:
            self.state.value, self.button.disabled = "", False

    def _request(self):
        found = matching(self._plans[self.strategy.value], self.label.value, self._chosen())
        return found[self.number.value - 1]

    def _generation(self, name: str):
        """The recorded generation of a strategy, made once; None where nothing is recorded."""
        if name not in self._made:
            try:
                self._made[name] = generate(self._plans[name], progress=False)
            except SynthkitError:
                self._made[name] = None
        return self._made[name]

    def _chosen(self) -> str | None:
        return None if self.attribute.value == ANY else self.attribute.value


def prompt_lab(task: Task, seeds: Seeds | None = None, *, n: int = 200, llm: LLM | str | None = None) -> PromptLab:
    """Return the prompt lab of a task: in a notebook it shows itself. Without widgets: `sk.inspect_request(...)`.

    A prompt that was edited is answered by `llm`, a live model, or with `seeds` by the n-gram baseline and by a small
    model on this machine (`llm="local"`; offered where it is installed); recordings answer what was recorded.
    """
    return PromptLab(task, seeds, n=n, llm=llm)
