"""The module that builds the lessons, which stands beside them and not in the package."""

import importlib.util
from functools import cache

from synthkit.cli.notebook import LESSONS


@cache
def build():
    """Return notebooks/build.py as a module."""
    spec = importlib.util.spec_from_file_location("build", LESSONS / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
