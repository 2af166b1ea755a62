# %% [markdown]
# # 06 · Is this dataset good, and how do we know?
# [← 05 Downstream classifiers](05_downstream_classifiers.ipynb) · [Contents](00_start_here.ipynb) · [07 Privacy and bias →](07_privacy_and_bias.ipynb) · [Words](GLOSSARY.md)
#
# A report is easy to print and hard to defend. Here every number gets a fair opponent, and we spoil rows on purpose
# to see which number notices.
#
# **You will** read a report line by line · spoil a dataset in three ways · find what is missing · estimate a score before training · write a card.
# **Needs** about 15 min to read and 60 s to run, CPU, no network. **Data** `feedback` (recorded replies).

# %%
import numpy as np
import pandas as pd

import synthkit as sk

sk.theme()

# %% tags=["parameters"]
TASK = "feedback"
N = 200

# %%
task = sk.load_task(TASK)
seeds = sk.load_seeds(task)
made = sk.generate(task, strategy="zero_shot", n=N, progress=False)
rows, real = made.rows, seeds.rest

# %% [markdown]
# ## 1. Line by line
# `real` is the part of train that nobody drew as seeds. Twenty times it is cut into halves at random. The *control* is one half
# measured against the other; then synthetic rows, as many, take the second half's place.

# %% tags=["keep_output"]
report = sk.evaluate(rows, real)
report

# %% [markdown]
# - **Diversity** at equal size: new word pairs, four words shared with other texts (*self-repetition*), how well it zips, and how
#   many really different texts there are (*Vendi*).
# - **Fidelity**: do the nearest real rows have the same label (*kNN*), how many bits does a text give for its label (*PVI*), and how
#   surprised is a model of real words (*fluency*)?
# - **Alignment**: can a classifier tell the two apart (*C2ST*), do the distributions differ (*MMD*, with a permutation test), do
#   synthetic rows lie among real ones (*precision*), do real ones have synthetic neighbours (*coverage*)? *Label by label* only
#   neighbours of the same label count, and every label as much as another: a class that is missing shows here, not in the plain lines.
#
# **Notice** two lines that look like praise. Labels fit *better* than real ones do, and texts are *more* fluent: clear cases in
# usual words. Real feedback is messier, and a line above its control is as unlike real as one below.

# %% tags=["keep_output"]
from synthkit.core.figures import captioned

outside = [line.metric for line in report.lines if line.control and line.outside]
words = f"each line on the scale of its control, outside: {', '.join(outside) or 'none'}."
below = "Below, label shares, lengths, and distances to the nearest real row, synthetic in blue and real in grey."
captioned(report.plot(), f"{words} {below}")

# %% [markdown]
# **Notice** the label shares: the plan asked for even labels, and real ones are not. Some of C2ST is just that.

# %% [markdown]
# ## 2. Spoil it
# Which line notices what? We shuffle labels, repeat a few rows, and cut texts short.


# %%
def changed(texts=None, labels=None):
    columns = {
        "id": rows["id"],
        "text": texts or rows["text"],
        "label": labels or rows["label"],
    }
    return sk.load_rows(
        pd.DataFrame({name: list(values) for name, values in columns.items()})
    ).rows


shuffled = changed(labels=list(np.random.default_rng(0).permutation(rows["label"])))
repeated = rows.select([i % 30 for i in range(len(rows))])
short = changed(texts=[" ".join(t.split()[:6]) for t in rows["text"]])

# %% tags=["keep_output"]
spoiled = {
    "as it is": rows,
    "labels shuffled": shuffled,
    "30 rows repeated": repeated,
    "cut to six words": short,
}
reports = {name: sk.evaluate(some, real) for name, some in spoiled.items()}
table = pd.DataFrame(
    {name: r.to_frame().set_index("metric")["synthetic"] for name, r in reports.items()}
)
sk.table(table.reset_index(), "which line notices?")

# %% [markdown]
# **Notice** that no line notices everything. Shuffled labels leave diversity and the plain lines of alignment untouched: only label
# fidelity and the lines *label by label* see them. Repeated rows keep their labels and lose Vendi and coverage. One number would have hidden two of the three.

# %% [markdown]
# ## 3. What is missing?
# The real rows of each label are clustered; a region is listed where synthetic rows of its label reach fewer of them than other real
# rows do, beyond both intervals. The table says the same of whole labels.

# %% tags=["keep_output"]
print(f"regions that synthetic rows reach less: {len(report.table('not covered'))}")
sk.table(
    report.table("by label").drop(columns="outside"), "label by label, beside other real rows"
)

# %% [markdown]
# **Notice** the number of regions: where it is 0, nothing is missing that these numbers could see. Brackets of so few rows a label
# are wide: what is small may still be missing. Section 4 of [04](04_synthetic_vs_real.ipynb) looks at single rows instead.

# %% tags=["keep_output"]
habits = report.table("register").head(5)
sk.table(
    habits[["value", "synthetic", "real", "difference"]], "habits of the texts, widest gaps"
)

# %% [markdown]
# `report.table("nothing real")` lists synthetic regions without real rows, `report.table("overused")` openings and phrases that return.
# Regions are candidates, not verdicts: of twenty clusters one may stand out by chance.
#
# **Notice** what a table says that a distance does not: the model ends its sentences properly and asks more questions.

# %% [markdown]
# ## 4. How good will a classifier trained on it be?
# Before you train for real, you have a few labelled rows (the seeds) and many without a label. A classifier of the seeds gives the
# others pseudo-labels; the estimate stands on how far a classifier trained on the set agrees with them.
# Here are sets of known quality, made from one half of the real rows and judged with the other.

# %%
half = real.select(range(0, len(real), 2))
other = real.select(range(1, len(real), 2))
flip = np.random.default_rng(1).random(len(half)) < 0.5
noisy_labels = np.where(
    flip, np.random.default_rng(2).permutation(half["label"]), half["label"]
)
noisy = sk.load_rows(half.to_pandas().assign(label=noisy_labels)).rows
few_times = half.select([i % 25 for i in range(len(half))])
candidates = {
    "real rows": half,
    "half of the labels shuffled": noisy,
    "25 rows repeated": few_times,
}
for name in ("zero_shot", "attributed", "persona"):
    candidates[name] = sk.generate(task, strategy=name, n=N, progress=False).rows

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score


def inside(some):
    model = LogisticRegression(C=10, max_iter=1000)
    return cross_val_score(
        model, sk.embed(some["text"]), some["label"], cv=4, scoring="f1_macro"
    ).mean()


usable = {name: some for name, some in candidates.items() if len(set(some["label"])) > 1}
scored = sk.compare(usable, test=task.splits.validation, students=["minilm_lr"])

# %% tags=["keep_output"]
lines = []
for name, some in usable.items():
    told = sk.evaluate(some, other, seeds=seeds, holdout=other).get("expected macro-F1 (TSTR)")
    true = scored.get(name, "minilm_lr").macro_f1.value
    lines.append((name, str(told.synthetic), f"{inside(some):.3f}", f"{true:.3f}"))
told = pd.DataFrame(
    lines, columns=["set", "expected", "cross-validated inside", "on validation rows"]
)
sk.table(told, "macro-F1 of logistic regression on MiniLM vectors")

# %% [markdown]
# **Notice** the middle column. The repeated rows score highest inside themselves, since every test row is also a training row, and are the worst on
# real rows. The real rows themselves, the best of all, come behind every synthetic set: messy rows are hard to predict.
# Cross-validation inside a set asks how predictable it is, not how useful.
#
# Is the estimate any good? It is a line through one signal, over 588 sets of six datasets: real rows that were subsampled, mislabelled,
# duplicated, cut or robbed of topics, n-grams, augmentation, bare words, and nine ways of asking a language model. Its error on a set
# is that of a line through *other datasets* and *other kinds of set*:
#
# | Spearman with macro-F1 on test rows | all (588) | spoiled real rows (290) | generated (298) | a language model's, equal size (92) | off by |
# |---|---|---|---|---|---|
# | **agreement, macro-F1, the surer the more: the estimate** | **0.77** | **0.86** | **0.62** | **0.65** | **0.041** |
# | agreement where sure, macro-F1 | 0.76 | 0.85 | 0.62 | 0.61 | 0.043 |
# | agreement, macro-F1 | 0.75 | 0.85 | 0.61 | 0.66 | 0.050 |
# | pseudo-label log-likelihood | 0.73 | 0.83 | 0.59 | 0.61 | 0.108 |
# | probe: trained on the set, tested on the seeds | 0.65 | 0.80 | 0.56 | 0.58 | 0.062 |
# | label fidelity (PVI) | 0.51 | 0.45 | 0.46 | 0.63 | 0.122 |
# | coverage | 0.49 | 0.40 | 0.67 | 0.45 | 0.139 |
# | C2ST against unlabelled rows, reversed | 0.26 | 0.17 | 0.45 | 0.66 | 0.127 |
# | Vendi score | -0.04 | 0.14 | -0.10 | -0.07 | 0.118 |
#
# Nine sets of ten are off by 0.08 or less, and the brackets, meant for nine in ten, hold 0.88 of them
# (`SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py sets FILE`, then `validate FILE`). Eighteen of them came after the line had been drawn, texts of
# `attributed` by new sub-topics: it held all, ranked them at 0.93 and expected 0.036 too much. Four signals joined by a regression did no better
# (off by 0.041, 0.74, when it was tried), and the signal was picked among the thirteen that were tried by the error that the table shows.
# **Do not trust it** for sets that differ by less than its brackets (of texts by one way of asking, `outright`, it ranks hardly any:
# 0.16), for n-gram, word-swapped, word-list or paraphrased texts (0.08 to 0.13 too high), with one label far rarer than the others (of
# the spam set the brackets held half), with more than fourteen labels, in another language, with other vectors, or in place of the
# test on real rows.

# %% [markdown]
# ## 5. Keep it
# A page for a reviewer, and a card that travels with the rows. The card holds the lines and no real row.

# %%
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp())
report.save(folder / "report.html", title="zero_shot beside real rows")
card = sk.make_card(made, report, licence="cc-by-4.0")
card.save(folder / "dataset")

# %% tags=["keep_output"]
print(card, card.load(folder / "dataset"), sep="\n")
print(card.text[card.text.index("## How") : card.text.index("## Quality")])

# %% [markdown]
# `card.push_to_hub("you/name")` sends the same folder to the Hub, private unless you say otherwise.
#
# ## 6. On real rows
# Requests to a voice assistant in ten domains (CLINC150), 200 synthetic rows a strategy, 11,502 real ones in halves of 200. Figures only:
# rows of third-party sets are not printed. `SYNTHKIT_REALDATA=FOLDER python benchmarks/report.py real` gives them again.
#
# | | zero_shot | attributed | control |
# |---|---|---|---|
# | distinct-2 | 0.665 | 0.825 | 0.756 [0.719, 0.792] |
# | self-repetition | 0.688 | 0.287 | 0.167 [0.050, 0.284] |
# | Vendi score | 76.7 | 80.3 | 86.3 [81.9, 90.7] |
# | label fidelity (kNN) | 0.812 | 0.703 | 0.784 [0.687, 0.881] |
# | label fidelity (PVI, bits) | 2.283 | 1.958 | 2.250 [2.044, 2.455] |
# | fluency (bits a word) | 7.769 | 8.713 | 7.018 [6.721, 7.316] |
# | C2ST accuracy | 0.605 | 0.747 | 0.476 [0.391, 0.562] |
# | MMD² (thousandths) | 1.6, p = 0.006 | 6.1, p = 0.002 | 0.2 [-1.0, 1.0] |
# | precision | 0.969 | 0.935 | 0.982 [0.944, 1.000] |
# | precision, label by label | 0.970 | 0.954 | 0.979 [0.946, 1.000] |
# | coverage | 0.934 | 0.856 | 0.984 [0.949, 1.000] |
# | coverage, label by label | 0.950 | 0.890 | 0.984 [0.954, 1.000] |
# | expected macro-F1 | 0.737 [0.621, 0.827] | 0.709 [0.589, 0.806] | 0.775 [0.669, 0.855] |
# | *macro-F1 on 3,000 validation rows* | *0.760 [0.726, 0.794]* | *0.700 [0.673, 0.727]* | |
#
# **Notice** that `attributed`, the more varied of the two, lies further from real rows on every other line, and a classifier learns less from it. The
# report said so before anything was trained: coverage, label fidelity, the expected macro-F1 (both brackets hold the truth), and in words *coverage below what other
# real rows have: 'auto_and_commute' 0.75, 'kitchen_and_dining' 0.76, 'work' 0.89*. Seven `zero_shot` texts stand word for word among the real rows that no prompt held:
# the model has read this benchmark, or people ask alike.
#
# Which line moves when a fault is planted? Real rows in the place of synthetic ones, 600 of CLINC150, 600 movie sentences, 150 of
# `feedback`, beside twice as many (`python benchmarks/report.py planted`); the number says in how many of the three sets a line moves.
#
# | planted | said first | lines that move |
# |---|---|---|
# | nothing | nothing | 0 to 2 of 14 |
# | a class without rows | *no row of 'travel'* (3) | coverage, label by label (3); plain coverage (0) |
# | half of a class's topics gone | *worst label: 'travel', coverage 0.70* (2; not on `feedback`, 38 rows) | coverage, label by label (1), a region (2) |
# | a tenth in another language | how many texts (3) | fluency, precision, both by label and plain (3) |
# | two labels swapped | *worst label*, coverage and precision (2) | label fidelity (3), coverage label by label (3) |
# | one source's style | habits (2) | MMD (3), compression ratio (3), C2ST (2), fluency (3) |
# | a tenth of the labels wrong | the label they went to (1) | label fidelity (2); on movie sentences nothing moves |
# | 30 rows, repeated | how many repeat (3) | Vendi, coverage, C2ST, MMD (3) |
#
# **Notice** the second row: before coverage was taken label by label, a class could go missing and no line moved. And the last but
# one: where the sentence model hardly sees the label, no line can see that it is wrong.

# %% [markdown]
# ## What we know, and what we do not
# - A number without its control says nothing; a number outside its control says *unlike real*, not *bad*.
# - No line sees every fault, and diversity hardly predicts usefulness. The estimate is a number with a bracket, within its limits above.
# - All vectors come from one small English sentence model. What it cannot see, no line here can.
# - Try it: evaluate one half of the real rows against the other. Which lines lie outside, and how many should?
# - Try it: `sk.evaluate(rows, real, metrics="bias")`. Who is in the rows, and with which label?
# - Next: [07 Privacy and bias](07_privacy_and_bias.ipynb).

# %% [markdown]
# ## Exercises
# Write each answer into its cell and run it. The cell below says *right*, or gives a hint. Nothing later depends on them.

# %% [markdown]
# ### 1 · Change one value
# Spoil the rows in a way of your own: all texts in capitals. Call the rows `loud` (`changed` of section 2 helps).

# %% tags=["solution"]
loud = changed(texts=[t.upper() for t in rows["text"]])

# %% tags=["check"]
from synthkit.views.exercises import mark

mark(lambda: all(t == t.upper() for t in loud["text"]), "changed(texts=[...])")

# %% [markdown]
# ### 2 · Guess first
# The sentence model reads no capitals. Which lines will move? Guess, then evaluate `loud` as `shouted`, and look.

# %% tags=["solution"]
shouted = sk.evaluate(loud, real)

# %% tags=["check"]
mark(
    lambda: (
        abs(
            shouted.get("Vendi score").synthetic.value
            - report.get("Vendi score").synthetic.value
        )
        < 2
    ),
    "sk.evaluate(loud, real)",
)

# %% [markdown]
# ### 3 · Write a number of your own
# Write `variety(rows)`: different words, each in lower case, as a share of all words. Then give it a control: the same of as many real
# rows. Without one the number says nothing.


# %% tags=["solution"]
def variety(some):
    words = " ".join(some["text"]).lower().split()
    return len(set(words)) / len(words)


# %% tags=["check"]
mark(
    lambda: variety({"text": ["a b", "A c"]}) == 0.75,
    "len(set(words)) / len(words), over all texts together",
)

# %% [markdown]
# ## Five questions
# Answer first, then unfold.
#
# <details><summary>1. A line lies <em>above</em> what real rows give. Praise?</summary>
#
# No: unlike real. Labels that fit better than real ones are clear cases, and life is not clear.
#
# </details>
# <details><summary>2. Which fault do diversity and the plain lines of alignment not notice at all?</summary>
#
# Shuffled labels. Only label fidelity, and the lines that go label by label, look at them.
#
# </details>
# <details><summary>3. Why is a good cross-validated score inside a synthetic set worth little?</summary>
#
# It says how predictable the set is. Repeated rows reach 1.000 there and are the worst on real ones.
#
# </details>
# <details><summary>4. The estimate puts one set 0.01 ahead of another. What do you do?</summary>
#
# Nothing: it is off by 0.04 on average. Compare them on validation rows.
#
# </details>
# <details><summary>5. Why does coverage also stand there <em>label by label</em>?</summary>
#
# With all labels together a missing class hides behind its neighbours; before, one could go missing and no line moved.
#
# </details>
