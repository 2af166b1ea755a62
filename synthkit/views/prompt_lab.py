"""Thin views on functions that work without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthkit.generation.generate import generate
from synthkit.prompts.plan import plan, seeds_for
from synthkit.prompts.registry import STRATEGIES
from synthkit.tasks.task import Task
from synthkit.views.request_view import RequestView, inspect_request, matching

if TYPE_CHECKING:
    import ipywidgets

    from synthkit.seeds.seeds import Seeds

ANY = "any"


class PromptLab:
    """Pick strategy, label, attribute and request; read the exact prompt, its size and the replies.

    `view` is the `RequestView` on show, so that what was found by clicking can be used in the next cell.
    """

    def __init__(self, task: Task, seeds: Seeds | None = None, *, n: int = 200):
        import ipywidgets as w

        self.task = task
        self._plans = {
            name: plan(task, seeds_for(task, name, seeds=seeds), strategy=name, n=n)
            for name in STRATEGIES
            if name != "attributed" or task.attributes
        }
        self._made: dict = {}
        wide = {"style": {"description_width": "5.5em"}, "layout": w.Layout(width="24em")}
        self.strategy = w.Dropdown(options=list(self._plans), description="strategy", **wide)
        self.label = w.Dropdown(options=list(task.labels), description="label", **wide)
        self.attribute = w.Dropdown(options=[ANY], description="attribute", **wide)
        self.number = w.BoundedIntText(1, 1, 1, description="request", continuous_update=False, **wide)
        self.of = w.Label()
        self.screen = w.HTML(
            layout=w.Layout(height="34em", overflow="auto", border="1px solid var(--jp-border-color2)")
        )
        self.view: RequestView | None = None
        for control in (self.strategy, self.label):
            control.observe(self._reset, "value")
        self.attribute.observe(self._recount, "value")
        self.number.observe(self._show, "value")
        self._reset()

    @property
    def widget(self) -> ipywidgets.VBox:
        """The whole as one widget."""
        import ipywidgets as w

        rows = [w.HBox([self.strategy, self.label]), w.HBox([self.attribute, self.number, self.of]), self.screen]
        return w.VBox(rows)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)

    def _reset(self, _=None) -> None:
        """A new strategy or label: offer the attribute values that its requests carry, and begin at the first."""
        requests = matching(self._plans[self.strategy.value], self.label.value)
        values = sorted({v for r in requests for a in r.attributes for v in a.values()})
        self.attribute.unobserve(self._recount, "value")
        self.attribute.options, self.attribute.value = [ANY, *values], ANY
        self.attribute.disabled = not values
        self.attribute.observe(self._recount, "value")
        self._recount()

    def _recount(self, _=None) -> None:
        count = len(matching(self._plans[self.strategy.value], self.label.value, self._chosen()))
        self.number.unobserve(self._show, "value")
        self.number.value, self.number.max = 1, count
        self.number.observe(self._show, "value")
        self.of.value = f"of {count}"
        self._show()

    def _show(self, _=None) -> None:
        name = self.strategy.value
        self.view = inspect_request(
            self._plans[name],
            label=self.label.value,
            attribute=self._chosen(),
            number=self.number.value - 1,
            made=self._generation(name),
        )
        self.screen.value = self.view._repr_html_()

    def _generation(self, name: str):
        """The recorded generation of a strategy, made once; None where nothing is recorded."""
        from synthkit.core.errors import SynthkitError

        if name not in self._made:
            try:
                self._made[name] = generate(self._plans[name], progress=False)
            except SynthkitError:
                self._made[name] = None
        return self._made[name]

    def _chosen(self) -> str | None:
        return None if self.attribute.value == ANY else self.attribute.value


def prompt_lab(task: Task, seeds: Seeds | None = None, *, n: int = 200) -> PromptLab:
    """Return the prompt lab of a task: in a notebook it shows itself. Without widgets: `sk.inspect_request(...)`."""
    return PromptLab(task, seeds, n=n)
