"""Random faults: the same seed brings the same faults at the same times, of all kinds, and nothing lasts for ever."""

from itertools import islice

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.faults import KINDS, Fault, FaultPlan, RandomFaults
from hyperliquid_perpetual.sandbox.faults.chance import schedule
from hyperliquid_perpetual.sandbox.faults.specification import as_text
from tests.unit.sandbox.client import Client, order, wallet
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


async def test_all_kinds_at_a_high_rate_leave_an_exchange_that_still_works() -> None:
    async with Sandbox(seed=1, market="still", clock="virtual") as exchange:
        exchange.faults.randomly(5, 600)
        await exchange.clock.advance(60)
        exchange.faults.clear()
        async with Client(exchange, wallet(11)) as client:
            for _ in range(200):
                try:
                    exchange.fund(client.address)
                    (status,) = await client.place(order(0, True, "80000", "0.01"))
                    break
                except OSError:  # the door is being opened again
                    continue
        assert "resting" in status
        assert sum(exchange.faults.counts.values()) > 100
        assert (exchange.faults.requests, exchange.faults.frames) == (None, None)
