"""Property tests draw the same examples in every run, so that a green run stays green: a failure is a change.

Where the variable STRUCTGEN_EXAMPLES is set, they draw new ones, and as many a law where the law takes its count from it.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "structgen",
    derandomize="STRUCTGEN_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("structgen")
