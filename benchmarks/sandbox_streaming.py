"""What 200 markets with 20 streaming clients cost the sandbox: its share of one core, and how late its blocks are.

    python benchmarks/sandbox_streaming.py --markets 200 --clients 20 --seconds 30

The sandbox runs in a process of its own and measures itself: CPU time by the clock of its process, and for each block
how long after its due time it was complete. The clients run in another process; they read and count frames and do
nothing with them. Each client follows 10 to 50 coins (bbo, l2Book, trades, activeAssetCtx) and allMids. Prints a table
and writes build/bench/sandbox_streaming.json.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.clock import Callback, RealClock, Timer
from hyperliquid_perpetual.sandbox.many_markets import many_markets
from hyperliquid_perpetual.sandbox.sandbox import BLOCK_MS

OUTPUT = Path("build/bench/sandbox_streaming.json")
WARM_UP_SECONDS = 5.0
PER_COIN = ("bbo", "l2Book", "trades", "activeAssetCtx")


class MeasuredClock(RealClock):
    """The machine's time, which notes how late each block was complete, in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.lateness: list[float] = []
        self.work: list[float] = []
        """CPU time that each block took, in seconds: what is left of lateness on a machine without other load."""

    def every(self, interval_ms: int, callback: Callback) -> Timer:
        if interval_ms != BLOCK_MS:
            return super().every(interval_ms, callback)
        loop = asyncio.get_running_loop()
        interval = interval_ms / 1000
        due = loop.time() + interval

        def measured() -> None:
            nonlocal due
            if loop.time() > due + interval:
                # The clock does not make up for what it missed, so what is due moves with it; the miss counts.
                self.lateness.append(loop.time() - due)
                due = loop.time()
            due = min(due, loop.time())  # the clock has started anew a little earlier than we thought
            before = time.process_time()
            callback()
            self.work.append(time.process_time() - before)
            self.lateness.append(loop.time() - due)
            due += interval

        return super().every(interval_ms, measured)


async def serve(markets: int, seed: int, market: str) -> None:
    """Run the sandbox until stdin ends; say where it is, then answer each line with the figures since the last."""
    clock = MeasuredClock()
    settings: dict[str, Any] = {"seed": seed, "market": market, "market_set": many_markets(markets), "clock": clock}
    async with Sandbox(**settings) as exchange:
        say(url=exchange.ws_url, coins=list(exchange.traders.by_coin))
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        cpu, wall, blocks = time.process_time(), time.monotonic(), exchange.chain.blocks
        while await lines.readline():
            late, work = sorted(clock.lateness), sorted(clock.work)
            clock.lateness.clear()
            clock.work.clear()
            now_cpu, now, now_blocks = time.process_time(), time.monotonic(), exchange.chain.blocks
            say(
                cpu_seconds=now_cpu - cpu,
                seconds=now - wall,
                blocks=now_blocks - blocks,
                late_p50=percentile(late, 0.5),
                late_p99=percentile(late, 0.99),
                late_max=late[-1] if late else 0.0,
                work_p50=percentile(work, 0.5),
                work_p99=percentile(work, 0.99),
                clients=exchange.sockets,
                resident_mb=resident_mb(),
            )
            cpu, wall, blocks = now_cpu, now, now_blocks


class Client:
    """One connection that follows some coins and counts what it gets."""

    def __init__(self, number: int, coins: list[str], seed: int) -> None:
        random = Random(f"{seed}:{number}")
        most = min(50, len(coins))
        self.coins = random.sample(coins, random.randint(min(10, most), most))
        self.frames = self.bytes = 0

    async def follow(self, session: aiohttp.ClientSession, url: str) -> None:
        async with session.ws_connect(url, max_msg_size=0) as ws:
            for coin in self.coins:
                for kind in PER_COIN:
                    await ws.send_json({"method": "subscribe", "subscription": {"type": kind, "coin": coin}})
            await ws.send_json({"method": "subscribe", "subscription": {"type": "allMids"}})
            async for message in ws:
                self.frames += 1
                self.bytes += len(message.data)


async def load(url: str, coins: list[str], clients: int, seed: int) -> None:
    """Run the clients until stdin ends; answer each line with what they got since the last."""
    followers = [Client(number, coins, seed) for number in range(clients)]
    async with aiohttp.ClientSession() as session:
        tasks = [asyncio.create_task(follower.follow(session, url)) for follower in followers]
        say(subscriptions=sum(len(follower.coins) * len(PER_COIN) + 1 for follower in followers))
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while await lines.readline():
            say(
                frames=sum(follower.frames for follower in followers),
                bytes=sum(follower.bytes for follower in followers),
                alive=sum(not task.done() for task in tasks),
            )
            for follower in followers:
                follower.frames = follower.bytes = 0
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Start both processes, let them warm up, and take the figures of the seconds after that."""
    own = [sys.executable, __file__]
    settings = ["--markets", str(arguments.markets), "--seed", str(arguments.seed), "--market", arguments.market]
    server = start([*own, "--role", "serve", *settings])
    try:
        where = answer(server)
        clients = start([*own, "--role", "load", *settings, "--clients", str(arguments.clients)])
        try:
            tell(clients, where)
            subscriptions = answer(clients)["subscriptions"]
            time.sleep(WARM_UP_SECONDS)
            for process in (server, clients):
                ask(process)
            time.sleep(arguments.seconds)
            served, got = ask(server), ask(clients)
        finally:
            stop(clients)
    finally:
        stop(server)
    if got["alive"] != arguments.clients or served["clients"] != arguments.clients:
        raise SystemExit(
            f"only {got['alive']} of {arguments.clients} clients stayed connected: the figures mean nothing"
        )
    seconds = served["seconds"]
    return {
        "markets": arguments.markets,
        "clients": arguments.clients,
        "market": arguments.market,
        "seed": arguments.seed,
        "subscriptions": subscriptions,
        "seconds": round(seconds, 1),
        "cpu_share": round(served["cpu_seconds"] / seconds, 4),
        "blocks_per_second": round(served["blocks"] / seconds, 2),
        "block_late_p50_ms": round(served["late_p50"] * 1000, 2),
        "block_late_p99_ms": round(served["late_p99"] * 1000, 2),
        "block_late_max_ms": round(served["late_max"] * 1000, 2),
        "block_cpu_p50_ms": round(served["work_p50"] * 1000, 2),
        "block_cpu_p99_ms": round(served["work_p99"] * 1000, 2),
        "frames_per_second": round(got["frames"] / seconds),
        "megabytes_per_second": round(got["bytes"] / seconds / 1e6, 2),
        "resident_mb": round(served["resident_mb"], 1),
        "load_average": os.getloadavg()[0],
    }


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def say(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def start(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def tell(process: subprocess.Popen[str], value: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(value) + "\n")
    process.stdin.flush()


def answer(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("a process of the benchmark has ended early, see above")
    return json.loads(line)


def ask(process: subprocess.Popen[str]) -> Any:
    tell(process, None)
    return answer(process)


def stop(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--markets", type=int, default=200)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--market", default="calm")
    parser.add_argument("--role", choices=("measure", "serve", "load"), default="measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.role == "serve":
        asyncio.run(serve(arguments.markets, arguments.seed, arguments.market))
        return
    if arguments.role == "load":
        where = json.loads(sys.stdin.readline())
        asyncio.run(load(where["url"], where["coins"], arguments.clients, arguments.seed))
        return
    result = measure(arguments)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name.replace('_', ' '):<22} {value}")
    print(f"written to {OUTPUT}")


if __name__ == "__main__":
    main()
