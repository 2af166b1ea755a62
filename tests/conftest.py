"""What every test stands on: no network but loopback, a home of its own, closed figures, a small invented task."""

from __future__ import annotations

import os
import re
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
from support.cafe import write_task  # noqa: E402
from support.replies import Scripted  # noqa: E402

for _name, _value in _THREADS.items():
    if _value is None:
        del os.environ[_name]
    else:
        os.environ[_name] = _value

settings.register_profile(
    "quick", max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
settings.load_profile("quick")

# by seconds of CPU, as measured: those above ten
_LONGEST = ("test_notebooks", "test_readme", "test_artefacts", "test_app", "test_browser", "test_live", "test_engine")
_LONGEST += ("test_report", "test_people", "test_planted", "test_filters", "test_strategies", "test_experiment")

_LOOPBACK = {"127.0.0.1", "::1", "localhost", "0.0.0.0", "", None}
_USER_SETTINGS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SYNTHKIT_MODEL", "SYNTHKIT_PRICE")


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers(config):
    """One worker more than usual: a test that waits for a server, a kernel or a browser leaves its core to another."""
    return (yield) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each file to one worker, and each lesson to one: all its tests look at one run of it."""
    from xdist.scheduler import LoadScopeScheduling

    class ByLesson(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file, _, test = nodeid.partition("::")
            if file.endswith("test_notebooks.py"):
                lesson = re.search(r"\[(\d\d\w+)", test)
                return lesson[1] if lesson else "00_start_here"
            return file

    return ByLesson(config, log)


def pytest_collection_modifyitems(config, items):
    """Several workers begin with what takes longest, so that none is left alone with it at the end."""
    if hasattr(config, "workerinput"):
        rank = {name: i for i, name in enumerate(_LONGEST)}
        items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


class NetworkTouched(BaseException):
    """Not an Exception, so that code which puts up with a failing network cannot hide it."""


@pytest.fixture(autouse=True, scope="session")
def home(tmp_path_factory):
    """Give the whole session one home for stores, vectors and maps, and hide the user's keys and endpoint.

    Several workers have a home each, and vectors (with the salt of their keys) in common.
    """
    folder = tmp_path_factory.mktemp("home")
    if "PYTEST_XDIST_WORKER" in os.environ and os.name == "posix":
        (folder / "salt").write_bytes(bytes(32))
        (folder / "vectors.sqlite").symlink_to(tmp_path_factory.getbasetemp().parent / "vectors.sqlite")
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


@pytest.fixture(autouse=True, scope="module")
def nothing_withheld():
    """Forget after each file what its tests marked sensitive: others use the same rows."""
    yield
    from synthkit.core import withheld

    for name, state in vars(withheld).items():
        if isinstance(state, (dict, set)) and not name.startswith("__"):
            state.clear()


@pytest.fixture
def task_folder(tmp_path) -> Path:
    """A task folder of the test's own, free to be damaged."""
    return write_task(tmp_path / "cat_cafe")


@pytest.fixture(scope="session")
def cafe(tmp_path_factory):
    """The invented task, loaded once; not to be changed."""
    from synthkit.tasks.task import load_task

    return load_task(write_task(tmp_path_factory.mktemp("tasks") / "cat_cafe"))


@pytest.fixture(scope="session")
def cafe_seeds(cafe):
    from synthkit.seeds.seeds import load_seeds

    return load_seeds(cafe, k=3)


@pytest.fixture
def scripted():
    return Scripted
