"""What tests of the command line share: the commands as processes of their own, and a small selection."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SMALL = ["--op", "relu", "--dtype", "float32", "--profile", "quick", "--seed", "7"]


def python(*arguments, cwd, **options):
    """Python in a folder of its own, where the examples that it keeps disturb nobody."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([options.pop("path", ""), str(ROOT)]).strip(os.pathsep)}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120
    )


def conformance(*arguments, cwd, **options):
    return python("-m", "conformance", *arguments, cwd=cwd, **options)


def one_sentence(text, *words):
    assert "Traceback" not in text
    assert len(text.strip().splitlines()) == 1, text
    assert all(word in text for word in words), text
