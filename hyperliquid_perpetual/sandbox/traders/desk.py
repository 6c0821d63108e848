"""What every trader of one market works with: its book, valid prices and sizes, random numbers, and finished orders."""

import math
from hashlib import blake2b
from random import Random

from hyperliquid_perpetual.sandbox.engine.commands import Command, OrderIntent, PlaceOrders
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.state import Account
from hyperliquid_perpetual.sandbox.engine.units import MONEY_SCALE, usd
from hyperliquid_perpetual.sandbox.market_character import Character
from hyperliquid_perpetual.sandbox.oracle import BASIS_POINT

CROSSING = 30 * BASIS_POINT
"""How far beyond the mid the limit of somebody lies who takes what there is."""
_DEEPEST = 64
"""Levels that a sweep counts at most."""


def synthetic_address(seed: int, role: str) -> str:
    """The address of a synthetic trader: nobody has its key."""
    return "0x5a" + blake2b(f"{seed}:{role}".encode(), digest_size=19).hexdigest()


class Desk:
    """One market as its traders see it. Prices are in 1e-6 USD as in the engine, notionals in USD."""

    def __init__(self, exchange: Exchange, state: MarketState, character: Character, seed: int) -> None:
        self._exchange = exchange
        self.state = state
        self.market = state.market
        self.book = state.book
        self.character = character
        self.seed = seed
        self._usd_per_lot = state.market.lot_value / MONEY_SCALE
        self._minimum = usd(10)
        self._ticks = (0, 0, 1)

    def address(self, role: str) -> str:
        """The address of whoever has a role in this market."""
        return synthetic_address(self.seed, f"{role} of {self.market.coin}")

    def random(self, role: str) -> Random:
        """The random numbers of a role: its own, so that whatever others draw leaves them as they are."""
        return Random(f"{self.seed}:{self.market.coin}:{role}")  # noqa: S311 - synthetic flow has to be repeatable

    def account(self, address: str) -> Account:
        """The account of somebody who trades here; it must have been opened."""
        return self._exchange.accounts[address]

    def inventory(self, address: str) -> float:
        """What an account holds in this market at mark, in USD, negative when short."""
        position = self.account(address).position(self.market)
        return 0.0 if position is None or not position.szi else position.szi * self.state.mark_px * self._usd_per_lot

    @property
    def mid(self) -> float | None:
        """The mid price, None when the book has not two sides."""
        doubled = self.book.doubled_mid
        return None if doubled is None else doubled / 2

    def round(self, px: float, up: bool) -> int:
        """A price that the market accepts: five significant figures, its decimals, integers always (section 6)."""
        low, high, tick = self._ticks
        if not low <= px < high:
            low, high, tick = self._ticks = self._tick_at(px)
        rounded = -int(-px // tick) * tick if up else int(px // tick) * tick
        return max(tick, rounded)

    def lots(self, notional: float, px: float) -> int:
        """A size worth about so many USD at a price, and at least what the venue accepts."""
        return max(1, round(notional / (px * self._usd_per_lot)), self.minimum_lots(int(px)))

    def minimum_lots(self, px: int) -> int:
        """The fewest lots that are worth the venue's ten dollars."""
        return -(-self._minimum // (px * self.market.lot_value))

    def take(self, account: str, is_buy: bool, notional: float) -> list[Command]:
        """Trade about so many USD with whatever is best; nothing when the book has not two sides."""
        mid = self.mid
        if mid is None:
            return []
        limit = self.round(mid * (1 + CROSSING if is_buy else 1 - CROSSING), is_buy)
        return [self._ioc(account, is_buy, limit, self.lots(notional, limit))]

    def take_to(self, account: str, is_buy: bool, limit: int) -> list[Command]:
        """Trade with everything in the book up to a price."""
        sz = 0
        for level in self.book.side(not is_buy).levels(_DEEPEST):
            if (level.px > limit) if is_buy else (level.px < limit):
                break
            sz += level.sz
        return [self._ioc(account, is_buy, limit, max(sz, self.minimum_lots(limit)))]

    def _ioc(self, account: str, is_buy: bool, limit: int, sz: int) -> Command:
        return PlaceOrders(account, (OrderIntent(self.market.asset, is_buy, limit, sz, False, "Ioc"),))

    def _tick_at(self, px: float) -> tuple[int, int, int]:
        """The prices around one that have the same tick, and that tick."""
        digits = len(str(max(1, math.floor(px))))
        figures = 10 ** max(0, digits - 5)
        return 10 ** (digits - 1), 10**digits, max(self.market.px_step, min(figures, 10**6))


def poisson(random: Random, mean: float) -> int:
    """How many of something that comes at random come now."""
    if mean <= 0:
        return 0
    limit, count, product = math.exp(-mean), 0, random.random()
    while product > limit:
        count += 1
        product *= random.random()
    return count
