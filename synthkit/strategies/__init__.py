"""Ways of asking: each strategy turns (task, seeds, label, count, rng) into a prompt.

A strategy is a function. `register` makes it known under its name; its version is part of a recording's id, so raise it
when the prompt changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from synthkit.errors import unknown
from synthkit.strategies.attributed import attributed
from synthkit.strategies.few_shot import few_shot
from synthkit.strategies.prompts import Prompt
from synthkit.strategies.zero_shot import zero_shot


class Strategy(NamedTuple):
    """A prompting strategy: what it is called, which wording, and the function that writes the prompt."""

    name: str
    version: int
    prompt: Callable[..., Prompt]


STRATEGIES: dict[str, Strategy] = {}


def register(prompt: Callable[..., Prompt], *, version: int = 1) -> Callable[..., Prompt]:
    """Make a function `(task, seeds, label, count, rng) -> Prompt` a strategy under its own name."""
    STRATEGIES[prompt.__name__] = Strategy(prompt.__name__, version, prompt)
    return prompt


def get_strategy(name: str) -> Strategy:
    """Return a strategy by name; an unknown one is an error that suggests the nearest."""
    if name not in STRATEGIES:
        raise unknown("strategy", name, STRATEGIES)
    return STRATEGIES[name]


for _prompt in (zero_shot, few_shot, attributed):
    register(_prompt)
