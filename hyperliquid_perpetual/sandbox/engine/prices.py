"""Mark prices: made from the oracle, other venues and the market's own book (reference, section 14)."""

from .market_state import MarketState
from .units import DAY, divide_half_even

MARK_INTERVAL = 3_000
"""The mark is made anew every three seconds, and whenever outside prices arrive."""
EMA_TIME = 150_000
HIP3_STEP_PERCENT = 1
"""How far the mark of a HIP-3 market moves at a time."""
HIP3_DAY_FACTOR = 10
"""How many times the mark at the beginning of the UTC day it can become, or what part of it."""


def set_outside_prices(state: MarketState, oracle_px: int, external_px: int | None) -> None:
    """Take over new outside prices, rounded to the decimals that prices of the market have."""
    step = state.market.px_step
    state.oracle_px = max(step, divide_half_even(oracle_px, step) * step)
    state.external_px = state.oracle_px if external_px is None else external_px


def update_mark(state: MarketState, now: int) -> None:
    """Make the mark price as of `now`: the median of three.

    They are the oracle plus a 150 s moving average of mid - oracle; the median of best bid, best ask and last trade;
    and the price of other venues' perpetuals. Where the book has not two sides the second is the last trade, or the
    oracle when there was none. The average decays by 150 s / (150 s + elapsed), which needs no exponential.

    On a HIP-3 dex the first and the third stand for the deployer's prices, and the mark moves in bounded steps.
    """
    mid2 = state.doubled_mid
    elapsed = now - state.basis_time
    state.basis_time = now
    if mid2 is not None:
        basis = (mid2 - 2 * state.oracle_px) * 500
        if state.basis_ema is None:
            state.basis_ema = basis
        else:
            state.basis_ema = divide_half_even(state.basis_ema * EMA_TIME + basis * elapsed, EMA_TIME + elapsed)
    smoothed = state.oracle_px + divide_half_even(state.basis_ema or 0, 1_000)
    step = state.market.px_step
    mark = sorted((smoothed, _local_px(state), state.external_px))[1]
    if state.market.dex:
        mark = _hip3_clamped(state, mark, now)
    state.mark_px = max(step, divide_half_even(mark, step) * step)


def _hip3_clamped(state: MarketState, mark: int, now: int) -> int:
    """A mark of a HIP-3 market as far as it may go from the one before, which is one step of the price at least."""
    before = state.mark_px
    if state.mark_day != now // DAY:
        state.mark_day, state.day_mark_px = now // DAY, before
    reach = max(before * HIP3_STEP_PERCENT // 100, state.market.px_step)
    mark = max(before - reach, min(before + reach, mark))
    return max(-(-state.day_mark_px // HIP3_DAY_FACTOR), min(state.day_mark_px * HIP3_DAY_FACTOR, mark))


def _local_px(state: MarketState) -> int:
    bid, ask = state.book.bids.best, state.book.asks.best
    last = state.last_px
    if bid is None or ask is None:
        return state.oracle_px if last is None else last
    if last is None:
        return (bid + ask) // 2
    return sorted((bid, ask, last))[1]
