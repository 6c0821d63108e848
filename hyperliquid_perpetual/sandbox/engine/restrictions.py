"""What the exchange does not accept for a while: windows after an upgrade, markets whose open interest is capped."""

from dataclasses import dataclass, field

from .commands import OrderIntent
from .market_state import MarketState
from .records import OrderStatus
from .state import Position

POST_ONLY = "Only post-only orders allowed immediately after network upgrade"
CAPPED = "Order would increase open interest while open interest is capped"


@dataclass(slots=True)
class Restrictions:
    """The present ones; changed by `world_commands.Restrict` alone."""

    post_only: bool = False
    """Only post-only orders are taken (reference, section 15)."""
    capped: set[int] = field(default_factory=set)
    """Assets in which no position may grow."""


def restriction(
    position: Position | None, intent: OrderIntent, state: MarketState, restrictions: Restrictions
) -> tuple[OrderStatus, str] | None:
    """What the restrictions have against an order: its status in the history, and the venue's text."""
    if restrictions.post_only and intent.tif != "Alo" and intent.trigger is None:
        return OrderStatus.REJECTED, POST_ONLY
    if state.market.asset in restrictions.capped and not intent.reduce_only:
        held = 0 if position is None else position.szi
        after = held + (intent.sz if intent.is_buy else -intent.sz)
        if held and after and (held > 0) != (after > 0):
            return OrderStatus.POSITION_FLIP_AT_CAP_REJECTED, CAPPED
        if abs(after) > abs(held):
            return OrderStatus.POSITION_INCREASE_AT_CAP_REJECTED, CAPPED
    return None
