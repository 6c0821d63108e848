"""Outages of minutes and hours, which end with a connector that works and agrees with the exchange. Time jumps."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from tests.bot import Bot, eventually, sandbox_at, trading_bot
from tests.virtual_time import START, run_in_virtual_time


async def agrees(bot: Bot, timeout: float = 180.0) -> None:
    """Waits until the bot is ready, and its orders, positions and balance are the exchange's."""
    await eventually(lambda: bot.connector.ready, timeout, lambda: str(bot.connector.status_dict))

    def differences() -> list[str]:
        account = bot.exchange.account(bot.address)
        ours = {order_id for order_id, order in bot.connector.in_flight_orders.items() if order.is_open}
        theirs = {order.cloid for order in bot.exchange.open_orders(bot.address)}
        held = {p.trading_pair.split("-")[0]: p.amount for p in bot.connector.account_positions.values()}
        there = {p.coin: p.size for p in account.positions}
        return [
            *([f"orders {ours} and {theirs}"] if ours != theirs else []),
            *([f"positions {held} and {there}"] if held != there else []),
        ]

    await eventually(lambda: not differences(), timeout, lambda: str(differences()))


def test_time_jumps_and_everything_lives_in_it() -> None:
    async def scenario() -> None:
        real = time.perf_counter()
        async with trading_bot() as bot:
            assert START <= time.time() < START + 10
            await asyncio.sleep(3600)
            assert bot.connector.ready
            assert bot.exchange.clock.now() >= (START + 3600) * 1000
        assert time.perf_counter() - real < 600

    run_in_virtual_time(scenario())


@pytest.mark.parametrize("minutes", [1, 60])
def test_outage_leaves_a_working_connector_that_agrees(minutes: int) -> None:
    """Orders, a fill and a position from before it; a fill during it."""

    async def scenario() -> None:
        async with trading_bot() as bot:
            kept = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
            fills = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.999"))
            bot.exchange.faults.add("outage", lasts=60 * minutes)
            await asyncio.sleep(5)
            bot.exchange.fill(bot.address, fills)
            await asyncio.sleep(60 * minutes)
            await agrees(bot)
            assert len(bot.events(MarketEvent.OrderFilled, fills)) == 1
            assert bot.state(fills) is OrderState.FILLED
            assert bot.state(kept) is OrderState.OPEN
            later = await bot.open_order("sell", "BTC-USD", "0.01", bot.price("BTC", "1.01"))
            assert bot.state(later) is OrderState.OPEN
            warnings = [record for record in bot.log.records if "could not be opened" in record.getMessage()]
            assert len(warnings) <= 4 * 12  # one of several attempts, on each of four sockets

    run_in_virtual_time(scenario())


def test_order_placed_during_an_outage_is_settled_after_it() -> None:
    async def scenario() -> None:
        async with trading_bot() as bot:
            bot.exchange.faults.add("outage", lasts=600)
            await asyncio.sleep(1)
            order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
            await asyncio.sleep(300)
            assert bot.order(order_id).is_pending_create
            await asyncio.sleep(310)
            await agrees(bot)
            assert len(bot.events(MarketEvent.OrderFailure, order_id)) == 1

    run_in_virtual_time(scenario())


def test_start_into_an_outage_becomes_ready_when_the_venue_is_back() -> None:
    async def scenario() -> None:
        async with Sandbox(seed=7, market="still", block_ms=0) as exchange, AsyncExitStack() as stack:
            stack.enter_context(sandbox_at(exchange.url))
            exchange.faults.add("outage", lasts=900)
            bot = Bot(exchange, ["BTC-USD"])
            await asyncio.sleep(1)
            stack.push_async_callback(bot.stop)
            await bot.start()
            await asyncio.sleep(600)
            assert not bot.connector.ready
            await asyncio.sleep(310)
            await agrees(bot)
            assert bot.connector.get_balance("USD") == bot.exchange.account(bot.address).account_value

    run_in_virtual_time(scenario())


@pytest.mark.parametrize("seconds", [-90, -40, 40, 90])
def test_machine_whose_clock_is_wrong_can_trade(seconds: int) -> None:
    """Without the venue's time every order would arrive expired, or its fate would stay open far too long."""

    async def scenario() -> None:
        async with trading_bot() as bot:
            bot.exchange.faults.add("clock_skew", ms=seconds * 1000)
            await asyncio.sleep(max(0, -seconds) + 30)
            order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
            assert bot.state(order_id) is OrderState.OPEN
            bot.connector.cancel("BTC-USD", order_id)
            await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, order_id)))
            assert not bot.events(MarketEvent.OrderFailure)
            assert "clock is" in str(bot.log)

    run_in_virtual_time(scenario())


def test_venue_whose_clock_was_ahead_for_a_moment_is_traded_on_again_once_it_is_right() -> None:
    """Frames from the future looked prompt: measured against them, everything after them looked a minute late."""

    async def scenario() -> None:
        async with trading_bot() as bot:
            bot.exchange.faults.add("clock_skew", ms=60_000, lasts=20)
            await asyncio.sleep(45)
            assert not bot.connector.ready, "time stands still until the clock has been caught up with"
            await agrees(bot, 120)

    run_in_virtual_time(scenario())
