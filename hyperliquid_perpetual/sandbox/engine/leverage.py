"""Changing the leverage and the margin mode of an account in one asset (reference, section 3.5)."""

from collections.abc import Mapping

from .margin import cross_account_value, initial_margin, max_leverage_at, required_margin
from .market_state import MarketState
from .state import Clearinghouse, Position

INVALID_LEVERAGE = "Invalid leverage value"
NO_CROSS = "Cross margin is not allowed for this asset."
OPEN_POSITION = "Cannot switch leverage type with open position."


def change_leverage(
    clearinghouse: Clearinghouse,
    position: Position,
    is_cross: bool,
    leverage: int,
    markets: Mapping[int, MarketState],
) -> str | None:
    """Set leverage and mode; returns the venue's error text instead when that is not possible.

    More leverage is always possible, up to the maximum of the tier that the position is in. Less leverage needs free
    cross margin: to cover the higher initial margin, or to be moved into the isolated position.
    """
    market = position.market
    mark_px = markets[market.asset].mark_px
    notional = abs(position.notional(mark_px))
    if not 1 <= leverage <= max_leverage_at(market, notional):
        return INVALID_LEVERAGE
    if is_cross and market.only_isolated:
        return NO_CROSS
    if is_cross != position.is_cross and position.szi:
        return OPEN_POSITION
    before = position.is_cross, position.leverage
    required_before = required_margin(clearinghouse, markets)
    position.is_cross, position.leverage = is_cross, leverage
    top_up = 0
    if position.szi and not is_cross:
        top_up = max(0, initial_margin(notional, leverage) - position.isolated_usd - position.notional(mark_px))
    required = required_margin(clearinghouse, markets) + (top_up if leverage < before[1] else 0)
    if required > required_before and required > cross_account_value(clearinghouse, markets):
        position.is_cross, position.leverage = before
        kind = "Cross" if is_cross else "Isolated"
        return f"{kind} position does not have sufficient margin available to decrease leverage."
    if leverage < before[1]:
        clearinghouse.raw_usd -= top_up
        position.isolated_usd += top_up
    return None
