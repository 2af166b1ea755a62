"""What every test stands on: no network but loopback, a home of its own, closed figures, a small invented task."""

from __future__ import annotations

import csv
import json
import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ["MPLBACKEND"] = "Agg"
os.environ["HF_HUB_OFFLINE"] = "1"
# The many small fits of these tests take five times as long when BLAS threads wait for each other on a busy machine.
# The libraries read the number once, while they load; notebooks and other processes keep their own.
_THREADS = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
os.environ.update(dict.fromkeys(_THREADS, "1"))
import numpy  # noqa: E402, F401
import scipy.linalg  # noqa: E402, F401
import sklearn.linear_model  # noqa: E402, F401

for _name, _value in _THREADS.items():
    if _value is None:
        del os.environ[_name]
    else:
        os.environ[_name] = _value

settings.register_profile(
    "quick", max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
settings.load_profile("quick")

_LOOPBACK = {"127.0.0.1", "::1", "localhost", "0.0.0.0", "", None}
_USER_SETTINGS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SYNTHKIT_MODEL", "SYNTHKIT_PRICE")


class NetworkTouched(BaseException):
    """Not an Exception, so that code which puts up with a failing network cannot hide it."""


@pytest.fixture(autouse=True, scope="session")
def home(tmp_path_factory):
    """Give the whole session one home for stores, vectors and maps, and hide the user's keys and endpoint."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTHKIT_HOME", str(folder))
        patch.setenv("HF_DATASETS_CACHE", str(folder / "datasets"))
        for name in _USER_SETTINGS:
            patch.delenv(name, raising=False)
        yield folder


@pytest.fixture(autouse=True, scope="session")
def no_network():
    """Refuse every connection and name look-up that leaves this machine."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuse_far(host):
        if (host.decode() if isinstance(host, bytes) else host) not in _LOOPBACK:
            raise NetworkTouched(f"a test tried to reach {host!r}")

    def guarded(real):
        def call(self, address):
            if self.family in (socket.AF_INET, socket.AF_INET6):
                refuse_far(address[0])
            return real(self, address)

        return call

    def guarded_look_up(host, *args, **kwargs):
        refuse_far(host)
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(connect))
        patch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


@pytest.fixture(autouse=True)
def closed_figures():
    """Close whatever figures a test left open."""
    yield
    import sys

    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


# A cat café: three labels, eight train and four test rows each.
TRAIN = {
    "animals": [
        "the ginger tom slept on my coat for an hour",
        "Is the one-eyed kitten still looking for a home?",
        "two of the cats were fighting behind the counter",
        "lovely calm animals, you can tell they are cared for",
        "my daughter was scratched by the grey one",
        "Which breed is the huge fluffy cat by the window?",
        "please wash their blankets, it smells near the basket",
        "I came for Biscuit and he ignored me all afternoon",
    ],
    "menu": [
        "the carrot cake was dry but the tea made up for it",
        "do you have anything without gluten?",
        "four fifty for a small hot chocolate is steep",
        "best cinnamon bun in town, still warm",
        "My toast arrived burnt on one side.",
        "more savoury things please, not only cake",
        "oat milk should not cost extra",
        "the soup of the day was lentil and very good",
    ],
    "visits": [
        "can we book a table for six on Sunday morning?",
        "we waited outside in the rain although we had a slot",
        "Is an hour the longest one can stay?",
        "closed on Mondays, which the door does not say",
        "too crowded at weekends, nobody finds a chair",
        "the stairs make it impossible with a pram",
        "Parking nearby is easy after five",
        "turned away because our booking was under another name",
    ],
}
TEST = {
    "animals": [
        "the black cat jumped straight onto my lap",
        "Are the kittens allowed to be fed by guests?",
        "one of the animals looked ill and sneezed a lot",
        "a shy tabby hid under the sofa the whole time",
    ],
    "menu": [
        "the scones were fresh and the jam home made",
        "coffee was cold when it reached us",
        "is there a vegan lunch?",
        "prices of the cakes went up again",
    ],
    "visits": [
        "we could not find the entrance from the square",
        "how early must a party of ten reserve?",
        "open until eight in summer, perfect for us",
        "our time was cut short by twenty minutes",
    ],
}
TASK_YAML = """
name: cat_cafe
title: Guests of a cat café
domain: Short remarks that guests of a cat café leave in its guest book.
text_kind: guest book remark
length: {max_words: 40}
labels:
  animals: the cats themselves
  menu: what there is to eat and drink, and what it costs
  visits: booking, opening hours, access, how long one may stay
attributes:
  about:
    animals: [a cat that ignores everyone, a kitten, a scratch]
    menu: [cake, a drink, the price]
    visits: [a booking, the stairs, the queue]
  form: [a question, a few words, one grumpy sentence, a polite note]
source: {train: train.csv, test: test.csv}
"""


def write_csv(path: Path, rows: list[list[str]], header=("id", "text", "label")) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_task(folder: Path, *, yaml: str = TASK_YAML) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.yaml").write_text(yaml, encoding="utf-8")
    for part, texts in {"train": TRAIN, "test": TEST}.items():
        rows = [[f"{part}-{label}-{i}", t, label] for label, some in texts.items() for i, t in enumerate(some)]
        write_csv(folder / f"{part}.csv", rows)
    return folder


@pytest.fixture
def task_folder(tmp_path) -> Path:
    """A task folder of the test's own, free to be damaged."""
    return write_task(tmp_path / "cat_cafe")


@pytest.fixture(scope="session")
def cafe(tmp_path_factory):
    """The invented task, loaded once; not to be changed."""
    from synthkit.task import load_task

    return load_task(write_task(tmp_path_factory.mktemp("tasks") / "cat_cafe"))


@pytest.fixture(scope="session")
def cafe_seeds(cafe):
    from synthkit.seeds import load_seeds

    return load_seeds(cafe, k=3)


class Scripted:
    """A source of replies that says what a test tells it to: `script(request)` returns the content, or a Reply."""

    name = model = "scripted"
    concurrency = attempts = 1

    def __init__(self, script):
        self.script, self.asked = script, []

    async def complete(self, request):
        from synthkit.llm.request import Reply, Usage

        self.asked.append(request)
        said = self.script(request)
        return said if isinstance(said, Reply) else Reply(said, self.model, Usage(10, 20))


@pytest.fixture
def scripted():
    return Scripted


def as_reply(texts) -> str:
    """Return texts as the JSON that a prompt asks for."""
    return json.dumps({"texts": [{"number": i, "text": t} for i, t in enumerate(texts, 1)]})


def distinct_texts(request) -> str:
    """A well-behaved script: texts that share hardly a word with each other or with any seed."""
    return as_reply([_number_words(request.slot * 10 + i) for i in range(request.count)])


_SYLLABLES = ["ba", "du", "fi", "go", "ke", "lo", "mi", "na", "pu", "ra"]


def _number_words(number: int) -> str:
    import hashlib

    digits = str(int(hashlib.sha256(str(number).encode()).hexdigest(), 16))
    return " ".join("".join(_SYLLABLES[int(d)] for d in digits[i : i + 3]) for i in range(0, 24, 3))
