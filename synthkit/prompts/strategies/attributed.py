"""Draw what each text is about and how it is written, then ask for exactly that.

AttrPrompt (Yu et al. 2023, arXiv 2306.15895), with two changes that keep the label true: values that could point to
another label depend on the label, and one value a dimension is all a text has to obey. Where the task has none, the
sub-topics of a profile serve.
"""

from synthkit.core.errors import SynthkitError
from synthkit.prompts.prompt import LABEL_FIRST, Prompt, turns


def attributed(task, seeds, label, count, rng, *, profile=None) -> Prompt:
    values = {name: task.attribute_values(name, label) for name in task.attributes}
    if not values and profile and profile.values(label):
        values = {"about": profile.values(label)}
    if not values:
        raise SynthkitError(
            f"strategy 'attributed' needs attributes in the task.yaml of {task.name!r}; it has none. "
            "plan(profile=sk.profile(seeds)) proposes some"
        )
    drawn = {name: turns(some, count, rng) for name, some in values.items()}
    specs = tuple({name: drawn[name][i] for name in drawn} for i in range(count))
    lines = "\n".join(
        f"{i}. " + "; ".join(f"{name}: {value}" for name, value in spec.items()) for i, spec in enumerate(specs, 1)
    )
    return Prompt(
        f'Write {count} different texts of the kind "{task.text_kind}" with the label '
        f"`{label}`, one for each line:\n{lines}\n"
        f"{LABEL_FIRST} Say it in the writer's own words, not in the line's.",
        attributes=specs,
    )
