"""What a sweep found is corrected, counted by kind and said, with or without a gap of the stream."""

import asyncio
import logging
from decimal import Decimal

import pytest
from hummingbot.core.data_type.in_flight_order import OrderState

from hyperliquid_perpetual.sandbox.engine.commands import OrderIntent, PlaceOrders
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from tests.bot import Bot, eventually, sandbox_at, trading_bot
from tests.clocks import ClockElsewhere
from tests.virtual_time import run_in_virtual_time


def test_sweep_of_an_agreeing_bot_finds_nothing() -> None:
    async def scenario() -> None:
        async with trading_bot() as bot:
            order_id = await bot.open_order("buy", "BTC-USD", "0.02", bot.price("BTC", "0.99"))
            bot.exchange.fill(bot.address, order_id, "0.01")
            await asyncio.sleep(300)
            assert not bot.connector._reconciler.differences.counts

    run_in_virtual_time(scenario())


def test_what_a_live_stream_did_not_tell_is_found_by_the_next_sweep(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with trading_bot() as bot:
            filled = await bot.open_order("buy", "BTC-USD", "0.02", bot.price("BTC", "0.99"))
            part = await bot.open_order("buy", "BTC-USD", "0.02", bot.price("BTC", "0.98"))
            await bot.connector._reconciler.sweep()
            bot.exchange.faults.lose_user_frames()
            bot.exchange.fill(bot.address, filled)
            bot.exchange.fill(bot.address, part, "0.01")
            await asyncio.sleep(200)
            assert bot.state(filled) is OrderState.FILLED
            await eventually(lambda: bot.state(part) is OrderState.PARTIALLY_FILLED)
            counts = bot.connector._reconciler.differences.counts
            assert counts["fill"] == 2
            assert counts["position"] >= 1

    with caplog.at_level(logging.INFO):
        run_in_virtual_time(scenario())
    assert "was not told by the stream, although the account stream was live" in caplog.text


@pytest.mark.parametrize("venue_ahead", [-300, 300])
def test_fill_that_the_stream_did_not_tell_is_found_where_the_clocks_are_minutes_apart(venue_ahead: int) -> None:
    async def scenario() -> None:
        exchange = Sandbox(seed=7, market="still", block_ms=0, clock=ClockElsewhere(venue_ahead * 1000))
        async with exchange, trading_bot(exchange=exchange) as bot:
            await asyncio.sleep(30)
            order_id = await bot.open_order("buy", "BTC-USD", "0.02", bot.price("BTC", "0.99"))
            await bot.connector._reconciler.sweep()
            exchange.faults.lose_user_frames()
            exchange.fill(bot.address, order_id, "0.01")
            await asyncio.sleep(300)
            assert bot.state(order_id) is OrderState.PARTIALLY_FILLED

    run_in_virtual_time(scenario())


def test_what_happened_in_a_gap_of_the_stream_is_said_to_have() -> None:
    async def scenario() -> None:
        async with trading_bot() as bot:
            order_id = await bot.open_order("buy", "BTC-USD", "0.02", bot.price("BTC", "0.99"))
            bot.exchange.faults.add("outage", lasts=30)
            await asyncio.sleep(1)
            bot.exchange.fill(bot.address, order_id)
            await asyncio.sleep(120)
            assert bot.state(order_id) is OrderState.FILLED
            assert not bot.connector._reconciler.differences.after_a_gap

    run_in_virtual_time(scenario())


async def test_position_that_changes_between_two_looks_of_someone_without_a_stream_is_no_difference(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Hummingbot's client keeps a connector for `balance` and its checks, whose network it never starts."""
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        bot = Bot(exchange, ["BTC-USD"])
        with sandbox_at(exchange.url), caplog.at_level(logging.INFO):
            await bot.connector._update_balances()
            market = exchange.engine.markets[0].market
            px, sz = market.to_px(Decimal(bot.price("BTC", "1.01"))), market.to_sz(Decimal("0.01"))
            assert px is not None
            assert sz is not None
            exchange.chain.apply_now(PlaceOrders(bot.address, (OrderIntent(0, True, px, sz, tif="Ioc"),)))
            await bot.connector._update_balances()
        assert bot.connector.account_positions["BTC-USD"].amount == Decimal("0.01")
        assert "Reconciled" not in caplog.text


@pytest.mark.parametrize("how", ["not_json", "truncated", "wrong_type"])
def test_account_message_that_cannot_be_read_is_made_up_for_within_seconds(how: str) -> None:
    async def scenario() -> None:
        async with trading_bot() as bot:
            order_id = await bot.open_order("buy", "BTC-USD", "0.02", bot.price("BTC", "0.99"))
            for channel in ("userFills", "orderUpdates", "user"):
                bot.exchange.faults.add("corrupt_frames", how=how, channel=channel, lasts=1)
            bot.exchange.fill(bot.address, order_id)
            await asyncio.sleep(5)
            assert bot.state(order_id) is OrderState.FILLED

    run_in_virtual_time(scenario())
