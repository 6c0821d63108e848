"""Noise traders: people without a plan, who trade a little on either side or leave an order behind for a while."""

import math
from collections import deque
from dataclasses import dataclass
from typing import Any

from hyperliquid_perpetual.sandbox.engine.commands import CancelOrdersByCloid, Command, OrderIntent, PlaceOrders
from hyperliquid_perpetual.sandbox.oracle import BASIS_POINT
from hyperliquid_perpetual.sandbox.remembering import Remembering
from hyperliquid_perpetual.sandbox.traders.desk import Desk, poisson


@dataclass(frozen=True, slots=True)
class NoiseParameters:
    """Those who trade at random. Rates per second, notionals in USD, distances in basis points."""

    rate: float
    """Small orders that take."""
    resting_rate: float
    """Post-only orders that they leave behind."""
    notional: float = 250
    """Median of an order; the sizes are lognormal."""
    spread_of_sizes: float = 1.0
    nearest: float = 0.5
    farthest: float = 15.0
    """Distance from the mid at which they leave orders; nearer is likelier."""
    patience_seconds: float = 20
    """How long an order stays, if nobody takes it."""
    at_most: int = 8
    """Orders that rest at the same time."""


class NoiseTrader(Remembering):
    """Everybody of one market who has no plan."""

    _remembers = ("_seconds", "_count")

    def __init__(self, desk: Desk, parameters: NoiseParameters) -> None:
        self._desk = desk
        self._parameters = parameters
        self._random = desk.random("noise trader")
        self.address = desk.address("noise trader")
        self._seconds = 0.0
        self._count = 0
        self._resting: deque[tuple[float, str]] = deque()
        """When each order was left behind, and its cloid."""

    def act(self, seconds: float) -> list[Command]:
        """What they do now."""
        desk, parameters, random = self._desk, self._parameters, self._random
        self._seconds += seconds
        commands = self._cancel_old()
        activity = desk.character.activity
        for _ in range(poisson(random, parameters.rate * activity * seconds)):
            commands += desk.take(self.address, random.random() < 0.5, self._notional())
        for _ in range(poisson(random, parameters.resting_rate * activity * seconds)):
            commands += self._leave()
        return commands

    def dump(self) -> dict[str, Any]:
        return {**super().dump(), "resting": [list(order) for order in self._resting]}

    def load(self, dumped: dict[str, Any]) -> None:
        super().load(dumped)
        self._resting = deque((left_at, cloid) for left_at, cloid in dumped["resting"])

    def _cancel_old(self) -> list[Command]:
        open_orders = self._desk.account(self.address).open_by_cloid
        resting, asset = self._resting, self._desk.market.asset
        old: list[tuple[int, str]] = []
        patience = self._parameters.patience_seconds / max(self._desk.character.activity, 0.1)
        while resting and (
            resting[0][0] + patience < self._seconds
            or len(resting) > self._parameters.at_most
            or resting[0][1] not in open_orders
        ):
            cloid = resting.popleft()[1]
            if cloid in open_orders:
                old.append((asset, cloid))
        return [CancelOrdersByCloid(self.address, tuple(old))] if old else []

    def _leave(self) -> list[Command]:
        desk, parameters, random = self._desk, self._parameters, self._random
        mid = desk.mid
        if mid is None:
            return []
        is_buy = random.random() < 0.5
        # Evenly distributed logarithms: as many between 1 and 3 as between 3 and 9 basis points.
        away = parameters.nearest * (parameters.farthest / parameters.nearest) ** random.random()
        away *= desk.character.spread * BASIS_POINT
        px = desk.round(mid * (1 - away if is_buy else 1 + away), not is_buy)
        self._count += 1
        cloid = f"0x{desk.market.asset + 1:08x}ff{self._count:022x}"
        self._resting.append((self._seconds, cloid))
        intent = OrderIntent(desk.market.asset, is_buy, px, desk.lots(self._notional(), px), False, "Alo", cloid)
        return [PlaceOrders(self.address, (intent,))]

    def _notional(self) -> float:
        parameters = self._parameters
        size = math.exp(self._random.gauss(0, parameters.spread_of_sizes))
        return max(12.0, parameters.notional * self._desk.character.depth * size)
