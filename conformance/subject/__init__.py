"""Who stands trial: Paddle, in each of its ways to execute an operator. The only package that imports paddle."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from conformance.errors import UserError


@dataclass(frozen=True)
class Mode:
    """A way to execute an operator: the class that does it, the least profile that tries it on a sample of the cases
    (quick: on all), and whether only evaluation is possible so."""

    subject: str
    profile: str
    evaluates: bool = False


MODES = {
    "eager": Mode("conformance.subject.eager:Eager", "quick"),
    "static": Mode("conformance.subject.static:Static", "standard"),
    "to_static": Mode("conformance.subject.traced:Traced", "standard"),
    "sot": Mode("conformance.subject.traced:Compiled", "deep"),
    "prim": Mode("conformance.subject.traced:Primitive", "deep"),
    "saved": Mode("conformance.subject.deployed:Saved", "deep", evaluates=True),
    "predictor": Mode("conformance.subject.deployed:Predicted", "deep", evaluates=True),
    "onednn": Mode("conformance.subject.deployed:OneDNN", "deep", evaluates=True),
}
"""Every way to execute an operator."""


class Unavailable(UserError):
    """Paddle, or the device that was asked for, is not there; the text is one sentence for the user."""


def create(mode: str, device: str) -> Any:
    """The subject of a mode, on a device.

    Raises:
        Unavailable: Paddle cannot be imported, or it has no such device.
    """
    load()
    module, _, name = MODES[mode].subject.partition(":")
    return getattr(import_module(module), name)(device)


@cache
def warm(mode: str) -> None:
    """Let Paddle work out what it needs before the first call of a mode, so that child processes inherit it."""
    if MODES[mode].profile == "quick":
        return  # eager mode needs nothing
    prepare = getattr(import_module(MODES[mode].subject.partition(":")[0]), "warm", None)
    if prepare is not None:
        prepare()


def load() -> Any:
    """Paddle itself.

    Raises:
        Unavailable: it cannot be imported.
    """
    os.environ.setdefault("GLOG_minloglevel", "2")  # Paddle tells of every program that it runs
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of compilers that only Paddle's own extensions need
            return import_module("paddle")
    except Exception as error:
        hint = "" if isinstance(error, ModuleNotFoundError) and error.name == "paddle" else f" ({error})"
        raise Unavailable(
            f"Paddle cannot be imported{hint}; install paddlepaddle, for instance with"
            " `pip install 'paddle-conformance[paddle]'`, or your vendor's build"
        ) from None


def version() -> str:
    """The version of the installed Paddle.

    Raises:
        Unavailable: it cannot be imported.
    """
    return str(load().version.full_version)
