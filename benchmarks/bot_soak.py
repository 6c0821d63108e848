"""A connector that quotes for an hour: memory, tasks, sockets, file handles and the cost of a message stay flat.

    python benchmarks/bot_soak.py --minutes 60

The sandbox runs in a process of its own with a market that moves. The connector quotes both sides of several pairs, all
quotes anew every second. Now and then its sockets are dropped, so that reconnecting is part of what is measured. Every
half minute is a line. At the end the last quarter of the lines is compared with the second one: the first belongs to
what fills up (remembered orders and fills have limits). Writes build/soak/bot.json.
"""

import argparse
import asyncio
import gc
import json
import logging
import multiprocessing
import os
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for the bot of the tests

OUTPUT = Path("build/soak/bot.json")
SIZES = {"BTC-USD": "0.001", "ETH-USD": "0.02", "SOL-USD": "0.5"}
PAIRS = tuple(SIZES)
SAMPLE_SECONDS = 30.0
DROP_EVERY_SECONDS = 240.0
ALLOWED_MB = 8.0
ALLOWED_COST = 1.5
"""How much dearer a message may be at the end: the machine's own speed changes, too."""


@dataclass(frozen=True)
class Sample:
    """What there is at a moment, and what the time since the last one has cost."""

    minutes: float
    resident_mb: float
    objects: int
    tasks: int
    sockets: int
    files: int
    messages: int
    us_per_message: float
    orders: int
    fills: int
    reconnects: int


def serve(pipe: Connection) -> None:
    """Run the sandbox until told to stop, and drop its sockets when asked to."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    from hyperliquid_perpetual.sandbox import Sandbox
    from hyperliquid_perpetual.sandbox.serve import few_collections

    asked: asyncio.Queue[str] = asyncio.Queue()
    async with Sandbox(seed=1, market="calm", allowance=None) as exchange:
        few_collections()
        asyncio.get_running_loop().add_reader(pipe.fileno(), lambda: asked.put_nowait(pipe.recv()))
        pipe.send(exchange.url)
        while (word := await asked.get()) != "stop":
            if word == "drop":
                exchange.drop_websockets()
        asyncio.get_running_loop().remove_reader(pipe.fileno())


class Soak:
    """The bot, and what was seen of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.samples: list[Sample] = []
        self._messages = self._orders = 0
        self._cpu = 0.0
        self._seen = 0

    async def run(self, minutes: float, pipe: Connection) -> None:
        """Quote for that long."""
        from hummingbot.core.event.event_logger import EventLogger

        from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
        from tests.bot import Bot

        os.environ[SANDBOX_URL_VARIABLE] = self.url
        bot = Bot(_Venue(self.url), list(PAIRS))  # type: ignore[arg-type]
        await bot.start()
        await bot.ready(60)
        self._count_messages(bot.connector)
        self._cpu, began = time.process_time(), time.monotonic()
        sampled = dropped = began
        # Hummingbot itself keeps the event of every fill for ever, for its statistics; where it has them is private.
        [log] = [part for part in gc.get_referents(bot.connector) if isinstance(part, EventLogger)]
        try:
            while time.monotonic() < began + minutes * 60:
                self._quote(bot)
                await asyncio.sleep(1.0)
                if time.monotonic() - sampled >= SAMPLE_SECONDS:
                    sampled = time.monotonic()
                    self._sample(bot, (sampled - began) / 60)
                if time.monotonic() - dropped >= DROP_EVERY_SECONDS:
                    dropped = time.monotonic()
                    pipe.send("drop")
                bot.history.clear()
                log.clear()
        finally:
            await bot.stop()

    def _count_messages(self, connector: Any) -> None:
        from hyperliquid_perpetual.trading import session

        decode = session.decode_frame

        def counted(data: Any) -> Any:
            self._messages += 1
            return decode(data)

        session.decode_frame = counted

    def _quote(self, bot: Any) -> None:
        connector = bot.connector
        if not connector.ready:
            return
        from decimal import Decimal

        from hummingbot.core.data_type.common import OrderType, PositionAction

        for order in list(connector.in_flight_orders.values()):
            if order.is_open:
                connector.cancel(order.trading_pair, order.client_order_id)
        for pair in PAIRS:
            mid = Decimal(str(connector.get_mid_price(pair)))
            for send, factor in ((connector.buy, "0.9998"), (connector.sell, "1.0002")):
                price = connector.quantize_order_price(pair, mid * Decimal(factor))
                send(pair, Decimal(SIZES[pair]), OrderType.LIMIT, price, position_action=PositionAction.OPEN)
                self._orders += 1

    def _sample(self, bot: Any, minutes: float) -> None:
        gc.collect()
        cpu, messages = time.process_time() - self._cpu, self._messages - self._seen
        self._cpu, self._seen = time.process_time(), self._messages
        links = [os.readlink(entry.path) for entry in os.scandir("/proc/self/fd") if os.path.islink(entry.path)]
        connector = bot.connector
        sample = Sample(
            minutes=round(minutes, 2),
            resident_mb=round(_resident_mb(), 2),
            objects=len(gc.get_objects()),
            tasks=len(asyncio.all_tasks()),
            sockets=sum(link.startswith("socket:") for link in links),
            files=len(links),
            messages=messages,
            us_per_message=round(cpu / max(messages, 1) * 1e6, 1),
            orders=self._orders,
            fills=len(connector._fills._seen),
            reconnects=connector._user_stream_tracker.data_source.reconnects,
        )
        self.samples.append(sample)
        print("  ".join(f"{name} {value}" for name, value in asdict(sample).items()), flush=True)

    def problems(self) -> list[str]:
        """What was not flat."""
        quarter = len(self.samples) // 4
        if quarter < 1:
            return ["too short: at least four samples are needed, two minutes"]
        early, late = self.samples[quarter : 2 * quarter], self.samples[-quarter:]

        def median(samples: list[Sample], name: str) -> float:
            return statistics.median(getattr(sample, name) for sample in samples)

        found = []
        if (growth := median(late, "resident_mb") - median(early, "resident_mb")) > ALLOWED_MB:
            found.append(f"memory has grown by {growth:.1f} MB")
        more = {name: median(late, name) - median(early, name) for name in ("tasks", "sockets", "files")}
        found += [f"{count:.0f} more {name} at the end" for name, count in more.items() if count > 2]
        if (ratio := median(late, "us_per_message") / median(early, "us_per_message")) > ALLOWED_COST:
            found.append(f"a message costs {ratio:.2f} times as much at the end")
        if not self.samples[-1].fills or not self.samples[-1].reconnects:
            found.append("nothing was filled, or no socket was dropped: that proves nothing")
        return found


class _Venue:
    """What the bot of the tests has to know of its exchange."""

    def __init__(self, url: str) -> None:
        self.url = url


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    arguments = parser.parse_args()
    logging.disable(logging.INFO)
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    soak = Soak(ours.recv())
    asyncio.run(soak.run(arguments.minutes, ours))
    ours.send("stop")
    process.join(10)
    problems = soak.problems()
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    summary = {"minutes": arguments.minutes, "problems": problems, "samples": [asdict(each) for each in soak.samples]}
    OUTPUT.write_text(json.dumps(summary, indent=2) + "\n")
    print("\n".join(problems) or "flat", f"(written to {OUTPUT})")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
