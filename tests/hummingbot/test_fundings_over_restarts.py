"""Funding payments around a kill: each is in Hummingbot's database once, whichever life of the bot was there for it."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hummingbot.connector.markets_recorder import MarketsRecorder
from hummingbot.core.data_type.common import OrderType
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
from tests.bot import Bot, eventually
from tests.recorder import data_folder, recorder_of

CONFIG = "conf_1.yml"
PAIRS = ["BTC-USD", "ETH-USD"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    with data_folder(tmp_path):
        yield tmp_path


@pytest.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=7, market="still", clock="virtual") as sandbox:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, sandbox.url)
        yield sandbox


async def begin(exchange: Sandbox, *, with_database: bool = True) -> tuple[Bot, MarketsRecorder | None]:
    """A bot that was made just now by the exchange's clock, which runs ahead in these tests."""
    bot = Bot(exchange, PAIRS)
    bot.connector._funding_ledger._started_ms = exchange.clock.now()
    recorder = recorder_of(bot.connector, CONFIG) if with_database else None
    if recorder is not None:
        recorder.restore_market_states(CONFIG, bot.connector)
        recorder.start()
    await bot.start()
    await bot.ready()
    return bot, recorder


async def kill(bot: Bot, recorder: MarketsRecorder | None) -> None:
    if recorder is not None:
        recorder.stop()
    await bot.stop()


async def take_positions(bot: Bot) -> None:
    for pair, amount in zip(PAIRS, ("0.02", "0.5"), strict=True):
        order_id = bot.place("buy", pair, amount, order_type=OrderType.MARKET)
        await eventually(lambda order_id=order_id: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)))


async def an_hour_later(exchange: Sandbox) -> None:
    await exchange.clock.advance(3600)  # type: ignore[attr-defined]


def recorded(folder: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(folder / "conf_1.sqlite")) as connection:
        rows = connection.execute("SELECT symbol, amount FROM FundingPayment ORDER BY timestamp, symbol").fetchall()
    return sorted((symbol, f"{amount:f}") for symbol, amount in rows)


async def paid(bot: Bot) -> list[tuple[str, str]]:
    rows = await bot.connector._reader.fundings_since(0)
    return sorted((f"{row.coin}-USD", f"{row.usdc:f}") for row in rows)


def told(bot: Bot) -> list[Any]:
    return [event for kind, event in bot.history if kind is MarketEvent.FundingPaymentCompleted]


async def test_payments_made_while_the_bot_was_away_are_recorded_by_its_next_life(
    exchange: Sandbox, folder: Path
) -> None:
    bot, recorder = await begin(exchange)
    await take_positions(bot)
    await kill(bot, recorder)
    await an_hour_later(exchange)

    again, _ = await begin(exchange)
    await eventually(lambda: len(told(again)) == 2, 10)

    assert recorded(folder) == await paid(again) != []
    await again.stop()


async def test_payment_that_the_first_life_missed_of_several_made_at_once_is_recorded_by_the_next(
    exchange: Sandbox, folder: Path
) -> None:
    bot, recorder = await begin(exchange)
    await take_positions(bot)
    await an_hour_later(exchange)
    await eventually(lambda: len(told(bot)) == 2, 10)
    await kill(bot, recorder)
    with closing(sqlite3.connect(folder / "conf_1.sqlite")) as connection:
        assert connection.execute("DELETE FROM FundingPayment WHERE symbol = 'BTC-USD'").rowcount == 1
        connection.commit()

    again, _ = await begin(exchange)
    await eventually(lambda: bool(told(again)), 10)

    assert [event.trading_pair for event in told(again)] == ["BTC-USD"]
    assert recorded(folder) == await paid(again)
    await again.stop()


async def test_payments_that_are_recorded_are_not_told_again_by_the_next_life(exchange: Sandbox, folder: Path) -> None:
    bot, recorder = await begin(exchange)
    await take_positions(bot)
    await an_hour_later(exchange)
    await eventually(lambda: len(told(bot)) == 2, 10)
    await kill(bot, recorder)

    again, _ = await begin(exchange)
    await an_hour_later(exchange)
    await eventually(lambda: len(told(again)) >= 2, 10)
    again.connector._has_asked_for_fundings = True
    await again.connector._update_all_funding_payments(fire_event_on_new=True)

    assert len(told(again)) == 2
    assert recorded(folder) == await paid(again)
    assert len(recorded(folder)) == 4
    await again.stop()


async def test_payments_from_before_the_first_order_of_the_bot_are_not_its_own(exchange: Sandbox, folder: Path) -> None:
    stranger, _ = await begin(exchange, with_database=False)
    await take_positions(stranger)
    await stranger.stop()
    await an_hour_later(exchange)

    bot, _ = await begin(exchange)
    bot.connector._has_asked_for_fundings = True
    await bot.connector._update_all_funding_payments(fire_event_on_new=True)

    assert len(await paid(bot)) == 2
    assert told(bot) == []
    assert recorded(folder) == []
    await bot.stop()
