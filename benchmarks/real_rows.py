"""How many real rows are the synthetic ones worth? Scores of real rows alone, by rows a label, on validation rows.

python benchmarks/real_rows.py clinc150_domains
"""

import sys

import synthkit as sk

task = sk.load_task(sys.argv[1] if len(sys.argv) > 1 else "feedback")
sizes = (5, 10, 20, 30) if task.name != "feedback" else (5, 10, 20)
arms = {f"real, {k} a label": [sk.load_seeds(task, k=k, random_state=i).rows for i in range(5)] for k in sizes}
result = sk.compare(arms, test=task.splits.validation, task=task)
print(result.summary(), result.to_frame().to_string(index=False), sep="\n\n")
