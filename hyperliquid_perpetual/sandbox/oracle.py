"""Where prices come from when there is no world outside: one seeded random path per market, by regime.

The path is a random walk of log prices whose volatility is itself random: the product of a fast and a slow factor, each
the exponential of a process that is pulled back to its mean. So quiet and busy times come in clusters of minutes and of
hours, and returns have fat tails, as on real markets. In `calm` the price is pulled back to where it began; in
`trending` it drifts, and the drift turns every few minutes; in `wild` it is rougher, and it jumps; in `gappy` it jumps
far.
"""

import math
from dataclasses import dataclass
from random import Random

from hyperliquid_perpetual.sandbox.remembering import Remembering

BASIS_POINT = 1e-4


@dataclass(frozen=True, slots=True)
class PathParameters:
    """How a price moves. Everything in basis points (1e-4 of the price) unless said otherwise."""

    volatility: float
    """Standard deviation after one second, on average over time; it grows with the square root of time."""
    fast_clustering: float = 0.0
    """Standard deviation of the logarithm of the fast volatility factor."""
    fast_seconds: float = 600
    """Time in which the fast factor forgets most of what it was."""
    slow_clustering: float = 0.0
    """The same of the slow factor."""
    slow_seconds: float = 10_800
    """Time in which the slow factor forgets most of what it was."""
    pull_seconds: float | None = None
    """Time in which the pull back to the start halves the distance, roughly; None for no pull."""
    drift: float = 0
    """Movement per second."""
    turn_seconds: float = 900
    """Mean time until the drift changes its sign."""
    jumps_per_minute: float = 0
    jump: float = 0
    """Mean size of a jump, which is at least half of it; up and down alike."""


class PricePath(Remembering):
    """The fair price of one market, as a float: it feeds traders and the oracle, and touches nobody's money.

    :param roughness: how much rougher than BTC the market is.
    """

    _remembers = ("_start", "_log", "price", "jump", "_direction", "_fast", "_slow", "_seconds", "volatility")

    def __init__(self, start: float, parameters: PathParameters, roughness: float, random: Random) -> None:
        self._start = math.log(start)
        self._log = self._start
        self.price = start
        """The price now."""
        self.jump = 0.0
        """By how much the price jumped in the last step, in basis points; 0 for not at all."""
        self._parameters = parameters
        self._scale = roughness * BASIS_POINT
        self._direction = random.choice((-1, 1))
        self._random = random
        fast, slow = parameters.fast_clustering, parameters.slow_clustering
        self._fast = self._slow = 0.0  # it begins in ordinary times
        # With this the mean of the squared volatility is what the parameter says.
        self._level = -fast * fast - slow * slow
        self._seconds = 0.0
        self.volatility = self._volatility()
        """Standard deviation per square root of a second at present, in basis points of BTC's scale."""

    def force(self, price: float) -> None:
        """Go on from another price, which is also where the pull leads from now on."""
        self._log = self._start = math.log(price)
        self.price = price

    def step(self, seconds: float) -> float:
        """Let time pass; returns the new price."""
        parameters, random = self._parameters, self._random
        self._seconds += seconds
        if self._seconds >= 1:
            self._cluster(self._seconds)
            self._seconds = 0.0
        move = self.volatility * math.sqrt(seconds) * random.gauss(0, 1) if self.volatility else 0.0
        if parameters.drift:
            if random.random() < seconds / parameters.turn_seconds:
                self._direction = -self._direction
            move += self._direction * parameters.drift * seconds
        self.jump = 0.0
        if parameters.jumps_per_minute and random.random() < seconds * parameters.jumps_per_minute / 60:
            jump = parameters.jump * (0.5 + 0.5 * random.expovariate(1)) * random.choice((-1, 1))
            self.jump = jump * self._scale / BASIS_POINT
            move += jump
        if move:
            self._log += move * self._scale
            if parameters.pull_seconds is not None:
                self._log += (self._start - self._log) * min(1.0, 0.7 * seconds / parameters.pull_seconds)
            self.price = math.exp(self._log)
        return self.price

    def _cluster(self, seconds: float) -> None:
        parameters, random = self._parameters, self._random
        for_fast, for_slow = parameters.fast_clustering, parameters.slow_clustering
        if for_fast:
            kept = math.exp(-seconds / parameters.fast_seconds)
            self._fast = self._fast * kept + for_fast * math.sqrt(1 - kept * kept) * random.gauss(0, 1)
        if for_slow:
            kept = math.exp(-seconds / parameters.slow_seconds)
            self._slow = self._slow * kept + for_slow * math.sqrt(1 - kept * kept) * random.gauss(0, 1)
        self.volatility = self._volatility()

    def _volatility(self) -> float:
        return self._parameters.volatility * math.exp(self._fast + self._slow + self._level)
