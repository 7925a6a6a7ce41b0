"""Examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import rest_bridge

MODULES = sorted(module.name for module in pkgutil.iter_modules(rest_bridge.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"rest_bridge.{name}")).failed == 0
