"""The account's allowance of requests: read at the start, counted down while sending, spoken of when it runs low."""

import asyncio
from decimal import Decimal

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, Sandbox
from hyperliquid_perpetual.trading.request_allowance import KeptForCancels
from tests.bot import eventually, trading_bot


async def test_allowance_is_read_and_counted_down_with_what_is_sent() -> None:
    async with trading_bot() as bot:
        allowance = bot.connector.request_allowance
        await eventually(lambda: allowance.remaining is not None, 30)
        assert allowance.limit == 10_000
        before = allowance.remaining
        assert before is not None
        orders = [bot.place("buy", "BTC-USD", "0.001", bot.price("BTC", f"0.{900 + n}")) for n in range(7)]
        await eventually(lambda: len(bot.exchange.open_orders(bot.address)) == 7)
        assert allowance.remaining == before - 7
        await bot.connector.cancel_all(10)
        assert allowance.remaining == before - 14
        # The exchange's own count is the same.
        await allowance.refresh()
        assert allowance.remaining == before - 14
        assert orders


async def test_low_allowance_is_told_once() -> None:
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        exchange.gatekeeper.budget.used[DEMO_ADDRESS.lower()] = 9_500
        async with trading_bot(exchange=exchange) as bot:
            allowance = bot.connector.request_allowance
            await eventually(lambda: allowance.remaining == 500, 30)
            await allowance.refresh()
            allowance.tell()
            told = [record for record in bot.log.records if record.name.endswith("request_allowance")]
            assert len(told) == 1


async def test_short_of_requests_quotes_are_held_back_and_cancels_exits_and_trades_go_out() -> None:
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange, trading_bot(exchange=exchange) as bot:
        allowance, used = bot.connector.request_allowance, exchange.gatekeeper.budget.used
        resting = await bot.open_order("buy", "BTC-USD", "0.001", bot.price("BTC", "0.9"))
        entry = bot.place("buy", "BTC-USD", "0.001", order_type=OrderType.MARKET)
        await eventually(lambda: bot.state(entry) is OrderState.FILLED)
        used[DEMO_ADDRESS.lower()] = 9_950
        await allowance.refresh()
        assert allowance.holds_orders_back
        before = len(exchange.requests("/exchange"))
        refused = []
        for number in range(20):  # as a strategy does, tick by tick
            refused.append(bot.place("buy", "BTC-USD", "0.001", bot.price("BTC", f"0.{900 + number}")))
            refused.append(bot.place("sell", "BTC-USD", "0.001", bot.price("BTC", "1.1"), OrderType.LIMIT_MAKER))
            await asyncio.sleep(0.02)
        await eventually(lambda: len(bot.events(MarketEvent.OrderFailure)) == 40)
        assert {event.error_type for event in bot.events(MarketEvent.OrderFailure)} == {"KeptForCancels"}
        assert "kept for cancels" in str(bot.connector.order_failure_reason(refused[0]))
        with pytest.raises(KeptForCancels):
            await bot.connector.amend_order(resting, price=Decimal(bot.price("BTC", "0.91")))
        assert len(exchange.requests("/exchange")) == before
        # One message, and not one per order.
        assert str(bot.log).count("Orders are held back") == 1
        assert len(bot.log.records) == 2, str(bot.log)
        # What takes back, gets out, or earns requests goes on.
        bot.connector.cancel("BTC-USD", resting)
        await eventually(lambda: bot.order(resting).is_cancelled)
        price = bot.price("BTC", "1.1")
        close = PositionAction.CLOSE
        leave = bot.place("sell", "BTC-USD", "0.001", price, position_action=close)
        await eventually(lambda: bot.state(leave) is OrderState.OPEN)
        trade = bot.place("buy", "BTC-USD", "0.02", order_type=OrderType.MARKET)
        await eventually(lambda: bot.state(trade) in (OrderState.FILLED, OrderState.CANCELED))
        await allowance.refresh()
        assert not allowance.holds_orders_back
        await bot.open_order("buy", "BTC-USD", "0.001", bot.price("BTC", "0.9"))
        assert str(bot.log).count("Orders go out again") == 1


async def test_account_beyond_its_requests_still_cancels_all_it_has() -> None:
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange, trading_bot(exchange=exchange) as bot:
        price = bot.price("BTC", "0.9")
        orders = [await bot.open_order("buy", "BTC-USD", "0.001", price) for _ in range(5)]
        exchange.gatekeeper.budget.used[DEMO_ADDRESS.lower()] = 10_500
        await bot.connector.request_allowance.refresh()
        for order_id in orders[:3]:  # one after the other, each in an action of its own
            bot.connector.cancel("BTC-USD", order_id)
            await eventually(lambda o=order_id: bot.order(o).is_cancelled)  # type: ignore[misc]
        exchange.gatekeeper.budget.used[DEMO_ADDRESS.lower()] = 25_000  # beyond what is there for cancels, too
        await bot.connector.request_allowance.refresh()
        for order_id in orders[3:]:  # in one turn
            bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: not exchange.open_orders(bot.address))


async def test_requests_that_another_bot_of_the_account_used_up_are_found_out_by_the_first_refusal() -> None:
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange, trading_bot(exchange=exchange) as bot:
        allowance, budget = bot.connector.request_allowance, exchange.gatekeeper.budget
        await eventually(lambda: allowance.remaining is not None, 30)
        budget.used[DEMO_ADDRESS.lower()] = 30_000
        budget.slow_until[DEMO_ADDRESS.lower()] = exchange.clock.now() + 60_000
        failed = bot.place("buy", "BTC-USD", "0.001", bot.price("BTC", "0.9"))
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, failed)))
        assert bot.events(MarketEvent.OrderFailure, failed)[0].error_type == "RATE_LIMIT"
        await eventually(lambda: allowance.holds_orders_back, 10)


async def test_allowance_that_cannot_be_read_keeps_nobody_from_trading() -> None:
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        exchange.faults.status(502, next=100, path="/info", kind="userRateLimit")
        async with trading_bot(exchange=exchange) as bot:
            await eventually(lambda: bool(exchange.requests("/info", "userRateLimit")), 30)
            assert bot.connector.request_allowance.remaining is None
            await bot.open_order("buy", "BTC-USD", "0.001", bot.price("BTC", "0.98"))
