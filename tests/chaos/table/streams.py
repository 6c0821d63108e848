"""The columns of the fault table that are streams: everything that a bot subscribes to.

In each something happens at the venue that the stream tells, while the fault is there; what a bot knows of it is
compared with the venue until it is right.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hummingbot.core.data_type.common import OrderType, TradeType
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.engine.commands import CancelOrders, UpdateLeverage
from hyperliquid_perpetual.sandbox.engine.twap_commands import CancelTwap
from tests.chaos.table.cell import CellWorld, Column
from tests.chaos.table.commands import PAIR
from tests.chaos.table.questions import _candles

RIGHT, BEHIND = "right", "behind"


def _stream(
    name: str,
    act: Callable[[CellWorld], Any],
    is_right: Callable[[CellWorld], bool],
    prepare: Any = None,
    channel: str = "",
    about: str = "account",
    **more: Any,
) -> Column:
    frames: dict[str, Any] = {"channel": channel or name.split()[0]}
    if about.startswith("market"):
        frames["coin"] = "BTC"
    return Column(
        name,
        "stream",
        about,
        frames=frames,
        is_of_account=not about.startswith("market"),
        prepare=prepare,
        act=act,
        state=lambda world: RIGHT if is_right(world) else BEHIND,
        is_over=lambda world: _has_happened(world) and (is_right(world) or (name == "trades" and world.seconds() > 60)),
        **more,
    )


def _has_happened(world: CellWorld) -> bool:
    """Whether the fault has met what it was to meet, and is over."""
    return not world.exchange.faults.armed


async def _order(world: CellWorld) -> None:
    world.ids.append(world.place("BTC", "buy", OrderType.LIMIT, "0.98"))
    await asyncio.sleep(1)
    assert world.states() == "OPEN"


def _manual_cancel(world: CellWorld) -> None:
    """The user cancels the bot's order at the venue's own page."""
    oid = world.exchange.open_orders(world.bot.address)[0].oid
    world.exchange.chain.apply_now(CancelOrders(world.bot.address, ((0, oid),)))


def _is_canceled(world: CellWorld) -> bool:
    return world.states() == "CANCELED"


def _fill(world: CellWorld) -> None:
    world.exchange.fill(world.bot.address, world.ids[0])


def _is_filled(world: CellWorld) -> bool:
    return world.states() == "FILLED" and len(world.bot.events(MarketEvent.OrderFilled)) == 1


def _has_position(world: CellWorld) -> bool:
    position = world.bot.connector.get_position(PAIR)
    return position is not None and position.amount == world.exchange.account(world.bot.address).position("BTC")


def _manual_leverage(world: CellWorld) -> None:
    """The user sets the leverage at the venue's own page."""
    world.exchange.chain.apply_now(UpdateLeverage(world.bot.address, 0, is_cross=True, leverage=9))


def _knows_leverage(world: CellWorld) -> bool:
    known = world.bot.connector._account.leverage("BTC")
    return known is not None and known.value == 9


async def _position(world: CellWorld) -> None:
    world.place("BTC", "buy", OrderType.MARKET, "1")
    await asyncio.sleep(2)


def _is_paid(world: CellWorld) -> bool:
    return [kind for kind, _ in world.bot.history].count(MarketEvent.FundingPaymentCompleted) == 1


def _deposit(world: CellWorld) -> None:
    world.exchange.fund(world.bot.address, 1000, "spot", "PURR")


def _knows_spot(world: CellWorld) -> bool:
    spot = world.bot.connector._account._spot
    return spot is not None and any(row.coin == "PURR" and row.total == 1000 for row in spot.balances)


async def _twap(world: CellWorld) -> None:
    world.ids.append(world.bot.connector.place_twap(PAIR, TradeType.BUY, Decimal("0.1"), 5))
    await asyncio.sleep(2)


def _knows_slices(world: CellWorld) -> bool:
    there = sum((fill.size for fill in world.exchange.fills(world.bot.address)), Decimal(0))
    return world.seconds() > 35 and world.bot.order(world.ids[0]).executed_amount_base == there


def _stop_twap(world: CellWorld) -> None:
    """The user stops it at the venue's own page."""
    twap = world.exchange.twaps(world.bot.address)[0]
    world.exchange.chain.apply_now(CancelTwap(world.bot.address, 0, twap.twap_id))


def _move(world: CellWorld) -> None:
    world.move("BTC", "1.01")


def _knows_best(world: CellWorld) -> bool:
    book = world.exchange.book("BTC")
    connector = world.bot.connector
    known = connector.get_price(PAIR, False), connector.get_price(PAIR, True)
    return known == (book.bids[0].price, book.asks[0].price)


def _knows_depth(world: CellWorld) -> bool:
    """All levels that the deep stream has."""
    book = world.exchange.book("BTC", 20)
    bids = [row.price for row in world.bot.connector.get_order_book(PAIR).bid_entries()]
    there = [float(level.price) for level in book.bids]
    return bids[: len(there)] == there


def _trade(world: CellWorld) -> None:
    """Somebody buys the best offer."""
    price = world.exchange.book("BTC").asks[0].price
    world.extra["traded"] = price
    world.exchange.trade_through("BTC", price)


def _knows_trade(world: CellWorld) -> bool:
    known = world.bot.connector._market_data._coins["BTC"].last_trade
    return known is not None and Decimal(known) == world.extra["traded"]


def _knows_mark(world: CellWorld) -> bool:
    mark = world.bot.connector.get_funding_info(PAIR).mark_price
    return abs(mark / (world.exchange.book("BTC").mid or 1) - 1) < Decimal("0.002")


def _candle_is_right(world: CellWorld) -> bool:
    feed = world.extra["candles"]
    return bool(feed.ready and feed.candles_df["high"].max() >= float(world.extra["traded"]))


async def _with_candles(world: CellWorld) -> None:
    _candles(world)
    while not world.extra["candles"].ready:  # noqa: ASYNC110 - it is asked, not told
        await asyncio.sleep(0.5)


STREAMS = [
    _stream("orderUpdates", _manual_cancel, _is_canceled, _order),
    _stream("userFills", _fill, _is_filled, _order, fills=True, about="told twice"),
    _stream("userEvents", _fill, _is_filled, _order, channel="user", fills=True, about="told twice"),
    _stream("userFundings", lambda _world: None, _is_paid, _position, minute=59.8, about="now and then"),
    _stream("allDexsClearinghouseState", _fill, _has_position, _order),
    _stream("spotState", _deposit, _knows_spot),
    _stream("activeAssetData", _manual_leverage, _knows_leverage),
    _stream("userTwapHistory", _stop_twap, _is_canceled, _twap, about="told twice"),
    _stream("userTwapSliceFills", lambda _world: None, _knows_slices, _twap, fills=True, about="now and then"),
    _stream("bbo", _move, _knows_best, about="market"),
    _stream("l2Book", _move, _knows_depth, about="market, now and then"),
    _stream("activeAssetCtx", _move, _knows_mark, about="market, now and then"),
    _stream("trades", _trade, _knows_trade, about="market"),
    _stream("candle", _trade, _candle_is_right, _with_candles, about="market, now and then"),
]
