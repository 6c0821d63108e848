"""Time and blocks: jumps, in-block order, and what a failure inside a block does to its neighbours."""

import asyncio
import time

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.clock import RealClock, VirtualClock
from hyperliquid_perpetual.sandbox.engine.commands import CancelOrders, Noop, OrderIntent, PlaceOrders
from tests.unit.sandbox.client import Client, order, orders, signed_request, until, wallet

USER = "0x" + "12" * 20


async def test_virtual_time_stands_still_until_it_jumps() -> None:
    clock = VirtualClock(1_000_000)
    calls: list[tuple[str, int]] = []
    clock.every(300, lambda: calls.append(("a", clock.now())))
    timer = clock.every(500, lambda: calls.append(("b", clock.now())))
    await asyncio.sleep(0.01)
    assert (calls, clock.now()) == ([], 1_000_000)
    await clock.advance(1)
    assert calls == [
        ("a", 1_000_300),
        ("b", 1_000_500),
        ("a", 1_000_600),
        ("a", 1_000_900),
        ("b", 1_001_000),
    ]
    assert clock.now() == 1_001_000
    timer.cancel()
    await clock.advance(0.5)
    assert [name for name, _ in calls[5:]] == ["a", "a"]


async def test_virtual_clock_calls_what_is_idle_once_a_minute_and_last_before_the_end_of_a_jump() -> None:
    clock = VirtualClock(0)
    calls: list[int] = []
    is_idle = True
    timer = clock.every(700, lambda: calls.append(clock.now()))
    timer.idle = lambda: is_idle
    await clock.advance(125)
    assert calls == [700, 700 + 85 * 700, 700 + 170 * 700, 178 * 700]
    calls.clear()
    is_idle = False
    await clock.advance(2.1)
    assert calls == [179 * 700, 180 * 700, 181 * 700]


async def test_days_without_anybody_are_over_soon_and_have_all_their_funding() -> None:
    async with Sandbox(market="empty", clock=VirtualClock(1_800_000_000_000)) as exchange:
        began = time.process_time()
        await exchange.clock.advance(5 * 86_400)
        assert time.process_time() - began < 5
        state = exchange.engine.market("BTC")
        assert state is not None
        assert len(state.funding_history) == 120
        assert [row.time % 3_600_000 for row in state.funding_history] == [0] * 120


async def test_the_exchange_is_quiet_until_somebody_has_an_order_or_a_position() -> None:
    async with Sandbox(market="empty", clock="virtual", accounts=[USER]) as exchange:
        assert exchange.engine.is_quiet
        exchange.chain.apply_now(PlaceOrders(USER, (OrderIntent(0, True, 80_000_000_000, 100),)))
        assert not exchange.engine.is_quiet
        exchange.trade_through("BTC", 80_000)
        assert not exchange.open_orders(USER)
        assert not exchange.engine.is_quiet


async def test_virtual_time_cannot_go_back() -> None:
    with pytest.raises(ValueError, match="go back"):
        await VirtualClock().advance(-1)


async def test_virtual_clock_waits_for_readers_between_moments() -> None:
    clock = VirtualClock(0)
    waited: list[int] = []

    async def pause() -> None:
        waited.append(clock.now())

    clock.pause = pause
    clock.every(100, lambda: None)
    clock.every(100, lambda: None)
    await clock.advance(0.3)
    assert waited == [100, 200, 300]


async def test_real_clock_repeats_and_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = RealClock()
    seen: list[int] = []
    timer = clock.every(10, lambda: seen.append(clock.now()))
    await until(lambda: len(seen) >= 3)
    timer.cancel()
    count = len(seen)
    before = clock.now()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert clock.now() == before
    await clock.advance(0.05)
    assert len(seen) == count


def test_timer_needs_an_interval() -> None:
    with pytest.raises(ValueError, match="positive"):
        VirtualClock().every(0, lambda: None)


async def test_requests_of_a_block_are_done_in_the_venues_order() -> None:
    """A cancel that arrives after a crossing order of the same block comes before it: the maker gets away."""
    async with (
        Sandbox(seed=1, market="still", block_ms=150) as exchange,
        Client(exchange, wallet(3)) as maker,
        Client(exchange, wallet(4)) as taker,
    ):
        exchange.fund(maker.address)
        exchange.fund(taker.address)
        price = exchange.book("BTC", 1).asks[0].price - 1
        (status,) = await maker.place(order(0, False, f"{price}", "0.01"))
        oid = status["resting"]["oid"]
        # The reply comes with the end of a block: both of these fall into the next one.
        taking = asyncio.create_task(taker.place(order(0, True, f"{price}", "0.01", "Ioc")))
        await asyncio.sleep(0.03)
        cancelling = asyncio.create_task(maker.act({"type": "cancel", "cancels": [{"a": 0, "o": oid}]}))
        assert (await cancelling)["response"]["data"]["statuses"] == ["success"]
        (result,) = await taking
        assert "could not immediately match" in result["error"]


async def test_replies_come_when_the_block_is_done() -> None:
    async with Sandbox(seed=1, market="empty", block_ms=200) as exchange, Client(exchange, wallet(3)) as client:
        exchange.fund(client.address)
        await client.act({"type": "noop"})  # a block has just been made
        started = asyncio.get_running_loop().time()
        await asyncio.gather(*(client.place(order(0, True, "80000", "0.01")) for _ in range(5)))
        assert asyncio.get_running_loop().time() - started > 0.1
        (first, *others) = exchange.open_orders(client.address)
        assert len(others) == 4
        assert {entry.time for entry in others} == {first.time}


async def test_failure_of_one_command_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Sandbox(seed=1, market="still", block_ms=50) as exchange, Client(exchange, wallet(3)) as client:
        exchange.fund(client.address)
        real = exchange.engine.apply

        def apply(now: int, command: object) -> object:
            if isinstance(command, Noop):
                raise RuntimeError("a bug in the engine")
            return real(now, command)  # type: ignore[arg-type]

        monkeypatch.setattr(exchange.engine, "apply", apply)
        placing = asyncio.create_task(client.act(orders(order(0, True, "80000", "0.01"))))
        status, _ = await client.post("/exchange", signed_request(client.signer, {"type": "noop"}))
        assert status == 500
        assert (await placing)["status"] == "ok"
        assert len(exchange.open_orders(client.address)) == 1


async def test_commands_of_traders_share_blocks_with_requests() -> None:
    async with Sandbox(seed=1, market="still", clock="virtual", accounts=[USER]) as exchange:
        intent = OrderIntent(0, True, 80_000_000_000, 1_000, False, "Gtc")
        exchange.chain.submit_commands([PlaceOrders(USER, (intent, intent))])
        first, second = exchange.open_orders(USER)
        # In one block the cancel comes first, whatever the order of arrival.
        exchange.chain.submit_commands(
            [PlaceOrders(USER, (intent,)), CancelOrders(USER, ((0, first.oid), (0, second.oid)))]
        )
        (left,) = exchange.open_orders(USER)
        assert left.oid > second.oid
        statuses = [exchange.order(USER, entry.oid) for entry in (first, second)]
        assert [None if found is None else found.status for found in statuses] == ["canceled", "canceled"]


async def test_stopped_exchange_answers_nobody() -> None:
    async with Sandbox(seed=1, market="empty", block_ms=10_000) as exchange:
        client = Client(exchange, wallet(3))
        exchange.fund(client.address)
        pending = asyncio.create_task(client.act({"type": "noop"}))
        await asyncio.sleep(0.1)
    with pytest.raises(Exception, match=r".*"):
        await pending
    await client.http.close()
    await exchange.stop()
