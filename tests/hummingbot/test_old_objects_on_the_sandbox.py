"""A bot that is ready is not halted by Python's search for cycles among what will live as long as it does."""

import gc
from collections.abc import Iterator

import pytest

from hyperliquid_perpetual.trading.settings import Settings
from tests.bot import eventually, trading_bot


@pytest.fixture(autouse=True)
def nothing_set_aside() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


async def test_what_lives_as_long_as_the_bot_is_set_aside_once_it_is_ready_and_given_back_when_it_stops() -> None:
    assert gc.get_freeze_count() == 0
    async with trading_bot():
        await eventually(lambda: gc.get_freeze_count() > 10_000)
    assert gc.get_freeze_count() == 0


async def test_the_setting_leaves_the_collector_alone() -> None:
    async with trading_bot(settings=Settings(set_aside_old_objects=False)) as bot:
        bot.connector.tick(bot.connector.current_timestamp)
        assert gc.get_freeze_count() == 0
