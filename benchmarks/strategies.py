"""Ways of asking at equal requests on CLINC150's domains, scored on validation rows. Exploratory: one generation each.

SYNTHKIT_REALDATA=FOLDER python benchmarks/strategies.py
"""

import synthkit as sk

WAYS = [
    "zero_shot",
    "attributed",
    "persona",
    "verbalized_sampling",
    "boundary",
    ["zero_shot", "attributed"],
    ["zero_shot", "verbalized_sampling"],
    ["zero_shot", "attributed", "persona", "verbalized_sampling", "boundary"],
]

if __name__ == "__main__":
    result = sk.compare_strategies(sk.load_task("clinc150_domains"), WAYS, on="validation")
    print(result.summary(), "\n")
    print(result.to_frame().to_string(index=False), "\n")
    print(result.contrasts("zero_shot").to_string(index=False))
