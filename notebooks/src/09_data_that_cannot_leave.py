# %% [markdown]
# # 09 · What if the data cannot leave?
# [← 08 Refinement](08_refinement.ipynb) · [Contents](00_start_here.ipynb) · [10 Texts without labels →](10_texts_without_labels.ipynb) · [Words](GLOSSARY.md)
#
# A hospital has thousands of labelled tickets, and none of them may leave the house.
# A partner wants to train a classifier for them. What can be handed over?
# One answer: fine-tune a small language model *inside*, and let only its texts out.
#
# **You will** see what a sensitive task refuses · train a generator (or take the recorded one) · count what came back · compare it with prompting · read what ε costs.
# **Needs** about 12 min to read and 60 s to run, CPU, no network, no torch. **Data** `feedback` (recorded replies), in the place of the tickets.

# %%
from dataclasses import replace

import pandas as pd
from datasets import concatenate_datasets

import synthkit as sk

sk.theme()

# %% tags=["parameters"]
TASK = "feedback"
MODEL = "recorded"  # None trains here: needs the extra local-train and the base model
N = 200

# %% [markdown]
# ## 1. What leaves, and what does not
# With `sensitive: true` in its task.yaml, a task keeps its real rows to this machine. Say so of our stand-in, and try to show a model ten rows a label:

# %% tags=["keep_output"]
task = sk.load_task(TASK)
tickets = replace(task, name="tickets", sensitive=True)
try:
    sk.plan(tickets, sk.load_seeds(tickets), strategy="few_shot")
except sk.SynthkitError as error:
    print(error)

# %% [markdown]
# | | leaves? |
# |---|---|
# | real rows, as they are | no |
# | a few rows, anonymised and read by you | yes, in prompts |
# | thousands of rows | no: nobody reads so many |
# | a model trained on them | no: it has learnt them by heart, in part |
# | texts that this model writes | after sections 3 and 5 |
#
# **Notice** that the weights stay too. `sk.finetune` writes them for their owner alone.

# %% [markdown]
# ## 2. A generator of one's own
# SmolLM2, a model of 135 million weights, reads `customer message | delivery: what that means`, and learns to go on with the message.
# Rows are anonymised first. Ten of them get an invented secret each, a *canary*, to see later whether it comes back. A tenth of the rows is held out.

# %% tags=["keep_output"]
rows = task.splits.train
generator = sk.finetune(task, rows, model=MODEL, progress=False)
generator

# %% [markdown]
# It trained for as long as the loss on held-out rows fell (nats a token, before and after each epoch):

# %% tags=["keep_output"]
losses = generator.facts["held-out loss by epoch"]
print(*losses, f"\nleast after {losses.index(min(losses))} of {len(losses) - 1} passes")

# %% [markdown]
# **Notice** how soon a pass makes it worse: a few hundred rows are few, and a model soon knows them by heart. They keep the lesson
# short; thousands are what this is for. Trained on a GPU this took half a minute, on one core of a busy
# CPU half an hour.
#
# A generator is a source of replies like any other.

# %% tags=["keep_output"]
plan = sk.plan(task, strategy="zero_shot", n=N, surplus=2)
made = sk.generate(plan, llm=generator, progress=False)
print(made.summary())
sk.table(made.to_frame().groupby("label").head(1)[["label", "text"]], "one text of each label")

# %% [markdown]
# It draws twice the texts that are asked for and gives those which fit the asked label better than any other, by its own probabilities.
# What fell after that?

# %% tags=["keep_output"]
dropped = made.dropped().groupby("reason").size().rename("texts").reset_index()
sk.table(dropped, f"dropped, of {made.ledger.parsed} texts")

# %% [markdown]
# **Notice** the filter `memorized seed`: it drops texts that repeat a training row, whole or in long runs of words. A filter `canary` would drop
# what bears a planted secret. And read the texts above: they sound like customers, and many make no sense. A small model from few rows *drifts*.

# %% [markdown]
# ## 3. What came back?
# `check` counts over *all* its texts, dropped ones too. Every line has a control.

# %% tags=["keep_output"]
sk.table(generator.check(made), "what of the private rows is in the texts")

# %% [markdown]
# - **canaries**: secrets planted in a single row each; the control were planted nowhere.
# - **words in a row**: of a training row; the control are held-out real rows, which share set phrases too.
# - **label holds**: by a classifier of the training rows; the control is its own accuracy.
#
# No canary back is no proof. Section 5 has the kind of promise that does not rest on a test.

# %% [markdown]
# ## 4. What is it worth?
# Beside it: ten real rows a label (say, those that you may show), and what a large model writes when it is merely prompted. All are tested on the same real rows.

# %%
few = sk.load_seeds(task).rows
prompted = sk.generate(task, strategy="zero_shot", n=N, progress=False).rows


def joined(*parts):
    return concatenate_datasets([p.select_columns(["id", "text", "label"]) for p in parts])


arms = {
    "ten real a label": few,
    "fine-tuned": joined(made.rows),
    "ten real + fine-tuned": joined(few, made.rows),
    "ten real + prompted": joined(few, prompted),
    "all real": rows,
}

# %% tags=["keep_output"]
comparison = sk.compare(
    arms, test=task.splits.test, students=["minilm_lr"], task=task, progress=False
)
comparison

# %% [markdown]
# **Notice** that prompting is clearly ahead: texts of a large model, from the labels' descriptions alone, do far more than as many of the small one.
# From a few hundred rows fine-tuning is the wrong tool. So when is it the right one? When there are thousands of rows, the texts are of a kind
# that no description tells, and not even the descriptions of single rows may be shown to anybody else's model.

# %% [markdown]
# ## 5. A promise in numbers: ε
# *Differentially private* training makes the model nearly the same whether or not any single row was there; ε says how nearly (1 is strict, 8 is loose).
# Each step draws rows at random, cuts every row's influence to the same size, and adds noise (DP-SGD, [Abadi et al. 2016](https://arxiv.org/abs/1607.00133)).
# `sk.finetune(task, rows, epsilon=8)` does so, in ten steps of a fifth of the rows. The noise hides one row among many, so how many there are decides everything:

# %% tags=["keep_output"]
from synthkit.tuning.finetune import dp_training

WEIGHTS = 1_244_160  # that are trained
lines = []
for n in (450, 5_000, 50_000):
    for epsilon in (8, 1):
        training = dp_training(2, epsilon, 1 / (2 * n))
        a_step = n * training.rate
        length = training.noise / a_step * WEIGHTS**0.5
        lines.append((n, epsilon, round(a_step), training.noise, length))
columns = [
    "rows",
    "ε",
    "rows a step",
    "noise on a weight's sum",
    "length of the noise on their mean",
]
what = "noise in two passes over the rows; a row's part in the sum is 1 long at the most"
sk.table(pd.DataFrame(lines, columns=columns), what)

# %% [markdown]
# **Notice** the last column: what the rows of a step want on the mean has a length of 1 at the most. With a few hundred rows the noise is many
# times that at every step, and no number of steps averages it out. With tens of thousands even ε = 1 leaves the signal above it.
#
# Measured on two sets of real rows (`benchmarks/finetune.py`; macro-F1 on real test rows of a classifier that learns from 1,000 of its texts, or
# of 500 of 2,000 that private rows choose under ε = 1, which is counted in; second figure: with ten public rows a label):
#
# | | CLINC150, 10,716 rows | film reviews, 6,172 rows |
# |---|---|---|
# | all private rows (the ceiling) | 0.956 | 0.742 |
# | 1,000 of them at random | 0.909 | 0.703 |
# | ten public rows a label | 0.729 | 0.621 |
# | **its texts, no ε** (those that fit their label best) | 0.888 | 0.702 |
# | **trained under ε = 8**: those that fit their label best | 0.682; 0.733 | 0.642; 0.648 |
# | voted for, ε = 8.13 together at the most | 0.787; 0.820 | 0.649; 0.653 |
# | labelled by private rows, then voted for, for the same ε | 0.793; 0.817 | 0.710; 0.707 |
# | **trained under ε = 1**, voted for, ε = 1.51 together | 0.756; 0.800 | 0.640; 0.645 |
# | labelled, then voted for | 0.800; 0.824 | 0.708; 0.707 |
# | **not trained at all**, voted for, ε = 1 | 0.644; 0.735 | 0.602; 0.615 |
# | labelled, then voted for | 0.768; 0.804 | 0.701; 0.700 |
# | **a large model, prompted** by four strategies: 927 and 960 texts, no private row | 0.804; 0.837 | 0.667; 0.673 |
# | 240 of these, voted for under ε = 1 | 0.828; 0.854 | 0.700; 0.705 |
# | no texts: only the mean vector of each label, under ε = 1 | 0.828 | 0.713 |
#
# **Notice** four things. Without ε a thousand of its texts come within 0.03 of a thousand real rows. Under ε the small model hardly learns the
# labels: 0.55 to 0.61 of its texts hold theirs (untrained: 0.36 and 0.60). So let the private rows say which label a text has (`sk.private_select(..., relabel=True)`) and vote: both are counts and sums
# that noise hides well, and they bring back much of what noise took, even from a model that was *not trained*: the training itself adds 0.03 on CLINC150, 0.01 on the films. Third, the same vote
# over texts of a *prompted* large model (lesson 07) is ahead on CLINC150 and level on the films, and trains nothing. And who needs only one
# classifier, not texts to read, does nearly as well with noisy means: do not release texts for their own sake.
#
# What does no ε cost? An attacker with the weights tells a training row from another one with an AUC of 0.747 (CLINC150) and 0.802 (films); under ε = 8
# with 0.497 and 0.506. No canary came back in 2,000 texts of any of them, and yet the model without ε finds *every* planted secret likelier than its decoy.
# The texts were quiet; the weights were not. That is why they stay.
#
# ## What we know, and what we do not
# - From thousands of rows a fine-tuned model of 135 million weights writes texts that carry most of their worth; from hundreds, prompting a large model wins.
# - Under ε choose before you train: votes of private rows on texts that a large model wrote cost less and are worth as much or more. Train where no large model may be asked, or none knows such texts.
# - The private trainings had ten steps: 37 to 44 min on one core of a processor with bfloat16 (76 without), 3.5 to 6 GiB; one training each. More steps, more rows and a larger model may do better; we have not measured it.
# - ε counts rows as they are after anonymising, training and vote. It does not count what `check` shows you, nor what SmolLM2 had read before: both sets are public.
# - Fine-tuning jobs at an endpoint (`model=sk.LLM(...)`) run by the same call. The rows then leave, no ε is possible, and a budget is asked for first.
# - Try it: `sk.finetune(task, rows, canaries=0)`, or `model=None` if you have torch. Does a canary come back when 40 rows are trained on for 20 epochs?
# - Try it: let the training rows vote, `sk.private_select(made.rows, rows, epsilon=1, n=60)`, and compare those 60 with 60 at random.
# - Next: [10 Texts without labels](10_texts_without_labels.ipynb).
