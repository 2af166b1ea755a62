"""Describe the texts and the label, ask for varied ones.

ZeroGen (Ye et al. 2022, arXiv 2202.07922) with an instructed model.
"""

from synthkit.prompts.prompt import Prompt


def zero_shot(task, seeds, label, count, rng) -> Prompt:
    return Prompt(
        f'Write {count} different texts of the kind "{task.text_kind}" with the label '
        f"`{label}`. Vary what they are about, how they are written and how long they are as widely as real ones do."
    )
