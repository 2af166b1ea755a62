# %% [markdown]
# # 04 · Does it look like the real thing?
# [← 03b Filters](03b_filters.ipynb) · [05 Downstream classifiers →](05_downstream_classifiers.ipynb) · [Words](GLOSSARY.md)
#
# Two questions: are the synthetic rows as varied as real ones, and do they lie where real ones lie?
# A number alone answers neither. So each stands beside its *control*: what real rows give in the same place.
#
# **You will** draw a map of two strategies · read a report with controls · find what the generator misses.
# **Needs** about 10 min to read and 30 s to run, CPU, no network. **Data** `feedback` (recorded replies).

# %%
import numpy as np
import pandas as pd

import synthkit as sk
from synthkit.core.figures import captioned

sk.theme()

# %% tags=["parameters"]
TASK = "feedback"
N = 200

# %%
task = sk.load_task(TASK)
seeds = sk.load_seeds(task)
made = {
    name: sk.generate(task, strategy=name, n=N, progress=False)
    for name in ("zero_shot", "attributed")
}
real = seeds.rest

# %% [markdown]
# ## 1. The map
# UMAP is fitted on the real rows alone, and the synthetic ones are placed into it.
# `real` is the part of train that was not drawn as seeds. Test rows are never drawn on a map: we would learn from looking.

# %% tags=["keep_output"]
arms = {name: g.rows for name, g in made.items()}
counts = ", ".join(f"{len(rows)} by {name}" for name, rows in arms.items())
words = f"one panel a topic; {len(real)} real rows in grey, {counts} in colours of their own."
captioned(sk.plot_map(real, arms), words)

# %% [markdown]
# **Notice** how both strategies crowd where a topic is densest. Real messages wander off. Dots at the rim are no finding: whatever is
# placed into a map that was fitted on other rows is pushed outwards a little.
#
# To read what the dots are, hover over them. `.holes()` has the real rows that are farthest from any synthetic one, `.within(...)`
# those in a part of the map.

# %%
sk.explore_map(real, made["zero_shot"].rows, by="nearest")

# %% [markdown]
# ## 2. The report
# Twenty times the real rows are cut into two halves at random. The control compares one half with the other.
# Then synthetic rows, as many, take the second half's place.

# %% tags=["keep_output"]
report = sk.evaluate(made["zero_shot"].rows, real)
report

# %% [markdown]
# How to read it:
# - **distinct-2** is the number of different word pairs for each word pair; **self-repetition** and **compression ratio** rise with
#   repetition; **Vendi** counts how many really different texts there are.
# - **label fidelity**: do real rows nearby have the same label? **fluency**: how surprised is a model of real words?
# - **C2ST** is how well a classifier tells synthetic from real: 0.5 is a coin. **MMD** is a distance with a test.
# - **precision** is the share of synthetic rows near real ones, **coverage** the share of real rows with a synthetic one nearby.
#
# The brackets of the control say where other real rows of this number would fall. A synthetic value outside them is
# unlike real. The synthetic column has none: one generation says nothing about the spread of the next.
#
# `report.plot()` draws it on one page: see [06](06_quality_report.ipynb).
#
# **Notice** that the control of C2ST lies around 0.5, and the synthetic value above it: a machine can tell them apart,
# though not always.

# %% [markdown]
# ## 3. Two strategies, one yardstick

# %% tags=["keep_output"]
reports = {
    "zero_shot": report,
    "attributed": sk.evaluate(made["attributed"].rows, real),
}
table = pd.DataFrame(
    {name: r.to_frame().set_index("metric")["synthetic"] for name, r in reports.items()}
)
table["real, same size"] = report.to_frame().set_index("metric")["control"]
sk.table(table.reset_index(), f"{report.m} rows a side")

# %% [markdown]
# **Notice** that no column wins every line. What each line can and cannot see is the subject of
# [06](06_quality_report.ipynb); the verdict is taken in [05](05_downstream_classifiers.ipynb).

# %% [markdown]
# ## 4. What is missing?
# Which real rows are farthest from any synthetic row of their label? These are candidates for the generator's blind spots.

# %% tags=["keep_output"]
synthetic = made["zero_shot"].rows
labels = np.asarray(synthetic["label"])
near = sk.embed(real["text"]) @ sk.embed(synthetic["text"]).T
own = np.where(np.asarray(real["label"])[:, None] == labels[None, :], near, -1).max(axis=1)
far = np.argsort(own)[:6]
rows = real.select(far).to_pandas()[["label", "text"]].assign(similarity=own[far].astype(float))
sk.table(
    rows if task.stand_in else rows[["label", "similarity"]],
    "farthest from any synthetic row of their label",
)

# %% [markdown]
# **Notice** that some are merely odd: far from all real rows, too. Before you call a region missing, look whether real
# rows have neighbours there.
# (Rows of third-party datasets are never printed here, only figures.)

# %% [markdown]
# ## 5. Too few rows for a number
# Below 50 rows a side, an alignment number would be noise. The report says so instead.

# %%
few = made["zero_shot"].rows.select(range(40))
sk.evaluate(few, real)

# %% [markdown]
# ## What we know, and what we do not
# - Synthetic rows are less varied than real ones, in words and in meaning, and a classifier can tell them apart.
# - `attributed` is nearer to real in word pairs and not in meaning, in this generation. Diversity is not one thing.
# - All vectors come from one small sentence model. What it cannot see, these numbers cannot either.
# - Synthetic labels are even, real ones are not. C2ST and coverage count that difference, too.
# - On the map real rows are fitted and synthetic ones projected, which alone sets them a little apart.
# - Try it: cut the real rows into two halves and evaluate one against the other. What should it say?
# - Next: [05 Downstream classifiers](05_downstream_classifiers.ipynb).

# %% [markdown]
# ## Exercises
# Write each answer into its cell and run it. The cell below says *right*, or gives a hint. Nothing later depends on them.

# %% [markdown]
# ### 1 · Change one value
# What does the report say of rows that *are* real? Evaluate every second row of `real` against the others: `halves`.
# How many lines lie outside, and how many should?

# %% tags=["solution"]
even, odd = range(0, len(real), 2), range(1, len(real), 2)
halves = sk.evaluate(real.select(even), real.select(odd))

# %% tags=["check"]
from synthkit.views.exercises import mark

mark(
    lambda: halves.get("C2ST accuracy").synthetic.value < 0.6,
    "real.select(range(0, len(real), 2)), and the same from 1",
)

# %% [markdown]
# ### 2 · Read a table
# Which strategy has more really different texts? Put its name into `richer` with code, from `reports` and the line `Vendi score`.

# %% tags=["solution"]
richer = max(reports, key=lambda name: reports[name].get("Vendi score").synthetic.value)

# %% tags=["check"]
mark(
    lambda: (
        reports[richer].get("Vendi score").synthetic.value
        >= max(r.get("Vendi score").synthetic.value for r in reports.values())
    ),
    "reports[name].get('Vendi score').synthetic.value",
)

# %% [markdown]
# ### 3 · Write a function
# Write `nearest(text)`: the real text that is most like it, by sentence vectors. `sk.embed(texts)` gives vectors of length one, so
# `@` gives similarities.


# %% tags=["solution"]
def nearest(text):
    similarity = sk.embed(real["text"]) @ sk.embed([text])[0]
    return real["text"][int(similarity.argmax())]


# %% tags=["check"]
mark(
    lambda: nearest(real["text"][7]) == real["text"][7],
    "the argmax of sk.embed(real['text']) @ sk.embed([text])[0]",
)

# %% [markdown]
# ## Five questions
# Answer first, then unfold.
#
# <details><summary>1. C2ST says 0.68. Good or bad?</summary>
#
# Neither alone: its control is 0.50. A machine can tell synthetic from real in two cases of three.
#
# </details>
# <details><summary>2. Why are real rows cut into halves twenty times?</summary>
#
# One cut is luck. The brackets say where other real rows of that number would fall.
#
# </details>
# <details><summary>3. Two dots lie far apart on the map. How different are the texts?</summary>
#
# A map in two dimensions cannot say. It is for looking; no number is computed from it.
#
# </details>
# <details><summary>4. Which fault would no line of this report see?</summary>
#
# One that the sentence model does not see, such as a wrong label where the texts hardly show it.
#
# </details>
# <details><summary>5. Precision is high and coverage is low. What do the rows look like?</summary>
#
# They look real, and are all of the usual kind: parts of what real people write about are missing.
#
# </details>
