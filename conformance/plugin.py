"""The pytest plugin: `pytest conformance` judges what `python -m conformance run` judges, one test a check.

The options are those of the command line. In the repository the root conftest.py loads it; of an installed package
it is
`pytest -p conformance.plugin --pyargs conformance`.
"""

from __future__ import annotations

import secrets

import pytest

from conformance.subject import MODES

PROFILES = ("quick", "standard", "deep")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options that say what is judged, and how hard."""
    group = parser.getgroup("conformance", "conformance of PaddlePaddle")
    group.addoption("--profile", default="standard", choices=PROFILES, help="how much is tried")
    group.addoption("--seed", type=int, default=None, help="repeat a run: the seed that it printed")
    group.addoption("--op", default="", help="operators, such as 'avg_pool*' or 'relu,sigmoid'")
    group.addoption("--dtype", default="", help="dtypes, such as float32")
    group.addoption("--mode", default="", help=f"ways to execute: {', '.join(MODES)}")
    group.addoption("--device", default="cpu", help="a device as paddle.set_device names it")
    group.addoption("--shard", default="", help="judge the i-th of n parts only: i/n")
    group.addoption("--ignore-known", action="store_true", help="let every known divergence fail again")


def pytest_configure(config: pytest.Config) -> None:
    """Draw the seed where none is given; pytest-xdist hands the options, and so the seed, on to its workers."""
    if config.option.seed is None:
        config.option.seed = secrets.randbits(32)


def pytest_report_header(config: pytest.Config) -> str:
    """How to repeat the run."""
    return f"conformance: profile {config.option.profile}, seed {config.option.seed}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for every check that the options select."""
    if "conformance_task" not in metafunc.fixturenames:
        return
    from conformance import run
    from conformance.errors import UserError

    try:
        tasks = run.tasks_of(metafunc.config.option)
    except UserError as error:
        raise pytest.UsageError(str(error)) from None
    metafunc.parametrize("conformance_task", tasks, ids=[run.name_of(task) for task in tasks])
