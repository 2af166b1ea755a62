"""The examples in the docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import synthkit

FOUND = pkgutil.walk_packages(synthkit.__path__, "synthkit.")
IMPORTABLE = [module.name for module in FOUND if not module.name.endswith("__main__")]


@pytest.mark.parametrize("name", IMPORTABLE)
def test_the_examples_of_a_module_are_true(name):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert failed == 0


def test_there_are_examples_to_try():
    finder = doctest.DocTestFinder(exclude_empty=True)
    tried = [n for n in IMPORTABLE if any(t.examples for t in finder.find(importlib.import_module(n)))]
    assert len(tried) >= 3
