"""Sweepers: now and then somebody takes the whole book as far as a random distance from the mid.

They go through everybody's orders, which is what fills a market maker whose quotes are not at the touch. In `calm` they
come so often that quotes 0.05 % from the mid are filled many times a minute: a bot should have something to do.
"""

from dataclasses import dataclass

from hyperliquid_perpetual.sandbox.engine.commands import Command
from hyperliquid_perpetual.sandbox.oracle import BASIS_POINT
from hyperliquid_perpetual.sandbox.remembering import Remembering
from hyperliquid_perpetual.sandbox.traders.desk import Desk, poisson


@dataclass(frozen=True, slots=True)
class SweeperParameters:
    """Those who take the book. Rates per second, distances in basis points of the price."""

    rate: float
    nearest: float = 2.0
    farthest: float = 12.0
    """How far from the mid they go, evenly distributed."""
    persistence: float = 0.6
    """Chance to be on the side of the sweep before."""
    inventory_limit: float = 5_000_000
    """The more of this they hold, the likelier they bring it back."""


class Sweepers(Remembering):
    """Those who sweep one market."""

    _remembers = ("_is_buy",)

    def __init__(self, desk: Desk, parameters: SweeperParameters) -> None:
        self._desk = desk
        self._parameters = parameters
        self._random = desk.random("sweeper")
        self.address = desk.address("sweeper")
        self._is_buy = self._random.random() < 0.5
        self._mean = parameters.rate * desk.character.activity

    def act(self, seconds: float) -> list[Command]:
        """The sweeps that come now."""
        desk, parameters, random = self._desk, self._parameters, self._random
        commands: list[Command] = []
        for _ in range(poisson(random, self._mean * seconds)):
            mid = desk.mid
            if mid is None:
                break
            if random.random() >= parameters.persistence:
                self._is_buy = not self._is_buy
            held = desk.inventory(self.address) / parameters.inventory_limit
            if abs(held) > random.random():
                self._is_buy = held < 0
            reach = random.uniform(parameters.nearest, parameters.farthest) * desk.character.spread * BASIS_POINT
            limit = desk.round(mid * (1 + reach if self._is_buy else 1 - reach), not self._is_buy)
            commands += desk.take_to(self.address, self._is_buy, limit)
        return commands
