"""Ask for texts with how probable each is, and only for improbable ones: an aligned model's mode is not all it knows.

Verbalized Sampling (Zhang et al. 2025, arXiv 2510.01171), the variant with a tail threshold. The stated probabilities
are kept with the rows; they are not calibrated.
"""

from synthkit.prompts.prompt import Prompt, answer, schema

TAIL = 0.10


def verbalized_sampling(task, seeds, label, count, rng) -> Prompt:
    return Prompt(
        f'Think of all texts of the kind "{task.text_kind}" with the label `{label}` that people really write. '
        f"Draw {count} of them at random, and give with each its probability: the share of all those texts that are "
        f"much like it. Draw from the tails: every probability must be below {TAIL:.2f}.",
        answer=answer(count, ', "probability": 0.05'),
        schema=schema(probability={"type": "number"}),
    )
