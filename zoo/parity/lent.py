"""Stands in for libraries that a reference imports and does not use here, where they are not installed."""

import importlib.abc
import importlib.machinery
import sys
import types
from unittest.mock import MagicMock


class Lent(types.ModuleType):
    """A module in which every name is there, and does nothing."""

    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return MagicMock(name=name)


class Lender(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, unused):
        self.unused = unused

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in self.unused:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Lent(spec.name)

    def exec_module(self, module):
        pass


def lend(*unused):
    """Makes the names importable, where they are not installed."""
    sys.meta_path.append(Lender(unused))


def module(name, **has):
    """Makes a module of what is given; any other name in it does nothing."""
    m = Lent(name)
    for k, v in has.items():
        setattr(m, k, v)
    sys.modules[name] = m
    return m
