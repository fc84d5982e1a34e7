"""Where a run takes place, as far as it can change a result."""

from __future__ import annotations

import platform
from importlib.metadata import version

import numpy as np

from conformance.judge import precision
from conformance.ops import OPERATORS
from conformance.record import Environment


def describe() -> Environment:
    """The environment of this process; Paddle is loaded."""
    from conformance.subject import environment

    paddle, commit = environment.versions()
    dtypes = sorted({dtype for operator in OPERATORS.values() for dtype in operator.asked})
    return Environment(
        paddle=paddle,
        paddle_commit=commit,
        flags=environment.flags(),
        numpy=np.__version__,
        hypothesis=version("hypothesis"),
        python=platform.python_version(),
        platform=platform.platform(),
        cpu=environment.processor(),
        threads=environment.threads(),
        precision={dtype: precision.describe(np.dtype(dtype)) for dtype in dtypes},
    )
