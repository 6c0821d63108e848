"""Moving margin into and out of an isolated position (reference, sections 3.5 and 14).

What goes in must be free cross margin. What stays after a removal must be at least the greater of the initial margin
and a tenth of the notional, as for every transfer out. The reference has no texts for these errors; they are ours.
"""

from collections.abc import Mapping

from .margin import cross_account_value, initial_margin, position_margin, required_margin
from .market_state import MarketState
from .state import Clearinghouse, Position
from .units import MICRO_USD, dollars_text

LEVERAGE_SCALE = 10**6

NO_ISOLATED_POSITION = "No isolated position to change the margin of."
NO_MOVE = "Isolated margin change must not be zero."
NO_REMOVAL = "Margin cannot be removed from a position of this asset."
NOT_ENOUGH_CROSS = "Insufficient margin available to add to the isolated position."
NOT_ISOLATED_ONLY = "Only assets without cross margin can be topped up to a leverage."
BAD_TARGET = "Invalid leverage value"


def move_isolated_margin(
    clearinghouse: Clearinghouse, position: Position | None, amount: int, markets: Mapping[int, MarketState]
) -> str | None:
    """Move `amount` (money; negative: out of the position); returns an error text when that is not possible."""
    if position is None or not position.szi or position.is_cross:
        return NO_ISOLATED_POSITION
    if amount == 0:
        return NO_MOVE
    if amount > 0:
        if cross_account_value(clearinghouse, markets) - required_margin(clearinghouse, markets) < amount:
            return NOT_ENOUGH_CROSS
    else:
        if position.market.margin_mode == "strictIsolated":
            return NO_REMOVAL
        mark_px = markets[position.asset].mark_px
        notional = abs(position.notional(mark_px))
        needed = max(initial_margin(notional, position.leverage), -(-notional // 10))
        if position_margin(position, mark_px) + amount < needed:
            return f"Isolated margin must stay at least ${dollars_text(needed)}."
    clearinghouse.raw_usd -= amount
    position.isolated_usd += amount
    return None


def top_up_isolated_margin(
    clearinghouse: Clearinghouse, position: Position | None, leverage: int, markets: Mapping[int, MarketState]
) -> str | None:
    """Add what brings an isolated-only position down to a leverage (1e-6); returns an error text instead.

    The leverage meant here is notional / margin of the position itself, not the account's setting for the asset. What
    is added is a whole number of micro dollars.
    """
    if position is None or not position.szi or position.is_cross:
        return NO_ISOLATED_POSITION
    if not position.market.only_isolated:
        return NOT_ISOLATED_ONLY
    if leverage <= 0:
        return BAD_TARGET
    mark_px = markets[position.asset].mark_px
    wanted = -(-abs(position.notional(mark_px)) * LEVERAGE_SCALE // leverage)
    missing = wanted - position_margin(position, mark_px)
    if missing <= 0:
        return BAD_TARGET
    return move_isolated_margin(clearinghouse, position, -(-missing // MICRO_USD) * MICRO_USD, markets)
