"""Ways of asking: each strategy turns (task, seeds, label, count, rng) into a prompt.

A strategy is a function. `register` makes it known under its name; its version is part of a recording's id, so raise it
when the prompt changes. Keyword-only arguments of the function are options of `plan(...)`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import NamedTuple

from synthkit.core.errors import unknown
from synthkit.prompts.prompt import Prompt
from synthkit.prompts.strategies.attributed import attributed
from synthkit.prompts.strategies.boundary import boundary
from synthkit.prompts.strategies.few_shot import few_shot
from synthkit.prompts.strategies.paraphrase import paraphrase
from synthkit.prompts.strategies.persona import persona
from synthkit.prompts.strategies.verbalized_sampling import verbalized_sampling
from synthkit.prompts.strategies.zero_shot import zero_shot


class Strategy(NamedTuple):
    """A prompting strategy: its name, which wording, whether it shows seeds, the function that writes prompts."""

    name: str
    version: int
    shows_seeds: bool
    prompt: Callable[..., Prompt]

    @property
    def options(self) -> tuple[str, ...]:
        """The names of its keyword-only arguments."""
        kinds = inspect.signature(self.prompt).parameters.values()
        return tuple(p.name for p in kinds if p.kind is p.KEYWORD_ONLY)


STRATEGIES: dict[str, Strategy] = {}


def register(
    prompt: Callable[..., Prompt] | None = None, *, version: int = 1, shows_seeds: bool = False
) -> Callable[..., Prompt]:
    """Make a function `(task, seeds, label, count, rng) -> Prompt` a strategy under its own name.

    With `shows_seeds=True` (as `@register(shows_seeds=True)`) a plan must have seeds, anonymised for a sensitive task.

    >>> @register
    ... def rhymed(task, seeds, label, count, rng):
    ...     return Prompt(f"Write {count} rhymed texts about {task.labels[label]}.")
    >>> get_strategy("rhymed").version
    1
    >>> del STRATEGIES["rhymed"]
    """
    if prompt is None:
        return lambda function: register(function, version=version, shows_seeds=shows_seeds)
    STRATEGIES[prompt.__name__] = Strategy(prompt.__name__, version, shows_seeds, prompt)
    return prompt


def get_strategy(name: str) -> Strategy:
    """Return a strategy by name; an unknown one is an error that suggests the nearest."""
    if name not in STRATEGIES:
        raise unknown("strategy", name, STRATEGIES)
    return STRATEGIES[name]


for _prompt in (zero_shot, attributed, persona, verbalized_sampling, boundary):
    register(_prompt)
register(few_shot, version=2, shows_seeds=True)
register(paraphrase, shows_seeds=True)
