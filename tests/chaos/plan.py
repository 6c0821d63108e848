"""What happens when in one run of chaos, all of it from the seed: kills, faults, the market, the turn of an hour."""

import time
from dataclasses import dataclass
from itertools import takewhile
from random import Random
from typing import Any

from hyperliquid_perpetual.sandbox.faults.chance import schedule
from hyperliquid_perpetual.sandbox.faults.plan import RandomFaults
from hyperliquid_perpetual.sandbox.faults.specification import as_json

EXCHANGE = "sandbox"
MAKER = "maker"
DRIVER = "driver"
BOTS = (MAKER, DRIVER)

HOUR = 3600
START_SECONDS = 18.0
"""About how long it takes until both bots trade."""

SHORT_SECONDS = 120
"""Below this a run is a short form: faults come thicker, and each side is killed at least once all the same."""

AIMED = 0.6
"""The share of kills right after a command."""

AIM_WINDOW_SECONDS = 0.25

SECONDS_PER_KILL = {EXCHANGE: 60, MAKER: 80, DRIVER: 60}


@dataclass(frozen=True)
class Kill:
    """SIGKILL of one process, and how long it stays away."""

    at: float
    victim: str
    down: float
    is_aimed: bool
    """Whether it waits for the driver's next command: the moments after one are those that can lose something."""
    delay: float
    """Seconds between the command and the kill; 0 for a kill that does not aim."""


@dataclass(frozen=True)
class Plan:
    """One run. Times are seconds from when both bots trade; faults are those of `docs/faults.md`, as objects."""

    seed: int
    seconds: int
    market: str
    kills: tuple[Kill, ...]
    faults: tuple[tuple[float, dict[str, Any]], ...]
    hour_turns_at: float

    @property
    def is_short(self) -> bool:
        """Whether it is a short form."""
        return self.seconds < SHORT_SECONDS

    def clock_shift(self, now: float | None = None) -> float:
        """Seconds by which every process's clock is put forward, so that funding is paid in the middle of the run."""
        turn = (time.time() if now is None else now) + START_SECONDS + self.hour_turns_at
        return HOUR - turn % HOUR


def make_plan(seed: int, seconds: int) -> Plan:
    """The plan of a seed. Half of the length is no prefix of the whole: kills are spread over all of it."""
    random = Random(f"chaos {seed}")
    intensity = 30 if seconds < SHORT_SECONDS else 12
    upcoming = (
        (fault.at, {name: value for name, value in as_json(fault).items() if name != "at"})
        for fault in schedule(RandomFaults(seed, intensity))
    )
    faults = tuple(takewhile(lambda entry: entry[0] < seconds, upcoming))
    return Plan(
        seed=seed,
        seconds=seconds,
        market=random.choice(("wild", "calm", "trending")),
        kills=tuple(sorted(_kills(random, seconds), key=lambda kill: kill.at)),
        faults=faults,
        hour_turns_at=seconds * random.uniform(0.3, 0.7),
    )


def _kills(random: Random, seconds: int) -> list[Kill]:
    """Each victim about as often as it is due, once in each part of the run; the maker is spared in the shortest."""
    found = []
    for victim, every in SECONDS_PER_KILL.items():
        often = round(seconds / every) or (0 if victim == MAKER else 1)
        part = seconds / max(often, 1)
        for number in range(often):
            at = part * (number + random.uniform(0.1, 0.8))
            is_aimed = victim != MAKER and random.random() < AIMED
            delay = round(random.uniform(0, AIM_WINDOW_SECONDS), 3) if is_aimed else 0.0
            # A clock that a fault had put forward has to be caught up before the exchange's file can be resumed.
            down = random.uniform(1 if victim == EXCHANGE else 0.1, 4)
            found.append(Kill(round(at, 3), victim, round(down, 3), is_aimed, delay))
    return found
