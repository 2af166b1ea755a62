"""Ask for texts that say what they are: plainer than real ones, and a better lesson for a classifier that is small.

Realistic is not the same as useful: a description of the texts, and of borderline cases, makes them human and their
label hard to see. One wish brings it back.
"""

from synthkit.prompts.prompt import Prompt


def outright(task, seeds, label, count, rng) -> Prompt:
    return Prompt(
        f'Write {count} different texts of the kind "{task.text_kind}" with the label `{label}`. Each says it '
        "outright, in words that nobody could take for another label, and still reads as if a real person had written "
        "it. Vary what they are about, and which words carry the label."
    )
