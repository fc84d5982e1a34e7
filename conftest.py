"""Puts the trial's options and checks within reach of pytest wherever it is started in this repository."""

import builtins

import pytest

pytest_plugins = ["conformance.plugin"]


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Take back what a doctest leaves behind: `builtins._`, which Paddle's to_static compares with every function."""
    if isinstance(item, pytest.DoctestItem):
        vars(builtins).pop("_", None)
