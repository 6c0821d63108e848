"""The life of orders between the connector and a real exchange process: what happened is what Hummingbot is told."""

import asyncio
from decimal import Decimal

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.venue.client_ids import is_ours
from hyperliquid_perpetual.venue.messages import OrderStatus
from tests.bot import OVER_HTTP, Bot, eventually, trading_bot


async def test_limit_order_rests_and_is_cancelled() -> None:
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        assert is_ours(order_id)
        resting = bot.exchange.order(bot.address, order_id)
        assert resting is not None
        assert resting.status == "open"
        assert str(resting.oid) == bot.order(order_id).exchange_order_id
        bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, order_id)))
        assert not bot.exchange.open_orders(bot.address)
        assert order_id not in bot.connector.in_flight_orders
        assert not bot.log.errors


async def test_partial_and_full_fill_are_booked_with_their_own_price_and_fee() -> None:
    async with trading_bot() as bot:
        order_id = await bot.open_order("sell", "BTC-USD", "0.01", bot.price("BTC", "1.001"))
        bot.exchange.fill(bot.address, order_id, "0.004")
        await eventually(lambda: bot.state(order_id) is OrderState.PARTIALLY_FILLED)
        bot.exchange.fill(bot.address, order_id)
        await eventually(lambda: bool(bot.events(MarketEvent.SellOrderCompleted, order_id)))
        booked = bot.events(MarketEvent.OrderFilled, order_id)
        ledger = [fill for fill in bot.exchange.fills(bot.address) if fill.cloid == order_id]
        assert [(e.amount, e.price) for e in booked] == [(fill.size, fill.price) for fill in ledger]
        assert [e.trade_fee.flat_fees[0].amount for e in booked] == [fill.fee for fill in ledger]
        assert {e.trade_fee.flat_fees[0].token for e in booked} == {"USDC"}
        assert bot.state(order_id) is OrderState.FILLED
        await eventually(lambda: bot.connector.account_positions["BTC-USD"].amount == Decimal("-0.01"))


async def test_post_only_order_that_would_match_fails_with_the_venues_reason() -> None:
    async with trading_bot() as bot:
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "1.01"), OrderType.LIMIT_MAKER)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)))
        failure = bot.events(MarketEvent.OrderFailure, order_id)[0]
        assert failure.error_message.startswith("Post only order would have immediately matched")
        assert bot.order(order_id).is_failure


async def test_market_order_fills_and_completes() -> None:
    async with trading_bot() as bot:
        order_id = bot.place("buy", "BTC-USD", "0.02", order_type=OrderType.MARKET)
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)))
        assert len(bot.events(MarketEvent.BuyOrderCreated, order_id)) == 1
        await eventually(lambda: "BTC-USD" in bot.connector.account_positions)
        close_id = bot.place(
            "sell", "BTC-USD", "0.02", order_type=OrderType.MARKET, position_action=PositionAction.CLOSE
        )
        await eventually(lambda: bool(bot.events(MarketEvent.SellOrderCompleted, close_id)))
        await eventually(lambda: not bot.connector.account_positions)


async def test_reply_lost_after_the_order_took_effect_leaves_it_pending_until_the_venue_has_told() -> None:
    """D11: an unknown outcome is no failure; the order is found by its client order id and goes on."""
    async with trading_bot() as bot:
        bot.exchange.faults.lose_user_frames()
        bot.exchange.faults.drop_reply(kind="order")
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: bot.connector._flow.resolver.pending == [order_id])
        assert bot.order(order_id).is_pending_create
        await eventually(lambda: bot.state(order_id) is OrderState.OPEN)
        assert not bot.events(MarketEvent.OrderFailure)
        assert len(bot.events(MarketEvent.BuyOrderCreated, order_id)) == 1
        assert len(bot.exchange.open_orders(bot.address)) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_http_error_after_the_order_took_effect_is_no_failure(status: int) -> None:
    """D11, D51: a gateway's error says nothing about the order."""
    async with trading_bot() as bot:
        bot.exchange.faults.status(status, kind="order", after=True)
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: bot.state(order_id) is OrderState.OPEN)
        assert not bot.events(MarketEvent.OrderFailure)


async def test_order_that_never_reached_the_venue_fails_only_after_its_expiry(monkeypatch: pytest.MonkeyPatch) -> None:
    """D11: proof of failure is that the venue does not know the order when nothing sent for it can execute any more."""
    monkeypatch.setattr("hyperliquid_perpetual.trading.requests.ACTION_LIFETIME_MS", 2_000)
    monkeypatch.setattr("hyperliquid_perpetual.trading.outcomes.AFTER_EXPIRY_SECONDS", 0.5)
    async with trading_bot(settings=OVER_HTTP) as bot:
        bot.exchange.faults.refuse_before(kind="order")
        bot.exchange.faults.refuse_before(kind="noop")
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: len(bot.exchange.requests("/info", "orderStatus")) >= 2)
        assert bot.order(order_id).is_pending_create
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)), 10)
        assert not bot.exchange.open_orders(bot.address)
        assert len(bot.exchange.requests("/exchange", "order")) <= 1


async def test_order_that_never_reached_the_venue_fails_at_once_when_its_nonce_is_used_up() -> None:
    """A noop with the nonce of the order (sections 3.10 and 5) proves that it cannot come in any more, without 30 s of
    doubt."""
    async with trading_bot(settings=OVER_HTTP) as bot:
        bot.exchange.faults.refuse_before(kind="order")
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)))
        [order] = bot.exchange.requests("/exchange", "order")
        [noop] = bot.exchange.requests("/exchange", "noop")
        assert noop.json["nonce"] == order.json["nonce"]
        assert "never reached the venue" in (bot.connector.order_failure_reason(order_id) or "")


async def test_order_held_up_on_its_way_is_refused_once_its_nonce_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperliquid_perpetual.trading.requests.ACTION_TIMEOUT_SECONDS", 0.3)
    async with trading_bot() as bot:
        bot.exchange.faults.delay(2.5, kind="order")
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)))
        before = len(bot.exchange.open_orders(bot.address))
        await asyncio.sleep(2.5)
        assert before == len(bot.exchange.open_orders(bot.address)) == 0


async def test_order_that_came_in_without_its_reply_is_not_given_up_by_a_noop_that_is_refused() -> None:
    """The venue does not list it yet when it is asked first; then its nonce is used already, and it is found.

    Over HTTP: a lost socket is followed by another one, and by a sweep that finds the order before that.
    """
    async with trading_bot(settings=OVER_HTTP) as bot:
        bot.exchange.faults.lose_user_frames()
        bot.exchange.faults.drop_reply(kind="order")
        asked, real = [], bot.connector._reader.order_status

        async def not_yet(order_id: int | str) -> OrderStatus:
            asked.append(order_id)
            return OrderStatus("unknownOid") if len(asked) == 1 else await real(order_id)

        bot.connector._reader.order_status = not_yet
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: bot.state(order_id) is OrderState.OPEN)
        assert len(bot.exchange.requests("/exchange", "noop")) == 1
        assert not bot.events(MarketEvent.OrderFailure)


async def test_order_delivered_twice_and_answered_for_the_second_time_is_no_failure() -> None:
    """A gateway that retries has the order placed, and hands back the refusal of its second copy: `duplicate nonce`
    says that something with this nonce was carried out, which was the order itself."""
    async with trading_bot() as bot:
        bot.exchange.faults.lose_user_frames()
        bot.exchange.faults.add("duplicate kind=order reply=second")
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: bot.state(order_id) is OrderState.OPEN)
        assert not bot.events(MarketEvent.OrderFailure)
        assert len(bot.exchange.open_orders(bot.address)) == 1


async def test_unknown_status_in_a_frame_stops_nothing() -> None:
    """D26: an order status that nobody has heard of is passed over, the next item of the frame counts."""
    from hyperliquid_perpetual.venue.frame_decoding import decode_frame

    async with trading_bot() as bot:
        first = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        second = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
        row = (
            '{{"order":{{"coin":"BTC","side":"B","limitPx":"1.0","sz":"0.01","oid":{oid},"timestamp":1,"origSz":"0.01",'
            '"cloid":"{cloid}"}},"status":"{status}","statusTimestamp":1}}'
        )
        rows = [
            row.format(oid=bot.order(first).exchange_order_id, cloid=first, status="abductedByAliens"),
            '{"order":17}',
            row.format(oid=bot.order(second).exchange_order_id, cloid=second, status="marginCanceled"),
        ]
        bot.connector._user_stream_tracker.user_stream.put_nowait(
            decode_frame('{"channel":"orderUpdates","data":[' + ",".join(rows) + "]}")
        )
        await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, second)))
        assert bot.state(first) is OrderState.OPEN
        assert bot.connector._dispatcher.counters.malformed == 1


async def test_foreign_fill_delays_nothing_and_moves_the_position() -> None:
    """D27: a fill of an order that this bot did not place is no reason to wait, and the bot's own fill is booked."""
    async with trading_bot() as bot:
        mine = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.999"))
        manual = "0x" + "ab" * 16
        from hyperliquid_perpetual.venue.actions import OrderRequest

        answer = await bot.connector._flow._desk.place(
            OrderRequest(0, True, Decimal(bot.price("BTC", "0.9991")), Decimal("0.02"), False, "Gtc", manual)
        )
        assert answer.expires_after is not None
        bot.exchange.fill(bot.address, mine)
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, mine)), 2)
        assert bot.connector._dispatcher.counters.foreign_fills == 1
        await eventually(lambda: bot.connector.account_positions["BTC-USD"].amount == Decimal("0.03"))
        assert len(bot.events(MarketEvent.OrderFilled)) == 1


async def test_coin_with_lower_case_letters_gets_its_fills_from_the_stream() -> None:
    """D28: kPEPE is kPEPE everywhere."""
    async with trading_bot("kPEPE-USD") as bot:
        order_id = await bot.open_order("buy", "kPEPE-USD", "10000", bot.price("kPEPE", "0.999"))
        asked = len(bot.exchange.requests("/info", "userFillsByTime"))
        bot.exchange.fill(bot.address, order_id)
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)), 2)
        assert len(bot.exchange.requests("/info", "userFillsByTime")) == asked
        assert bot.events(MarketEvent.OrderFilled, order_id)[0].amount == Decimal("10000")


async def test_fills_that_the_stream_lost_are_fetched_when_the_order_ends() -> None:
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.999"))
        bot.exchange.faults.lose_user_frames()
        bot.exchange.fill(bot.address, order_id, "0.004")
        bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, order_id)), 10)
        assert [event.amount for event in bot.events(MarketEvent.OrderFilled, order_id)] == [Decimal("0.004")]
        kinds = [kind for kind, _ in bot.history]
        assert kinds == [MarketEvent.BuyOrderCreated, MarketEvent.OrderFilled, MarketEvent.OrderCancelled]


async def test_cancel_of_an_order_that_filled_meanwhile_ends_it_filled() -> None:
    """D31: "never placed, already canceled, or filled" is answered by looking, not by giving the order up."""
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.999"))
        bot.exchange.faults.hold_user_frames()
        bot.exchange.fill(bot.address, order_id)
        for _ in range(4):
            bot.connector.cancel("BTC-USD", order_id)
            await asyncio.sleep(0)
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)), 10)
        bot.exchange.release_user_frames()
        assert not bot.events(MarketEvent.OrderCancelled, order_id)
        assert not bot.events(MarketEvent.OrderFailure, order_id)
        assert len(bot.events(MarketEvent.OrderFilled, order_id)) == 1


@pytest.mark.parametrize("fault", ["refuse_before", "drop_reply"])
async def test_cancel_without_an_answer_is_sent_again_while_the_order_is_open(fault: str) -> None:
    """A quote must not rest for half a minute because one packet was lost."""
    async with trading_bot(settings=OVER_HTTP) as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        bot.exchange.faults.lose_user_frames()
        bot.exchange.faults.add(fault, path="/exchange", kind="cancelByCloid", next=2)
        bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, order_id)), 8)
        assert not bot.exchange.open_orders(bot.address)
        assert len(bot.exchange.requests("/exchange", "cancelByCloid")) == (3 if fault == "refuse_before" else 1)
        assert len(bot.events(MarketEvent.OrderCancelled)) == 1


async def test_what_happened_during_an_outage_of_the_stream_is_known_before_the_connector_is_ready_again() -> None:
    async with trading_bot() as bot:
        filled = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.999"))
        kept = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        bot.exchange.faults.lose_user_frames()
        bot.exchange.fill(bot.address, filled)
        await asyncio.sleep(0.05)
        assert bot.state(filled) is OrderState.OPEN, "its fill was lost on the way"
        bot.exchange.faults.lose_user_frames(False)
        await bot.lose_streams()
        await bot.ready(30)
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, filled)))
        assert len(bot.events(MarketEvent.OrderFilled, filled)) == 1
        assert bot.state(kept) is OrderState.OPEN
        assert bot.connector.account_positions["BTC-USD"].amount == Decimal("0.01")


async def test_orders_of_one_turn_leave_as_one_action_and_post_only_apart() -> None:
    async with trading_bot() as bot:
        before = len(bot.exchange.requests("/exchange", "order"))
        prices = [bot.price("BTC", f"0.9{digit}") for digit in (5, 6, 7)]
        orders = [bot.place("buy", "BTC-USD", "0.001", price) for price in prices]
        orders += [bot.place("buy", "BTC-USD", "0.001", price, OrderType.LIMIT_MAKER) for price in prices]
        await eventually(lambda: all(bot.state(order_id) is OrderState.OPEN for order_id in orders))
        await eventually(lambda: len(bot.exchange.open_orders(bot.address)) == 6)
        assert len(bot.exchange.requests("/exchange", "order")) - before == 2
        results = await bot.connector.cancel_all(10)
        assert all(result.success for result in results)
        assert len(results) == 6
        assert len(bot.exchange.requests("/exchange", "cancelByCloid")) == 1


async def test_restarted_bot_restores_its_orders_and_books_what_filled_meanwhile_once() -> None:
    async with trading_bot() as bot:
        filled = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.999"))
        kept = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        saved = bot.connector.tracking_states
        await bot.stop()
        bot.exchange.fill(bot.address, filled)
        from tests.bot import Bot

        again = Bot(bot.exchange, ["BTC-USD"])
        again.connector.restore_tracking_states(saved)
        await again.start()
        try:
            await again.ready()
            await eventually(lambda: bool(again.events(MarketEvent.BuyOrderCompleted, filled)))
            assert len(again.events(MarketEvent.OrderFilled, filled)) == 1
            assert again.state(kept) is OrderState.OPEN
        finally:
            await again.stop()


async def test_order_restored_with_a_cancel_that_never_arrived_is_open_again_once_that_cannot_come_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The bot was killed after its cancel was lost: without another question it would wait for the end for ever."""
    monkeypatch.setattr("hyperliquid_perpetual.trading.order_flow.ACTION_LIFETIME_MS", 1_000)
    async with trading_bot(settings=OVER_HTTP) as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        bot.exchange.faults.refuse_before(kind="cancelByCloid")
        bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: bot.state(order_id) is OrderState.PENDING_CANCEL)
        saved = bot.connector.tracking_states
        await bot.stop()
        again = Bot(bot.exchange, ["BTC-USD"])
        again.connector.restore_tracking_states(saved)
        await again.start()
        try:
            await again.ready()
            assert again.state(order_id) is OrderState.PENDING_CANCEL
            await eventually(lambda: again.state(order_id) is OrderState.OPEN, 10)
            assert again.connector._flow.resolver.pending == []
            again.connector.cancel("BTC-USD", order_id)
            await eventually(lambda: len(again.events(MarketEvent.OrderCancelled, order_id)) == 1)
            assert not bot.exchange.open_orders(bot.address)
        finally:
            await again.stop()


async def test_nothing_is_left_behind_after_stop() -> None:
    async with trading_bot() as bot:
        await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await bot.stop()
        await eventually(lambda: bot.exchange.sockets == 0)
        ours = [task for task in asyncio.all_tasks() if _is_the_connectors(task)]
        assert ours == []


def _is_the_connectors(task: "asyncio.Task[object]") -> bool:
    coroutine = repr(task.get_coro())
    return any(name in coroutine for name in ("Connection", "Reconciler", "OutcomeResolver", "OrderFlow", "polling"))


async def test_bot_whose_actions_go_over_the_socket_trades_on_each_socket_that_it_gets() -> None:
    async with trading_bot() as bot:
        kept = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await bot.lose_streams()
        await bot.ready(30)
        bot.connector.cancel("BTC-USD", kept)
        await eventually(lambda: bot.state(kept) is OrderState.CANCELED)
        traded = bot.place("buy", "BTC-USD", "0.01", order_type=OrderType.MARKET)
        await eventually(lambda: bot.state(traded) is OrderState.FILLED)
        assert [request.via for request in bot.exchange.requests("/exchange", "order")] == ["ws", "ws"]
        assert [request.via for request in bot.exchange.requests("/exchange", "cancelByCloid")] == ["ws"]


async def test_reply_that_is_lost_with_its_socket_leaves_the_order_to_be_found() -> None:
    async with trading_bot() as bot:
        bot.exchange.faults.drop_reply(kind="order")
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: bot.state(order_id) is OrderState.OPEN, 10)
        await bot.ready(30)
        bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: bot.state(order_id) is OrderState.CANCELED, 10)
        first, second = bot.exchange.requests("/exchange", "order")
        assert (first.via, second.via, first.body) == ("ws", "http", second.body)
        assert not bot.events(MarketEvent.OrderFailure)
