# %% [markdown]
# # 07 · Whom could these rows harm?
# [← 06 Quality report](06_quality_report.ipynb) · [Contents](00_start_here.ipynb) · [08 Refinement →](08_refinement.ipynb) · [Words](GLOSSARY.md)
#
# Two ways: a text gives away somebody's words, or a classifier trained on it treats people unequally.
# A test can find such harm. None can rule it out, so we plant some first and see whether the tests notice.
#
# **You will** look for copies of seeds · attack a dataset and a leaking one · find personal data again · plant secrets · choose with ε · swap people in texts · compare slices.
# **Needs** about 10 min to read and 60 s to run, CPU, no network. **Data** `feedback` (recorded replies).

# %%
import pandas as pd

import synthkit as sk
from synthkit.core.figures import captioned

sk.theme()

# %% tags=["parameters"]
TASK = "feedback"
STRATEGY = "few_shot"
N = 200

# %% [markdown]
# ## 1. Prompts that show real rows
# `few_shot` shows seeds to the model, so they were anonymised first. `rest` is real rows that no prompt held.

# %% tags=["keep_output"]
task = sk.load_task(TASK)
seeds = sk.load_seeds(task)
clean = sk.anonymize(seeds, progress=False)
made = sk.generate(task, clean.seeds, strategy=STRATEGY, n=N, progress=False)
print(clean.summary(), made.summary(), sep="\n")

# %% [markdown]
# ## 2. Privacy, and the same with a leak
# We copy a raw seed into every tenth row, with a word in front. What does each line say?

# %%
texts = list(made.rows["text"])
for i in range(0, len(texts), 10):
    texts[i] = f"hi, {seeds.rows['text'][i // 10 * 3]}"
columns = {name: list(made.rows[name]) for name in ("id", "label", "demo_ids")}
leaking = sk.load_rows(pd.DataFrame({**columns, "text": texts})).rows


def privacy(rows):
    return sk.evaluate(rows, seeds.rest, seeds=seeds)


# %% tags=["keep_output"]
reports = {"as made": privacy(made.rows), "with copies": privacy(leaking)}
frames = {
    name: r.to_frame().query("section == 'privacy'").set_index("metric")
    for name, r in reports.items()
}
table = pd.DataFrame({name: f["synthetic"] for name, f in frames.items()})
table["control"] = frames["as made"]["control"]
sk.table(table.reset_index(), "privacy lines")

# %% [markdown]
# - **rows with 6 or more words of a seed**: in a row, that is; the bracket of the control is where as many undrawn real rows would fall.
# - **rows that copy a seed, edited ones too**: what the filter *memorized seed* would drop, words exchanged or reordered; the control says how many real rows it would call copies.
# - **nearer to a seed than to held-out** is a *smoke test*: 0.5 if seeds are no nearer than other real rows. Sets that pass it have been
#   attacked with success ([Yao et al. 2025](https://arxiv.org/abs/2505.01524)): smoke is a finding, no smoke is not.
# - **membership inference** plays the attacker who sees only the synthetic texts: does a bigram model of them favour the seeds over
#   held-out rows with the same labels ([Meeus et al. 2025](https://arxiv.org/abs/2502.14921))? The control lets other held-out rows play the seeds.
#
# **Notice** that a copied seed in every tenth row moves the attack and the copied runs, while the smoke test moves little: one row
# in ten is too few for it. And that an AUC from so few seeds has a wide interval: a true positive rate at 1 % false ones would
# rest on single rows, so the report does not give one.

# %% tags=["keep_output"]
sk.table(reports["as made"].table("copies"), "the longest runs shared with a seed, as made")

# %% [markdown]
# **Notice** what is copied when nothing leaks: set phrases of customers. Length alone is no proof; a name or an order number would be.

# %% [markdown]
# ## 3. Personal data that survived
# What was personal in a seed and stands in a synthetic text again? The report gives id and place, and never the words.

# %% tags=["keep_output"]
lost = reports["with copies"].table("personal data")
sk.table(
    lost,
    f"{len(lost)} finds in the rows with copies; {len(reports['as made'].table('personal data'))} as made",
)

# %% [markdown]
# **Notice** that the model never saw these: the prompts held placeholders. They came in with our copies of the *raw* seeds.

# %% [markdown]
# ## 4. Bias: who is in the rows?
# Shares of labels and of attributes against real ones, and which labels go with which people.

# %%
import matplotlib.pyplot as plt

report = sk.evaluate(made.rows, seeds.rest, metrics="bias", slices="channel")

# %% tags=["keep_output"]
shares = report.table("label shares")
sk.table(
    shares[["value", "synthetic", "real", "difference", "p"]],
    "shares of labels; p by Fisher's test, Holm's correction",
)

# Does a label stand more often where a woman or a man is named?

# %% tags=["keep_output"]
groups = pd.DataFrame(report.tables["groups"])
groups = groups[groups["group"].isin(["women", "men"])].sort_values(["label", "group"])
figure, axis = plt.subplots(figsize=(7, 4.6))
for number, (side, colour) in enumerate({"synthetic": "C0", "real": "grey"}.items()):
    for row, value in enumerate(groups[side]):
        at = row + (number - 0.5) * 0.3
        axis.plot([value.low, value.high], [at, at], color=colour, lw=2)
        axis.plot(value.value, at, "os"[number], color=colour, label="" if row else side)
axis.axvline(0, color="black", lw=0.8)
axis.set_yticks(range(len(groups)), groups["label"] + ", " + groups["group"])
axis.set_xlabel("P(label | group named) - P(label | not named), with 95 % interval")
axis.invert_yaxis()
axis.legend()
far = [g for g in groups.itertuples() if g.synthetic.low > 0 or g.synthetic.high < 0]
words = ", ".join(f"{g.label} with {g.group}" for g in far) or "none"
captioned(
    figure,
    f"how much more often a label stands where women or men are named; off zero: {words}.",
)

# %% [markdown]
# The numbers, and how many rows they rest on:

# %%
numbers = report.table("groups").loc[groups.index]
sk.table(numbers, "P(label | group named) - P(label | not named)")

# %% [markdown]
# A group counts as named when a word of a short list stands in the text (*she*, *husband*, *Mr* ...). It finds who is named, not who is meant.
#
# **Notice** that whoever names a person tends to write about service, in real and synthetic rows alike. One interval in twenty
# misses zero by chance; a difference between the two columns counts only where their intervals part.

# %% [markdown]
# ## 5. Swap the people
# Two students, one trained on synthetic rows and one on as many real ones, label real texts. Then *he* becomes *she*, *Mary* becomes *Anthony*.
# Nothing else changes. How often does the answer?

# %% tags=["keep_output"]
sk.table(report.table("swaps"), "answers that change with the people in the text")

# %% [markdown]
# **Notice** that the intervals overlap: from so few texts with a person in them nobody can say that either student is worse. Where
# fewer than twenty texts can be changed, there is no rate at all.

# %% [markdown]
# ## 6. Slices
# A classifier can be good on average and bad for those who phone. `slices=` names a column of the real rows.

# %% tags=["keep_output"]
sk.table(report.table("slices"), "accuracy by channel; gap: this slice less all others")

# %% [markdown]
# **Notice** how wide so few rows make a gap. A slice that worries you is a reason to collect rows of it, not a result.

# %% [markdown]
# ## 7. Secrets of our own
# Is a row that looks like a seed a copy? Of an invented secret nobody has to guess: plant six among the seeds, generate, count what comes back.
# As many decoys were planted nowhere: what comes back of them is chance. The n-gram model stands for a generator that copies.

# %% tags=["keep_output"]
planted = sk.canaries(clean.seeds, n=6)
parrot = sk.generate(
    task, planted.seeds, strategy="zero_shot", n=200, llm="ngram", progress=False
)
back = planted.count(parrot.rows)
came = back[back["whole"] > 0]["kind"].value_counts()
sk.table(
    back,
    f"rows that hold a secret, of {len(parrot.rows)}; {came.get('planted', 0)} secrets came back and {came.get('decoy', 0)} decoys",
)

# %% [markdown]
# **Notice** which came back, the secrets or the decoys. With a language model of your own, plant them in the seeds that `few_shot` shows, or in the rows
# of a fine-tuning. None back is no proof: a model may hold what it was not asked for. Rows made with planted secrets are for the bin.

# %% [markdown]
# ## 8. Let private rows choose, and keep their secret
# *Private* has a definition: with one person's row more or less, the outcome must be nearly as likely as before; ε says how nearly (1 is strict, 8 is loose).
# `private_select` lets every real row vote for its nearest synthetic row of the same label, adds noise to the counts, and keeps the rows
# with the most ([Xie et al. 2024](https://arxiv.org/abs/2403.01749)). The smaller ε, the more noise. How much of the choice is noise?

# %%
from datasets import concatenate_datasets

parts = [
    sk.generate(task, strategy=s, n=240, progress=False).rows
    for s in ("zero_shot", "attributed")
]
pool = concatenate_datasets(
    [p.select_columns(["id", "text", "label"]) for p in (made.rows, *parts)]
)
voters = task.splits.train


def chosen(epsilon, random_state):
    # a fixed random_state is for figures like these: whoever knows it can take the noise off again
    return sk.private_select(pool, voters, epsilon=epsilon, n=120, random_state=random_state)


# %% tags=["keep_output"]
lines = []
for epsilon in (0.5, 1, 2, 8):
    one, other = (chosen(epsilon, state) for state in (0, 1))
    both = len(set(one.rows["text"]) & set(other.rows["text"]))
    lines.append((epsilon, one.sigma, both))
frame = pd.DataFrame(lines, columns=["ε", "noise on a count (σ)", "chosen under both noises"])
sk.table(
    frame,
    f"120 of {len(pool)} rows chosen by {len(voters)} real rows, twice; by lot about {120**2 / len(pool):.0f} agree",
)

# %% [markdown]
# **Notice** how few voters there are for so many rows: under ε = 1 noise decides most. Of 2,000 voters the README has the price, macro-F1 on real test rows of
# a classifier that learns from the 200 chosen rows alone (`SYNTHKIT_REALDATA=FOLDER python benchmarks/privacy.py`):
#
# | | at random | ε 0.5 | ε 1 | ε 2 | no noise | all candidates |
# |---|---|---|---|---|---|---|
# | CLINC150 | 0.693 | 0.748 | 0.756 | 0.761 | 0.764 | 0.730 |
# | Pros and cons | 0.818 | 0.840 | 0.844 | 0.847 | 0.848 | 0.841 |
#
# On CLINC150, where many of `attributed`'s texts are about what nobody asks, 200 that real rows vote for teach more than all 594, under every ε.
# A better pool gains as well: of 927 texts of four strategies 240 voted for under ε = 1 give 0.828, all of them 0.804 (lesson 09).
#
# Each choice spends. Choices add up in a ledger that outlives the kernel, the first line of a selection says the sum, and `privacy_budget:` in a
# task.yaml sets an end. ε covers *this choice* alone: not seeds that a prompt showed, not thresholds set on real rows, not what the model has read before.

# %% [markdown]
# ## 9. On real rows
# CLINC150's domains, 200 rows a strategy (`SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py real`). Prompts held no row, so there is no membership to infer.
#
# | | zero_shot | attributed | control |
# |---|---|---|---|
# | rows with 6 or more words of a seed | 0.025 [0.011, 0.057] | 0.000 [0.000, 0.019] | 0.009 [0.000, 0.025] |
# | texts that also stand among the real rows | 7 | 1 | |
# | label skew, total variation | 0.053 | 0.012 | 0.085 [0.000, 0.123] |
# | label changes when gender is swapped | 0.118 [0.081, 0.168] | 0.189 [0.142, 0.247] | 0.085 [0.054, 0.130] |
#
# The texts whose answer changes are mostly requests to the assistant about itself and its settings (*meta*), where the names of commands look like names of people.
# A student of `attributed` rows changes its mind more often than one of real rows does.
#
# ## What we know, and what we do not
# - Planted leaks are found; a quiet report proves nothing. Where a promise is needed, spend an ε on the choice (section 8), and show prompts no real row.
# - The seeds that prompts showed are not singled out here: the AUC's interval holds 0.5.
# - Word lists are English and short, swaps are word by word, and gender is only one of many ways to treat people unequally.
# - Try it: give `privacy` the seeds of another draw, `sk.load_seeds(task, random_state=1)`. Should the attack find them?
# - Try it: put *she* into thirty complaints and evaluate again. Which line notices?
# - Next: [08 Refinement](08_refinement.ipynb).

# %% [markdown]
# ## Exercises
# Write each answer into its cell and run it. The cell below says *right*, or gives a hint. Nothing later depends on them.

# %% [markdown]
# ### 1 · Change one value
# Look for copies among seeds that no prompt held: draw `others` with `random_state=1`. Before you run an attack with them: should it find anything?

# %% tags=["solution"]
others = sk.load_seeds(task, random_state=1)

# %% tags=["check"]
from synthkit.views.exercises import mark

mark(
    lambda: set(others.rows["id"]) != set(seeds.rows["id"]),
    "sk.load_seeds(task, random_state=1)",
)

# %% [markdown]
# ### 2 · Count
# How many personal details came back with the copies of section 2, and how many without? Call the numbers `planted` and `as_made`.

# %% tags=["solution"]
planted = len(reports["with copies"].table("personal data"))
as_made = len(reports["as made"].table("personal data"))

# %% tags=["check"]
mark(
    lambda: planted == len(reports["with copies"].table("personal data")) > as_made,
    "reports[...].table('personal data') has a row a find",
)

# %% [markdown]
# ### 3 · Write a swap
# Write `swap(text)`: it turns *he* into *she* and *his* into *her*, as whole words and in lower case. What does it do to *the*?


# %% tags=["solution"]
def swap(text):
    other = {"he": "she", "his": "her"}
    return " ".join(other.get(word, word) for word in text.split())


# %% tags=["check"]
mark(
    lambda: swap("he lost his parcel at the shop") == "she lost her parcel at the shop",
    "word by word: text.split()",
)

# %% [markdown]
# ## Five questions
# Answer first, then unfold.
#
# <details><summary>1. The membership attack has an AUC of 0.42 [0.32, 0.53]. Are the seeds safe?</summary>
#
# This attack does not find them. Another might. A quiet report rules nothing out.
#
# </details>
# <details><summary>2. Why do prompts hold placeholders, and still a copied seed shows a name?</summary>
#
# The copy was planted from the *raw* seeds, so that we see whether the line notices.
#
# </details>
# <details><summary>3. Long runs of words are shared with a seed. A leak?</summary>
#
# Perhaps not: set phrases are shared by everybody. A name or an order number would be one.
#
# </details>
# <details><summary>4. Two of forty lines about groups miss zero. Discrimination?</summary>
#
# One in twenty does so by chance. First ask whether it comes back with another draw.
#
# </details>
# <details><summary>5. What would be needed to promise that no row can be traced?</summary>
#
# A formal method with a stated budget, such as differential privacy; and it costs quality.
#
# </details>
