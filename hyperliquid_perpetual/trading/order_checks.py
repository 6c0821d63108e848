"""What is wrong with an order before it is sent, in one sentence that says what would be valid.

Reference, section 6. Only what the venue is certain to refuse is refused here; all else is the venue's to decide.
"""

from decimal import Decimal

from ..venue.markets import Market
from ..venue.prices import MIN_NOTIONAL, aggressive_price, finest_tick, lot_size
from ..venue.twaps import MAX_MINUTES, MIN_MINUTES, MIN_USD_PER_MINUTE

BAND = Decimal("0.8")
"""Farther than this fraction from the reference price an order is refused, and its whole batch with it."""


class OrderRefused(ValueError):
    """An order that was not sent, because the venue could only refuse it."""


def check_amount(market: Market, asked: Decimal, amount: Decimal) -> None:
    """Checks a size.

    :param asked: what the strategy asked for. :param amount: the same, floored to the lot; in base units.
    :raises OrderRefused: when nothing valid is left of it.
    """
    lot = lot_size(market.sz_decimals)
    if not asked.is_finite() or asked <= 0:
        raise OrderRefused(f"the amount must be a positive number, got {asked} for {market.trading_pair}")
    if amount < lot:
        raise OrderRefused(
            f"amount {asked} is below the lot size of {market.trading_pair}: the smallest amount is {lot}"
        )


def check_price(market: Market, price: Decimal, reference: Decimal | None) -> None:
    """Checks a limit price, already rounded to the tick.

    :param reference: mark or mid price in USD, None when there is none.
    :raises OrderRefused: when it is no price, or too far away for the venue.
    """
    if not price.is_finite() or price <= 0:
        tick = finest_tick(market.sz_decimals)
        raise OrderRefused(
            f"the price must be a positive number, got {price} for {market.trading_pair}; ticks start at {tick}"
        )
    if reference is not None and reference > 0 and abs(price - reference) > BAND * reference:
        low, high = (1 - BAND) * reference, (1 + BAND) * reference
        raise OrderRefused(
            f"price {price} of {market.trading_pair} is more than 80 % away from {reference}: "
            f"the venue takes prices from {low:f} to {high:f}"
        )


def check_notional(market: Market, price: Decimal, amount: Decimal, reduces: bool) -> None:
    """Checks the value of an order; one that closes a position may be of any size.

    :raises OrderRefused: when it is below the venue's minimum.
    """
    if not reduces and price * amount < MIN_NOTIONAL:
        raise OrderRefused(
            f"an order of {amount} {market.trading_pair} at {price} is worth {price * amount:f} USD: "
            f"the smallest order is {MIN_NOTIONAL} USD"
        )


def market_order_price(market: Market, is_buy: bool, touch: Decimal, slippage: Decimal) -> Decimal:
    """The limit of an immediate-or-cancel order that stands for a market order.

    :param touch: the price it would match first, in USD. :param slippage: how much worse it may get, as a fraction.
    :raises OrderRefused: when there is no price to start from.
    """
    if not touch.is_finite() or touch <= 0:
        raise OrderRefused(
            f"there is no price for a market order of {market.trading_pair}: its book is empty or not here yet"
        )
    worst = touch * (1 + slippage) if is_buy else touch * (1 - slippage)
    # Inside the slippage the user allowed: a buy's limit rounds down, a sell's up.
    return aggressive_price(worst, market.sz_decimals, not is_buy)


def check_twap(market: Market, amount: Decimal, minutes: int, price: Decimal | None) -> None:
    """Checks the duration of a TWAP, and its value (section 3.9).

    :param price: in USD; without one the value is the venue's to check.
    :raises OrderRefused: when the venue would not take it.
    """
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not MIN_MINUTES <= minutes <= MAX_MINUTES:
        raise OrderRefused(f"a TWAP takes {MIN_MINUTES} to {MAX_MINUTES} whole minutes, got {minutes!r}")
    least = MIN_USD_PER_MINUTE * minutes
    if price is not None and amount * price < least:
        raise OrderRefused(
            f"a TWAP of {amount} {market.trading_pair} over {minutes} minutes is worth {amount * price:.2f} USD: the "
            f"smallest is {MIN_USD_PER_MINUTE} USD a minute, here {least} USD"
        )


def without_keys(domain: str) -> str:
    """Why a connector that was made without keys does not trade."""
    return f"{domain} was started without keys: it can read but not trade"
