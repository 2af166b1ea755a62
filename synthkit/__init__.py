"""synthkit: can a language model write the training data?

    import synthkit as sk

    task = sk.load_task("feedback")
    made = sk.generate(task, n=200)
    sk.compare(sk.standard_arms(made), test=task.splits.test)

One folder a station, in the data's way; each imports only from those above it:

    core         errors, results, text identity, statistics, rows, vectors, storage: what everyone stands on
    tasks        what do we want, and where do real rows come from?
    llm          who answers, at what price, and what is remembered?
    seeds        which examples, what is wrong with them, what is personal in them?
    prompts      what exactly do we ask?
    quality      is it good, safe, fair, beside a control?
    generation   what came, what did we keep, what does the model say of raw texts?
    tuning       can a model of one's own write them, where rows may not leave?
    comparison   does a classifier learn from it?
    refinement   which raw texts to have labelled next?
    views, cli   thin views on functions that work without them, and the terminal

Names are imported when they are first used, so `import synthkit` costs nothing.
"""

import os as _os
from importlib import import_module

for _name in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):  # read by libraries when they load
    _os.environ.setdefault(_name, "1")

__version__ = "0.1.0"

_PUBLIC = {
    "core": {"SynthkitError": "errors", "embed": "embedding", "table": "results", "theme": "figures"},
    "tasks": {"load_task": "task", "load_rows": "loading"},
    "llm": {"LLM": "client", "Batch": "batch", "Store": "store", "Budget": "budget"},
    "seeds": {
        "load_seeds": "seeds",
        "check": "checks",
        "profile": "profile",
        "balance": "balance",
        "anonymize": "anonymizer",
        "canaries": "canaries",
    },
    "prompts": {"plan": "plan", "register": "registry"},
    "quality": {"evaluate": "evaluate"},
    "generation": {
        "generate": "generate",
        "default_filters": "filters",
        "private_select": "private_selection",
        "annotate": "annotate",
        "pick": "pick",
        "propose_attributes": "attributes",
    },
    "tuning": {"finetune": "finetune"},
    "comparison": {
        "compare": "compare",
        "standard_arms": "arms",
        "compare_strategies": "strategies",
    },
    "refinement": {"refine": "loop"},
    "views": {
        "plot_map": "map",
        "explore_map": "map_explorer",
        "inspect_request": "request_view",
        "prompt_lab": "prompt_lab",
        "review": "review",
        "make_card": "card",
    },
}
# old name: new name; each warns for one release
_RENAMED: dict[str, str] = {"coverage": "balance", "relabel": "annotate", "Loop": "refine"}
_MOVED = {  # old name: where it is, what to write in its place
    "plot_ledger": ("generation.plots", "made.ledger.plot()"),
    "load_card": ("views.card", "Card.load(folder), of synthkit.views.card"),
    "doctor": ("cli.doctor", "`synthkit doctor`, in a terminal"),
}
_WHERE = {name: f"{folder}.{module}" for folder, names in _PUBLIC.items() for name, module in names.items()}
__all__ = [*_WHERE, "__version__"]


def __getattr__(name):
    if name in _RENAMED or name in _MOVED:
        import warnings

        module, now = _MOVED.get(name) or (None, f"sk.{_RENAMED[name]}")
        warnings.warn(f"sk.{name} is now {now}", DeprecationWarning, stacklevel=2)
        return getattr(import_module(f"synthkit.{module}"), name) if module else __getattr__(_RENAMED[name])
    if name in _WHERE:
        value = getattr(import_module(f"synthkit.{_WHERE[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'synthkit' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_WHERE])
