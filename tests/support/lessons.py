"""The scripts that build the lessons, which stand beside them and not in the package."""

import importlib.util
from functools import cache

from synthkit.cli.notebook import LESSONS


@cache
def script(name: str):
    """Return notebooks/NAME.py as a module."""
    spec = importlib.util.spec_from_file_location(name, LESSONS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build():
    return script("build")
