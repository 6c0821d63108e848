"""A connector on its loop, and threads beside it that trade and read: nothing is lost, nothing happens twice."""

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction, PriceType
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.data_type.limit_order import LimitOrder
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.trading.settings import Settings
from hyperliquid_perpetual.trading.threads import NotStarted
from tests.bot import DOMAIN, Bot, eventually, sandbox_at, trading_bot

THREADS = 8
ORDERS_PER_THREAD = 90
EACH_FOR_ITSELF = Settings(replace_in_place=False)
"""A cancel and an order that meet by chance do not become an amendment: every order is sent as one."""

PAIRS = ("BTC-USD", "ETH-USD", "SOL-USD")


async def in_threads(work: Callable[[int], Any], count: int = THREADS) -> list[Any]:
    """Does some work in several threads that start together; raises what one of them raised."""
    barrier = threading.Barrier(count)

    def run(number: int) -> Any:
        barrier.wait(30)
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(threads, run, number) for number in range(count)))


def sent_orders(bot: Bot) -> list[str]:
    """The client order ids of all orders that were sent to the exchange, however often."""
    bodies = [json.loads(request.body) for request in bot.exchange.requests("/exchange", "order")]
    return [order["c"] for body in bodies for order in body["action"]["orders"]]


def look_around(bot: Bot) -> None:
    """Reads everything that a strategy reads."""
    connector = bot.connector
    pair = PAIRS[0]
    assert connector.get_balance("USD") > 0
    assert connector.get_available_balance("USD") > 0
    assert connector.get_all_balances()
    for position in connector.account_positions.values():
        assert position.amount
    for order in connector.limit_orders:
        assert order.quantity > 0
    for order_id in connector.in_flight_orders:
        assert order_id.startswith("0x")
    for name, rule in connector.trading_rules.items():
        assert rule.trading_pair == name
    assert connector.get_price(pair, True) >= connector.get_price(pair, False)
    assert connector.get_price_by_type(pair, PriceType.MidPrice) > 0
    assert connector.quantize_order_price(pair, Decimal("12345.678")) == Decimal(12345)
    book = connector.get_order_book(pair)
    bids, asks = list(book.bid_entries()), list(book.ask_entries())
    assert [row.price for row in bids] == sorted({row.price for row in bids}, reverse=True)
    assert [row.price for row in asks] == sorted({row.price for row in asks})
    assert connector.get_vwap_for_volume(pair, True, Decimal("0.5")).result_price > 0
    assert connector.ready in (True, False)


async def test_eight_threads_place_and_cancel_and_every_order_is_at_the_exchange_once() -> None:
    async with trading_bot(*PAIRS, settings=EACH_FOR_ITSELF) as bot:
        prices = {pair: Decimal(bot.price(pair.removesuffix("-USD"), "0.9")) for pair in PAIRS}
        amounts = {pair: (Decimal(12) / price) for pair, price in prices.items()}
        lots = {"BTC-USD": "0.001", "ETH-USD": "0.01", "SOL-USD": "0.1"}
        amounts = {pair: max(amounts[pair].quantize(Decimal(lots[pair])), Decimal(lots[pair])) for pair in PAIRS}

        def trade(number: int) -> tuple[list[str], list[str]]:
            placed, cancelled = [], []
            for turn in range(ORDERS_PER_THREAD):
                pair = PAIRS[(number + turn) % len(PAIRS)]
                order_type = OrderType.LIMIT_MAKER if turn % 2 else OrderType.LIMIT
                order_id = bot.connector.buy(
                    pair, amounts[pair], order_type, prices[pair], position_action=PositionAction.OPEN
                )
                placed.append(order_id)
                if turn % 3 == 0:
                    assert bot.connector.cancel(pair, order_id) == order_id
                    cancelled.append(order_id)
                if turn % 10 == number % 10:
                    look_around(bot)
            return placed, cancelled

        results = await in_threads(trade)
        placed = [order_id for orders, _ in results for order_id in orders]
        cancelled = {order_id for _, orders in results for order_id in orders}
        assert len(set(placed)) == len(placed) == THREADS * ORDERS_PER_THREAD
        staying = set(placed) - cancelled

        def is_settled() -> bool:
            return {order.cloid for order in bot.exchange.open_orders(bot.address)} == staying and (
                set(bot.connector.in_flight_orders) == staying
            )

        await eventually(is_settled, 60, lambda: str(bot.log))
        assert sorted(sent_orders(bot)) == sorted(placed)
        assert {bot.state(order_id) for order_id in cancelled} == {OrderState.CANCELED}
        for order in bot.exchange.open_orders(bot.address):
            assert bot.order(order.cloid).exchange_order_id == str(order.oid)
            assert bot.order(order.cloid).amount == order.size
        created = [event.order_id for event in bot.events(MarketEvent.BuyOrderCreated)]
        assert sorted(created) == sorted(placed)
        nonces = [json.loads(request.body)["nonce"] for request in bot.exchange.requests("/exchange")]
        assert len(set(nonces)) == len(nonces)

        # One thread after the other takes the rest down, from loops of their own.
        outcomes = await asyncio.to_thread(lambda: asyncio.run(bot.connector.cancel_all(30)))
        assert {result.order_id for result in outcomes if result.success} == staying
        assert not bot.exchange.open_orders(bot.address)
        assert not bot.log.errors


async def test_batches_from_threads_are_placed_and_cancelled_each_order_once() -> None:
    async with trading_bot(settings=EACH_FOR_ITSELF) as bot:
        price = Decimal(bot.price("BTC", "0.9"))

        def order(order_id: str = "") -> LimitOrder:
            return LimitOrder(order_id, "BTC-USD", True, "BTC", "USD", price, Decimal("0.001"))

        def trade(_number: int) -> tuple[list[str], list[str]]:
            placed, cancelled = [], []
            for _ in range(10):
                batch = bot.connector.batch_order_create([order() for _ in range(5)])
                ids = [one.client_order_id for one in batch]
                bot.connector.batch_order_cancel([order(order_id) for order_id in ids[:2]])
                placed += ids
                cancelled += ids[:2]
            return placed, cancelled

        results = await in_threads(trade)
        placed = [order_id for orders, _ in results for order_id in orders]
        staying = set(placed) - {order_id for _, orders in results for order_id in orders}
        await eventually(
            lambda: {resting.cloid for resting in bot.exchange.open_orders(bot.address)} == staying,
            60,
            lambda: str(bot.log),
        )
        assert sorted(sent_orders(bot)) == sorted(set(placed))
        assert len(placed) == THREADS * 50
        await eventually(lambda: set(bot.connector.in_flight_orders) == staying, 20)
        assert len(bot.events(MarketEvent.OrderCancelled)) == THREADS * 20
        assert not bot.log.errors


async def test_threads_read_while_books_balances_and_positions_move() -> None:
    async with trading_bot(*PAIRS, market="wild") as bot:
        stop = threading.Event()

        def trade(number: int) -> int:
            if number == 0:
                for turn in range(20):
                    send = bot.connector.buy if turn % 2 else bot.connector.sell
                    send("ETH-USD", Decimal("0.02"), OrderType.MARKET, position_action=PositionAction.OPEN)
                    stop.wait(0.05)
                stop.set()
                return 20
            turns = 0
            while not stop.is_set() or turns < 20:
                look_around(bot)
                turns += 1
            return turns

        assert min(await in_threads(trade, 5)) >= 20
        await eventually(lambda: len(sent_orders(bot)) == len(set(sent_orders(bot))) == 20, 20)
        await eventually(lambda: not bot.connector.in_flight_orders, 20)


async def test_before_anything_is_started_another_thread_gets_a_clear_error() -> None:
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        with sandbox_at(exchange.url):
            connector = HyperliquidPerpetualDerivative(trading_pairs=["BTC-USD"], domain=DOMAIN)
        for ask in (
            lambda: connector.buy("BTC-USD", Decimal("0.01"), OrderType.LIMIT, Decimal(1000)),
            lambda: connector.sell("BTC-USD", Decimal("0.01"), OrderType.MARKET),
            lambda: connector.cancel("BTC-USD", "0x" + "0" * 32),
            lambda: connector.set_leverage("BTC-USD", 5),
        ):
            with pytest.raises(NotStarted, match=f"{DOMAIN} has not been started"):
                await asyncio.to_thread(ask)
        assert not connector.in_flight_orders
        assert await asyncio.to_thread(lambda: dict(connector.account_positions)) == {}
        assert not exchange.requests("/exchange")


async def test_leverage_is_set_from_another_thread() -> None:
    async with trading_bot() as bot:
        await asyncio.to_thread(bot.connector.set_leverage, "BTC-USD", 7)
        await eventually(lambda: bot.connector.get_leverage("BTC-USD") == 7)
