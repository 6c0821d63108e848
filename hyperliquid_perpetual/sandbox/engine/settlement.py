"""The end of a market: every order is canceled and every position settled at one price, without fees.

What the longs get the shorts pay, to the last unit, because both sides are booked at the same price. Each position ends
in one fill of its own, of the kind `Settlement` (reference, section 11), which is no trade and has no counterparty.
"""

from collections.abc import Mapping

from msgspec import structs

from .accounts import apply_fill
from .events import FillMade
from .market_state import MarketState
from .matching import trade_id
from .orders import OrderDesk
from .outbox import Outbox
from .records import Fill, OrderStatus
from .state import Account, Position

SETTLEMENT = "Settlement"


def delist(
    state: MarketState, settlement_px: int, accounts: Mapping[str, Account], desk: OrderDesk, outbox: Outbox
) -> None:
    """End a market. It keeps its place, its history and its asset id, and is marked as delisted."""
    market = state.market
    for account in accounts.values():
        # The end of a parent can arm its children, which then end as well.
        while mine := [order for order in account.open_orders.values() if order.asset == market.asset]:
            desk.cancel(mine[0], OrderStatus.DELISTED_CANCELED)
    for account in accounts.values():
        position = account.position(market)
        if position is not None and position.szi:
            _settle(state, account, position, settlement_px, desk, outbox)
    state.open_interest = 0
    state.market = structs.replace(market, is_delisted=True)
    outbox.touch_book(market.asset)


def _settle(state: MarketState, account: Account, position: Position, px: int, desk: OrderDesk, outbox: Outbox) -> None:
    market = state.market
    house = account.clearinghouse(market.dex)
    start = position.szi
    closed_pnl = apply_fill(house, position, -start, px, 0)
    oid = desk.take_oid()
    fill = Fill(
        account.address,
        market.asset,
        market.coin,
        px,
        abs(start),
        start < 0,
        outbox.time,
        start,
        SETTLEMENT,
        closed_pnl,
        outbox.tx_hash,
        oid,
        False,
        0,
        market.collateral,
        trade_id(oid, oid),
        None,
    )
    account.fills.append(fill)
    outbox.emit(FillMade(outbox.time, fill))
    outbox.touch_position(account, position)
    outbox.touch_cash(account, house)
