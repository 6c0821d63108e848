"""Settings of every test."""

from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, and nothing of the code; speed is measured by `make bench`.
settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
