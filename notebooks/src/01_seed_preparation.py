# %% [markdown]
# # 01 · Which real examples do we start from?
# [← 00 Start here](00_start_here.ipynb) · [02 Prompting strategies →](02_prompting_strategies.ipynb)
#
# Everything downstream inherits the seeds' faults.
# A duplicate counts twice, a leak makes the test worthless, a phone number ends up in somebody else's log.
#
# **You will** read real rows with their roles · look at them by label · draw seeds that leak nothing · replace personal data.
# **Needs** about 10 s, CPU, no network. **Data** `feedback`.

# %%
import synthkit as sk

sk.theme()

# %% tags=["parameters"]
TASK = "feedback"
K = 10

# %% [markdown]
# ## 1. Rows have roles
# Who may see which row? The kit settles that once, in `splits`, and every function keeps to it.
# Seeds are drawn from *train*. *Validation* chooses between options. *Test* is scored once, at the end.

# %% tags=["keep_output"]
task = sk.load_task(TASK)
task.splits

# %% [markdown]
# **Notice** that the labels are uneven, as in life: three times as many messages are about delivery as about billing.

# %% [markdown]
# ## 2. What are the texts like?
# Lengths, casing, questions: this is what a synthetic text has to match.

# %% tags=["keep_output"]
sk.table(sk.describe(task.splits.train), "train rows by label")

# %% [markdown]
# **Notice** the spread from a few words to a hundred, and how many start in lower case.
# A generator that only writes tidy paragraphs would be easy to tell apart.

# %% [markdown]
# ## 3. Draw the seeds
# `k` rows a label, at random, the same every time for the same `random_state`.
# A row that repeats another train row, or a validation or test row, is not drawn.

# %% tags=["keep_output"]
seeds = sk.load_seeds(task, k=K, random_state=0)
print(seeds)
for row_id, why, twin in seeds.left_out:
    print(f"left out: {row_id}, {why} of {twin}")

# %% [markdown]
# **Notice** the reason beside each row that was left out.
# Had one of them become a seed, the test would have been answered in advance.

# %% [markdown]
# What if a label has too few rows? Then the message says which, and how many.

# %%
try:
    sk.load_seeds(task, k=100_000)
except sk.SynthkitError as error:
    print(error)

# %% [markdown]
# ## 4. What must not leave the machine
# Strategies such as `few_shot` show seeds to a model that somebody else runs.
# Before that, personal data goes: patterns find it, a typed placeholder takes its place.

# %% tags=["keep_output"]
clean = sk.anonymize(task.splits.train)
by_type = (
    clean.to_frame()
    .groupby("type")
    .agg(found=("id", "size"), rows=("id", "nunique"), surest=("score", "max"))
)
sk.table(by_type.reset_index(), clean.summary())

# %% [markdown]
# One text before and after. The report keeps positions and types, never the words themselves.

# %% tags=["keep_output"]
where = {row_id: i for i, row_id in enumerate(task.splits.train["id"])}
if TASK == "feedback":
    first = where[next(f.id for f in clean.findings if f.type == "EMAIL_ADDRESS")]
    print("before:", task.splits.train[first]["text"])
    print("after: ", clean.rows[first]["text"])

# %% [markdown]
# **Notice** what is still there. Patterns know mail, phone, card, bank and network addresses.
# They do not know names, streets or order numbers, so read what is left before you send it.
# For `feedback` the truth is known: `data/feedback/personal_data.jsonl` marks every span, so we can count.

# %% tags=["keep_output"]
if TASK == "feedback":
    import pandas as pd

    truth = pd.read_json(task.folder / "personal_data.jsonl", lines=True)
    found = {(f.id, f.start, f.end) for f in clean.findings}
    truth["found"] = [(r.id, r.start, r.end) in found for r in truth.itertuples()]
    counts = (
        truth.groupby("type").agg(there=("id", "size"), found=("found", "sum")).reset_index()
    )
    print(counts.to_string(index=False))

# %% [markdown]
# ## 5. Seeds of a sensitive task
# A task marked `sensitive: true` in its task.yaml is stricter: `plan` refuses seeds that were not anonymised.
# Here is a copy of the task with that mark.

# %%
from dataclasses import replace

sensitive = replace(task, sensitive=True)
try:
    sk.plan(sensitive, seeds, strategy="few_shot", n=10)
except sk.SynthkitError as error:
    print(error)

# %%
safe_seeds = sk.anonymize(seeds).seeds
sk.plan(sensitive, safe_seeds, strategy="few_shot", n=10)

# %% [markdown]
# ## 6. Your own rows
# A CSV with the columns `text` and `label` is enough. Faults are named by file, row and fix.

# %%
from pathlib import Path
from tempfile import mkdtemp

mine = Path(mkdtemp()) / "mine.csv"
mine.write_text("text,label\nwhere is my parcel,delivery\n,billing\n", encoding="utf-8")
try:
    sk.load_seeds(mine, k=1)
except sk.SynthkitError as error:
    print(str(error).replace(str(mine), "mine.csv"))

# %% [markdown]
# ## What we know, and what we do not
# - Seeds are drawn without leaks, and what was left out is listed with its twin.
# - Mail, phone and card numbers are found in `feedback` without a miss; names, addresses and order numbers are not looked for.
# - Near-duplicates are judged by shared characters. Two messages that say the same in other words both stay.
# - Try it: `K = 3`, and see in [05](05_downstream_classifiers.ipynb) what that costs.
# - Next: [02 Prompting strategies](02_prompting_strategies.ipynb).
