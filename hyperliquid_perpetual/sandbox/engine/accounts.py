"""What a match does to an account: cash, position, cost, margin of an isolated position.

Cash follows the venue: buying takes the notional from the raw USD and selling adds it, so that account value is raw USD
plus position x mark whatever was paid. An isolated position has raw USD of its own: opening moves notional / leverage
into it, closing releases its equity at the price of the match in proportion to what is closed.
"""

from .margin import initial_margin
from .state import Clearinghouse, Position
from .units import divide_half_even


def fill_dir(start: int, end: int) -> str:
    """The venue's word for a match that moves a position from `start` to `end` (reference, section 11)."""
    if start > 0:
        if end > start:
            return "Open Long"
        return "Close Long" if end >= 0 else "Long > Short"
    if start < 0:
        if end < start:
            return "Open Short"
        return "Close Short" if end <= 0 else "Short > Long"
    return "Open Long" if end > 0 else "Open Short"


def apply_fill(clearinghouse: Clearinghouse, position: Position, signed_sz: int, px: int, fee: int) -> int:
    """Book a match of `signed_sz` lots (bought positive) and its fee; returns the closed PnL before fees, in money."""
    lot_money = px * position.market.lot_value
    start = position.szi
    held = abs(start)
    size = abs(signed_sz)
    closing = 0 if start == 0 or (start > 0) == (signed_sz > 0) else min(size, held)
    opening = size - closing
    closed_pnl = 0
    released_cost = 0
    if closing:
        released_cost = position.cost if closing == held else divide_half_even(position.cost * closing, held)
        closed_pnl = closing * lot_money - released_cost
        if start < 0:
            closed_pnl = -closed_pnl
    cash = -signed_sz * lot_money
    if position.is_cross:
        clearinghouse.raw_usd += cash - fee
    else:
        moved = -initial_margin(opening * lot_money, position.leverage)
        if closing:
            equity = position.isolated_usd + start * lot_money
            moved += equity * closing // held
        position.isolated_usd += cash - moved
        clearinghouse.raw_usd += moved - fee
    position.cost += opening * lot_money - released_cost
    position.szi = start + signed_sz
    position.funding_since_change = 0
    if opening and (closing or not start):
        position.funding_since_open = 0
    return closed_pnl
