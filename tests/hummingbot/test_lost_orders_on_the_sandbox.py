"""Orders that another connector gave up as lost, and left in the saved state that this one restores."""

from decimal import Decimal
from typing import Any

from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.venue.messages import OrderUpdate
from tests.bot import Bot, eventually, trading_bot


async def restart_with_lost_order(bot: Bot, order_id: str) -> Bot:
    """Stops the bot; the next one restores its state, in which the order is reported as failed."""
    saved: dict[str, Any] = bot.connector.tracking_states
    saved[order_id]["last_state"] = str(OrderState.FAILED.value)
    await bot.stop()
    again = Bot(bot.exchange, ["BTC-USD"])
    again.connector.restore_tracking_states(saved)
    return again


async def test_lost_order_that_still_rests_at_the_venue_is_cancelled_there_and_forgotten() -> None:
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        again = await restart_with_lost_order(bot, order_id)
        await again.start()
        try:
            await eventually(lambda: not bot.exchange.open_orders(bot.address), 20)
            await eventually(lambda: not again.connector._order_tracker.lost_orders)
            assert not again.history, "it was reported as failed long ago"
        finally:
            await again.stop()


async def test_lost_order_that_filled_meanwhile_gets_its_fill_and_is_forgotten() -> None:
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.999"))
        again = await restart_with_lost_order(bot, order_id)
        bot.exchange.fill(bot.address, order_id)
        await again.start()
        try:
            await eventually(lambda: bool(again.events(MarketEvent.OrderFilled, order_id)), 20)
            await eventually(lambda: not again.connector._order_tracker.lost_orders)
            assert [event.amount for event in again.events(MarketEvent.OrderFilled)] == [Decimal("0.01")]
            assert [kind for kind, _ in again.history] == [MarketEvent.OrderFilled]
        finally:
            await again.stop()


async def test_asking_for_a_lost_order_that_is_live_does_not_forget_it() -> None:
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        again = await restart_with_lost_order(bot, order_id)
        await again.connector._update_lost_orders_status()
        assert list(again.connector._order_tracker.lost_orders) == [order_id]
        assert len(bot.exchange.open_orders(bot.address)) == 1


async def test_order_given_up_that_the_stream_says_is_open_is_taken_back_and_cancelled() -> None:
    """The venue had said that it never arrived, and contradicts itself."""
    async with trading_bot() as bot:
        bot.exchange.faults.hold_user_frames()
        bot.exchange.faults.drop_reply(kind="order", hang=True)
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: len(bot.exchange.open_orders(bot.address)) == 1)
        bot.connector._flow._on_never_arrived(order_id)
        assert len(bot.events(MarketEvent.OrderFailure, order_id)) == 1
        bot.exchange.faults.hold_user_frames(False)
        await eventually(lambda: not bot.exchange.open_orders(bot.address), 10, lambda: str(bot.log))
        await eventually(lambda: order_id not in bot.connector._order_tracker.lost_orders)
        assert bot.connector._returned.taken_back == 1
        assert len(bot.events(MarketEvent.OrderFailure)) == 1


async def test_late_open_of_an_order_that_was_cancelled_brings_nothing_back() -> None:
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        order, [row] = bot.order(order_id), await bot.connector._reader.open_orders("")
        bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, order_id)))
        bot.connector._dispatcher.on_order_update(OrderUpdate(row, "open", row.timestamp))
        bot.connector._sweep.on_open_order(order, row)
        await eventually(lambda: not bot.connector._returned._looking, 5)
        assert bot.connector._returned.taken_back == 0
        assert bot.connector._order_tracker.lost_orders == {}
