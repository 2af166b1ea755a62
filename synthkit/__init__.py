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
    "Loop": "refinement.loop",
    "Store": "llm.store",
    "SynthkitError": "core.errors",
    "anonymize": "seeds.anonymizer",
    "check": "seeds.checks",
    "compare": "comparison.compare",
    "compare_strategies": "comparison.strategies",
    "coverage": "seeds.balance",
    "default_filters": "generation.filters",
    "diagnose": "refinement.diagnosis",
    "doctor": "cli.doctor",
    "embed": "core.embedding",
    "evaluate": "quality.evaluate",
    "generate": "generation.generate",
    "inspect_request": "views.request_view",
    "learning_curve": "comparison.learning_curve",
    "load_card": "views.card",
    "load_rows": "tasks.loading",
    "load_seeds": "seeds.seeds",
    "load_task": "tasks.task",
    "make_card": "views.card",
    "plan": "prompts.plan",
    "plot_ledger": "generation.plots",
    "plot_map": "views.map",
    "profile": "seeds.profile",
    "prompt_lab": "views.prompt_lab",
    "propose_attributes": "generation.attributes",
    "refine": "refinement.loop",
    "register": "prompts.registry",
    "relabel": "generation.annotate",
    "standard_arms": "comparison.arms",
    "table": "core.results",
    "theme": "core.figures",
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
