"""The rows of within.py belong to entries, and let go no more than they say."""

from fnmatch import fnmatchcase

import pytest

from conformance.checks import PROPERTIES
from conformance.judge.within import WITHIN
from conformance.known import register
from conformance.ops import OPERATORS

ENTRIES = register.read()


def test_every_entry_names_a_row_that_there_is():
    assert {e.within for e in ENTRIES if e.within} <= WITHIN.keys()


def test_every_row_serves_an_entry():
    assert WITHIN.keys() <= {e.within for e in ENTRIES}


def test_only_what_cannot_be_compared_has_no_row():
    """A crash, an exception, another shape; or every output is another, as for a channel of one value."""
    without = {e.id for e in ENTRIES if not e.within}
    comparable = {e.id for e in ENTRIES if e.example.index and e.example.output not in ("the call", "the process")}
    assert without & comparable == {"batch-norm-one-value"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.id)
def test_an_entry_is_about_operators_and_properties_on_trial(entry):
    for pattern in entry.operators:
        assert any(fnmatchcase(name, pattern) for name in OPERATORS), pattern
    for pattern in entry.properties:
        assert any(fnmatchcase(name, pattern) for name in PROPERTIES), pattern
