"""The connector on exchanges that behave in either way wherever the venue's reference is unconfirmed or contested.

The first test goes through all switches of the sandbox by itself: one trading session under each value, after which the
bot's books and the exchange's must be the same. The others look at what one switch alone can break.
`docs/unconfirmed.md` names them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.event_forwarder import EventForwarder
from hummingbot.core.event.events import MarketEvent, OrderBookEvent, OrderBookTradeEvent

from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from hyperliquid_perpetual.sandbox.market_streams import Cadence
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.subscriptions import Trades
from hyperliquid_perpetual.trading.rejections import VenueRejection
from hyperliquid_perpetual.venue.frames import UserEvent
from tests.bot import OVER_HTTP, Bot, eventually, trading_bot
from tests.unit.sandbox.client import Client, order, wallet

CHOICES = VenueQuirks().choices
BEHAVIOURS: dict[str, dict[str, str]] = {
    "as most likely": {},  # the first value of every switch
    **{f"{choice.name}={value}": {choice.name: value} for choice in CHOICES for value in choice.values[1:]},
}


@asynccontextmanager
async def bot_on(*pairs: str, **quirks: str) -> AsyncIterator[Bot]:
    """A ready bot on an exchange with these quirks."""
    async with (
        Sandbox(seed=7, market="still", block_ms=0, quirks=quirks) as exchange,
        trading_bot(*(pairs or ("BTC-USD",)), exchange=exchange) as bot,
    ):
        yield bot


async def in_agreement(bot: Bot, timeout: float = 15.0) -> None:
    """Waits until the bot's positions, orders and fills are those of the exchange."""
    await eventually(lambda: not differences(bot), timeout, lambda: f"{differences(bot)}\n{bot.log}")


def differences(bot: Bot) -> list[str]:
    """What the bot believes otherwise than the exchange."""
    found = []
    account = bot.exchange.account(bot.address)
    believed = {pair: position.amount for pair, position in bot.connector.account_positions.items()}
    real = {f"{position.coin}-USD": position.size for position in account.positions}
    if believed != real:
        found.append(f"positions {believed}, at the exchange {real}")
    tracked = {order.client_order_id for order in bot.connector.in_flight_orders.values() if order.is_open}
    resting = {order.cloid for order in account.open_orders}
    if tracked != resting:
        found.append(f"open orders {tracked}, at the exchange {resting}")
    booked = sorted(
        (event.order_id, event.price, event.amount, event.trade_fee.flat_fees[0].amount)
        for event in bot.events(MarketEvent.OrderFilled)
    )
    made = sorted((fill.cloid or "", fill.price, fill.size, fill.fee) for fill in account.fills)
    if booked != made:
        found.append(f"fills {booked}, at the exchange {made}")
    return found


# ---------------------------------------------------------------------- every switch


@pytest.mark.parametrize("quirks", BEHAVIOURS.values(), ids=list(BEHAVIOURS))
async def test_trading_session_ends_in_agreement(quirks: dict[str, str]) -> None:
    """Match in part on arrival, rest, fill in part, be cancelled, be refused, lose the stream, trade at market."""
    async with bot_on(**quirks) as bot:
        exchange = bot.exchange
        ask = exchange.book("BTC").asks[0]
        crossing = bot.place("buy", "BTC-USD", str(ask.size + Decimal("0.01")), str(ask.price))
        await eventually(lambda: bot.state(crossing) is OrderState.PARTIALLY_FILLED, 10, lambda: str(bot.log))
        left = exchange.order(bot.address, crossing)
        assert left is not None
        assert (left.status, left.remaining) == ("open", Decimal("0.01"))

        bot.connector.cancel("BTC-USD", crossing)
        await eventually(lambda: bot.state(crossing) is OrderState.CANCELED, 10)

        resting = await bot.open_order("buy", "BTC-USD", "0.02", bot.price("BTC", "0.999"))
        exchange.fill(bot.address, resting, "0.005")
        await eventually(lambda: bot.order(resting).executed_amount_base == Decimal("0.005"), 10)
        bot.connector.cancel("BTC-USD", resting)
        await eventually(lambda: bot.state(resting) is OrderState.CANCELED, 10)

        refused = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "1.01"), OrderType.LIMIT_MAKER)
        await eventually(lambda: bot.state(refused) is OrderState.FAILED, 10)
        (failure,) = bot.events(MarketEvent.OrderFailure, refused)
        assert "Post only order would have immediately matched" in failure.error_message
        await in_agreement(bot)

        kept = await bot.open_order("sell", "BTC-USD", "0.01", bot.price("BTC", "1.01"))
        gone = await bot.open_order("sell", "BTC-USD", "0.02", bot.price("BTC", "1.005"))
        exchange.faults.lose_user_frames()
        exchange.fill(bot.address, gone)
        await asyncio.sleep(0.05)
        assert bot.state(gone) is OrderState.OPEN, "its fill was lost on the way"
        exchange.faults.lose_user_frames(False)
        await bot.lose_streams()
        await bot.ready(30)
        await eventually(lambda: bot.state(gone) is OrderState.FILLED, 10)
        assert bot.state(kept) is OrderState.OPEN

        size = bot.connector.account_positions["BTC-USD"].amount
        closing = bot.place(
            "sell", "BTC-USD", str(size), order_type=OrderType.MARKET, position_action=PositionAction.CLOSE
        )
        await eventually(lambda: bot.state(closing) is OrderState.FILLED, 10, lambda: str(bot.log))
        await in_agreement(bot)
        assert not bot.connector.account_positions
        assert not bot.log.errors
        kinds = [kind for kind, event in bot.history if getattr(event, "order_id", "") == crossing]
        assert kinds == [MarketEvent.BuyOrderCreated, MarketEvent.OrderFilled, MarketEvent.OrderCancelled]


# ---------------------------------------------------------------------- orders


@pytest.mark.parametrize("value", ["allowed", "refused"])
async def test_dust_is_closed_or_refused_once_and_never_tried_again(value: str) -> None:
    async with bot_on(small_reduce_only_close=value) as bot:
        exchange = bot.exchange
        opening = bot.place("buy", "BTC-USD", "0.0003", order_type=OrderType.MARKET)
        await eventually(lambda: bot.state(opening) is OrderState.FILLED, 10)
        await in_agreement(bot)
        most = bot.place("sell", "BTC-USD", "0.0002", order_type=OrderType.MARKET, position_action=PositionAction.CLOSE)
        await eventually(lambda: bot.state(most) is OrderState.FILLED, 10)
        await in_agreement(bot)
        sent = len(exchange.requests("/exchange", "order"))
        dust = bot.place("sell", "BTC-USD", "0.0001", order_type=OrderType.MARKET, position_action=PositionAction.CLOSE)
        end = OrderState.FILLED if value == "allowed" else OrderState.FAILED
        await eventually(lambda: bot.state(dust) is end, 10, lambda: str(bot.log))
        assert len(exchange.requests("/exchange", "order")) == sent + 1
        await in_agreement(bot)
        if value == "refused":
            (failure,) = bot.events(MarketEvent.OrderFailure, dust)
            assert "minimum value" in failure.error_message


@pytest.mark.parametrize(
    ("value", "end"), [("cancels_old", OrderState.CANCELED), ("keeps_old", OrderState.OPEN)], ids=str
)
async def test_refused_amendment_leaves_the_order_as_the_venue_left_it(value: str, end: OrderState) -> None:
    async with bot_on(refused_modify=value) as bot:
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"), OrderType.LIMIT_MAKER)
        await eventually(lambda: bot.state(order_id) is OrderState.OPEN)
        with pytest.raises(VenueRejection, match="Post only order would have immediately matched"):
            await bot.connector.amend_order(order_id, price=Decimal(bot.price("BTC", "1.01")))
        await eventually(lambda: bot.state(order_id) is end, 10, lambda: str(bot.log))
        await in_agreement(bot)
        if end is OrderState.OPEN:
            await bot.connector.amend_order(order_id, price=Decimal(bot.price("BTC", "0.98")))
            bot.connector.cancel("BTC-USD", order_id)
            await eventually(lambda: bot.state(order_id) is OrderState.CANCELED, 10)
            await in_agreement(bot)


@pytest.mark.parametrize("value", ["newest", "oldest"])
async def test_amended_order_is_still_open_whichever_of_its_oids_the_venue_tells_of(value: str) -> None:
    """A sweep finds the replacement although the status of the cloid may be that of the old leg, which is canceled."""
    async with bot_on(reused_cloid_status=value) as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        bot.exchange.faults.lose_user_frames()
        bot.exchange.faults.drop_reply(kind="batchModify")
        await bot.connector.amend_order(order_id, price=Decimal(bot.price("BTC", "0.98")))
        (resting,) = bot.exchange.open_orders(bot.address)
        await eventually(lambda: bot.order(order_id).exchange_order_id == str(resting.oid), 10, lambda: str(bot.log))
        await bot.connector._reconciler.sweep()
        assert bot.state(order_id) is OrderState.OPEN
        bot.exchange.faults.lose_user_frames(False)
        bot.exchange.fill(bot.address, order_id)
        await eventually(lambda: bot.state(order_id) is OrderState.FILLED, 10)
        await in_agreement(bot)


@pytest.mark.parametrize("quirks", [{}, {"zero_tpsl_size": "refused"}, {"position_tpsl_size": "sent"}], ids=str)
async def test_stop_loss_of_a_position_is_taken_and_fires(quirks: dict[str, str]) -> None:
    async with bot_on(**quirks) as bot:
        opening = bot.place("buy", "BTC-USD", "0.01", order_type=OrderType.MARKET)
        await eventually(lambda: bot.state(opening) is OrderState.FILLED, 10)
        await in_agreement(bot)
        stop = bot.connector.protect_position("BTC-USD", stop_loss=Decimal(bot.price("BTC", "0.98"))).stop_loss
        await eventually(lambda: bot.state(stop) is OrderState.OPEN, 10, lambda: str(bot.log))
        bot.exchange.set_price("BTC", bot.price("BTC", "0.97"))
        bot.exchange.trade_through("BTC", bot.price("BTC", "0.975"))
        await eventually(lambda: bot.state(stop) is OrderState.FILLED, 15, lambda: str(bot.log))
        await in_agreement(bot)
        assert not bot.connector.account_positions


@pytest.mark.parametrize("value", ["kept", "forgotten"])
async def test_order_that_filled_behind_a_lost_reply_is_filled_although_the_venue_forgot_it(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that has filled is never called failed because its status is gone: its fills are proof."""
    monkeypatch.setattr("hyperliquid_perpetual.trading.requests.ACTION_LIFETIME_MS", 1_000)
    monkeypatch.setattr("hyperliquid_perpetual.trading.outcomes.AFTER_EXPIRY_SECONDS", 0.5)
    async with bot_on(ended_orders=value) as bot:
        bot.exchange.faults.lose_user_frames()
        bot.exchange.faults.drop_reply(kind="order")
        order_id = bot.place("buy", "BTC-USD", "0.01", order_type=OrderType.MARKET)
        await eventually(lambda: bool(bot.exchange.fills(bot.address)))
        await eventually(lambda: bot.state(order_id) in (OrderState.FILLED, OrderState.FAILED), 20)
        assert bot.state(order_id) is OrderState.FILLED
        assert not bot.events(MarketEvent.OrderFailure)
        bot.exchange.faults.lose_user_frames(False)
        await in_agreement(bot)


@pytest.mark.parametrize("body", ["null", "text", "empty"])
async def test_order_that_met_the_weight_limit_is_neither_lost_nor_sent_twice(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperliquid_perpetual.trading.requests.ACTION_LIFETIME_MS", 1_000)
    monkeypatch.setattr("hyperliquid_perpetual.trading.requests._RATE_LIMIT_PAUSE_SECONDS", 0.5)
    monkeypatch.setattr("hyperliquid_perpetual.trading.outcomes.AFTER_EXPIRY_SECONDS", 0.5)
    async with (
        Sandbox(seed=7, market="still", block_ms=0, limit_weights=True, quirks={"rate_limit_body": body}) as exchange,
        trading_bot(exchange=exchange, settings=OVER_HTTP) as bot,
    ):
        meter = exchange.api.meter
        monkeypatch.setattr(meter, "is_exhausted", lambda address: True)
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: bot.connector._flow.resolver.pending == [order_id])
        assert bot.order(order_id).is_pending_create
        monkeypatch.setattr(meter, "is_exhausted", lambda address: False)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)), 20, lambda: str(bot.log))
        assert not exchange.open_orders(bot.address), "the venue never had it, and only then it has failed"
        again = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        assert bot.state(again) is OrderState.OPEN
        await in_agreement(bot)


@pytest.mark.parametrize("value", ["text", "number"])
async def test_liquidation_is_understood_in_either_form(value: str) -> None:
    quirks = {"liquidation_mark_px": value}
    exchange = Sandbox(seed=7, market="empty", block_ms=0, deposit=1_000, quirks=quirks)
    async with (
        exchange,
        trading_bot("ETH-USD", exchange=exchange) as bot,
        Client(exchange, wallet(13)) as other,
    ):
        exchange.fund(other.address, 100_000)
        await other.place(order(1, False, "2817.5", "5"))
        opening = bot.place("buy", "ETH-USD", "5", "2817.5")
        await eventually(lambda: bot.state(opening) is OrderState.FILLED, 10, lambda: str(bot.log))
        exchange.set_price("ETH", "2650")
        await eventually(lambda: not bot.connector.account_positions, 10, lambda: str(bot.log))
        assert not exchange.account(bot.address).positions
        assert bot.connector._dispatcher.counters.malformed == 0


# ---------------------------------------------------------------------- requests


@pytest.mark.parametrize("value", ["oldest_first", "newest_first"])
async def test_gap_with_more_rows_than_a_reply_holds_is_read_whole(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("trading.account_reader", "sandbox.account_view"):
        names = ("FILLS_PER_REPLY", "FUNDINGS_PER_REPLY") if "reader" in module else ("MAX_HISTORY", "MAX_FUNDING_ROWS")
        for name in names:
            monkeypatch.setattr(f"hyperliquid_perpetual.{module}.{name}", 2)
    seldom = Cadence(*[1_800_000] * 8)  # hours pass in which nobody needs a frame
    quirks = {"fills_order": value, "fundings_order": value}
    exchange = Sandbox(seed=7, market="still", clock="virtual", quirks=quirks, cadence=seldom)
    async with exchange, trading_bot(exchange=exchange) as bot:
        exchange.faults.lose_user_frames()
        order_id = await _rest_unheard(bot, "0.005")
        for _ in range(5):
            exchange.fill(bot.address, order_id, "0.001")
            await exchange.clock.advance(3_600)
        fills = await bot.connector._reader.fills_since(0)
        assert [(fill.time, fill.sz) for fill in fills] == [
            (fill.time, fill.size) for fill in exchange.fills(bot.address)
        ]
        fundings = await bot.connector._reader.fundings_since(0)
        assert len(fundings) == 5
        assert [row.time for row in fundings] == sorted({row.time for row in fundings})
        exchange.faults.lose_user_frames(False)
        exchange.drop_websockets()
        await eventually(lambda: bot.state(order_id) is OrderState.FILLED, 20, lambda: str(bot.log))
        await in_agreement(bot)


async def _rest_unheard(bot: Bot, amount: str) -> str:
    """Places an order whose reply is all that the bot hears."""
    order_id = bot.place("buy", "BTC-USD", amount, bot.price("BTC", "0.999"))
    await eventually(lambda: bot.state(order_id) is OrderState.OPEN)
    return order_id


@pytest.mark.parametrize("value", ["none", "in_rates", "apart"])
async def test_fees_booked_are_those_charged_and_the_estimate_is_never_too_low(value: str) -> None:
    async with bot_on(referral_discount=value) as bot:
        opening = bot.place("buy", "BTC-USD", "0.01", order_type=OrderType.MARKET)
        await eventually(lambda: bot.state(opening) is OrderState.FILLED, 10)
        await in_agreement(bot)
        await eventually(lambda: bot.connector._fee_book.is_known)
        estimate = bot.connector.get_fee(
            "BTC", "USD", OrderType.MARKET, TradeType.BUY, PositionAction.OPEN, Decimal(1), Decimal(100), is_maker=False
        )
        (fill,) = bot.exchange.fills(bot.address)
        charged = fill.fee / (fill.price * fill.size)
        assert charged - Decimal("1e-8") <= estimate.percent <= charged + Decimal("1e-8"), (
            "the fill has shown what is charged"
        )


@pytest.mark.parametrize("quirks", [{}, {"all_perp_metas": "pairs"}, {"small_margin_tables": "listed"}], ids=str)
async def test_markets_are_the_same_from_either_shape_of_metadata(quirks: dict[str, str]) -> None:
    async with bot_on("BTC-USD", "STX-USD", "kPEPE-USD", "xyz:TSLA-USD", **quirks) as bot:
        for market in bot.exchange.market_set.markets:
            known = bot.connector._markets.table.by_coin[market.coin]
            assert (known.asset_id, known.sz_decimals) == (market.asset, market.sz_decimals)
            assert known.max_leverage == market.max_leverage
            assert known.is_delisted == market.is_delisted


# ---------------------------------------------------------------------- streams


@pytest.mark.parametrize("value", ["served", "refused", "dropped", "ignored"])
async def test_books_follow_the_exchange_with_and_without_fast_frames(value: str) -> None:
    exchange = Sandbox(
        seed=7, market="still", block_ms=0, quirks={"fast_book": value}, cadence=Cadence(book_ms=300, fast_book_ms=100)
    )
    async with exchange, trading_bot("BTC-USD", "ETH-USD", exchange=exchange) as bot:
        mid = exchange.book("BTC").mid
        assert mid is not None
        exchange.trade_through("BTC", bot.price("BTC", "1.002"))
        book = bot.connector.get_order_book("BTC-USD")

        def is_like_the_exchange() -> bool:
            real = exchange.book("BTC")  # of now: its maker refills what was taken
            asks = [(row.price, row.amount) for row in book.ask_entries()][:5]
            bids = [(row.price, row.amount) for row in book.bid_entries()][:5]
            return asks == [(float(level.price), float(level.size)) for level in real.asks[:5]] and bids == [
                (float(level.price), float(level.size)) for level in real.bids[:5]
            ]

        await eventually(is_like_the_exchange, 30, lambda: str(bot.log))
        assert bot.connector.ready


@pytest.mark.parametrize("value", ["sent", "none"])
async def test_trades_from_before_the_start_are_no_news(value: str) -> None:
    async with Sandbox(seed=7, market="still", block_ms=0, quirks={"trades_replay": value}) as exchange:
        mid = exchange.book("BTC").mid
        assert mid is not None
        exchange.trade_through("BTC", exchange.book("BTC").asks[0].price, "0.001")
        heard: list[OrderBookTradeEvent] = []
        async with trading_bot(exchange=exchange) as bot:
            listener = EventForwarder(heard.append)
            bot.connector.get_order_book("BTC-USD").add_listener(OrderBookEvent.TradeEvent, listener)
            await bot.lose_streams()
            await bot.ready(30)
            await eventually(lambda: exchange._streams.hub.has(Trades(coin="BTC")), 10)
            exchange.trade_through("BTC", exchange.book("BTC").asks[0].price, "0.002")
            await eventually(lambda: bool(heard), 10)
            await asyncio.sleep(0.1)
            assert [event.amount for event in heard] == [0.002]


@pytest.mark.parametrize("value", ["both", "userEvents", "user"])
async def test_cancel_that_nobody_asked_for_is_heard_under_either_name_of_the_stream(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bot_on("BTC-USD", "ETH-USD", user_events_name=value) as bot:
        heard: list[int] = []
        apply = bot.connector._dispatcher._on_user_event

        def note(event: UserEvent) -> None:
            heard.extend(canceled.oid for canceled in event.non_user_cancels)
            apply(event)

        monkeypatch.setattr(bot.connector._dispatcher, "_on_user_event", note)
        order_id = await bot.open_order("buy", "ETH-USD", "0.1", bot.price("ETH", "0.99"))
        await eventually(lambda: _hears_user_events(bot), 10)
        bot.exchange.listings.delist("ETH")
        await eventually(lambda: bot.state(order_id) is OrderState.CANCELED, 10)
        await eventually(lambda: heard == [int(bot.order(order_id).exchange_order_id or 0)], 10)
        await in_agreement(bot)


def _hears_user_events(bot: Bot) -> bool:
    connection = bot.connector._user_stream_tracker.data_source._connection
    if connection is None:
        return False
    names = {entry.wire["type"] for entry in connection.subscriptions if connection.is_acknowledged(entry)}
    return bool(names & {"userEvents", "user"})


@pytest.mark.parametrize("known", ["known", "unknown"])
async def test_exit_that_waits_for_its_entry_is_cancelled_however_the_venue_wants_it_named(known: str) -> None:
    """A stop loss that waits for its entry: by client order id, or only by the venue's own id."""
    async with bot_on(waiting_child=known) as bot:
        bracket = bot.connector.place_bracket(
            "BTC-USD",
            TradeType.BUY,
            Decimal("0.01"),
            Decimal(bot.price("BTC", "0.98")),
            take_profit=Decimal(bot.price("BTC", "1.05")),
            stop_loss=Decimal(bot.price("BTC", "0.95")),
        )
        ids = [bracket.entry or "", bracket.take_profit or "", bracket.stop_loss or ""]
        await eventually(lambda: all(bot.state(order_id) is OrderState.OPEN for order_id in ids))
        # A sweep must not take it for gone because it is not known by its client order id.
        await bot.connector._reconciler.sweep()
        await bot.connector._flow.fetch_true_state(bot.order(ids[2]))
        assert bot.state(ids[2]) is OrderState.OPEN
        bot.connector.cancel("BTC-USD", ids[2])
        await eventually(lambda: bot.state(ids[2]) is OrderState.CANCELED, 10, lambda: str(bot.log))
        await in_agreement(bot)
        bot.connector.cancel("BTC-USD", ids[0])
        await eventually(lambda: all(bot.order(order_id).is_done for order_id in ids), 10)
        await in_agreement(bot)
