"""Puts this process's clock forward, before anything else is imported: bots and exchange of a run share one shift.

Funding is paid when an hour of the exchange's time turns. A run is much shorter than an hour, and a clock of the
exchange alone cannot be put forward, because what a bot signs expires after half a minute.
"""

import os
import time

VARIABLE = "CHAOS_CLOCK_SHIFT"


def install() -> None:
    """Shifts `time.time` and `time.time_ns` by the seconds in the environment; monotonic clocks stay."""
    shift = float(os.environ.get(VARIABLE, "0"))
    real, real_ns = time.time, time.time_ns
    shift_ns = round(shift * 1e9)
    time.time = lambda: real() + shift
    time.time_ns = lambda: real_ns() + shift_ns
