"""Ask for texts close to another label that still carry their own: where a classifier has most to learn.

PromptMix (Sahu et al. 2023, arXiv 2310.14192). It asks for mixtures and labels them anew afterwards: `sk.annotate`.
With a profile the other label is one that this one is confused with, else each of the others in turn.
"""

from synthkit.prompts.prompt import Prompt, turns


def boundary(task, seeds, label, count, rng, *, profile=None) -> Prompt:
    others = (profile.confused_with(label) if profile else None) or [name for name in task.labels if name != label]
    near = turns(others, count, rng)
    lines = "\n".join(f"{i}. touches on `{other}` ({task.labels[other]})" for i, other in enumerate(near, 1))
    return Prompt(
        f'Write {count} different texts of the kind "{task.text_kind}" with the label `{label}` that a hasty reader '
        f"could take for another label, one for each line:\n{lines}\n"
        f"On a careful reading the main point is `{label}`, and nobody who knows the labels would choose another.",
        attributes=tuple({"near": other} for other in near),
    )
