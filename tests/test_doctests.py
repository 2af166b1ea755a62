"""The examples in the docstrings are true, each is tried by itself."""

import doctest
import importlib
import pkgutil

import pytest

import synthkit

FOUND = [m.name for m in pkgutil.walk_packages(synthkit.__path__, "synthkit.") if not m.name.endswith("__main__")]
EXAMPLES = {
    test.name: test
    for name in FOUND
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name))
    if test.examples
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_true(name):
    said = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(EXAMPLES[name], out=said.append)
    assert runner.failures == 0, "".join(said)
