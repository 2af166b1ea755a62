"""The examples in the docstrings are true, and every verb that a notebook calls has one."""

import doctest
import importlib
import inspect
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
# what shows itself or acts on the machine: an example of it would be a picture or a side effect; what takes
# longer than a test may is run by its lesson
SHOWN = {"compare_strategies", "refine", "theme", "prompt_lab", "plot_map", "explore_map"}
VERBS = [n for n in synthkit.__all__ if inspect.isfunction(getattr(synthkit, n)) and n not in SHOWN]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_true(name):
    said = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(EXAMPLES[name], out=said.append)
    assert runner.failures == 0, "".join(said)


@pytest.mark.parametrize("name", VERBS)
def test_shift_tab_on_a_verb_shows_an_example(name):
    verb = getattr(synthkit, name)
    assert f"{verb.__module__}.{verb.__qualname__}" in EXAMPLES
