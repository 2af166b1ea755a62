"""What private rows have paid so far: every release that looked at them, added up before the next one is made.

Gaussian mechanisms add up exactly; with DP-SGD among them they add up as Rényi divergences do (Mironov 2017, arXiv
1702.07476; for Poisson sampling Mironov, Talwar and Zhang 2019, arXiv 1908.10530).
"""

from __future__ import annotations

import hashlib
import hmac
import math
import sqlite3
from contextlib import closing
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from synthkit.core.errors import SynthkitError
from synthkit.core.storage import database_error, home, open_database, salt
from synthkit.core.text import fold, matched_words
from synthkit.tasks.splits import task_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datasets import Dataset

    from synthkit.tasks.task import Task

_SCHEMA = """CREATE TABLE IF NOT EXISTS spent (rows TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP, mu REAL, epsilon, delta);
CREATE TABLE IF NOT EXISTS trained (rows TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP, rate REAL, noise REAL, steps INTEGER,
epsilon, delta);
CREATE TABLE IF NOT EXISTS held (row BLOB, rows TEXT, PRIMARY KEY (row, rows)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS budgets (rows TEXT PRIMARY KEY, epsilon REAL)"""
MOST = 10.0  # ε of all releases by rows for which nobody set a budget: beyond it next to nothing is promised
ORDERS = np.array([*range(2, 65), 80, 96, 128, 192, 256, 512, 1024])  # of the Rényi divergence


class Training(NamedTuple):
    """DP-SGD: the probability of a row to be drawn at a step, the noise of a sum of norm-1 gradients, the steps."""

    rate: float
    noise: float
    steps: int


def delta_of(epsilon: float, mu: float) -> float:
    """Return the δ at ε of a Gaussian mechanism of sensitivity / σ = mu (Balle and Wang 2018, theorem 8).

    >>> round(delta_of(1.0, 1 / 3.7306), 6)
    1e-05
    """
    from scipy.special import log_ndtr, ndtr

    return float(ndtr(mu / 2 - epsilon / mu) - math.exp(min(700.0, epsilon + log_ndtr(-mu / 2 - epsilon / mu))))


def mu_of(epsilon: float, delta: float) -> float:
    """Return the largest sensitivity / σ of a Gaussian mechanism that is (ε, δ) private.

    >>> round(1 / mu_of(1.0, 1e-5), 2)
    3.73
    """
    return _last(lambda mu: delta_of(epsilon, mu) <= delta, 1e-12, 1e4)


def epsilon_of(mu: float, delta: float) -> float:
    """Return the least ε at δ of Gaussian mechanisms whose squared sensitivity / σ add up to mu squared."""
    return _last(lambda epsilon: delta_of(epsilon, mu) > delta, 0.0, 1e6)


def _last(holds, low: float, high: float) -> float:
    """Bisect for the end of what holds, for 100 steps."""
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


@lru_cache(maxsize=512)
def _divergences(rate: float, noise: float) -> np.ndarray:
    """Return the Rényi divergence of one step at each of ORDERS (Mironov, Talwar and Zhang 2019, section 3.3)."""
    from scipy.special import gammaln, logsumexp

    out = []
    for order in ORDERS:
        k = np.arange(order + 1)
        choose = gammaln(order + 1) - gammaln(k + 1) - gammaln(order - k + 1)
        drawn = k * math.log(rate) + (order - k) * (math.log1p(-rate) if rate < 1 else -1e300)
        drawn[k == order] = order * math.log(rate)
        out.append(logsumexp(choose + drawn + k * (k - 1) / (2 * noise**2)) / (order - 1))
    return np.array(out)


def epsilon_of_all(mus: Sequence[float], trainings: Sequence[Training], delta: float) -> float:
    """Return the ε at δ of Gaussian mechanisms (sensitivity / σ of each) and trainings together.

    One training of 10,000 steps that draw each of 60,000 rows with probability 256 / 60,000, noise 1.1:

    >>> round(epsilon_of_all([], [Training(256 / 60_000, 1.1, 10_000)], 1e-5), 2)
    2.16
    """
    squares = sum(mu * mu for mu in mus)
    if not trainings:
        return epsilon_of(math.sqrt(squares), delta) if squares else 0.0
    total = ORDERS * squares / 2 + sum(t.steps * _divergences(t.rate, t.noise) for t in trainings)
    # Canonne, Kamath and Steinke 2020, arXiv 2004.00010, proposition 12
    at_order = total + np.log1p(-1 / ORDERS) - (math.log(delta) + np.log(ORDERS)) / (ORDERS - 1)
    return max(0.0, float(at_order.min()))


def delta_for(delta: float | None, rows: int) -> float:
    """Return δ: 1 / (2 x rows) by default; above 1 / rows whole rows might be published, and it is refused."""
    delta = 1 / (2 * max(1, rows)) if delta is None else delta
    if not 0 < delta <= 1 / max(1, rows):
        raise SynthkitError(
            f"delta={delta}: expected a number between 0 and 1 / private rows, here {1 / max(1, rows):.2g}: with more, "
            "a row may be given away whole, whatever ε is"
        )
    return delta


def noise_of(epsilon: float, delta: float, rate: float, steps: int) -> float:
    """Return the least noise, to a thousandth, at which so many steps are (ε, δ) private."""
    low, high = 0.2, 1e4
    if (least := epsilon_of_all([], [Training(rate, high, steps)], delta)) > epsilon:
        raise SynthkitError(
            f"epsilon={epsilon:g}: a training cannot be proved to cost less than {least:.2g}; ask for more"
        )
    while high - low > 1e-3 * low:
        middle = math.sqrt(low * high)
        enough = epsilon_of_all([], [Training(rate, middle, steps)], delta) <= epsilon
        low, high = (low, middle) if enough else (middle, high)
    return high


def spend(
    private_rows: Dataset,
    epsilon: float,
    delta: float,
    *,
    mu: float = 0.0,
    training: Training | None = None,
    task: Task | None = None,
    budget: float | None = None,
) -> tuple[float, int]:
    """Write down what a release spends; return (ε of all releases by these rows together, how many), or refuse.

    A release counts for every account that its rows are in: that of their task, whichever rows are left out, and any
    that holds one of them, whatever the task was called. Rows are known by keyed hashes of their words. The least
    budget holds: `budget`, the task's `privacy_budget`, and what was set for another account of the rows.
    """
    path, task = home() / "privacy.sqlite", task or task_of(private_rows)
    texts, key = sorted(map(str, private_rows["text"])), salt()
    own = _keyed(key, f"task {task.name}" if task else "\0".join(texts)).hex()
    hashes = sorted({_keyed(key, " ".join(matched_words(t)) or fold(t))[:16] for t in texts})
    asked = [b for b in (budget, getattr(task, "privacy_budget", None)) if b is not None]
    if not all(b > 0 for b in asked):
        raise SynthkitError(f"privacy_budget={asked[0]}: expected the most ε that may be spent, a number above 0")
    try:
        with closing(open_database(path, _SCHEMA)) as ledger:
            ledger.execute("BEGIN IMMEDIATE")  # two processes cannot both spend the rest
            ledger.execute("CREATE TEMP TABLE account AS SELECT ? AS rows", [own])
            for some in (hashes[i : i + 500] for i in range(0, len(hashes), 500)):
                marks = ", ".join("?" * len(some))
                ledger.execute(f"INSERT INTO account SELECT DISTINCT rows FROM held WHERE row IN ({marks})", some)
            ours = "WHERE rows IN (SELECT rows FROM account)"
            mus = [m for (m,) in ledger.execute(f"SELECT mu FROM spent {ours}")]
            trainings = [Training(*t) for t in ledger.execute(f"SELECT rate, noise, steps FROM trained {ours}")]
            now = ([*mus, mu], trainings) if training is None else (mus, [*trainings, training])
            # at the strictest δ of all: a looser one would make the same releases look cheaper
            deltas = ledger.execute(f"SELECT delta FROM spent {ours} UNION SELECT delta FROM trained {ours}")
            strictest = min([delta, *(d for (d,) in deltas)])
            total = epsilon_of_all(*now, strictest)
            select = f"SELECT min(epsilon) FROM budgets {ours} AND rows != ?"  # its own budget a task may change
            (earlier,) = ledger.execute(select, [own if asked else ""]).fetchone()
            limit, whose = _limit(asked, earlier, task)
            if total > limit * (1 + 1e-9):
                left = f"{epsilon_of_all(mus, trainings, strictest):.3g}" if mus or trainings else "nothing"
                raise SynthkitError(
                    f"epsilon={epsilon:g}: {whose} allows ε = {limit:g} for these rows (privacy_budget), "
                    f"{left} of it is spent, and this choice would bring it to {total:.3g}. Choose once, with less"
                )
            if training is None:
                insert = "INSERT INTO spent (rows, mu, epsilon, delta) VALUES (?, ?, ?, ?)"
                ledger.execute(insert, [own, mu, epsilon, delta])
            else:
                insert = "INSERT INTO trained (rows, rate, noise, steps, epsilon, delta) VALUES (?, ?, ?, ?, ?, ?)"
                ledger.execute(insert, [own, *training, epsilon, delta])
            ledger.executemany("INSERT OR IGNORE INTO held VALUES (?, ?)", [(row, own) for row in hashes])
            if asked:
                ledger.execute("INSERT OR REPLACE INTO budgets VALUES (?, ?)", [own, min(asked)])
            ledger.execute("COMMIT")
    except (OSError, sqlite3.Error) as error:
        raise database_error(path, error) from None
    return total, len(mus) + len(trainings) + 1


def _keyed(key: bytes, words: str) -> bytes:
    return hmac.new(key, words.encode("utf-8", "replace"), hashlib.sha256).digest()


def _limit(asked: list[float], earlier: float | None, task: Task | None) -> tuple[float, str]:
    """Return the least ε that is allowed, and who allows it."""
    if earlier is not None and earlier < min([*asked, math.inf]):
        return earlier, "what was set earlier"
    if asked:
        return min(asked), f"task {task.name!r}" if task else "privacy_budget="
    return (math.inf, "") if task and not task.sensitive else (MOST, "no budget is set, and the kit")
