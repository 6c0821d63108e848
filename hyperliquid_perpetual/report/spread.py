"""What the bot earned between its buys and its sells, before fees.

Captured is the difference of the average sell and the average buy price, on the volume that was both bought and sold.
For a market maker that is the spread it was paid for quoting; for a strategy with a direction it is what its direction
earned. Where prices of the market are recorded, each fill is also measured against the mid right before it.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hyperliquid_perpetual.report.database import Fill, Quote

OLDEST_MID_MS = 60_000
"""A mid that is older than this says nothing about a fill."""

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Capture:
    """One pair. Prices and money in USD, sizes in the coin, fractions of the price."""

    bought: Decimal
    sold: Decimal
    average_buy: Decimal | None
    average_sell: Decimal | None
    against_mid: Decimal | None
    """How much better than the mid fills were on average, weighted by volume; None where no mids are recorded."""
    fills_with_mid: int

    @property
    def matched(self) -> Decimal:
        """The volume that was both bought and sold."""
        return min(self.bought, self.sold)

    @property
    def captured(self) -> Decimal | None:
        """What the matched volume earned; None when only one side was traded."""
        if self.average_buy is None or self.average_sell is None:
            return None
        return (self.average_sell - self.average_buy) * self.matched

    @property
    def captured_rate(self) -> Decimal | None:
        """The same as a fraction of the average price."""
        if self.average_buy is None or self.average_sell is None:
            return None
        return 2 * (self.average_sell - self.average_buy) / (self.average_sell + self.average_buy)


def capture(fills: Sequence[Fill], quotes: Sequence[Quote]) -> Capture:
    """Of the fills and recorded prices of one pair, each oldest first."""
    buys = [fill for fill in fills if fill.is_buy]
    sells = [fill for fill in fills if not fill.is_buy]
    against_mid, measured = _against_mid(fills, quotes)
    return Capture(
        bought=_size(buys),
        sold=_size(sells),
        average_buy=_average(buys),
        average_sell=_average(sells),
        against_mid=against_mid,
        fills_with_mid=measured,
    )


def _size(fills: Sequence[Fill]) -> Decimal:
    return sum((fill.size for fill in fills), _ZERO)


def _average(fills: Sequence[Fill]) -> Decimal | None:
    size = _size(fills)
    return sum((fill.notional for fill in fills), _ZERO) / size if size else None


def _against_mid(fills: Sequence[Fill], quotes: Sequence[Quote]) -> tuple[Decimal | None, int]:
    times = [quote.time_ms for quote in quotes]
    earned = worth = _ZERO
    measured = 0
    for fill in fills:
        place = bisect.bisect_left(times, fill.time_ms) - 1
        if place < 0 or fill.time_ms - times[place] > OLDEST_MID_MS:
            continue
        mid = quotes[place].mid
        earned += (mid - fill.price if fill.is_buy else fill.price - mid) * fill.size
        worth += mid * fill.size
        measured += 1
    return (earned / worth if worth else None), measured
