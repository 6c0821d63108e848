"""Where prices come from when there is no world outside: one seeded random path per market, by regime.

The path is a random walk of log prices. In `calm` it is pulled back to where it began; in `trending` it drifts, and the
drift turns every few minutes; in `wild` it is rougher, and it jumps.
"""

import math
from dataclasses import dataclass
from random import Random

BASIS_POINT = 1e-4


@dataclass(frozen=True, slots=True)
class PathParameters:
    """How a price moves. Everything in basis points (1e-4 of the price) unless said otherwise."""

    volatility: float
    """Standard deviation after one second; it grows with the square root of time."""
    pull_seconds: float | None = None
    """Time in which the pull back to the start halves the distance, roughly; None for no pull."""
    drift: float = 0
    """Movement per second."""
    turn_seconds: float = 240
    """Mean time until the drift changes its sign."""
    jumps_per_minute: float = 0
    jump: float = 0
    """Standard deviation of a jump."""


COIN_VOLATILITY = {"BTC": 1.0, "ETH": 1.25, "xyz:XYZ100": 0.6, "km:US500": 0.5, "xyz:TSLA": 1.2}
"""How much rougher than BTC a coin is; others are `OTHER_VOLATILITY`."""
OTHER_VOLATILITY = 1.5


class PricePath:
    """The fair price of one market, as a float: it feeds traders and the oracle, and touches nobody's money."""

    def __init__(self, coin: str, start: float, parameters: PathParameters, random: Random) -> None:
        self._start = math.log(start)
        self._log = self._start
        self._parameters = parameters
        self._scale = COIN_VOLATILITY.get(coin, OTHER_VOLATILITY) * BASIS_POINT
        self._direction = random.choice((-1, 1))
        self._random = random

    @property
    def price(self) -> float:
        """The price now."""
        return math.exp(self._log)

    def dump(self) -> tuple[float, float, int]:
        """Where it is, where the pull leads, and which way it drifts; the random numbers are its owner's."""
        return self._log, self._start, self._direction

    def load(self, log: float, start: float, direction: int) -> None:
        """Go on from what `dump` gave."""
        self._log, self._start, self._direction = log, start, direction

    def force(self, price: float) -> None:
        """Go on from another price, which is also where the pull leads from now on."""
        self._log = self._start = math.log(price)

    def step(self, seconds: float) -> float:
        """Let time pass; returns the new price."""
        parameters, random = self._parameters, self._random
        move = parameters.volatility * math.sqrt(seconds) * random.gauss(0, 1)
        if parameters.drift:
            if random.random() < seconds / parameters.turn_seconds:
                self._direction = -self._direction
            move += self._direction * parameters.drift * seconds
        if parameters.jumps_per_minute and random.random() < seconds * parameters.jumps_per_minute / 60:
            move += parameters.jump * random.gauss(0, 1)
        self._log += move * self._scale
        if parameters.pull_seconds is not None:
            self._log += (self._start - self._log) * min(1.0, 0.7 * seconds / parameters.pull_seconds)
        return self.price
