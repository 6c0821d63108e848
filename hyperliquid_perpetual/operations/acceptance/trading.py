"""Steps that trade: an order's life far from the market, and a position's from market order to market order."""

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal

from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.operations.acceptance import sizes
from hyperliquid_perpetual.operations.acceptance.ground import VENUE_AGREES_SECONDS, Ground, fee_of, ms
from hyperliquid_perpetual.operations.acceptance.outcomes import Done, StepFailed, StepSkipped
from hyperliquid_perpetual.operations.acceptance.sizes import Quote
from hyperliquid_perpetual.trading.rejections import VenueRejection
from hyperliquid_perpetual.venue.messages import OrderUpdate
from hyperliquid_perpetual.venue.statuses import OrderPhase, phase_of


async def place_far_away(ground: Ground) -> Done:
    """Rests a post-only bid where nobody fills it."""
    word, trader = ground.may_trade(), ground.trader
    quote = sizes.far_quote(trader, ground.plan.max_notional)
    order_id = trader.place(True, quote.amount, OrderType.LIMIT_MAKER, quote.price)
    took = await trader.created(order_id, ground.plan.step_seconds)
    update = await word.order(order_id, _rests(quote), VENUE_AGREES_SECONDS, _open(quote))
    ground.resting = order_id
    oid = update.order.oid
    detail = f"bid {quote.amount:f} {word.coin} at {quote.price:f}, accepted in {ms(took)} (oid {oid})"
    return Done(detail, {"milliseconds": round(took * 1000, 1), "oid": oid, "order_id": order_id})


async def modify(ground: Ground) -> Done:
    """Moves the resting order farther away, in place; a little larger, as it must not fall below the least value."""
    word, trader, order_id = ground.may_trade(), ground.trader, ground.needs_resting()
    quote = sizes.far_quote(trader, ground.plan.max_notional, sizes.FARTHER)
    began = time.monotonic()
    try:
        async with asyncio.timeout(ground.plan.step_seconds):
            await trader.connector.amend_order(order_id, price=quote.price, amount=quote.amount)
    except TimeoutError:
        raise StepFailed(f"the order was not amended: not within {ground.plan.step_seconds:g} s") from None
    except (ValueError, VenueRejection) as error:
        raise StepFailed(f"the amendment was refused: {error}") from error
    took = time.monotonic() - began
    await word.order(order_id, _rests(quote), VENUE_AGREES_SECONDS, _open(quote))
    detail = f"now {quote.amount:f} at {quote.price:f}, in {ms(took)}, under the same id"
    return Done(detail, {"milliseconds": round(took * 1000, 1)})


async def cancel(ground: Ground) -> Done:
    """Cancels the resting order."""
    ground.may_trade()
    took = await ground.cancel(ground.needs_resting())
    return Done(f"cancelled in {ms(took)}", {"milliseconds": round(took * 1000, 1)})


async def small_fill(ground: Ground) -> Done:
    """Buys the least there is, at market."""
    ground.may_trade()
    trader = ground.trader
    amount = sizes.near_amount(trader, ground.plan.max_notional)
    order_id = trader.place(True, amount, OrderType.MARKET)
    # In a thin book the rest of it is cancelled; what it did buy is enough to go on with.
    ends = {MarketEvent.BuyOrderCompleted, MarketEvent.OrderCancelled}
    took = await trader.ended(order_id, ends, ground.plan.step_seconds)
    ground.bought = sum((fill.amount for fill in trader.fills(order_id)), Decimal(0))
    if not ground.bought:
        raise StepFailed("the market order found nobody to trade with")
    return await _traded(ground, order_id, "bought", took)


async def close(ground: Ground) -> Done:
    """Sells what was bought, at market and, when nothing was held before, reduce-only."""
    ground.may_trade()
    if not ground.bought:
        raise StepSkipped("nothing was bought")
    trader = ground.trader
    action = PositionAction.OPEN if ground.position_before else PositionAction.CLOSE
    order_id = trader.place(False, ground.bought, OrderType.MARKET, action=action)
    took = await trader.ended(order_id, {MarketEvent.SellOrderCompleted}, ground.plan.step_seconds)
    ground.bought = Decimal(0)
    return await _traded(ground, order_id, "sold", took)


async def _traded(ground: Ground, order_id: str, what: str, took: float) -> Done:
    """Compares the fills of an order, and the position after it, with the venue's."""
    word, ours = ground.said(), ground.trader.fills(order_id)
    position = await ground.position_agrees()
    said = await word.fills({order_id})
    mine = (sum((fill.amount for fill in ours), Decimal(0)), sum(map(fee_of, ours), Decimal(0)))
    theirs = (sum((fill.sz for fill in said), Decimal(0)), sum((fill.fee for fill in said), Decimal(0)))
    if mine != theirs:
        raise StepFailed(
            f"events and venue differ: size {mine[0]:f} and fee {mine[1]:f} in {len(ours)} fills by events,"
            f" {theirs[0]:f} and {theirs[1]:f} in {len(said)} by the venue"
        )
    amount, fee = theirs
    price = sum((fill.px * fill.sz for fill in said), Decimal(0)) / amount
    token = said[0].feeToken
    detail = (
        f"{what} {amount:f} {word.coin} at {price:.6g} ({amount * price:.2f} USD) in {ms(took)}, fee {fee:f} {token};"
        f" position {position:f}"
    )
    data = {
        "milliseconds": round(took * 1000, 1),
        "amount": str(amount),
        "price": str(price),
        "fee": str(fee),
        "fee_token": token,
        "fills": len(said),
    }
    return Done(detail, data)


def _rests(quote: Quote) -> Callable[[OrderUpdate], bool]:
    def is_so(update: OrderUpdate) -> bool:
        is_live = phase_of(update.status) is OrderPhase.LIVE
        return is_live and (update.order.limitPx, update.order.sz) == (quote.price, quote.amount)

    return is_so


def _open(quote: Quote) -> str:
    return f"open, {quote.amount:f} at {quote.price:f}"
