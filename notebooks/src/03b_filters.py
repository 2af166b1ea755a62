# %% [markdown]
# # 03b · What did we keep, and do filters earn their keep?
# [← 03 Generation](03_generation.ipynb) · [04 Synthetic against real →](04_synthetic_vs_real.ipynb) · [Words](GLOSSARY.md)
#
# A language model answers; not every answer is a row.
# Here we follow each text from reply to dataset, first of a large model, then of a small one that runs on a laptop.
#
# **You will** read why a text was dropped · switch filters on and off · let a weak model write · ask whether filters mend that · write a filter.
# **Needs** about 12 min to read and 25 s to run, CPU, no network. **Data** `feedback` (recorded replies of two models).

# %%
import pandas as pd
from datasets import concatenate_datasets

import synthkit as sk
from synthkit.core.figures import captioned

sk.theme()

# %% tags=["parameters"]
TASK = "feedback"  # the small model of section 3 wrote for this one only
STRATEGY = "zero_shot"
N = 200

# %% [markdown]
# ## 1. Why was a text dropped?
# Each dropped text carries its reason and the evidence.

# %%
task = sk.load_task(TASK)
seeds = sk.load_seeds(task)
made = sk.generate(task, strategy=STRATEGY, n=N, progress=False)

# %% tags=["keep_output"]
sk.table(
    made.dropped()[["label", "text", "reason", "evidence"]].head(8),
    "the first texts that were dropped",
)

# %% [markdown]
# **Notice** the twin that is named. You can look at both and disagree.
#
# Every kept row knows where it came from.

# %%
pd.Series(made.rows[0]).drop("text").to_frame("lineage of the first row")

# %% [markdown]
# ## 2. Filters on and off
# A filter looks at a row and says nothing, or why it should go and what it saw. The first in a stated order decides.
# Eight are on. They look at words only, so that every machine keeps the same rows. Each alone, on all replies to
# `STRATEGY` and to `boundary`, a strategy that asks for texts close to another label:

# %% tags=["keep_output"]
whole = sk.plan(task, strategy="boundary", n=260, surplus=0)  # all its recorded requests
alone = {}
for some in (sk.plan(task, strategy=STRATEGY, n=260, surplus=0), whole):
    by_each = (
        (f.name, sk.generate(some, filters=[f], progress=False))
        for f in sk.default_filters(task, seeds)
    )
    alone[some.strategy] = {name: len(made.drops) for name, made in by_each}
frame = pd.DataFrame(alone).rename_axis("filter").reset_index()
sk.table(frame, f"of {whole.n} texts, dropped by it alone")

# %% [markdown]
# **Notice** the zeros. This model does not talk about its texts, leak labels or make up phone numbers.
# A filter that finds nothing is no proof that there is nothing: it finds what it looks for.

# %%
choices = {"no filter": [], "default": sk.default_filters(task, seeds)}
runs = {name: sk.generate(whole, filters=f, progress=False) for name, f in choices.items()}
counts = {n: {"kept": len(run.rows), **dict(run.ledger.dropped)} for n, run in runs.items()}

# %% tags=["keep_output"]
steps = pd.DataFrame(counts).fillna(0).astype(int)
sk.table(
    steps.rename_axis("texts").reset_index(), "the same replies without filters and with them"
)

# %% [markdown]
# ## 3. A weak model
# And who has no large model? `llm="local"` runs SmolLM2 on this machine: 135 million weights, 93 MB, no key, no network.
# Asked for five texts in JSON it only talks. So it is given what it can do, which is to go on: a label and its meaning, five
# seeds, one a line, and it writes the next line. A prompt of your own stands above them. `python -m synthkit doctor` has the
# line that installs it; what it wrote for us is shipped, so nothing needs installing here: `llm="local:recorded"`.
#
# The same requests, once to the large model and once to the small one:

# %%
same = sk.plan(task, seeds, strategy="zero_shot", n=260, surplus=0)
large = sk.generate(same, progress=False)
small = sk.generate(same, llm="local:recorded", progress=False)

# %% tags=["keep_output"]
ledgers = {"a large model": large.ledger, "a small one on a laptop": small.ledger}
words = "; ".join(
    f"{name}: of {ledger.asked} texts asked for {ledger.kept} are kept"
    for name, ledger in ledgers.items()
)
captioned(small.ledger.plot(beside=ledgers), f"two waterfalls. {words}.")

# %% [markdown]
# **Notice** two things. The small model loses texts *before* any filter: it goes on for ever, or says nothing. And of the rest hardly any fall.
# Are they that good? What fell:

# %% tags=["keep_output"]
fallen = small.dropped().groupby("reason").head(2)
sk.table(fallen[["reason", "label", "text", "evidence"]], "two of each reason")

# %% [markdown]
# **Notice** that what fell had to fall: seeds said again, numbers that look like somebody's. But filters look at *form*. Read what they kept:

# %% tags=["keep_output"]
sk.table(
    small.rows.to_pandas().groupby("label").head(1)[["label", "text"]], "kept: one a label"
)

# %% [markdown]
# ### Filters of your own
# A filter is a function of a row that returns the evidence, or None. Two that look at what is wrong here: a text that is *stuck*,
# and, by a classifier of the seeds that reads it blindly, a text that seems to be about something else.

# %%
from synthkit.core.classifier import fit_labels

judge = fit_labels(seeds.rows)


def stuck(row):
    words = row["text"].lower().split()
    pairs = list(zip(words, words[1:], strict=False))
    again = len(pairs) - len(set(pairs))
    return (
        f"{again} of {len(pairs)} word pairs come again" if again > 0.2 * len(pairs) else None
    )


def another_label(row):
    read_as = judge.labels[judge.probabilities([row["text"]])[0].argmax()]
    return None if read_as == row["label"] else f"reads as {read_as}"


# %% tags=["keep_output"]
def strict(llm):
    chosen = [*sk.default_filters(task, seeds), stuck, another_label]
    return sk.generate(same, llm=llm, filters=chosen, progress=False)


checked = {"large": strict("recorded"), "small": strict("local:recorded")}
lost = {name: dict(run.ledger.dropped) for name, run in checked.items()}
frame = pd.DataFrame(lost).fillna(0).astype(int).rename_axis("dropped as").reset_index()
sk.table(frame, f"of {large.ledger.parsed} texts (large) and {small.ledger.parsed} (small)")

# %% [markdown]
# ### Does it mend the classifier?
# A few real rows a label, and beside them what each choice leaves; scored on the validation rows.

# %%
everything = sk.generate(same, llm="local:recorded", filters=[], progress=False)
beside = {
    "+ small model, no filter": everything,
    "+ small model, default filters": small,
    "+ small model, and yours": checked["small"],
    "+ large model, default filters": large,
    "+ large model, and yours": checked["large"],
}
own = seeds.rows.select_columns(["id", "text", "label"])
arms = {"real rows alone": own}
for name, run in beside.items():
    arms[name] = concatenate_datasets([own, run.rows.select_columns(own.column_names)])

# %% tags=["keep_output"]
known = {"test": task.splits.validation, "task": task, "progress": False}
scores = sk.compare(arms, students=["minilm_lr"], **known)
words = f"macro-F1 with 95 % intervals of {len(arms)} training sets: {scores.ranking()}."
captioned(scores.plot(), words)

# %% [markdown]
# **Notice** the order. Texts of the small model do not help: they *harm*, and the default filters do not change that. Filters that look at what is
# wrong take half of the texts and most of the harm away, and what is left is still no better than the real rows alone. The large model's
# texts win nothing by yours: a classifier of a few seeds takes many away, nearly all of them right. A filter repairs; it does not write.
# (One draw of seeds, few validation rows: the intervals are wide. On the test rows it comes out the same way.)
#
# ## 4. Ask the model again
# The other judge is the model itself, asked blindly which label a text carries, and believed (PromptMix, Sahu et al.
# 2023). Twenty texts a request, through the same store and budget; the requests are added to the ledger.

# %% tags=["keep_output"]
whole_rows = runs["default"].rows
again = sk.annotate(runs["default"], progress=False)
asked_for = {r["id"]: r["label"] for r in whole_rows}
changed = sum(asked_for[r["id"]] != r["label"] for r in again.rows)
print(f"{changed} of {len(whole_rows)} rows change their label")
sk.table(again.dropped()[["label", "text", "reason", "evidence"]], "dropped by relabelling")

# %% [markdown]
# **Notice** that the model which wrote the texts finds its own labels right. That is no proof: read some.
#
# ## 5. The surest filter is a reader
# Rows come one at a time, those first that a classifier doubts: k keeps, d drops, a number gives that
# label. What you decide is saved at once; `reader.result()` has the rows that are left, `sk.review(made, join=[...])` joins readers.

# %%
reader = sk.review(made, file="my_review.jsonl")
reader

# %% [markdown]
# ## What we know, and what we do not
# - Filters earn their keep where a model is weak: they bring its rows from harmful to harmless. They do not make a weak model a strong one.
# - Filters of form say nothing about sense. A ledger with next to no drops is no praise.
# - By default duplicates are found by shared words and characters: two texts that say the same differently both stay.
# - One small model, one page, one task, one run. A larger one (`llm="local:model.gguf"`, or any server by `sk.LLM`) writes better.
# - Try it: `llm="ngram"` in the place of `"local:recorded"`. Which filter has most to do now?
# - Next: [04 Synthetic against real](04_synthetic_vs_real.ipynb).

# %% [markdown]
# ## Exercises
# Write each answer into its cell and run it. The cell below says *right*, or gives a hint. Nothing later depends on them.

# %% [markdown]
# ### 1 · Change one value
# Keep every text of the small model that is no twin of another: run `same` with one filter, the one of `sk.default_filters(task, seeds)`
# whose `name` is *near-duplicate*. Call the run `no_twins`.

# %% tags=["solution"]
twin = [f for f in sk.default_filters(task, seeds) if f.name == "near-duplicate"]
no_twins = sk.generate(same, llm="local:recorded", filters=twin, progress=False)

# %% tags=["check"]
from synthkit.views.exercises import mark

mark(
    lambda: no_twins.filters == ("near-duplicate",) and "local" in no_twins.model,
    "filters=[...]",
)

# %% [markdown]
# ### 2 · Read what fell
# For which label did most texts of the small model fall? Call it `worst`: `small.dropped()` has a column `label`.

# %% tags=["solution"]
worst = small.dropped()["label"].value_counts().index[0]

# %% tags=["check"]
mark(
    lambda: (
        worst in (fell := small.dropped()["label"].value_counts())[fell == fell.max()].index
    ),
    ".value_counts() has the most frequent first",
)

# %% [markdown]
# ### 3 · Write a filter
# Drop texts of fewer than eight words, and say how many they have. Call the function `brief`.


# %% tags=["solution"]
def brief(row):
    words = len(row["text"].split())
    return f"{words} words" if words < 8 else None


# %% tags=["check"]
mark(
    lambda: (
        brief({"text": "too short"})
        and not brief({"text": "one two three four five six seven eight"})
    ),
    "return None for a row that stays",
)

# %% [markdown]
# ## Five questions
# Answer first, then unfold.
#
# <details><summary>1. A text falls to two filters. Where does it stand in the ledger?</summary>
#
# Under the first in the stated order. `dropped()` names the others in the column `also`.
#
# </details>
# <details><summary>2. A filter found nothing. What do you know?</summary>
#
# That it did not find what it looks for.
#
# </details>
# <details><summary>3. Why is the small model shown seeds, one a line, and no instruction?</summary>
#
# It was trained to go on with a text and hardly learnt to obey. A page of examples can be gone on with.
#
# </details>
# <details><summary>4. The filters kept most of its texts, and yet a reader shakes their head. How can that be?</summary>
#
# The default filters look at form: copies, twins, lengths, refusals. Whether a text makes sense, and means its label, they do not see.
#
# </details>
# <details><summary>5. A classifier of sixty seeds throws texts out. What may go wrong?</summary>
#
# It is wrong about every third real row itself. What it takes away is not only what is off, but also what is unlike the seeds, which one wanted most.
#
# </details>
