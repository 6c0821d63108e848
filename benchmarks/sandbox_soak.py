"""A simulated week of the sandbox with eight markets and a bot that trades and listens: memory stays flat.

    python benchmarks/sandbox_soak.py --days 7

Runs under a virtual clock. The markets are quiet ones, so that a week takes about half an hour. What
is kept is limited in number everywhere; here the limits are low enough to be reached on the first day, so that what
still grows afterwards is a leak and not a history that fills. Every few simulated hours the resident memory of the
process is noted, and how much of everything is kept. At the end memory must not have grown by more than --allowed
megabytes since the end of the first day. Writes build/soak/summary.json.
"""

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for the client of the tests

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.clock import VirtualClock
from hyperliquid_perpetual.sandbox.many_markets import character_of_rank, many_markets
from tests.unit.sandbox.client import Client, order, orders, wallet

OUTPUT = Path("build/soak/summary.json")
FIRST_RANK = 40
"""The markets are as busy, wide and thin as those of this rank and the next ones among 200."""
CYCLE_SECONDS = 60
START_MS = 1_800_000_000_000
ASSET = 0
LIMITS = {"history_limit": 1_000, "fill_limit": 1_000, "ledger_limit": 1_000, "trade_limit": 200}
"""What the engine keeps of an account and of a market."""
CAPTURED = 1_000
"""Requests that are kept."""


@dataclass
class Soak:
    """What has been noted, a line for each time."""

    hours: list[float] = field(default_factory=list)
    resident_mb: list[float] = field(default_factory=list)
    kept: list[dict[str, int]] = field(default_factory=list)
    trades: int = 0
    requests: int = 0
    frames: int = 0

    @property
    def newest(self) -> str:
        """The newest line, for people."""
        counts = "  ".join(f"{name} {count}" for name, count in self.kept[-1].items())
        return f"{self.hours[-1]:7.1f} h  {self.resident_mb[-1]:7.1f} MB  {counts}"

    def growth_mb(self, after_hours: float) -> float:
        """Highest resident memory of the last quarter less that at the end of the warm-up."""
        warm = next(mb for hour, mb in zip(self.hours, self.resident_mb, strict=True) if hour >= after_hours)
        return max(self.resident_mb[-max(1, len(self.resident_mb) // 4) :]) - warm


class Counter:
    """Counts trades, as a `BlockListener`."""

    def __init__(self) -> None:
        self.trades = 0

    def on_events(self, events: list[Any]) -> None:
        self.trades += sum(type(event).__name__ == "TradeMade" for event in events)

    def on_block(self, now: int) -> None:
        pass


async def soak(days: float, every_hours: float, markets: int = 8, says: bool = False, **settings: Any) -> Soak:
    """Let the markets live, and a bot in the first of them; with `says`, print each line when it is noted."""
    market_set = many_markets(markets)
    market_set.characters = {
        coin: character_of_rank(FIRST_RANK + number, coin) for number, coin in enumerate(market_set.by_coin)
    }
    found, counter = Soak(), Counter()
    clock = VirtualClock(START_MS)
    settings = {"allowance": None, **LIMITS, **settings}
    async with Sandbox(seed=1, market_set=market_set, clock=clock, **settings) as exchange:
        exchange.chain.listen(counter)
        exchange.api.captured = deque(maxlen=CAPTURED)
        async with (
            Client(exchange, wallet(7)) as client,
            aiohttp.ClientSession() as session,
            session.ws_connect(exchange.ws_url, max_msg_size=0) as ws,
        ):
            listener = asyncio.create_task(listen(ws, found, client.address))
            cycles = round(days * 86_400 / CYCLE_SECONDS)
            each = max(1, round(every_hours * 3600 / CYCLE_SECONDS))
            for cycle in range(cycles):
                await trade(exchange, client, found)
                await clock.advance(CYCLE_SECONDS)
                if (cycle + 1) % each == 0:
                    note(found, exchange, (cycle + 1) * CYCLE_SECONDS / 3600)
                    if says:
                        print(found.newest, flush=True)
            listener.cancel()
            with suppress(asyncio.CancelledError):
                await listener
    found.trades = counter.trades
    return found


async def trade(exchange: Sandbox, client: Client, found: Soak) -> None:
    """Cancel what rests and quote anew, a little of it at once: one cycle of the bot."""
    coin = exchange.market_set.markets[0].coin
    mid = exchange.book(coin, 1).mid
    if mid is None:
        return
    stale = [{"a": ASSET, "o": entry.oid} for entry in exchange.open_orders(client.address)]
    if stale:
        await client.act({"type": "cancel", "cancels": stale}, nonce=exchange.clock.now())
        found.requests += 1
    bid, ask = (str(round(mid * factor)) for factor in (Decimal("0.9995"), Decimal("1.0005")))
    quotes = (order(ASSET, True, bid, "0.01"), order(ASSET, False, ask, "0.01"))
    reply = await client.act(orders(*quotes), nonce=exchange.clock.now() + 1)
    if reply["status"] != "ok":
        raise SystemExit(f"the bot was refused after {found.requests} requests: {reply}")
    found.requests += 1


async def listen(ws: aiohttp.ClientWebSocketResponse, found: Soak, user: str) -> None:
    """Follow the first market and the bot's account."""
    for subscription in (
        {"type": "l2Book", "coin": "BTC"},
        {"type": "bbo", "coin": "BTC"},
        {"type": "trades", "coin": "BTC"},
        {"type": "candle", "coin": "BTC", "interval": "1h"},
        {"type": "userFills", "user": user},
        {"type": "orderUpdates", "user": user},
    ):
        await ws.send_json({"method": "subscribe", "subscription": subscription})
    async for _ in ws:
        found.frames += 1


def note(found: Soak, exchange: Sandbox, hours: float) -> None:
    """Write down how much memory there is, and how much of everything."""
    gc.collect()
    accounts = exchange.engine.accounts.values()
    found.hours.append(hours)
    found.resident_mb.append(round(resident_mb(), 2))
    found.kept.append(
        {
            "objects": len(gc.get_objects()),
            "accounts": len(accounts),
            "open_orders": sum(len(account.open_orders) for account in accounts),
            "finished_orders": sum(len(account.history) for account in accounts),
            "fills": sum(len(account.fills) for account in accounts),
            "trades": sum(len(state.trades) for state in exchange.engine.markets.values()),
            "captured_requests": len(exchange.api.captured),
        }
    )


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--markets", type=int, default=8)
    parser.add_argument("--every-hours", type=float, default=6, help="how often memory is noted")
    parser.add_argument("--allowed", type=float, default=20, help="growth after the first day, in MB")
    arguments = parser.parse_args()
    began = time.monotonic()
    found = asyncio.run(soak(arguments.days, arguments.every_hours, arguments.markets, says=True))
    growth = found.growth_mb(min(24, arguments.days * 24 / 2))
    summary = {
        "days": arguments.days,
        "markets": arguments.markets,
        "seconds": round(time.monotonic() - began),
        "trades": found.trades,
        "requests": found.requests,
        "frames": found.frames,
        "growth_mb": round(growth, 2),
        "allowed_mb": arguments.allowed,
        "hours": found.hours,
        "resident_mb": found.resident_mb,
        "kept": found.kept,
    }
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(summary, indent=2) + "\n")
    print(f"{found.trades} trades, {found.requests} requests, {found.frames} frames; written to {OUTPUT}")
    print(f"memory has grown by {growth:.1f} MB since the warm-up, {arguments.allowed:.0f} are allowed")
    sys.exit(0 if growth <= arguments.allowed else 1)


if __name__ == "__main__":
    main()
