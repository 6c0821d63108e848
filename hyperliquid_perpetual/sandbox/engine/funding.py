"""Funding: premium samples from impact prices, the hourly rate, and what a position pays (reference, section 12)."""

from .book import BookSide
from .market_state import MarketState
from .state import Position
from .units import MICRO_USD, RATE_SCALE, divide_half_even

SAMPLE_INTERVAL = 5_000


def impact_px(side: BookSide, notional: int, lot_value: int) -> int | None:
    """The average price of trading `notional` (money) against one side of a book, in 1e-6 USD.

    When the side holds less than that, the average over all of it; None when it is empty.
    """
    lots = value = 0
    for px in side.prices():
        for order in side.orders_at(px):
            order_value = order.sz * px * lot_value
            if value + order_value >= notional:
                # lots so far + (notional - value) / (px * lot_value), over one denominator
                return divide_half_even(notional * px, lots * px * lot_value + notional - value)
            lots += order.sz
            value += order_value
    return divide_half_even(value, lots * lot_value) if lots else None


def impact_pxs(state: MarketState) -> tuple[int, int] | None:
    """Impact bid and ask of a market, None when its book has not two sides."""
    market = state.market
    notional = market.funding.impact_notional
    bid = impact_px(state.book.bids, notional, market.lot_value)
    ask = impact_px(state.book.asks, notional, market.lot_value)
    return None if bid is None or ask is None else (bid, ask)


def premium(state: MarketState) -> int | None:
    """How far the book is from the oracle now, in 1e-10; None when the book has not two sides.

    On the first dex only a book that lies wholly above or below the oracle has one; on a HIP-3 dex it is the distance
    of the middle.
    """
    impact = impact_pxs(state)
    if impact is None:
        return None
    bid, ask = impact
    oracle = state.oracle_px
    if state.market.dex:
        return divide_half_even((bid + ask - 2 * oracle) * RATE_SCALE, 2 * oracle)
    return divide_half_even((max(bid - oracle, 0) - max(oracle - ask, 0)) * RATE_SCALE, oracle)


def take_samples(state: MarketState, count: int) -> None:
    """Count the present premium `count` times; a book without two sides counts nothing."""
    sample = premium(state)
    if sample is not None:
        state.premium_sum += sample * count
        state.premium_samples += count


def mean_premium(state: MarketState) -> int:
    """The mean of the samples since the last settlement, in 1e-10; 0 without any."""
    return divide_half_even(state.premium_sum, state.premium_samples) if state.premium_samples else 0


def hourly_rate(state: MarketState) -> int:
    """The rate that would be charged if the hour ended now, in 1e-10 per hour."""
    terms = state.market.funding
    mean = mean_premium(state)
    eight_hours = mean + max(-terms.clamp, min(terms.clamp, terms.interest - mean))
    rate = divide_half_even(eight_hours * terms.multiplier_percent, 800)
    return max(-terms.hourly_cap, min(terms.hourly_cap, rate))


def payment(position: Position, oracle_px: int, rate: int) -> int:
    """What a position receives (positive) or pays at a rate, in money, rounded to 1e-6 USD."""
    return divide_half_even(-position.notional(oracle_px) * rate, RATE_SCALE * MICRO_USD) * MICRO_USD
