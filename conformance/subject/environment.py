"""What can change a result: versions, flags, processor."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import paddle


def versions() -> tuple[str, str]:
    """Paddle's version and the commit it was built from."""
    return paddle.version.full_version, paddle.version.commit


def flags() -> dict[str, str]:
    """Every FLAGS_* in force."""
    values = paddle.base.core.globals()
    return {name: str(values[name]) for name in sorted(values.keys()) if name.startswith("FLAGS_")}


def processor() -> str:
    """The processor's name, as the operating system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def threads() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
