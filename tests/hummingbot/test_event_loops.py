"""Event loops that end, and others that begin in the same process: nothing is bound to a loop that is gone."""

import asyncio
import gc
import warnings
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction

from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from hyperliquid_perpetual.trading.book_tracker import BookTracker
from tests.bot import DOMAIN, eventually, sandbox_at


@pytest.fixture
def exchange() -> Iterator[SandboxThread]:
    with Sandbox.in_thread(seed=7, market="calm", block_ms=0) as thread, sandbox_at(thread.url):
        yield thread


def new_connector() -> HyperliquidPerpetualDerivative:
    return HyperliquidPerpetualDerivative(trading_pairs=["BTC-USD", "ETH-USD"], domain=DOMAIN)


async def trade(connector: HyperliquidPerpetualDerivative) -> str:
    """Starts, trades as a strategy does, and stops; returns the id of an order that rested and was cancelled."""
    await connector.start_network()
    ticking = asyncio.create_task(tick(connector))
    try:
        await eventually(lambda: connector.ready, 30, lambda: str(connector.status_dict))
        price = connector.quantize_order_price("BTC-USD", connector.get_price("BTC-USD", False) * Decimal("0.9"))
        order_id: str = connector.buy(
            "BTC-USD", Decimal("0.001"), OrderType.LIMIT, price, position_action=PositionAction.OPEN
        )
        await eventually(lambda: order_id in connector.in_flight_orders and is_open(connector, order_id), 20)
        before = connector.order_book_tracker.metrics.total_diffs_processed
        await eventually(lambda: connector.order_book_tracker.metrics.total_diffs_processed > before, 20)
        assert [result.success for result in await connector.cancel_all(20)] == [True]
        await connector._update_balances()
        assert connector.get_balance("USD") > 0
        assert connector.get_funding_info("ETH-USD").mark_price > 0
        return order_id
    finally:
        ticking.cancel()
        await connector.stop_network()


async def tick(connector: HyperliquidPerpetualDerivative) -> None:
    loop = asyncio.get_running_loop()
    while True:
        connector._set_current_timestamp(loop.time() + 1_700_000_000)
        connector.tick(loop.time() + 1_700_000_000)
        await asyncio.sleep(0.1)


def is_open(connector: HyperliquidPerpetualDerivative, order_id: str) -> bool:
    return bool(connector.in_flight_orders[order_id].exchange_order_id)


def run(work: Any) -> Any:
    """``asyncio.run`` that fails when something is left open behind the loop."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        result = asyncio.run(work)
        gc.collect()
    left = [str(warning.message) for warning in caught if issubclass(warning.category, ResourceWarning)]
    assert not left
    return result


@pytest.mark.timeout(180)
def test_a_connector_for_each_loop(exchange: SandboxThread) -> None:
    async def one_life() -> str:
        return await trade(new_connector())

    ids = [run(one_life()) for _ in range(3)]
    known = [exchange.run(lambda sandbox, i=order_id: sandbox.order(DEMO_ADDRESS, i)) for order_id in ids]
    assert [order.status for order in known] == ["canceled"] * 3


@pytest.mark.timeout(180)
def test_one_connector_lives_on_one_loop_after_the_other(exchange: SandboxThread, caplog: Any) -> None:
    async def build() -> HyperliquidPerpetualDerivative:
        return new_connector()

    connector = run(build())
    ids = [run(trade(connector)) for _ in range(3)]
    assert isinstance(connector.order_book_tracker, BookTracker), "what is made anew is of our kind as well"
    known = [exchange.run(lambda sandbox, i=order_id: sandbox.order(DEMO_ADDRESS, i)) for order_id in ids]
    assert [order.status for order in known] == ["canceled"] * 3
    assert not [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.timeout(180)
def test_loop_that_was_abandoned_in_the_middle_of_everything_does_not_hold_up_the_next(
    exchange: SandboxThread,
) -> None:
    """As a notebook or a test leaves one behind: stopped without a word, its tasks never ended."""
    loop = asyncio.new_event_loop()

    async def begin() -> HyperliquidPerpetualDerivative:
        connector = new_connector()
        await connector.start_network()
        connector.tick(1_700_000_000.0)
        await eventually(lambda: connector.order_book_tracker.ready, 30)
        return connector

    connector = loop.run_until_complete(begin())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            asyncio.run(trade(connector))
        order = asyncio.run(trade_with_new_one())
        assert exchange.run(lambda sandbox: sandbox.order(DEMO_ADDRESS, order)).status == "canceled"
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()


async def trade_with_new_one() -> str:
    return await trade(new_connector())


def test_reads_alone_work_on_every_loop(exchange: SandboxThread) -> None:
    async def build() -> HyperliquidPerpetualDerivative:
        return new_connector()

    async def read(connector: HyperliquidPerpetualDerivative) -> None:
        prices, pairs, _, _ = await asyncio.gather(
            connector.get_last_traded_prices(["BTC-USD", "ETH-USD"]),
            connector.all_trading_pairs(),
            connector._update_balances(),
            connector._update_trading_rules(),
        )
        assert set(prices) == {"BTC-USD", "ETH-USD"}
        assert "BTC-USD" in pairs
        assert connector.get_balance("USD") > 0
        await asyncio.gather(*(connector.get_all_pairs_prices() for _ in range(3)))

    connector = run(build())
    for _ in range(3):
        run(read(connector))
