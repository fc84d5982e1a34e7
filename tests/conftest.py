"""How Hypothesis runs the project's own tests: the same examples every time, and no clock.

HYPOTHESIS_PROFILE=explore draws new examples instead, and keeps the failing ones in Hypothesis' database.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
