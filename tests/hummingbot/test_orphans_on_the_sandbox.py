"""Orders of a killed bot that Hummingbot had not recorded: found by the next life, booked, done with as configured."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hummingbot.connector.markets_recorder import MarketsRecorder
from hummingbot.core.data_type.common import OrderType
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent
from hummingbot.core.rate_oracle.rate_oracle import RateOracle

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.trading.reconciliation import Reconciler
from hyperliquid_perpetual.trading.settings import Settings
from hyperliquid_perpetual.venue.client_ids import is_ours
from hyperliquid_perpetual.venue.messages import Order
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
from tests.bot import Bot, eventually
from tests.recorder import data_folder, recorder_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    with data_folder(tmp_path):
        yield tmp_path


class Lives:
    """One bot on one exchange, killed and started again with the same data."""

    def __init__(self, exchange: Sandbox, **settings: Any) -> None:
        self.exchange = exchange
        self.settings = Settings(**settings)
        self.bots: list[Bot] = []
        self.recorder: MarketsRecorder | None = None

    async def begin(self, config: str = "conf_1.yml") -> Bot:
        bot = Bot(self.exchange, ["BTC-USD"], settings=self.settings)
        self.recorder = recorder_of(bot.connector, config)
        self.recorder.restore_market_states(config, bot.connector)
        self.recorder.start()
        self.bots.append(bot)
        await bot.start()
        await bot.ready()
        return bot

    async def kill(self, bot: Bot) -> None:
        """Nothing that the bot learns from now on reaches its database, and it is gone."""
        assert self.recorder is not None
        self.recorder.stop()
        await bot.stop()

    async def end(self) -> None:
        for bot in self.bots:
            await bot.stop()


@pytest.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> Any:
    async with Sandbox(seed=7, market="still", block_ms=0) as sandbox:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, sandbox.url)
        yield sandbox


async def killed_with_an_unrecorded_order(lives: Lives, order_type: OrderType = OrderType.LIMIT) -> str:
    """A bot whose order reached the venue, and that was killed before Hummingbot had recorded it."""
    bot = await lives.begin()
    assert lives.recorder is not None
    lives.recorder.stop()
    price = bot.price("BTC", "0.99") if order_type is OrderType.LIMIT else "NaN"
    order_id = bot.place("buy", "BTC-USD", "0.01", price, order_type)
    await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCreated, order_id)))
    await asyncio.sleep(0.1)
    await lives.kill(bot)
    return order_id


@pytest.mark.parametrize("policy", ["cancel", "adopt", "report"])
async def test_open_order_of_a_killed_bot_is_done_with_as_configured(exchange: Sandbox, policy: str) -> None:
    lives = Lives(exchange, orphans=policy)
    order_id = await killed_with_an_unrecorded_order(lives)
    again = await lives.begin()
    try:
        if policy == "cancel":
            await eventually(lambda: bool(again.events(MarketEvent.OrderCancelled, order_id)))
            assert not exchange.open_orders(again.address)
        elif policy == "adopt":
            await eventually(lambda: again.state(order_id) is OrderState.OPEN)
            [created] = again.events(MarketEvent.BuyOrderCreated, order_id)
            assert (created.amount, created.trading_pair) == (Decimal("0.01"), "BTC-USD")
            exchange.fill(again.address, order_id)
            await eventually(lambda: bool(again.events(MarketEvent.BuyOrderCompleted, order_id)))
        else:
            await eventually(lambda: "left alone" in str(again.log))
            assert again.state(order_id) is None
            assert len(exchange.open_orders(again.address)) == 1
    finally:
        await lives.end()


async def test_order_left_alone_is_booked_when_it_fills(exchange: Sandbox) -> None:
    lives = Lives(exchange, orphans="report")
    order_id = await killed_with_an_unrecorded_order(lives)
    again = await lives.begin()
    try:
        await eventually(lambda: "left alone" in str(again.log))
        exchange.fill(again.address, order_id)
        await eventually(lambda: bool(again.events(MarketEvent.BuyOrderCompleted, order_id)))
        assert len(again.events(MarketEvent.OrderFilled, order_id)) == 1
    finally:
        await lives.end()


async def test_market_order_that_filled_right_before_the_kill_is_booked_once_by_the_next_life(
    exchange: Sandbox,
) -> None:
    lives = Lives(exchange)
    order_id = await killed_with_an_unrecorded_order(lives, OrderType.MARKET)
    again = await lives.begin()
    try:
        await eventually(lambda: bool(again.events(MarketEvent.BuyOrderCompleted, order_id)))
        fills = exchange.fills(again.address)
        assert [(e.price, e.amount) for e in again.events(MarketEvent.OrderFilled, order_id)] == [
            (fill.price, fill.size) for fill in fills
        ]
        await lives.kill(again)
        third = await lives.begin()
        await third.connector._reconciler.sweep_fills()
        await asyncio.sleep(0.5)
        assert not third.events(MarketEvent.OrderFilled)
        assert third.connector._orphans.found == 0
    finally:
        await lives.end()


async def test_fills_that_are_recorded_are_not_booked_again_by_the_next_life(exchange: Sandbox) -> None:
    lives = Lives(exchange)
    bot = await lives.begin()
    order_id = bot.place("buy", "BTC-USD", "0.01", order_type=OrderType.MARKET)
    await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)))
    await lives.kill(bot)
    again = await lives.begin()
    try:
        orphans, bookmark = again.connector._orphans, again.connector._bookmark
        # Late words about the order, before and after its fills were dismissed, leave nothing that is waited for.
        row = exchange.order(again.address, order_id)
        assert row is not None
        told = Order("BTC", "B", row.price, Decimal(0), row.oid, int(time.time() * 1000), row.size, order_id)
        orphans.on_open(told)
        await again.connector._reconciler.sweep_fills()
        await asyncio.sleep(0.5)
        assert not again.events(MarketEvent.OrderFilled)
        assert orphans.found == 0
        assert not orphans.keeps_fills
        before = bookmark.read()
        assert before is not None
        newer = again.place("buy", "BTC-USD", "0.01", order_type=OrderType.MARKET)
        await eventually(lambda: bool(again.events(MarketEvent.BuyOrderCompleted, newer)))
        await again.connector._reconciler.sweep_fills()
        assert (bookmark.read() or 0) > before, "or the fills of all time would be asked for again and again"
    finally:
        await lives.end()


async def test_orders_of_another_bot_and_manual_ones_are_never_touched(exchange: Sandbox) -> None:
    """Another bot: another configuration of the same folder, or a copy of the folder."""
    lives = Lives(exchange)
    other = await lives.begin("conf_other.yml")
    theirs = await other.open_order("buy", "BTC-USD", "0.01", other.price("BTC", "0.99"))
    assert is_ours(theirs)
    MarketsRecorder._shared_instance = None
    bot = await lives.begin("conf_1.yml")
    try:
        await eventually(lambda: bot.connector._orphans._has_looked)
        await asyncio.sleep(0.5)
        [order] = exchange.open_orders(bot.address)
        assert order.cloid == theirs
        assert bot.connector._orphans.found == 0
        exchange.fill(bot.address, theirs)
        await eventually(lambda: bot.connector._dispatcher.counters.foreign_fills == 1)
        assert not bot.events(MarketEvent.OrderFilled)
    finally:
        await lives.end()


async def test_order_that_comes_in_after_the_restart_is_recognised(exchange: Sandbox) -> None:
    """The bot was killed while its order was held up on the way."""
    lives = Lives(exchange)
    bot = await lives.begin()
    assert lives.recorder is not None
    lives.recorder.stop()
    exchange.faults.delay(4.0, kind="order")
    order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
    await eventually(lambda: bool(exchange.faults.counts.get("delay")))
    await lives.kill(bot)
    again = await lives.begin()
    try:
        await eventually(lambda: bool(again.events(MarketEvent.OrderCancelled, order_id)), 10)
        assert not exchange.open_orders(again.address)
    finally:
        await lives.end()


async def test_fill_booked_before_the_markets_are_known_has_its_fee_converted(exchange: Sandbox, folder: Path) -> None:
    """A restarted bot books what filled meanwhile at once; Hummingbot writes down no fee when it has no rate for it."""
    lives = Lives(exchange)
    first = await lives.begin()
    order_id = await first.open_order("buy", "BTC-USD", "0.01", first.price("BTC", "0.999"))
    await lives.kill(first)
    exchange.fill(first.address, order_id)
    RateOracle.get_instance()._prices.clear()
    exchange.faults.add("delay seconds=1 kind=perpDexs lasts=10")

    again = await lives.begin()
    await eventually(lambda: bool(again.events(MarketEvent.OrderFilled, order_id)))

    with closing(sqlite3.connect(folder / "conf_1.sqlite")) as connection:
        [(fee, fee_in_quote)] = connection.execute("SELECT trade_fee, trade_fee_in_quote FROM TradeFill").fetchall()
    [part] = json.loads(fee)["flat_fees"]
    assert Decimal(part["amount"]) == Decimal(fee_in_quote).scaleb(-6) > 0
    await lives.end()


async def test_fill_of_an_unrecorded_order_is_booked_when_the_snapshot_of_fills_comes_before_the_first_sweep(
    exchange: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fill that is passed over in the snapshot counts as seen, and no sweep brings it again."""
    lives = Lives(exchange)
    order_id = await killed_with_an_unrecorded_order(lives, OrderType.MARKET)
    sweep = Reconciler.sweep

    async def late_sweep(reconciler: Reconciler) -> None:
        await asyncio.sleep(1)
        await sweep(reconciler)

    monkeypatch.setattr(Reconciler, "sweep", late_sweep)

    again = await lives.begin()
    await eventually(lambda: bool(again.events(MarketEvent.OrderFilled, order_id)), 15)
    await lives.end()
