"""Steps about what a bot has to get right when the network fails it: reconnecting, and agreeing with the venue."""

from decimal import Decimal

from hummingbot.core.data_type.common import OrderType

from hyperliquid_perpetual.operations.acceptance import sizes
from hyperliquid_perpetual.operations.acceptance.ground import VENUE_AGREES_SECONDS, Ground, fee_of, ms
from hyperliquid_perpetual.operations.acceptance.outcomes import Done, StepFailed, StepSkipped
from hyperliquid_perpetual.venue.statuses import OrderPhase, phase_of

SOCKETS_OF_THE_MARKET = 2


async def reconnect(ground: Ground) -> Done:
    """Drops every socket with an order resting, and looks whether all of it is known again afterwards."""
    word, trader = ground.said(), ground.trader
    connector = trader.connector
    order_id = await _rest_an_order(ground)
    account, market = connector._user_stream_tracker.data_source, connector._orderbook_ds
    before = (account.reconnects, market.reconnects)
    account.replace_socket("acceptance: dropped on purpose")
    market.replace_sockets("acceptance: dropped on purpose")
    took = await trader.until(
        lambda: (
            account.reconnects > before[0]
            and market.reconnects >= before[1] + SOCKETS_OF_THE_MARKET
            and connector.ready
            and (order_id is None or order_id in connector.in_flight_orders)
        ),
        ground.plan.step_seconds,
        "dropped sockets are replaced and the connector is ready again",
    )
    detail = f"three sockets dropped, ready again in {took:.1f} s"
    if order_id is not None:
        await word.order(
            order_id, lambda update: phase_of(update.status) is OrderPhase.LIVE, VENUE_AGREES_SECONDS, "still open"
        )
        cancelled = await ground.cancel(order_id)
        detail += f"; the order that rested is still known, and cancelled in {ms(cancelled)}"
    return Done(detail, {"seconds": round(took, 2), "with_order": order_id is not None})


async def _rest_an_order(ground: Ground) -> str | None:
    """The id of an order that rests; None where none may be placed: sockets can be dropped without one, too."""
    trader = ground.trader
    try:
        ground.may_trade()
        quote = sizes.far_quote(trader, ground.plan.max_notional)
    except StepSkipped:
        return None
    order_id = trader.place(True, quote.amount, OrderType.LIMIT_MAKER, quote.price)
    await trader.created(order_id, ground.plan.step_seconds)
    return order_id


async def reconcile(ground: Ground) -> Done:
    """Compares all that the connector holds of this run with the venue's own records."""
    word, trader = ground.said(), ground.trader
    if not trader.placed:
        raise StepSkipped("nothing was placed")
    await trader.until(lambda: not trader.pending, VENUE_AGREES_SECONDS, "no order of this run is pending any more")
    resting = [order.oid for order in await word.open_orders() if order.cloid in trader.placed]
    if resting:
        raise StepFailed(f"the venue has orders of this run open that the connector has not: {resting}")
    position = await ground.position_agrees()
    ours, said = trader.fills(), await word.fills(trader.placed)
    mine = sorted((fill.order_id, fill.amount, fill.price) for fill in ours)
    theirs = sorted((str(fill.cloid), fill.sz, fill.px) for fill in said)
    if mine != theirs:
        raise StepFailed(f"{len(mine)} fills by events and {len(theirs)} by the venue differ: {mine}; {theirs}")
    fees = sum((fill.fee for fill in said), Decimal(0))
    told = sum(map(fee_of, ours), Decimal(0))
    if told != fees:
        raise StepFailed(f"fees are {told:f} by events and {fees:f} by the venue")
    detail = (
        f"{len(trader.placed)} orders, {len(said)} fills, fees {fees:f}, position {position:f}: connector and venue"
        " agree, nothing is open"
    )
    return Done(detail, {"orders": len(trader.placed), "fills": len(said), "fees": str(fees)})
