"""A sandbox that is killed again and again while clients trade: what was acknowledged is there, once, and nothing else.

Real processes, `kill -9`, clients over HTTP and WebSocket. Afterwards everything that ever happened is played once more
into an engine that was never interrupted.
"""

import asyncio
import contextlib
import itertools
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from hyperliquid_perpetual.sandbox.engine.command_base import AccountCommand, WorldCommand
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.state import snapshot
from hyperliquid_perpetual.sandbox.state.journal import read_journal
from tests.unit.sandbox.client import Json, order, orders, signed_request, wallet

ROOT = Path(__file__).parents[4]
KILLS = 12
ETH = 1


@dataclass
class Life:
    """One process of the sandbox."""

    pid: int
    url: str

    async def kill(self) -> None:
        """End it as `kill -9` does, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
            async with asyncio.timeout(30):
                while True:
                    os.kill(self.pid, 0)
                    await asyncio.sleep(0.005)


@dataclass
class Client:
    """An account that trades, and what it was told."""

    number: int
    by_socket: bool
    rng: random.Random
    signer: Any = None
    address: str = ""
    sent: dict[str, str] = field(default_factory=dict)
    """Side by cloid, of everything that was ever sent."""
    placed: dict[str, Json] = field(default_factory=dict)
    """The status by cloid, of everything that was acknowledged."""
    to_cancel: list[str] = field(default_factory=list)
    canceled: set[str] = field(default_factory=set)
    maybe_canceled: set[str] = field(default_factory=set)
    bodies: list[Json] = field(default_factory=list)
    """Requests that were acknowledged."""
    fills: dict[int, Json] = field(default_factory=dict)
    """By tid, as the stream told of them."""

    def __post_init__(self) -> None:
        self.signer = wallet(self.number)
        self.address = self.signer.address.lower()

    async def trade(self, url: str) -> None:
        """Send orders and cancels one after the other until the connection breaks."""
        async with aiohttp.ClientSession() as http:
            if not self.by_socket:
                await self._trade(lambda body: self._post(http, url, body))
                return
            async with http.ws_connect(url.replace("http", "ws") + "/ws") as socket:
                subscription = {"type": "userFills", "user": self.address}
                await socket.send_json({"method": "subscribe", "subscription": subscription})
                await self._trade(lambda body: self._ask(socket, body))

    async def _post(self, http: aiohttp.ClientSession, url: str, body: Json) -> Any:
        async with http.post(url + "/exchange", json=body) as response:
            return msgspec.json.decode(await response.read())

    async def _ask(self, socket: aiohttp.ClientWebSocketResponse, body: Json) -> Any:
        number = body["nonce"]
        request = {"type": "action", "payload": body}
        await socket.send_json({"method": "post", "id": number, "request": request})
        while True:
            frame = await socket.receive()
            if frame.type is not aiohttp.WSMsgType.TEXT:
                raise ConnectionResetError
            data = msgspec.json.decode(frame.data)
            if data["channel"] == "userFills":
                for fill in data["data"]["fills"]:
                    assert self.fills.setdefault(fill["tid"], fill) == fill
            elif data["channel"] == "post" and data["data"]["id"] == number:
                return data["data"]["response"]["payload"]

    async def _trade(self, ask: Any) -> None:
        while True:
            if self.to_cancel and self.rng.random() < 0.35:
                cloid = self.to_cancel.pop(self.rng.randrange(len(self.to_cancel)))
                self.maybe_canceled.add(cloid)
                body = signed_request(
                    self.signer, {"type": "cancelByCloid", "cancels": [{"asset": ETH, "cloid": cloid}]}
                )
                reply = await ask(body)
                if reply["response"]["data"]["statuses"] == ["success"]:
                    self.canceled.add(cloid)
            else:
                body = self._order()
                cloid = body["action"]["orders"][0]["c"]
                reply = await ask(body)
                assert reply["status"] == "ok", reply
                status = reply["response"]["data"]["statuses"][0]
                self.placed[cloid] = status
                if "resting" in status:
                    self.to_cancel.append(cloid)
            self.bodies.append(body)

    def _order(self) -> Json:
        cloid = f"0x{self.number:04x}{len(self.sent):028x}"
        is_buy = self.rng.random() < 0.5
        crosses = self.rng.random() < 0.5
        px = ("2900" if is_buy else "2750") if crosses else str(2817 + (-1 if is_buy else 1) * self.rng.randint(5, 60))
        self.sent[cloid] = "B" if is_buy else "A"
        tif = "Ioc" if crosses else "Gtc"
        return signed_request(self.signer, orders(order(ETH, is_buy, px, "0.01", tif, cloid=cloid)))


@contextlib.asynccontextmanager
async def server(path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program that begins one life after the other."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.unit.sandbox.state.state_server",
        str(path),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def sandbox(begin: asyncio.subprocess.Process) -> AsyncIterator[Life]:
    """A process of the sandbox that does not outlive this."""
    assert begin.stdin is not None
    assert begin.stdout is not None
    begin.stdin.write(b"\n")
    said = (await asyncio.wait_for(begin.stdout.readline(), 60)).decode().split()
    assert len(said) == 2, "the sandbox did not start"
    life = Life(int(said[0]), said[1])
    try:
        yield life
    finally:
        await life.kill()


async def live_and_be_killed(
    begin: asyncio.subprocess.Process, path: Path, clients: list[Client], rng: random.Random, in_snapshot: bool
) -> bool:
    """One life: clients trade until the process is killed. Whether that was while a snapshot was being written."""
    aside = path.with_name(path.name + ".new")
    async with sandbox(begin) as life:
        before = sum(len(client.bodies) for client in clients)
        enough = before + rng.randint(15, 50)
        trading = [asyncio.create_task(client.trade(life.url)) for client in clients]
        async with asyncio.timeout(60):
            while sum(len(client.bodies) for client in clients) < enough or (in_snapshot and not aside.exists()):
                for task in trading:
                    if task.done():
                        task.result()
                await asyncio.sleep(rng.random() * 0.02)
        await life.kill()
        for outcome in await asyncio.gather(*trading, return_exceptions=True):
            assert isinstance(outcome, aiohttp.ClientError | ConnectionError), outcome
    return aside.exists()


async def info(url: str, kind: str, **fields: Any) -> Any:
    async with aiohttp.ClientSession() as http, http.post(url + "/info", json={"type": kind, **fields}) as response:
        assert response.status == 200
        return await response.json()


async def test_every_acknowledged_order_cancel_and_fill_survives_kill_9_exactly_once(tmp_path: Path) -> None:
    rng = random.Random(20)
    (tmp_path / "all").mkdir()
    path = tmp_path / "state"
    clients = [Client(21, False, rng), Client(22, True, rng), Client(23, True, rng)]
    async with server(path) as begin:
        async with sandbox(begin) as life:
            for client in clients:
                await info(life.url, "clearinghouseState", user=client.address)
        in_snapshot = [await live_and_be_killed(begin, path, clients, rng, number % 3 == 0) for number in range(KILLS)]
        assert sum(in_snapshot) >= 4

        async with sandbox(begin) as life:
            for client in clients:
                await check(client, life.url)
    check_against_an_uninterrupted_engine(path)


async def check(client: Client, url: str) -> None:
    """Hold an account against what its client was told."""
    assert len(client.placed) > 40
    assert client.canceled
    found = await info(url, "historicalOrders", user=client.address)
    numbers = {entry["order"]["oid"]: entry for entry in found}
    assert len(numbers) == len(found) < 2_000
    cloids = Counter(entry["order"]["cloid"] for entry in found if entry["status"] != "open")
    open_orders = await info(url, "frontendOpenOrders", user=client.address)
    cloids.update(entry["cloid"] for entry in open_orders)
    assert set(cloids.values()) == {1}, "nothing is there twice"
    assert cloids.keys() <= client.sent.keys(), "nothing is there that nobody sent"
    assert {cloid for cloid, status in client.placed.items() if "error" not in status} <= cloids.keys()

    fills = await info(url, "userFills", user=client.address)
    assert len(fills) < 2_000
    assert len({(fill["tid"], fill["oid"]) for fill in fills}) == len(fills)
    by_tid = {fill["tid"]: fill for fill in fills}
    for tid, fill in client.fills.items():
        assert by_tid[tid] == fill, "what the stream told is there as it was"
    filled = Counter[int]()
    for fill in fills:
        filled[fill["oid"]] += round(float(fill["sz"]) * 10_000)
    for cloid, status in client.placed.items():
        state = (await info(url, "orderStatus", user=client.address, oid=cloid))["order"]
        if "filled" in status:
            assert state["order"]["oid"] == status["filled"]["oid"]
            assert filled[status["filled"]["oid"]] == round(float(status["filled"]["totalSz"]) * 10_000)
        elif "resting" in status:
            assert state["order"]["oid"] == status["resting"]["oid"]
            if cloid in client.canceled:
                assert state["status"] == "canceled"
            elif cloid not in client.maybe_canceled:
                assert state["status"] in ("open", "filled")
    bought = sum(round(float(fill["sz"]) * 10_000) * (1 if client.sent[fill["cloid"]] == "B" else -1) for fill in fills)
    state = await info(url, "clearinghouseState", user=client.address)
    held = sum(round(float(entry["position"]["szi"]) * 10_000) for entry in state["assetPositions"])
    assert held == bought, "the position is what the fills add up to"
    limit = await info(url, "userRateLimit", user=client.address)
    assert len(client.bodies) <= limit["nRequestsUsed"] <= len(client.bodies) + KILLS
    async with aiohttp.ClientSession() as http:
        for body in rng_sample(client.bodies):
            async with http.post(url + "/exchange", json=body) as response:
                reply = await response.json()
            assert reply["status"] == "err", "a request is not done a second time"
            assert "nonce" in reply["response"]


def rng_sample(bodies: list[Json]) -> list[Json]:
    return [bodies[0], bodies[len(bodies) // 2], bodies[-1]]


def check_against_an_uninterrupted_engine(path: Path) -> None:
    """Play all that the sandbox ever did, in one go, and compare what the resumed engine goes on to do."""
    genesis = snapshot.read(path.parent / "all" / "genesis")
    resumed = snapshot.read(path)
    assert genesis is not None
    assert resumed is not None
    whole, part = genesis.engine, resumed.engine
    kept = {*path.parent.glob("all/state.journal-*"), *path.parent.glob("state.journal-*")}
    number, events = genesis.header.block, 0
    for journal in sorted(kept, key=lambda entry: int(entry.name.rpartition("-")[2])):
        read = read_journal(journal)
        for block in read.blocks:
            assert block.number == number
            number += 1
            commands = [entry for entry in block.entries if isinstance(entry, AccountCommand | WorldCommand)]
            happened = [event for command in commands for event in whole.apply(block.time, command)]
            events += len(happened)
            if block.number >= resumed.header.block:
                again = [event for command in commands for event in part.apply(block.time, command)]
                assert [repr(event) for event in again] == [repr(event) for event in happened]
    assert events > 2_000
    assert everything(whole) == everything(part)
    for command in itertools.islice(later_commands(whole), 2_000):
        assert list(map(repr, whole.apply(*command))) == list(map(repr, part.apply(*command)))


def everything(engine: Exchange) -> list[Any]:
    """What can be read of an engine, written out."""
    found: list[Any] = [engine.now, engine.progress, engine.deposited]
    for address, account in engine.accounts.items():
        found += [address, account.spot, account.volume, list(account.fills), list(account.history.newest_first())]
        found += [engine.open_orders(address), list(account.ledger), list(account.fundings), account.agents]
        for dex, house in account.clearinghouses.items():
            found += [dex, house.raw_usd]
            found += [(asset, p.szi, p.cost, p.isolated_usd, p.resting_buys) for asset, p in house.positions.items()]
    for asset, state in engine.markets.items():
        found += [asset, state.mark_px, state.oracle_px, state.open_interest, state.premium_sum, list(state.trades)]
        for side in (state.book.bids, state.book.asks):
            found.append([(order.oid, order.px, order.sz) for order in side.orders()])
    return [repr(entry) for entry in found]


def later_commands(engine: Exchange) -> Any:
    """Orders of everybody, cancels and time, after where an engine stands."""
    from hyperliquid_perpetual.sandbox.engine.commands import CancelOrders, OrderIntent, PlaceOrders, SetPrices, Tick

    rng = random.Random(4)
    now = engine.now
    addresses = list(engine.accounts)
    while True:
        now += rng.choice((0, 70, 5_000, 600_000))
        address = rng.choice(addresses)
        px = 2_817_000_000 + rng.randint(-40, 40) * 1_000_000
        yield now, PlaceOrders(address, (OrderIntent(ETH, rng.random() < 0.5, px, rng.randint(50, 900)),))
        yield now, CancelOrders(address, tuple((ETH, oid) for oid in list(engine.accounts[address].open_orders)[:2]))
        yield now, SetPrices(ETH, px) if rng.random() < 0.1 else Tick()
