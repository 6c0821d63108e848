"""Random faults: the same seed brings the same faults at the same times, of all kinds, and nothing lasts for ever."""

import asyncio
import contextlib
from itertools import islice
from typing import Any

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.faults import KINDS, Fault, FaultPlan, RandomFaults
from hyperliquid_perpetual.sandbox.faults.chance import schedule
from hyperliquid_perpetual.sandbox.faults.specification import as_text
from tests.unit.sandbox.client import Client, order, orders, signed_request, wallet
from tests.unit.sandbox.socket_client import connect


def drawn(seed: int, number: int, intensity: float = 6, only: tuple[str, ...] = ()) -> list[Fault]:
    return list(islice(schedule(RandomFaults(seed, intensity, only)), number))


def test_same_seed_draws_the_same_and_another_something_else() -> None:
    assert drawn(7, 200) == drawn(7, 200)
    assert drawn(7, 200)[:50] == drawn(7, 50)
    assert drawn(7, 50) != drawn(8, 50)


def test_every_kind_comes_before_any_comes_again() -> None:
    faults = drawn(7, 3 * len(KINDS))
    for start in range(0, len(faults), len(KINDS)):
        assert {fault.fault for fault in faults[start : start + len(KINDS)]} == set(KINDS)


def test_intensity_is_how_many_there_are_a_minute_and_stretches_times_only() -> None:
    faults, more = drawn(7, 1_000), drawn(7, 1_000, intensity=60)
    assert 1_000 / 6 * 0.9 < faults[-1].at / 60 < 1_000 / 6 * 1.1
    assert [fault.at for fault in more] == pytest.approx([fault.at / 10 for fault in faults], abs=0.002)
    assert [as_text(fault).partition(" at=")[0] for fault in more] == [
        as_text(fault).partition(" at=")[0] for fault in faults
    ]


def test_only_some_kinds_when_some_are_said() -> None:
    assert {fault.fault for fault in drawn(7, 50, only=("delay", "status"))} == {"delay", "status"}


def test_no_random_fault_lasts_for_ever() -> None:
    for fault in drawn(3, 10 * len(KINDS)):
        kind = KINDS[fault.fault]
        assert kind.is_momentary or kind.takes_time or fault.lasts is not None, as_text(fault)


async def happened(seed: int) -> dict[str, int]:
    """What happened in a minute of the same requests, and of all else by the clock of the exchange."""
    only = ("status", "delay_frames", "stale_books", "clock_skew", "duplicate", "lose_frames")
    plan = FaultPlan(random=RandomFaults(seed, 60, only))
    async with (
        Sandbox(seed=1, market="still", clock="virtual", fault_plan=plan) as exchange,
        Client(exchange, wallet(11)) as client,
        connect(exchange) as socket,
    ):
        await socket.send({"method": "subscribe", "subscription": {"type": "l2Book", "coin": "BTC", "fast": True}})
        await socket.drained()
        for _ in range(60):
            await exchange.clock.advance(1)
            await client.post("/info", {"type": "exchangeStatus"})
        return dict(exchange.faults.counts)


async def test_same_seed_and_same_requests_make_the_same_happen() -> None:
    first = await happened(7)
    assert sum(first.values()) > 20
    assert {"status", "stale_books", "clock_skew", "duplicate"} <= set(first)
    assert await happened(7) == first
    assert await happened(8) != first


async def test_cleared_random_faults_come_no_more(exchange: Sandbox) -> None:
    exchange.faults.randomly(7, 600, ("clock_skew",))
    await exchange.clock.advance(2)
    before = exchange.faults.counts["clock_skew"]
    assert before > 5
    exchange.faults.clear()
    assert exchange.chain.skew_ms == 0
    await exchange.clock.advance(10)
    assert exchange.faults.counts["clock_skew"] == before
    assert exchange.faults.random is None


async def trade(client: Client, until: float) -> None:
    """Order and read without pause, whatever comes back."""
    loop = asyncio.get_running_loop()
    while loop.time() < until:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with asyncio.timeout(0.5):
                body = signed_request(client.signer, orders(order(0, True, "87000", "0.001", "Ioc")))
                await client.post("/exchange", body)
                await client.post("/info", {"type": "l2Book", "coin": "BTC"})
        await asyncio.sleep(0.01)


async def follow(client: Client, until: float) -> None:
    """Be connected whenever that is possible, and read."""
    loop = asyncio.get_running_loop()
    while loop.time() < until:
        with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
            async with connect(client.exchange) as socket:
                for kind in ("userFills", "userEvents", "orderUpdates"):
                    await socket.send({"method": "subscribe", "subscription": {"type": kind, "user": client.address}})
                await socket.send({"method": "subscribe", "subscription": {"type": "bbo", "coin": "BTC"}})
                async with asyncio.timeout(1):
                    await socket.closed()
        await asyncio.sleep(0.01)


async def test_all_kinds_at_once_break_nothing_inside_and_leave_an_exchange_that_works() -> None:
    problems: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: problems.append(context))
    async with Sandbox(seed=1, market="calm", block_ms=20) as exchange, Client(exchange, wallet(11)) as client:
        exchange.fund(client.address)
        exchange.faults.randomly(5, 600, tuple(kind for kind in KINDS if kind not in ("outage", "upgrade", "mute")))
        for line in ("outage at=2 lasts=0.3", "upgrade at=3 halt=0.2 post_only=0.2", "mute at=4 lasts=0.2"):
            exchange.faults.add(line)  # at random they would be all that happens
        until = asyncio.get_running_loop().time() + 5
        await asyncio.gather(trade(client, until), *(follow(client, until) for _ in range(2)))
        assert len(exchange.faults.counts) >= 15
        exchange.faults.clear()
        assert (exchange.chain.skew_ms, exchange.chain.is_halted) == (0, False)
        async with asyncio.timeout(5):
            while True:
                try:
                    (status,) = await client.place(order(0, True, "80000", "0.01"))
                    break
                except (aiohttp.ClientError, ConnectionError):  # the door is being opened again
                    await asyncio.sleep(0.01)
        assert "resting" in status
        async with connect(exchange) as socket:
            await socket.subscribe("bbo", coin="BTC")
    assert problems == []
