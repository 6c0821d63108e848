"""Routine sweeps of a bot that trades on several dexs: one dex in turn, and all of them once something was missed."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from eth_account import Account
from hummingbot.core.data_type.in_flight_order import OrderState

from hyperliquid_perpetual.sandbox.engine.commands import CancelOrdersByCloid, OrderIntent, PlaceOrders
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from tests.bot import Bot, trading_bot
from tests.virtual_time import run_in_virtual_time

KEY = "0x" + "a1" * 32
OWNER = Account.from_key(KEY).address.lower()
PAIRS = {"": "BTC-USD", "xyz": "xyz:TSLA-USD", "km": "km:US500-USD"}
ROUTINE_SECONDS = 120


@asynccontextmanager
async def bot_on_three_dexs() -> AsyncIterator[tuple[Bot, dict[str, str]]]:
    """With an open order on each, told by dex."""
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        exchange.open_account(OWNER, dexs=dict.fromkeys(PAIRS, 5_000))
        keys = {"hyperliquid_perpetual_address": OWNER, "hyperliquid_perpetual_secret_key": KEY}
        async with trading_bot(*PAIRS.values(), exchange=exchange, **keys) as bot:
            orders = {}
            for dex, pair in PAIRS.items():
                price = bot.price(bot.connector._market(pair).coin, "0.99")
                orders[dex] = await bot.open_order("buy", pair, "0.1" if dex else "0.002", price)
            yield bot, orders


def cancel_elsewhere(bot: Bot, orders: dict[str, str]) -> None:
    """Ends the orders, as their owner can with any other client."""
    ids = {dex: bot.connector._market(pair).asset_id for dex, pair in PAIRS.items()}
    cancels = tuple((ids[dex], order_id) for dex, order_id in orders.items())
    bot.exchange.chain.apply_now(CancelOrdersByCloid(OWNER, cancels))


def listings(bot: Bot) -> "Counter[str]":
    """How often the open orders of each dex were asked for."""
    return Counter(json.loads(request.body)["dex"] for request in bot.exchange.requests("/info", "frontendOpenOrders"))


def test_bot_at_rest_asks_for_the_open_orders_of_one_dex_at_a_time_and_of_each_in_turn() -> None:
    async def scenario() -> None:
        async with bot_on_three_dexs() as (bot, _orders):
            await asyncio.sleep(2 * ROUTINE_SECONDS)
            before = listings(bot)
            for _ in range(2):
                await asyncio.sleep(len(PAIRS) * ROUTINE_SECONDS)
                asked = listings(bot) - before
                before = listings(bot)
                assert asked.keys() == PAIRS.keys()
                assert max(asked.values()) <= 2
            assert not bot.connector._sweep.differences.counts

    run_in_virtual_time(scenario())


def test_bot_at_rest_on_several_dexs_uses_less_than_thirty_weight_a_minute() -> None:
    async def scenario() -> None:
        async with bot_on_three_dexs() as (bot, _orders):
            await asyncio.sleep(2 * ROUTINE_SECONDS)
            before = bot.exchange.api.meter.total
            await asyncio.sleep(1800)
            assert (bot.exchange.api.meter.total - before) / 30 < 30

    run_in_virtual_time(scenario())


def test_fills_of_an_account_from_before_the_first_start_are_not_read() -> None:
    """Somebody may have traded by hand a moment ago, a thousand times: none of that can be the bot's."""

    async def scenario() -> None:
        async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
            exchange.open_account(OWNER, dexs={"": 5_000})
            btc = exchange.engine.markets[0].market
            mid, size = exchange.book("BTC", 1).mid, btc.to_sz(Decimal("0.002"))
            assert mid is not None
            assert size is not None
            for is_buy in (True, False) * 20:
                px = btc.to_px(Decimal(int(mid * Decimal("1.01" if is_buy else "0.99"))))
                assert px is not None
                exchange.chain.apply_now(PlaceOrders(OWNER, (OrderIntent(0, is_buy, px, size, tif="Ioc"),)))
            assert len(exchange.fills(OWNER)) >= 40
            await asyncio.sleep(120)
            started = exchange.clock.now()
            keys = {"hyperliquid_perpetual_address": OWNER, "hyperliquid_perpetual_secret_key": KEY}
            async with trading_bot("BTC-USD", exchange=exchange, **keys) as bot:
                await bot.open_order("buy", "BTC-USD", "0.002", bot.price("BTC", "0.99"))
                await asyncio.sleep(3 * ROUTINE_SECONDS)
                asked = [json.loads(each.body)["startTime"] for each in exchange.requests("/info", "userFillsByTime")]
                assert len(asked) >= 2
                assert min(asked) >= started - 60_000

    run_in_virtual_time(scenario())


def test_end_that_the_stream_kept_to_itself_is_found_in_its_dexs_turn_and_has_all_dexs_looked_at() -> None:
    async def scenario() -> None:
        async with bot_on_three_dexs() as (bot, orders):
            await asyncio.sleep(ROUTINE_SECONDS)
            bot.exchange.faults.lose_user_frames()
            await asyncio.sleep(1)
            cancel_elsewhere(bot, orders)
            found = bot.connector._sweep.differences.counts
            for _ in range((len(PAIRS) + 1) * ROUTINE_SECONDS):
                await asyncio.sleep(1)
                if found["end"]:
                    break
            await asyncio.sleep(5)
            assert found["end"] == len(PAIRS)
            assert {bot.state(order_id) for order_id in orders.values()} == {OrderState.CANCELED}

    run_in_virtual_time(scenario())


def test_orders_of_all_dexs_are_asked_for_after_a_gap_of_the_stream() -> None:
    async def scenario() -> None:
        async with bot_on_three_dexs() as (bot, orders):
            await asyncio.sleep(ROUTINE_SECONDS)
            before = listings(bot)
            bot.exchange.faults.add("outage", lasts=30)
            await asyncio.sleep(1)
            cancel_elsewhere(bot, orders)
            await asyncio.sleep(60)
            assert (listings(bot) - before).keys() == PAIRS.keys()
            assert {bot.state(order_id) for order_id in orders.values()} == {OrderState.CANCELED}

    run_in_virtual_time(scenario())


async def test_first_life_that_has_ordered_nothing_asks_for_no_fills_and_the_next_sweep_does() -> None:
    async with trading_bot() as bot:
        assert not bot.exchange.requests("/info", "userFillsByTime")
        order_id = await bot.open_order("buy", "BTC-USD", "0.02", bot.price("BTC", "0.99"))
        bot.exchange.faults.lose_user_frames()
        bot.exchange.fill(bot.address, order_id)
        await bot.connector._reconciler.sweep()
        assert bot.state(order_id) is OrderState.FILLED
        assert bot.exchange.requests("/info", "userFillsByTime")
