"""Momentum traders: they buy when the price has been rising and sell when it has been falling."""

import math
from dataclasses import dataclass

from hyperliquid_perpetual.sandbox.engine.commands import Command
from hyperliquid_perpetual.sandbox.oracle import BASIS_POINT
from hyperliquid_perpetual.sandbox.remembering import Remembering
from hyperliquid_perpetual.sandbox.traders.desk import Desk, poisson


@dataclass(frozen=True, slots=True)
class MomentumParameters:
    """Those who follow the price. Times in seconds, rates per second, notionals in USD."""

    rate: float
    """Orders when the signal is at its threshold or beyond; fewer below, by its square."""
    notional: float = 1_500
    fast_seconds: float = 10
    slow_seconds: float = 60
    """Two moving averages of the mid price; the signal is how far the fast one is from the slow one."""
    threshold: float = 4.0
    """In basis points, for a market as rough as BTC."""
    inventory_limit: float = 2_000_000
    """Beyond this they only reduce."""


class MomentumTrader(Remembering):
    """The follower of one market's price."""

    _remembers = ("_fast", "_slow")

    def __init__(self, desk: Desk, parameters: MomentumParameters) -> None:
        self._desk = desk
        self._parameters = parameters
        self._random = desk.random("momentum trader")
        self.address = desk.address("momentum trader")
        self._fast: float | None = None
        self._slow = 0.0
        self._threshold = parameters.threshold * desk.character.volatility * BASIS_POINT
        self._mean = parameters.rate * desk.character.activity

    def act(self, seconds: float) -> list[Command]:
        """What it trades now."""
        desk, parameters, random = self._desk, self._parameters, self._random
        mid = desk.mid
        if mid is None or not parameters.rate:
            return []
        if self._fast is None:
            self._fast = self._slow = mid
        self._fast += (mid - self._fast) * (1 - math.exp(-seconds / parameters.fast_seconds))
        self._slow += (mid - self._slow) * (1 - math.exp(-seconds / parameters.slow_seconds))
        signal = (self._fast / self._slow - 1) / self._threshold
        commands: list[Command] = []
        for _ in range(poisson(random, self._mean * seconds * min(1.0, signal * signal))):
            is_buy = signal > 0
            held = desk.inventory(self.address)
            if abs(held) > parameters.inventory_limit:
                is_buy = held < 0
            notional = parameters.notional * desk.character.depth * (0.5 + random.random())
            commands += desk.take(self.address, is_buy, max(12.0, notional))
        return commands
