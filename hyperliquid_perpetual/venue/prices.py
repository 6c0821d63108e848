"""Which prices and sizes the venue accepts.

Reference, section 6: a price has at most five significant figures and at most 6 - szDecimals decimals, and integers are
always allowed; a size has at most szDecimals decimals. The tick therefore depends on the price and changes at powers of
ten: one fixed increment per market is wrong.
"""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Context, Decimal, InvalidOperation

SIGNIFICANT_FIGURES = 5
MAX_PRICE_DECIMALS = 6
MIN_NOTIONAL = Decimal(10)
"""The smallest order, in USD. A reduce-only order that closes a position may be smaller."""

_POWERS = {exponent: Decimal(1).scaleb(exponent) for exponent in range(-12, 1)}
# Not the caller's context: what another library sets there must not change a price.
_CONTEXT = Context(prec=28, traps=[InvalidOperation])


def price_tick(price: Decimal, sz_decimals: int) -> Decimal:
    """The distance to the neighbouring valid prices at this price, in USD.

    ``max(10^-(6 - szDecimals), min(1, 10^(floor(log10 price) - 4)))``; the finest one unless the price is positive.
    """
    finest = sz_decimals - MAX_PRICE_DECIMALS
    if not price.is_finite() or price <= 0:
        return _POWERS[finest]
    by_figures = price.adjusted() - (SIGNIFICANT_FIGURES - 1)
    return _POWERS[min(0, max(finest, by_figures))]


def finest_tick(sz_decimals: int) -> Decimal:
    """The finest tick a market can have, in USD: 10^-(6 - szDecimals)."""
    return _POWERS[sz_decimals - MAX_PRICE_DECIMALS]


def floor_price(price: Decimal, sz_decimals: int) -> Decimal:
    """The highest valid price that is not above ``price``; zero when there is none. NaN and infinities stay."""
    return _quantize(price, price_tick(price, sz_decimals), ROUND_FLOOR)


def ceil_price(price: Decimal, sz_decimals: int) -> Decimal:
    """The lowest valid price that is not below ``price``. NaN and infinities stay."""
    # Rounding up may cross a power of ten, which is itself valid under the coarser tick above it.
    return _quantize(price, price_tick(price, sz_decimals), ROUND_CEILING)


def passive_price(price: Decimal, sz_decimals: int, is_buy: bool) -> Decimal:
    """The nearest valid price that does not give more than ``price``: bids round down, asks round up."""
    return floor_price(price, sz_decimals) if is_buy else ceil_price(price, sz_decimals)


def aggressive_price(price: Decimal, sz_decimals: int, is_buy: bool) -> Decimal:
    """The nearest valid price that does not give less than ``price``: bids round up, asks round down."""
    return ceil_price(price, sz_decimals) if is_buy else floor_price(price, sz_decimals)


def nearest_price(price: Decimal, sz_decimals: int) -> Decimal:
    """The valid price closest to ``price``: for trigger prices, which have no passive side."""
    below, above = floor_price(price, sz_decimals), ceil_price(price, sz_decimals)
    return below if below > 0 and price - below <= above - price else above


def is_valid_price(price: Decimal, sz_decimals: int) -> bool:
    """Whether the venue would accept the price as it is."""
    return price.is_finite() and price > 0 and floor_price(price, sz_decimals) == price


def lot_size(sz_decimals: int) -> Decimal:
    """The size step of a market, in base units: 10^-szDecimals."""
    return _POWERS[-sz_decimals]


def floor_size(size: Decimal, sz_decimals: int) -> Decimal:
    """The largest valid size not larger than ``size`` (towards zero), in base units. NaN and infinities stay."""
    return _quantize(size, lot_size(sz_decimals), ROUND_DOWN)


def is_valid_size(size: Decimal, sz_decimals: int) -> bool:
    """Whether the venue would accept the size as it is."""
    return size.is_finite() and size > 0 and floor_size(size, sz_decimals) == size


def _quantize(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    try:
        return value.quantize(step, rounding, _CONTEXT)
    except InvalidOperation:
        # Infinite, or longer than the context. Every step divides 1, so an integer is a multiple as it is.
        if not value.is_finite() or value == value.to_integral_value():
            return value
        return value.quantize(step, rounding, Context(prec=len(value.as_tuple().digits) + 1))
