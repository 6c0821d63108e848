"""TWAPs between the connector and a real exchange process, whose clock jumps over the minutes between slices."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from hummingbot.core.data_type.common import TradeType
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.trading.budget import Priority
from hyperliquid_perpetual.trading.order_checks import OrderRefused
from hyperliquid_perpetual.trading.settings import Settings
from hyperliquid_perpetual.venue import actions
from tests.bot import OVER_HTTP, Bot, eventually, trading_bot

AMOUNT = Decimal("0.11")
MINUTES = 5
SLICES = 2 * MINUTES + 1


@contextlib.asynccontextmanager
async def twap_bot(
    exchange: Sandbox | None = None, settings: Settings | None = None, **options: Any
) -> AsyncIterator[Bot]:
    async with contextlib.AsyncExitStack() as stack:
        if exchange is None:
            exchange = await stack.enter_async_context(Sandbox(seed=7, market="still", clock="virtual", **options))
        yield await stack.enter_async_context(trading_bot(exchange=exchange, settings=settings))


def place(bot: Bot, side: TradeType = TradeType.BUY, **changes: Any) -> str:
    arguments = {"amount": AMOUNT, "minutes": MINUTES} | changes
    return bot.connector.place_twap("BTC-USD", side, **arguments)


async def first_slice(bot: Bot, order_id: str) -> None:
    await eventually(lambda: bool(bot.events(MarketEvent.OrderFilled, order_id)), 20, lambda: str(bot.log))


def amounts(bot: Bot, order_id: str) -> list[Decimal]:
    return [event.amount for event in bot.events(MarketEvent.OrderFilled, order_id)]


@pytest.mark.parametrize("told", ["everywhere", "apart"])
async def test_fills_slice_by_slice_to_the_whole_amount(told: str) -> None:
    async with twap_bot(quirks={"twap_fills": told}) as bot:
        order_id = place(bot)
        await first_slice(bot, order_id)
        assert bot.state(order_id) is OrderState.PARTIALLY_FILLED
        exchange_order_id = bot.order(order_id).exchange_order_id
        assert exchange_order_id is not None
        assert exchange_order_id.startswith("twap:")
        await bot.exchange.clock.advance(60 * MINUTES)
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)), 20)
        assert sum(amounts(bot, order_id)) == AMOUNT
        ledger = bot.exchange.fills(bot.address)
        booked = bot.events(MarketEvent.OrderFilled, order_id)
        assert [(event.amount, event.price) for event in booked] == [(fill.size, fill.price) for fill in ledger]
        assert [event.trade_fee.flat_fees[0].amount for event in booked] == [fill.fee for fill in ledger]
        assert len(booked) >= SLICES
        assert len(bot.events(MarketEvent.BuyOrderCreated, order_id)) == 1
        assert bot.order(order_id).exchange_order_id == exchange_order_id
        await eventually(lambda: bot.connector.account_positions["BTC-USD"].amount == AMOUNT)
        assert not bot.log.errors


async def test_stopped_where_it_is() -> None:
    async with twap_bot() as bot:
        order_id = place(bot)
        await first_slice(bot, order_id)
        bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, order_id)), 20)
        await bot.exchange.clock.advance(60)
        assert sum(amounts(bot, order_id)) == bot.exchange.account(bot.address).position("BTC") < AMOUNT
        assert not bot.log.errors


async def test_cancel_all_stops_it_together_with_orders() -> None:
    async with twap_bot() as bot:
        order_id = place(bot)
        resting = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await first_slice(bot, order_id)
        results = await bot.connector.cancel_all(10)
        assert {result.order_id: result.success for result in results} == {order_id: True, resting: True}
        assert not bot.connector.in_flight_orders


async def test_thin_book_leaves_a_remainder_and_the_order_is_cancelled_with_its_fills() -> None:
    async with twap_bot(deposit=10**9) as bot:
        order_id = place(bot, amount=Decimal(5000))
        await first_slice(bot, order_id)
        await bot.exchange.clock.advance(60 * MINUTES)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, order_id)), explain=lambda: str(bot.log))
        done = bot.exchange.account(bot.address).position("BTC")
        assert 0 < done < 5000
        assert sum(amounts(bot, order_id)) == done


@pytest.mark.parametrize("told", ["everywhere", "apart"])
async def test_without_the_streams_the_history_and_the_fills_tell_the_end(told: str) -> None:
    async with twap_bot(quirks={"twap_fills": told}) as bot:
        order_id = place(bot)
        await first_slice(bot, order_id)
        bot.exchange.faults.lose_user_frames()
        await bot.exchange.clock.advance(60 * MINUTES)
        await bot.connector._update_order_status()
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)), 20)
        assert sum(amounts(bot, order_id)) == AMOUNT
        assert not bot.log.errors


async def test_reply_that_was_lost_is_found_in_the_history_and_nothing_is_sent_twice() -> None:
    async with twap_bot() as bot:
        bot.exchange.faults.lose_user_frames()
        bot.exchange.faults.drop_reply(kind="twapOrder")
        order_id = place(bot)
        await eventually(lambda: bot.state(order_id) in (OrderState.OPEN, OrderState.PARTIALLY_FILLED), 10)
        assert len({request.body for request in bot.exchange.requests("/exchange", "twapOrder")}) == 1
        assert len(bot.events(MarketEvent.BuyOrderCreated, order_id)) == 1
        bot.exchange.faults.lose_user_frames(False)
        await bot.exchange.clock.advance(60 * MINUTES)
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)), 20)
        assert sum(amounts(bot, order_id)) == AMOUNT


async def test_order_that_never_reached_the_venue_fails_only_after_its_expiry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperliquid_perpetual.trading.requests.ACTION_LIFETIME_MS", 2_000)
    monkeypatch.setattr("hyperliquid_perpetual.trading.outcomes.AFTER_EXPIRY_SECONDS", 0.5)
    async with twap_bot(settings=OVER_HTTP) as bot:
        bot.exchange.faults.refuse_before(kind="twapOrder")
        order_id = place(bot)
        await eventually(lambda: len(bot.exchange.requests("/info", "twapHistory")) >= 1)
        assert bot.order(order_id).is_pending_create
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)), 20)
        assert not bot.exchange.fills(bot.address)


async def test_refusal_has_the_venues_words() -> None:
    async with twap_bot() as bot:
        order_id = place(bot, reduce_only=True)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)), 20)
        assert "reduce only" in bot.events(MarketEvent.OrderFailure, order_id)[0].error_message.lower()
        assert bot.order(order_id).is_failure


@pytest.mark.parametrize("told", ["everywhere", "apart"])
async def test_restored_after_a_restart_with_what_happened_meanwhile(told: str) -> None:
    async with Sandbox(seed=7, market="still", clock="virtual", quirks={"twap_fills": told}) as exchange:
        async with twap_bot(exchange) as bot:
            order_id = place(bot)
            await first_slice(bot, order_id)
            before = amounts(bot, order_id)
            saved = bot.connector.tracking_states
        await exchange.clock.advance(60 * MINUTES)
        bot = Bot(exchange, ["BTC-USD"])
        bot.connector.restore_tracking_states(saved)
        try:
            await bot.start()
            await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)), 20)
            assert sum([*before, *amounts(bot, order_id)]) == AMOUNT
        finally:
            await bot.stop()


@pytest.mark.parametrize("told", ["everywhere", "apart"])
async def test_connection_lost_between_slices_loses_and_repeats_none(told: str) -> None:
    async with twap_bot(quirks={"twap_fills": told}) as bot:
        order_id = place(bot)
        await first_slice(bot, order_id)
        for _ in range(3):
            bot.exchange.drop_websockets()
            await bot.exchange.clock.advance(45)
        await bot.exchange.clock.advance(60 * MINUTES)
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)), 20)
        assert sum(amounts(bot, order_id)) == AMOUNT


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"minutes": 4}, "5 to 1440"),
        ({"minutes": 1441}, "5 to 1440"),
        ({"minutes": 30.5}, "5 to 1440"),
        ({"minutes": "30"}, "5 to 1440"),
        ({"minutes": True}, "5 to 1440"),
        ({"amount": Decimal("0.0001")}, "10 USD a minute"),
        ({"amount": Decimal("0.000001")}, "lot size"),
        ({"amount": Decimal("-1")}, "positive number"),
        ({"amount": Decimal("NaN")}, "positive number"),
        ({"amount": 0.1}, "Decimal"),
        ({"side": TradeType.RANGE}, "BUY or SELL"),
        ({"randomize": "yes"}, "True or False"),
        ({"reduce_only": None}, "True or False"),
    ],
)
async def test_bad_input_is_refused_in_a_sentence_and_nothing_is_sent(changes: dict[str, Any], words: str) -> None:
    async with twap_bot() as bot:
        with pytest.raises(OrderRefused, match=words):
            place(bot, **changes)
        assert not bot.connector.in_flight_orders
        assert not bot.exchange.requests("/exchange")


async def test_unknown_pair_is_refused_with_what_pairs_look_like() -> None:
    async with twap_bot() as bot:
        with pytest.raises(OrderRefused, match="BTC-USD"):
            bot.connector.place_twap("NOSUCH-USD", TradeType.BUY, AMOUNT, MINUTES)


async def test_started_from_another_thread() -> None:
    async with twap_bot() as bot:
        order_id = await asyncio.to_thread(place, bot)
        await first_slice(bot, order_id)
        assert not bot.log.errors


@pytest.mark.parametrize("status", [429, 500, 502, 504])
async def test_http_error_after_it_started_is_no_failure(status: int) -> None:
    async with twap_bot() as bot:
        bot.exchange.faults.status(status, kind="twapOrder", after=True)
        order_id = place(bot)
        await eventually(lambda: bot.state(order_id) is OrderState.PARTIALLY_FILLED, 10)
        assert not bot.events(MarketEvent.OrderFailure)
        assert len(bot.exchange.requests("/exchange", "twapOrder")) == 1


@pytest.mark.parametrize("streams", [True, False])
async def test_stop_whose_reply_was_lost_is_settled_and_sent_once(streams: bool) -> None:
    async with twap_bot() as bot:
        order_id = place(bot)
        await first_slice(bot, order_id)
        bot.exchange.faults.lose_user_frames(not streams)
        bot.exchange.faults.drop_reply(kind="twapCancel")
        bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, order_id)), 20)
        assert len({request.body for request in bot.exchange.requests("/exchange", "twapCancel")}) == 1
        assert sum(amounts(bot, order_id)) == bot.exchange.account(bot.address).position("BTC")


async def test_asked_to_stop_while_its_reply_is_lost_it_is_stopped_when_it_is_found() -> None:
    async with twap_bot() as bot:
        bot.exchange.faults.lose_user_frames()
        bot.exchange.faults.drop_reply(kind="twapOrder")
        order_id = place(bot)
        await eventually(lambda: bool(bot.connector._follower.resolver.pending))
        bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, order_id)), 20)
        assert [twap.status for twap in bot.exchange.inspect.twaps(bot.address)] == ["terminated"]
        assert sum(amounts(bot, order_id)) == bot.exchange.account(bot.address).position("BTC")


async def test_stopped_behind_the_bots_back_it_is_cancelled() -> None:
    """By hand, or by another program with the same account."""
    async with twap_bot() as bot, trading_bot(exchange=bot.exchange) as other:
        order_id = place(bot)
        await first_slice(bot, order_id)
        twap = bot.exchange.inspect.twaps(bot.address)[0]
        action = actions.twap_cancel(0, twap.twap_id)
        await other.connector._requests.act(action, 1, Priority.CANCEL)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, order_id)), 20)
        assert not other.events(MarketEvent.OrderFilled)
