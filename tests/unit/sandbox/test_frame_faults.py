"""Faults of frames: what a client on a socket gets, in which order, and that others are not disturbed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.faults import frames as frame_faults
from tests.unit.sandbox.client import Client, order, until
from tests.unit.sandbox.socket_client import Socket, connect

FAST_BOOK_SECONDS = 0.54


@asynccontextmanager
async def following(exchange: Sandbox, client: Client, *kinds: str) -> AsyncIterator[Socket]:
    """A socket that follows an account, after its snapshots."""
    async with connect(exchange) as socket:
        for kind in kinds:
            await socket.subscribe(kind, user=client.address)
        await socket.drained()
        yield socket


async def fast_books(exchange: Sandbox, socket: Socket, number: int) -> list[Any]:
    """The times of the book frames that came out of a number of them."""
    await exchange.clock.advance(FAST_BOOK_SECONDS * number)
    return [frame["data"]["time"] for frame in await socket.drained() if frame["channel"] == "l2Book"]


async def rest(client: Client, px: int) -> int:
    """Place an order that rests; its oid."""
    (status,) = await client.place(order(0, True, str(px), "0.01"))
    oid: int = status["resting"]["oid"]
    return oid


def prices(frames: list[Any]) -> list[str]:
    """The limit prices of order updates, in the order in which they came."""
    updates = [frame["data"] for frame in frames if frame["channel"] == "orderUpdates"]
    return [update["order"]["limitPx"] for data in updates for update in data]


async def test_lost_frames_are_those_of_the_channel_and_coin_and_no_more(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        for coin in ("BTC", "ETH"):
            await socket.subscribe("l2Book", coin=coin, fast=True)
        await socket.drained()
        exchange.faults.add("lose_frames channel=l2Book coin=BTC next=2")
        await exchange.clock.advance(FAST_BOOK_SECONDS * 4)
        coins = [frame["data"]["coin"] for frame in await socket.drained() if frame["channel"] == "l2Book"]
    assert sorted(coins) == ["BTC"] * 2 + ["ETH"] * 4
    assert exchange.faults.counts == {"lose_frames": 2}
    assert exchange.faults.frames is None, "nothing stands before the sockets any more"


async def test_frames_of_an_account_are_lost_to_whoever_follows_it_and_to_nobody_else(
    exchange: Sandbox, alice: Client, bob: Client
) -> None:
    async with (
        following(exchange, alice, "orderUpdates", "openOrders") as hers,
        following(exchange, bob, "orderUpdates") as his,
    ):
        exchange.faults.add("lose_user_frames", user=alice.signer.address)
        await rest(alice, 80_000)
        await rest(bob, 80_001)
        assert await hers.drained() == []
        assert prices(await his.drained()) == ["80001.0"]
    assert exchange.faults.counts == {"lose_user_frames": 2}


async def test_fills_are_lost_on_every_stream_and_not_by_rest(exchange: Sandbox, alice: Client, bob: Client) -> None:
    async with (
        following(exchange, alice, "userFills", "userEvents", "orderUpdates") as socket,
        following(exchange, bob, "userFills") as his,
    ):
        exchange.faults.add("lose_fills", user=alice.address)
        await alice.place(order(0, True, "87000", "0.01", "Ioc"))
        await bob.place(order(0, True, "87000", "0.01", "Ioc"))
        assert {frame["channel"] for frame in await socket.drained()} == {"orderUpdates"}
        assert len((await his.data("userFills"))["fills"]) == 1
        await alice.place(order(0, True, "87000", "0.02", "Ioc"))
        channels = [frame["channel"] for frame in await socket.drained()]
        assert sorted(channels) == ["orderUpdates", "user", "userFills"]
    assert len(await alice.mine("userFills")) == 2
    async with connect(exchange) as again:
        await again.subscribe("userFills", user=alice.address)
        assert len((await again.data("userFills"))["fills"]) == 2, "a snapshot has what the stream forgot"
    assert exchange.faults.counts == {"lose_fills": 1}


async def test_some_fills_are_lost_by_chance_and_streams_agree_which(exchange: Sandbox, alice: Client) -> None:
    async with following(exchange, alice, "userFills", "userEvents") as socket:
        exchange.faults.add("lose_fills chance=0.5 coin=BTC")
        for _ in range(20):
            await alice.place(order(0, True, "87000", "0.001", "Ioc"))
            await alice.place(order(1, True, "3500", "0.01", "Ioc"))
        frames = await socket.drained()
    told = {
        channel: [fill["tid"] for frame in frames if frame["channel"] == channel for fill in frame["data"]["fills"]]
        for channel in ("userFills", "user")
    }
    everything = await alice.mine("userFills")
    lost = [fill for fill in everything if fill["tid"] not in told["userFills"]]
    assert told["userFills"] == told["user"]
    assert 3 <= len(lost) <= 17
    assert {fill["coin"] for fill in lost} == {"BTC"}
    assert exchange.faults.counts == {"lose_fills": len(lost)}


async def test_frame_with_several_fills_keeps_those_that_are_not_lost(exchange: Sandbox, alice: Client) -> None:
    levels = exchange.book("BTC").asks
    size = levels[0].size + levels[1].size
    async with following(exchange, alice, "userFills") as socket:
        exchange.faults.add("lose_fills next=1")
        await alice.place(order(0, True, f"{levels[1].price.normalize():f}", f"{size.normalize():f}", "Ioc"))
        told = (await socket.data("userFills"))["fills"]
    everything = await alice.mine("userFills")
    assert len(everything) >= 2
    assert len(told) == len(everything) - 1
    assert exchange.faults.counts == {"lose_fills": 1}


async def test_held_frames_come_together_when_its_time_is_over(exchange: Sandbox, alice: Client, bob: Client) -> None:
    async with following(exchange, alice, "orderUpdates") as hers, following(exchange, bob, "orderUpdates") as his:
        exchange.faults.add("hold_user_frames lasts=5", user=alice.address)
        for px in (80_000, 80_001):
            await rest(alice, px)
            await rest(bob, px)
        assert await hers.drained() == []
        assert prices(await his.drained()) == ["80000.0", "80001.0"]
        await exchange.clock.advance(5)
        assert prices(await hers.drained()) == ["80000.0", "80001.0"]
    assert exchange.faults.counts == {"hold_user_frames": 2}


async def test_late_frames_keep_their_order_and_others_are_on_time(exchange: Sandbox, alice: Client) -> None:
    async with following(exchange, alice, "orderUpdates", "openOrders") as socket:
        exchange.faults.add("delay_frames seconds=0.3 channel=orderUpdates next=1")
        for px in (80_000, 80_001, 80_002):
            await rest(alice, px)
        channels = {frame["channel"] for frame in await socket.drained()}
        assert channels == {"openOrders"}, "those behind the late one wait for it"
        await until(lambda: len(socket.frames) == 3)
        assert prices(socket.frames) == ["80000.0", "80001.0", "80002.0"]
    assert exchange.faults.counts == {"delay_frames": 1}
    assert exchange.faults.frames is None


async def test_frames_arrive_twice(exchange: Sandbox, alice: Client) -> None:
    async with following(exchange, alice, "userFills") as socket:
        exchange.faults.add("duplicate_frames channel=userFills")
        for _ in range(2):
            await alice.place(order(0, True, "87000", "0.01", "Ioc"))
        tids = [frame["data"]["fills"][0]["tid"] for frame in await socket.drained()]
    assert len(tids) == 3
    assert tids[0] == tids[1] != tids[2]
    assert exchange.faults.counts == {"duplicate_frames": 1}


@pytest.mark.parametrize(("by", "expected"), [(1, [1, 0, 2, 3]), (2, [1, 2, 0, 3])])
async def test_frame_is_overtaken_by_those_behind_it(
    exchange: Sandbox, alice: Client, bob: Client, by: int, expected: list[int]
) -> None:
    async with following(exchange, alice, "orderUpdates") as hers, following(exchange, bob, "orderUpdates") as his:
        exchange.faults.add("reorder_frames channel=orderUpdates", by=by, user=alice.address)
        for px in range(80_000, 80_004):
            await rest(alice, px)
            await rest(bob, px)
        assert prices(await hers.drained()) == [f"{80_000 + number}.0" for number in expected]
        assert prices(await his.drained()) == [f"{80_000 + number}.0" for number in range(4)]
    assert exchange.faults.counts == {"reorder_frames": 1}


async def test_frame_that_nothing_overtakes_comes_late_and_is_not_counted(
    exchange: Sandbox, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_faults, "REORDER_SECONDS", 0.1)
    async with following(exchange, alice, "orderUpdates") as socket:
        exchange.faults.add("reorder_frames channel=orderUpdates")
        await rest(alice, 80_000)
        assert prices([await socket.next(lambda frame: frame["channel"] == "orderUpdates")]) == ["80000.0"]
    assert exchange.faults.counts == {}
    assert exchange.faults.frames is None


@pytest.mark.parametrize("how", ["not_json", "truncated"])
async def test_frames_that_cannot_be_read(exchange: Sandbox, how: str) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("l2Book", coin="BTC", fast=True)
        await socket.drained()
        exchange.faults.add("corrupt_frames channel=l2Book", how=how)
        assert len(await fast_books(exchange, socket, 2)) == 1
        (broken,) = socket.texts
    assert broken.startswith('{"channel"')
    assert exchange.faults.counts == {"corrupt_frames": 1}


async def test_frame_of_a_channel_that_nobody_knows(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        exchange.faults.add("corrupt_frames channel=subscriptionResponse how=unknown_channel")
        await socket.send({"method": "subscribe", "subscription": {"type": "bbo", "coin": "BTC"}})
        frames = await socket.drained()
    assert [frame["channel"] for frame in frames] == ["unexpected", "bbo"]
    assert frames[0]["data"]["subscription"]["type"] == "bbo"
    assert exchange.faults.counts == {"corrupt_frames": 1}


async def test_frame_with_a_value_of_the_wrong_type(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("bbo", coin="BTC")
        whole = (await socket.drained())[0]
        exchange.faults.add("corrupt_frames channel=bbo how=wrong_type")
        await socket.send({"method": "unsubscribe", "subscription": {"type": "bbo", "coin": "BTC"}})
        await socket.send({"method": "subscribe", "subscription": {"type": "bbo", "coin": "BTC"}})
        wrong = (await socket.drained())[-1]
    assert wrong["channel"] == "bbo"
    before, after = list(leaves(whole["data"])), list(leaves(wrong["data"]))
    assert len([pair for pair in zip(before, after, strict=True) if type(pair[0]) is not type(pair[1])]) == 1
    assert exchange.faults.counts == {"corrupt_frames": 1}


def leaves(value: Any) -> list[Any]:
    """The single values of a book's frame, in order; what replaced one counts as one."""
    if isinstance(value, dict) and set(value) != {"unexpected"}:
        return [leaf for child in value.values() for leaf in leaves(child)]
    if isinstance(value, list):
        return [leaf for child in value for leaf in leaves(child)]
    return [value]


async def test_snapshot_of_a_subscription_can_be_lost_as_well(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        exchange.faults.add("lose_frames channel=l2Book")
        await socket.subscribe("l2Book", coin="BTC")
        assert await socket.drained() == []


async def test_account_stream_without_a_coin_of_its_own_is_looked_into(exchange: Sandbox, alice: Client) -> None:
    async with following(exchange, alice, "orderUpdates") as socket:
        exchange.faults.add("lose_frames coin=ETH lasts=10")
        await rest(alice, 80_000)
        await alice.place(order(1, True, "2000", "0.1"))
        assert prices(await socket.drained()) == ["80000.0"]
    assert exchange.faults.counts == {"lose_frames": 1}


async def test_faults_come_one_after_the_other_to_one_frame(exchange: Sandbox, alice: Client) -> None:
    async with following(exchange, alice, "orderUpdates") as socket:
        exchange.faults.add("delay_frames seconds=0.1 channel=orderUpdates")
        exchange.faults.add("duplicate_frames channel=orderUpdates")
        exchange.faults.add("corrupt_frames channel=orderUpdates how=unknown_channel")
        await rest(alice, 80_000)
        await until(lambda: len(socket.frames) == 2)
        assert [frame["channel"] for frame in socket.frames] == ["unexpected"] * 2
    assert exchange.faults.counts == {"delay_frames": 1, "duplicate_frames": 1, "corrupt_frames": 1}


async def test_late_frames_of_a_client_that_has_gone_disturb_nobody(exchange: Sandbox, alice: Client) -> None:
    async with following(exchange, alice, "orderUpdates"):
        exchange.faults.add("delay_frames seconds=0.1 channel=orderUpdates")
        await rest(alice, 80_000)
    await until(lambda: exchange.sockets == 0)
    await until(lambda: exchange.faults.frames is None)
    await asyncio.sleep(0)
    assert (await alice.mine("openOrders"))[0]["limitPx"] == "80000.0"
