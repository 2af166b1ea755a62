# %% [markdown]
# # 00 · Can a language model write the training data?
# [01 Seed preparation →](01_seed_preparation.ipynb)
#
# You have a handful of labelled texts and need a classifier.
# Real data is scarce, or too private to pass around.
# So you ask a language model to write some, train on that, and test on real texts.
# Does it work? This page goes the whole way once; the other notebooks take it apart.
#
# New words are in *italics* and explained where they first stand; all of them are in the [glossary](GLOSSARY.md).
# Whoever teaches with these pages finds a plan in [TEACHING](TEACHING.md).
#
# **You will** look at seeds · generate a few hundred rows · see them on a map · read a verdict with its uncertainty.
# **Needs** about 10 min to read and 30 s to run, CPU, no key, no network. **Data** `feedback`: customer messages in six topics, a stand-in written for the kit.
#
# | notebook | the question it answers |
# |---|---|
# | [01 Seed preparation](01_seed_preparation.ipynb) | which real examples do we start from, and what must not leave the machine? |
# | [02 Prompting strategies](02_prompting_strategies.ipynb) | what exactly do we ask, and what does each way of asking bring back? |
# | [03 Generation](03_generation.ipynb) | what will it cost, what came, and what if it breaks off? |
# | [03b Filters](03b_filters.ipynb) | what did we keep, and do filters earn their keep? |
# | [04 Synthetic against real](04_synthetic_vs_real.ipynb) | does it look like the real thing? |
# | [05 Downstream classifiers](05_downstream_classifiers.ipynb) | is a model trained on it good on real data? |
# | [06 Quality report](06_quality_report.ipynb) | is the dataset good, and how do we know? |
# | [07 Privacy and bias](07_privacy_and_bias.ipynb) | whom could these rows harm? |
# | [08 Refinement](08_refinement.ipynb) | what is missing, and does asking for it help? |
# | [09 Data that cannot leave](09_data_that_cannot_leave.ipynb) | the rows may not leave: can a model of our own stand in for them? |
# | [10 Texts without labels](10_texts_without_labels.ipynb) | I have raw texts: shall a model write more, or label these? |

# %%
from IPython.display import Markdown

import synthkit as sk
from synthkit.core.figures import captioned

sk.theme()

# %% tags=["parameters"]
TASK = "feedback"
STRATEGY = "zero_shot"
N = 200
K = 10  # real rows a label

# %% [markdown]
# ## 1. The task and the seeds
# A *task* says what the texts are and what each *label* means. A *row* is a text with its label.
# *Seeds* are the few real rows we pretend are all we have.

# %% tags=["keep_output"]
task = sk.load_task(TASK)
task

# %% tags=["keep_output"]
seeds = sk.load_seeds(task, k=K)
some = seeds.rows.to_pandas()[["label", "text"]].iloc[::8]
sk.table(some, f"{len(some)} of the {len(seeds.rows)} seeds")

# %% [markdown]
# **Notice** that `K` rows a label is not much: half an hour of labelling.
# The rest of the real rows stays aside. We use it only to judge.

# %% [markdown]
# ## 2. Ask a language model for more
# A *strategy* is a way of asking; `zero_shot` describes the texts and shows none. The *plan* is the list of requests.
# The replies are *recorded*: a large language model answered exactly these requests, and its answers are shipped with the kit.
# So nothing is sent and nothing is billed, and everybody sees the same rows.

# %% tags=["keep_output"]
plan = sk.plan(task, strategy=STRATEGY, n=N)
made = sk.generate(plan, progress=False)
made.ledger

# %% [markdown]
# **Notice** that this account, the *ledger*, adds up: every text asked for was kept, or dropped for a reason that stands there.
#
# Here are some of the rows. Would you have guessed?

# %% tags=["keep_output"]
some = made.rows.to_pandas()[["label", "text"]].iloc[3:60:8]
sk.table(some, f"{len(some)} of {len(made.rows)} synthetic rows")

# %% [markdown]
# ## 3. Look: synthetic among real
# Each dot is a text; texts that mean similar things lie close together.
# Dark grey is real, blue is synthetic, one panel a topic.

# %% tags=["keep_output"]
words = f"one panel a topic: {len(made.rows)} synthetic rows in blue, {len(seeds.rest)} real ones in dark grey."
captioned(sk.plot_map(seeds.rest, {"synthetic": made.rows}), words)

# %% [markdown]
# **Notice** where dark grey has no blue near it: things real people write about that the model did not think of.
# Blue dots at the rim say nothing: the map was fitted on the real rows, and new ones are pushed outwards.
# A map is for looking. No number in this kit is computed from it.

# %% [markdown]
# ## 4. The verdict
# Train the same small classifier, the *student*, on different sets of rows, the *arms*. Test all of them on real rows
# that nobody has seen. A few real rows a label are luck, so they are *drawn* several times.
#
# The score is *macro-F1*: how well each label is recognised (1: every row is found and nothing else is called so), averaged
# over the labels, so that a rare one counts as much as a common one. The brackets are *95 % intervals*: where the number
# would fall with other test rows and other draws. In the literature `synthetic` is *TSTR*: train on synthetic, test on real.

# %% tags=["keep_output"]
arms = sk.standard_arms(made, k=K)
comparison = sk.compare(arms, test=task.splits.test, task=task)
words = (
    f"macro-F1 of each arm, with its interval; by {comparison.student}: {comparison.ranking()}."
)
captioned(comparison.plot(), words)

# %% tags=["keep_output"]
comparison

# %% tags=["keep_output"]
Markdown(comparison.verdict())

# %% [markdown]
# **Notice** the order below the figure: where do `synthetic` and both together stand, between the few real rows and all of them?
# And notice `description`: the phrases of the label descriptions, used as if they were texts. No model wrote those.
# What synthetic rows add beyond them is the language model's own share. Arms such as `real_20` have more real rows a label (the
# number says how many): off them the verdict reads how many labelled rows the synthetic ones are *worth*.

# %% [markdown]
# ## What we know, and what we do not
# - On this task, with the values that stand at the top, synthetic rows did better than the few real ones and than the prompt's own words.
# - `feedback` is a *stand-in*: its "real" rows were written for the kit by the same kind of author as the synthetic
#   ones. That flatters. The README has the same table on 4,500 truly real rows, where the gap that is left is wider.
# - One model, one generation, English. The intervals cover test rows and draws of seeds, not another generation.
# - Try it: `STRATEGY = "attributed"`, or `N = 60`, and run all again. Which arm moves most?
# - Next: [01 Seed preparation](01_seed_preparation.ipynb).

# %% [markdown]
# ## Exercises
# Write each answer into its cell and run it. The cell below says *right*, or gives a hint. Nothing later depends on them.

# %% [markdown]
# ### 1 · Change one value
# What if there were ten minutes for labelling, and not thirty? Draw `few`: three seeds a label.

# %% tags=["solution"]
few = sk.load_seeds(task, k=3)

# %% tags=["check"]
from synthkit.views.exercises import mark

mark(lambda: len(few.rows) == 3 * len(task.labels), "the call of section 1, with k=3")

# %% [markdown]
# ### 2 · Count
# The plan asked for even labels. How many of the rows that were kept are about `delivery`? Call the number `delivery`.

# %% tags=["solution"]
delivery = made.rows["label"].count("delivery")

# %% tags=["check"]
mark(
    lambda: delivery == list(made.rows["label"]).count("delivery"),
    "made.rows['label'] is a column of labels",
)

# %% [markdown]
# ### 3 · Write a function
# Lesson 03b drops rows by *filters*: functions of a row that return nothing, or what they saw. Write `asks`:
# it returns `"?"` for a row whose text holds a question mark, and `None` for every other row.


# %% tags=["solution"]
def asks(row):
    return "?" if "?" in row["text"] else None


# %% tags=["check"]
mark(
    lambda: asks({"text": "where is it?"}) == "?" and asks({"text": "thanks"}) is None,
    "row['text'] is the text",
)

# %% [markdown]
# ## Five questions
# Answer first, then unfold.
#
# <details><summary>1. Why are the test rows shown nowhere on this page?</summary>
#
# Whoever looks at them starts to choose by them, and then the score is no longer of rows that nobody has seen.
#
# </details>
# <details><summary>2. Synthetic rows scored higher than a few real ones a label. Does that mean a model's texts are better than real ones?</summary>
#
# No. There are several times as many of them. Lesson 05 compares equal numbers (`synthetic_few`), and there the lead is gone.
#
# </details>
# <details><summary>3. What does the arm <code>description</code> test?</summary>
#
# How far the words that somebody wrote into the task go by themselves, without any model. What synthetic rows add beyond it is the model's share.
#
# </details>
# <details><summary>4. The brackets say 95 %. Of what?</summary>
#
# Of other test rows and other draws of the few real rows. Another run of the generator is not in them, since there was one.
#
# </details>
# <details><summary>5. Why is a good result on <code>feedback</code> no promise for your data?</summary>
#
# It is a stand-in: its "real" rows were written by the same kind of author as the synthetic ones.
#
# </details>
