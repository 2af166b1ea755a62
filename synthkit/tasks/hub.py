"""Datasets of the Hugging Face Hub, fetched or from its cache; without a network an error within seconds."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from pathlib import Path

from synthkit.core.errors import SynthkitError


def load_hub(name: str, config: str | None = None, revision: str | None = None, *, way_out: str = ""):
    """Return a dataset of the Hub, all splits; without a network what is cached, or an error within seconds."""
    from datasets import load_dataset

    online = Path(name).exists() or _hub_answers()
    try:
        with nullcontext() if online else _only_what_is_cached():
            return load_dataset(name, config, revision=revision)
    except Exception as error:
        raise SynthkitError(
            f"{name} could not be fetched from the Hub: {type(error).__name__}. Offline, or no such dataset?{way_out}"
        ) from None


def _hub_answers() -> bool:
    """One short question, since the Hub's own client tries for a long time before it gives up."""
    from urllib.error import HTTPError
    from urllib.request import urlopen

    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        urlopen(constants.ENDPOINT, timeout=3).close()
    except HTTPError:
        return True
    except OSError:
        return False
    return True


@contextmanager
def _only_what_is_cached():
    import datasets
    from huggingface_hub import constants

    before = datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE = before
