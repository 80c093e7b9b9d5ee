"""Profiles of Hypothesis: a few seconds in `make test`, many minutes in `make fuzz`."""

from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
settings.register_profile(
    "quick", max_examples=40, deadline=None, database=None, suppress_health_check=SLOW
)
settings.register_profile(
    "fuzz", max_examples=20_000, deadline=None, print_blob=True, suppress_health_check=SLOW
)
settings.load_profile("quick")
