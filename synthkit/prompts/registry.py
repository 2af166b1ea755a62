"""Ways of asking: each strategy turns (task, seeds, label, count, rng) into a prompt.

A strategy is a function. `register` makes it known under its name: one's own with `@sk.register` in a notebook, one of
the kit as a module of `strategies/` and a line at the end of this one. Its version is part of a recording's id, so
raise it when the prompt changes. Keyword-only arguments, each with a default, are options of `plan(...)`. A new one has
no recordings: `plan(...).show(0)` prints what it asks, and `llm=sk.LLM(...)` answers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import NamedTuple

from synthkit.core.errors import SynthkitError, unknown
from synthkit.prompts.prompt import Prompt
from synthkit.prompts.strategies.attributed import attributed
from synthkit.prompts.strategies.boundary import boundary
from synthkit.prompts.strategies.few_shot import few_shot
from synthkit.prompts.strategies.outright import outright
from synthkit.prompts.strategies.paraphrase import paraphrase
from synthkit.prompts.strategies.persona import persona
from synthkit.prompts.strategies.plain import plain
from synthkit.prompts.strategies.verbalized_sampling import verbalized_sampling
from synthkit.prompts.strategies.zero_shot import zero_shot


class Strategy(NamedTuple):
    """A prompting strategy: its name, which wording, whether it shows seeds, the function, texts a request."""

    name: str
    version: int
    shows_seeds: bool
    prompt: Callable[..., Prompt]
    texts: int = 5

    @property
    def options(self) -> tuple[str, ...]:
        """The names of its keyword-only arguments."""
        kinds = inspect.signature(self.prompt).parameters.values()
        return tuple(p.name for p in kinds if p.kind is p.KEYWORD_ONLY)


STRATEGIES: dict[str, Strategy] = {}


def register(
    prompt: Callable[..., Prompt] | None = None, *, version: int = 1, shows_seeds: bool = False, texts: int = 5
) -> Callable[..., Prompt]:
    """Make a function `(task, seeds, label, count, rng) -> Prompt` a strategy under its own name.

    `count` (`texts`) texts are wanted of one `label`; `rng` (numpy's) belongs to the request. `seeds` is None but with
    `shows_seeds=True` (as `@register(shows_seeds=True)`): then a plan must have seeds, anonymises them, and the prompt
    names those it shows in `demo_ids`.

    >>> import synthkit as sk
    >>> from synthkit.prompts.prompt import Prompt
    >>> @sk.register
    ... def rhymed(task, seeds, label, count, rng, *, metre="iambic"):
    ...     return Prompt(f"Write {count} texts with the label `{label}` in {metre} verse.")
    >>> "5 texts with the label `delivery` in trochaic" in sk.plan(
    ...     sk.load_task("feedback"), strategy="rhymed", metre="trochaic", n=10
    ... ).show(0)
    True
    >>> del STRATEGIES["rhymed"]
    """
    if not isinstance(texts, int) or texts < 1:
        raise SynthkitError(f"texts={texts!r}: expected how many texts a request asks for, 1 or more")
    if prompt is None:
        return lambda function: register(function, version=version, shows_seeds=shows_seeds, texts=texts)
    try:
        inspect.signature(prompt).bind("task", "seeds", "label", "count", "rng")
        name = prompt.__name__
    except (TypeError, AttributeError) as error:
        raise SynthkitError(
            f"register({prompt!r}): expected a function (task, seeds, label, count, rng), options keyword-only, "
            f"each with a default ({error})"
        ) from None
    STRATEGIES[name] = Strategy(name, version, shows_seeds, prompt, texts)
    return prompt


def get_strategy(name: str) -> Strategy:
    """Return a strategy by name; an unknown one is an error that suggests the nearest."""
    if name not in STRATEGIES:
        raise unknown("strategy", name, STRATEGIES)
    return STRATEGIES[name]


for _prompt in (zero_shot, attributed, persona, verbalized_sampling, boundary):
    register(_prompt)
for _prompt in (plain, outright):
    register(_prompt, texts=10)
register(few_shot, version=2, shows_seeds=True)
register(paraphrase, shows_seeds=True)
