"""Bots in a process of their own that ask the venue as much as they can: python busy_bots.py KEY CONNECTORS SECONDS.

A line of input lets them begin, another one has them stop. Prints what they saw, as JSON.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from eth_account import Account

from hyperliquid_perpetual.trading.requests import RateLimited
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
from tests.bot import Bot, eventually

PAIR = "BTC-USD"


async def run(secret_key: str, connectors: int, seconds: float) -> None:
    keys = {
        "hyperliquid_perpetual_address": Account.from_key(secret_key).address,
        "hyperliquid_perpetual_secret_key": secret_key,
    }
    exchange: Any = SimpleNamespace(url=os.environ[SANDBOX_URL_VARIABLE])
    seen = {"reads": 0, "limited": 0, "orders": 0, "cancelled": 0}
    bots = [Bot(exchange, [PAIR], **keys) for _ in range(connectors)]
    first = bots[0]
    try:
        await first.start()
        await first.ready(60)
        for bot in bots[1:]:
            await bot.start()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        end = time.monotonic() + seconds
        await asyncio.gather(*(read(first, end, seen) for _ in range(8)), trade(first, end, seen))
        print(json.dumps(seen), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
    finally:
        for bot in bots:
            await bot.stop()


async def read(bot: Bot, end: float, seen: dict[str, int]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(end - time.monotonic()):
            while True:
                try:
                    await bot.connector._reader.rate_limit()
                    seen["reads"] += 1
                except RateLimited:
                    seen["limited"] += 1


async def trade(bot: Bot, end: float, seen: dict[str, int]) -> None:
    """Orders and cancels, which must not wait for the reads."""
    price = str(bot.connector.quantize_order_price(PAIR, bot.connector.get_mid_price(PAIR) * Decimal("0.9")))
    while time.monotonic() < end:
        order_id = await bot.open_order("buy", PAIR, "0.001", price)
        seen["orders"] += 1
        bot.connector.cancel(PAIR, order_id)
        await eventually(lambda order_id=order_id: bot.order(order_id).is_cancelled, 5)  # type: ignore[misc]
        seen["cancelled"] += 1
        await asyncio.sleep(0.7)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
