"""The count of what a connector leaves behind: it sees all that runs while the network is up, and nothing after."""

import asyncio
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
from tests.bot import Bot
from tests.chaos.inside import leftovers


async def test_tasks_and_sockets_are_seen_while_it_runs_and_are_gone_when_it_has_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, exchange.url)
        # The exchange of this test runs in the same loop, with tasks and sockets of its own.
        before = asyncio.all_tasks()
        bot = Bot(exchange, ["BTC-USD"])
        await bot.start()
        await bot.ready()

        started = {task for task in asyncio.all_tasks() - before if not _is_of_the_test(task)}
        unseen = [task for task in started if not leftovers.is_of(task, bot.connector)]
        assert len(started) >= 15
        assert unseen == []
        assert leftovers.sockets() > 0

        await bot.stop()
        left = await leftovers.count(bot.connector, lambda task: not _is_of_the_test(task))
    assert left == {"tasks": [], "sockets": 0}


def _is_of_the_test(task: "asyncio.Task[Any]") -> bool:
    names = " ".join(frame.f_code.co_filename + frame.f_code.co_qualname for frame in leftovers.frames(task))
    return any(part in names for part in ("/sandbox/", "/aiohttp/web", "Bot._tick"))
