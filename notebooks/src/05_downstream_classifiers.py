# %% [markdown]
# # 05 · Is a model trained on it good on real data?
# [← 04 Synthetic against real](04_synthetic_vs_real.ipynb) · [Contents](00_start_here.ipynb) · [06 Quality report →](06_quality_report.ipynb)
#
# This is the question that counts.
# Everything is trained the same way and tested on the same real rows, which no prompt, filter or choice has seen.
#
# **You will** set up eight arms · state one contrast beforehand · read intervals, labels and errors · see how many synthetic rows it takes · read a real-data result.
# **Needs** about 60 s, CPU, no network. **Data** `feedback` (recorded replies).

# %%
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline

import synthkit as sk

sk.theme()

# %% tags=["parameters"]
TASK = "feedback"
STRATEGY = "zero_shot"
N = 200
K = 10
DRAWS = 5

# %% [markdown]
# ## 1. The arms
# | arm | trained on | in the literature |
# |---|---|---|
# | `real_few` | K real rows a label, drawn several times | the floor |
# | `ngram` | word pairs of those rows, shuffled | a classical baseline |
# | `description` | the phrases of the label descriptions, as the prompt says them | what needs no model |
# | `synthetic_few` | as many synthetic rows as `real_few` has real ones | equal n |
# | `synthetic` | all the generated rows | TSTR, train on synthetic, test on real |
# | `real_few+description`, `real_few+synthetic` | both | what one would do in practice |
# | `real_full` | all of train | TRTR, the ceiling |

# %%
task = sk.load_task(TASK)
made = sk.generate(task, strategy=STRATEGY, n=N, progress=False)
arms = sk.standard_arms(made, k=K, draws=DRAWS)
{name: [len(rows) for rows in draws] for name, draws in arms.items()}

# %% [markdown]
# **Notice** that `real_few` is drawn five times. Which ten rows you happen to have matters a lot, and one draw would hide it.

# %% [markdown]
# ## 2. State the question, then compare
# With eight arms, some pair will differ by luck. So one contrast is named *before* looking: do synthetic rows add to the
# few real ones?
#
# Two *students*: logistic regression on word counts (`tfidf_lr`) and on sentence vectors (`minilm_lr`). How strongly each
# is held back from fitting (its C) is chosen by cross-validation on the arm's own rows, never on test rows.

# %% tags=["keep_output"]
primary = ("real_few+synthetic", "real_few")
comparison = sk.compare(arms, test=task.splits.test, task=task, primary=primary, progress=False)
comparison

# %% [markdown]
# **Notice** the column *real rows*: what an arm has used of them. And the last two lines turn the question round (TRTS): a
# classifier trained on all real rows reads the synthetic ones. It mostly agrees with the label that was asked for.

# %% tags=["keep_output"]
comparison.plot()

# %% [markdown]
# *Figure: macro-F1 with 95 % intervals for eight arms and two students; the arms with synthetic rows lie between the few real rows and all of train.*
#
# **Notice** the brackets, not just the dots. The line above the table says what they cover: other test rows and other draws
# of real rows, but not another run of the generator, since there is only one here.

# %% [markdown]
# ## 3. Is a difference more than luck?
# Two arms are scored on the same test rows, so do not compare their brackets by eye. Ask for the paired difference.

# %% tags=["keep_output"]
comparison.contrasts()

# %% [markdown]
# - *p*: how often luck alone would give such a difference, over test rows and draws.
# - *corrected p*: seven more questions are seven more chances to be fooled, so those p values are raised (Holm).
# - *fixed*, *caused*: errors on test rows that went away, and new ones. McNemar's test asks whether they balance.
#
# **Notice** `synthetic_few`: row for row, synthetic texts are about as good as real ones here. The gain comes from having more.

# %% tags=["keep_output"]
print(comparison.verdict())

# %% [markdown]
# ## 4. Who gains, and who loses?
# A mean over labels can rise while a rare label vanishes. So look at each: which share of its rows is found?

# %% tags=["keep_output"]
comparison.plot("classes")

# %% [markdown]
# *Figure: recall of six labels before (open circles) and after (filled) the synthetic rows; every line goes right.*
#
# And which texts? `feedback` is ours to show; for a dataset of somebody else leave `rows=` out and keep the ids.

# %% tags=["keep_output"]
changed = comparison.errors(rows=task.splits.test)
print(changed.summary())
lost = changed.to_frame().query("change == 'caused'")[
    ["label", "said before", "says now", "text"]
]
sk.table(lost.head(5), "errors that training with synthetic rows caused")

# %% [markdown]
# **Notice** the direction: three of five go from `delivery` to `customer_service`. Short messages to or about a person
# were not what the generator wrote under `delivery`. Errors tell you what to ask for next.

# %% [markdown]
# ## 5. What the guard refused
# A training row that repeats a test row would be graded on its own answer sheet.
# Such rows are left out of every arm, and listed.

# %%
sk.table(
    pd.DataFrame(comparison.refused, columns=["arm", "id", "twin", "similarity"]), "left out"
)

# %% [markdown]
# ## 6. How many synthetic rows does it take?
# The same with fewer rows of both kinds. This is exploring, so it is scored on the *validation* rows. The test rows have
# given their answer.

# %% tags=["keep_output"]
curve = sk.learning_curve(made, real=(0, 5, 10, 20), draws=DRAWS, progress=False)
curve.plot()

# %% [markdown]
# *Figure: macro-F1 over synthetic rows, one line for each number of real rows a label; the lines start far apart and meet.*
#
# **Notice** where the lines meet: with 200 synthetic rows it hardly matters whether one has 5 or 20 real rows a label.
# Read a line backwards to see how many real rows the synthetic ones are worth.

# %% [markdown]
# ## 7. Choices: another strategy, a mix, a filter
# Choices are made on validation rows as well. `select="pvi"` leaves out rows whose label a classifier of the few real rows
# cannot see in the text.

# %%
name = "attributed" if STRATEGY == "zero_shot" else "zero_shot"
both = [STRATEGY, name]
ways = {
    STRATEGY: made,
    name: sk.generate(task, strategy=name, n=N, progress=False),
    "both": sk.generate(task, strategy=both, n=2 * N, progress=False),
}
choices = {}
for way, rows in ways.items():
    some = sk.standard_arms(rows, k=K, draws=DRAWS, select="pvi")
    choices[f"real_few+{way}"] = some["real_few+synthetic"]
    choices[f"real_few+{way}, selected"] = some["real_few+synthetic_pvi"]

# %% tags=["keep_output"]
known = {"test": task.splits.validation, "task": task, "progress": False}
duel = sk.compare(choices, students=["minilm_lr"], **known)
sk.table(
    duel.to_frame()[["trained on", "rows", "macro-F1 [95 %]"]], "minilm_lr on validation rows"
)

# %% [markdown]
# **Notice** that these intervals overlap widely: 150 validation rows cannot tell such choices apart. Take the cheaper one.

# %% [markdown]
# ## 8. Your own classifier
# Anything with `fit` and `predict` on texts can be the student. (`students=["finetune"]` trains the transformer itself; it
# needs `pip install torch transformers` and minutes.)

# %% tags=["keep_output"]
bayes = make_pipeline(TfidfVectorizer(), ComplementNB())
some = {
    name: arms[name] for name in ("real_few", "synthetic", "real_few+synthetic", "real_full")
}
mine = sk.compare(some, students={"naive_bayes": bayes}, **known)
sk.table(
    mine.to_frame()[["trained on", "rows", "macro-F1 [95 %]"]], "naive Bayes on validation rows"
)

# %% [markdown]
# ## 9. On truly real rows
# EVIDENCE

# %% [markdown]
# ## What we know, and what we do not
# - TODO
