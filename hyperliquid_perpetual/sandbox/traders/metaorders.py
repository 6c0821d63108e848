"""Takers who have more to trade than they show: metaorders, cut into small orders that come one after the other.

A few of them work at the same time, each on one side until it is done. Their lengths have a power-law tail, so the
sides of trades stay correlated over hundreds of trades, as on real markets (the mechanism of Lillo, Mike and Farmer).
"""

import math
from dataclasses import dataclass
from typing import Any

from hyperliquid_perpetual.sandbox.engine.commands import Command
from hyperliquid_perpetual.sandbox.remembering import Remembering
from hyperliquid_perpetual.sandbox.traders.desk import Desk, poisson


@dataclass(frozen=True, slots=True)
class MetaorderParameters:
    """Those who trade in many small pieces. Rates per second, notionals in USD."""

    rate: float
    """Small orders of all metaorders together."""
    notional: float = 500
    """Median of a small order; the sizes are lognormal."""
    spread_of_sizes: float = 1.0
    """Standard deviation of the logarithm of a small order's size."""
    at_work: int = 2
    """Metaorders that are worked on at the same time, each by an account of its own."""
    tail: float = 1.5
    """Exponent of the power law of lengths; the correlation of trade signs decays with tail - 1."""
    shortest: int = 4
    longest: int = 2_000
    """Small orders of a metaorder, at least and at most."""
    inventory_limit: float = 3_000_000
    """The more of this somebody holds, the likelier the next metaorder brings it back."""


class _Metaorder:
    __slots__ = ("address", "is_buy", "left")

    def __init__(self, address: str) -> None:
        self.address = address
        self.is_buy = False
        self.left = 0


class MetaorderTakers(Remembering):
    """The metaorders of one market."""

    def __init__(self, desk: Desk, parameters: MetaorderParameters) -> None:
        self._desk = desk
        self._parameters = parameters
        self._random = desk.random("metaorders")
        self.addresses = tuple(desk.address(f"metaorder taker {number}") for number in range(parameters.at_work))
        self._orders = [_Metaorder(address) for address in self.addresses]
        self._mean = parameters.rate * desk.character.activity

    def act(self, seconds: float) -> list[Command]:
        """The small orders that are sent now."""
        parameters, random = self._parameters, self._random
        commands: list[Command] = []
        for _ in range(poisson(random, self._mean * seconds)):
            order = random.choice(self._orders)
            if not order.left:
                self._begin(order)
            order.left -= 1
            size = math.exp(random.gauss(0, parameters.spread_of_sizes))
            notional = max(12.0, parameters.notional * self._desk.character.depth * size)
            commands += self._desk.take(order.address, order.is_buy, notional)
        return commands

    def dump(self) -> dict[str, Any]:
        return {**super().dump(), "orders": [[order.is_buy, order.left] for order in self._orders]}

    def load(self, dumped: dict[str, Any]) -> None:
        super().load(dumped)
        for order, (is_buy, left) in zip(self._orders, dumped["orders"], strict=True):
            order.is_buy, order.left = is_buy, left

    def _begin(self, order: _Metaorder) -> None:
        parameters, random = self._parameters, self._random
        order.left = min(parameters.longest, round(parameters.shortest * random.paretovariate(parameters.tail)))
        order.is_buy = random.random() < 0.5
        held = self._desk.inventory(order.address) / parameters.inventory_limit
        if abs(held) > random.random():
            order.is_buy = held < 0
