# %% [markdown]
# # 00 · Can a language model write the training data?
# [01 Seed preparation →](01_seed_preparation.ipynb)
#
# You have a handful of labelled texts and need a classifier.
# Real data is scarce, or too private to pass around.
# So you ask a language model to write some, train on that, and test on real texts.
# Does it work? This page goes the whole way once; the other notebooks take it apart.
#
# **You will** look at seeds · generate 200 rows · see them on a map · read a verdict with its uncertainty.
# **Needs** about 30 s, CPU, no key, no network. **Data** `feedback`: customer messages in six topics, a stand-in written for the kit.
#
# | notebook | the question it answers |
# |---|---|
# | [01 Seed preparation](01_seed_preparation.ipynb) | which real examples do we start from, and what must not leave the machine? |
# | [02 Prompting strategies](02_prompting_strategies.ipynb) | what exactly do we ask, and what does each way of asking bring back? |
# | [03 Generation](03_generation.ipynb) | what will it cost, what came, what did we keep? |
# | [04 Synthetic against real](04_synthetic_vs_real.ipynb) | does it look like the real thing? |
# | [05 Downstream classifiers](05_downstream_classifiers.ipynb) | is a model trained on it good on real data? |
# | [06 Quality report](06_quality_report.ipynb) | is the dataset good, and how do we know? |
# | [07 Privacy and bias](07_privacy_and_bias.ipynb) | whom could these rows harm? |
# | [08 Refinement](08_refinement.ipynb) | what is missing, and does asking for it help? |

# %%
import synthkit as sk

sk.theme()

# %% tags=["parameters"]
TASK = "feedback"
STRATEGY = "zero_shot"
N = 200
K = 10  # real rows a label

# %% [markdown]
# ## 1. The task and the seeds
# A *task* says what the labels mean. *Seeds* are the few real rows we pretend are all we have.

# %% tags=["keep_output"]
task = sk.load_task(TASK)
task

# %%
seeds = sk.load_seeds(task, k=K)
seeds

# %% [markdown]
# **Notice** that 10 rows a label is not much: half an hour of labelling.
# The rest of the real rows stays aside. We use it only to judge.

# %% [markdown]
# ## 2. Ask a language model for more
# The plan is a list of requests. The replies are *recorded*: a large language model answered exactly these
# requests, and its answers are shipped with the kit.
# So nothing is sent and nothing is billed, and everybody sees the same rows.

# %% tags=["keep_output"]
plan = sk.plan(task, strategy=STRATEGY, n=N)
made = sk.generate(plan, progress=False)
made.ledger

# %% [markdown]
# **Notice** that the ledger adds up: every text asked for was kept, or dropped for a reason that stands there.
#
# Here are some of the rows. Would you have guessed?

# %% tags=["keep_output"]
sk.table(made.rows.to_pandas()[["label", "text"]].iloc[3:60:8], "eight synthetic rows")

# %% [markdown]
# ## 3. Look: synthetic among real
# Each dot is a text; texts that mean similar things lie close together.
# Dark grey is real, blue is synthetic, one panel a topic.

# %% tags=["keep_output"]
sk.plot_map(seeds.rest, {"synthetic": made.rows})

# %% [markdown]
# *Figure: six panels, one a topic; blue synthetic dots lie among the dark grey real dots, thinly in some regions and at the rim in others.*
#
# **Notice** where dark grey has no blue near it: things real people write about that the model did not think of.
# A map is for looking. No number in this kit is computed from it.

# %% [markdown]
# ## 4. The verdict
# Train the same small classifiers on different rows. Test all of them on rows that nobody has seen.

# %% tags=["keep_output"]
arms = sk.standard_arms(made, k=K)
comparison = sk.compare(arms, test=task.splits.test, task=task, progress=False)
comparison

# %% tags=["keep_output"]
comparison.plot()

# %% [markdown]
# *Figure: macro-F1 of eight training sets with intervals; synthetic lies above the few real rows and the description, and below all real rows on sentence vectors.*
#

# %% tags=["keep_output"]
print(comparison.verdict())

# %% [markdown]
# **Notice** the order on sentence vectors: a few real rows, then synthetic, then both together, then all real rows.
# And notice `description`: the phrases of the label descriptions, used as if they were texts. No model wrote those.
# What synthetic rows add beyond them is the language model's own share.

# %% [markdown]
# ## What we know, and what we do not
# - On this task, synthetic rows did better than the few real ones and than the prompt's own words.
# - `feedback` is a *stand-in*: its "real" rows were written for the kit by the same kind of author as the synthetic
#   ones. That flatters. The README has the same table on 4,500 truly real rows, where the gap that is left is wider.
# - One model, one generation, English. The intervals cover test rows and draws of seeds, not another generation.
# - Try it: `STRATEGY = "attributed"`, or `N = 60`, and run all again. Which arm moves most?
# - Next: [01 Seed preparation](01_seed_preparation.ipynb).
