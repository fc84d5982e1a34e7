"""Who stands trial: Paddle, in each of its ways to execute an operator. The only package that imports paddle."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from typing import Any

from conformance.errors import UserError

MODES = {
    "eager": "conformance.subject.eager:Eager",
    "static": "conformance.subject.static:Static",
    "to_static": "conformance.subject.traced:Traced",
}
"""Every way to execute an operator, and the class that does it."""


class Unavailable(UserError):
    """Paddle, or the device that was asked for, is not there; the text is one sentence for the user."""


def create(mode: str, device: str) -> Any:
    """The subject of a mode, on a device.

    Raises:
        Unavailable: Paddle cannot be imported, or it has no such device.
    """
    load()
    module, _, name = MODES[mode].partition(":")
    return getattr(import_module(module), name)(device)


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
