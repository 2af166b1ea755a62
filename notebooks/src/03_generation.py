# %% [markdown]
# # 03 · What did we ask, what came back, what did we keep?
# [← 02 Prompting strategies](02_prompting_strategies.ipynb) · [04 Synthetic against real →](04_synthetic_vs_real.ipynb) · [Words](GLOSSARY.md)
#
# A language model answers; not every answer is a row.
# Here we follow each text from request to dataset.
#
# **You will** estimate a run · generate · read its ledger · switch filters on and off · cap a run · break it off and go on.
# **Needs** about 15 min to read and 25 s to run, CPU, no network. **Data** `feedback` (recorded replies).

# %%
import pandas as pd

import synthkit as sk

sk.theme()

# %% tags=["parameters"]
TASK = "feedback"
STRATEGY = "zero_shot"
N = 200
LIVE = False  # True asks the endpoint of section 9, which may cost money

# %% [markdown]
# ## 1. Plan first
# A plan holds every request before any is sent. Five texts a request, labels in turn, some requests in reserve.

# %% tags=["keep_output"]
task = sk.load_task(TASK)
plan = sk.plan(task, strategy=STRATEGY, n=N)
print(plan)
sk.table(
    plan.to_frame().head(3)[["slot", "label", "texts", "prompt_tokens"]],
    "the first three requests",
)

# %% [markdown]
# What would it cost? Prices are never guessed. For a model the kit knows one for, it says:

# %% tags=["keep_output"]
plan.estimate(model="gpt-4o-mini")

# %% [markdown]
# **Notice** the second column. It is a bound and not a guess: every reply at its token limit, every reserve used.

# %% [markdown]
# ## 2. Generate, and read the ledger

# %% tags=["keep_output"]
made = sk.generate(plan, progress=False)
made.ledger

# %% [markdown]
# **Notice** that the lines add up: asked = parsed + fewer than asked + unparsable, and parsed = dropped + kept.
# When texts are dropped, more requests are taken from the reserve, until there are enough.

# %% tags=["keep_output"]
made.ledger.plot()

# %% [markdown]
# *Figure: a waterfall from texts asked for, through a few dropped as duplicates or not needed, to 200 kept.*
#
# ## 3. Why was a text dropped?
# Each dropped text carries its reason and the evidence.

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
# ## 4. Filters on and off
# A filter looks at a row and says nothing, or why it should go and what it saw. The first in a stated order decides.
# Eight are on. They look at words only, so that every machine keeps the same rows. Each alone, on all replies to
# `STRATEGY` and to `boundary`, a strategy that asks for texts close to another label:

# %% tags=["keep_output"]
seeds = sk.load_seeds(task)
whole = sk.plan(task, strategy="boundary", n=260, surplus=0)  # 52 requests, no reserve
alone = {}
for some in (sk.plan(task, strategy=STRATEGY, n=260, surplus=0), whole):
    by_each = (
        (f.name, sk.generate(some, filters=[f], progress=False))
        for f in sk.default_filters(task, seeds)
    )
    alone[some.strategy] = {name: len(made.drops) for name, made in by_each}
sk.table(
    pd.DataFrame(alone).rename_axis("filter").reset_index(), "of 260 texts, dropped by it alone"
)

# %% [markdown]
# **Notice** the zeros. This model does not talk about its texts, leak labels or make up phone numbers; a small one does.
# A filter that finds nothing is no proof that there is nothing: it finds what it looks for.
#
# One more stands ready: `same meaning` finds twins by sentence vectors, and is stricter for short texts.

# %%
from synthkit.generation.vector_filters import SameMeaning

choices = {
    "no filter": [],
    "default": sk.default_filters(task, seeds),
    "and same meaning": [*sk.default_filters(task, seeds), SameMeaning()],
}
runs = {name: sk.generate(whole, filters=f, progress=False) for name, f in choices.items()}

# %% tags=["keep_output"]
ledgers = {name: run.ledger for name, run in runs.items()}
ledgers["default"].plot(beside=ledgers)

# %% [markdown]
# *Figure: three waterfalls from 260 texts of `boundary`. Without filters all are kept, the default filters take next to
# nothing, nor do twins by meaning.*
#
# The same as a table:

# %% tags=["keep_output"]
counts = {n: {"kept": len(run.rows), **dict(run.ledger.dropped)} for n, run in runs.items()}
steps = pd.DataFrame(counts).fillna(0).astype(int)
sk.table(steps.rename_axis("texts").reset_index(), "the same replies under four choices")

# %% [markdown]
# Does a text carry its label? A filter that asked a classifier of the seeds made more labels hold and no score higher, and
# is gone: [02](02_prompting_strategies.ipynb) has the numbers.
# The other way is to ask the model itself, blindly, which label a text carries, and to believe it (PromptMix, Sahu et al.
# 2023). Twenty texts a request, through the same store and budget; the requests are added to the ledger.

# %% tags=["keep_output"]
whole_rows = runs["default"].rows
again = sk.annotate(runs["default"], progress=False)
asked_for = {r["id"]: r["label"] for r in whole_rows}
changed = sum(asked_for[r["id"]] != r["label"] for r in again.rows)
print(f"{changed} of {len(whole_rows)} rows change their label")
unclear = again.dropped().query("reason == 'label unclear'")
sk.table(unclear[["label", "text", "reason", "evidence"]], "dropped by relabelling")

# %% [markdown]
# **Notice** that the model which wrote the texts finds its own labels right. That is no proof: read some.
#
# The surest filter is a reader. Rows come one at a time, those first that a classifier doubts: k keeps, d drops, a number gives that
# label. What you decide is saved at once; `reader.result()` has the rows that are left, `sk.review(made, join=[...])` joins readers.

# %%
reader = sk.review(made, file="my_review.jsonl")
reader

# %% [markdown]
# A filter of your own is a function of a row. What it returns is the evidence.


# %% tags=["keep_output"]
def shouting(row):
    loud = [w for w in row["text"].split() if w.isupper() and w.isalpha() and len(w) > 3]
    return ", ".join(loud) if len(loud) > 1 else None


quiet = sk.generate(whole, filters=[*sk.default_filters(task, seeds), shouting], progress=False)
sk.table(quiet.dropped().query("reason == 'shouting'").head(3)[["text", "evidence"]], "mine")

# %% [markdown]
# ## 5. Again, and less
# The same call again asks nobody and gives the same rows.

# %%
again = sk.generate(plan, progress=False)
assert list(again.rows["text"]) == list(made.rows["text"])
"the same rows, in the same order"

# %% [markdown]
# A plan for fewer rows is the beginning of a plan for more, so a trial run is never wasted.

# %%
trial = sk.generate(sk.plan(task, strategy=STRATEGY, n=40), progress=False)
assert list(trial.rows["text"]) == list(made.rows["text"])[:40]
trial

# %% [markdown]
# ## 6. A cap that holds
# With `Budget` a run stops before it would pass the cap. What came until then is kept, and is a beginning of the plan.

# %% tags=["keep_output"]
capped = sk.generate(plan, budget=sk.Budget(requests=10), progress=False)
print(capped)
print(capped.ledger)

# %% [markdown]
# A cap in dollars for a model with an unknown price is refused. It could not hold.

# %%
try:
    sk.generate(plan, budget=sk.Budget(usd=1), progress=False)
except sk.SynthkitError as error:
    print(error)

# %% [markdown]
# ## 7. Without any language model
# `llm="ngram"` learns word pairs from the seeds and shuffles them into new texts. It is the baseline that a language model
# has to beat, and it runs on your own task without recordings. Its rows say what they are.

# %% tags=["keep_output"]
baseline = sk.generate(
    task,
    sk.load_seeds(task),
    strategy="zero_shot",
    n=60,
    surplus=3.0,
    llm="ngram",
    progress=False,
)
print(baseline)
sk.table(
    baseline.rows.to_pandas()[["label", "text", "model"]].head(4),
    "four rows of the n-gram baseline",
)

# %% [markdown]
# **Notice** how little sense it makes. And yet a classifier learns something from it: see [05](05_downstream_classifiers.ipynb).

# %% [markdown]
# ## 8. When it breaks off
# Every reply of a live model is stored before it is used. Here an endpoint of our own answers from the recordings, and
# is gone after fifteen answers.

# %%
import warnings
from pathlib import Path
from tempfile import mkdtemp

from synthkit.llm.recorded import Recorded


class Endpoint:
    model, concurrency, attempts = "claude", 1, 1

    def __init__(self, gone_after=None):
        self.recorded, self.gone_after, self.asked = Recorded(task.recordings), gone_after, 0

    async def complete(self, request):
        self.asked += 1
        if self.gone_after and self.asked > self.gone_after:
            raise sk.SynthkitError("the endpoint is gone")
        return self.recorded.get(request)


# %% tags=["keep_output"]
store = sk.Store(Path(mkdtemp()) / "replies.sqlite")
with warnings.catch_warnings(action="ignore"):  # it also warns that it stopped
    stopped = sk.generate(plan, llm=Endpoint(gone_after=15), store=store, progress=False)
print(stopped)
print(f"{len(store)} replies are safe")

# %% [markdown]
# Run the same call again.

# %% tags=["keep_output"]
endpoint = Endpoint()
resumed = sk.generate(plan, llm=endpoint, store=store, progress=False)
print(
    f"asked {endpoint.asked}, taken from the store {resumed.ledger.answered - endpoint.asked}"
)
print("the same rows as in one go:", list(resumed.rows["text"]) == list(made.rows["text"]))

# %% [markdown]
# **Notice** that nothing was asked twice. The stop button and a killed kernel end a run in the same way,
# and so does a cap: raise it, run again, and the run goes on from there.

# %% [markdown]
# ## 9. A live model
# Without `store=` the replies go to the store in your home (`synthkit doctor` says where). It asks only with `LIVE = True`.

# %%
if LIVE:
    llm = sk.LLM("llama3.2", base_url="http://localhost:11434/v1")
    print(sk.generate(plan, llm=llm, budget=sk.Budget(requests=60, tokens=200_000)))

# %% [markdown]
# ## What we know, and what we do not
# - Every request and every text is accounted for, and a dropped text shows its evidence.
# - By default duplicates are found by shared words and characters: two texts that say the same differently both stay.
# - Each filter's reach is measured on real rows (`benchmarks/filters.py`): of 200 real rows at most one in a hundred is
#   taken for another's twin.
# - Recorded token counts are estimates (four bytes a token) and marked so.
# - Try it: `STRATEGY = "attributed"`. Are fewer texts dropped?
# - Next: [04 Synthetic against real](04_synthetic_vs_real.ipynb).

# %% [markdown]
# ## Exercises
# Write each answer into its cell and run it. The cell below says *right*, or gives a hint. Nothing later depends on them.

# %% [markdown]
# ### 1 · Change one value
# Cap the run of `plan` at three requests and call it `three`. Look at its ledger.

# %% tags=["solution"]
three = sk.generate(plan, budget=sk.Budget(requests=3), progress=False)

# %% tags=["check"]
from synthkit.views.exercises import mark

mark(lambda: three.ledger.answered == 3, "section 6, with another number")

# %% [markdown]
# ### 2 · Read the ledger
# How many texts of the first run did the filters drop because something like them was there already? Call the number `twins`: count
# the rows of `sk.generate(plan, progress=False).dropped()` whose `reason` holds the word *duplicate*.

# %% tags=["solution"]
first = sk.generate(plan, progress=False)
twins = int(first.dropped()["reason"].str.contains("duplicate").sum())

# %% tags=["check"]
mark(
    lambda: (
        twins
        == sum("duplicate" in r for r in sk.generate(plan, progress=False).dropped()["reason"])
    ),
    "reason is a column of text: .str.contains(...).sum()",
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
# <details><summary>1. What are the two equations of the ledger?</summary>
#
# Asked = parsed + fewer than asked + unparsable; parsed = kept + dropped. A text that is nowhere would show.
#
# </details>
# <details><summary>2. A budget is a cap on what is billed. Why does a run stop a little below it?</summary>
#
# A request is sent only if its upper bound still fits. A bound that holds is larger than what usually comes.
#
# </details>
# <details><summary>3. You kill the kernel after 100 replies. What does the next run cost?</summary>
#
# Only what is missing. Each reply is stored before it is used.
#
# </details>
# <details><summary>4. Why is a plan for 40 rows the beginning of a plan for 200?</summary>
#
# Each request draws its random choices from its own number. So a trial run is not wasted.
#
# </details>
# <details><summary>5. A filter found nothing. What do you know?</summary>
#
# That it did not find what it looks for. Here a strong model wrote the texts; a small one gives filters more to do.
#
# </details>
