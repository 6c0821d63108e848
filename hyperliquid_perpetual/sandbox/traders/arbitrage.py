"""The arbitrageur ties the book to the fair price: it takes every order that the price has left behind."""

from dataclasses import dataclass

from hyperliquid_perpetual.sandbox.engine.commands import Command
from hyperliquid_perpetual.sandbox.oracle import BASIS_POINT
from hyperliquid_perpetual.sandbox.traders.desk import Desk


@dataclass(frozen=True, slots=True)
class ArbitrageParameters:
    """The arbitrageur."""

    edge: float = 1.5
    """By how much an order must be better than the fair price to be taken, in basis points."""


class Arbitrageur:
    """The one of one market."""

    def __init__(self, desk: Desk, parameters: ArbitrageParameters) -> None:
        self._desk = desk
        self.address = desk.address("arbitrageur")
        self._edge = parameters.edge * desk.character.spread * BASIS_POINT

    def act(self, fair: float) -> list[Command]:
        """Take what is worth taking at a fair price (in price units)."""
        desk, edge = self._desk, self._edge
        bid, ask = desk.book.bids.best, desk.book.asks.best
        if ask is not None and ask < fair * (1 - edge):
            return desk.take_to(self.address, True, desk.round(fair * (1 - edge), False))
        if bid is not None and bid > fair * (1 + edge):
            return desk.take_to(self.address, False, desk.round(fair * (1 + edge), True))
        return []
