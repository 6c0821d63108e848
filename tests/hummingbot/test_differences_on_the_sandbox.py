"""What a sweep found is corrected, counted by kind and said, with or without a gap of the stream."""

import asyncio
import logging

import pytest
from hummingbot.core.data_type.in_flight_order import OrderState

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from tests.bot import eventually, trading_bot
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
