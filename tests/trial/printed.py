"""What a script prints."""

import contextlib
import io


def printed(text):
    """The lines that a script prints when it runs."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(text, "script", "exec"), {})
    return out.getvalue().splitlines()
