"""Say who writes each text, in what situation and through what channel; leave what it says to the model.

Personas as a source of variety: Persona Hub (Ge et al. 2024, arXiv 2406.20094). The people are our own and say nothing
about a label. Channels are the task's (`channels` in task.yaml), where it names some.
"""

from synthkit.prompts.prompt import LABEL_FIRST, Prompt, turns

WHO = [
    "a retired bus driver",
    "a student who shares a flat",
    "a nurse between two shifts",
    "a parent of three",
    "a software developer",
    "somebody whose first language is another one",
    "a teacher",
    "a teenager",
    "a farmer",
    "the owner of a small shop",
    "an accountant who likes to be exact",
    "a musician",
    "a pensioner who writes with care",
    "a delivery rider",
    "a lawyer",
    "somebody with poor eyesight",
    "a cook",
    "a lorry driver on the road",
    "a young couple, one of them writing",
    "a carer who does this for somebody else",
    "an office worker who is short of time",
    "a hobby gardener",
    "somebody new to all this",
    "an old hand who has seen it all",
]
SITUATION = [
    "in a hurry",
    "with one thumb on a phone",
    "late in the evening, tired",
    "for the second time about the same thing",
    "after thinking it over",
    "while doing something else",
    "in good spirits",
    "annoyed, but polite",
    "matter-of-fact, nothing to add",
    "in the middle of a longer story",
    "just having noticed",
    "not sure of the right word for it",
]


def persona(task, seeds, label, count, rng) -> Prompt:
    drawn = {"who": turns(WHO, count, rng), "situation": turns(SITUATION, count, rng)}
    if task.channels:
        drawn["channel"] = turns(task.channels, count, rng)
    specs = tuple({name: values[i] for name, values in drawn.items()} for i in range(count))
    lines = "\n".join(f"{i}. " + ", ".join(spec.values()) for i, spec in enumerate(specs, 1))
    return Prompt(
        f'Write {count} different texts of the kind "{task.text_kind}" with the label `{label}`, '
        f"one by each of these people:\n{lines}\n"
        "Let it show in what they mention and how they put it; do not name the person or the situation. " + LABEL_FIRST,
        attributes=specs,
    )
