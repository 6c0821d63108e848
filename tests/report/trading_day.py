"""A short day of a bot on a sandbox, as Hummingbot records it in a database and a log, beside the exchange's truth."""

import asyncio
import logging
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.inspection import AccountSnapshot
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.trading.settings import Settings
from hyperliquid_perpetual.venue.messages import FundingPayment
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
from tests.bot import Bot, eventually
from tests.recorder import data_folder, recorder_of

NAME = "conf_day"
LOG_FORMAT = "%(asctime)s - %(process)d - %(name)s - %(levelname)s - %(message)s"
"""As Hummingbot's logging template has it."""


@dataclass(frozen=True)
class Day:
    """What is left of it, and what the exchange says."""

    home: Path
    account: AccountSnapshot
    payments: tuple[FundingPayment, ...]
    reconnects: int
    differences: dict[str, int]
    placed: int
    """Orders that the strategy placed."""

    @property
    def database(self) -> Path:
        return self.home / "data" / f"{NAME}.sqlite"

    @property
    def log(self) -> Path:
        return self.home / "logs" / f"logs_{NAME}.log"


def live_through(home: Path) -> Day:
    """Lets the bot trade, for some seconds."""
    for folder in ("data", "logs"):
        (home / folder).mkdir(parents=True)
    handler = logging.FileHandler(home / "logs" / f"logs_{NAME}.log", encoding="utf-8")
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    logger = logging.getLogger("hummingbot")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with data_folder(home / "data"):
            return asyncio.run(_day(home))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()


async def _day(home: Path) -> Day:
    async with Sandbox(seed=7, market="still", clock="virtual") as exchange:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv(SANDBOX_URL_VARIABLE, exchange.url)
            bot = Bot(exchange, ["BTC-USD", "ETH-USD"], settings=Settings(actions_over="http"))
            recorder = recorder_of(bot.connector, f"{NAME}.yml")
            recorder.start()
            await bot.start()
            try:
                await bot.ready()
                placed = await _trade(bot)
                await exchange.clock.advance(3600)  # type: ignore[attr-defined]
                await eventually(
                    lambda: [kind for kind, _ in bot.history].count(MarketEvent.FundingPaymentCompleted) == 2, 20
                )
                payments = await bot.connector._reader.fundings_since(0)
                await asyncio.sleep(0.1)
                return Day(
                    home,
                    exchange.account(bot.address),
                    tuple(payments),
                    bot.connector._user_stream_tracker.data_source.reconnects + bot.connector._orderbook_ds.reconnects,
                    dict(bot.connector._sweep.differences.counts),
                    placed,
                )
            finally:
                recorder.stop()
                await bot.stop()


class _Strategy:
    """Counts what it places."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.placed = 0

    async def until(self, order_id: str, state: OrderState) -> None:
        await eventually(
            lambda: self.bot.state(order_id) is state, 10, lambda: f"{order_id} is {self.bot.state(order_id)}"
        )

    async def take(self, side: str, pair: str, amount: str, action: PositionAction = PositionAction.OPEN) -> None:
        order_id = self.place(side, pair, amount, order_type=OrderType.MARKET, position_action=action)
        await self.until(order_id, OrderState.FILLED)

    async def make(self, side: str, coin: str, amount: str, factor: str, filled: str | None = None) -> str:
        """A limit order away from the market, filled by the exchange as far as it is said."""
        bot, pair = self.bot, f"{coin}-USD"
        self.placed += 1
        order_id = await bot.open_order(side, pair, amount, bot.price(coin, factor))
        if filled is not None:
            bot.exchange.fill(bot.address, order_id, filled)
            await eventually(lambda: bool(bot.events(MarketEvent.OrderFilled, order_id)), 10)
        return order_id

    def place(self, *terms: Any, **more: Any) -> str:
        self.placed += 1
        return self.bot.place(*terms, **more)


async def _trade(bot: Bot) -> int:
    strategy, exchange = _Strategy(bot), bot.exchange
    await strategy.make("buy", "BTC", "0.03", "0.999", filled="0.03")
    await strategy.make("sell", "BTC", "0.01", "1.001", filled="0.01")
    await strategy.take("sell", "BTC-USD", "0.007")
    # A plain limit order that takes, and turns the position over.
    crossing = strategy.place("sell", "BTC-USD", "0.02", bot.price("BTC", "0.99"))
    await strategy.until(crossing, OrderState.FILLED)
    await strategy.take("buy", "ETH-USD", "0.5")
    await strategy.make("sell", "ETH", "0.2", "1.002", filled="0.2")
    # One order that is cancelled, one that is filled in part before it is.
    for order_id in (
        await strategy.make("buy", "ETH", "0.3", "0.99"),
        await strategy.make("buy", "ETH", "0.4", "0.998", filled="0.1"),
    ):
        bot.connector.cancel("ETH-USD", order_id)
        await strategy.until(order_id, OrderState.CANCELED)
    refused = strategy.place("buy", "BTC-USD", "0.002", bot.price("BTC", "1.01"), OrderType.LIMIT_MAKER)
    await strategy.until(refused, OrderState.FAILED)
    # An order whose acceptance is lost on the way.
    exchange.faults.drop_reply(kind="order")
    unclear = strategy.place("buy", "BTC-USD", "0.002", bot.price("BTC", "0.98"))
    await strategy.until(unclear, OrderState.OPEN)
    # A fill that the stream does not tell, and a stream that is lost.
    missed = await strategy.make("buy", "BTC", "0.004", "0.997")
    exchange.faults.lose_user_frames()
    exchange.fill(bot.address, missed)
    await bot.connector._reconciler.sweep()
    await strategy.until(missed, OrderState.FILLED)
    exchange.faults.clear()
    await bot.lose_streams()
    await eventually(lambda: bot.connector.ready, 20)
    # Orders on both sides until the end.
    await strategy.make("buy", "BTC", "0.002", "0.95")
    await strategy.make("sell", "BTC", "0.002", "1.05")
    assert exchange.account(bot.address).position("BTC") == Decimal("-0.003")
    return strategy.placed
