"""synthkit: can a language model write the training data?

    import synthkit as sk

    task = sk.load_task("feedback")
    made = sk.generate(task, strategy="zero_shot", n=200)
    sk.compare(sk.standard_arms(made), test=task.splits.test)

Names are imported when they are first used, so `import synthkit` costs nothing.
"""

from importlib import import_module

__version__ = "0.1.0"

_PUBLIC = {
    "Budget": "llm.budget",
    "LLM": "llm.client",
    "Loop": "loop",
    "Store": "llm.store",
    "SynthkitError": "errors",
    "anonymize": "anonymizer",
    "check": "checks",
    "compare": "comparison",
    "compare_strategies": "contest",
    "coverage": "cells",
    "default_filters": "filters",
    "diagnose": "diagnosis",
    "doctor": "checkup",
    "embed": "embedding",
    "evaluate": "metrics.report",
    "generate": "generation",
    "inspect_request": "inspection",
    "learning_curve": "curves",
    "load_card": "card",
    "load_rows": "sources",
    "load_seeds": "seeds",
    "load_task": "task",
    "make_card": "card",
    "plan": "planning",
    "plot_ledger": "plots",
    "plot_map": "plots",
    "profile": "profiling",
    "prompt_lab": "widgets",
    "propose_attributes": "proposals",
    "refine": "loop",
    "register": "strategies",
    "relabel": "relabelling",
    "standard_arms": "arms",
    "table": "results",
    "theme": "style",
}
__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name):
    if name in _PUBLIC:
        value = getattr(import_module(f"synthkit.{_PUBLIC[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'synthkit' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_PUBLIC])
