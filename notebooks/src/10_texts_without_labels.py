# %% [markdown]
# # 10 · I have texts but no labels
# [← 09 Data that cannot leave](09_data_that_cannot_leave.ipynb) · [Contents](00_start_here.ipynb) · [Words](GLOSSARY.md)
#
# Most people who lack labelled texts do not lack texts: there is a mailbox, a log, an export.
# A model can write training texts. It can also *label* the ones you have, for few tokens of reply.
# Here we do both, and ask what each is worth.
#
# **You will** load raw texts · choose some · have them labelled · see whether to trust the labels · compare at equal cost · train a classifier.
# **Needs** about 12 min to read and 40 s to run, CPU, no network. **Data** `feedback` (recorded replies).

# %%
import tempfile
from pathlib import Path

from sklearn.linear_model import LogisticRegression

import synthkit as sk
from synthkit.core.figures import captioned

sk.theme()

# %% tags=["parameters"]
TASK = "feedback"
STRATEGY = "zero_shot"
N = 200  # synthetic rows
RAW = 240  # raw rows to label
K = 10  # labelled rows a label

# %% [markdown]
# ## 1. Raw texts
# A folder with one text a file, a file with one text a line, a table, a list: all become rows with an id and a text, and no label.

# %% tags=["keep_output"]
with tempfile.TemporaryDirectory() as folder:
    Path(folder, "monday.txt").write_text("still no tracking number", encoding="utf-8")
    Path(folder, "tuesday.txt").write_text("zip broke on day two :(", encoding="utf-8")
    mails = sk.load_rows(folder, labelled=False).rows
sk.table(mails.to_pandas(), "a folder of two mails")

# %% [markdown]
# A task names its own in `task.yaml`: `unlabelled: mails/`. Our stand-in has labels for all its rows, so its task says
# `unlabelled: train`: the same rows with the labels hidden. That lets us check, once, how right the model was.

# %% tags=["keep_output"]
task = sk.load_task(TASK)
seeds = sk.load_seeds(task, k=K)
pool = task.splits.unlabelled
print(pool.column_names, len(pool))

# %% [markdown]
# ## 2. Which of them?
# At random is a good start: labels turn up as often as they do in life. Other ways come in section 6.

# %% tags=["keep_output"]
chosen = sk.pick(pool, RAW)
sk.table(chosen.to_pandas().head(4), "four of the texts to be labelled")

# %% [markdown]
# ## 3. Have them labelled
# Twenty texts a request, in random order, with what each label means. The model may say that none fits.
# Forty of them are asked about twice, in another order. And up to forty seeds are slipped in, whose labels we know.

# %% tags=["keep_output"]
annotated = sk.annotate(chosen, task, seeds=seeds, progress=False)
print(annotated)
sk.table(annotated.to_frame().head(4), "labelled by the model")

# %% [markdown]
# **Notice** the two shares in the first line, each with its interval. They are what you have to go by:
# *of seeds right*, and *asked again the same*. Where they are low, `annotated.notes` says so.

# %% tags=["keep_output"]
annotated.ledger

# %% [markdown]
# ## 4. How right was it?
# With your own texts you could not look. Here the labels are only hidden.

# %% tags=["keep_output"]
truth = dict(zip(task.splits.train["id"], task.splits.train["label"], strict=True))
right = [truth[row["id"]] == row["label"] for row in annotated.rows]
print(f"{sum(right)} of {len(right)} labels are those of the stand-in")

# %% [markdown]
# **Notice** that this is too good. The stand-in was written label by label, by the same kind of author. On sets of real rows the same
# model agreed with people in nine of ten (77 intents of a bank) to nearly all texts (articles, pros and cons). Where people
# disagree among themselves, a model agrees with them less, and labelling can hurt.

# %% [markdown]
# ## 5. What is it worth?
# Beside the arms of lesson 05 there are four more. `real_few+mixed` is the fair one: it costs as many requests as `synthetic`,
# because what went into labels is taken off the generated rows.

# %% tags=["keep_output"]
made = sk.generate(task, strategy=STRATEGY, n=N, progress=False)
arms = sk.standard_arms(made, k=K, annotated=annotated)
wanted = ["real_few", "synthetic", "real_few+synthetic", "annotated", "real_few+annotated"]
wanted += ["real_few+mixed", "real_few+synthetic+annotated", "real_full"]
comparison = sk.compare(
    {name: arms[name] for name in wanted},
    test=task.splits.test,
    students=["minilm_lr"],
    task=task,
    progress=False,
)
columns = ["trained on", "rows", "real rows", "requests", "tokens", "macro-F1 [95 %]"]
sk.table(comparison.to_frame()[columns], comparison.summary())

# %% tags=["keep_output"]
words = f"macro-F1 of each arm with its 95 % interval: {comparison.ranking()}."
captioned(comparison.plot(), words)

# %% tags=["keep_output"]
comparison.contrasts()

# %% tags=["keep_output"]
for arm in ("annotated", "synthetic"):
    score = comparison.get(arm)
    print(f"{arm}: {score.rows} rows for {score.requests} requests and {score.tokens} tokens")

# %% [markdown]
# **Notice** the cost: labels take fewer requests than texts, and about as many tokens. But the labelled rows count as *real rows used*,
# and somebody had to have them. Whether the two together beat one kind at the same price is within noise on this set.

# %% [markdown]
# ## 6. Which next?
# A classifier that has seen something can say what it is *unsure* of, or what is far from all that it has seen (*uncovered*).

# %% tags=["keep_output"]
unsure = sk.pick(pool, 3, by="unsure", student=annotated.rows)
uncovered = sk.pick(pool, 3, by="uncovered", student=annotated.rows)
for how, rows in (("unsure", unsure), ("uncovered", uncovered)):
    for text in rows["text"]:
        print(f"{how:<10} {text[:90]!r}")

# %% [markdown]
# **Notice** that none of them is odd to a reader: unsure and far is what they are for *this* classifier, and that is why they teach
# it. Where labels are contested, though, the unsure texts are the ones that people dispute, and random rows do better.

# %% [markdown]
# ## 7. A classifier of your own
# From raw texts to labels for new ones: vectors, and logistic regression.

# %% tags=["keep_output"]
train = arms["real_few+synthetic+annotated"][0]
classifier = LogisticRegression(C=10, max_iter=1000, class_weight="balanced")
classifier.fit(sk.embed(train["text"]), train["label"])
for text, label in zip(mails["text"], classifier.predict(sk.embed(mails["text"])), strict=True):
    print(f"{text!r}: {label}")
wrong = 1 - comparison.get("real_few+synthetic+annotated").accuracy.value
print(f"of 100 test messages it misreads {100 * wrong:.0f}")

# %% [markdown]
# **Notice** the first one. Who reads "still no tracking number" knows that it is about a delivery. No score in a table says as
# plainly as trying it that a classifier misreads.

# %% [markdown]
# ## 8. With your own texts
# At a terminal, with an endpoint in `OPENAI_BASE_URL` and `SYNTHKIT_MODEL`; every reply is kept, so a second run asks nothing again:
#
#     synthkit annotate mails/ --task my_task --llm live --budget-requests 20
#     synthkit annotate mails/ --task my_task --llm live --examples     # shows the labelled rows nearest to the texts
#     synthkit run my_task --llm live      # labels 240 of them where the task has `unlabelled:`; --annotate 0: none
#
# **Before you send them:** raw texts are real texts. Those of a task marked `sensitive: true` are anonymised before they are shown;
# for others, `sk.anonymize` does it. What has neither a pattern nor a cue is not found, so read some first.

# %% [markdown]
# ## What we know, and what we do not
# - A label takes fewer requests and tokens of reply than a text; its prompt holds the text and all labels, and with many labels that costs. Real texts are as varied as life. Where you have some, have them labelled.
# - Generated rows add what a small pool lacks: rare labels in their full share. They need not help: on real entries about pros and cons
#   beside 240 labelled rows generated ones added nothing (lesson 05, section 9). Compare before you mix.
# - The seeds asked blindly are the only check you have. Forty of them tell .9 from .7, not .95 from .9.
# - A famous test set may have been in the model's reading, labels and all. On yours it will be less right.
# - One model, English, texts of a few words to a page.
# - Try it: `RAW = 60`. What do the two shares say then, and how wide are they?
# - Try it: change what a label means in a copy of the task, and look at which labels move (asks a live model).
# - Back to [00 Start here](00_start_here.ipynb).

# %% [markdown]
# ## Exercises
# Write each answer into its cell and run it. The cell below says *right*, or gives a hint. Nothing later depends on them.

# %% [markdown]
# ### 1 · Change one value
# Forty raw rows instead of 240, as `small`. It asks nothing new: a smaller pick begins the larger one.

# %% tags=["solution"]
small = sk.annotate(sk.pick(pool, 40), task, seeds=seeds, progress=False)

# %% tags=["check"]
from synthkit.views.exercises import mark

mark(lambda: len(small.rows) + len(small.drops) == 40, "sk.pick(pool, 40) are forty rows")

# %% [markdown]
# ### 2 · Count
# Labels at random come as often as in life. Which label did the model give most often? Call it `commonest`.

# %% tags=["solution"]
given = list(annotated.rows["label"])
commonest = max(task.labels, key=given.count)

# %% tags=["check"]
mark(
    lambda: commonest == annotated.to_frame()["label"].mode()[0],
    "count annotated.rows['label']",
)

# %% [markdown]
# ### 3 · Write a function
# Two models labelled the same texts. Write `agreement(one, other)`: the share of ids that both have under the same label, of all ids that both have.
# Each is a dict of labels by id.


# %% tags=["solution"]
def agreement(one, other):
    both = one.keys() & other.keys()
    return sum(one[i] == other[i] for i in both) / len(both)


# %% tags=["check"]
mark(
    lambda: agreement({"a": "x", "b": "y", "c": "x"}, {"a": "x", "b": "x", "d": "y"}) == 0.5,
    "only ids in both count: one.keys() & other.keys()",
)

# %% [markdown]
# ## Five questions
# Answer first, then unfold.
#
# <details><summary>1. Why are seeds slipped in, although their labels are known?</summary>
#
# Because they are known. They are the only texts on which the model's labels can be checked.
#
# </details>
# <details><summary>2. Why ask about some texts twice?</summary>
#
# A label that changes with the order of the texts says little. Where the two answers differ the text is left out.
#
# </details>
# <details><summary>3. What does "at equal cost" mean for the arm mixed?</summary>
#
# It has as many requests as the generated rows alone. What labels cost is taken off the generated ones.
#
# </details>
# <details><summary>4. Labelled rows are cheap. What do they cost that generated ones do not?</summary>
#
# Real texts: somebody has to have them, and may show them to a model. They count as real rows used.
#
# </details>
# <details><summary>5. When would you rather pay people?</summary>
#
# When the seeds come back under other labels than they have: the descriptions say too little, or the labels are disputed.
#
# </details>
