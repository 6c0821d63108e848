"""How many signed orders a second the sandbox verifies, matches and answers over WebSocket post, on one core.

    .venv/bin/python benchmarks/sandbox_orders.py

The sandbox runs in a process of its own with the venue's block time. The load comes from this process: orders signed
beforehand, on sockets that also follow the order updates and fills of their account. Except where a row says batch,
every order is an action of its own with its own signature. "Per core second" is the number of orders divided by the
processor time that the sandbox's process took: what one core does, however busy the machine is with other things. Each
load runs several times, and the median run is shown. The floor is what recovering the keys alone would allow: so many
signatures a second libsecp256k1 manages on the same core, measured between the runs.
"""

import argparse
import asyncio
import cProfile
import json
import multiprocessing
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from coincurve import PrivateKey, PublicKey

from hyperliquid_perpetual.venue import actions
from hyperliquid_perpetual.venue.actions import Action, OrderRequest, Tif
from hyperliquid_perpetual.venue.signing import Signer

OUTPUT = Path("build/bench/sandbox_orders.json")
TARGET = 5_000
IN_FLIGHT = 100
"""Requests that a socket has on their way at a time: the venue's limit (reference, section 9.2)."""
BATCH = 20
ASSET = 1
"""ETH, which the still market trades around 4,000 USD."""
SIZE = Decimal("0.01")

Wire = list[tuple[int, bytes]]
"""What one socket sends: the number of orders in a frame, and the frame without its id."""


@dataclass(frozen=True)
class Row:
    """What one load has measured."""

    name: str
    sockets: int
    orders: int
    refused: int
    seconds: float
    core_seconds: float
    per_second: float
    per_core_second: float
    p50_ms: float
    p99_ms: float
    floor: float = 0
    """Keys that libsecp256k1 recovers in a second of the core, measured right after the load."""


# ---------------------------------------------------------------------- the sandbox's process


def serve(pipe: Connection, addresses: list[str], profile: str | None) -> None:
    """Run a sandbox until asked to stop; tell the processor time of this process whenever asked for it."""
    asyncio.run(_serve(pipe, addresses, profile))


async def _serve(pipe: Connection, addresses: list[str], profile: str | None) -> None:
    from hyperliquid_perpetual.sandbox import Sandbox
    from hyperliquid_perpetual.sandbox.serve import few_collections

    asked: asyncio.Queue[str] = asyncio.Queue()
    async with Sandbox(seed=1, market="empty", accounts=addresses, deposit=10_000_000, allowance=None) as exchange:
        asyncio.get_running_loop().add_reader(pipe.fileno(), lambda: asked.put_nowait(pipe.recv()))
        few_collections()
        pipe.send(exchange.ws_url)
        profiler = cProfile.Profile()
        if profile is not None:
            profiler.enable()
        while await asked.get() == "processor time":
            pipe.send(time.process_time())
        if profile is not None:
            profiler.disable()
            profiler.dump_stats(profile)
        asyncio.get_running_loop().remove_reader(pipe.fileno())


# ---------------------------------------------------------------------- the loads


class Writer:
    """Signs what one account sends."""

    def __init__(self, key: int) -> None:
        self.signer = Signer(f"{key:064x}")
        self._nonce = time.time_ns() // 1_000_000 - 3_600_000

    def frame(self, action: Action) -> bytes:
        self._nonce += 1
        payload = {
            "action": action,
            "nonce": self._nonce,
            "signature": self.signer.sign_action(action, self._nonce, is_mainnet=False),
            "vaultAddress": None,
            "expiresAfter": None,
        }
        request = {"type": "action", "payload": payload}
        return b',"request":' + msgspec.json.encode(request) + b"}"

    def orders(self, is_buy: bool, px: int, tif: Tif, count: int = 1, cloid: int | None = None) -> bytes:
        name = None if cloid is None else f"0x{cloid:032x}"
        order = OrderRequest(ASSET, is_buy, Decimal(px), SIZE, False, tif, name)
        return self.frame(actions.order([order] * count))


def matched(writers: list[Writer], orders: int, batch: int = 1) -> list[Wire]:
    """One socket of two rests bids, the other one sells to them: of two orders one makes the other trade."""
    turns = range(orders // batch // len(writers))
    return [
        [(batch, writer.orders(not number % 2, 4_000, "Ioc" if number % 2 else "Alo", batch)) for _ in turns]
        for number, writer in enumerate(writers)
    ]


def placed_and_cancelled(writers: list[Writer], orders: int) -> list[Wire]:
    """Every socket rests orders and takes them back by cloid; a cancel is an action, and counts as an order."""
    wires: list[Wire] = [[] for _ in writers]
    for number in range(orders // 2 // len(writers)):
        for wire, writer in zip(wires, writers, strict=True):
            wire.append((1, writer.orders(True, 3_000 + number % 500, "Alo", cloid=number + 1)))
            wire.append((1, writer.frame(actions.cancel_by_cloid([(ASSET, f"0x{number + 1:032x}")]))))
    return wires


class Socket:
    """One client's side of a load; it follows the account of its (first) writer."""

    def __init__(self, writer: Writer, wire: Wire) -> None:
        self._address = writer.signer.address
        self._wire = wire
        self._sent: list[float] = []
        self.latencies: list[float] = []
        """Seconds from sending to the reply, of every request."""
        self.refused = 0

    async def run(self, session: aiohttp.ClientSession, ws_url: str) -> None:
        """Send everything, `IN_FLIGHT` requests on their way at a time, and wait for the last reply."""
        async with session.ws_connect(ws_url, max_msg_size=0) as ws:
            for kind in ("orderUpdates", "userFills"):
                await ws.send_json({"method": "subscribe", "subscription": {"type": kind, "user": self._address}})
            for _ in range(IN_FLIGHT):
                await self._send_next(ws)
            while len(self.latencies) < len(self._wire):
                text = await ws.receive_str()
                if text.startswith('{"channel":"post"'):
                    number = int(text[text.index('"id":') + 5 : text.index(',"response"')])
                    self.latencies.append(time.perf_counter() - self._sent[number])
                    self.refused += '"error"' in text or '"err"' in text
                    await self._send_next(ws)

    async def _send_next(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        number = len(self._sent)
        if number < len(self._wire):
            self._sent.append(time.perf_counter())
            await ws.send_str(f'{{"method":"post","id":{number}{self._wire[number][1].decode()}')


async def drive(ws_url: str, sockets: list[Socket]) -> None:
    """Let all sockets send at the same time."""
    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(socket.run(session, ws_url) for socket in sockets))


def measure(name: str, count: int, load: Callable[[list[Writer]], list[Wire]], profile: str | None) -> Row:
    """One load on a sandbox of its own."""
    # It takes two to trade: one socket alone sends for both, in turns.
    writers = [Writer(1_000 + number) for number in range(max(2, count))]
    wires = load(writers)
    if count == 1:
        wires = [[frame for turn in zip(*wires, strict=True) for frame in turn]]
    sockets = [Socket(*pair) for pair in zip(writers, wires, strict=False)]
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, [writer.signer.address for writer in writers], profile))
    process.start()
    try:
        ws_url = ours.recv()
        before = _processor_time(ours)
        began = time.perf_counter()
        asyncio.run(drive(ws_url, sockets))
        seconds = time.perf_counter() - began
        core_seconds = _processor_time(ours) - before
        ours.send("stop")
        process.join(30)
    finally:
        process.kill()
    orders = sum(orders for wire in wires for orders, _ in wire)
    latencies = sorted(1000 * latency for socket in sockets for latency in socket.latencies)
    return Row(
        name,
        count,
        orders,
        sum(socket.refused for socket in sockets),
        round(seconds, 3),
        round(core_seconds, 3),
        round(orders / seconds, 1),
        round(orders / core_seconds, 1),
        round(statistics.median(latencies), 1),
        round(latencies[len(latencies) * 99 // 100], 1),
        round(keys_recovered_per_core_second()),
    )


def keys_recovered_per_core_second(count: int = 2_000) -> float:
    """How many keys a core recovers in a second when it does nothing else."""
    digest = bytes(range(32))
    key = PrivateKey(bytes([7]) * 32)
    signature = key.sign_recoverable(digest, hasher=None)
    began = time.process_time()
    for _ in range(count):
        PublicKey.from_signature_and_message(signature, digest, hasher=None)
    return count / (time.process_time() - began)


def median_run(rows: list[Row]) -> Row:
    """The run in the middle by orders per core second."""
    return sorted(rows, key=lambda row: row.per_core_second)[len(rows) // 2]


def _processor_time(pipe: Any) -> float:
    pipe.send("processor time")
    found: float = pipe.recv()
    return found


LOADS: dict[str, Callable[[list[Writer], int], list[Wire]]] = {
    "bids and sales to them": matched,
    "orders and their cancels": placed_and_cancelled,
    f"bids and sales in batches of {BATCH}": lambda writers, orders: matched(writers, orders, BATCH),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=10_000, help="how many a load has")
    parser.add_argument("--sockets", type=int, nargs="+", default=[4, 50], help="how many send at a time")
    parser.add_argument("--runs", type=int, default=3, help="how often each load runs")
    parser.add_argument("--load", choices=LOADS, help="one load instead of all")
    parser.add_argument("--profile", metavar="FILE", help="write a cProfile of the sandbox's process (slows it down)")
    arguments = parser.parse_args()
    rows = []
    print(f"{'load':<36} sockets  orders  refused   orders/s  per core s    floor   p50 ms   p99 ms")
    for name, load in LOADS.items():
        if arguments.load not in (None, name):
            continue
        for count in arguments.sockets:
            row = median_run(
                [
                    measure(name, count, lambda writers, load=load: load(writers, arguments.orders), arguments.profile)
                    for _ in range(arguments.runs)
                ]
            )
            rows.append(row)
            print(
                f"{name:<36} {count:>7} {row.orders:>7} {row.refused:>8} {row.per_second:>10,.0f}"
                f" {row.per_core_second:>11,.0f} {row.floor:>8,.0f} {row.p50_ms:>8} {row.p99_ms:>8}"
            )
    for row in rows:
        verdict = "met" if row.per_core_second >= TARGET else f"missed, {row.per_core_second / TARGET:.0%} of it"
        print(f"{TARGET:,} verified orders a second on one core, {row.name}, {row.sockets} sockets: {verdict}")
    worst = min(row.per_core_second for row in rows)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    machine = {"python": sys.version.split()[0], "machine": platform.machine(), "system": platform.platform()}
    found = {"target": TARGET, "worst": worst, "met": worst >= TARGET, **machine, "rows": [asdict(row) for row in rows]}
    OUTPUT.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
