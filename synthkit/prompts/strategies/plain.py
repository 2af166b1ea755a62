"""One sentence, as anyone would type it: the control that every strategy has to beat.

No description of the texts or the labels, ten texts a request.
"""

from synthkit.prompts.prompt import Prompt


def plain(task, seeds, label, count, rng) -> Prompt:
    words = label.replace("_", " ")
    return Prompt(
        f'Write {count} diverse texts of the kind "{task.text_kind}". The label of each is "{words}".', alone=True
    )
