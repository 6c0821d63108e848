"""Priority fees: orders that pay to come first among their kind (reference, section 15).

A priority of p costs p / 1e8 of the notional, in HYPE from what is not delegated in the staking account: of an Ioc what
was filled, of a post-only order what came to rest. All orders of the action must be of one of these two kinds. In a
block the greater priority comes first; a post-only order passes those of its price that came within the last 400 ms
and pay less. HYPE is reckoned at the mark price of its perpetual, which is ours, and so are the texts.
"""

from collections.abc import Mapping

from .commands import PlaceOrders
from .events import Filled, ItemStatus, PriorityPaid, Resting
from .market_state import MarketState
from .outbox import Outbox
from .state import Account
from .units import MICRO_USD, PRICE_SCALE, divide_half_even

SCALE = 10**8
REORDER_WINDOW = 400
HYPE_COIN = "HYPE"

NOT_ALONE = "Priority fees are for orders that are all Ioc, or all post-only and not reduce-only."
TOO_HIGH = "Priority fee cannot be more than 100%."
NO_HYPE_PRICE = "Priority fees cannot be paid: this exchange lists no HYPE perpetual to reckon them in."
TOO_LITTLE_HYPE = "Insufficient undelegated staking balance for the priority fee."


def priority_error(account: Account, command: PlaceOrders, markets: Mapping[int, MarketState]) -> str | None:
    """Why an action with a priority is refused as a whole; there must be enough HYPE for all of its orders."""
    orders, priority = command.orders, command.priority
    all_ioc = all(order.tif == "Ioc" and order.trigger is None for order in orders)
    all_alo = all(order.tif == "Alo" and order.trigger is None and not order.reduce_only for order in orders)
    if command.grouping != "na" or not (all_ioc or all_alo):
        return NOT_ALONE
    if priority > SCALE:
        return TOO_HIGH
    price = hype_price(markets)
    if price is None:
        return NO_HYPE_PRICE
    # An Ioc sale may be filled above its limit, by as much as the book has to offer: the mark stands for that.
    value = sum(
        max(order.px, markets[order.asset].mark_px) * order.sz * markets[order.asset].market.lot_value
        for order in orders
    )
    if priority_fee(value, priority, price) > account.fee_standing.undelegated:
        return TOO_LITTLE_HYPE
    return None


def take_priority(
    account: Account,
    command: PlaceOrders,
    statuses: tuple[ItemStatus, ...],
    markets: Mapping[int, MarketState],
    outbox: Outbox,
) -> None:
    """Give the orders of an action that has just been done the place that they pay for, and charge it."""
    value = 0
    for intent, status in zip(command.orders, statuses, strict=True):
        if isinstance(status, Filled):
            value += status.notional
        elif isinstance(status, Resting):
            order = account.open_orders[status.oid]
            order.priority = command.priority
            markets[intent.asset].book.side(order.is_buy).promote(order, outbox.time - REORDER_WINDOW)
            value += order.px * order.sz * markets[intent.asset].market.lot_value
    price = hype_price(markets)
    fee = 0 if price is None else min(priority_fee(value, command.priority, price), account.fee_standing.undelegated)
    if fee:
        account.fee_standing.undelegated -= fee
        outbox.emit(PriorityPaid(outbox.time, account.address, fee))


def hype_price(markets: Mapping[int, MarketState]) -> int | None:
    """The mark price of HYPE (1e-6 USD), None where it is not traded."""
    for state in markets.values():
        if state.market.coin == HYPE_COIN and not state.market.is_delisted:
            return state.mark_px
    return None


def priority_fee(value: int, priority: int, price: int) -> int:
    """HYPE (money units, rounded to millionths) for a notional in money."""
    return divide_half_even(value * priority * PRICE_SCALE, SCALE * price * MICRO_USD) * MICRO_USD
