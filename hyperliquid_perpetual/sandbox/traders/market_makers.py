"""Market makers: post-only orders on both sides of the fair price, moved one by one as it moves.

Each of the makers of a market has its own distance and speed. A fast one close to the price makes the touch, slower
ones behind it the depth. All of them lean against what they hold, and go further away when the price has become rough.
An order is moved only when it is out of place by more than a part of the gap to its neighbour, so that the deep book
rests while the touch moves.
"""

import math
from dataclasses import dataclass

from hyperliquid_perpetual.sandbox.engine.commands import (
    CancelOrdersByCloid,
    Command,
    Modification,
    ModifyOrders,
    OrderIntent,
    PlaceOrders,
)
from hyperliquid_perpetual.sandbox.oracle import BASIS_POINT
from hyperliquid_perpetual.sandbox.remembering import Remembering
from hyperliquid_perpetual.sandbox.traders.desk import Desk

_OUT_OF_PLACE = 0.4
"""Part of the gap between two levels by which an order may be off before it is moved."""
_WIDTH_STEP = 0.25
"""The width follows volatility in steps of this, or every order would move all the time."""


@dataclass(frozen=True, slots=True)
class MakerParameters:
    """One maker. Distances in basis points of the price, notionals in USD, times in seconds."""

    name: str
    half_spread: float
    """Of the first level from the fair price."""
    gap: float
    """Between the first two levels."""
    growth: float
    """Exponent with which levels grow apart: level n is gap x n^growth behind the first."""
    levels: int
    notional: float
    """Of the first level."""
    deepening: float = 0.25
    """By how much of the first level each further one is larger."""
    unevenness: float = 0.25
    """Standard deviation of the logarithm of the levels' sizes."""
    refresh_seconds: float = 0.0
    """How long it leaves its quotes alone unless it was hit or the price runs over them; 0 for every step."""
    inventory_limit: float = 150_000
    """What it is willing to hold; at this it leans as far as it does."""
    skew: float = 0.0
    """How far it moves both sides against what it holds, at the limit, in basis points."""
    widening: float = 0.0
    """Exponent with which its distances grow with volatility above the usual."""
    holes: float = 0.0
    """Chance that a level stays empty, drawn anew whenever it comes back after a jump."""


class MarketMaker(Remembering):
    """One maker of one market."""

    _remembers = ("_present", "_width", "_wait", "_quoted", "_wanted", "_is_away")

    def __init__(self, desk: Desk, parameters: MakerParameters, number: int) -> None:
        self._desk = desk
        self._parameters = parameters
        self.address = desk.address(f"{parameters.name} maker")
        self._random = random = desk.random(f"{parameters.name} maker")
        character = desk.character
        self._distances = [
            (parameters.half_spread + parameters.gap * level**parameters.growth) * character.spread * BASIS_POINT
            for level in range(parameters.levels)
        ]
        self._tolerances = [
            _OUT_OF_PLACE
            * parameters.gap
            * max(1.0, parameters.growth * level ** (parameters.growth - 1))
            * BASIS_POINT
            for level in range(parameters.levels)
        ]
        self._tolerances = [tolerance * character.spread for tolerance in self._tolerances]
        self._notionals = [
            parameters.notional
            * character.depth
            * (1 + parameters.deepening * level)
            * math.exp(random.gauss(0, 1) * parameters.unevenness)
            for level in range(parameters.levels)
        ]
        asset = desk.market.asset + 1
        self._cloids = [
            [f"0x{asset:08x}{number:02x}{side:02x}{level:020x}" for level in range(parameters.levels)]
            for side in (1, 2)
        ]
        self._present = [True] * parameters.levels
        self._width = 1.0
        self._wait = 0.0
        self._quoted: list[float] | None = None
        """Fair price, width and own volume when the quotes were last put in order."""
        self._wanted = 0
        """Orders that there should be."""
        self._is_away = False

    def refresh(self, fair: float, roughness: float, seconds: float) -> list[Command]:
        """Bring the orders to where they belong.

        :param fair: the fair price now, in price units.
        :param roughness: volatility now by what is usual.
        """
        parameters = self._parameters
        account = self._desk.account(self.address)
        self._wait -= seconds
        if self._quoted is not None:
            quoted, _, volume = self._quoted
            is_whole = volume == account.volume and len(account.open_orders) == self._wanted
            moved = abs(fair - quoted) / fair
            runs_over = moved > 0.7 * self._distances[0]
            if is_whole and not runs_over and (self._wait > 0 or (moved == 0 and not parameters.widening)):
                return []
        self._wait = parameters.refresh_seconds
        self._is_away = False
        if parameters.widening:
            width = max(1.0, roughness) ** parameters.widening
            if abs(width - self._width) > _WIDTH_STEP:
                self._width = width
        if self._quoted == [fair, self._width, account.volume] and len(account.open_orders) == self._wanted:
            return []
        self._quoted = [fair, self._width, account.volume]
        return self._quote(fair)

    def withdraw(self) -> list[Command]:
        """Take every order out of the book; the next refresh puts up new ones, maybe with other holes."""
        if self._is_away:
            return []
        self._is_away = True
        self._quoted = None
        self._wait = 0.0
        holes, random = self._parameters.holes, self._random
        self._present = [not holes or random.random() >= holes for _ in self._present]
        asset = self._desk.market.asset
        cloids = tuple(self._desk.account(self.address).open_by_cloid)
        return [CancelOrdersByCloid(self.address, tuple((asset, cloid) for cloid in cloids))] if cloids else []

    def _quote(self, fair: float) -> list[Command]:
        desk, asset = self._desk, self._desk.market.asset
        open_orders = desk.account(self.address).open_by_cloid
        reference = fair * (1 - self._lean() * BASIS_POINT)
        missing: list[OrderIntent] = []
        moved: list[tuple[bool, Modification]] = []
        gone: list[tuple[int, str]] = []
        rising = False
        wanted = 0
        for is_buy, cloids in ((True, self._cloids[0]), (False, self._cloids[1])):
            last_px = 0
            for level, cloid in enumerate(cloids):
                order = open_orders.get(cloid)
                away = self._distances[level] * self._width
                px = desk.round(reference * (1 - away if is_buy else 1 + away), not is_buy)
                if px == last_px or not self._present[level]:
                    # A coarse tick has brought two levels together, or there is a hole.
                    if order is not None:
                        gone.append((asset, cloid))
                    continue
                last_px = px
                wanted += 1
                if order is None:
                    missing.append(OrderIntent(asset, is_buy, px, self._lots(level, px), False, "Alo", cloid))
                    continue
                sz = order.orig_sz
                if abs(order.px - px) > self._tolerances[level] * fair or order.sz * 2 < sz:
                    rising = rising or px > order.px
                    intent = OrderIntent(asset, is_buy, px, self._lots(level, px), False, "Alo", cloid)
                    moved.append((is_buy, Modification(cloid, intent)))
        self._wanted = wanted
        commands: list[Command] = []
        if gone:
            commands.append(CancelOrdersByCloid(self.address, tuple(gone)))
        if moved:
            # The side that moves away goes first, or post-only orders would run into our own.
            moved.sort(key=lambda entry: entry[0] is rising)
            commands.append(ModifyOrders(self.address, tuple(modification for _, modification in moved)))
        if missing:
            commands.append(PlaceOrders(self.address, tuple(missing)))
        return commands

    def _lean(self) -> float:
        """How far to move down because of what is held, in basis points."""
        parameters = self._parameters
        if not parameters.skew:
            return 0.0
        held = self._desk.inventory(self.address) / (parameters.inventory_limit * self._desk.character.depth)
        # In quarters, so that each small fill does not move everything.
        return parameters.skew * self._desk.character.spread * round(4 * max(-1.0, min(1.0, held))) / 4

    def _lots(self, level: int, px: int) -> int:
        return self._desk.lots(self._notionals[level], px)
