# %% [markdown]
# # 03 · What did we ask, what came back, and what did it cost?
# [← 02 Prompting strategies](02_prompting_strategies.ipynb) · [03b Filters →](03b_filters.ipynb) · [Words](GLOSSARY.md)
#
# A language model answers, and each answer costs something.
# Here we follow the requests: planned, asked, paid for, and never lost.
#
# **You will** estimate a run · generate · read its ledger · cap a run · break it off and go on.
# **Needs** about 8 min to read and 10 s to run, CPU, no network. **Data** `feedback` (recorded replies).

# %%
import synthkit as sk

sk.theme()

# %% tags=["parameters"]
TASK = "feedback"
STRATEGY = "zero_shot"
N = 200
LIVE = False  # True asks the endpoint of section 7, which may cost money

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
from synthkit.core.figures import captioned

words = f"a waterfall from {made.ledger.asked} texts asked for, through those that fell and why, to {len(made.rows)} kept."
captioned(made.ledger.plot(), words)

# %% [markdown]
# ## 3. Again, and less
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
# ## 4. A cap that holds
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
# ## 5. Without any language model
# `llm="ngram"` learns word pairs from the seeds and shuffles them into new texts. It is the baseline that a language model
# has to beat, and it runs on your own task without recordings. Its rows say what they are.
# (A small language model that runs on a laptop, `llm="local"`, is in [03b](03b_filters.ipynb).)

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
# ## 6. When it breaks off
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
# ## 7. A live model
# Without `store=` the replies go to the store in your home (`synthkit doctor` says where). It asks only with `LIVE = True`.

# %%
if LIVE:
    llm = sk.LLM("llama3.2", base_url="http://localhost:11434/v1")
    print(sk.generate(plan, llm=llm, budget=sk.Budget(requests=60, tokens=200_000)))

# %% [markdown]
# ## What we know, and what we do not
# - Every request and every text is accounted for, and a dropped text shows its evidence.
# - Recorded token counts are estimates (four bytes a token) and marked so.
# - Try it: `STRATEGY = "attributed"`. What does it cost more, and are fewer texts dropped?
# - Next: [03b Filters](03b_filters.ipynb).

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

mark(lambda: three.ledger.answered == 3, "section 4, with another number")

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
# ### 3 · Plan for uneven labels
# Make a plan of `STRATEGY` with ten rows for each label and thirty for the first one. Call it `uneven`.

# %% tags=["solution"]
wanted = dict.fromkeys(task.labels, 10) | {list(task.labels)[0]: 30}
uneven = sk.plan(task, strategy=STRATEGY, per_label=wanted)

# %% tags=["check"]
mark(
    lambda: sorted(uneven.wanted.values()) == [10] * (len(task.labels) - 1) + [30],
    "per_label= takes a dict: how many rows of each label",
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
# <details><summary>5. What is `llm="ngram"` good for, if its texts make no sense?</summary>
#
# It is the baseline that a language model has to beat, and it runs anywhere. What it cannot beat was not worth paying for.
#
# </details>
