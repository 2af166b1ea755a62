"""Name a few words that real texts of the label share and ask for texts that such words belong in: holes, filled.

For the loop (`sk.refine`), which says what is missing by single words and never by a row. S3 (Wang et al. 2023, arXiv
2310.13671) shows the model the very rows that were got wrong; here they are described.
"""

from synthkit.core.errors import SynthkitError
from synthkit.prompts.prompt import Prompt, turns


def topical(task, seeds, label, count, rng, *, profile=None) -> Prompt:
    topics = profile.values(label) if profile else []
    if not topics:
        raise SynthkitError(
            f"'topical' needs to know what real texts of {label!r} are about: profile=sk.profile(seeds)"
        )
    drawn = turns(topics, count, rng)
    lines = "\n".join(f"{i}. {words}" for i, words in enumerate(drawn, 1))
    return Prompt(
        f'Write {count} different texts of the kind "{task.text_kind}" with the label `{label}`, one for each line. '
        f"A line names words that several real texts of this label have in common:\n{lines}\n"
        f"Think of what people mean who use these words in a text with the label `{label}`, and write what one of them "
        "would: with those of the words that come naturally, in any order. The label comes first: leave out a word "
        "that would pull the text to another label. Where a line comes twice, write two quite different texts.",
        attributes=tuple({"about": words} for words in drawn),
    )
