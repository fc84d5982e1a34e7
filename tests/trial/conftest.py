"""What several tests of the trial need."""

import pytest

from conformance import subject
from conformance.errors import UserError


@pytest.fixture(scope="session")
def paddle():
    """An installed Paddle, without which the test is skipped."""
    try:
        subject.load()
    except UserError as absent:
        pytest.skip(str(absent))
